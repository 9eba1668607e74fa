"""Characters that no file can hold: halves of a surrogate pair, which an escape in a file can smuggle in."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from auditkit.errors import Problem
from auditkit.model.draft import Item


def unwritable(data: Any, path: str = "") -> Iterator[str]:
    r"""Dotted paths of all keys and texts with such a character.

    >>> list(unwritable({"id": "api", "owner": "\ud800", "to": ["a", "\udfff"]}))
    ['owner', 'to.1']
    """
    if isinstance(data, Mapping):
        for key, value in data.items():
            inner = f"{path}.{key}" if path else str(key)
            if _broken(str(key)):
                yield path
            yield from unwritable(value, inner)
    elif isinstance(data, (list, tuple)):
        for index, value in enumerate(data):
            yield from unwritable(value, f"{path}.{index}" if path else str(index))
    elif isinstance(data, str) and _broken(data):
        yield path


def characters(item: Item) -> Iterator[Problem]:
    """The problems of one item."""
    for path in unwritable(item.data):
        yield Problem(
            item.where(path), f"{path or 'a key'} holds half a character (\\ud800 to \\udfff)", "write the whole character"
        )


def _broken(text: str) -> bool:
    return not text.isascii() and any("\ud800" <= char <= "\udfff" for char in text)
