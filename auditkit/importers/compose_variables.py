"""Variables of a Compose file: every form of interpolation, and `.env` files."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*")
_LINE = re.compile(r"\s*(?:export\s+)?([A-Za-z_.-][A-Za-z0-9_.-]*)\s*(?:([=:])(.*))?", re.DOTALL)
_LONGEST: Final = 100_000
_DEEPEST: Final = 20


@dataclass(frozen=True, slots=True)
class Filled:
    """A text with its variables filled in. `missing`: variables that nothing sets; `wrong`: what Compose would refuse."""

    text: str
    missing: tuple[str, ...] = ()
    wrong: str = ""


def fill(text: str, variables: Mapping[str, str]) -> Filled:
    """A text as Compose reads it: `$X`, `${X}`, and `${X…}` with `:-`, `-`, `:?`, `?`, `:+` and `+`.

    Defaults and replacements may hold variables themselves; `$$` is a dollar sign. A variable that nothing sets is empty and
    named in `missing`. Only the given variables count, never the environment of this process.

    >>> fill("redis://${HOST:-redis}:${PORT:-${P:-6379}}/$$0", {"P": "7000"}).text
    'redis://redis:7000/$0'
    >>> fill("${A+set}${B:+set}${B-unset}", {"A": "", "B": ""}).text, fill("${DB_HOST}:5432", {})
    ('set', Filled(text=':5432', missing=('DB_HOST',), wrong=''))
    """
    if "$" not in text:
        return Filled(text)
    missing: dict[str, None] = {}
    wrong: list[str] = []
    filled = _fill(text, variables, missing, wrong, 0)
    return Filled(filled[:_LONGEST], tuple(missing), wrong[0] if wrong else "")


def _fill(text: str, variables: Mapping[str, str], missing: dict[str, None], wrong: list[str], depth: int) -> str:
    out: list[str] = []
    at = 0
    while True:
        dollar = text.find("$", at)
        if dollar < 0 or depth > _DEEPEST:
            out.append(text[at:])
            return "".join(out)
        out.append(text[at:dollar])
        if text.startswith("$$", dollar):
            out.append("$")
            at = dollar + 2
        elif text.startswith("${", dollar):
            end = _closing(text, dollar + 2)
            if end < 0:
                wrong.append("has a ${ without its }")
                out.append(text[dollar:])
                return "".join(out)
            out.append(_braced(text[dollar + 2 : end], variables, missing, wrong, depth))
            at = end + 1
        else:
            name = _NAME.match(text, dollar + 1)
            out.append(_value(name[0], variables, missing) if name else "$")
            at = name.end() if name else dollar + 1


def _closing(text: str, at: int) -> int:
    """Where the brace that opened before `at` closes; -1 where it does not."""
    open_braces = 1
    for match in re.compile(r"\$\{|\}").finditer(text, at):
        open_braces += 1 if match[0] == "${" else -1
        if open_braces == 0:
            return match.start()
    return -1


def _value(name: str, variables: Mapping[str, str], missing: dict[str, None]) -> str:
    if name not in variables:
        missing[name] = None
    return variables.get(name, "")


def _braced(inside: str, variables: Mapping[str, str], missing: dict[str, None], wrong: list[str], depth: int) -> str:
    name = _NAME.match(inside)
    if name is None:
        wrong.append("has a ${…} without a variable's name")
        return ""
    rest = inside[name.end() :]
    if not rest:
        return _value(name[0], variables, missing)
    colon = rest.startswith(":")
    sign, word = rest[int(colon) : int(colon) + 1], rest[int(colon) + 1 :]
    held = variables.get(name[0])
    there = bool(held) if colon else held is not None
    if sign == "-":
        return (held or "") if there else _fill(word, variables, missing, wrong, depth + 1)
    if sign == "+":
        return _fill(word, variables, missing, wrong, depth + 1) if there else ""
    if sign == "?":
        return (held or "") if there else _value(name[0], {}, missing)
    wrong.append(f"has ${{{name[0]}…}} in a form that Compose does not know")
    return ""


def read_env_file(text: str, known: Mapping[str, str]) -> dict[str, str]:
    r"""The variables of a `.env` file or an `env_file`: `NAME=value` lines with comments and quotes.

    Double-quoted and bare values may use variables from above or from `known`; single-quoted ones are taken as they are. A
    name without a value takes the one in `known`, if there is one.

    >>> read_env_file("# a\nexport HOST=db # b\nURL=\"pg://${HOST}\"\nRAW='${HOST}'\nUSER\n", {"USER": "me"})
    {'HOST': 'db', 'URL': 'pg://db', 'RAW': '${HOST}', 'USER': 'me'}
    """
    found: dict[str, str] = {}
    for line in text.removeprefix("\ufeff").splitlines():
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        match = _LINE.fullmatch(line)
        if match is None:
            continue
        name, sign, value = match[1], match[2], (match[3] or "").strip()
        if sign is None:
            if name in known:
                found[name] = known[name]
            continue
        if value[:1] == "'" and "'" in value[1:]:
            found[name] = value[1 : value.index("'", 1)]
            continue
        if value[:1] == '"' and '"' in value[1:]:
            value = value[1 : value.index('"', 1)].replace("\\n", "\n")
        else:
            value = re.split(r"(?:^|\s)#", value, maxsplit=1)[0].strip()
        found[name] = fill(value, {**known, **found}).text
    return found
