"""Exports that come from another country, another program, or a bad day: read as they are meant, or refused in one line."""

from __future__ import annotations

import gzip
import random
import re
from collections.abc import Callable

import latency_writers as writers
import pyarrow as pa
import pytest
from cli import auditkit

from auditkit.latency import measure

HEADER = "caller,callee,start,duration_ms,outcome\n"
FOUND = writers.calls(600)


def line(i: int, duration: object = "20.5", start: object = None) -> str:
    return f"web,db,{1_700_000_000 + i if start is None else start},{duration},ok\n"


BODY = "".join(line(i) for i in range(40))


@pytest.fixture
def ran(tmp_path):
    """Writes a file and runs the command on it."""

    def running(name: str, content: str | bytes, *options: str):
        path = tmp_path / name
        path.write_bytes(content if isinstance(content, bytes) else content.encode())
        return auditkit("latency", path, "--json", *options)

    return running


def refused(ran) -> str:
    """The one line of an error."""
    assert ran.code == 2, ran.out
    (said,) = ran.err.strip().splitlines()
    return said


@pytest.mark.parametrize(
    ("content", "why"),
    [
        ((HEADER + BODY).encode("utf-16"), "is UTF-16 text"),
        ((HEADER + BODY.replace("db", "dé")).encode("latin-1"), "e.csv:2  is not UTF-8 text"),
        (gzip.compress((HEADER + BODY).encode()), "is compressed  give it the suffix .gz"),
        (b"PK\x03\x04" + b"\0" * 99, "is a ZIP archive  unpack it"),
        (HEADER + line(1, '"20,5"') * 40, "40 durations of 40 that are no numbers, such as '20,5'"),
        (HEADER + line(1, '"1,020.5"') * 40 + BODY, "40 durations of 80 that are no numbers, such as '1,020.5'"),
        (HEADER + line(1, "20ms") * 20 + line(1, "1.2s") * 20, "40 durations of 40 that are no numbers"),
        (HEADER + BODY + "web,db\n" + BODY, "e.csv:42  has 2 columns where the header has 5"),
        (HEADER + line(1) + "web,db,1,2,ok,7\n", "e.csv:3  has 6 columns where the header has 5"),
        (HEADER + BODY + '"web,db,1,2,ok\n' + BODY, "e.csv:42  opens a quote that nothing closes"),
        ("caller,callee,Caller,duration_ms\n" + "a,b,c,1\n" * 9, "names a column twice"),
        (HEADER + "".join(line(i, start=(1_700_000_000 + i) * 1000 ** (i % 2)) for i in range(40)), "after the year 2100"),
    ],
)
def test_a_table_that_is_not_understood_is_refused_with_its_place(ran, content, why):
    """Encoding, compression, decimal commas, units in cells, torn lines, two columns of one name, two units of time."""
    assert why in refused(ran("e.csv", content))


@pytest.mark.parametrize(
    ("content", "n"),
    [
        (b"\xef\xbb\xbf" + (HEADER + BODY).encode(), 40),
        ((HEADER + BODY).replace("\n", "\r\n"), 40),
        ("\n\n" + HEADER + "\n" + BODY.replace("\n", "\n\n"), 40),
        (HEADER + BODY + HEADER + BODY, 80),
        ((HEADER + BODY).replace(",", ";"), 40),
        (HEADER.strip() + ",\n" + BODY.replace("ok\n", "ok,\n"), 40),
        (HEADER + "".join(line(i, "2.05e1") for i in range(40)), 40),
    ],
    ids=["BOM", "CRLF", "blank lines", "put together from two", "semicolons", "a comma at each end", "scientific"],
)
def test_what_other_programs_write_is_read_whole(ran, content, n):
    """Not one line is lost."""
    (call,) = ran("e.csv", content).json["calls"]
    assert (call["n"], call["p50_ms"]) == (n, 20.5)


