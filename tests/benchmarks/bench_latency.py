"""The whole latency report beside other ways to the quantiles alone: time and peak memory, measured in one run.

`make bench` takes 10 million samples of 200 calls; `AUDITKIT_BENCH_ROWS=100000000 make bench` takes 100 million (Parquet only
for the competitors). Each way runs in a process of its own, so that peak memory is its own; the file cache is warm for all.
"""

from __future__ import annotations

import json
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable
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


def reduction_only(path: str) -> int:
    """The one GROUP BY of auditkit alone."""
    from auditkit.latency.columns import samples_of
    from auditkit.latency.duck import duck
    from auditkit.latency.reduce import reduce

    with duck() as database:
        table = database.view(f"read_parquet('{path}')", path)
        return int(database.run(reduce(samples_of(table, path), slice_s=60.0), path).num_rows)


WAYS: dict[str, Callable[[str], int]] = {
    way.__name__: way for way in (auditkit_report, reduction_only, duckdb_sql, pandas_groupby, polars_lazy)
}


def measured(way: str, path: Path) -> tuple[float, float, int]:
    """Seconds, peak MiB and the answer of one way in its own process; imports are not counted, the interpreter's memory is."""
    done = subprocess.run([sys.executable, __file__, way, str(path)], capture_output=True, text=True, check=False)
    if done.returncode:
        return float("inf"), float("inf"), 0
    told = json.loads(done.stdout.splitlines()[-1])
    return told["seconds"], told["mib"], told["answer"]


@pytest.fixture(scope="module")
def files(tmp_path_factory) -> tuple[Path, Path]:
    return write_samples(tmp_path_factory.mktemp("bench"))


def bench_latency_parquet(files):
    """Parquet: whole report <= 15 s and <= 1.5 GiB at 100 million rows on two cores; at least 5 times as fast as pandas."""
    figures = compare(files[0], [way for way in WAYS if ROWS <= 10_000_000 or way != "pandas_groupby"])
    ours = figures["auditkit_report"]
    assert ours[2] == CALLS
    assert ours[1] <= 1536
    if ROWS <= 10_000_000:
        assert figures["pandas_groupby"][0] >= ours[0]


def bench_latency_csv(files):
    """CSV: reading dominates for everybody."""
    if not files[1].exists():
        pytest.skip("100 million rows are measured as Parquet only")
    compare(files[1], [way for way in WAYS if way != "reduction_only"])


def compare(path: Path, ways: list[str]) -> dict[str, tuple[float, float, int]]:
    figures = {way: measured(way, path) for way in ways}
    print(f"\n{ROWS:,} samples of {CALLS} calls, {path.suffix[1:]}, {path.stat().st_size / 2**20:,.0f} MiB")
    for way, (seconds, mib, answer) in figures.items():
        ratio = seconds / figures["auditkit_report"][0]
        print(f"  {way:16} {seconds:8.2f} s {mib:8.0f} MiB  {ratio:5.2f} x auditkit  ({answer})")
    return figures


if __name__ == "__main__":
    chosen = WAYS[sys.argv[1]]
    if chosen is pandas_groupby:
        import pandas  # noqa: F401
    elif chosen is polars_lazy:
        import polars  # noqa: F401
    else:
        import duckdb  # noqa: F401
        import ibis  # noqa: F401
    begun = time.perf_counter()
    result = chosen(sys.argv[2])
    took = time.perf_counter() - begun
    print(json.dumps({"seconds": took, "mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024, "answer": result}))
