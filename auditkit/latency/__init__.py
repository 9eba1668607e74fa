"""Latency exports of any source as `LatencyProfile`s: counts in intervals, quantiles with bounds, nothing averaged."""

from __future__ import annotations

from auditkit.latency.base import Asked, Buckets, File, Head, Percentiles, Samples, Source
from auditkit.latency.keeping import kept
from auditkit.latency.measure import Measured, connected, measure, measure_table
from auditkit.latency.naming import Unmatched, rename
from auditkit.latency.normal import LeftOut, TimeRange
from auditkit.latency.reduce import reduce
from auditkit.latency.store import from_parquet, to_parquet
from auditkit.latency.table import SOURCES

__all__ = [
    "SOURCES", "Asked", "Buckets", "File", "Head", "LeftOut", "Measured", "Percentiles", "Samples", "Source", "TimeRange",
    "Unmatched", "connected", "from_parquet", "kept", "measure", "measure_table", "reduce", "rename", "to_parquet",
]  # fmt: skip
