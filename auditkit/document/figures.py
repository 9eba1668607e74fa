"""How figures are printed for readers: rounded to what they mean, with their unit. Nothing is rounded to nothing."""

from __future__ import annotations

import datetime as dt
import math

from auditkit.checks.wording import listing, percent
from auditkit.model.failure import Range
from auditkit.model.latency import Bounds
from auditkit.units import format_rate

NOT_KNOWN = "not known"


def duration(value: float | None) -> str:
    """A duration to three significant digits.

    >>> duration(0.28712), duration(0.0078432), duration(75), duration(0.00005), duration(600), duration(86400)
    ('287ms', '7.84ms', '75s', '50us', '10m', '24h')
    >>> duration(None), duration(float("inf")), duration(0), duration(0.99996)
    ('not known', 'without end', '0s', '1s')
    """
    if value is None:
        return NOT_KNOWN
    if not math.isfinite(value):
        return "without end"
    if value == 0:
        return "0s"
    rounded = float(f"{value:.3g}")
    for unit, size in (("h", 7200.0), ("m", 120.0), ("s", 1.0), ("ms", 1e-3)):
        if rounded >= size:
            return f"{float(f'{rounded / _SECONDS[unit]:.3g}'):g}{unit}"
    return f"{float(f'{rounded * 1e6:.3g}'):g}us"


_SECONDS = {"h": 3600.0, "m": 60.0, "s": 1.0, "ms": 1e-3}


def bounds(value: Bounds | None) -> str:
    """A quantile with its interval; an open end in words.

    >>> bounds(Bounds(point=0.1, lo=0.09, hi=0.12)), bounds(Bounds(point=0.1, lo=0.09, hi=None))
    ('100ms (90ms to 120ms)', '100ms (90ms or more, no upper end)')
    """
    if value is None:
        return NOT_KNOWN
    if value.hi is None:
        return f"{duration(value.point)} ({duration(value.lo)} or more, no upper end)"
    return f"{duration(value.point)} ({duration(value.lo)} to {duration(value.hi)})"


def share(value: float | None) -> str:
    """A share in percent to two significant digits.

    >>> share(0.25), share(None)
    ('25 %', 'not known')
    """
    return NOT_KNOWN if value is None else percent(value)


def availability(value: float | None) -> str:
    """An availability with as many digits as its distance from 100 % needs, rounded down, so that it never looks better.

    >>> availability(0.98802099), availability(0.999949), availability(1.0), availability(0.5), availability(None)
    ('98.8 %', '99.9949 %', '100 %', '50 %', 'not known')
    """
    if value is None:
        return NOT_KNOWN
    if value >= 1:
        return "100 %"
    from decimal import ROUND_FLOOR, Decimal

    exact = Decimal(f"{value:.12f}")
    step = Decimal(1).scaleb(max(-10, min(-3, (1 - exact).adjusted() - 1 if exact < 1 else -10)))
    text = format((exact.quantize(step, rounding=ROUND_FLOOR) * 100).normalize(), "f")
    return f"{text} %"


def availability_range(value: float | Range | None) -> str:
    """An availability, or the range in which it lies, from a probability of failure.

    >>> availability_range(Range(best=0.0, worst=1.0)), availability_range(0.01)
    ('0 % to 100 %', '99 %')
    """
    if value is None:
        return NOT_KNOWN
    if isinstance(value, Range):
        worst, best = 1 - value.worst, 1 - value.best
        return availability(best) if worst == best else f"{availability(worst)} to {availability(best)}"
    return availability(1 - value)


def downtime(share_down: float) -> str:
    """Hours or minutes a month (30 days) that a share of unavailability amounts to.

    >>> downtime(0.001), downtime(0.02), downtime(0)
    ('43 min', '14 h', '0 min')
    """
    minutes = share_down * 30 * 24 * 60
    if minutes >= 120:
        return f"{float(f'{minutes / 60:.2g}'):g} h"
    return f"{float(f'{minutes:.2g}'):g} min"


def rate(value: float | None) -> str:
    """Events per second, to three significant digits.

    >>> rate(123.456), rate(None)
    ('123/s', 'not known')
    """
    return NOT_KNOWN if value is None else format_rate(float(f"{value:.3g}"))


def number(value: int | float | None) -> str:
    """A count, thousands apart.

    >>> number(12345), number(None)
    ('12,345', 'not known')
    """
    return NOT_KNOWN if value is None else (f"{value:,}" if isinstance(value, int) else f"{value:g}")


def how_many(count: int, one: str, many: str = "") -> str:
    """A count with its noun.

    >>> how_many(1, "journey"), how_many(2, "dependency", "dependencies")
    ('1 journey', '2 dependencies')
    """
    return f"{count:,} {one if count == 1 else many or one + 's'}"


def day(value: dt.date | None) -> str:
    """A date as ISO 8601 has it."""
    return "not set" if value is None else value.isoformat()


__all__ = [
    "NOT_KNOWN", "availability", "availability_range", "bounds", "day", "downtime", "duration", "how_many", "listing",
    "number", "rate", "share",
]  # fmt: skip
