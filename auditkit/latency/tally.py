"""Many samples, counted in machine code as they come from DuckDB: the rows of `reduce`, in order, at several times its speed.

DuckDB reads, and puts numbers in place of names; the samples themselves are never held. Where there are too many different
calls, slices and buckets to hold, there is no tally, and `reduce` does it out of core.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.latency.duck import Duck
from auditkit.latency.numbered import Numbered
from auditkit.latency.reduce import Call, Integers, Reduced, in_order

MANY = 200_000
"""From so many samples on, counting in machine code saves more than it takes to load."""
_MOST = 2**31
_PIECE = 131_072
"""Samples that are handed over at once."""


@dataclass(frozen=True, slots=True)
class Seen:
    """A call of an export, and its first and last start in epoch seconds; None where no start is known."""

    call: Call
    first_s: float | None
    last_s: float | None


@dataclass(frozen=True, slots=True)
class Tallied:
    """Rows as `reduce` counts them, in order of call and outcome; the calls in order of their names; and all failures.

    `failures`: number of the call and window of time of each; None where they are too many.
    """

    reduced: Reduced
    seen: tuple[Seen, ...]
    failures: tuple[Integers, Integers] | None


def tally(duck: Duck, samples: Numbered, rows: int, slice_s: float | None, span_s: tuple[float, float] | None) -> Tallied | None:
    """All the samples, which are so many rows, counted; None where there is not room enough.

    `span_s`: first and last start, where any is known.
    """
    from auditkit.latency.tally_kernels import add, empty

    if rows >= _MOST:
        return None
    first, slices = 0, 1
    if slice_s is not None and span_s is not None:
        first = math.floor(span_s[0] / slice_s)
        slices = math.floor(span_s[1] / slice_s) - first + 2
    counted = empty(slices)
    for piece in duck.pieces(samples.table, _COLUMNS, _PIECE):
        if not add(counted, piece, slice_s or 1.0, first):
            return None
    return _tallied(counted, samples, first)


_COLUMNS = ("call", "start_s", "duration_s", "outcome")


def _tallied(counted: Any, samples: Numbered, first_slice: int) -> Tallied:
    from auditkit.latency.tally_kernels import BLOCK_BITS, rows_of

    n_calls, n_blocks, failed = counted.used.tolist()
    named = [samples.call(number) for number in counted.number[:n_calls].tolist()]
    by_name = sorted(range(n_calls), key=lambda place: in_order(named[place]))
    rank = np.empty(n_calls, np.int64)
    rank[by_name] = np.arange(n_calls)
    appeared, rest = np.divmod(counted.key[:n_blocks], 8 << BLOCK_BITS)
    order = np.argsort(rank[appeared] * (8 << BLOCK_BITS) + rest)
    rows = int(np.count_nonzero(counted.counts[:n_blocks]))
    whole, outcome, ends_s = np.empty((4, rows), np.int32), np.empty(rows, np.int8), np.empty((2, rows))
    rows_of(counted, order, rank, first_slice, whole, outcome, ends_s)
    call, number, bucket, n = whole
    seen = tuple(Seen(named[i], _known(counted.first_s[i]), _known(counted.last_s[i])) for i in by_name)
    reduced = Reduced(tuple(item.call for item in seen), call, outcome, number, bucket, n, *ends_s)
    failures = None
    if failed <= len(counted.failed):
        failures = counted.number[counted.failed[:failed]], counted.window[:failed].copy()
    return Tallied(reduced, seen, failures)


def _known(seconds: npt.NDArray[np.float64]) -> float | None:
    return float(seconds) if math.isfinite(seconds) else None
