"""Traces of every format in `auditkit.spans` as importers: who called whom, how often, and where requests began."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.traffic import Edge, Traffic, draft, not_too_long
from auditkit.model.draft import Draft
from auditkit.spans import SPAN_FORMATS, CallTable, SpanTable, calls, read_spans

SPAN_CSV_FORMAT: Final = "span-csv"
CANNOT_SAY: Final = ("traces are often a sample, so rates and rare calls may be higher than what they show",)


def _read(format: str) -> Callable[[str, str, ReadSibling], Draft]:
    def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
        try:
            spans = read_spans(not_too_long(text, name), name, format)
            found = calls(spans)
        except (OverflowError, UnicodeError) as error:
            raise InputError.of(name, "holds a number or a text that no span has", "export it again") from error
        return draft(name, _traffic(spans, found, tells_errors=format != SPAN_CSV_FORMAT), CANNOT_SAY)

    return read


def _traffic(spans: SpanTable, found: CallTable, *, tells_errors: bool) -> Traffic:
    workloads = spans.table["workload"].to_pylist()
    roots = zip(workloads, spans.table["parent"].to_pylist(), spans.table["kind"].to_pylist(), strict=True)
    edges = tuple(edge if tells_errors else replace(edge, errors=None) for edge in _edges(found))
    told = set(workloads)
    called = sorted({edge.callee for edge in edges} - told)
    calling = sorted({edge.caller for edge in edges} - told - set(called))
    return Traffic(
        edges=edges,
        workloads=(*sorted(told), *calling, *called),
        silent=frozenset(called),
        entries=dict(Counter(workload for workload, parent, kind in roots if parent is None and kind != "consumer")),
        notes=found.notes,
        nowhere=found.nowhere,
    )


def _edges(found: CallTable) -> tuple[Edge, ...]:
    """The calls of each pair, and of those that wait apart from those that do not; the most frequent operations first."""
    names = ("caller", "callee", "call", "operation", "outcome", "start_s")
    columns = [found.table[name].to_pylist() for name in names]
    counts: Counter[tuple[str, str, str]] = Counter()
    errors: Counter[tuple[str, str, str]] = Counter()
    operations: dict[tuple[str, str, str], Counter[str]] = {}
    starts = [start for start in columns[5] if start is not None]
    for caller, callee, call, operation, outcome, _ in zip(*columns, strict=True):
        key = caller, callee, call
        counts[key] += 1
        errors[key] += outcome != "ok"
        operations.setdefault(key, Counter())[operation or ""] += 1
    window = max(starts) - min(starts) if starts else 0.0
    made = []
    for key in sorted(counts):
        also = f"{counts[key] / window:.2g}/s seen" if window >= 60 else ""
        by_count = sorted(operations[key].items(), key=lambda pair: (-pair[1], pair[0]))
        shown = tuple(name for name, _ in by_count if name)
        made.append(Edge(key[0], key[1], counts[key], errors[key], key[2] == "async", shown, also))
    return tuple(made)


def _importer(format: str, more: str) -> Importer:
    return Importer(
        name=format,
        title=SPAN_FORMATS[format].title,
        prose=(
            "Every call between two workloads that the traces show becomes a dependency (observed), with its count, failures and"
            " operations, however rare; asynchronous where a producer or consumer says so. Callees without spans of their own"
            " become components by what the caller names them; where requests began, journeys are proposed. "
            f"{more} It cannot say which calls did not happen in the recorded window, what a caller does when a call fails, how"
            " many instances run, or, where traces are sampled, the true rate."
        ),
        detect=lambda name, text: SPAN_FORMATS[format].detect(name, text),
        read=_read(format),
    )


JAEGER: Final = _importer("jaeger", "A reference FOLLOWS_FROM counts as asynchronous.")
OTLP: Final = _importer("otlp", "JSON or JSON lines, as the collector writes them.")
ZIPKIN: Final = _importer("zipkin", "Version 2 only.")
SPAN_CSV: Final = _importer(
    SPAN_CSV_FORMAT, "Columns TraceID, SpanID, ParentID, PodName, OperationName and two times; no errors."
)
