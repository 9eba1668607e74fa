"""From counted rows of one call to its `LatencyProfile`."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.latency.censoring import kaplan_meier
from auditkit.latency.reduce import ERROR, NO_SLICE, OK, REJECTED, TIMEOUT, Reduced, distinct, merged, positions
from auditkit.latency.statistics import QUANTILES, interval_ranks, nearest_rank
from auditkit.model.latency import Bounds, Histogram

Exact = Mapping[int, float]
"""Exact values of single ranks, where the engine gave them."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Successful answers of one call in ascending buckets."""

    lo_s: npt.NDArray[np.float64]
    hi_s: npt.NDArray[np.float64]
    n: npt.NDArray[np.int64]
    bucket: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """Number of answers."""
        return int(self.n.sum())

    def column(self, rank: int) -> int:
        """Index of the bucket in which the sample of a rank lies (rank from 1)."""
        return int(np.searchsorted(np.cumsum(self.n), rank))

    def histogram(self) -> Histogram:
        """As a noun."""
        return Histogram(lo_s=tuple(self.lo_s.tolist()), hi_s=tuple(self.hi_s.tolist()), counts=tuple(self.n.tolist()))


@dataclass(frozen=True, slots=True)
class Cut:
    """Calls that were given up on: after how long, and how many."""

    at_s: npt.NDArray[np.float64]
    n: npt.NDArray[np.int64]

    @property
    def total(self) -> int:
        """Number of calls."""
        return int(self.n.sum())

    @property
    def last_s(self) -> float:
        """The longest wait; 0 without any."""
        return float(self.at_s.max(initial=0.0))

    def before(self, answers: Ladder) -> bool:
        """Whether any was given up on clearly before the last answer came."""
        return bool(self.total) and float(self.at_s.min()) < 0.98 * float(answers.hi_s[-1])


def cut_of(rows: Reduced) -> Cut:
    """What was cut off in some rows of one call."""
    late = rows.outcome == TIMEOUT
    return Cut(np.nan_to_num(rows.hi_s[late]), rows.n[late])


def ladder(rows: Reduced) -> Ladder:
    """The ladder of some rows of one call."""
    return Ladder(*merged(rows))


def wanted_ranks(total: int) -> tuple[int, ...]:
    """Ranks whose exact value is worth a second look at the samples."""
    ranks: set[int] = set()
    for p in QUANTILES:
        ranks |= {nearest_rank(total, p)} | {rank for rank in interval_ranks(total, p) if rank}
    return tuple(sorted(ranks)) if total else ()


def quantile(answers: Ladder, p: float, cut: Cut, exact: Exact, drawn: tuple[int, int] | None = None) -> Bounds:
    """A quantile with its 95 % interval. `drawn`: buckets between which a bootstrap by slices found it.

    Sampling and bucketing uncertainty add up: the interval reaches from the lower end of the lower rank's bucket to the
    upper end of the upper rank's; the block bootstrap widens it where it is wider. A point inside a bucket is its upper end.
    Beyond the last cut the point is the cut, and means "that or more".
    """
    answered, total = answers.total, answers.total + cut.total
    if not total:
        return Bounds(point=0.0, lo=0.0, hi=None)
    if not answered or cut.before(answers):
        return _by_kaplan_meier(answers, p, cut)
    rank, (lower, upper) = nearest_rank(total, p), interval_ranks(total, p)
    last = max(float(answers.hi_s[-1]) if math.isfinite(answers.hi_s[-1]) else float(answers.lo_s[-1]), cut.last_s)
    point = last if rank > answered else exact.get(rank, float(answers.hi_s[answers.column(rank)]))
    if not math.isfinite(point):
        point, upper = float(answers.lo_s[answers.column(rank)]), None
    lo = 0.0 if lower is None else last if lower > answered else exact.get(lower, float(answers.lo_s[answers.column(lower)]))
    hi = None if upper is None or upper > answered else exact.get(upper, float(answers.hi_s[answers.column(upper)]))
    if drawn is not None:
        lo = min(lo, float(answers.lo_s[drawn[0]]))
        hi = None if hi is None else max(hi, float(answers.hi_s[drawn[1]]))
    return Bounds(point=point, lo=min(lo, point), hi=None if hi is None or not math.isfinite(hi) else max(hi, point))


def _by_kaplan_meier(answers: Ladder, p: float, cut: Cut) -> Bounds:
    """The quantile where some calls were cut off before others were answered; the answers alone count as samples."""
    answered = answers.total
    share = kaplan_meier(answers.hi_s, answers.n, cut.at_s, cut.n)

    def column(of: float) -> int | None:
        place = int(np.searchsorted(share, of - 1e-12))
        return place if place < len(share) and math.isfinite(answers.hi_s[place]) else None

    here = column(p)
    if here is None:
        beyond = max(cut.last_s, float(answers.lo_s[-1]) if answered else 0.0)
        return Bounds(point=beyond, lo=beyond, hi=None)
    lower, upper = interval_ranks(answered, p)
    least = column(lower / answered) if lower else None
    most = column(upper / answered) if upper else None
    point = float(answers.hi_s[here])
    lo = 0.0 if least is None else min(point, float(answers.lo_s[least]))
    return Bounds(point=point, lo=lo, hi=None if most is None else max(point, float(answers.hi_s[most])))


def slices_of(rows: Reduced) -> npt.NDArray[np.int64]:
    """Numbers of the slices with any call, ascending."""
    return distinct(rows.slice[rows.slice != NO_SLICE])[0]


def by_slice(rows: Reduced, answers: Ladder, slices: npt.NDArray[np.int64] | None = None) -> npt.NDArray[np.int64]:
    """Counts of answers, slice by bucket, with the buckets of the ladder, for these slices (all that occur)."""
    wanted = slices_of(rows) if slices is None else slices
    known = rows if not len(rows.slice) or rows.slice.min() != NO_SLICE else rows.of(rows.slice != NO_SLICE)
    position = np.argsort(answers.bucket, kind="stable")
    columns = position[positions(known.bucket, answers.bucket[position])]
    place = positions(known.slice, wanted) * len(position) + columns
    table = np.bincount(place, weights=known.n, minlength=len(wanted) * len(position))  # counts below 2^53: exact
    return table.astype(np.int64).reshape(len(wanted), len(position))


def busiest_slices(rows: Reduced) -> npt.NDArray[np.int64]:
    """The busiest 5 % of slices by number of calls, at least one; none with fewer than 20 slices."""
    slices = slices_of(rows)
    if len(slices) < 20:
        return slices[:0]
    known = rows.slice != NO_SLICE
    count = np.bincount(positions(rows.slice[known], slices), weights=rows.n[known], minlength=len(slices))
    busiest = np.argsort(-count, kind="stable")[: math.ceil(0.05 * len(slices))]
    return np.sort(slices[busiest])


def mean_s(answers: Ladder) -> float:
    """Mean of the answers, from the middle of each bucket: within alpha, and the same in any order of reading."""
    if not answers.total:
        return 0.0
    hi = np.where(np.isfinite(answers.hi_s), answers.hi_s, answers.lo_s)
    return math.fsum(((answers.lo_s + hi) / 2 * answers.n).tolist()) / answers.total


def outcomes_of(rows: Reduced) -> dict[str, int]:
    """How many calls had which outcome."""
    names = {"n": OK, "errors": ERROR, "timeouts": TIMEOUT, "rejected": REJECTED}
    return {name: int(rows.n[rows.outcome == code].sum()) for name, code in names.items()}
