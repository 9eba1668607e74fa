"""How often a nominal 95 % interval encloses the true quantile: `make coverage-figures`, or `python tests/interval_table.py`.

And how often a justified timeout keeps its target where latencies wander. `test_latency_statistics.py` and
`test_timeout_rule.py` hold the same figures to what is promised.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

import numpy as np
import numpy.typing as npt
from scipy.signal import lfilter
from scipy.stats import norm

from auditkit.latency.statistics import bootstrap_by_slice, interval_ranks, nearest_rank
from auditkit.latency.wander import wander
from auditkit.model.latency import Bounds, Histogram, LatencyProfile, TimeoutAdvice
from auditkit.patterns.timeout import advise

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


@dataclass(frozen=True)
class Wander:
    """Recordings whose level wanders from slice to slice (30 %), with a lognormal tail of spread `sigma`."""

    autocorrelation: float
    slices: int = 60
    per: int = 1000
    sigma: float = 1.5

    def recordings(self, repetitions: int) -> Iterator[Floats]:
        """Latencies in seconds, `[slice, call]`."""
        random, before = np.random.default_rng(5), 100
        for _ in range(repetitions):
            steps = random.normal(0, 0.3 * math.sqrt(1 - self.autocorrelation**2), before + self.slices)
            level = lfilter([1.0], [1.0, -self.autocorrelation], steps)[before:]
            yield 0.02 * np.exp(level[:, None] + random.normal(0, self.sigma, (self.slices, self.per)))

    def rate(self, timeout_s: float) -> float:
        """The true share of calls that a timeout cuts off."""
        return float(norm.sf(math.log(timeout_s / 0.02) / math.hypot(self.sigma, 0.3)))


def advised(took: Floats, *, alike: bool) -> TimeoutAdvice:
    """The timeout of a recording `[slice, call]`; with `alike` calls are taken as independent of each other."""
    edges = np.exp(np.arange(-600, 1200) / 100) * 0.02
    place = np.searchsorted(edges, took)
    table = np.zeros((len(took), len(edges) + 1), dtype=np.int64)
    np.add.at(table, (np.repeat(np.arange(len(took)), took.shape[1]), place.ravel()), 1)
    counts = table.sum(axis=0)
    used = np.flatnonzero(counts)
    column = int(np.searchsorted(np.cumsum(counts), nearest_rank(took.size, 0.99)))
    ok = Histogram(lo_s=tuple(edges[used - 1]), hi_s=tuple(edges[used]), counts=tuple(counts[used].tolist()))
    point = Bounds(point=float(edges[column]), lo=0.0)
    profile = LatencyProfile(
        call="a -> b", caller="a", callee="b", n=took.size, min_s=0, max_s=float(took.max()), mean_s=0.1,
        p50=Bounds(point=0.02, lo=0.0), p95=point, p99=point, p999=point, ok=ok,
        tail_wander=None if alike else wander(table, column),
    )  # fmt: skip
    return advise(profile)


WANDERS: Final = (Wander(0.0), Wander(0.7), Wander(0.9), Wander(0.9, slices=240, per=250), Wander(0.7, slices=30, per=200))


def _wandering(repetitions: int = 200) -> None:
    print(f"\ntrue rate of false timeouts above the target of 0.1 %, of {repetitions} recordings whose level wanders by 30 %")
    print("(heavy tail: lognormal, sigma 1.5), and the rate that 95 % keep; calls taken as independent, and as they are:\n")
    print(
        f"{'autocorrelation':<17}{'slices':>6}{'calls each':>12}{'independent':>20}{'as they are':>20}{'refused':>9}{'longer':>8}"
    )
    for case in WANDERS:
        found = [(advised(took, alike=True), advised(took, alike=False)) for took in case.recordings(repetitions)]
        told = []
        for side in zip(*found, strict=True):
            rates = [case.rate(a.recommended_s) for a in side if a.recommended_s is not None]
            told.append(f"{np.mean(np.array(rates) > 0.001):.1%}, {np.quantile(rates, 0.95):.2%}")
        refused = np.mean([b.grade != "justified" for a, b in found if a.grade == "justified"])
        longer = np.median([b.recommended_s / a.recommended_s for a, b in found if a.recommended_s and b.recommended_s])
        print(f"{case.autocorrelation:<17}{case.slices:>6}{case.per:>12,}{told[0]:>20}{told[1]:>20}{refused:>9.1%}{longer:>8.2f}")


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
    _wandering()


if __name__ == "__main__":
    main()
