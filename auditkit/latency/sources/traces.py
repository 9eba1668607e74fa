"""Trace exports of every format in `auditkit.spans`: the caller's own span is what it waited."""

from __future__ import annotations

from collections.abc import Callable

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sampling import sampled
from auditkit.model.latency import Side
from auditkit.spans import SPAN_FORMATS, calls, read_spans


def _detect(format: str) -> Callable[[Head], bool]:
    return lambda head: SPAN_FORMATS[format].detect(head.name, head.text)


def _read(format: str) -> Callable[[File, Asked], Samples]:
    def read(file: File, asked: Asked) -> Samples:
        import pyarrow.compute as pc

        text = file.text()
        spans = read_spans(text, file.name, format)
        found = calls(spans)
        table, notes = found.table, [*found.notes, *sampled(text, spans)]
        later = pc.sum(pc.equal(table["call"], "async")).as_py() or 0
        if later:
            notes.append(f"{later} asynchronous calls are left out: nobody waits for them")
            table = table.filter(pc.equal(table["call"], "sync"))
        if not table.num_rows:
            raise InputError.of(
                file.name, "holds spans, but no call between two workloads", "export whole traces, not single services"
            )
        only_server = pc.sum(pc.equal(table["side"], "server")).as_py() or 0
        if only_server:
            notes.append(
                f"{only_server} of {table.num_rows} calls have no span of the caller: the callee's own time, without network"
            )
        side: Side = "client" if not only_server else "server" if only_server == table.num_rows else "unknown"
        columns = table.select(["caller", "callee", "operation", "start_s", "duration_s", "outcome"])
        return Samples(asked.duck.keep(asked.duck.arrow(columns), file.name), tuple(notes), side)

    return read


def source(format: str, written_in: str, unit: str, errors: str) -> Source:
    """The latency source of one trace format."""
    return Source(
        name=format,
        title=SPAN_FORMATS[format].title,
        unit=unit,
        covers=(
            "The caller's own (client) span where there is one: what it waited, connecting included. "
            "Else the callee's span, which lacks the network. Traces are often sampled, some of them by latency."
        ),
        errors=errors,
        detect=_detect(format),
        read=_read(format),
        side="client",
        written_in=written_in,
    )


SPAN_CSV = source(
    "span-csv", "ns", "Nanoseconds, from two epoch times.", "Span CSV does not tell errors: every call counts as ok."
)
JAEGER = source(
    "jaeger",
    "us",
    "Microseconds.",
    "The tags error, otel.status_code, http.status_code and gRPC codes; a passed deadline is a timeout.",
)
OTLP = source(
    "otlp",
    "ns",
    "Nanoseconds, from two epoch times.",
    "The status of the span, HTTP and gRPC codes; a passed deadline is a timeout.",
)
ZIPKIN = source(
    "zipkin", "us", "Microseconds.", "The tag error, HTTP and gRPC codes; spans without duration are counted and left out."
)
