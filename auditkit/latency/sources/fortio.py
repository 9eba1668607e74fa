"""fortio: its JSON result, a histogram of counted intervals in seconds."""

from __future__ import annotations

import json

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.sources.rows import Bucket, buckets, epoch, stem, target, whole

_GOOD = {"200", "OK", "SERVING", "0"}


def detect(head: Head) -> bool:
    """Whether it shows fortio's keys."""
    return head.text.lstrip().startswith("{") and '"DurationHistogram"' in head.text and '"ActualQPS"' in head.text


def read(file: File, asked: Asked) -> Buckets:
    """The intervals as they are; errors are taken out where fortio lists them apart."""
    try:
        report = json.loads(file.text())
        data = [(float(d["Start"]), float(d["End"]), whole(d["Count"])) for d in report["DurationHistogram"]["Data"]]
        codes = {str(code): whole(n) for code, n in (report.get("RetCodes") or {}).items()}
        start = epoch(str(report.get("StartTime", "")))
        wrong = (report.get("ErrorsDurationHistogram") or {}).get("Data") or []
        bad = {(float(d["Start"]), float(d["End"])): whole(d["Count"]) for d in wrong}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError.of(file.name, "is no complete result of fortio", "write it with -json FILE") from error
    failures = sum(n for code, n in codes.items() if code not in _GOOD and not code.startswith(("2", "3")))
    host, operation = target(str(report.get("URL") or "")) if report.get("URL") else (str(report.get("Destination") or ""), None)
    name = (host or stem(file)).rsplit(":", 1)[0]
    found = []
    for lo, hi, n in data:
        errors = min(n, bad.get((lo, hi), 0))
        found.append(Bucket("fortio", name, operation, start, "ok", lo, hi, n - errors))
        found.append(Bucket("fortio", name, operation, start, "error", lo, hi, errors))
    mixed = failures - sum(bad.values())
    return buckets(found, file, (f"{mixed} failures are among the durations",) if mixed > 0 else ())


SOURCE = Source(
    name="fortio",
    title="fortio as JSON",
    unit="Seconds; intervals counted by fortio itself.",
    covers="The load generator's wait for a whole answer over connections that are kept.",
    errors="RetCodes; durations of errors apart only where ErrorsDurationHistogram is there.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="s",
)
