"""Trace formats read into one table of spans, and the calls seen in it. Serves importers and latency."""

from __future__ import annotations

from auditkit.spans.calls import CallTable, calls, operation_name
from auditkit.spans.formats import SPAN_FORMATS, SpanFormat, detect_spans, read_spans
from auditkit.spans.table import Span, SpanTable, as_id, span_table, workload_name

__all__ = [
    "SPAN_FORMATS", "CallTable", "Span", "SpanFormat", "SpanTable", "as_id", "calls", "detect_spans", "operation_name",
    "read_spans", "span_table", "workload_name",
]  # fmt: skip
