"""The one reduction: samples grouped by call, outcome, time slice and logarithmic bucket.

DDSketch (Masson, Rim and Lee, 2019) as plain SQL: a bucket spans a factor gamma = (1 + alpha) / (1 - alpha), so that every
value in it is within alpha of the bucket's middle; buckets of several files, slices and engines simply add up. Count,
smallest and largest value are kept of each, so what is known of a value is `[min, max]` of its bucket.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

ALPHA = 0.005
"""Relative error of a bucket: 0.5 %. Compiled into `tally_kernels`, whose kept code knows that file's date only: save it too."""
LN_GAMMA = math.log((1 + ALPHA) / (1 - ALPHA))
ZERO = -(2**31) + 1
"""Bucket of durations of exactly zero, whose logarithm does not exist."""
NO_SLICE = -(2**31)
"""Slice of calls whose start is unknown."""

LONGEST_S = 1e12
"""Beyond this a figure in seconds is no duration."""
WINDOW_S = 10.0
"""Seconds within which failures are looked at together: the window of a circuit breaker."""

_CLOSE = 100_000
"""Numbers within such a span are looked up in a table, which is faster than to sort them."""

OUTCOMES = ("ok", "error", "timeout", "rejected")
OK, ERROR, TIMEOUT, REJECTED, UNKNOWN = range(5)


Integers = npt.NDArray[Any]
"""Whole numbers; of 64 bits, or fewer where there are many."""


class Call(NamedTuple):
    """Who calls whom for what, in the names of the export."""

    caller: str
    callee: str
    operation: str | None


def reduce(samples: Any, *, slice_s: float | None, by: Sequence[str] = ("caller", "callee", "operation")) -> Any:
    """The reduction of samples (columns `SAMPLE_COLUMNS`) as an Ibis expression, for any engine.

    `slice_s`: length of a time slice in seconds, counted from the epoch; None for no slices. `by`: columns that name a call.
    Durations that are missing, not a number or negative have the outcome `rejected`. Columns: those of `by`, outcome, slice,
    bucket, n, lo_s, hi_s.
    """
    import ibis

    value = samples.duration_s
    good = usable(value)
    positive = ibis.ifelse(good & (value > 0), value, ibis.null().cast("float64"))  # engines compute what CASE does not choose
    bucket = ibis.ifelse(value == 0, ibis.literal(ZERO, "int32"), bucket_of(positive))
    number = ibis.null().cast("int32") if slice_s is None else (samples.start_s / slice_s).floor().cast("int32")
    kind = samples.outcome.type()
    rejected = ibis.literal(OUTCOMES[REJECTED]) if kind.is_string() else ibis.literal(REJECTED).cast(kind)
    keyed = samples.mutate(outcome=ibis.ifelse(good, samples.outcome, rejected), slice=number, bucket=bucket)
    return keyed.group_by(*by, "outcome", "slice", "bucket").agg(
        n=keyed.count(), lo_s=keyed.duration_s.min(), hi_s=keyed.duration_s.max()
    )


def usable(value: Any) -> Any:
    """Whether a value is a duration, as an Ibis expression: NaN is above all numbers, or equal to none, by engine."""
    return ((value >= 0) & (value < LONGEST_S)).fill_null(False)


def bucket_of(value: Any) -> Any:
    """Number of the bucket of a positive value, as an Ibis expression: ceil(ln(value) / ln(gamma))."""
    return (value.ln() / LN_GAMMA).ceil().cast("int32")


