"""Kept copies of sources without their credentials: values are replaced, lines and addresses stay where they are."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from auditkit.credentials import (
    MARK,
    PRIVATE_KEY,
    REFERENCE,
    URL_PASSWORD,
    credential_names,
    names_credential,
    without_forms,
    without_glued,
)
from auditkit.errors import InputError
from auditkit.importers.yaml_text import Node, parse_all

_MAX_YAML: Final = 2_000_000
_MAX_JSON: Final = 200_000
_MOST_NAMES: Final = 300
"""Most names of credentials that are looked for one by one."""
_KEY: Final = re.compile(
    r"""(?P<key>-{0,2}[A-Za-z_][\w.\-]*)"""
    r"""(?:(?P<equals>\\?["']?[ \t]*=[ \t]*)|(?P<colon>\\?["']?[ \t]*:(?:[ \t]+|(?=\\?["'])))|(?P<blank>["']?[ \t]+))"""
)
_QUOTED: Final = r"""\\"(?:[^"\\\n]|\\\\.)*\\"|"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|\$\{[^}\n]*\}"""
_VALUES: Final = {
    "equals": re.compile(_QUOTED + r"""|[^\s;&,"'\])}\\]+"""),
    "colon": re.compile(_QUOTED + r"""|[^\s"'\[{&*|>#!\\][^\n]*?(?=\s+#|\s*[,}\]]+(?:\s|$)|\s*$)"""),
    "blank": re.compile(_QUOTED + r"""|[^\s"',\])}\-][^\s"',\])}]*"""),
}
"""What a value looks like after `=`, after `:` and, for flags, after a blank."""
_NAMES: Final = r"""(?P<before>["']?(?:name|key)["']?[ \t]*:[ \t]*["']?(?P<key>%s)["']?[ \t]*,?[ \t]*\r?\n?[ \t]*"""
_TYPED: Final = r"""(?:["']?(?:v?[tT]ype)["']?[ \t]*:[ \t]*["']?\w*["']?[ \t]*,?[ \t]*\r?\n?[ \t]*)?"""
_GIVEN: Final = (
    r"""["']?(?:value|Value|vStr)["']?[ \t]*:[ \t]*(?:\{\s*"\w*"[ \t]*:[ \t]*)?)"""
    r"""(?P<value>"(?:[^"\\\n]|\\.)*"|'[^'\n]*'|[^\s{}\[\],][^\n,}\]]*)"""
)
"""Name and value of an environment variable, or of a tag with its type, in one line or several."""
_TWO_WORDS: Final = re.compile(r"""\s*["']?[\w.\-]+["']?[ \t]+(?:"[^"]*"|'[^']*'|[^\s"'=:<>]+);?\s*""")
"""A line of a name and a value, as configuration files (`requirepass x`) and Structurizr (`"token" "x"`) have them."""
_QUOTE: Final = re.compile(r"""(?<!\\)["']""")
_NO_SECRET: Final = frozenset({"true", "false", "null", "~", "True", "False", "none", "None", "unknown"})
_ANCHOR: Final = re.compile(r"(?:[&!][^\s]*\s+)+")
_SETTING: Final = re.compile(r"(-{0,2}[A-Za-z_][\w.\-]*)=(.+)", re.DOTALL)
_DEFAULT: Final = re.compile(r"(\$\{[A-Za-z_][A-Za-z0-9_]*:?-)([^{}]*)(\})")
_URL: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*://(?:[^\s/@]*@)?[\w.\-\[\]:,]+)(.*)", re.DOTALL)


def redact(text: str, name: str) -> str:
    r"""`text` with everything that looks like a credential replaced by `REDACTED`; every line stays in its place.

    What counts: values whose name says so (`DB_PASSWORD`, `apiKey`; in mappings, `KEY=value` lists, name and value of an
    environment, flags), the data of Kubernetes Secrets, passwords in URLs and connection strings, private keys, and tokens
    known by their form. In doubt a value goes, but addresses stay (`postgres://shop:REDACTED@db:5432/orders`), and so do
    references to credentials kept elsewhere (`${DB_PASSWORD}`, `secretKeyRef`). Redacting twice changes nothing more.

    >>> print(redact("env:\n  - DB_PASSWORD=hunter2\n  - DB_URL=postgres://shop:hunter2@db/orders", "compose.yaml"))
    env:
      - DB_PASSWORD=REDACTED
      - DB_URL=postgres://shop:REDACTED@db/orders
    """
    if "PRIVATE KEY" in text:
        text = PRIVATE_KEY.sub(lambda m: m[1] + _lines_marked(m[2]) + m[3], text)
    names = credential_names(text)
    if names or "Secret" in text:
        text = _by_structure(text, name)
    text = without_forms(text)
    if not names:
        return text
    either = "|".join(re.escape(word) for word in sorted(names)) if len(names) <= _MOST_NAMES else r"[\w.\-]+"
    any_name = re.compile(rf"(?<![\w.\-])(?:{either})(?![\w.\-])")
    text = re.sub(_NAMES % either + _TYPED + _GIVEN, _named, text)
    return "\n".join(_line(line, any_name) for line in text.split("\n"))


# ---------------------------------------------------------------------------------------------------- by structure


def _by_structure(text: str, name: str) -> str:
    """Replace by the spans that the parser reports; text that is no YAML, or too long to be parsed for this, is left as it is."""
    longest = _MAX_JSON if text.lstrip("\ufeff \r\n\t")[:1] in ("{", "[") else _MAX_YAML
    if len(text) > longest:
        return text
    try:
        documents = parse_all(text, name)
    except InputError:
        return text
    spans = sorted({span for document in documents for span in _secret_spans(document, text)})
    held = {span for document in documents for span in _held_by_secrets(document, text)}
    done: list[str] = []
    at = 0
    for start, end in spans:
        if start >= at:  # an entry of a list may hold its value twice, with its name and without
            done += [text[at:start], _marked(text[start:end], whole=(start, end) in held)]
            at = end
    return "".join([*done, text[at:]])


def _secret_spans(node: Node, text: str) -> Iterator[tuple[int, int]]:
    """Where the credentials below a node stand."""
    if isinstance(node.value, Mapping):
        pairs = {key.value: child for key, child in zip(node.keys, node.children, strict=True)}
        named = next((pairs[k].value for k in ("name", "key", "Name") if k in pairs), None)
        if isinstance(named, str) and names_credential(named):
            yield from (_span(pairs[k], text) for k in ("value", "Value") if k in pairs and _is_value(pairs[k]))
        if node.value.get("kind") == "Secret":
            yield from _held_by_secrets(node, text)
        for key, child in pairs.items():
            if isinstance(key, str) and names_credential(key) and _is_value(child):
                yield _span(child, text)
    elif isinstance(node.value, list):
        for flag, child in zip(node.children, node.children[1:], strict=False):
            given = isinstance(flag.value, str) and flag.value.startswith("-") and "=" not in flag.value
            if given and names_credential(flag.value) and _is_value(child) and not str(child.value).startswith("-"):
                yield _span(child, text)
        for child in node.children:
            setting = _SETTING.fullmatch(child.value) if isinstance(child.value, str) and _is_value(child) else None
            if setting and names_credential(setting[1]):
                start, end = _span(child, text)
                sign = text.index("=", start) + 1
                yield sign, end - (text[start] in "'\"")
    for child in node.children:
        yield from _secret_spans(child, text)


def _held_by_secrets(node: Node, text: str) -> Iterator[tuple[int, int]]:
    """Where the values of Kubernetes Secrets stand: nothing of them is kept, not even a host."""
    if isinstance(node.value, Mapping) and node.value.get("kind") == "Secret":
        metadata = node.child("metadata")
        for part in (node.child("data"), node.child("stringData"), metadata.child("annotations") if metadata else None):
            yield from _all_values(part, text) if part else ()
    elif isinstance(node.value, (Mapping, list)):
        for child in node.children:
            yield from _held_by_secrets(child, text)


def _all_values(node: Node, text: str) -> Iterator[tuple[int, int]]:
    if node.children:
        for child in node.children:
            yield from _all_values(child, text)
    elif _is_value(node):
        yield _span(node, text)


def _is_value(node: Node) -> bool:
    return (
        not node.children
        and node.style != "alias"
        and isinstance(node.value, (str, int, float))
        and not isinstance(node.value, bool)
    )


def _span(node: Node, text: str) -> tuple[int, int]:
    """The text of a scalar without its anchor and tag."""
    anchor = _ANCHOR.match(text, node.start, node.end)
    return (anchor.end() if anchor else node.start), node.end


def _marked(raw: str, whole: bool = False) -> str:
    """A scalar as written, redacted as it was written: quotes, block signs and line breaks stay."""
    if raw[:1] in ("|", ">"):
        head, newline, body = raw.partition("\n")
        return head + newline + _lines_marked(body)
    quote = next((q for q in ('\\"', '"', "'") if raw.startswith(q) and raw.endswith(q) and len(raw) >= 2 * len(q)), "")
    inner = raw[len(quote) : len(raw) - len(quote)] if quote else raw
    if "\n" in inner:
        return quote + _lines_marked(inner) + quote
    return quote + (MARK if whole and inner.strip() and not REFERENCE.fullmatch(inner.strip()) else _value(inner)) + quote


def _lines_marked(body: str) -> str:
    return re.sub(r"[^\s][^\n\r]*", MARK, body)


def _value(value: str) -> str:
    """One value, redacted: references stay, of `${NAME:-default}` the default goes, of a URL what follows the address."""
    if not value.strip() or REFERENCE.fullmatch(value.strip()) or value == MARK:
        return value
    if _DEFAULT.fullmatch(value.strip()):
        return _DEFAULT.sub(lambda m: m[1] + (_value(m[2]) if m[2] else "") + m[3], value)
    url = _URL.fullmatch(value)
    if url:
        return URL_PASSWORD.sub(rf"\g<1>{MARK}", url[1]) + (f"/{MARK}" if url[2].strip("/") else url[2])
    return MARK


# ---------------------------------------------------------------------------------------------------- by line


def _named(match: re.Match[str]) -> str:
    return match["before"] + _marked(match["value"]) if names_credential(match["key"]) else match[0]


def _line(line: str, any_name: re.Pattern[str]) -> str:
    """Credentials that stand as `KEY=value` or `key: value` inside one line: in comments, embedded files, commands, JSON."""
    done: list[str] = []
    at = 0
    while found := any_name.search(line, at):
        match = _KEY.search(line, found.start())
        if match is None:
            break
        how = match.lastgroup or ""
        value = _VALUES[how].match(line, match.end()) if names_credential(match["key"]) else None
        two_words = how == "blank" and not match["key"].startswith("-")
        if value is None or (two_words and not _TWO_WORDS.fullmatch(line)) or value[0] in _NO_SECRET:
            done.append(line[at : match.end("key")])
            at = match.end("key")
            continue
        given = _inside_quotes(line, value.start(), value[0])
        done += [line[at : value.start()], _marked(given)]
        at = value.start() + len(given)
    return without_glued("".join([*done, line[at:]]))


def _inside_quotes(line: str, start: int, value: str) -> str:
    """The value up to the end of the quotes that it stands in: `note: 'token: abc'` keeps the last of them."""
    end = next((m for m in _QUOTE.finditer(value) if m.start() and line.count(m[0], 0, start) % 2), None)
    return value[: end.start()] if end else value
