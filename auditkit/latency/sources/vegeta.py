"""Vegeta results, as `vegeta encode --to json` or `--to csv` writes them."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator

from auditkit.errors import InputError
from auditkit.latency.base import BOM, Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, number, outcome, samples, target

_FEWEST_FIELDS = 9  # timestamp, code, latency, bytes out, bytes in, error, body, attack, sequence [, method, url, headers]


def detect(head: Head) -> bool:
    """Whether it is Vegeta's JSON lines, or its CSV, which has no header: nanoseconds, status, nanoseconds."""
    first = head.first_line
    if first.startswith("{"):
        return '"latency"' in first and '"timestamp"' in first and '"seq"' in first
    fields = first.split(",")
    return (
        len(fields) >= _FEWEST_FIELDS
        and fields[0].isdigit()
        and len(fields[0]) >= 18
        and fields[1].isdigit()
        and fields[2].isdigit()
    )


def read(file: File, asked: Asked) -> Samples:
    """All hits."""
    rows = _of_json(file) if file.head().removeprefix(BOM).lstrip().startswith(b"{") else _of_csv(file)
    return samples(rows, file, asked)


def _of_json(file: File) -> Iterator[Row]:
    import json

    for line_number, line in file.lines():
        try:
            hit = json.loads(line)
            yield _row(
                file, str(hit["timestamp"]), str(hit["code"]), float(hit["latency"]), hit.get("error") or "",
                hit.get("method", ""), hit.get("url", ""),
            )  # fmt: skip
        except (ValueError, KeyError, TypeError) as error:
            raise _cut(file, line_number) from error


def _of_csv(file: File) -> Iterator[Row]:
    lines = csv.reader(io.StringIO(file.text()))
    for fields in lines:
        latency = number(fields[2]) if len(fields) >= _FEWEST_FIELDS else None
        if latency is None:
            raise _cut(file, lines.line_num)
        method, url = (fields[9], fields[10]) if len(fields) > 10 else ("", "")
        yield _row(file, fields[0], fields[1], latency, fields[5], method, url)


def _row(file: File, when: str, code: str, latency_ns: float, error: str, method: str, url: str) -> Row:
    host, operation = target(url, method) if url else ("", None)
    return Row("vegeta", host or "target", operation, epoch(when), latency_ns / 1e9, outcome(code, error))


def _cut(file: File, line: int) -> InputError:
    return InputError.of(f"{file.name}:{line}", "is no complete hit of Vegeta", "is the file cut off? use vegeta encode")


SOURCE = Source(
    name="vegeta",
    title="Vegeta results as JSON or CSV",
    unit="Nanoseconds.",
    covers="The load generator's wait from sending to the end of the body, connecting included.",
    errors="An error text, or a status outside 200-399; a passed client timeout is a timeout.",
    detect=detect,
    read=read,
    side="client",
    loop="open",
    written_in="ns",
)
