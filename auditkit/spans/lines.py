"""The lines of a long text, one at a time: a list of them, or `io.StringIO`, would hold the text a second time or a fifth."""

from __future__ import annotations

import re
from collections.abc import Iterator

_LINE = re.compile(r"([^\r\n]*)(\r\n|\r|\n|\Z)")


def lines(text: str) -> Iterator[str]:
    r"""Every line, whatever it ends with, with `\n` at its end.

    >>> list(lines("a\r\n\rb"))
    ['a\n', '\n', 'b\n']
    """
    return (found.group(1) + "\n" for found in _LINE.finditer(text) if found.group())
