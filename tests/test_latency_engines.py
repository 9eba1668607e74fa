"""The reduction on any engine, the table behind a connection, and the back-test on recordings."""

from __future__ import annotations

import math
import random

import duckdb
import pytest

from auditkit.errors import InputError
from auditkit.latency import connected, measure, measure_table, reduce
from auditkit.latency.columns import samples_of
from auditkit.latency.reduce import ALPHA
from auditkit.patterns.timeout import advise, false_timeouts

START = 1_700_000_000


def rows(n: int = 6000):
    random.seed(4)
    return [
        ("web", f"shop{i % 3}", "Get", START + i * 0.1, 20 * math.exp(random.gauss(0, 0.7)), "error" if i % 97 == 0 else "ok")
        for i in range(n)
    ]


@pytest.fixture
def database(tmp_path):
    """The same calls as a table in DuckDB and as CSV."""
    path, text = tmp_path / "calls.duckdb", tmp_path / "calls.csv"
    text.write_text("caller,callee,operation,start,duration_ms,outcome\n" + "\n".join(",".join(map(str, r)) for r in rows()))
    with duckdb.connect(str(path)) as connection:
        connection.sql(f"CREATE TABLE calls AS FROM read_csv('{text}')")
    return path, text


def test_a_table_behind_a_connection_says_what_the_file_says(database):
    """duckdb://…: same counts, slices and buckets; quantiles within the stated relative error of the exact ones."""
    path, text = database
    remote = measure_table(connected(f"duckdb://{path}", "calls"))
    local = measure([text])
    assert [p.call for p in remote.profiles] == [p.call for p in local.profiles]
    for a, b in zip(remote.profiles, local.profiles, strict=True):
        assert (a.n, a.errors, a.slices, a.min_s, a.max_s) == (b.n, b.errors, b.slices, b.min_s, b.max_s)
        assert a.ok == b.ok
        assert (a.relative_error, b.relative_error) == (ALPHA, 0.0)
        assert a.p99.point == pytest.approx(b.p99.point, rel=2.02 * ALPHA)
        assert a.p99.lo <= b.p99.lo
        assert a.p99.hi is not None
        assert b.p99.hi is not None
        assert a.p99.hi >= b.p99.hi
        assert advise(a).recommended_s == pytest.approx(advise(b).recommended_s, rel=0.04)


def test_an_ibis_expression_from_a_notebook(database):
    """A filtered table is reduced where it lies."""
    table = connected(f"duckdb://{database[0]}", "calls")
    (profile,) = measure_table(table.filter(table.callee == "shop1")).profiles
    assert (profile.callee, profile.n + profile.errors) == ("shop1", 2000)


def test_units_and_columns_are_asked_for_there_too(database, tmp_path):
    """A table without unit is refused; a connection that does not open, or a table that is not there, is one line."""
    path = tmp_path / "bare.duckdb"
    with duckdb.connect(str(path)) as connection:
        connection.sql("CREATE TABLE t AS SELECT 'a' AS caller, 'b' AS callee, 5 AS duration")
    with pytest.raises(InputError, match="does not tell its unit"):
        measure_table(connected(f"duckdb://{path}", "t"))
    assert measure_table(connected(f"duckdb://{path}", "t"), unit="ms").profiles[0].max_s == 0.005
    with pytest.raises(InputError, match="holds no table 'nothing'"):
        connected(f"duckdb://{path}", "nothing")
    with pytest.raises(InputError, match="there is no database"):
        connected(f"duckdb://{tmp_path / 'typo.duckdb'}", "t")
    assert not (tmp_path / "typo.duckdb").exists()
    with pytest.raises(InputError, match="cannot open"):
        connected("nosuchengine://x", "t")


def test_every_engine_is_asked_the_same(database):
    """The reduction is one expression; no engine's approximate quantile is in it, and it compiles for those that hold data."""
    import ibis

    table = ibis.table(
        {
            "caller": "string",
            "callee": "string",
            "operation": "string",
            "start": "float64",
            "duration_ms": "float64",
            "outcome": "string",
        },
        name="calls",
    )
    expression = reduce(samples_of(table, "calls"), slice_s=60.0)
    for dialect in ("duckdb", "bigquery", "clickhouse", "snowflake", "trino", "postgres"):
        sql = str(ibis.to_sql(expression, dialect=dialect)).lower()
        assert "group by" in sql
        assert "ceil" in sql
        assert "approx" not in sql
        assert "quantile" not in sql


