"""Figures as files write them, in our units: what cannot be read says what is wrong, and what to write instead."""

from __future__ import annotations

import re

from auditkit.importers.shapes import text_of
from auditkit.units import parse_duration


def count(value: object) -> int:
    """A whole number of 1 or more. Raises `ValueError` (what is wrong; what to write instead), as all of these do."""
    found = whole(value)
    if found < 1:
        raise ValueError(f"{found} is too small; write 1 or more")
    return found


def whole(value: object) -> int:
    """A whole number of 0 or more.

    >>> whole(3), whole("0")
    (3, 0)
    """
    text = text_of(value).strip()
    if not re.fullmatch(r"[0-9]{1,18}", text):
        raise ValueError(f"{text!r} is no whole number; write for example 3")
    return int(text)


def number(value: object) -> float:
    """A number of 0 or more.

    >>> number("1.5"), number(2)
    (1.5, 2.0)
    """
    text = text_of(value).strip()
    if not re.fullmatch(r"[0-9]{1,18}(\.[0-9]{1,18})?", text):
        raise ValueError(f"{text!r} is no number; write for example 1.5")
    return float(text)


def factor(value: object) -> float:
    """By how much something grows: a number of 1 or more.

    >>> factor("1.5")
    1.5
    """
    found = number(value)
    if found < 1:
        raise ValueError(f"{found:g} lets it shrink; write 1 or more")
    return found


def percent(value: object) -> float:
    """A share 0..1 that is written as a number of percent.

    >>> percent(50), percent("12.5%")
    (0.5, 0.125)
    """
    found = number(text_of(value).strip().removesuffix("%"))
    if found > 100:
        raise ValueError(f"{found:g} is more than all; write 0 to 100")
    return round(found / 100, 12)


def truth(value: object) -> bool:
    """`true` or `false`.

    >>> truth(True), truth("FALSE")
    (True, False)
    """
    text = text_of(value).strip().lower()
    if text not in ("true", "false"):
        raise ValueError(f"{text!r} is neither true nor false; write true or false")
    return text == "true"


def seconds(value: object) -> float:
    """A duration with its unit, in seconds.

    >>> seconds("0.25s"), seconds("1m30s")
    (0.25, 90.0)
    """
    return parse_duration(text_of(value))
