"""Explicit tables of importers, latency sources, checks, patterns and exporters, open to entry points from outside.

Adding one of our own is a file and a line in a table. Adding one from another package is an entry point of the same
signature in the group `auditkit.<table>`; nothing is registered by merely importing a module.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib.metadata import EntryPoint, entry_points
from typing import TypeVar

from auditkit.errors import InputError

T = TypeVar("T")


def with_entry_points(table: Mapping[str, T], group: str, kind: type[T]) -> dict[str, T]:
    """`table`, followed by what installed packages offer under the entry point group `auditkit.<group>`.

    Raises `InputError` where an entry point takes a name that exists, or does not load to a `kind`.

    >>> with_entry_points({"a": 1}, "no-such-group", int)
    {'a': 1}
    """
    found = dict(table)
    for entry in _offered(f"auditkit.{group}"):
        where = f"entry point {entry.value}"
        if entry.name in found:
            raise InputError.of(where, f"the name {entry.name!r} is taken", "choose another name")
        try:
            thing = entry.load()
        except (ImportError, AttributeError) as error:
            raise InputError.of(where, f"does not load: {error}", "mend or uninstall that package") from error
        if not isinstance(thing, kind):
            raise InputError.of(where, f"is no {kind.__name__}", f"give an instance of {kind.__module__}.{kind.__name__}")
        found[entry.name] = thing
    return found


@cache
def _offered(group: str) -> tuple[EntryPoint, ...]:
    """Entry points in the order of their names. They are looked up once: that reads a file of every installed package."""
    return tuple(sorted(entry_points(group=group), key=lambda entry: entry.name))
