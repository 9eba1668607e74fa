"""wrk and wrk2: what they print with `--latency`."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.sources.hgrm import intervals
from auditkit.latency.sources.rows import Bucket, between, buckets, stem, target

_VALUE = r"([0-9.]+)(us|ms|s|m|h)"
_UNITS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "m": 60.0, "h": 3600.0}
_SHARE = re.compile(rf"^\s+([0-9.]+)%\s+{_VALUE}\s*$", re.MULTILINE)
_LATENCY = re.compile(rf"^\s+Latency\s+{_VALUE}\s+{_VALUE}\s+{_VALUE}", re.MULTILINE)
_REQUESTS = re.compile(r"^\s+([0-9]+) requests in ", re.MULTILINE)
_BAD = re.compile(r"Non-2xx or 3xx responses: ([0-9]+)")
_SOCKET = re.compile(r"Socket errors: connect ([0-9]+), read ([0-9]+), write ([0-9]+), timeout ([0-9]+)")
_URL = re.compile(r"^Running .* test @ (\S+)", re.MULTILINE)


def detect(head: Head) -> bool:
    """Whether it begins as wrk does."""
    return bool(_URL.search(head.text)) and "requests in" in head.text


def read(file: File, asked: Asked) -> Buckets:
    """Counts between the printed percentiles; wrk2's detailed spectrum where it is there."""
    text = file.text()
    requests, latency = _REQUESTS.search(text), _LATENCY.search(text)
    shares = _SHARE.findall(text)
    if not requests or not latency or not {50.0, 75.0, 90.0, 99.0} <= {float(share) for share, _, _ in shares}:
        raise InputError.of(file.name, "prints no latency distribution", "run wrk with --latency, and keep all of its output")
    if len(_REQUESTS.findall(text)) > 1:
        raise InputError.of(file.name, "holds the output of several runs", "give each run a file of its own")
    url = _URL.search(text)
    host, operation = target(url[1]) if url else ("", None)
    bad, socket = _BAD.search(text), _SOCKET.search(text)
    notes = []
    if bad:
        notes.append(f"{bad[1]} answers with an error status are among the durations")
    if socket and int(socket[4]):
        notes.append(f"{socket[4]} answers came after wrk's own timeout and are among the durations")
    name = host or stem(file)
    lost = sum(int(n) for n in socket.groups()[:3]) if socket else 0
    failed = int(bad[1]) if bad else 0
    found = [*_counted(text, int(requests[1]) - failed, shares, latency, name, operation)]
    found.append(Bucket("wrk", name, operation, None, "error", 0.0, _seconds(*latency.groups()[4:6]), failed + lost))
    counted = buckets(found, file, notes)
    return replace(counted, loop="open") if "Recorded Latency" in text else counted


def _counted(
    text: str, n: int, shares: list[tuple[str, str, str]], latency: re.Match[str], name: str, operation: str | None
) -> Iterator[Bucket]:
    spectrum = intervals(text, 1e3) if "TotalCount" in text else []
    most = _seconds(*latency.groups()[4:6])
    marks = [(0.0, 0.0, 0.0)]
    for share, value, unit in shares:
        step = _UNITS[unit] * 10.0 ** -len(value.partition(".")[2]) / 2
        marks.append((float(share) / 100, _seconds(value, unit) - step, min(most, _seconds(value, unit) + step)))
    for lo, hi, count in spectrum or between(n, [*(mark for mark in marks if mark[0] < 1), (1.0, most, most)]):
        yield Bucket("wrk", name, operation, None, "ok", lo, hi, count)


def _seconds(value: str, unit: str) -> float:
    return float(value) * _UNITS[unit]


SOURCE = Source(
    name="wrk",
    title="wrk and wrk2 output (--latency)",
    unit="Printed beside each figure (us, ms, s).",
    covers="The load generator's wait over connections that are kept. wrk2 counts from when a request was due (open loop).",
    errors="'Non-2xx' and 'Socket errors' are counted; their durations are among the others.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
)
