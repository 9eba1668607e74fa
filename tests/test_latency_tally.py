"""Counting in machine code: the rows of the reduction, whatever is counted."""

from __future__ import annotations

import math

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from auditkit.errors import InputError
from auditkit.latency import counting, measure
from auditkit.latency.bursts import bursts_of
from auditkit.latency.columns import samples_of
from auditkit.latency.counting import Tables
from auditkit.latency.duck import duck
from auditkit.latency.numbered import numbered, words_in, words_of
from auditkit.latency.reduce import REJECTED, Call, collect, reduce
from auditkit.latency.store import from_parquet, to_parquet
from auditkit.latency.tally import tally
from auditkit.model.latency import profiles_of
from auditkit.model.system import Dependency

START = 1_700_000_000.0
MINUTE = 60.0


def table(n: int = 30_000, seed: int = 11) -> pa.Table:
    """Calls with and without operation or start, with every outcome, durations of zero, none, negative, endless and huge."""
    random = np.random.default_rng(seed)
    ms = np.exp(random.normal(3, 1.5, n))
    odd = random.integers(0, 200, n)
    for place, value in enumerate((0.0, -1.0, math.nan, math.inf, 1e16, 1e-300, 5e-324)):
        ms[odd == place] = value
    return pa.table(
        {
            "caller": [f"c{i}" for i in random.integers(0, 4, n)],
            "callee": [f"s{i}" for i in random.integers(0, 5, n)],
            "operation": [None if i == 0 else f"Op{i}" for i in random.integers(0, 3, n)],
            "start": pa.array(START + random.uniform(0, 1800, n), mask=odd == 7),
            "duration_ms": pa.array(ms, mask=odd == 8),
            "outcome": np.array(["ok", "ok", "ok", "ok", "error", "timeout"])[random.integers(0, 6, n)],
        }
    )


@pytest.fixture(params=[MINUTE, None], ids=["slices", "no slices"])
def both(request, tmp_path):
    """The same samples counted both ways."""
    pq.write_table(table(), tmp_path / "samples.parquet")
    where = str(tmp_path / "samples.parquet")
    with duck() as database:
        samples = samples_of(database.view(f"read_parquet('{where}')", where), where)
        coded = numbered(database, samples, words_of(database, samples, where))
        fast = tally(database, coded, 30_000, request.param, (START, START + 1800))
        assert fast is not None
        numbers = {call: coded.number(call) for call in fast.reduced.calls}
        slow = collect(database.run(reduce(coded.table, slice_s=request.param, by=("call",)), where), numbers)
        yield database, coded, fast, slow


def test_the_counts_are_those_of_the_reduction(both):
    """Same calls in the same order, and the same count in every outcome, slice and bucket."""
    _, _, fast, slow = both
    keys = ("call", "outcome", "slice", "bucket", "n")
    assert fast.reduced.calls == slow.calls
    rows = [sorted(zip(*(getattr(found, key).tolist() for key in keys), strict=True)) for found in (fast.reduced, slow)]
    assert rows[0] == rows[1]
    assert int(fast.reduced.n.sum()) == 30_000


def test_the_ends_of_a_bucket_are_those_of_all_its_slices(both):
    """Smallest and largest duration of a bucket, in whichever slice, as the reduction tells them slice by slice."""
    _, _, fast, slow = both
    ends: dict[tuple[int, int, int], tuple[float, float]] = {}
    for key, lo, hi in zip(zip(slow.call, slow.outcome, slow.bucket, strict=True), slow.lo_s, slow.hi_s, strict=True):
        least, most = ends.get(key, (math.inf, -math.inf))
        ends[key] = min(least, lo), max(most, hi)
    own = fast.reduced
    for key, lo, hi in zip(zip(own.call, own.outcome, own.bucket, strict=True), own.lo_s, own.hi_s, strict=True):
        if key[1] != REJECTED:
            assert (lo, hi) == ends[key]


def test_first_and_last_start_of_each_call_are_seen(both):
    """They are the least and the greatest start that any sample of the call has."""
    _, _, fast, _ = both
    frame = table().to_pandas()
    for item in fast.seen:
        own = frame[(frame.caller == item.call.caller) & (frame.callee == item.call.callee)]
        own = own[own.operation.isna() if item.call.operation is None else own.operation == item.call.operation]
        assert (item.first_s, item.last_s) == (own.start.min(), own.start.max())


def test_bursts_of_failures_are_the_same_as_noted_and_as_looked_up(both):
    """Failures noted in counting say of bursts what a second look at the samples says."""
    database, coded, fast, _ = both
    if not (fast.reduced.slice > 0).any():
        assert len(fast.failures[0]) == 0
        return
    names = {coded.number(call): call for call in fast.reduced.calls}
    parts = [Tables(coded.table, names, fast.failures), Tables(coded.table, names)]
    noted, looked_up = (bursts_of(database, [part], fast.reduced.calls, fast.reduced.by_call(), MINUTE) for part in parts)
    assert noted == looked_up
    assert any(found.error_correlation is not None for found in noted)


