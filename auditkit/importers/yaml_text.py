"""YAML text -> values with the place of each, within limits: one pass over the events of a parser, nothing constructed.

Scalars are read as YAML 1.2 does (`on`, `no` and dates are text). Every node knows its line and its span of the text, so
that a problem can name its line and a change can leave all other text as it is. The events come from `yaml_events.py`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from ruamel.yaml.error import MarkedYAMLError, YAMLError

from auditkit.errors import InputError
from auditkit.importers.yaml_events import Event, FastParserRefused, Kind, fast_events, is_plain_enough, kind_of, slow_events

MAX_BYTES: Final = 10_000_000
"""Longest text that is read as YAML; a system of 10,000 components takes about a tenth of it."""
MAX_VALUES: Final = 1_000_000
"""How many values a text may hold; ten thousand components with all their calls are a quarter of it."""
MAX_DEPTH: Final = 100
"""Deepest nesting that is read; our own files need less than ten levels."""
MAX_ALIASED: Final = 200_000
"""How many values all aliases of one text may stand for together."""
FEW_KEYS: Final = 20
"""Mappings up to this many keys are searched one by one."""

_CONSTANTS: Final[Mapping[str, bool | float | None]] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL")),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".inf", ".Inf", ".INF", "+.inf", "+.Inf", "+.INF"), float("inf")),
    **dict.fromkeys(("-.inf", "-.Inf", "-.INF"), float("-inf")),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
}
_INT = re.compile(r"[-+]?[0-9]{1,300}")
_BASED = re.compile(r"0o[0-7]{1,100}|0x[0-9a-fA-F]{1,100}")
_FLOAT = re.compile(r"[-+]?(\.[0-9]{1,300}|[0-9]{1,300}(\.[0-9]{0,300})?)([eE][-+]?[0-9]{1,10})?")
_VALUES: Final = frozenset({Kind.SCALAR, Kind.SEQUENCE, Kind.MAPPING})
_HINTS: Final = (
    ("'\\t'", "indent with blanks, not with tabs"),
    ("mapping values are not allowed", "put text that holds ': ' in quotes, and check the indentation"),
    ("expected <block end>", "check the indentation, and put text that holds special characters in quotes"),
    ("while scanning a quoted scalar", "close the quotes"),
    ("undefined alias", "define it with & before it is used"),
    ("flow", "close the brackets, and put commas between the entries"),
)


@dataclass(frozen=True, slots=True)
class Node:
    """One value of a YAML text. `line` counts from 1, `column` from 0, `text[start:end]` is what it was read from.

    `style` is scalar, block, flow or alias. A mapping has `keys` and `children` of one length (as written: keys that a
    `<<` brings are in `value` only), a sequence has `children`.
    """

    value: Any
    start: int
    end: int
    line: int
    column: int
    style: str
    keys: tuple[Node, ...] = ()
    children: tuple[Node, ...] = ()
    size: int = 1
    places: Mapping[Any, int] | None = None
    """Where each key of a large mapping stands among its keys."""

    def child(self, step: str | int) -> Node | None:
        """The node under one key or index; None where there is none of its own."""
        at = self._at(step)
        return None if at is None else self.children[at]

    def _at(self, step: str | int) -> int | None:
        if self.places is not None:
            return self.places.get(step)
        if isinstance(self.value, list):
            return step if isinstance(step, int) and step < len(self.children) else None
        return next((at for at, key in enumerate(self.keys) if key.value == step), None)

    def line_of(self, *path: str | int) -> int:
        r"""Line of the key (or list item) at a path below this node, or of the nearest thing around it.

        >>> parse("services:\n  api:\n    ports: [80]\n", "compose.yaml").line_of("services", "api", "ports")
        3
        """
        node, line = self, self.line
        for step in path:
            at = node._at(step)
            if at is None:
                break
            line = (node.keys or node.children)[at].line
            node = node.children[at]
        return line

    def lines(self) -> dict[str, int]:
        """Line of every path below this node, dotted (`policy.timeout`, `to.0`); the node itself is `""`."""
        found = {"": self.line}
        for prefix, key, child in _below(self, ""):
            found[prefix] = key.line if key else child.line
        return found


def _below(node: Node, prefix: str) -> Iterator[tuple[str, Node | None, Node]]:
    for index, child in enumerate(node.children):
        key = node.keys[index] if node.keys else None
        path = f"{prefix}{key.value if key else index}"
        yield path, key, child
        yield from _below(child, f"{path}.")


def plain_value(text: str) -> str | int | float | bool | None:
    """What an unquoted scalar means (YAML 1.2 core schema).

    >>> [plain_value(text) for text in ("no", "3", "0.5", "true", "~", "2026-01-31", "1e3")]
    ['no', 3, 0.5, True, None, '2026-01-31', 1000.0]
    """
    if text in _CONSTANTS:
        return _CONSTANTS[text]
    if _INT.fullmatch(text):
        return int(text)
    if _BASED.fullmatch(text):
        return int(text, 0)
    return float(text) if _FLOAT.fullmatch(text) else text


def parse(text: str, name: str) -> Node:
    """The single document of a text.

    Raises `InputError` with file and line on text that is no YAML, is empty, holds several documents, or passes a limit.

    >>> parse("a: [1, b]", "x.yaml").value
    {'a': [1, 'b']}
    """
    documents = parse_all(text, name)
    if not documents:
        raise InputError.of(f"{name}:1", "is empty", "check that this is the right file")
    if len(documents) > 1:
        line = documents[1].line
        raise InputError.of(f"{name}:{line}", "is a second YAML document in one file", "split the file at '---'")
    return documents[0]


def read_documents(text: str, name: str) -> tuple[Any, ...]:
    r"""The plain values of all documents of a YAML or JSON text. Raises `InputError` as `parse` does.

    >>> read_documents("a: 1\n---\n[b]", "x.yaml")
    ({'a': 1}, ['b'])
    """
    return tuple(node.value for node in parse_all(text, name))


def parse_all(text: str, name: str) -> tuple[Node, ...]:
    """All documents of a text that are not empty. Raises `InputError` as `parse` does."""
    if large := too_large(text):
        raise InputError.of(name, f"has {large[0]}; YAML is read up to {large[1]}", "split it, or export less of it")
    shift = 1 if text.startswith("\ufeff") else 0
    text = text[shift:]
    if is_plain_enough(text):
        try:
            return tuple(_Reader(fast_events(text), name, shift).documents())
        except FastParserRefused:
            pass  # the other parser has the say: it knows more of YAML 1.2, and what is wrong is said in its words
    try:
        return tuple(_Reader(slow_events(text), name, shift).documents())
    except MarkedYAMLError as error:
        raise _not_yaml(name, error) from error
    except YAMLError as error:
        raise _unreadable(name, text, error) from error


def too_large(text: str) -> tuple[str, str] | None:
    """How large a text is and how large it may be, where it is too large: in bytes, or in values by the signs around them.

    >>> too_large("a: 1"), too_large("[" + "0," * 1_500_000 + "0]")
    (None, ('1,500,001 values', '1,000,000 values'))
    """
    size = len(text) if text.isascii() else len(text.encode("utf-8", "surrogatepass"))
    if size > MAX_BYTES:
        return f"{size / 1e6:.0f} MB", f"{MAX_BYTES / 1e6:.0f} MB"
    if size < MAX_VALUES:
        return None
    values = max(text.count(","), text.count("\n")) + sum(text.count(sign) for sign in (": ", ":\n", '":', "[", "{"))
    return (f"{values:,} values", f"{MAX_VALUES:,} values") if values > MAX_VALUES else None


def _not_yaml(name: str, error: MarkedYAMLError) -> InputError:
    mark = error.problem_mark or error.context_mark
    said = f"{error.problem or error.context or 'it cannot be read'}"
    whole = f"{error.context or ''} {said}"
    remedy = next((hint for sign, hint in _HINTS if sign in whole), "mend the file at this line")
    return InputError.of(f"{name}:{mark.line + 1}" if mark else name, f"is no YAML: {said}", remedy)


def _unreadable(name: str, text: str, error: YAMLError) -> InputError:
    position = getattr(error, "position", None)
    line = f":{text.count(chr(10), 0, position) + 1}" if isinstance(position, int) else ""
    return InputError.of(f"{name}{line}", "holds a character that YAML does not allow", "save it as plain UTF-8 text")


class _Reader:
    """Builds nodes from events. A class because anchors, counts and the event in hand change while it runs."""

    def __init__(self, events: Iterator[Event], name: str, shift: int) -> None:
        self.events, self.name, self.shift = events, name, shift
        self.anchors: dict[str, Node | None] = {}
        self.aliased = 0

    def documents(self) -> Iterator[Node]:
        for event in self.events:
            if kind_of(event) is Kind.DOCUMENT:
                self.anchors = {}
                node = self.node(next(self.events), 0)
                if node.value is not None or node.end > node.start:
                    yield node

    def node(self, event: Event, depth: int) -> Node:
        kind = kind_of(event)
        if kind is Kind.ALIAS:
            return self.alias(event)
        if depth > MAX_DEPTH:
            raise self.refused(event, f"is nested deeper than {MAX_DEPTH} levels", "flatten it; our files need fewer than ten")
        if kind not in _VALUES:
            raise self.refused(event, "is no YAML: a value is missing", "mend the file at this line")
        anchor = event.anchor
        if anchor:
            self.anchors[anchor] = None  # known, but not complete: an alias to it inside itself would never end
        if kind is Kind.SCALAR:
            node = self.scalar(event)
        elif kind is Kind.SEQUENCE:
            node = self.sequence(event, depth)
        else:
            node = self.mapping(event, depth)
        if anchor:
            self.anchors[anchor] = node
        return node

    def alias(self, event: Event) -> Node:
        node = self.anchors.get(event.anchor, self)
        if node is self:
            raise self.refused(
                event, f"'*{event.anchor}' is defined nowhere", f"define it with &{event.anchor} before it is used"
            )
        if not isinstance(node, Node):
            raise self.refused(event, f"'*{event.anchor}' refers to itself", "write out what is meant")
        self.aliased += node.size
        if self.aliased > MAX_ALIASED:
            raise self.refused(event, f"has aliases that stand for more than {MAX_ALIASED} values", "write out what is meant")
        start, end = self.span(event)
        return Node(node.value, start, end, *self.place(event), "alias", size=node.size)

    def scalar(self, event: Event) -> Node:
        start, end = self.span(event)
        tag = str(event.tag or "")
        plain = not event.style and not tag.endswith(":str") and tag != "!"
        value = plain_value(event.value) if plain else event.value
        return Node(value, start, end, *self.place(event), "block" if event.style in ("|", ">") else "scalar")

    def sequence(self, event: Event, depth: int) -> Node:
        children: list[Node] = []
        while kind_of(after := next(self.events)) is not Kind.END:
            children.append(self.node(after, depth + 1))
        start, end = self.collection_span(event, after, children)
        size = 1 + sum(child.size for child in children)
        value = [child.value for child in children]
        style = "flow" if event.flow_style else "block"
        return Node(value, start, end, *self.place(event), style, (), tuple(children), size)

    def mapping(self, event: Event, depth: int) -> Node:
        keys: list[Node] = []
        children: list[Node] = []
        first: dict[Any, Node] = {}
        while kind_of(after := next(self.events)) is not Kind.END:
            key = self.node(after, depth + 1)
            if isinstance(key.value, (dict, list)):
                raise self.refused(after, "has a list or mapping as a key", "write a plain text as key")
            if key.value in first:
                other = first[key.value].line
                raise self.refused(after, f"has the key {key.value!r} twice (first in line {other})", "keep one of them")
            first[key.value] = key
            keys.append(key)
            children.append(self.node(next(self.events), depth + 1))
        start, end = self.collection_span(event, after, children)
        size = 1 + sum(node.size for node in (*keys, *children))
        style = "flow" if event.flow_style else "block"
        value = self.merged(event, keys, children)
        places = {key.value: at for at, key in enumerate(keys)} if len(keys) > FEW_KEYS else None
        return Node(value, start, end, *self.place(event), style, tuple(keys), tuple(children), size, places)

    def merged(self, event: Event, keys: list[Node], children: list[Node]) -> dict[Any, Any]:
        """The pairs as written, after what `<<` brings in; what is written here wins."""
        brought: dict[Any, Any] = {}
        own: dict[Any, Any] = {}
        for key, child in zip(keys, children, strict=True):
            if key.value == "<<" and key.end - key.start == 2:
                for source in child.value if isinstance(child.value, list) else [child.value]:
                    if not isinstance(source, dict):
                        raise self.refused(event, "merges with '<<' something that is no mapping", "name a mapping after '<<:'")
                    brought = {**source, **brought}
            else:
                own[key.value] = child.value
        return {**brought, **own} if brought else own

    def span(self, event: Event) -> tuple[int, int]:
        return event.start_mark.index + self.shift, event.end_mark.index + self.shift

    def collection_span(self, event: Event, last: Event, children: list[Node]) -> tuple[int, int]:
        """A block ends where its last child does; the parser says only where the next thing begins."""
        start = event.start_mark.index + self.shift
        if event.flow_style or not children:
            return start, last.end_mark.index + self.shift
        return start, max(start, children[-1].end)

    def place(self, event: Event) -> tuple[int, int]:
        return event.start_mark.line + 1, event.start_mark.column

    def refused(self, event: Event, what: str, remedy: str) -> InputError:
        return InputError.of(f"{self.name}:{event.start_mark.line + 1}", what, remedy)
