"""The reduction on Spark, local mode, gives the rows that DuckDB gives. Needs the extra `spark` and Java: `make test-spark`."""

from __future__ import annotations

import math
import random
import warnings

import pytest

pytest.importorskip(
    "pyspark", reason="the extra `spark` is not installed here; `make test-spark` runs this in its own environment"
)

from auditkit.latency import measure, measure_table

START = 1_700_000_000
pytestmark = pytest.mark.filterwarnings("ignore")  # Spark and its Python side warn about each other


def test_spark_gives_the_rows_that_duckdb_gives(tmp_path):
    """Same calls, outcomes, slices, buckets, smallest and largest values; zero, negative and missing durations included."""
    import ibis
    from pyspark.sql import SparkSession

    random.seed(6)
    path = tmp_path / "calls.csv"
    rows = [
        f"web,shop{i % 3},{START + i * 0.1},{20 * math.exp(random.gauss(0, 0.7))!r},{'error' if i % 97 == 0 else 'ok'}"
        for i in range(5000)
    ]
    rows += [f"web,shop0,{START},0,ok", f"web,shop0,{START},-4,ok", f"web,shop0,{START},,ok"]
    path.write_text("caller,callee,start,duration_ms,outcome\n" + "\n".join(rows) + "\n")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        session = (
            SparkSession.builder.master("local[2]").config("spark.ui.enabled", "false")
            .config("spark.sql.shuffle.partitions", "4").config("spark.driver.bindAddress", "127.0.0.1").getOrCreate()
        )  # fmt: skip
        try:
            session.read.csv(str(path), header=True, inferSchema=True).createOrReplaceTempView("calls")
            remote = measure_table(ibis.pyspark.connect(session).table("calls"), select_normal=False)
        finally:
            session.stop()
    local = measure([path], select_normal=False)
    for a, b in zip(remote.profiles, local.profiles, strict=True):
        assert a.ok == b.ok
        assert a.busiest == b.busiest
        assert (a.call, a.n, a.errors, a.rejected, a.slices, a.start_s, a.end_s) == (
            b.call, b.n, b.errors, b.rejected, b.slices, b.start_s, b.end_s,
        )  # fmt: skip
