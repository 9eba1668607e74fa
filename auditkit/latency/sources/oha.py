"""oha: `--output-format json`. Its histogram is clipped at three times the mean, so its percentiles are read instead."""

from __future__ import annotations

import json

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.sources.rows import Bucket, between, buckets, number, stem, whole

_SHARES = ("p10", "p25", "p50", "p75", "p90", "p95", "p99", "p99.9", "p99.99")


def detect(head: Head) -> bool:
    """Whether it shows oha's keys."""
    return head.text.lstrip().startswith("{") and '"latencyPercentiles"' in head.text and '"fastest"' in head.text


def read(file: File, asked: Asked) -> Buckets:
    """Counts between the percentiles of all answers; oha mixes error statuses in, which are scaled out."""
    try:
        report = json.loads(file.text())
        summary, shares = report["summary"], report["latencyPercentiles"]
        statuses = {str(code): whole(n) for code, n in report["statusCodeDistribution"].items()}
        least, most = float(summary["fastest"]), float(summary["slowest"])
        values = [(share, number(shares.get(share))) for share in _SHARES]
        told = {str(text): whole(n) for text, n in (report.get("errorDistribution") or {}).items()}
    except (ValueError, KeyError, TypeError, AttributeError) as error:
        raise InputError.of(file.name, "is no complete report of oha", "write it with --output-format json") from error
    bad = sum(n for code, n in statuses.items() if not code.startswith(("2", "3")))
    lost = {text: n for text, n in told.items() if "deadline" not in text}
    late = sum(n for text, n in lost.items() if "timeout" in text or "timed out" in text)
    known = [value for _, value in values if value is not None]
    if [least, *known, most] != sorted([least, *known, most]):
        raise InputError.of(file.name, "has percentiles that do not rise", "is the file damaged?")
    marks = [(0.0, least, least), *((float(s[1:]) / 100, v, v) for s, v in values if v is not None), (1.0, most, most)]
    name = stem(file)
    found = [Bucket("oha", name, None, None, "ok", lo, hi, n) for lo, hi, n in between(sum(statuses.values()) - bad, marks)]
    found.append(Bucket("oha", name, None, None, "error", 0.0, most, bad + sum(lost.values()) - late))
    found.append(Bucket("oha", name, None, None, "timeout", most, most, late))
    return buckets(found, file, (f"{bad} answers with an error status are among the percentiles",) if bad else ())


SOURCE = Source(
    name="oha",
    title="oha as JSON",
    unit="Seconds.",
    covers="The load generator's wait, connecting included.",
    errors="statusCodeDistribution and errorDistribution; requests under way at the end are left out.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="s",
)