@dataclass(frozen=True, slots=True)
class Reduced:
    """Counted rows, one per call, outcome, slice and bucket, as arrays of one length; `call` indexes `calls`."""

    calls: tuple[Call, ...]
    call: Integers
    outcome: Integers
    slice: Integers
    bucket: Integers
    n: Integers
    lo_s: npt.NDArray[np.float64]
    hi_s: npt.NDArray[np.float64]
    unknown_outcomes: tuple[str, ...] = ()

    def of(self, chosen: npt.NDArray[np.bool_]) -> Reduced:
        """The rows that are chosen; a view where they lie together."""
        n = int(np.count_nonzero(chosen))
        first = int(chosen.argmax()) if n else 0
        rows = slice(first, first + n) if chosen[first : first + n].all() else np.flatnonzero(chosen)
        return _reduced(self.calls, {name: getattr(self, name)[rows] for name in _ARRAYS})

    def by_call(self) -> tuple[Reduced, ...]:
        """The rows of each call, in order of `calls`; those of one outcome lie together."""
        group = self.call * len(OUTCOMES) + self.outcome
        if (group[1:] >= group[:-1]).all():
            return self._pieces({name: getattr(self, name) for name in _ARRAYS})
        if len(self.calls) * len(OUTCOMES) < 2**16:
            group = group.astype(np.uint16)  # short numbers are sorted by counting them, which is fast
        order = np.argsort(group, kind="stable")
        call, outcome = (part.astype(np.int64) for part in np.divmod(group[order], len(OUTCOMES)))
        others = {name: getattr(self, name)[order] for name in _ARRAYS if name not in ("call", "outcome")}
        return self._pieces({"call": call, "outcome": outcome, **others})

    def _pieces(self, arrays: Mapping[str, npt.NDArray[Any]]) -> tuple[Reduced, ...]:
        ends = np.searchsorted(arrays["call"], np.arange(len(self.calls) + 1)).tolist()
        return tuple(
            _reduced(self.calls, {name: array[start:end] for name, array in arrays.items()}) for start, end in pairwise(ends)
        )


_ARRAYS = ("call", "outcome", "slice", "bucket", "n", "lo_s", "hi_s")


def collect(table: Any, numbers: Mapping[Call, int] | None = None) -> Reduced:
    """The result of `reduce`, or `Buckets` with slices, as arrays.

    With `numbers`, the columns `call` and `outcome` are numbers; else calls are read from caller, callee and operation.
    """
    if numbers is None:
        calls, call = _calls(table)
        outcome, unknown = _outcomes(table["outcome"])
    else:
        calls = sorted(numbers, key=in_order)
        given = np.array([numbers[call] for call in calls], dtype=np.int64)
        ascending = np.argsort(given)
        call = ascending[positions(_numbers(table["call"], -1, np.int64), given[ascending])]
        outcome, unknown = _numbers(table["outcome"], UNKNOWN, np.int64), ()
    columns = {
        "call": call,
        "outcome": outcome,
        "slice": _numbers(table["slice"], NO_SLICE, np.int64),
        "bucket": _numbers(table["bucket"], ZERO - 1, np.int64),
        "n": _numbers(table["n"], 0, np.int64),
        **{name: _numbers(table[name], math.nan, np.float64) for name in ("lo_s", "hi_s")},
    }
    return _reduced(calls, columns, unknown)


def _calls(table: Any) -> tuple[list[Call], npt.NDArray[np.int64]]:
    """Distinct calls of a table in order of their names, and the position of each row's."""
    import pyarrow as pa
    import pyarrow.compute as pc

    keys = ("caller", "callee", "operation")
    names = [pc.dictionary_encode(pc.fill_null(pc.cast(table[key], pa.string()), "\0")) for key in keys]
    codes, words = zip(*(_codes(column) for column in names), strict=True)
    key = (codes[0] * len(words[1]) + codes[1]) * len(words[2]) + codes[2]
    values, first, index = np.unique(key, return_index=True, return_inverse=True)
    found = [
        Call(words[0][codes[0][i]], words[1][codes[1][i]], None if words[2][codes[2][i]] == "\0" else words[2][codes[2][i]])
        for i in first
    ]
    order = sorted(range(len(found)), key=lambda i: in_order(found[i]))
    place = np.empty(len(values), dtype=np.int64)
    place[order] = np.arange(len(values))
    return [found[i] for i in order], place[index]


def in_order(call: Call) -> tuple[str, str, str]:
    """What calls are sorted by."""
    return call.caller, call.callee, call.operation or ""


def join(parts: Iterable[Reduced]) -> Reduced:
    """Several reductions as one; equal calls become one call."""
    items = list(parts)
    if (
        len(items) == 1
        and len(set(items[0].calls)) == len(items[0].calls)
        and list(items[0].calls) == sorted(items[0].calls, key=in_order)
    ):
        return items[0]
    calls = tuple(sorted({call for part in items for call in part.calls}, key=in_order))
    place = {call: i for i, call in enumerate(calls)}
    arrays = {name: np.concatenate([getattr(part, name) for part in items]) for name in _ARRAYS if name != "call"}
    index = [np.array([place[call] for call in part.calls], dtype=np.int64)[part.call] for part in items]
    return _reduced(calls, {**arrays, "call": np.concatenate(index)})


