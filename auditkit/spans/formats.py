"""The table of trace formats."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditkit.errors import InputError
from auditkit.spans import jaeger, otlp, span_csv, zipkin
from auditkit.spans.table import SpanTable


@dataclass(frozen=True, slots=True)
class SpanFormat:
    """How one trace format is known and read. `detect(name, text)` sees at least the beginning of the text."""

    name: str
    title: str
    detect: Callable[[str, str], bool]
    read: Callable[[str, str], SpanTable]


SPAN_FORMATS: Mapping[str, SpanFormat] = {
    "span-csv": SpanFormat("span-csv", "Spans as CSV (TraceID, SpanID, ParentID, PodName, …)", span_csv.detect, span_csv.read),
    "jaeger": SpanFormat("jaeger", "Jaeger JSON", jaeger.detect, jaeger.read),
    "otlp": SpanFormat("otlp", "OTLP traces as JSON or JSON lines", otlp.detect, otlp.read),
    "zipkin": SpanFormat("zipkin", "Zipkin v2 JSON", zipkin.detect, zipkin.read),
}


def detect_spans(name: str, text: str) -> str | None:
    """The trace format of a text, by its content; None where it is none that is known."""
    return next((key for key, form in SPAN_FORMATS.items() if form.detect(name, text)), None)


def read_spans(text: str, name: str = "spans", format: str | None = None) -> SpanTable:
    """All spans of one export. Raises `InputError` where the format is unknown or the text is damaged."""
    known = format or detect_spans(name, text)
    if known is None or known not in SPAN_FORMATS:
        what = "is no trace export that is known" if format is None else f"unknown trace format {format!r}"
        raise InputError.of(name, what, f"known are {', '.join(SPAN_FORMATS)}")
    return SPAN_FORMATS[known].read(text, name)
