"""HdrHistogram percentile text (`.hgrm`, wrk2, many plotters): value, percentile, total count, 1/(1-percentile)."""

from __future__ import annotations

import re

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.columns import PER_SECOND
from auditkit.latency.sources.rows import Bucket, buckets, stem

_LINE = re.compile(r"^\s*([0-9.]+)\s+([0-9.]+)\s+([0-9]+)(?:\s+(?:[0-9.]+|inf))?\s*$", re.MULTILINE)
_TOTAL = re.compile(r"Total count\s*=\s*([0-9]+)")


def detect(head: Head) -> bool:
    """Whether the table's heading is there, and it is not the output of wrk2 around it."""
    return bool(re.match(r"\s*\"?Value\"?[\s,]+\"?Percentile\"?[\s,]+\"?TotalCount", head.text))


def intervals(text: str, per_second: float) -> list[tuple[float, float, int]]:
    """Counted intervals in seconds between the table's lines."""
    found: list[tuple[float, float, int]] = []
    before, counted = 0.0, 0
    for value, _, total in _LINE.findall(text):
        here, n = float(value) / per_second, int(total)
        if n > counted:
            found.append((before if counted else min(before or here, here), here, n - counted))
        before, counted = here, n
    return found


def read(file: File, asked: Asked) -> Buckets:
    """The table's counts. Its unit is asked for, because the file does not tell."""
    if asked.unit is None:
        raise InputError.of(file.name, "does not tell its unit", "say it, for example --unit ms")
    text = file.text()
    found = intervals(text, PER_SECOND[asked.unit])
    total = _TOTAL.search(text)
    if total is None or sum(n for _, _, n in found) != int(total[1]):
        raise InputError.of(file.name, "is not complete: its counts do not reach the total", "is the file cut off?")
    return buckets((Bucket("hdr", stem(file), None, None, "ok", lo, hi, n) for lo, hi, n in found), file)


SOURCE = Source(
    name="hgrm",
    title="HdrHistogram percentile text (.hgrm)",
    unit="Not in the file: it is asked for with --unit.",
    covers="What its author measured.",
    errors="Not told.",
    detect=detect,
    read=read,
)
