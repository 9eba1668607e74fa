"""Text for terminals: whatever names and sentences hold, it moves no cursor, turns no direction and hides nothing."""

from __future__ import annotations

import re
import sys
from typing import TextIO

_HIDDEN = re.compile(r"[\x00-\x08\x0b-\x1f\x7f-\x9f\u200b\u200e\u200f\u202a-\u202e\u2060-\u2069\ufeff\ud800-\udfff]")


def plain(text: str) -> str:
    r"""Text in which control characters and direction marks are spelled out; lines and columns stay.

    >>> plain("api\x1b[2J\tb\u202ec")
    'api⟨U+001B⟩[2J\tb⟨U+202E⟩c'
    """
    return _HIDDEN.sub(lambda found: f"⟨U+{ord(found[0]):04X}⟩", text)


def said(*parts: object, file: TextIO | None = None, flush: bool = False) -> None:
    """`print`, with every part made plain."""
    print(*(plain(str(part)) for part in parts), file=file or sys.stdout, flush=flush)
