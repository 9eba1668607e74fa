"""Gatling's `simulation.log` as text, in its three layouts (2.0-2.1, 2.2-3.2, 3.3-3.11)."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, outcome, samples


def detect(head: Head) -> bool:
    """Whether lines are Gatling's records; a binary log (name and version inside) is known too, to be refused in words."""
    if b"\0" in head.raw:
        return head.name.lower().endswith("simulation.log")
    lines = [line.split("\t") for line in head.text.splitlines()[:50]]
    return any(len(f) >= 5 and (f[0] in ("RUN", "REQUEST") or (len(f) > 2 and f[2] in ("RUN", "REQUEST"))) for f in lines)


def read(file: File, asked: Asked) -> Samples:
    """All requests; users, groups and assertions are no calls."""
    if b"\0" in file.head():
        raise InputError.of(
            file.name,
            "is a binary simulation.log (Gatling 3.12 or newer)",
            "export it as CSV of samples, or run with Gatling 3.11 or older",
        )
    return samples(_rows(file), file, asked)


def _rows(file: File) -> Iterator[Row]:
    for number, line in file.lines():
        fields = line.split("\t")
        if len(fields) > 2 and fields[2] == "REQUEST":  # 2.0: scenario, user, REQUEST, groups, name, four times, status
            groups, name, times, rest = fields[3], fields[4], fields[5:9], fields[9:]
            begin, end = times[0], times[-1] if times else ""
        elif fields[0] == "REQUEST":
            verdict = next((i for i in range(len(fields) - 1, 3, -1) if fields[i].strip() in ("OK", "KO")), None)
            if verdict is None or verdict < 5:
                raise _cut(file, number)
            groups, name, begin, end, rest = (*fields[verdict - 4 : verdict], fields[verdict:])
        else:
            continue
        if not begin.isdigit() or not end.isdigit() or not rest or rest[0].strip() not in ("OK", "KO"):
            raise _cut(file, number)
        failed, message = rest[0].strip() == "KO", rest[1].strip() if len(rest) > 1 else ""
        label = " / ".join(part for part in (*groups.split(","), name) if part)
        start = int(begin) / 1e3
        yield Row("gatling", label, None, start, (int(end) - int(begin)) / 1e3, outcome("", message, failed) if failed else "ok")


def _cut(file: File, line: int) -> InputError:
    return InputError.of(f"{file.name}:{line}", "is no complete request of Gatling", "is the file cut off?")


SOURCE = Source(
    name="gatling",
    title="Gatling simulation.log (text, up to 3.11)",
    unit="Milliseconds, from two epoch times.",
    covers="The load generator's wait from sending, or opening the connection, to the end of the answer.",
    errors="KO is an error; a request timeout is a timeout.",
    detect=detect,
    read=read,
    side="client",
    written_in="ms",
)
