"""Exact order statistics, by a second look at the few buckets in which they lie.

The reduction tells the bucket of every rank, and the rank inside the bucket; only the samples of those buckets are read
again. So an exact quantile costs one more scan and little memory, however many samples there are.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from auditkit.latency.duck import Duck
from auditkit.latency.profile import Ladder, wanted_ranks
from auditkit.latency.reduce import Call, bucket_of

Wanted = tuple[Call, Ladder, int]
"""A call, its answers, and how many more calls were cut off."""


def exact_ranks(
    duck: Duck, parts: Sequence[Any], wanted: Sequence[Wanted], keep: Any, where: str
) -> tuple[dict[int, float], ...]:
    """For each wanted call, the exact values of its ranks. `keep` filters samples as the ladder did (slices, outcomes)."""
    columns: list[dict[int, list[tuple[int, int]]]] = []
    rows: list[tuple[int, str, str, str, int]] = []
    result: list[dict[int, float]] = [{} for _ in wanted]
    for index, (call, answers, cut_off) in enumerate(wanted):
        before = np.concatenate([[0], np.cumsum(answers.n)])
        open_buckets: dict[int, list[tuple[int, int]]] = {}
        for rank in wanted_ranks(answers.total + cut_off):
            if rank > answers.total:
                continue
            column = answers.column(rank)
            if answers.lo_s[column] == answers.hi_s[column]:
                result[index][rank] = float(answers.lo_s[column])
            else:
                open_buckets.setdefault(column, []).append((rank, rank - int(before[column])))
        columns.append(open_buckets)
        rows += [(index, call.caller, call.callee, call.operation or "", int(answers.bucket[c])) for c in open_buckets]
    if not rows:
        return tuple(result)
    values = _values(duck, parts, rows, keep, where)
    for index, (_, answers, _cut) in enumerate(wanted):
        for column, ranks in columns[index].items():
            sorted_values = values[(index, int(answers.bucket[column]))]
            for rank, inside in ranks:
                result[index][rank] = float(sorted_values[inside - 1])
    return tuple(result)


def _values(
    duck: Duck, parts: Iterable[Any], rows: Sequence[tuple[int, str, str, str, int]], keep: Any, where: str
) -> dict[tuple[int, int], npt.NDArray[np.float64]]:
    """Samples of the wanted buckets, ascending, by call and bucket."""
    import pyarrow as pa

    names = ("index", "caller", "callee", "operation_", "bucket")
    buckets = duck.arrow(pa.table({name: list(column) for name, column in zip(names, zip(*rows, strict=True), strict=True)}))
    found: list[Any] = []
    for samples in parts:
        narrowed = keep(samples).filter(samples.duration_s > 0)
        keyed = narrowed.select(
            "caller", "callee", "duration_s", operation_=narrowed.operation.fill_null(""), bucket=bucket_of(narrowed.duration_s)
        )
        joined = keyed.inner_join(buckets, ["caller", "callee", "operation_", "bucket"]).select("index", "bucket", "duration_s")
        found.append(duck.run(joined, where))
    table = pa.concat_tables(found)
    index, bucket, value = (table[name].to_numpy() for name in ("index", "bucket", "duration_s"))
    order = np.lexsort((value, bucket, index))
    index, bucket, value = index[order], bucket[order], value[order]
    edges = np.flatnonzero(np.diff(index) | np.diff(bucket)) + 1
    pieces = np.split(value, edges)
    starts = np.concatenate([[0], edges]).astype(np.int64)
    return {(int(index[s]), int(bucket[s])): piece for s, piece in zip(starts, pieces, strict=True)}
