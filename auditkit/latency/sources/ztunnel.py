"""Access log of Istio's ztunnel: one line a connection, with the workloads of both sides."""

from __future__ import annotations

import re

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, samples
from auditkit.spans import workload_name
from auditkit.units import parse_duration

_PAIR = re.compile(r'([a-z_.]+)=(?:"([^"]*)"|(\S+))')


def detect(head: Head) -> bool:
    """Whether the first line is ztunnel's."""
    return "connection complete" in head.text and "src.workload=" in head.text and "duration=" in head.text


def read(file: File, asked: Asked) -> Samples:
    """All connections between workloads; of a pair that both sides logged, the caller's lines."""
    rows: list[tuple[bool, Row]] = []
    for line_number, line in file.lines():
        if "connection complete" not in line:
            continue
        fields = {key: quoted or bare for key, quoted, bare in _PAIR.findall(line)}
        try:
            duration, outbound = parse_duration(fields["duration"]), fields["direction"] == "outbound"
            caller = workload_name(fields["src.workload"])
            callee = workload_name(fields.get("dst.workload") or fields["dst.service"].split(".", 1)[0])
        except (KeyError, ValueError) as error:
            raise InputError.of(f"{file.name}:{line_number}", "is no complete line of ztunnel", "is the file cut off?") from error
        end = epoch(line.split("\t", 1)[0])
        began = None if end is None else end - duration
        rows.append((outbound, Row(caller, callee, None, began, duration, "error" if "error" in fields else "ok")))
    sent = {row[:2] for outbound, row in rows if outbound}
    kept = [row for outbound, row in rows if outbound or row[:2] not in sent]
    note = f"{len(rows) - len(kept)} lines of the callee's side are left out: the caller logged the same calls"
    return samples(kept, file, asked, (note,) if len(kept) < len(rows) else ())


SOURCE = Source(
    name="ztunnel",
    title="Istio ztunnel access log",
    unit="Written beside each figure.",
    covers="A whole connection, which may carry several requests.",
    errors="A field error.",
    detect=detect,
    read=read,
    loop="open",
)
