"""Values -> YAML text in our own style: entries as blocks, what is small inside them in one line."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final

from auditkit.importers.yaml_text import plain_value

WIDTH: Final = 120
"""Longest line that a nested value is written on; a longer one becomes a block."""

_PLAIN = re.compile(r"[\w./][\w./%+@()=~;<>$*!?&-]*( [\w./%+@()=~;<>$*!?&-]+)*")
_PLAIN_IN_BLOCK = re.compile(r"[\w./](:?[\w./%+@()=~;<>$*!?&,-])*( [\w./%+@()=~;<>$*!?&-](:?[\w./%+@()=~;<>$*!?&,-])*)*")
_OLD_WORDS: Final = frozenset({"y", "n", "yes", "no", "on", "off", "..."})
_NUMBERLIKE = re.compile(r"[-+.]?[0-9][0-9_:.,eExXoTZ +-]*")
_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\0": "\\0"}


def inline(value: Any, flow: bool = True) -> str:
    """A value in one line. `flow` says whether it stands inside brackets, where fewer characters may go without quotes.

    >>> print(inline({"timeout": "200ms", "to": ["api:home", "no"], "max": 3, "ok": True, "at": "2026-01-31"}))
    {timeout: 200ms, to: ["api:home", "no"], max: 3, ok: true, at: "2026-01-31"}
    """
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_scalar(str(key), True)}: {inline(below)}" for key, below in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(inline(below) for below in value) + "]"
    return _scalar(value, flow)


def block(value: Any, column: int = 0, depth: int = 0) -> str:
    """A value as lines whose first one starts at `column` already; no line break at the end.

    `depth` is how deep the value stands in the whole file: the file is 0, `components` 1, one component 2.

    >>> print(block({"system": "shop", "components": [{"id": "api", "placement": {"zone-a": 2}}], "journeys": []}))
    system: shop
    components:
      - id: api
        placement: {zone-a: 2}
    journeys: []
    """
    margin = "\n" + " " * column
    if _as_block(value, column, depth) and isinstance(value, Mapping):
        return margin.join(_scalar(str(key), False) + ":" + after_key(below, column, depth + 1) for key, below in value.items())
    if _as_block(value, column, depth) and isinstance(value, (list, tuple)):
        return margin.join("- " + block(below, column + 2, depth + 1) for below in value)
    return inline(value, flow=False)


def after_key(value: Any, column: int, depth: int) -> str:
    """What follows `key:` where the key stands at `column`: the value on the same line, or below."""
    if _as_block(value, column, depth):
        return "\n" + " " * (column + 2) + block(value, column + 2, depth)
    return " " + inline(value, flow=False)


def _as_block(value: Any, column: int, depth: int) -> bool:
    if not isinstance(value, (Mapping, list, tuple)) or not value:
        return False
    entries = list(value.values()) if isinstance(value, Mapping) else list(value)
    nested = any(isinstance(entry, (Mapping, list, tuple)) for entry in entries)
    if depth == 0 or (depth == 1 and (nested or isinstance(value, Mapping))) or (depth == 2 and isinstance(value, Mapping)):
        return True
    return column + len(inline(value)) > WIDTH and (nested or len(entries) > 1)


def _scalar(value: Any, flow: bool) -> str:
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        if not math.isfinite(value):
            return ".nan" if math.isnan(value) else (".inf" if value > 0 else "-.inf")
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    if isinstance(value, int):
        return str(value)
    return _text(str(value), flow)


@lru_cache(maxsize=50_000)
def _text(text: str, flow: bool) -> str:
    """A text without quotes where every YAML reader, old or new, takes it for a text; else in double quotes."""
    plain = (_PLAIN if flow else _PLAIN_IN_BLOCK).fullmatch(text)
    if plain and isinstance(plain_value(text), str) and text.lower() not in _OLD_WORDS and not _NUMBERLIKE.fullmatch(text):
        return text
    if text.isprintable() and not _ESCAPES.keys() & set(text):
        return f'"{text}"'
    return '"' + "".join(_ESCAPES.get(char) or (char if char.isprintable() else _escape(char)) for char in text) + '"'


def _escape(char: str) -> str:
    code = ord(char)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def same(one: Any, other: Any) -> bool:
    """Whether two raw values mean the same: order of keys does not count, and a truth value is no number."""
    if isinstance(one, Mapping) and isinstance(other, Mapping):
        return one.keys() == other.keys() and all(same(one[key], other[key]) for key in one)
    if isinstance(one, Sequence) and isinstance(other, Sequence) and not isinstance(one, str) and not isinstance(other, str):
        return len(one) == len(other) and all(same(a, b) for a, b in zip(one, other, strict=True))
    if isinstance(one, bool) or isinstance(other, bool):
        return one is other
    return bool(one == other) or (one != one and other != other)
