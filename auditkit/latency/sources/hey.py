"""hey: `hey -o csv`, one line a request, in seconds to four digits."""

from __future__ import annotations

import re
from collections.abc import Iterator

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, outcome, samples, stem

_FIGURE = re.compile(r"[0-9]+\.[0-9]{4}")  # always four digits: fewer are a line that broke off
HEADER = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset"


def detect(head: Head) -> bool:
    """Whether the first line is hey's."""
    return head.first_line == HEADER


def read(file: File, asked: Asked) -> Samples:
    """All requests; their times are seconds since the start of the run, not of the epoch."""
    return samples(_rows(file), file, asked, ("times are seconds since the start of the run",))


def _rows(file: File) -> Iterator[Row]:
    for line_number, line in file.lines():
        if line_number == 1 and line == HEADER:
            continue
        fields = line.split(",")
        whole = len(fields) == 8 and _FIGURE.fullmatch(fields[0]) and _FIGURE.fullmatch(fields[7])
        if not whole:
            raise InputError.of(f"{file.name}:{line_number}", "is no complete request of hey", "is the file cut off?")
        yield Row("hey", stem(file), None, float(fields[7]), float(fields[0]), outcome(fields[6]))


SOURCE = Source(
    name="hey",
    title="hey as CSV (hey -o csv)",
    unit="Seconds, to a tenth of a millisecond.",
    covers="The load generator's wait, resolving and connecting included.",
    errors="The status code; requests that got no answer are missing from the file.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="s",
)
