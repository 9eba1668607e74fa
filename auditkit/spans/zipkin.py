"""Zipkin v2 JSON: a list of spans, or of traces, times in microseconds; both sides of a call may share one span id."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from auditkit.errors import InputError
from auditkit.spans.attributes import kind_of, other_side, outcome_of
from auditkit.spans.json_text import documents, items, mapping, whole
from auditkit.spans.table import Span, SpanTable, span_table, workload_name


def detect(name: str, text: str) -> bool:
    """Whether the text shows the keys of Zipkin spans."""
    return text.lstrip()[:1] in "[{" and '"traceId"' in text and ('"localEndpoint"' in text or '"binaryAnnotations"' in text)


def read(text: str, name: str) -> SpanTable:
    """All spans. Raises `InputError` where it is no JSON, holds no span, or is of the older version 1."""
    raw = [mapping(span) for document in documents(text, name) for span in _flat(document)]
    if any("binaryAnnotations" in span for span in raw):
        raise InputError.of(name, "is Zipkin version 1", "fetch it from /api/v2/traces, which gives version 2")
    spans = [span for span in map(_span, raw) if span is not None]
    if not spans:
        raise InputError.of(name, "holds no Zipkin span", "export traces from a window in which there was traffic")
    notes = []
    if len(spans) < len(raw):
        notes.append(f"{len(raw) - len(spans)} spans without id or service are left out")
    timeless = sum(span.duration_ns is None for span in spans)
    if timeless:
        notes.append(f"{timeless} spans have no duration")
    return span_table(_own_ids(spans), notes)


def _flat(document: object) -> list[Any]:
    whole_list = items(document) or ([document] if isinstance(document, dict) else [])
    return [span for item in whole_list for span in (item if isinstance(item, list) else [item])]


def _span(span: Any) -> Span | None:
    here, there = mapping(span.get("localEndpoint")), mapping(span.get("remoteEndpoint"))
    service = here.get("serviceName") or here.get("ipv4") or here.get("ipv6")
    if not span.get("id") or not service:
        return None
    tags, kind, start = mapping(span.get("tags")), kind_of(span.get("kind")), whole(span.get("timestamp"), 1000)
    peer = there.get("serviceName") or other_side(tags, kind)
    if kind in ("client", "producer", "consumer"):
        peer = peer or there.get("ipv4")
    return Span(
        trace=str(span.get("traceId")), span=str(span["id"]), parent=str(span["parentId"]) if span.get("parentId") else None,
        workload=workload_name(str(service)), pod=str(here.get("ipv4") or service), operation=str(span.get("name") or ""),
        kind=kind, start_ns=start, duration_ns=whole(span.get("duration"), 1000), outcome=outcome_of(tags, "error" in tags),
        peer=str(peer) if peer and kind not in ("internal", "unknown") else None,
    )  # fmt: skip


def _own_ids(spans: Iterable[Span]) -> list[Span]:
    """Gives the server's half of a shared id an id of its own below the client's, and its children to it."""
    rows = list(spans)
    clients = {(span.trace, span.span) for span in rows if span.kind == "client"}
    halves = {
        (span.trace, span.span): span.workload for span in rows if span.kind == "server" and (span.trace, span.span) in clients
    }
    found = []
    for span in rows:
        key, above = (span.trace, span.span), (span.trace, span.parent or "")
        if span.kind == "server" and key in halves:
            found.append(replace(span, span=f"{span.span}/server", parent=span.span))
        elif above in halves and halves[above] == span.workload:
            found.append(replace(span, parent=f"{span.parent}/server"))
        else:
            found.append(span)
    return found