def test_numbers_and_names_of_calls_belong_together():
    """The call of a call's number is that call, with operations or without."""
    calls = [Call(a, b, c) for a in "xyz" for b in ("p", "q") for c in (None, "Get", "Put")]
    with duck() as database:
        empty = samples_of(database.arrow(pa.table({"caller": ["x"], "callee": ["p"], "duration_s": [1.0]})), "t")
        coded = numbered(database, empty, words_in(calls))
        assert [coded.call(coded.number(call)) for call in calls] == calls
        assert len({coded.number(call) for call in calls}) == len(calls)


def test_many_samples_and_few_are_described_alike(tmp_path, monkeypatch):
    """Counting in machine code changes no quantile, no count and no warning of a report."""
    good = table(40_000).to_pandas()
    good.loc[good.outcome == "timeout", "duration_ms"] = 2000.0
    pq.write_table(pa.Table.from_pandas(good), tmp_path / "samples.parquet")
    few = measure([tmp_path / "samples.parquet"])
    monkeypatch.setattr(counting, "MANY", 1)
    many = measure([tmp_path / "samples.parquet"])
    for a, b in zip(few.profiles, many.profiles, strict=True):
        assert (a.call, a.p50, a.p95, a.p99, a.p999) == (b.call, b.p50, b.p95, b.p99, b.p999)
        assert (a.n, a.errors, a.timeouts, a.rejected, a.slices) == (b.n, b.errors, b.timeouts, b.rejected, b.slices)
        assert (a.start_s, a.end_s, a.error_correlation, a.peakedness) == (b.start_s, b.end_s, b.error_correlation, b.peakedness)
        assert (a.ok.counts, a.warnings) == (b.ok.counts, b.warnings)
    assert (few.warnings, few.left_out) == (many.warnings, many.left_out)


def test_without_room_the_reduction_does_it(tmp_path, monkeypatch):
    """More calls, slices and buckets than there is room for are counted out of core, with the same result."""
    from auditkit.latency import tally_kernels

    pq.write_table(table(), tmp_path / "samples.parquet")
    few = measure([tmp_path / "samples.parquet"])
    monkeypatch.setattr(counting, "MANY", 1)
    monkeypatch.setattr(tally_kernels, "MOST_COUNTS", 10_000)
    assert measure([tmp_path / "samples.parquet"]) == few


def test_a_start_outside_the_time_that_was_told_is_not_counted_elsewhere(tmp_path):
    """Nothing is written beyond the slices there are: there is no tally then, and the reduction does it."""
    pq.write_table(table(), tmp_path / "samples.parquet")
    where = str(tmp_path / "samples.parquet")
    with duck() as database:
        whole = samples_of(database.view(f"read_parquet('{where}')", where), where)
        coded = numbered(database, whole, words_of(database, whole, where))
        assert tally(database, coded, 30_000, MINUTE, (START, START + 600)) is None


def test_what_is_wrong_with_many_samples_is_said_as_of_few(tmp_path, monkeypatch):
    """Unknown outcomes, missing names and impossible times: the same lines."""
    monkeypatch.setattr(counting, "MANY", 1)
    whole = table(500).to_pandas()
    for change, said in (
        ({"outcome": "melted"}, "unknown outcome 'melted'"),
        ({"callee": ""}, "calls without caller or callee"),
        ({"start": 4.2e12}, "has start times after the year 2100"),
    ):
        pq.write_table(pa.Table.from_pandas(whole.assign(**change)), tmp_path / "samples.parquet")
        with pytest.raises(InputError, match=said):
            measure([tmp_path / "samples.parquet"])


def test_profiles_that_are_kept_speak_for_the_same_dependencies_as_any(tmp_path):
    """Found by caller and callee at once, or by looking at all: the same profiles, whatever the target names."""
    pq.write_table(table(4000), tmp_path / "samples.parquet")
    measured = {profile.call: profile for profile in measure([tmp_path / "samples.parquet"]).profiles}
    kept = from_parquet(to_parquet(measured.values()))
    for target in ("s1", "s1:Op1", "s1:Op9", "nobody"):
        dependency = Dependency(caller="c0:handle", to=(target,))
        expected = tuple(
            p
            for p in measured.values()
            if (p.caller, p.callee) == ("c0", "s1") and target != "nobody" and p.operation in _heard(target)
        )
        assert profiles_of(dependency, target, kept) == profiles_of(dependency, target, measured) == expected


def _heard(target: str) -> tuple[str | None, ...]:
    """Operations whose profiles speak for a target: its own, else those of calls without operation."""
    return {"s1": (None, "Op1", "Op2"), "s1:Op1": ("Op1",)}.get(target, (None,))


def test_no_number_for_a_start_or_a_duration_is_as_none(tmp_path, monkeypatch):
    """NaN, which the statistics of a Parquet file do not know, is a start that is unknown and a duration that is rejected."""
    start, ms = START + np.arange(900.0), np.full(900, 5.0)
    start[:100], ms[800:850] = math.nan, math.nan
    made = pa.table({"caller": ["web"] * 900, "callee": ["db"] * 900, "start": start, "duration_ms": ms})
    pq.write_table(made, tmp_path / "samples.parquet")
    for many in (1, 10**9):
        monkeypatch.setattr(counting, "MANY", many)
        (found,) = measure([tmp_path / "samples.parquet"]).profiles
        assert (found.n, found.rejected, found.start_s) == (850, 50, START + 100)
