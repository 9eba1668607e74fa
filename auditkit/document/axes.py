"""A time axis for pictures: from seconds to pixels, with marks at round values."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditkit.document.figures import duration
from auditkit.document.looks import MUTED
from auditkit.document.svg import element, label


@dataclass(frozen=True, slots=True)
class TimeAxis:
    """Maps seconds to pixels between `left` and `right`; logarithmic, or linear from zero."""

    lo_s: float
    hi_s: float
    left: float
    right: float
    log: bool = True

    def x(self, seconds: float) -> float:
        """Where a time stands; what is outside stands at the edge.

        >>> TimeAxis(0.001, 10, 0, 100).x(0.1), TimeAxis(0, 2, 0, 100, log=False).x(5)
        (50.0, 100.0)
        """
        at = min(max(seconds, self.lo_s), self.hi_s)
        if self.log:
            part = (math.log10(at) - math.log10(self.lo_s)) / (math.log10(self.hi_s) - math.log10(self.lo_s))
        else:
            part = (at - self.lo_s) / (self.hi_s - self.lo_s)
        return round(self.left + part * (self.right - self.left), 2)

    def marks(self) -> list[float]:
        """Round values on the axis: powers of ten, or about five steps of 1, 2 or 5."""
        if self.log:
            first, last = math.ceil(math.log10(self.lo_s) - 1e-9), math.floor(math.log10(self.hi_s) + 1e-9)
            return [10.0**power for power in range(first, last + 1)]
        rough = (self.hi_s - self.lo_s) / 5
        size = 10.0 ** math.floor(math.log10(rough))
        step = next(size * factor for factor in (1, 2, 5, 10) if size * factor >= rough)
        return [n * step for n in range(math.ceil(self.lo_s / step), math.floor(self.hi_s / step + 1e-9) + 1)]

    def drawn(self, top: float, bottom: float) -> list[str]:
        """Grid lines with their times below."""
        parts = []
        for mark in self.marks():
            x = self.x(mark)
            parts.append(element("line", x1=x, y1=top, x2=x, y2=bottom, stroke="#d4d8dc", stroke_width=1))
            parts.append(label(x, bottom + 15, duration(mark), size=11, fill=MUTED))
        return parts


def log_axis(values_s: list[float], left: float, right: float) -> TimeAxis:
    """A logarithmic axis that holds all values, from one power of ten to another."""
    known = [value for value in values_s if 0 < value < math.inf]
    lo = 10.0 ** math.floor(math.log10(min(known, default=0.001)) + 1e-9)
    hi = 10.0 ** math.ceil(math.log10(max(known, default=1.0)) - 1e-9)
    return TimeAxis(lo, max(hi, lo * 10), left, right)
