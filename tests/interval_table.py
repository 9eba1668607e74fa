"""How often a nominal 95 % interval encloses the true quantile: `make coverage-figures`, or `python tests/interval_table.py`.

Every figure is of 2,000 recordings drawn anew. `test_latency_statistics.py` holds the same figures to what is promised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.stats import norm

from auditkit.latency.statistics import bootstrap_by_slice, interval_ranks

REPETITIONS: Final = 2_000
NOMINAL: Final = 0.95
PROMISED: Final = 0.94
CASES: Final = ((400, 0.99), (1000, 0.99), (300, 0.5), (1000, 0.95), (4000, 0.999))
"""Samples in a recording, and the quantile asked for."""
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Draw:
    """A distribution of latencies: how to draw from it, and its true quantile."""

    take: Callable[[np.random.Generator, tuple[int, int]], Floats]
    truth: Callable[[float], float]


DRAWS: Final[Mapping[str, Draw]] = {
    "exponential": Draw(lambda random, shape: random.exponential(1, shape), lambda p: -math.log(1 - p)),
    "lognormal": Draw(lambda random, shape: random.lognormal(0, 1, shape), lambda p: math.exp(norm.ppf(p))),
    "pareto": Draw(lambda random, shape: random.pareto(1.1, shape), lambda p: (1 - p) ** (-1 / 1.1) - 1),
}
"""Light, middling, and so heavy a tail that its variance is infinite (shape 1.1)."""


def coverage(draw: str, n: int, p: float) -> float:
    """Share of recordings of `n` independent samples whose interval encloses the true p-quantile."""
    lower, upper = interval_ranks(n, p)
    if lower is None or upper is None:
        raise ValueError(f"{n} samples have no two-sided interval at {p}")
    random = np.random.default_rng([7, *draw.encode()])  # ranks know no distribution: of one seed all would say the same
    samples = DRAWS[draw].take(random, (REPETITIONS, n))
    samples.partition((lower - 1, upper - 1), axis=1)
    truth = DRAWS[draw].truth(p)
    return float(((samples[:, lower - 1] <= truth) & (truth <= samples[:, upper - 1])).mean())


def coverage_in_slices(repetitions: int = 200, slices: int = 60, per: int = 50, p: float = 0.95) -> tuple[float, float]:
    """The same where slices are slow as a whole: of order statistics alone, and of the wider of both."""
    random = np.random.default_rng(3)
    truth = math.exp(math.hypot(0.5, 0.5) * norm.ppf(p))
    edges = np.exp(np.arange(-400, 500) / 50)
    lower, upper = interval_ranks(slices * per, p)
    if lower is None or upper is None:
        raise ValueError(f"{slices * per} samples have no two-sided interval at {p}")
    alone = together = 0
    for level in np.exp(random.normal(0, 0.5, (repetitions, slices))):
        values = level[:, None] * np.exp(random.normal(0, 0.5, (slices, per)))
        ordered = np.sort(values.ravel())
        lo, hi = ordered[lower - 1], ordered[upper - 1]
        alone += lo <= truth <= hi
        counts = np.zeros((slices, len(edges) + 1), dtype=np.int64)
        np.add.at(counts, (np.repeat(np.arange(slices), per), np.searchsorted(edges, values).ravel()), 1)
        found = bootstrap_by_slice(counts, (p,), repetitions=200)
        if found is None:
            raise ValueError(f"{slices} slices are too few to draw from")
        ((first, last),) = found
        together += min(lo, edges[first - 1]) <= truth <= max(hi, edges[last])
    return alone / repetitions, together / repetitions


def main() -> None:
    """Print the table."""
    print(f"share of {REPETITIONS:,} recordings whose interval encloses the true quantile; promised: {PROMISED:.0%}\n")
    print(f"{'distribution':<14}{'n':>6}{'quantile':>10}{'nominal':>9}{'measured':>10}")
    for draw in DRAWS:
        for n, p in CASES:
            print(f"{draw:<14}{n:>6,}{f'p{100 * p:g}':>10}{NOMINAL:>9.0%}{coverage(draw, n, p):>10.2%}")
    alone, together = coverage_in_slices()
    print("\nslices that are slow as a whole (60 slices of 50 samples, p95, 200 recordings):")
    print(f"order statistics alone {alone:.1%}, the wider of these and the block bootstrap {together:.1%}")


if __name__ == "__main__":
    main()
