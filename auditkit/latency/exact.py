"""Exact order statistics, by a second look at the few buckets in which they lie.

The reduction tells the bucket of every rank, and the rank inside the bucket; only the samples of those buckets are read
again. So an exact quantile costs one more scan and little memory, however many samples there are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.latency.counting import Tables
from auditkit.latency.duck import Duck
from auditkit.latency.profile import Ladder, wanted_ranks
from auditkit.latency.reduce import OK, Call, bucket_of, usable


@dataclass(frozen=True, slots=True)
class Wanted:
    """A call, its answers, how many more calls were cut off, and the slices that do not count."""

    call: Call
    answers: Ladder
    cut_off: int
    left_out: npt.NDArray[np.int64]


def exact_ranks(
    duck: Duck, parts: Sequence[Tables], wanted: Sequence[Wanted], slice_s: float | None
) -> tuple[dict[int, float], ...]:
    """For each wanted call, the exact values of the ranks that bound its quantiles."""
    result: list[dict[int, float]] = [{} for _ in wanted]
    inside: dict[tuple[int, int], list[tuple[int, int]]] = {}
    for index, item in enumerate(wanted):
        answers = item.answers
        before = np.concatenate([[0], np.cumsum(answers.n)])
        for rank in wanted_ranks(answers.total + item.cut_off):
            if rank > answers.total:
                continue
            column = answers.column(rank)
            if answers.lo_s[column] == answers.hi_s[column]:
                result[index][rank] = float(answers.lo_s[column])
            else:
                inside.setdefault((index, int(answers.bucket[column])), []).append((rank, rank - int(before[column])))
    values = _values(duck, parts, wanted, list(inside), slice_s)
    for (index, bucket), ranks in inside.items():
        for rank, place in ranks:
            result[index][rank] = float(values[(index, bucket)][place - 1])
    return tuple(result)


def _values(
    duck: Duck, parts: Sequence[Tables], wanted: Sequence[Wanted], buckets: Sequence[tuple[int, int]], slice_s: float | None
) -> dict[tuple[int, int], npt.NDArray[np.float64]]:
    """Samples of the wanted buckets, ascending, by index of the call and bucket."""
    import pyarrow as pa

    if not buckets:
        return {}
    out = [(index, int(number)) for index, item in enumerate(wanted) for number in item.left_out]
    left_out = duck.arrow(_table(("index", "slice"), out)) if out and slice_s is not None else None
    indices: dict[Call, int] = {item.call: index for index, item in enumerate(wanted)}
    of_call: dict[int, list[int]] = {}
    for index, bucket in buckets:
        of_call.setdefault(index, []).append(bucket)
    found = []
    for part in parts:
        rows = [
            (indices[name], number, bucket)
            for number, name in part.names.items()
            if name in indices
            for bucket in of_call.get(indices[name], ())
        ]
        if rows:
            looked_for = duck.arrow(_table(("index", "call", "bucket"), rows))
            found.append(duck.run(_in_buckets(part.table, looked_for, left_out, slice_s), "samples"))
    table = pa.concat_tables(found)
    index, bucket, value = (table[name].to_numpy() for name in ("index", "bucket", "duration_s"))
    order = np.lexsort((value, bucket, index))
    index, bucket, value = index[order], bucket[order], value[order]
    edges = np.flatnonzero((np.diff(index) != 0) | (np.diff(bucket) != 0)) + 1
    starts = np.concatenate([[0], edges]).astype(np.int64)
    return {(int(index[s]), int(bucket[s])): piece for s, piece in zip(starts, np.split(value, edges), strict=True)}


def _in_buckets(samples: Any, looked_for: Any, left_out: Any, slice_s: float | None) -> Any:
    """Index, bucket and duration of the successful samples that lie in the buckets, without the slices left out."""
    good = samples.filter((samples.outcome == OK) & (samples.duration_s > 0) & usable(samples.duration_s))
    keyed = good.select("call", "start_s", "duration_s", bucket=bucket_of(good.duration_s))
    joined = keyed.inner_join(looked_for, ["call", "bucket"])
    if left_out is not None and slice_s is not None:
        joined = joined.mutate(slice=(joined.start_s / slice_s).floor().cast("int64")).anti_join(left_out, ["index", "slice"])
    return joined.select("index", "bucket", "duration_s")


def _table(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Any:
    import pyarrow as pa

    return pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)})
