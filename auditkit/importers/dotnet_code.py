"""What lies around the JSON of a .NET program: comments in it, and strategies that C# beside it switches off."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.importers.base import ReadSibling

MOST_FILES: Final = 50
"""How many files of code are looked at."""
_STRING_OR_COMMENT: Final = re.compile(r'"(?:[^"\\\n]|\\.)*"|//[^\n]*|/\*.*?\*/', re.DOTALL)
_SECTION: Final = re.compile(r'GetSection\("(?:[^"]*:)?([^":]+)"\)')
_NEVER: Final = r"\.ShouldHandle\s*=\s*_\s*=>\s*PredicateResult\.False\(\)"


@dataclass(frozen=True, slots=True)
class Switched:
    """Which strategies of one client are switched off in code, where JSON cannot say it."""

    retry: bool = False
    circuit_breaker: bool = False
    bulkhead: bool = False


def switched_in_code(read_sibling: ReadSibling) -> Mapping[str, Switched]:
    """By the last name of the section that a client is configured from, in the C# files beside the settings.

    >>> code = 'x.GetSection("HttpResilience:orders")).Configure(o => { o.Retry.ShouldHandle = _ => PredicateResult.False(); })'
    >>> switched_in_code({"./": "Program.cs", "Program.cs": code}.get)
    {'orders': Switched(retry=True, circuit_breaker=False, bulkhead=False)}
    """
    found: dict[str, Switched] = {}
    files = [name for name in (read_sibling("./") or "").splitlines() if name.endswith(".cs")]
    for name in files[:MOST_FILES]:
        parts = _SECTION.split(read_sibling(name) or "")
        for section, code in zip(parts[1::2], parts[2::2], strict=True):
            found[section] = Switched(
                retry=re.search(rf"Retry{_NEVER}", code) is not None,
                circuit_breaker=re.search(rf"CircuitBreaker{_NEVER}", code) is not None,
                bulkhead=re.search(r"PermitLimit\s*=\s*int\.MaxValue", code) is not None,
            )
    return found


def without_comments(text: str) -> str:
    r"""JSON as .NET takes it, with comments, as plain JSON; every line stays where it is.

    >>> without_comments('{"a": "http://x", // why\n"b": 1 /* c */}')
    '{"a": "http://x", \n"b": 1 }'
    """
    return _STRING_OR_COMMENT.sub(lambda found: found[0] if found[0][0] == '"' else "\n" * found[0].count("\n"), text)
