"""The table of sources. Adding one is a file in `sources/` and a line here."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.latency.base import Head, Source
from auditkit.latency.sources import (
    access_log,
    alb,
    apachebench,
    csv_samples,
    fortio,
    gatling,
    hdrlog,
    hey,
    hgrm,
    jmeter,
    k6,
    locust,
    oha,
    parquet_samples,
    percentile_csv,
    prometheus,
    traces,
    vegeta,
    wrk,
    ztunnel,
)

_ALL = (
    parquet_samples.SOURCE,
    traces.SPAN_CSV,
    traces.JAEGER,
    traces.OTLP,
    traces.ZIPKIN,
    hdrlog.SOURCE,
    wrk.SOURCE,
    hgrm.SOURCE,
    k6.SOURCE,
    jmeter.SOURCE,
    locust.SOURCE,
    gatling.SOURCE,
    vegeta.SOURCE,
    apachebench.SOURCE,
    hey.SOURCE,
    oha.SOURCE,
    fortio.SOURCE,
    prometheus.SOURCE,
    alb.SOURCE,
    ztunnel.SOURCE,
    access_log.SOURCE,
    csv_samples.SOURCE,
    percentile_csv.SOURCE,
)
SOURCES: Mapping[str, Source] = {source.name: source for source in _ALL}


def detect_source(head: Head, sources: Mapping[str, Source] = SOURCES) -> Source | None:
    """The source that knows the content; None where nobody does. The order of the table decides between several."""
    return next((source for source in sources.values() if source.detect(head)), None)
