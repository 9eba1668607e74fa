"""Spans as CSV rows: `TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano[,Duration]`.

One row a span; the workload is read from the pod's name; `root` or an empty parent means none. A duration is
`EndTimeUnixNano - StartTimeUnixNano`, exact in nanoseconds. (The column `Duration` of the Nezha recordings is the same in
whole microseconds; it has no unit in its name and is used only to check the two times against, in one unit for all rows.)
"""

from __future__ import annotations

import csv

from auditkit.errors import InputError, Problem
from auditkit.spans.lines import lines
from auditkit.spans.table import Span, SpanTable, arrow_schema, span_table, workload_name

COLUMNS = ("TraceID", "SpanID", "ParentID", "PodName", "OperationName", "StartTimeUnixNano", "EndTimeUnixNano")
_UNITS_NS = (1, 1_000, 1_000_000, 1_000_000_000)
_NO_PARENT = {"", "root", "null", "none"}


def detect(name: str, text: str) -> bool:
    """Whether the first line names the columns of a span CSV."""
    header = text.lstrip("\ufeff").split("\n", 1)[0].strip().replace('"', "").split(",")
    return set(COLUMNS) <= set(header)


def read(text: str, name: str) -> SpanTable:
    """All spans of a span CSV. Raises `InputError` with every unreadable line (at most ten are named)."""
    text = text.lstrip("\ufeff")
    if (table := _at_once(text, name)) is not None:
        return table
    rows = csv.DictReader(lines(text))
    try:
        return _spans(rows, name)
    except csv.Error as error:
        where = f"{name}:{max(1, rows.line_num)}"
        raise InputError.of(where, f"is no CSV: {error}", "is the file cut off, or not a span CSV?") from error


def _spans(rows: csv.DictReader[str], name: str) -> SpanTable:
    missing = [column for column in COLUMNS if column not in (rows.fieldnames or ())]
    if missing:
        raise InputError.of(f"{name}:1", f"no column {', '.join(missing)}", f"a span CSV has the columns {','.join(COLUMNS)}")
    spans, problems = [], []
    timed: list[tuple[int, float]] = []
    for row in rows:
        try:
            start, end = int(row["StartTimeUnixNano"]), int(row["EndTimeUnixNano"])
            if not row["TraceID"] or not row["SpanID"] or not row["PodName"]:
                raise ValueError
            if row.get("Duration"):
                timed.append((end - start, float(row["Duration"])))
        except (TypeError, ValueError):
            problems.append(Problem(f"{name}:{rows.line_num}", "no readable span", "is the file cut off, or not a span CSV?"))
            continue
        pod, parent = row["PodName"], row["ParentID"] or ""
        spans.append(
            Span(
                trace=row["TraceID"], span=row["SpanID"], parent=None if parent.lower() in _NO_PARENT else parent,
                workload=workload_name(pod), pod=pod, operation=row["OperationName"] or "", kind="unknown",
                start_ns=start, duration_ns=end - start,
            )
        )  # fmt: skip
    if problems:
        more = [] if len(problems) <= 10 else [Problem(name, f"{len(problems) - 10} more unreadable lines", "")]
        raise InputError(problems[:10] + more)
    if not spans:
        raise InputError.of(name, "holds no span", "export a window in which there was traffic")
    _check_unit(timed, name)
    return span_table(spans)


def _at_once(text: str, name: str) -> SpanTable | None:
    """The same by columns, ten times as fast, where every line is plain; None leaves the rest, and the errors, to row by row."""
    import pyarrow as pa
    import pyarrow.compute as pc
    import pyarrow.csv as arrow_csv

    header = text.split("\n", 1)[0].rstrip("\r").split(",")
    plain = '"' not in text and text.count("\r") == text.count("\r\n") and len(set(header)) == len(header)
    if not plain or not set(COLUMNS) <= set(header):
        return None
    convert = arrow_csv.ConvertOptions(column_types=dict.fromkeys(header, pa.string()), strings_can_be_null=False)
    try:
        rows = arrow_csv.read_csv(pa.BufferReader(text.encode()), convert_options=convert).combine_chunks()
        start, end = rows["StartTimeUnixNano"], rows["EndTimeUnixNano"]
        if any(pc.any(pc.match_substring(column, "x", ignore_case=True)).as_py() for column in (start, end)):
            return None  # Arrow takes 0x1 for a number
        start, end = pc.cast(start, pa.int64()), pc.cast(end, pa.int64())
        spent = pc.subtract_checked(end, start)
        said = rows["Duration"] if "Duration" in header else pa.nulls(len(rows), pa.string())
        told = pc.and_not(pc.is_valid(said), pc.equal(said, "").fill_null(True))
        durations = pc.cast(said.filter(told), pa.float64())
    except (pa.ArrowInvalid, UnicodeEncodeError):
        return None
    nameless = any(pc.any(pc.equal(rows[column], "")).as_py() for column in ("TraceID", "SpanID", "PodName"))
    if nameless or not len(rows):
        return None
    _check_unit(list(zip(spent.filter(told).to_pylist(), durations.to_pylist(), strict=True)), name)
    pods = rows["PodName"].combine_chunks().dictionary_encode()
    names = pa.array([workload_name(pod) for pod in pods.dictionary.to_pylist()], pa.string())
    is_root = pc.is_in(pc.utf8_lower(rows["ParentID"]), value_set=pa.array(sorted(_NO_PARENT)))
    columns = {
        "trace": rows["TraceID"], "span": rows["SpanID"],
        "parent": pc.if_else(is_root, pa.scalar(None, pa.string()), rows["ParentID"]),
        "workload": names.take(pods.indices), "pod": rows["PodName"], "operation": rows["OperationName"],
        "kind": pa.repeat("unknown", len(rows)), "start_ns": start, "duration_ns": spent,
        "outcome": pa.repeat("ok", len(rows)), "peer": pa.nulls(len(rows), pa.string()),
    }  # fmt: skip
    return SpanTable(pa.table(columns, schema=arrow_schema()))


def _check_unit(timed: list[tuple[int, float]], name: str) -> None:
    """Whether the column `Duration` is the difference of the two times in one unit. Raises `InputError` for a mixture."""
    per = [sum(abs(duration * unit - span) <= max(unit, 0.01 * span) for span, duration in timed) for unit in _UNITS_NS]
    told = sum(duration == duration for _, duration in timed)
    if told and max(per) < 0.99 * told:
        what = f"Duration is not EndTimeUnixNano - StartTimeUnixNano in {told - max(per)} of {told} rows, in any one unit"
        raise InputError.of(name, what, "are both times in nanoseconds? export them in one unit")
