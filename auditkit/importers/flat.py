"""Settings of Java programs as one flat list, however they are written: YAML, nested or dotted, and `.properties`."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditkit.errors import InputError
from auditkit.importers.yaml_text import Node, parse_all

MAX_CHARACTERS: Final = 2_000_000
_PROFILE: Final = ("spring.config.activate.onprofile", "spring.profiles")
_ESCAPE: Final = re.compile(r"\\(u[0-9A-Fa-f]{4}|.)", re.DOTALL)
_ESCAPED: Final = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
_PLACEHOLDER: Final = re.compile(r"\$\{[^${}:]*(?::([^{}]*))?\}")


@dataclass(frozen=True, slots=True)
class Flat:
    """One figure: the steps of its key, its value, and its line."""

    key: tuple[str, ...]
    value: Any
    line: int

    @property
    def plain(self) -> str:
        """The key as relaxed binding compares it: without case, dashes and underscores.

        >>> Flat(("resilience4j", "retry", "max-attempts"), 3, 1).plain
        'resilience4j.retry.maxattempts'
        """
        return ".".join(_relaxed(step) for step in self.key)


def _relaxed(step: str) -> str:
    return re.sub(r"[-_]", "", step).lower()


def flat_settings(text: str, name: str) -> tuple[tuple[Flat, ...], tuple[str, ...]]:
    r"""All figures of a file that hold whatever the profile, and the names of the profiles that were left out.

    `${NAME:default}` counts as its default; without one it stays as it is. Raises `InputError` on text that is no YAML,
    or too long.

    >>> found, profiles = flat_settings("a.b: 1\na:\n  c: ${X:2}\n", "application.yml")
    >>> [(flat.key, flat.value, flat.line) for flat in found]
    [(('a', 'b'), 1, 1), (('a', 'c'), '2', 3)]
    >>> flat_settings("a.b=1 \\\n  2\n", "x.properties")[0][0].value
    '1 2'
    """
    if len(text) > MAX_CHARACTERS:
        what = f"has {len(text) / 1e6:.0f} MB; settings are read up to {MAX_CHARACTERS // 10**6} MB"
        raise InputError.of(name, what, "split it")
    documents = _properties(text) if name.lower().endswith(".properties") else _yaml(text, name)
    kept: list[Flat] = []
    profiles: list[str] = []
    for document in documents:
        of = [str(flat.value) for flat in document if flat.plain.startswith(_PROFILE)]
        if of:
            profiles += of
        else:
            kept += document
    return tuple(kept), tuple(dict.fromkeys(profiles))


def flat_nodes(node: Node, steps: Callable[[str], tuple[str, ...]]) -> tuple[Flat, ...]:
    """All figures below a value; `steps` splits what is written as one key (`a.b`) into its steps."""
    return tuple(_below(node, (), steps))


def _yaml(text: str, name: str) -> Iterator[tuple[Flat, ...]]:
    for node in parse_all(text, name):
        yield flat_nodes(node, _steps)


def _below(node: Node, path: tuple[str, ...], steps: Callable[[str], tuple[str, ...]]) -> Iterator[Flat]:
    for index, child in enumerate(node.children):
        key = node.keys[index] if node.keys else None
        here = (*path, *(steps(str(key.value)) if key else (f"[{index}]",)))
        if child.children:
            yield from _below(child, here, steps)
        elif child.value is not None:
            yield Flat(here, _filled(child.value), key.line if key else child.line)


def _steps(key: str) -> tuple[str, ...]:
    """The steps of a dotted key; what stands in brackets is one step.

    >>> _steps("instances.[my.client].maxAttempts"), _steps("a[b-c].d")
    (('instances', 'my.client', 'maxAttempts'), ('a', 'b-c', 'd'))
    """
    return tuple(bracket or plain for bracket, plain in re.findall(r"\[([^\[\]]*)\]|([^.\[\]]+)", key))


def _properties(text: str) -> Iterator[tuple[Flat, ...]]:
    found: list[Flat] = []
    for line, entry in _logical_lines(text):
        if entry[:1] in ("#", "!"):
            if entry[1:].strip() == "---":
                yield tuple(found)
                found = []
            continue
        match = re.match(r"((?:\\.|[^\\=:\s])*)\s*[=:]?\s*(.*)", entry, re.DOTALL)
        if match and match[1]:
            found.append(Flat(_steps(_unescaped(match[1])), _filled(_unescaped(match[2])), line))
    yield tuple(found)


def _logical_lines(text: str) -> Iterator[tuple[int, str]]:
    """Lines that say something, continued ones joined, with the line where each begins."""
    begun, at = "", 0
    for number, raw in enumerate(text.removeprefix("\ufeff").splitlines(), 1):
        part = raw.strip(" \t\f") if not raw.rstrip().endswith("\\") else raw.lstrip(" \t\f").rstrip()
        if not begun:
            at = number
        comment = not begun and part[:1] in ("#", "!")
        if not comment and (len(part) - len(part.rstrip("\\"))) % 2:
            begun += part[:-1]
        elif begun or part:
            yield at, begun + part
            begun = ""
    if begun:
        yield at, begun


def _unescaped(text: str) -> str:
    def plain(match: re.Match[str]) -> str:
        sign = match[1]
        return chr(int(sign[1:], 16)) if len(sign) == 5 else _ESCAPED.get(sign, sign)

    return _ESCAPE.sub(plain, text)


def _filled(value: Any) -> Any:
    """A value with placeholders replaced by their defaults, where they have some."""
    if not isinstance(value, str) or "${" not in value:
        return value
    return _PLACEHOLDER.sub(lambda match: match[0] if match[1] is None else match[1], value)


def under(found: Sequence[Flat], prefix: str) -> Iterator[tuple[tuple[str, ...], Flat]]:
    """What stands below a relaxed prefix, with the rest of its key as written."""
    depth = prefix.count(".") + 1
    for flat in found:
        if len(flat.key) > depth and ".".join(_relaxed(step) for step in flat.key[:depth]) == prefix:
            yield flat.key[depth:], flat


def finder(figures: Mapping[str, Flat], source: str) -> Callable[[str], tuple[object, str, str] | None]:
    """A look-up of figures that are kept by their relaxed key: the value, its `file:line`, and the key as it is written.

    >>> finder({"maxattempts": Flat(("retry", "max-attempts"), 3, 7)}, "a.yml")("maxAttempts")
    (3, 'a.yml:7', 'retry.max-attempts')
    """

    def find(key: str) -> tuple[object, str, str] | None:
        flat = figures.get(Flat(tuple(key.split(".")), None, 0).plain)
        return None if flat is None else (flat.value, f"{source}:{flat.line}", ".".join(flat.key))

    return find
