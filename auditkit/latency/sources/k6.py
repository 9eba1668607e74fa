"""k6 results: JSON lines (`--out json`) and CSV (`--out csv`), the metric `http_req_duration` (and `grpc_req_duration`)."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator, Mapping

from auditkit.errors import InputError
from auditkit.latency.base import BOM, Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, number, outcome, samples, target

_METRICS = ("http_req_duration", "grpc_req_duration")
_TIMEOUTS = {"1050", "1211"}  # request timeout, dial timeout


def detect(head: Head) -> bool:
    """Whether it is k6's CSV header, or JSON lines of metrics and points."""
    first = head.first_line
    return first.startswith("metric_name,timestamp,metric_value") or (
        first.startswith("{") and '"metric"' in first and '"type"' in first and '"data"' in first
    )


def read(file: File, asked: Asked) -> Samples:
    """All points of the duration metrics; other metrics are no calls. A point's time is when the call ended."""
    rows = _of_json(file) if file.head().removeprefix(BOM).lstrip().startswith(b"{") else _of_csv(file)
    return samples(rows, file, asked)


def _of_json(file: File) -> Iterator[Row]:
    import json

    for line_number, line in file.lines():
        if '"Point"' not in line or not any(metric in line for metric in _METRICS):
            if not line.rstrip().endswith("}"):
                raise _cut(file, line_number)
            continue
        try:
            point = json.loads(line)
            data = point["data"]
            value, when, tags = float(data["value"]), str(data["time"]), data.get("tags") or {}
        except (ValueError, KeyError, TypeError) as error:
            raise _cut(file, line_number) from error
        if point.get("metric") in _METRICS:
            yield _row(value, when, {key: str(word) for key, word in tags.items()})


def _of_csv(file: File) -> Iterator[Row]:
    rows = csv.DictReader(io.StringIO(file.text()))
    if not {"metric_name", "timestamp", "metric_value"} <= set(rows.fieldnames or ()):
        raise InputError.of(f"{file.name}:1", "is no CSV of k6", "write it with --out csv=FILE")
    for row in rows:
        if row["metric_name"] not in _METRICS:
            continue
        value, when = number(row["metric_value"]), row["timestamp"]
        if value is None or when is None or row.get("url") is None:
            raise _cut(file, rows.line_num)
        yield _row(value, when, {key: word or "" for key, word in row.items() if key is not None})


def _row(value_ms: float, when: str, tags: Mapping[str, str]) -> Row:
    host, path = target(tags.get("url", ""), tags.get("method", ""))
    name = tags.get("name", "")
    operation = path if not name or name == tags.get("url") or "://" in name else name
    end = epoch(when)
    message = tags.get("error", "")
    if tags.get("error_code") in _TIMEOUTS:
        message = f"timeout {message}"
    failed = tags.get("expected_response") == "false" or bool(tags.get("error_code"))
    ended = outcome(tags.get("status", ""), message, failed)
    return Row("k6", host or name or "target", operation, None if end is None else end - value_ms / 1e3, value_ms / 1e3, ended)


def _cut(file: File, line: int) -> InputError:
    return InputError.of(f"{file.name}:{line}", "is no complete point of k6", "is the file cut off?")


SOURCE = Source(
    name="k6",
    title="k6 results as JSON lines or CSV",
    unit="Milliseconds (http_req_duration).",
    covers="Sending, waiting and receiving at the client; resolving and connecting are not included.",
    errors="expected_response is false, or an error code; 1050 and 1211 are timeouts.",
    detect=detect,
    read=read,
    side="client",
    written_in="ms",
)
