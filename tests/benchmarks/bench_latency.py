"""The whole latency report, and its quantiles alone, beside other ways to the quantiles: time and peak memory, in one run.

`make bench` takes 10 million samples of 200 calls; `AUDITKIT_BENCH_ROWS=100000000 make bench` takes 100 million (Parquet only,
without pandas and polars, which need more memory than most machines have). Each way runs in a process of its own, so that peak
memory is its own; the file cache is warm for all. Every way reads a file of 300,000 samples first, so that no way's imports
count; what a cold start takes beside it is printed too.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

ROWS = int(os.environ.get("AUDITKIT_BENCH_ROWS", "10000000"))
CALLS = 200
QUANTILES = (0.5, 0.95, 0.99, 0.999)


def write_samples(folder: Path, rows: int = ROWS) -> tuple[Path, Path]:
    """Lognormal latencies of 200 calls over an hour, as Parquet and (up to 10 million rows) as CSV."""
    import duckdb

    parquet, text = folder / "samples.parquet", folder / "samples.csv"
    made = f"""
        SELECT 'caller' || (i % 20) AS caller, 'callee' || (i % {CALLS}) AS callee, 'Get' AS operation,
               1.7e9 + i * 3600.0 / {rows} AS start,
               exp(3 + (hash(i) % 1000000 / 1e6 + hash(i + 7777) % 1000000 / 1e6 + hash(i * 3) % 1000000 / 1e6 - 1.5) * 1.6)
               AS duration_ms,
               CASE WHEN hash(i * 5) % 1000 = 0 THEN 'error' ELSE 'ok' END AS outcome
        FROM range({rows}) t(i)"""
    with duckdb.connect() as connection:
        connection.execute("SET preserve_insertion_order = false; SET memory_limit = '2GB'")
        connection.sql(f"COPY ({made}) TO '{parquet}' (FORMAT parquet)")
        if rows <= 10_000_000:
            connection.sql(f"COPY (FROM '{parquet}') TO '{text}' (HEADER)")
    return parquet, text


def auditkit_report(path: str) -> int:
    """Profiles with all intervals, normal window and a justified timeout for each call."""
    from auditkit.latency import measure
    from auditkit.patterns.timeout import advise

    return sum(advise(profile).grade == "justified" for profile in measure([path]).profiles)


def auditkit_quantiles(path: str) -> int:
    """The quantiles alone, as auditkit finds them: the reduction without time slices, then the exact values in its buckets."""
    import numpy as np

    from auditkit.latency.columns import samples_of
    from auditkit.latency.counting import Tables
    from auditkit.latency.duck import duck
    from auditkit.latency.exact import Wanted, exact_ranks
    from auditkit.latency.numbered import numbered, words_of
    from auditkit.latency.profile import ladder
    from auditkit.latency.reduce import OK
    from auditkit.latency.tally import tally

    with duck() as database:
        samples = samples_of(database.view(f"read_parquet('{path}')", path), path)
        coded = numbered(database, samples, words_of(database, samples, path))
        rows = database.run(samples.count().as_table(), path).to_pylist()[0].popitem()[1]
        counted = tally(database, coded, rows, None, None)
        assert counted is not None
        calls = counted.reduced.calls
        ladders = [ladder(rows.of(rows.outcome == OK)) for rows in counted.reduced.by_call()]
        wanted = [Wanted(call, own, 0, np.empty(0, np.int64)) for call, own in zip(calls, ladders, strict=True)]
        names = {coded.number(call): call for call in calls}
        return len(exact_ranks(database, [Tables(coded.table, names)], wanted, None))


def duckdb_sql(path: str) -> int:
    """Exact quantiles by hand-written SQL."""
    import duckdb

    read = f"read_csv('{path}')" if path.endswith(".csv") else f"'{path}'"
    found = duckdb.sql(
        f"SELECT caller, callee, operation, count(*), quantile_disc(duration_ms, {list(QUANTILES)}) FROM {read} "
        "WHERE outcome = 'ok' GROUP BY ALL"
    ).fetchall()
    return len(found)


def pandas_groupby(path: str) -> int:
    """pandas, everything in memory."""
    import pandas as pd

    frame = pd.read_csv(path) if path.endswith(".csv") else pd.read_parquet(path)
    good = frame[frame.outcome == "ok"]
    return len(good.groupby(["caller", "callee", "operation"]).duration_ms.quantile(list(QUANTILES))) // len(QUANTILES)


def polars_lazy(path: str) -> int:
    """polars, lazily."""
    import polars as pl

    frame = pl.scan_csv(path) if path.endswith(".csv") else pl.scan_parquet(path)
    figures = [pl.col("duration_ms").quantile(q).alias(str(q)) for q in QUANTILES]
    return frame.filter(pl.col("outcome") == "ok").group_by("caller", "callee", "operation").agg(figures).collect().height


WAYS: dict[str, Callable[[str], int]] = {
    way.__name__: way for way in (auditkit_report, auditkit_quantiles, duckdb_sql, pandas_groupby, polars_lazy)
}


@dataclass(frozen=True, slots=True)
class Figure:
    """What one way took in its own process: the reading itself, the processors' time of it, peak memory, its answer, and the
    first use before it. The processors' time says more than the clock's where the machine does other work beside."""

    seconds: float
    cpu_s: float
    mib: float
    answer: int
    cold_s: float


def measured(way: str, path: Path, first: Path) -> Figure | None:
    """One way in its own process; None where it failed, as for want of memory."""
    done = subprocess.run([sys.executable, __file__, way, str(path), str(first)], capture_output=True, text=True, check=False)
    return Figure(**json.loads(done.stdout.splitlines()[-1])) if done.returncode == 0 else None


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    return write_samples(tmp_path_factory.mktemp("bench"))


@pytest.fixture(scope="module")
def small(tmp_path_factory) -> tuple[Path, Path]:
    return write_samples(tmp_path_factory.mktemp("small"), 300_000)


def bench_latency_parquet(files, small):
    """Parquet: what was promised of time and memory, met or missed; the memory and the answers are held to it."""
    most = [way for way in WAYS if ROWS <= 10_000_000 or way not in ("pandas_groupby", "polars_lazy")]
    figures = compare(files[0], small[0], most)
    report, alone, sql = figures["auditkit_report"], figures["auditkit_quantiles"], figures["duckdb_sql"]
    told("memory of the report", report.mib, 1536, "MiB")
    told("the quantiles alone, beside hand-written SQL", alone.seconds / sql.seconds, 1.5, "x")
    if "pandas_groupby" in figures:
        told("the report, beside a fifth of pandas", report.seconds / (figures["pandas_groupby"].seconds / 5), 1.0, "x")
    if ROWS >= 100_000_000:
        told("the report", report.seconds, 15.0, "s")
    assert report.answer == alone.answer == sql.answer == CALLS
    assert report.mib <= 1536


def bench_latency_csv(files, small):
    """CSV: reading dominates for everybody."""
    if not files[1].exists():
        pytest.skip("100 million rows are measured as Parquet only")
    figures = compare(files[1], small[1], [way for way in WAYS if way != "auditkit_quantiles"])
    told("memory of the report", figures["auditkit_report"].mib, 1536, "MiB")
    assert figures["auditkit_report"].answer == CALLS
    assert figures["auditkit_report"].mib <= 1536


def told(what: str, figure: float, promised: float, unit: str) -> None:
    """One promise and what became of it."""
    print(f"  {'met   ' if figure <= promised else 'MISSED'} {what}: {figure:,.2f} {unit}, promised {promised:,g} {unit} or less")


def compare(path: Path, first: Path, ways: list[str]) -> dict[str, Figure]:
    print(f"\n{ROWS:,} samples of {CALLS} calls, {path.suffix[1:]}, {path.stat().st_size / 2**20:,.0f} MiB")
    figures = {}
    for way in ways:
        found = measured(way, path, first)
        if found is None:
            print(f"  {way:18} failed")
            continue
        figures[way] = found
        ratio = found.seconds / figures["auditkit_report"].seconds
        words = f"{found.seconds:8.2f} s {found.cpu_s:8.2f} s of processors {found.mib:8.0f} MiB"
        words += f"  {ratio:5.2f} x auditkit  ({found.answer})"
        print(f"  {way:18} {words}  first use {found.cold_s:.2f} s")
    return figures


if __name__ == "__main__":
    chosen = WAYS[sys.argv[1]]
    begun = time.perf_counter()
    chosen(sys.argv[3])
    warm, used = time.perf_counter(), time.process_time()
    result = chosen(sys.argv[2])
    took, cpu_s = time.perf_counter() - warm, time.process_time() - used
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps({"seconds": took, "cpu_s": cpu_s, "mib": peak, "answer": result, "cold_s": warm - begun}))