@pytest.mark.parametrize(
    ("start", "unit"), [("%d", "start"), ("%d000", "start_ms"), ("%d000000", "start_us"), ("%d000000000", "start_ns")]
)
def test_times_in_every_unit_and_zone(tmp_path, start, unit):
    """Seconds to nanoseconds of the epoch by the column's name, and any offset of ISO 8601, are one time."""
    path = tmp_path / "e.csv"
    path.write_text(HEADER.replace("start", unit) + line(0, start=start % 1_700_000_000))
    assert measure([path]).profiles[0].start_s == 1_700_000_000
    path.write_text(HEADER + line(0, start="2023-11-15T03:43:20+05:30") + line(0, start="2023-11-14T22:13:20Z"))
    assert (measure([path]).profiles[0].start_s, measure([path]).profiles[0].end_s) == (1_700_000_000, 1_700_000_000)


def test_start_times_that_are_not_readable_are_said(ran):
    """Days before months: the calls count, without their times, and one of them is shown."""
    said = ran("e.csv", HEADER + BODY + line(1, start="14/11/2023 22:00:00")).err
    assert "1 start times are not readable, such as '14/11/2023 22:00:00': write ISO 8601" in said


@pytest.mark.parametrize("form", ["csv", "parquet"])
@pytest.mark.parametrize(
    ("duration", "unit", "agrees"), [(20.5, "ms", True), (20.5, "s", False), (20_500, "us", True), (20.5, "us", False)]
)
def test_durations_are_held_against_start_and_end(tmp_path, form, duration, unit, agrees):
    """A table that has both: 20.5 ms from start to end and 20.5 s of duration are a mistake in a unit."""
    starts = [(1_700_000_000 + i) * 1000 + i % 7 for i in range(50)]
    columns = {
        "caller": ["web"] * 50, "callee": ["db"] * 50, "start_ms": starts, "end_ms": [start + 20.5 for start in starts],
        f"duration_{unit}": [duration] * 50,
    }  # fmt: skip
    path = tmp_path / f"e.{form}"
    if form == "csv":
        from pyarrow import csv

        csv.write_csv(pa.table(columns), path)
    else:
        from pyarrow import parquet

        parquet.write_table(pa.table(columns), path)
    found = auditkit("latency", path)
    assert found.code == (0 if agrees else 2), found.err
    assert agrees or "but end_ms comes 20.5ms after the start" in found.err


def test_one_file_by_two_ways_counts_once(tmp_path):
    """A folder and a pattern that name the same file."""
    (tmp_path / "e.csv").write_text(HEADER + BODY)
    assert measure([tmp_path, str(tmp_path / "*.csv"), tmp_path / ".." / tmp_path.name / "e.csv"]).profiles[0].n == 40


@pytest.mark.parametrize("source", ["csv", "k6", "otlp", "gatling", "prometheus"])
def test_zstandard(tmp_path, source):
    """The compression of many log shippers; cut off inside, it is one line."""
    name, write = writers.ONE_OF_EACH[source]
    packed = pa.compress(write(FOUND).encode(), codec="zstd", asbytes=True)
    path = tmp_path / f"{name}.zst"
    path.write_bytes(packed)
    assert sum(p.n for p in measure([path]).profiles) == 591
    path.write_bytes(packed[:-10])
    refused(auditkit("latency", path, "--format", source))


@pytest.mark.parametrize("source", sorted({*writers.ONE_OF_EACH} - {"parquet"}))
def test_every_text_may_begin_with_a_byte_order_mark_and_end_its_lines_with_crlf(tmp_path, source):
    """As programs on Windows write it: the same calls."""
    name, write = writers.ONE_OF_EACH[source]
    path = tmp_path / name
    unit = writers.UNIT_ASKED.get(source)
    path.write_text(write(FOUND))
    (whole,) = measure([path], unit=unit).profiles
    path.write_bytes(b"\xef\xbb\xbf" + write(FOUND).replace("\n", "\r\n").encode())
    (found,) = measure([path], unit=unit).profiles
    assert (found.n, found.errors, found.timeouts, found.p99) == (whole.n, whole.errors, whole.timeouts, whole.p99)


WRONG = ("NaN", "-5", "Infinity", "1e300", "true", "[]", '"x"')
PLACES: tuple[tuple[str, str, str], ...] = (
    ("fortio", r'"Count": [0-9]+}', '"Count": %s}'),
    ("fortio", r'"End": [0-9.]+', '"End": %s'),
    ("oha", r'"200": [0-9]+', '"200": %s'),
    ("oha", r'"slowest": [0-9.]+', '"slowest": %s'),
    ("prometheus", r', "[1-9][0-9]*"\]', ", %s]"),
    ("prometheus", r'"le": "0.01"', '"le": %s'),
    ("k6", r'"value": [0-9.]{3,}', '"value": %s'),
    ("vegeta", r'"latency": [0-9]+', '"latency": %s'),
    ("jaeger", r'"duration": [0-9]+', '"duration": %s'),
    ("zipkin", r'"duration": [0-9]+', '"duration": %s'),
    ("otlp", r'"endTimeUnixNano": "[0-9]+"', '"endTimeUnixNano": %s'),
)


