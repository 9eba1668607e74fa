"""JMeter results (`.jtl`): CSV with or without header, and XML."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from xml.etree import ElementTree

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.sources.rows import Row, epoch, number, outcome, samples, target

_REQUIRED = ("timeStamp", "elapsed", "label", "success")
_TRANSACTION = "Number of samples in transaction"


def detect(head: Head) -> bool:
    """Whether it is CSV with JMeter's columns or its default order, or XML of `testResults`."""
    first = head.first_line
    if "<testResults" in head.text[:2000]:
        return True
    fields = first.lstrip("\ufeff").replace(";", ",").replace("\t", ",").split(",")
    return set(_REQUIRED[:3]) <= {field.strip('"') for field in fields} or _headless(fields)


def read(file: File, asked: Asked) -> Samples:
    """Every sample once: of nested samples the innermost, of transactions their parts."""
    notes: list[str] = []
    text = file.text().strip()
    rows = _of_xml(text, file, notes) if text.startswith("<") else _of_csv(text, file, notes)
    return samples(rows, file, asked, notes)


def _of_csv(text: str, file: File, notes: list[str]) -> Iterator[Row]:
    first = text.split("\n", 1)[0]
    delimiter = max(",;\t", key=first.count)
    lines = csv.reader(io.StringIO(text), delimiter=delimiter)
    columns: list[str] | None = None
    parents, undated = 0, 0
    for fields in lines:
        if columns is None:
            if "elapsed" not in fields and not _headless(fields):
                raise InputError.of(f"{file.name}:1", "is no result of JMeter", "save results as CSV or XML")
            columns = fields if "elapsed" in fields else _default_columns(fields)
            if "elapsed" in fields:
                missing = [name for name in _REQUIRED if name not in columns]
                if missing:
                    raise InputError.of(
                        f"{file.name}:1", f"no column {', '.join(missing)}", "let JMeter save label, time and success"
                    )
                continue
        if not fields or fields == columns:  # a blank line, or the header of a run that was appended
            continue
        if (
            not len(columns) - 1 <= len(fields) <= len(columns)
            or (elapsed := number(dict(zip(columns, fields, strict=False))["elapsed"])) is None
        ):
            raise InputError.of(f"{file.name}:{lines.line_num}", "is no JMeter sample", "is the file cut off?")
        row = dict(zip(columns, fields, strict=False))
        message = row.get("responseMessage", "")
        if message.startswith(_TRANSACTION):
            parents += 1
            continue
        start = epoch(row["timeStamp"])
        undated += start is None
        yield _row(row["label"], row.get("URL", ""), start, elapsed, row["success"], row.get("responseCode", ""), message)
    if parents:
        notes.append(f"{parents} transactions are left out: their parts are counted")
    if undated:
        notes.append(f"{undated} start times are not readable")


def _headless(fields: list[str]) -> bool:
    truths = [field.strip().lower() in {"true", "false"} for field in fields]
    return len(fields) >= 8 and number(fields[1]) is not None and epoch(fields[0]) is not None and any(truths[3:9])


def _default_columns(fields: list[str]) -> list[str]:
    """JMeter's order without a header: time, elapsed, label, code, message; `success` is where true or false stands."""
    success = next((i for i, field in enumerate(fields[3:9], start=3) if field.strip().lower() in {"true", "false"}), 7)
    names = ["timeStamp", "elapsed", "label", "responseCode", "responseMessage"] + [f"column{i}" for i in range(5, len(fields))]
    names[success] = "success"
    return names


def _of_xml(text: str, file: File, notes: list[str]) -> Iterator[Row]:
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError.of(file.name, "declares entities", "JMeter writes none: export it again")
    parents = 0
    depth: list[bool] = []
    try:
        for event, element in ElementTree.iterparse(io.StringIO(text), events=("start", "end")):
            if element.tag not in ("httpSample", "sample"):
                continue
            if event == "start":
                if depth:
                    depth[-1] = True
                depth.append(False)
                continue
            if depth.pop():
                parents += 1
                continue
            get = element.attrib.get
            elapsed, start = number(get("t")), number(get("ts"))
            url = element.findtext("java.net.URL") or ""
            yield _row(
                get("lb", ""), url, None if start is None else start / 1e3, elapsed, get("s", ""), get("rc", ""), get("rm", "")
            )
            element.clear()
    except ElementTree.ParseError as error:
        raise InputError.of(f"{file.name}:{error.position[0]}", f"is no complete XML: {error}", "is the file cut off?") from error
    if parents:
        notes.append(f"{parents} samples that hold other samples are left out: their parts are counted")


def _row(label: str, url: str, start_s: float | None, elapsed_ms: float | None, success: str, code: str, message: str) -> Row:
    host = target(url)[0] if url not in ("", "null") else ""
    failed = success.strip().lower() != "true"
    name = " ".join(label.split())
    return Row(
        "jmeter", host or name, name if host else None, start_s, None if elapsed_ms is None else elapsed_ms / 1e3,
        outcome(code, message if failed else "", failed) if failed else "ok",
    )  # fmt: skip


SOURCE = Source(
    name="jmeter",
    title="JMeter results (.jtl) as CSV or XML",
    unit="Milliseconds (elapsed); times are epoch milliseconds or formatted.",
    covers="The load generator's wait from before sending to the last byte, connecting included (elapsed, not Latency).",
    errors="success is false; a SocketTimeout or ConnectTimeout is a timeout.",
    detect=detect,
    read=read,
    side="client",
    loop="closed",
    written_in="ms",
)