def nothing() -> Reduced:
    """A reduction of no samples."""
    return _reduced((), {name: np.empty(0, np.float64 if name.endswith("_s") else np.int64) for name in _ARRAYS})


def _reduced(calls: Iterable[Call], arrays: Mapping[str, npt.NDArray[Any]], unknown: tuple[str, ...] = ()) -> Reduced:
    return Reduced(tuple(calls), **{name: arrays[name] for name in _ARRAYS}, unknown_outcomes=unknown)


def merged(
    rows: Reduced,
) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64], npt.NDArray[np.int64], npt.NDArray[np.int64]]:
    """Rows of one call added up over slices: lower ends, upper ends and counts of its buckets, ascending, and their numbers."""
    if not len(rows.n):
        return np.empty(0), np.empty(0), np.empty(0, np.int64), np.empty(0, np.int64)
    bucket, place = distinct(rows.bucket)
    lo, hi = np.full(len(bucket), math.inf), np.full(len(bucket), -math.inf)
    np.minimum.at(lo, place, rows.lo_s)
    np.maximum.at(hi, place, rows.hi_s)
    n = np.bincount(place, weights=rows.n).astype(np.int64)  # counts below 2^53: exact
    ascending = np.lexsort((hi, lo))
    return lo[ascending], hi[ascending], n[ascending], bucket[ascending]


def distinct(values: Integers) -> tuple[Integers, Integers]:
    """The distinct values, ascending, and which of them each value is; without sorting where they lie close together.

    >>> distinct(np.array([7, 5, 7]))
    (array([5, 7]), array([1, 0, 1]))
    """
    if not len(values):
        return values, values
    first, last = int(values.min()), int(values.max())
    if last - first > _CLOSE:
        found, place = np.unique(values, return_inverse=True)
        return found, place.astype(np.int64)
    there = np.zeros(last - first + 1, dtype=np.bool_)
    there[values - first] = True
    found = np.flatnonzero(there) + first
    return found, positions(values, found)


def positions(values: Integers, among: Integers) -> Integers:
    """Where in `among`, which is ascending and holds all of them, each of the values stands.

    >>> positions(np.array([7, 5, 7]), np.array([5, 6, 7]))
    array([2, 0, 2])
    """
    if not len(among) or int(among[-1]) - int(among[0]) > _CLOSE:
        return np.searchsorted(among, values)
    table = np.zeros(int(among[-1] - among[0]) + 1, dtype=np.int64)
    table[among - among[0]] = np.arange(len(among))
    found: Integers = table[values - among[0]]
    return found


def _codes(column: Any) -> tuple[npt.NDArray[np.int64], list[str]]:
    encoded = column.combine_chunks() if hasattr(column, "combine_chunks") else column
    if hasattr(encoded, "chunks"):
        encoded = encoded.unify_dictionaries().chunk(0)
    return encoded.indices.to_numpy(zero_copy_only=False).astype(np.int64), encoded.dictionary.to_pylist() or [""]


def _outcomes(column: Any) -> tuple[npt.NDArray[np.int64], tuple[str, ...]]:
    import pyarrow.compute as pc

    codes, words = _codes(pc.dictionary_encode(pc.fill_null(column.cast("string"), "")))
    unknown = tuple(sorted(word for word in words if word not in OUTCOMES)) if len(codes) else ()
    table = np.array([OUTCOMES.index(word) if word in OUTCOMES else ERROR for word in words], dtype=np.int64)
    return table[codes], unknown


def _numbers(column: Any, missing: float, kind: Any) -> Any:
    import pyarrow as pa
    import pyarrow.compute as pc

    wanted = pa.int64() if kind is np.int64 else pa.float64()
    found = pc.cast(column, wanted, safe=False)
    return (pc.fill_null(found, pa.scalar(missing, wanted)) if found.null_count else found).to_numpy()
