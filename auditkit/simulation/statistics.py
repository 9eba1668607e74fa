"""Means over seeds and their intervals, which never promise more than the number of requests bears."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditkit.simulation.results import Figure

STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""97.5 % quantiles of Student's t by the number of runs; beyond, that of ten (a little wide)."""
Z = 1.959964


def figure(values: Sequence[float]) -> Figure:
    """Mean and interval (Student's t) of one figure over seeds.

    >>> figure([0.1, 0.2, 0.3]).mean
    0.2
    """
    n = len(values)
    mean = round(math.fsum(values) / n, 12)
    if n < 2:
        return Figure(mean=mean)
    half = STUDENT.get(n, STUDENT[10]) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Figure(mean=mean, lo=round(mean - half, 12), hi=round(mean + half, 12))


def share_figure(hits: Sequence[int], of: Sequence[int]) -> Figure:
    """A share over seeds: the wider of the interval over seeds and the one that chance alone allows for so many requests.

    Without the latter, four runs in which nothing happened would prove that nothing ever does (Wilson's interval, 1927).

    >>> round(share_figure([0, 0, 0, 0], [40, 40, 40, 40]).hi, 4)
    0.0234
    """
    n, k = sum(of), sum(hits)
    if n == 0:
        return Figure(mean=0.0)
    mean = k / n
    centre, half = (mean + Z * Z / (2 * n)), Z * math.sqrt(mean * (1 - mean) / n + Z * Z / (4 * n * n))
    lo, hi = ((x / (1 + Z * Z / n)) for x in (centre - half, centre + half))
    if len(hits) > 1:
        seeds = figure([h / m for h, m in zip(hits, of, strict=True) if m])
        lo, hi = (min(lo, seeds.mean if seeds.lo is None else seeds.lo), max(hi, seeds.mean if seeds.hi is None else seeds.hi))
    return Figure(mean=round(mean, 12), lo=round(max(0.0, lo), 12), hi=round(min(1.0, hi), 12))
