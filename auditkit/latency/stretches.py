"""Stretches of one level in a recording: where a call's latency changed for good, or for a while.

A median of a slice says how slow the moment was. The slices are split into as many stretches of one level as their scatter
justifies: the split that minimises squared errors of the logarithms plus a price for each further stretch
(B. Jackson et al., An algorithm for optimal partitioning of data on an interval, 2005; the price of 3 log n variances follows
R. Killick, P. Fearnhead and I. A. Eckley, Optimal detection of changepoints with a linear computational cost, 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

SHIFT = 1.25
"""Less than a quarter more is no other level for a timeout of two to three times p99."""
EPISODE = 1.5
"""Nothing is left out for less than half as much again: latencies wander that far by themselves."""
_SHORTEST = 3
"""Slices that a stretch must have; single slices are judged by themselves."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Slices `first` up to before `end` (places in the recording), and the median of their levels in seconds."""

    first: int
    end: int
    level_s: float


def stretches(medians_s: npt.NDArray[np.float64]) -> tuple[Stretch, ...]:
    """The stretches of one level, in order; slices without a median (NaN) belong to the stretch around them.

    >>> [(s.first, s.end, s.level_s) for s in stretches(np.array([1.0, 1.1] * 10 + [1.5, 1.6] * 10))]
    [(0, 20, 1.05), (20, 40, 1.55)]
    """
    place = np.flatnonzero(~np.isnan(medians_s))
    level = np.log(np.maximum(medians_s[place], 1e-9))
    if len(place) < 2 * _SHORTEST:
        return ()
    ends = _partition(level)
    firsts = [0, *ends[:-1]]
    starts = [0, *(int(place[end]) for end in ends[:-1])]
    stops = [*starts[1:], len(medians_s)]
    middles = [float(np.median(medians_s[place[a:b]])) for a, b in zip(firsts, ends, strict=True)]
    return tuple(Stretch(*values) for values in zip(starts, stops, middles, strict=True))


def episodes(found: tuple[Stretch, ...]) -> tuple[Stretch, ...]:
    """Stretches that are slower than both of their neighbours by half or more: what began and ended."""
    return tuple(
        here
        for before, here, after in zip(found, found[1:], found[2:], strict=False)
        if here.level_s >= EPISODE * max(before.level_s, after.level_s)
    )


def shifted(found: tuple[Stretch, ...], medians_s: npt.NDArray[np.float64]) -> int | None:
    """The slice from which on the level is another one, where a single step says more than a steady slope; else None."""
    if len(found) != 2 or max(found[1].level_s / found[0].level_s, found[0].level_s / found[1].level_s) < SHIFT:
        return None
    place = np.flatnonzero(~np.isnan(medians_s))
    level = np.log(np.maximum(medians_s[place], 1e-9))
    step = np.where(place < found[1].first, level[place < found[1].first].mean(), level[place >= found[1].first].mean())
    line = np.polyval(np.polyfit(place, level, 1), place)
    return found[1].first if ((level - step) ** 2).sum() < ((level - line) ** 2).sum() else None


def _partition(level: npt.NDArray[np.float64]) -> list[int]:
    """Ends of the best split into stretches of `_SHORTEST` values or more."""
    n = len(level)
    scatter = 1.4826 * float(np.median(np.abs(np.diff(level)))) / math.sqrt(2)
    price = 3 * math.log(n) * max(scatter, 0.02) ** 2
    sums, squares = np.concatenate(([0.0], np.cumsum(level))), np.concatenate(([0.0], np.cumsum(level**2)))
    length = np.maximum(np.subtract.outer(np.arange(n + 1), np.arange(n + 1)), 1)
    error = np.subtract.outer(squares, squares) - np.subtract.outer(sums, sums) ** 2 / length  # [end, begin]
    best, last = np.full(n + 1, np.inf), np.zeros(n + 1, dtype=np.int64)
    best[0] = -price
    for end in range(_SHORTEST, n + 1):
        cost = best[: end - _SHORTEST + 1] + error[end, : end - _SHORTEST + 1] + price
        last[end] = cost.argmin()
        best[end] = cost[last[end]]
    ends = [n]
    while last[ends[-1]] > 0:
        ends.append(int(last[ends[-1]]))
    return ends[::-1]
