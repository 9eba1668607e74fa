"""Locust: statistics, history, and a raw list of requests, each as CSV."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Percentiles, Samples, Source
from auditkit.latency.sources.rows import Bucket, Row, between, buckets, epoch, number, outcome, percentiles, samples

_SHARES = ("50%", "66%", "75%", "80%", "90%", "95%", "98%", "99%", "99.9%", "99.99%")
_RAW = {"start_time", "name", "exception"}


def detect(head: Head) -> bool:
    """Whether the columns are those of one of the three."""
    columns = set(head.first_line.split(","))
    return ({"Name", "Request Count", "99%"} <= columns) or ({"User Count", "Name", "99%"} <= columns) or _is_raw(columns)


def read(file: File, asked: Asked) -> Samples | Buckets | Percentiles:
    """Requests where they are listed; else intervals between the percentiles; of a history the largest percentiles."""
    rows = csv.DictReader(io.StringIO(file.text().strip()))
    columns = set(rows.fieldnames or ())
    if _is_raw(columns):
        return samples(_requests(rows, file), file, asked)
    if "User Count" in columns:
        found = _largest(rows)
        return percentiles([("locust", *name, None, p50, p99) for name, (p50, p99) in found.items()], file)
    if not {"Name", "Request Count", *_SHARES} <= columns:
        raise InputError.of(f"{file.name}:1", "is no CSV of Locust", "write it with --csv NAME, and give NAME_stats.csv")
    note = "percentiles are rounded to two digits by Locust, and hold failures too"
    return buckets(_statistics(rows, file), file, (note,))


def _is_raw(columns: set[str]) -> bool:
    return columns >= _RAW and bool({"response_time_ms", "response_time"} & columns)


def _requests(rows: csv.DictReader[str], file: File) -> Iterator[Row]:
    for row in rows:
        value = number(row.get("response_time_ms") or row.get("response_time"))
        if value is None or not row.get("name") or row.get("exception") is None or None in row:
            raise InputError.of(f"{file.name}:{rows.line_num}", "is no complete request of Locust", "is the file cut off?")
        failure = row["exception"]
        yield Row(
            "locust",
            row["name"],
            row.get("method") or None,
            epoch(row["start_time"]),
            value / 1e3,
            outcome("", failure, bool(failure)),
        )


def _statistics(rows: csv.DictReader[str], file: File) -> Iterator[Bucket]:
    for row in rows:
        if row["Name"] == "Aggregated":
            continue
        count, failures = number(row["Request Count"]), number(row.get("Failure Count"))
        least, most = number(row.get("Min Response Time")), number(row.get("Max Response Time"))
        values = [number(row.get(share)) for share in _SHARES]
        if count is None or failures is None or least is None or most is None or None in values:
            raise InputError.of(
                f"{file.name}:{rows.line_num}", "is no complete line of Locust's statistics", "is the file cut off?"
            )
        marks = [(0.0, least, least)]
        for share, value in zip(_SHARES, values, strict=True):
            low, high = _rounded(value or 0.0)
            marks.append((float(share[:-1]) / 100, max(least, min(low, most)), max(least, min(high, most))))
        marks.append((1.0, most, most))
        name, method = row["Name"], row.get("Type") or None
        for lo, hi, n in between(int(count) - int(failures), marks):
            yield Bucket("locust", name, method, None, "ok", lo / 1e3, hi / 1e3, n)
        yield Bucket("locust", name, method, None, "error", 0.0, most / 1e3, int(failures))


def _rounded(value_ms: float) -> tuple[float, float]:
    """The interval that Locust rounds to this value: to 1, 10, 100 or 1000 ms by size.

    >>> _rounded(33), _rounded(170), _rounded(2300)
    ((32.5, 33.5), (165.0, 175.0), (2250.0, 2350.0))
    """
    step = 1 if value_ms < 100 else 10 if value_ms < 1000 else 100 if value_ms < 10_000 else 1000
    return value_ms - step / 2, value_ms + step / 2


def _largest(rows: csv.DictReader[str]) -> dict[tuple[str], tuple[float | None, float | None]]:
    found: dict[tuple[str], tuple[float | None, float | None]] = {}
    for row in rows:
        if row["Name"] == "Aggregated":
            continue
        old = found.get((row["Name"],), (None, None))
        found[(row["Name"],)] = (_larger(old[0], row, "50%"), _larger(old[1], row, "99%"))
    return found


def _larger(old: float | None, row: Mapping[str, str], share: str) -> float | None:
    value = number(row.get(share))
    seconds = None if not value else value / 1e3
    return old if seconds is None else seconds if old is None else max(old, seconds)


SOURCE = Source(
    name="locust",
    title="Locust statistics, history or raw requests as CSV",
    unit="Milliseconds.",
    covers="The load generator's wait to the end of the answer, connecting included.",
    errors="Failure Count, or an exception; the percentiles of the statistics hold failures too.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="ms",
)
