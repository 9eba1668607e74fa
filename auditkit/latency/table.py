"""The table of sources. Adding one is a file in `sources/` and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.latency.base import Head, Source
from auditkit.latency.sources import csv_samples, parquet_samples, traces

_ALL = (
    parquet_samples.SOURCE,
    traces.SPAN_CSV,
    csv_samples.SOURCE,
)
SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}


def detect_source(head: Head, sources: Mapping[str, Source] = SOURCES) -> Source | None:
    """The source that knows the content; None where nobody does. The order of the table decides between several."""
    return next((source for source in sources.values() if source.detect(head)), None)
