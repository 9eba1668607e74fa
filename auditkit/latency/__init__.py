"""Latency exports of any source as `LatencyProfile`s: counts in intervals, quantiles with bounds, nothing averaged."""

from __future__ import annotations

from auditkit.latency.base import Asked, Buckets, File, Head, Percentiles, Samples, Source
from auditkit.latency.measure import Measured, measure
from auditkit.latency.naming import Unmatched, rename
from auditkit.latency.reduce import reduce
from auditkit.latency.store import from_parquet, to_parquet
from auditkit.latency.table import SOURCES

__all__ = [
    "SOURCES", "Asked", "Buckets", "File", "Head", "Measured", "Percentiles", "Samples", "Source", "Unmatched",
    "from_parquet", "measure", "reduce", "rename", "to_parquet",
]  # fmt: skip
