"""Two parsers of YAML, one meaning: the fast one may only be faster."""

from __future__ import annotations

import random

import pytest

from auditkit.errors import InputError
from auditkit.importers import yaml_text
from auditkit.importers.yaml_events import is_plain_enough
from auditkit.importers.yaml_text import Node, parse_all

TEXTS = (
    "services:\n  web: &web\n    image: 'shop/web:1'\n    command: [serve, --port, 80]\n  api:\n    <<: *web\n    on: no\n",
    '\ufeffa: é\r\nb: |\r\n  ü x\r\n  y\r\nc: {d: [1, 2.5], "e": ~}\r\n',
    "apiVersion: v1\ndata:\n  nginx.conf: >-\n    server {\n      listen 80;\n    }\n---\nkind: Secret\nx: !!str 5\n",
    "- 😀 wide\n- after: wide\n- ? long key\n  : value\n- 'it''s'\n- \"tab\\t\"\n-\n",
)
SPLICES = [*":-?{}[]&*!|>%@`\"'#,\r\n ~<é😀", "\r\n", "- ", ": ", "{a:1}", "&x ", "*x", "*x:", "<<: ", "---\n", "\x07", "\x85"]


def _flat(node: Node) -> tuple[object, ...]:
    """What a node says, and where it stands; an empty value has no text of its own, so its place is left open."""
    place = (node.start, node.end, node.line, node.column) if node.value is not None and not node.children else ()
    return repr(node.value), place, node.style, node.size, [_flat(n) for n in node.keys], [_flat(n) for n in node.children]


def _outcome(text: str) -> object:
    try:
        return [_flat(node) for node in parse_all(text, "x.yaml")]
    except InputError as error:
        return str(error)


def test_both_parsers_give_the_same_values_places_and_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    """Over 400 damaged texts: the same values, the same lines and spans, the same words where a text is refused."""
    draw = random.Random(7)
    damaged = []
    for _ in range(400):
        text = draw.choice(TEXTS)
        for _ in range(draw.randrange(1, 3)):
            at = draw.randrange(len(text))
            text = text[:at] + draw.choice(SPLICES) + text[at + draw.randrange(2) :]
        damaged.append(text)
    fast = [_outcome(text) for text in (*TEXTS, *damaged)]
    monkeypatch.setattr(yaml_text, "is_plain_enough", lambda text: False)
    slow = [_outcome(text) for text in (*TEXTS, *damaged)]
    assert fast == slow
    assert sum(isinstance(outcome, list) for outcome in fast) > 100  # and not all were refused


@pytest.mark.parametrize("text", ["a: 1\n", "a: é 😀\r\nb: [c]\r\n", "a: x\ty\n", "a: *b\n"])
def test_ordinary_text_is_given_to_the_fast_parser(text: str) -> None:
    """It is in every wheel of PyYAML; without it all would be right, and slow."""
    assert is_plain_enough(text)


@pytest.mark.parametrize("text", ["%TAG ! !x\n---\na\n", "a: x\u2028y\n", "a\rb", "a: *b:\n", "\ufeff\ufeffa: 1\n"])
def test_text_that_the_parsers_read_differently_goes_to_the_thorough_one(text: str) -> None:
    """Line ends of YAML 1.1, directives, anchors with colons."""
    assert not is_plain_enough(text)


def test_a_tab_inside_a_plain_text_is_part_of_it() -> None:
    """YAML allows it there; only indentation must be blanks."""
    assert parse_all("a: x\ty\n", "x.yaml")[0].value == {"a": "x\ty"}
    with pytest.raises(InputError, match="indent with blanks"):
        parse_all("a:\n\tb: 1\n", "x.yaml")
