"""Profiles as Parquet, byte for byte the same for equal profiles."""

from __future__ import annotations

import io
import json
from collections.abc import Iterable

from auditkit.errors import InputError
from auditkit.model.latency import Histogram, LatencyProfile, Profiles

_HISTOGRAMS = ("ok", "busiest", "ok_all")
_PARTS = ("lo_s", "hi_s", "counts")


def to_parquet(profiles: Iterable[LatencyProfile]) -> bytes:
    """All profiles, in order of their calls: histograms as lists of numbers, everything else as JSON."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    rows = sorted(profiles, key=lambda profile: profile.call)
    columns: dict[str, object] = {
        "call": pa.array([row.call for row in rows], pa.string()),
        "n": pa.array([row.n for row in rows], pa.int64()),
        "p99_s": pa.array([row.p99.point for row in rows], pa.float64()),
        "about": pa.array([row.model_dump_json(exclude=set(_HISTOGRAMS)) for row in rows], pa.string()),
    }
    for name in _HISTOGRAMS:
        histograms = [getattr(row, name) for row in rows]
        for part in _PARTS:
            kind = pa.list_(pa.int64() if part == "counts" else pa.float64())
            columns[f"{name}_{part}"] = pa.array([None if h is None else list(getattr(h, part)) for h in histograms], kind)
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream, compression="zstd", store_schema=False)
    return stream.getvalue()


def from_parquet(data: bytes) -> Profiles:
    """Profiles by call name, as `to_parquet` wrote them. Raises `InputError` for anything else."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    try:
        # on this thread alone: those that Arrow starts may abort a process that ends right after (exit code 134)
        rows = pq.ParquetFile(io.BytesIO(data), pre_buffer=False).read(use_threads=False).to_pylist()
        return Profiles((row["call"], _profile(row)) for row in rows)
    except (pa.ArrowException, KeyError, ValueError, TypeError) as error:
        what = "is no file of latency profiles"
        raise InputError.of("profiles.parquet", what, "measure again: auditkit latency FILE --into DIR") from error


def _profile(row: dict[str, object]) -> LatencyProfile:
    about = json.loads(str(row["about"]))
    return LatencyProfile.model_validate({**about, **{name: _histogram(row, name) for name in _HISTOGRAMS}})


def _histogram(row: dict[str, object], name: str) -> Histogram | None:
    parts = {part: row.get(f"{name}_{part}") for part in _PARTS}  # files of earlier versions have no `ok_all`
    return None if parts["counts"] is None else Histogram.model_validate(parts)
