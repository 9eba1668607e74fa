"""Whether calls, and their failures, come in bursts: measured where start times are known, so that nobody has to assume it.

Two figures. *Peakedness*: variance over mean of the calls under way at once, in the busiest time; 1 for calls that come on
their own, more for bursts. *Error correlation*: how much more alike two calls of the same ten seconds fare than two of any
time, as an intraclass correlation; 0 for failures that come on their own. Both survive a random split of the calls over
instances: the peakedness of one of k instances is 1 + (z - 1) / k, the correlation stays.

Sources: A. A. Fredericks, Congestion in Blocking Systems: A Simple Approximation Technique, Bell System Technical Journal, 1980
(peakedness); J. G. Skellam, A Probability Distribution Derived from the Binomial Distribution, Journal of the Royal
Statistical Society B, 1948 (failures that cling together).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.latency.counting import Tables
from auditkit.latency.duck import Duck
from auditkit.latency.profile import slices_of
from auditkit.latency.reduce import NO_SLICE, OK, REJECTED, WINDOW_S, Call, Integers, Reduced, positions, usable

FEWEST_CALLS = 200
FEWEST_FAILURES = 20
"""Fewer say nothing about bursts."""
ENOUGH_CALLS = 5_000
"""So many calls of the busiest slices are enough to see bursts in."""
MOST_WINDOWS = 500_000
"""Recordings of more windows of ten seconds are not searched for bursts of failures."""

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Bursts:
    """Peakedness of the calls under way, and correlation of failures within ten seconds; None where the data cannot say."""

    peakedness: float | None = None
    error_correlation: float | None = None


def bursts_of(
    duck: Duck, parts: Sequence[Tables], calls: Sequence[Call], rows: Sequence[Reduced], slice_s: float | None
) -> tuple[Bursts, ...]:
    """The bursts of each call; `rows` are its counted samples of normal slices."""
    if slice_s is None:
        return tuple(Bursts() for _ in calls)
    peaks = _peaks(duck, parts, calls, rows, slice_s)
    failures = _failures(duck, parts, calls, rows, slice_s)
    return tuple(Bursts(peaks.get(index), failures.get(index)) for index in range(len(calls)))


def under_way(start_s: Floats, duration_s: Floats) -> tuple[float, float, float]:
    """Seconds looked at, and mean and variance of the calls under way at once, weighted by time.

    Looking begins once 99 % of the calls that started at the very beginning are over, and ends with the last start.

    >>> under_way(np.arange(100.0), np.full(100, 2.0))
    (97.0, 2.0, 0.0)
    """
    rank = math.ceil(0.99 * len(duration_s)) - 1
    begin, end = float(start_s.min() + np.partition(duration_s, rank)[rank]), float(start_s.max())
    if begin >= end:
        return 0.0, 0.0, 0.0
    at = np.concatenate([start_s, start_s + duration_s])
    change = np.concatenate([np.ones(len(start_s)), -np.ones(len(start_s))])
    order = np.lexsort((change, at))
    at, level = at[order], np.cumsum(change[order])
    edges = np.clip(np.append(at, end), begin, end)
    length = np.diff(edges)
    mean = float((level * length).sum() / length.sum())
    return end - begin, mean, float(((level - mean) ** 2 * length).sum() / length.sum())


def correlation(calls: Floats, failed: npt.NDArray[np.int64]) -> float | None:
    """Intraclass correlation of failures, from the calls and failures of each window; None with too few failures.

    What chance alone would give in one of forty recordings counts as 0.

    >>> rho = correlation(np.full(100, 50.0), np.repeat([40, 0], [2, 98]))
    >>> correlation(np.full(100, 50.0), np.full(100, 1)), round(rho, 3)
    (0.0, 0.792)
    """
    total, bad = float(calls.sum()), int(failed.sum())
    pairs = float((calls * np.maximum(calls - 1.0, 0.0)).sum())
    if bad < FEWEST_FAILURES or total <= bad or pairs < total:
        return None
    p = bad / total
    usual = calls * p
    beyond = float(((failed - usual) ** 2 - failed).sum())
    if beyond <= 2 * math.sqrt(2 * float((usual**2).sum())):
        return 0.0
    return min(1.0, beyond / (p * (1 - p) * pairs))


def _peaks(
    duck: Duck, parts: Sequence[Tables], calls: Sequence[Call], rows: Sequence[Reduced], slice_s: float
) -> dict[int, float]:
    wanted = [(index, number) for index, own in enumerate(rows) for number in _busiest(own)]
    if not wanted:
        return {}
    found = _fetch(duck, parts, calls, wanted, lambda samples: _single(samples, slice_s))
    moments: dict[int, list[tuple[float, float, float]]] = {}
    for (index, _), start, duration in _groups(found):
        moments.setdefault(index, []).append(under_way(start, duration))
    return {index: z for index, seen in moments.items() if (z := _pooled(seen)) is not None}


def _pooled(seen: Sequence[tuple[float, float, float]]) -> float | None:
    """Variance over mean within slices; that slices differ is load, which the rate at peak stands for already."""
    mean = math.fsum(length * m for length, m, _ in seen)
    return None if mean <= 0 else round(math.fsum(length * v for length, _, v in seen) / mean, 6)


def _busiest(rows: Reduced) -> list[int]:
    """Numbers of the busiest slices, as many as hold enough calls to see bursts in."""
    slices = slices_of(rows)
    known = (rows.slice != NO_SLICE) & (rows.outcome != REJECTED)
    if not len(slices) or int(rows.n[known].sum()) < FEWEST_CALLS:
        return []
    count = np.bincount(np.searchsorted(slices, rows.slice[known]), weights=rows.n[known], minlength=len(slices))
    order = np.argsort(-count, kind="stable")
    return [int(slices[i]) for i in order[: int(np.searchsorted(np.cumsum(count[order]), ENOUGH_CALLS)) + 1]]


def _failures(
    duck: Duck, parts: Sequence[Tables], calls: Sequence[Call], rows: Sequence[Reduced], slice_s: float
) -> dict[int, float]:
    """Correlations from the failures of each ten seconds; calls are taken as evenly spread within a time slice."""
    each = round(slice_s / WINDOW_S)
    wanted = {}
    for index, own in enumerate(rows):
        slices, counted = slices_of(own), own.of((own.outcome != REJECTED) & (own.slice != NO_SLICE))
        if int(counted.n[counted.outcome != OK].sum()) >= FEWEST_FAILURES and len(slices) * each <= MOST_WINDOWS:
            n = np.bincount(positions(counted.slice, slices), weights=counted.n, minlength=len(slices))
            wanted[index] = (slices, np.repeat(n / each, each))
    if not wanted:
        return {}
    chosen = [(index, int(number)) for index, (slices, _) in wanted.items() for number in slices]
    whose, window, n = _failed_windows(duck, parts, calls, chosen, slice_s)
    result = {}
    for index, (slices, usual) in wanted.items():
        mine = (whose == index) & np.isin(window // each, slices)
        place = np.searchsorted(slices, window[mine] // each) * each + window[mine] % each
        failed = np.bincount(place, weights=n[mine], minlength=len(usual))
        rho = correlation(usual, failed.astype(np.int64))
        if rho is not None:
            result[index] = round(rho, 6)
    return result


def _failed_windows(
    duck: Duck, parts: Sequence[Tables], calls: Sequence[Call], chosen: Sequence[tuple[int, int]], slice_s: float
) -> tuple[Integers, Integers, Integers]:
    """Index of the call, window and failures in it: as noted while samples were counted, else from the samples."""
    others = [part for part in parts if part.failures is None]
    found = _fetch(duck, others, calls, chosen, lambda samples: _failed(samples, slice_s))
    pieces = [(found["index"], found["window"], found["failed"])] if found else []
    indices = {call: index for index, call in enumerate(calls)}
    for part in parts:
        if part.failures is not None:
            numbers, window = part.failures
            known = np.array(sorted(part.names), dtype=np.int64)
            index = np.array([indices.get(part.names[number], -1) for number in known.tolist()], dtype=np.int64)
            pieces.append((index[np.searchsorted(known, numbers)], window, np.ones(len(window), np.int64)))
    if not pieces:
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0, np.int64)
    one, two, three = (np.concatenate(columns) for columns in zip(*pieces, strict=True))
    return one, two, three


def _single(samples: Any, slice_s: float) -> Any:
    good = samples.filter(samples.start_s.notnull() & usable(samples.duration_s))
    return good.select("call", "start_s", "duration_s", slice=(good.start_s / slice_s).floor().cast("int64"))


def _failed(samples: Any, slice_s: float) -> Any:
    """Failures of each call and window of ten seconds."""
    bad = samples.filter((samples.outcome != OK) & samples.start_s.notnull() & usable(samples.duration_s))
    keyed = bad.mutate(slice=(bad.start_s / slice_s).floor().cast("int64"), window=(bad.start_s / WINDOW_S).floor().cast("int64"))
    return keyed.group_by("call", "slice", "window").agg(failed=keyed.count())


def _fetch(duck: Duck, parts: Sequence[Tables], calls: Sequence[Call], wanted: Sequence[tuple[int, int]], of: Any) -> Any:
    """Columns of what `of` makes of the samples of the wanted calls and slices, with the index of the call."""
    import pyarrow as pa

    indices = {call: index for index, call in enumerate(calls)}
    slices: dict[int, list[int]] = {}
    for index, number in wanted:
        slices.setdefault(index, []).append(number)
    found = []
    for part in parts:
        rows = [
            (indices[name], call, number)
            for call, name in part.names.items()
            if name in indices
            for number in slices.get(indices[name], ())
        ]
        if rows:
            columns = zip(("index", "call", "slice"), zip(*rows, strict=True), strict=True)
            looked_for = duck.arrow(pa.table({name: list(column) for name, column in columns}))
            found.append(duck.run(of(part.table).inner_join(looked_for, ["call", "slice"]).drop("call"), "samples"))
    if not found:
        return {}
    table = pa.concat_tables(found)
    return {name: table[name].to_numpy() for name in table.column_names}


def _groups(columns: Any) -> Iterator[tuple[tuple[int, int], Floats, Floats]]:
    """Starts and durations of each call and slice."""
    order = np.lexsort((columns["slice"], columns["index"]))
    index, number, start, duration = (columns[name][order] for name in ("index", "slice", "start_s", "duration_s"))
    edges = np.flatnonzero((np.diff(index) != 0) | (np.diff(number) != 0)) + 1
    for begin, end in zip([0, *edges.tolist()], [*edges.tolist(), len(index)], strict=True):
        if end > begin:
            yield (int(index[begin]), int(number[begin])), start[begin:end], duration[begin:end]
