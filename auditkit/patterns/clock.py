"""The step of the clock that measured: what lies between two of its ticks is not seen.

A duration that is told as 1 ms may have lasted almost 2. Where a timeout is set by single samples and they are a few ticks long,
the tick is added: else a timeout that "cuts off nothing measured" cuts off half of what was measured.
"""

from __future__ import annotations

import numpy as np

from auditkit.model.latency import Histogram

_COARSE = 0.01
"""A tick of less than this share of a value does not matter for two digits."""


def tick_s(ok: Histogram, value_s: float) -> float:
    """The clock's step in seconds where it is more than a hundredth of a value; 0 where it is finer, or not seen.

    Seen as steps: all values are whole multiples of the smallest distance between two of them.

    >>> coarse = Histogram(lo_s=(0.0, 0.001, 0.002), hi_s=(0.0, 0.001, 0.004), counts=(90, 9, 3))
    >>> tick_s(coarse, 0.004), tick_s(coarse, 0.3), tick_s(Histogram(lo_s=(0.1, 0.107), hi_s=(0.1, 0.13), counts=(5, 4)), 0.1)
    (0.001, 0.0, 0.0)
    """
    ends = np.unique(np.round(np.array((*ok.lo_s, *ok.hi_s)), 9))
    ends = ends[np.isfinite(ends)]
    if len(ends) < 2:
        return 0.0
    step = float(np.diff(ends).min())
    steps = ends / step
    whole = bool((np.abs(steps - np.round(steps)) < 1e-3).all())
    return step if whole and step > _COARSE * value_s else 0.0
