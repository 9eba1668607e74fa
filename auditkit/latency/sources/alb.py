"""Access logs of AWS Application Load Balancers."""

from __future__ import annotations

import csv
from collections.abc import Iterator

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, number, samples, target

_TYPES = {"http", "https", "h2", "grpcs", "ws", "wss"}
_FEWEST_FIELDS = 18


def detect(head: Head) -> bool:
    """Whether the first line begins as ALB lines do: type, time, load balancer."""
    fields = head.first_line.split(" ")
    return (
        len(fields) >= _FEWEST_FIELDS
        and fields[0] in _TYPES
        and fields[1].endswith("Z")
        and fields[2].startswith(("app/", "elb/"))
    )


def read(file: File, asked: Asked) -> Samples:
    """All requests that reached a target; websockets are no calls."""
    notes: list[str] = []
    return samples(_rows(file, notes), file, asked, notes)


def _rows(file: File, notes: list[str]) -> Iterator[Row]:
    unsent = streams = whole = 0
    for line_number, line in file.lines():
        fields = next(csv.reader([line], delimiter=" ", escapechar="\\"), [])
        whole = whole or len(fields)
        if not _FEWEST_FIELDS <= whole <= len(fields) or fields[0] not in _TYPES:
            raise InputError.of(f"{file.name}:{line_number}", "is no complete line of an ALB log", "is the file cut off?")
        if fields[0] in ("ws", "wss"):
            streams += 1
            continue
        waited, status, end = number(fields[6]), fields[8], epoch(fields[1])
        late = status == "504" and waited is not None and waited < 0
        if waited is None and fields[6] != "-":
            raise InputError.of(f"{file.name}:{line_number}", f"has the time {fields[6]!r}", "is the file damaged?")
        if waited is None or (waited < 0 and not late):
            unsent += 1
            continue
        created = epoch(fields[21]) if len(fields) > 21 else None
        begun = created if created is not None else end
        if late:  # the target was given up on: the wait is the whole time of the request
            waited = max(0.0, (end or 0.0) - created) if created is not None else None
        method, _, rest = fields[12].partition(" ")
        group = fields[16].rsplit(":targetgroup/", 1)[-1].split("/", 1)[0] if "targetgroup" in fields[16] else fields[4]
        outcome = "timeout" if late else "error" if fields[9].isdigit() and int(fields[9]) >= 500 else "ok"
        yield Row(fields[2].split("/")[1], group, target(rest.split(" ")[0], method)[1], begun, waited, outcome)
    if unsent:
        notes.append(f"{unsent} requests never reached a target and are left out")
    if streams:
        notes.append(f"{streams} websocket connections are left out")


SOURCE = Source(
    name="alb",
    title="AWS Application Load Balancer access log",
    unit="Seconds with three digits.",
    covers="The load balancer's wait for its target's first byte (target_processing_time).",
    errors="target_status_code 500 and above; 504 without a target's answer is a timeout.",
    detect=detect,
    read=read,
    side="client",
    loop="open",
    written_in="s",
)
