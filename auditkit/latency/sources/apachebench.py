"""ApacheBench: the gnuplot file of `ab -g`, one line a request."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.sources.rows import Bucket, buckets, number, stem

HEADER = "starttime\tseconds\tctime\tdtime\tttime\twait"


def detect(head: Head) -> bool:
    """Whether the first line is ab's."""
    return head.first_line == HEADER


def read(file: File, asked: Asked) -> Buckets:
    """Each request as the millisecond around its rounded time."""
    return buckets(_rows(file), file, ("times are rounded to whole milliseconds; errors cannot be told from successes",))


def _rows(file: File) -> Iterator[Bucket]:
    for line_number, line in file.lines():
        fields = line.split("\t")
        if line_number == 1 and line == HEADER:
            continue
        total = number(fields[4]) if len(fields) == 6 else None
        if total is None or total < 0 or not fields[1].isdigit():
            raise InputError.of(f"{file.name}:{line_number}", "is no complete request of ab -g", "is the file cut off?")
        yield Bucket("ab", stem(file), None, float(fields[1]), "ok", max(0.0, total - 0.5) / 1e3, (total + 0.5) / 1e3, 1)


SOURCE = Source(
    name="ab",
    title="ApacheBench gnuplot file (ab -g)",
    unit="Whole milliseconds (ttime), epoch seconds.",
    covers="The load generator's wait, connecting included.",
    errors="Not told: answers with an error status are among them (see 'Non-2xx responses' in ab's own output).",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="ms",
)
