"""OTLP traces as JSON or JSON lines (the collector's file exporter): `resourceSpans[]`, times in nanoseconds, as text."""

from __future__ import annotations

from typing import Any

from auditkit.errors import InputError
from auditkit.spans.attributes import kind_of, other_side, outcome_of
from auditkit.spans.json_text import documents, items, mapping, whole
from auditkit.spans.table import Span, SpanTable, span_table, workload_name

_RESOURCES = ("resourceSpans", "resource_spans", "batches")
_SCOPES = ("scopeSpans", "scope_spans", "instrumentationLibrarySpans", "instrumentation_library_spans")


def detect(name: str, text: str) -> bool:
    """Whether the text shows the keys of OTLP spans, old or new."""
    return text.lstrip()[:1] == "{" and any(f'"{key}"' in text for key in _SCOPES)


def read(text: str, name: str) -> SpanTable:
    """All spans of all resources. Raises `InputError` where it is no JSON or holds no span."""
    spans: list[Span | None] = []
    for document in documents(text, name):
        for resource in _first(mapping(document), _RESOURCES):
            about = attributes(mapping(mapping(resource).get("resource")).get("attributes"))
            for scope in _first(mapping(resource), _SCOPES):
                spans += [_span(mapping(span), about) for span in items(mapping(scope).get("spans"))]
    known = [span for span in spans if span is not None]
    if not known:
        raise InputError.of(
            name, "holds no OTLP span", "export traces, not metrics or logs, from a window in which there was traffic"
        )
    lost = len(spans) - len(known)
    return span_table(known, [f"{lost} spans without id or start are left out"] if lost else ())


def attributes(raw: object) -> dict[str, object]:
    """Attributes of OTLP, a list of key and typed value, as a plain mapping."""
    found: dict[str, object] = {}
    for pair in map(mapping, items(raw)):
        value = mapping(pair.get("value"))
        found[str(pair.get("key"))] = next((said for kind, said in value.items() if kind.lower().endswith("value")), None)
    return found


def _first(value: Any, keys: tuple[str, ...]) -> Any:
    return next((items(value[key]) for key in keys if key in value), ())


def _span(span: Any, about: dict[str, object]) -> Span | None:
    def key(name: str, old: str) -> Any:
        return span.get(name, span.get(old))

    identity, start = key("spanId", "span_id"), whole(key("startTimeUnixNano", "start_time_unix_nano"))
    end = whole(key("endTimeUnixNano", "end_time_unix_nano"))
    if not identity or not start:
        return None
    own, kind = attributes(span.get("attributes")), kind_of(span.get("kind"))
    failed = str(mapping(span.get("status")).get("code", "")).upper() in {"2", "STATUS_CODE_ERROR", "ERROR"}
    service = str(about.get("service.name") or about.get("k8s.deployment.name") or about.get("k8s.pod.name") or "unknown")
    return Span(
        trace=str(key("traceId", "trace_id")), span=str(identity), parent=key("parentSpanId", "parent_span_id") or None,
        workload=workload_name(service), pod=str(about.get("k8s.pod.name") or about.get("service.instance.id") or service),
        operation=str(span.get("name") or ""), kind=kind, start_ns=start, duration_ns=end - start if end else None,
        outcome=outcome_of(own, failed), peer=other_side(own, kind),
    )  # fmt: skip
