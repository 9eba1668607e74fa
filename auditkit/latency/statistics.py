"""Order statistics: which samples bound a quantile.

Nearest rank: the p-quantile of n samples is the ceil(p*n)-th smallest. The two-sided 95 % interval of the true quantile lies
between two samples whose ranks come from the binomial distribution, whatever the distribution of the latencies
(David and Nagaraja, Order Statistics, 2003, section 7.1).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from decimal import Decimal
from functools import cache, lru_cache

import numpy as np
import numpy.typing as npt

QUANTILES = (0.5, 0.95, 0.99, 0.999)
SIDE = 0.025
"""Probability left out on each side of a 95 % interval."""


def nearest_rank(n: int, p: float) -> int:
    """Rank, from 1, of the p-quantile of n samples: ceil(p*n), free of binary rounding.

    >>> nearest_rank(1000, 0.99), nearest_rank(100, 0.07), nearest_rank(1, 0.5)
    (990, 7, 1)
    """
    return max(1, math.ceil(Decimal(n) * Decimal(repr(p))))


@cache
def interval_ranks(n: int, p: float) -> tuple[int | None, int | None]:
    """Ranks of the samples that enclose the true p-quantile with 95 %; None where so few samples give no such bound.

    >>> interval_ranks(1000, 0.99), interval_ranks(367, 0.99)[1], interval_ranks(368, 0.99)[1]
    ((983, 997), None, 368)
    """
    from scipy.stats import binom

    lower, upper = int(binom.ppf(SIDE, n, p)), int(binom.ppf(1 - SIDE, n, p)) + 1
    return (lower if lower >= 1 else None), (upper if upper <= n else None)


def bootstrap_by_slice(
    counts: npt.NDArray[np.int64], shares: Sequence[float], *, repetitions: int = 200, seed: int = 20
) -> tuple[tuple[int, int], ...] | None:
    """For each share, the columns between which its quantile lies in 95 % of repetitions that draw whole slices again.

    `counts[slice, bucket]`, buckets ascending. Latencies of one moment resemble each other; drawing slices, not calls,
    keeps that (Künsch, 1989). None with fewer than 20 slices, which are too few to draw from.
    """
    slices = counts.shape[0]
    if slices < 20 or not counts.sum():
        return None
    # whole numbers, exactly; not `@`, whose threads cost more than they bring for tables as small as these
    below = np.einsum("rs,sb->rb", _drawn(slices, repetitions, seed), np.cumsum(counts, axis=1).astype(np.float64))
    below = below[below[:, -1] > 0]
    found = []
    for share in shares:
        rank = np.maximum(np.ceil(np.round(below[:, -1] * share, 6)), 1)
        column = np.sort((below < rank[:, None]).sum(axis=1))
        found.append((int(column[math.floor(SIDE * len(column))]), int(column[math.ceil((1 - SIDE) * len(column)) - 1])))
    return tuple(found)


@lru_cache(maxsize=8)
def _drawn(slices: int, repetitions: int, seed: int) -> npt.NDArray[np.float64]:
    """How often each slice is drawn in each repetition; the same for all calls of a recording."""
    drawn = np.random.Generator(np.random.PCG64(seed)).integers(0, slices, size=(repetitions, slices))
    times = np.zeros((repetitions, slices))
    np.add.at(times, (np.repeat(np.arange(repetitions), slices), drawn.ravel()), 1)
    return times
