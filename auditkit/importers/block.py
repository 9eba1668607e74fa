"""One block of a library's settings: each figure as the file states it, else as the library's default that is in force.

A block that is absent altogether stays a question: nobody knows whether the library is used at all.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

from auditkit.importers.settings import Reading
from auditkit.importers.shapes import text_of

T = TypeVar("T")
Find = Callable[[str], tuple[object, str, str] | None]
"""The value of a key, its `file:line`, and the key as it is written there; None where the block does not state it."""


@dataclass(frozen=True, slots=True)
class Block:
    """The figures of one block. `about` names the call in questions; `taken` gathers the defaults that were needed."""

    find: Find
    about: str
    reading: Reading
    taken: list[str] = field(default_factory=list)

    def get(self, key: str, parse: Callable[[Any], T], default: str | None = None) -> T | None:
        """One figure; `default` is written as a file would write it, and counts only where the key is absent.

        None where it is neither stated nor has a default, where it cannot be read (a problem), and where it is set from
        outside the file (a question).

        >>> from auditkit.importers.figures import count
        >>> block = Block({"a": (7, "x.yml:1", "a")}.get, "web -> db", Reading())
        >>> block.get("a", count, "3"), block.get("maxAttempts", count, "3"), block.taken
        (7, 3, ['maxAttempts 3'])
        """
        found = self.find(key)
        if found is None:
            if default is None:
                return None
            self.taken.append(f"{key} {default}")
            return parse(default)
        value, where, written = found
        if "${" in text_of(value):
            self.reading.ask(f"{key} {self.about}", "", f"{written} is {value}, which is set elsewhere: what is it?", where)
            return None
        return self.reading.figure(value, where, written, parse)
