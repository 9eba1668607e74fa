"""How far the share of slow calls wanders over time: what one recording cannot know of the next.

Calls of one moment resemble each other, and so do moments that follow one another. A share counted over such calls is less sure
than its number of calls says; by how much shows in the slices of the recording itself, and only where they are many.

Sources: W. K. Newey and K. D. West, A Simple, Positive Semi-definite, Heteroskedasticity and Autocorrelation Consistent
Covariance Matrix, Econometrica, 1987; N. M. Kiefer and T. J. Vogelsang, A New Asymptotic Theory for
Heteroskedasticity-Autocorrelation Robust Tests, Econometric Theory, 2005 (what few slices make of it).
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

_FEWEST_SLICES = 20
_FEWEST_SLOW = 20
"""Fewer slow calls do not show whether they come together."""
_REACH = 0.25
"""Slices that are so near, as a share of the recording, are taken as alike where they are."""
_FEW = (1.6449 + 2.1859 * _REACH + 0.3142 * _REACH**2 - 0.3427 * _REACH**3) / 1.6449
"""So many times wider is a one-sided 95 % bound whose spread was estimated with that reach (Kiefer and Vogelsang, 2005)."""


def wander(counts: npt.NDArray[np.int64], beyond: int) -> float | None:
    """Relative variance of the share of calls beyond a bucket, without what chance alone gives to calls on their own.

    `counts[slice, bucket]`, slices in their order, buckets ascending; slow calls are those after column `beyond`. 0 where
    slices differ by chance only; None with fewer than 20 slices, or fewer than 20 slow calls.

    >>> calm = np.tile([99, 1], (40, 1))
    >>> hour = np.array([[98, 2] if minute < 20 else [100, 0] for minute in range(40)])
    >>> wander(calm, 0), round(wander(hour, 0), 2), wander(calm[:19], 0)
    (0.0, 0.32, None)
    """
    n, slow = counts.sum(axis=1).astype(np.float64), counts[:, beyond + 1 :].sum(axis=1).astype(np.float64)
    slices, total = len(n), float(slow.sum())
    if slices < _FEWEST_SLICES or not _FEWEST_SLOW <= total < n.sum():
        return None
    p = total / float(n.sum())
    off = slow - p * n
    reach = int(_REACH * slices)
    together = float(off @ off) + 2 * sum((1 - k / (reach + 1)) * float(off[k:] @ off[:-k]) for k in range(1, reach + 1))
    beyond_chance = together * slices / (slices - 1) - total * (1 - p)
    return max(0.0, round(_FEW**2 * beyond_chance / total**2, 6))
