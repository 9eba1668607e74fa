"""Bulkhead: a callee gets no more than so many of its caller's workers, so that slowness stays where it is.

Derivation. Calls that arrive on their own at a mean load of `a = rate × mean latency` (per instance) find all of `c` places taken
with probability B(a, c) (Erlang B). The size is the smallest c at which, at peak, at most 0.1 % are rejected while everything is
healthy. A pool of 10 at a mean load of 6 rejects 4.3 % of healthy calls; 15 places are needed:

>>> round(erlang_b(6, 10), 6), round(erlang_b(6, 15), 6), places_for(6)
(0.043142, 0.000892, 15)

Where calls may wait for a place, the share that waits is Erlang C:

>>> round(erlang_c(8, 10), 5)
0.40918

Calls rarely arrive on their own. With a peakedness of 2 (variance of the calls under way over their mean), Erlang B understates
rejections more than tenfold (Hayward's approximation). So where start times are known the peakedness is measured and the size
follows it; where they are not, the figure says that it is assumed:

>>> round(rejected_when_bursty(6, 15, 2.0) / erlang_b(6, 15)), places_for(6, peakedness=2.0)
(15, 20)

Partition by callee; then by reading and writing, critical and uncritical, where one callee serves both (`partitions`).

Cost while healthy: the rejections above. Hazards: all bulkheads of a caller come out of one pool; together they must not exceed
it, or they starve each other when two callees are slow. A bulkhead does not isolate two callers of one database, only each of
them. Anti-patterns: a size taken from the average load; one pool for everything; a long queue in front of the bulkhead, which
only moves the waiting. Not for calls that are so light that they never fill a pool.

Sources: A. K. Erlang, Solution of some Problems in the Theory of Probabilities of Significance in Automatic Telephone Exchanges,
1917; A. A. Fredericks, Congestion in Blocking Systems: A Simple Approximation Technique, Bell System Technical Journal, 1980;
Michael T. Nygard, Release It!, 2nd edition, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from auditkit.model.system import Dependency

REJECTED_AT_MOST = 0.001
"""Share of healthy calls at peak that a bulkhead may reject."""
BURSTY = 2.0
"""Peakedness at which a size is judged beside the closed form."""
MOST_PLACES = 100_000


@dataclass(frozen=True, slots=True)
class Size:
    """A bulkhead of one instance: its places, the mean load at peak, and which share of healthy calls it rejects.

    `peakedness` is the measured one, under which `rejected` holds; None where calls are assumed to come on their own.
    `rejected_when_bursty` is the same share at a peakedness of 2.
    """

    places: int
    load: float
    rejected: float
    rejected_when_bursty: float
    peakedness: float | None = None


def erlang_b(load: float, places: int) -> float:
    """Share of calls that find all places taken and go away; `load` in places (rate × mean time).

    >>> erlang_b(0, 3), erlang_b(1, 0), erlang_b(1, 1)
    (0.0, 1.0, 0.5)
    """
    blocked = 1.0
    for n in range(1, places + 1):
        blocked = load * blocked / (n + load * blocked)
    return blocked


def erlang_c(load: float, places: int) -> float:
    """Share of calls that have to wait for a place; 1 where the load is not below the places."""
    if load >= places:
        return 1.0
    blocked = erlang_b(load, places)
    return blocked / (1.0 - load / places * (1.0 - blocked))


def places_for(load: float, rejected_at_most: float = REJECTED_AT_MOST, peakedness: float = 1.0) -> int:
    """The smallest number of places that rejects no more than this share; at least 1. Raises `ValueError` beyond 100,000.

    `peakedness`: that of the calls of one instance; below 1 it counts as 1.
    """
    if load > MOST_PLACES:
        raise ValueError(f"a load of {load:g} needs more than {MOST_PLACES:,} places")
    blocked, places = load / (1.0 + load), 1
    while blocked > rejected_at_most:
        places += 1
        blocked = load * blocked / (places + load * blocked)
    if peakedness <= 1.0:
        return places
    fits = places
    while rejected_when_bursty(load, fits, peakedness) > rejected_at_most:
        places, fits = fits, 2 * fits
    while places + 1 < fits:
        middle = (places + fits) // 2
        enough = rejected_when_bursty(load, middle, peakedness) <= rejected_at_most
        places, fits = (places, middle) if enough else (middle, fits)
    return fits


def rejected_when_bursty(load: float, places: int, peakedness: float) -> float:
    """Share rejected where calls come in bursts: B(load / z, places / z) for a peakedness of z (Hayward, Fredericks)."""
    if load <= 0:
        return 0.0
    load, whole = load / peakedness, math.floor(places / peakedness)
    part = places / peakedness - whole
    inverse = 1.0 if part == 0 else _inverse_b(load, part)
    for n in range(1, whole + 1):
        inverse = 1.0 + (n + part) / load * inverse
    return 1.0 / inverse


def _inverse_b(load: float, part: float) -> float:
    """1 / B for a fraction of a place: load × ∫ e^(-load t) (1 + t)^part dt over t from 0."""
    from scipy.integrate import quad

    value, _ = quad(lambda t: load * math.exp(-load * t) * (1.0 + t) ** part, 0.0, math.inf)
    return float(value)


def peakedness(under_way: Sequence[int]) -> float:
    """Variance over mean of the calls under way, seen at many moments: 1 for calls that come on their own, more for bursts.

    >>> round(peakedness([0, 0, 0, 8]), 2)
    6.0
    """
    mean = math.fsum(under_way) / len(under_way)
    return 0.0 if mean == 0 else math.fsum((n - mean) ** 2 for n in under_way) / len(under_way) / mean


def peakedness_of_one(whole: float, share_seen: float, instances: int) -> float:
    """Peakedness at one of several instances that calls are spread over at random, from what a share of all calls showed.

    Leaving calls out at random draws the peakedness towards 1, and so does splitting them: z becomes 1 + share × (z - 1).

    >>> peakedness_of_one(3.0, 1.0, 4), peakedness_of_one(2.0, 0.5, 1), peakedness_of_one(0.9, 1.0, 2)
    (1.5, 3.0, 1.0)
    """
    return 1.0 + max(0.0, whole - 1.0) / share_seen / instances


def size(rate_per_s: float, mean_s: float, most: int | None = None, peakedness: float | None = None) -> Size:
    """The bulkhead of one instance at its peak rate and mean latency, never larger than `most` (what the pool has).

    >>> size(200, 0.03).places, round(size(200, 0.03, most=10).rejected, 6)
    (15, 0.043142)
    """
    load = rate_per_s * mean_s
    return judge(load, min(places_for(load, peakedness=peakedness or 1.0), most or MOST_PLACES), peakedness)


def judge(load: float, places: int, peakedness: float | None = None) -> Size:
    """What so many places do to healthy calls at a mean load, at the measured peakedness where there is one."""
    bursts = peakedness is not None and peakedness > 1.0
    rejected = rejected_when_bursty(load, places, peakedness) if bursts and peakedness else erlang_b(load, places)
    return Size(places, load, rejected, rejected_when_bursty(load, places, BURSTY), peakedness)


def partitions(calls: Iterable[Dependency]) -> tuple[str, ...]:
    """By what the calls of one caller to one callee fall apart, so that each part should have places of its own.

    >>> def call(**more: object) -> Dependency:
    ...     return Dependency.model_validate({"from": "api", "to": "db", **more})
    >>> partitions([call(idempotent=True), call(idempotent=False)]), partitions([call()])
    (('reading and writing',), ())
    >>> partitions([call(on_failure="fail"), call(on_failure="degrade")])
    ('critical and uncritical',)
    """
    known = tuple(calls)
    found = []
    if {d.idempotent for d in known} >= {True, False}:
        found.append("reading and writing")
    if "fail" in (answers := {d.on_failure for d in known}) and answers & {"degrade", "ignore"}:
        found.append("critical and uncritical")
    return tuple(found)


def share_out(wanted: Sequence[int], pool: int) -> tuple[int, ...] | None:
    """Places for each of several bulkheads that together fit the pool: as wanted, or cut in proportion, at least one each.

    None where there are more bulkheads than places.

    >>> share_out([10, 20], 60), share_out([30, 60], 60), share_out([1, 99], 10), share_out([1, 1, 1], 2)
    ((10, 20), (20, 40), (1, 9), None)
    """
    if len(wanted) > pool:
        return None
    if sum(wanted) <= pool:
        return tuple(wanted)
    cut = [max(1, places * pool // sum(wanted)) for places in wanted]
    while sum(cut) > pool:
        largest = max(range(len(cut)), key=lambda i: (cut[i], -i))
        cut[largest] -= 1
    return tuple(cut)
