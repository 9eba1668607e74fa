"""Jaeger JSON, as its query API and its user interface save it: `data[].spans[]`, times in microseconds."""

from __future__ import annotations

from typing import Any

from auditkit.errors import InputError
from auditkit.spans.attributes import kind_of, other_side, outcome_of
from auditkit.spans.json_text import documents, items, mapping, whole
from auditkit.spans.table import Span, SpanTable, span_table, workload_name


def detect(name: str, text: str) -> bool:
    """Whether the text shows the keys of Jaeger spans."""
    return text.lstrip()[:1] in "{[" and '"operationName"' in text and '"startTime"' in text and '"traceID"' in text


def read(text: str, name: str) -> SpanTable:
    """All spans of all traces. Raises `InputError` where it is no JSON or holds no span."""
    spans = [_span(span, mapping(trace.get("processes"))) for trace in _traces(text, name) for span in items(trace.get("spans"))]
    known = [span for span in spans if span is not None]
    if not known:
        raise InputError.of(name, "holds no Jaeger span", "export traces from a window in which there was traffic")
    lost = len(spans) - len(known)
    return span_table(known, [f"{lost} spans without id, service or start are left out"] if lost else ())


def _traces(text: str, name: str) -> list[Any]:
    found: list[Any] = []
    for document in documents(text, name):
        data = document if isinstance(document, list) else mapping(document).get("data", document)
        found += [mapping(trace) for trace in (data if isinstance(data, list) else [data])]
    return found


def _span(raw: Any, processes: Any) -> Span | None:
    span = mapping(raw)
    process = mapping(span.get("process")) or mapping(processes.get(str(span.get("processID"))))
    service, start = process.get("serviceName"), whole(span.get("startTime"), 1000)
    if not service or not span.get("spanID") or start is None:
        return None
    tags = {str(tag["key"]): tag.get("value") for tag in map(mapping, items(span.get("tags"))) if "key" in tag}
    machine = {str(tag["key"]): tag.get("value") for tag in map(mapping, items(process.get("tags"))) if "key" in tag}
    references = [mapping(reference) for reference in items(span.get("references"))]
    parent = next(
        (r.get("spanID") for kind in ("CHILD_OF", "FOLLOWS_FROM") for r in references if r.get("refType") == kind), None
    )
    stated = kind = kind_of(tags.get("span.kind"))
    if parent and kind not in ("client", "producer") and not any(r.get("refType") == "CHILD_OF" for r in references):
        # whoever a span only follows does not wait for it
        kind = "consumer" if any(r.get("refType") == "FOLLOWS_FROM" for r in references) else kind
    return Span(
        trace=str(span.get("traceID")), span=str(span["spanID"]), parent=parent or span.get("parentSpanID") or None,
        workload=workload_name(str(service)), pod=str(machine.get("k8s.pod.name") or machine.get("hostname") or service),
        operation=str(span.get("operationName") or ""), kind=kind, start_ns=start, duration_ns=whole(span.get("duration"), 1000),
        outcome=outcome_of(tags), peer=other_side(tags, stated) if stated == kind else None,
    )  # fmt: skip