def test_approximate_quantiles_are_used_nowhere():
    """No t-digest, KLL or approx_quantile feeds a timeout (measured elsewhere: 3 to 47 % error at p99)."""
    from pathlib import Path

    import auditkit.latency

    code = "".join(path.read_text() for path in Path(auditkit.latency.__file__).parent.rglob("*.py"))
    assert "approx_quantile" not in code
    assert "approx_median" not in code


def test_buckets_keep_their_promise(database):
    """Every bucket of the reduction spans at most gamma = (1 + alpha) / (1 - alpha)."""
    for profile in measure([database[1]]).profiles:
        for lo, hi in zip(profile.ok.lo_s, profile.ok.hi_s, strict=True):
            assert hi / lo <= (1 + ALPHA) / (1 - ALPHA) + 1e-12


DRAWS = (
    lambda draw: [draw.lognormvariate(3, 0.5) for _ in range(10_000)],
    lambda draw: [draw.lognormvariate(3, 1.2) for _ in range(10_000)],
    lambda draw: [draw.expovariate(0.05) for _ in range(10_000)],
    lambda draw: [10 * draw.paretovariate(2.5) for _ in range(10_000)],
)


def test_back_test_on_known_distributions(tmp_path, capsys):
    """Forty recordings with light and heavy tails: at least 90 % keep the 0.1 % target on the unseen half, or are refused."""
    drawn = {f"s{seed}": DRAWS[seed % len(DRAWS)](random.Random(seed)) for seed in range(40)}
    path = tmp_path / "first_half.csv"
    lines = (f"a,{name},{value!r}" for name, values in drawn.items() for value in values[:5000])
    path.write_text("caller,callee,duration_ms\n" + "\n".join(lines))
    results = []
    for profile in measure([path]).profiles:
        advice = advise(profile)
        if advice.grade != "justified" or advice.recommended_s is None:
            results.append("refused")
            continue
        late = sum(value / 1e3 > advice.recommended_s for value in drawn[profile.callee][5000:])
        results.append("kept" if late / 5000 <= 0.001 else "missed")
    good = sum(r != "missed" for r in results) / len(results)
    refused = results.count("refused") / len(results)
    with capsys.disabled():
        print(f"\nback-test: {good:.0%} keep the target or are refused, {refused:.0%} of calls with 5,000 samples refused")
    assert good >= 0.9
    assert refused <= 0.1


def test_back_test_on_a_recording(shared, capsys):
    """Gatling 3.10's recording: first half against second; 90 % of calls keep 0.1 % (or one late call), or are refused."""
    path = shared / "data/latency/gatling/simulation-v3.10.log.gz"
    import gzip

    lines = gzip.decompress(path.read_bytes()).decode().splitlines(keepends=True)
    requests = [line for line in lines if line.startswith("REQUEST")]
    half = len(requests) // 2
    import tempfile
    from pathlib import Path

    with tempfile.TemporaryDirectory() as folder:
        parts = []
        for name, part in (("first", requests[:half]), ("second", requests[half:])):
            written = Path(folder, f"{name}.log")
            written.write_text("".join(lines[:2] + part))
            parts.append({p.call: p for p in measure([written], select_normal=False).profiles})
    results = {}
    for call, profile in parts[0].items():
        advice = advise(profile)
        if advice.recommended_s is None or call not in parts[1]:
            results[call] = "refused"
            continue
        seen = false_timeouts(parts[1][call], advice.recommended_s)
        late = round(seen.p * parts[1][call].n)
        results[call] = "kept" if seen.p <= 0.001 or late <= 1 else "missed"
    good = sum(r != "missed" for r in results.values()) / len(results)
    with capsys.disabled():
        print(f"\nback-test, Gatling recording: {good:.0%} of {len(results)} calls keep the target or are refused: {results}")
    assert good >= 0.9