@pytest.mark.parametrize(("source", "pattern", "change"), PLACES, ids=[f"{p[0]}{i}" for i, p in enumerate(PLACES)])
def test_figures_that_cannot_be_are_one_line_or_left_out(ran, source, pattern, change):
    """Where a count or a duration stands: never a traceback, and never more calls than there are."""
    name, write = writers.ONE_OF_EACH[source]
    text = write(FOUND)
    for value in WRONG:
        damaged = re.sub(pattern, change % value, text, count=1)
        assert damaged != text
        found = ran(name, damaged, "--format", source)
        if found.code:
            refused(found)
        else:
            assert sum(call["n"] for call in found.json["calls"]) <= 591


SHIFTED: dict[str, Callable[[str], str]] = {
    "locust": lambda text: text.replace("/cart,", "/cart,1,", 1),
    "jmeter": lambda text: re.sub(r"\n(\d{13}),", r"\n\1,1,", text, count=1),
    "percentiles": lambda text: text.replace("shop,", "shop,1,", 1),
    "ab": lambda text: re.sub(r"\t0\t(\d+)\t", r"\t0\t\1\t-", text, count=1),
    "alb": lambda text: re.sub(r" 0\.000 0\.", " 0.000 0,", text, count=1),
    "access-log": lambda text: re.sub(r" 0 2 \d+ \d+ ", " 0 2 1.5s 1.5s ", text, count=1),
    "wrk": lambda text: text + text,
}


@pytest.mark.parametrize("source", sorted(SHIFTED))
def test_lines_whose_columns_are_shifted_are_refused(ran, source):
    """A decimal comma in the middle of a line, a negative time, a time with its unit, two runs in one file."""
    name, write = writers.ONE_OF_EACH[source]
    refused(ran(name, SHIFTED[source](write(FOUND)), "--format", source))


def test_results_that_jmeter_appended_to_a_file(ran):
    """A second run with its header, and blank lines: all samples."""
    text = writers.jmeter_csv(FOUND)
    assert sum(call["n"] for call in ran("run.jtl", text + "\n\n" + text).json["calls"]) == 2 * 591


def test_a_folder_is_read_for_the_exports_in_it(tmp_path):
    """A letter beside an export is left out and said; a folder of letters is one line, however many; an empty one as well."""
    for name in ("readme.md", "a.txt", "b.txt", "c.txt"):
        (tmp_path / name).write_text("Dear reader,\n")
    assert "holds no export that is known, only a.txt, b.txt, c.txt and 1 more" in refused(auditkit("latency", tmp_path))
    (tmp_path / "e.csv").write_text(HEADER + BODY)
    found = auditkit("latency", tmp_path)
    assert found.code == 0
    assert "a.txt, b.txt, c.txt and 1 more are of no format that is known, and left out" in found.err
    refused(auditkit("latency", tmp_path / "readme.md"))
    (tmp_path / "nothing").mkdir()
    assert "holds no file" in refused(auditkit("latency", tmp_path / "nothing"))


def test_the_table_keeps_each_figure_in_one_line_of_a_hundred_columns(tmp_path, monkeypatch):
    """Long names of calls are folded; figures are not."""
    monkeypatch.setenv("COLUMNS", "100")
    random.seed(4)
    rows = "".join(f"frontend-of-the-shop,productcatalogservice,{i},{random.lognormvariate(3, 1)},ok\n" for i in range(400))
    (tmp_path / "e.csv").write_text(HEADER + rows)
    lines = auditkit("latency", tmp_path / "e.csv").out.splitlines()
    assert all(len(line) <= 100 for line in lines[:4])
    assert re.search(r"400 .* \(.*–.*\) +unknown +\S+ +seed +\S+% ≤ 0\.75%", lines[2])
