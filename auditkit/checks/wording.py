"""How findings speak: lists, figures and journeys in words, the same everywhere."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable

from auditkit.checks.base import Facts
from auditkit.checks.severity import severity
from auditkit.model.audit import Finding, Severity
from auditkit.model.failure import Certainty
from auditkit.model.system import Journey
from auditkit.units import say_duration


def listing(names: Iterable[str], most: int = 8) -> str:
    """Names as a sentence says them, the same order in and out; many are cut with their number.

    >>> listing(["a"]), listing(["a", "b", "c"]), listing("abcdefghij", most=3), listing([])
    ('a', 'a, b and c', 'a, b, c and 7 more', 'none')
    """
    all_names = list(names)
    if len(all_names) > most:
        return f"{', '.join(all_names[:most])} and {len(all_names) - most} more"
    if len(all_names) < 2:
        return all_names[0] if all_names else "none"
    return f"{', '.join(all_names[:-1])} and {all_names[-1]}"


def seconds(value: float) -> str:
    """A duration to three significant digits; infinity in words.

    >>> seconds(0.12345), seconds(120), seconds(float("inf"))
    ('123ms', '2m', 'without end')
    """
    return say_duration(value)


def amount(value: float) -> str:
    """A number of things to three digits, whole from a hundred on; infinity in words.

    >>> amount(0.59), amount(59.34), amount(9000.4), amount(float("inf"))
    ('0.59', '59.3', '9,000', 'without end')
    """
    if not math.isfinite(value):
        return "without end"
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def percent(share: float) -> str:
    """A share in percent to two significant digits, of what is missing to 100 % where that is the smaller part.

    >>> percent(0.043142), percent(0.00000113), percent(0), percent(1), percent(0.998), percent(1.04)
    ('4.3 %', '0.00011 %', '0 %', '100 %', '99.8 %', '104 %')
    """
    if 0 < share < 1e-6:
        return "under 0.0001 %"
    smaller = min(share, abs(1.0 - share)) * 100
    if smaller <= 0:
        return f"{share * 100:.0f} %"
    decimals = min(12, max(0, 1 - math.floor(math.log10(smaller))))
    text = f"{share * 100:.{decimals}f}"
    return f"{text.rstrip('0').rstrip('.') if '.' in text else text} %"


def of_journeys(journeys: Collection[Journey]) -> str:
    """Which journeys something touches, as the end of a sentence."""
    return f"journeys touched: {listing(j.id for j in journeys)}" if journeys else "no known journey is touched"


def finding(
    facts: Facts,
    check: str,
    subject: str,
    touched: Collection[Journey],
    title: str,
    evidence: Iterable[str],
    remedy: str,
    *,
    certainty: Certainty = "proven",
    at_most: Severity = "critical",
    step: int = 0,
) -> Finding:
    """A Finding whose severity follows from the journeys, which its evidence names at the end."""
    return Finding(
        check=check,
        subject=subject,
        severity=severity(facts, touched, certainty, at_most, step),
        certainty=certainty,
        title=title,
        evidence=(*evidence, of_journeys(touched)),
        remedy=remedy,
    )
