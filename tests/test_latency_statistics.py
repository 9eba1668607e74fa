"""Intervals, cut-off data, omission, changing regimes: what can be said of samples, and what cannot."""

from __future__ import annotations

import math

import numpy as np
import pytest
from interval_table import CASES, DRAWS, PROMISED, coverage, coverage_in_slices

from auditkit.latency import TimeRange, measure
from auditkit.latency.censoring import kaplan_meier
from auditkit.latency.statistics import bootstrap_by_slice, nearest_rank
from auditkit.latency.stretches import episodes, shifted, stretches
from auditkit.patterns.timeout import advise

START = 1_700_000_000


@pytest.fixture
def measured(tmp_path):
    """Measures rows of (start, milliseconds, outcome)."""

    def measuring(rows, name="a.csv", **options):
        path = tmp_path / name
        body = "\n".join(f"web,cart,{start:.3f},{ms:.6f},{outcome}" for start, ms, outcome in rows)
        path.write_text(f"caller,callee,start,duration_ms,outcome\n{body}\n")
        return measure([path], **options)

    return measuring


def lognormal(n: int, seed: int, median_ms: float = 20.0, sigma: float = 0.6) -> list[float]:
    return (median_ms * np.exp(np.random.default_rng(seed).normal(0, sigma, n))).tolist()


@pytest.mark.parametrize("draw", DRAWS)
@pytest.mark.parametrize(("n", "p"), CASES)
def test_intervals_cover_the_true_quantile(draw, n, p):
    """2,000 repetitions of a nominal 95 % interval enclose the true quantile in at least 94 %, heavy tails included."""
    assert coverage(draw, n, p) >= PROMISED


def test_the_block_bootstrap_covers_where_latencies_move_together():
    """Slices that are slow as a whole: the order statistic alone covers far too rarely, the wider of both much more often."""
    alone, together = coverage_in_slices()
    assert alone < 0.85
    assert together >= 0.90


def test_few_slices_are_not_drawn_from():
    """Fewer than 20 slices are no sample of times."""
    assert bootstrap_by_slice(np.ones((19, 5), dtype=np.int64), (0.99,)) is None


def test_moving_latencies_widen_the_interval(measured):
    """The same samples, mixed over time or sorted into slow and fast times: the interval is wider in the second case."""
    values = lognormal(6000, 1)
    mixed = measured([(START + i * 0.1, v, "ok") for i, v in enumerate(values)]).profiles[0]
    moving = [v * (2.5 if (i // 300) % 3 == 0 else 1.0) for i, v in enumerate(values)]
    moved = measured([(START + i * 0.1, v, "ok") for i, v in enumerate(moving)], "b.csv", select_normal=False).profiles[0]
    still = measured([(START, v, "ok") for v in moving], "c.csv").profiles[0]
    assert moved.p95.point == still.p95.point
    assert moved.p95.hi - moved.p95.lo > 1.5 * (still.p95.hi - still.p95.lo)
    assert mixed.p95.hi - mixed.p95.lo < 0.15 * mixed.p95.point


def test_kaplan_meier_published_example():
    """Kaplan and Meier (1958): deaths at 0.8, 3.1, 5.4, 9.2, losses at 1.0, 2.7, 7.0, 12.1 give 7/8, 7/10, 21/40, 21/80."""
    share = kaplan_meier(
        np.array([0.8, 3.1, 5.4, 9.2]), np.ones(4, np.int64), np.array([1.0, 2.7, 7.0, 12.1]), np.ones(4, np.int64)
    )
    assert 1 - share == pytest.approx([7 / 8, 7 / 10, 21 / 40, 21 / 80])


def test_what_was_cut_off_is_at_least_the_cut(measured):
    """3 % of the calls time out at 500 ms: p50 counts them, p99 is 500 ms or more, and no timeout follows."""
    values = lognormal(3000, 2)
    rows = [(START + i * 0.1, 500.0 if i % 33 == 0 else v, "timeout" if i % 33 == 0 else "ok") for i, v in enumerate(values)]
    (profile,) = measured(rows).profiles
    assert profile.cut_off_at_s == pytest.approx(0.5)
    assert (profile.p99.point, profile.p99.hi) == (pytest.approx(0.5), None)
    advice = advise(profile)
    assert (advice.recommended_s, advice.bound_by) == (None, "censored")
    assert "500ms or more" in advice.reason
    ok = sorted(v for i, v in enumerate(values) if i % 33)
    assert profile.p50.point * 1e3 == pytest.approx(ok[nearest_rank(3000, 0.5) - 1], abs=1e-5)


def test_errors_that_pile_up_are_a_timeout(measured):
    """Errors at 2,000 to 2,010 ms, where no answer is slower than 400 ms: an existing timeout of 2 s, recorded as errors."""
    values = lognormal(3000, 3)
    rows = [
        (START + i * 0.1, 2000.0 + i % 10, "error") if i % 100 == 0 else (START + i * 0.1, v, "ok") for i, v in enumerate(values)
    ]
    (profile,) = measured(rows).profiles
    assert (profile.errors, profile.timeouts) == (0, 30)
    assert profile.cut_off_at_s == pytest.approx(2.0, rel=0.01)
    assert any("30 errors pile up at 2" in note for note in profile.warnings)


def test_fast_errors_are_no_timeout(measured):
    """Errors that come as fast as answers are errors."""
    values = lognormal(3000, 4)
    (profile,) = measured([(START + i * 0.1, v, "error" if i % 50 == 0 else "ok") for i, v in enumerate(values)]).profiles
    assert (profile.errors, profile.timeouts, profile.cut_off_at_s) == (60, 0, None)


def test_answers_that_pile_up_at_a_round_value_are_a_timeout(measured):
    """Answers recorded at 1,000 to 1,004 ms, with nothing between 400 ms and that: cut off at 1 s."""
    values = lognormal(3000, 5)
    rows = [(START + i * 0.1, 1000.0 + i % 5 if i % 100 == 0 else v, "ok") for i, v in enumerate(values)]
    (profile,) = measured(rows).profiles
    assert profile.timeouts == 30
    assert any("answers pile up at 1s" in note for note in profile.warnings)


def test_a_smooth_tail_is_no_pile(measured):
    """A heavy tail that ends near a round value is not taken for a timeout."""
    values = [v for v in lognormal(20_000, 6, sigma=1.2) if v < 1005]
    (profile,) = measured([(START + i * 0.05, v, "ok") for i, v in enumerate(values)]).profiles
    assert profile.timeouts == 0


def test_several_cuts_need_kaplan_meier(measured):
    """Two versions with timeouts of 60 ms and 120 ms: leaving those calls out would make p95 too small; Kaplan-Meier does not."""
    values = lognormal(40_000, 7, sigma=0.8)
    truth = sorted(values)[nearest_rank(40_000, 0.95) - 1]
    rows = []
    for i, v in enumerate(values):
        cut = 60.0 if i % 2 else 120.0
        rows.append((START + i * 0.01, min(v, cut), "ok" if v < cut else "timeout"))
    (profile,) = measured(rows, select_normal=False).profiles
    assert profile.p95.point * 1e3 == pytest.approx(truth, rel=0.03)
    assert profile.p95.lo * 1e3 <= truth <= (profile.p95.hi or math.inf) * 1e3 * 1.01
    naive = sorted(ms for _, ms, outcome in rows if outcome == "ok")
    assert naive[nearest_rank(len(naive), 0.95) - 1] < 0.95 * truth
    assert any("cut off at several values: 60ms, 120ms" in note for note in profile.warnings)


def test_errors_of_two_versions_pile_up_at_two_timeouts(measured):
    """Half waits 1 s and half 2 s, and both write their timeouts as errors: p99 is the true 1.29 s."""
    rows = []
    for i, took in enumerate(lognormal(40_000, 3, median_ms=200, sigma=0.8)):
        cut = 2000 if i % 2 else 1000
        rows.append((START + i * 0.09, took, "ok") if took < cut else (START + i * 0.09, cut + i % 3, "error"))
    (profile,) = measured(rows).profiles
    assert (profile.errors, profile.timeouts) == (0, sum(outcome == "error" for _, _, outcome in rows))
    assert profile.p99.point == pytest.approx(0.2 * math.exp(0.8 * 2.326), rel=0.05)
    assert {note.split(":")[0].split(" at ")[-1] for note in profile.warnings if "pile up" in note} == {"1s", "2s"}
    refused = [(start, 10.0 if outcome == "error" else took, outcome) for start, took, outcome in rows]
    assert measured(refused, "b.csv").profiles[0].timeouts == 0  # refused at once, in 10 ms, is no timeout


def test_coordinated_omission_is_said_not_corrected(tmp_path):
    """One stall of 10 s among 10-ms calls of one user: p99 stays as measured, the estimate stands beside it."""
    rows, at = ["response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset"], 0.0
    for i in range(8000):
        took = 10.0 if i == 2000 else 0.010
        rows.append(f"{took:.4f},0,0,0,0,0,200,{at:.4f}")
        at += took
    path = tmp_path / "run.csv"
    path.write_text("\n".join(rows) + "\n")
    (profile,) = measure([path], select_normal=False).profiles
    assert profile.p99.point == pytest.approx(0.010)
    assert profile.p99_if_open_s == pytest.approx(9.1, rel=0.05)
    assert any("coordinated omission" in note and "10ms as measured" in note for note in profile.warnings)
    assert advise(profile).recommended_s == pytest.approx(0.03)


def test_open_loops_have_no_omission(measured):
    """Samples of real traffic are not corrected, nor warned about."""
    (profile,) = measured([(START + i, 10_000.0 if i == 500 else 10.0, "ok") for i in range(1000)]).profiles
    assert profile.p99_if_open_s is None


def test_warm_up_is_noticed(measured):
    """The first 30 s are four times as slow and get better."""
    rows = [(START + i * 0.1, v * (4 if i < 300 else 1), "ok") for i, v in enumerate(lognormal(6000, 8, sigma=0.3))]
    (profile,) = measured(rows, select_normal=False).profiles
    assert any(note.startswith("warm-up: the first 30s") for note in profile.warnings)


def test_drift_is_noticed(measured):
    """Latencies double over the recording."""
    rows = [(START + i * 0.1, v * (1 + i / 6000), "ok") for i, v in enumerate(lognormal(6000, 9, sigma=0.3))]
    (profile,) = measured(rows, select_normal=False).profiles
    assert any(note.startswith("drift: latencies rise") for note in profile.warnings)


def test_a_shift_of_level_is_noticed(measured):
    """From minute 40 on 1.4 times as slow, as after a release: said with its time; nothing is left out, nor called a drift."""
    first = START // 60 * 60
    found = measured([(s, v * (1.4 if s >= first + 2400 else 1), o) for s, v, o in day()])
    (profile,) = found.profiles
    assert found.left_out == ()
    (note,) = profile.warnings
    assert note.startswith("level shift: since 2023-11-14 22:53:00 UTC the median is 1.4 times what it was")


def test_a_slower_time_that_ends_is_left_out(measured):
    """Minutes 40 to 49 at 1.7 times the latency and the usual load: too little for a single slice, enough for ten of them."""
    first = START // 60 * 60
    found = measured([(s, v * (1.7 if 40 <= (s - first) // 60 < 50 else 1), o) for s, v, o in day()])
    assert [(item.start_s - first) / 60 for item in found.left_out] == list(range(40, 50))
    (reason,) = {item.reason for item in found.left_out}
    assert reason == "changed regime: p50 is 1.6 times the usual for a while, without more load"  # the usual: with the peak's


def test_latencies_that_wander_are_no_change_of_level():
    """Medians that follow one another (autocorrelation 0.7, 7 to 14 % scatter): at most 1 % of recordings are misjudged."""
    random, wrong = np.random.default_rng(6), 0
    for _ in range(500):
        level = np.zeros(60)
        for k in range(1, 60):
            level[k] = 0.7 * level[k - 1] + random.normal(0, 0.07)
        found = stretches(np.exp(level))
        wrong += bool(episodes(found)) or shifted(found, np.exp(level)) is not None
    assert wrong <= 5


def test_two_groups_are_noticed(measured):
    """Hits of a cache at 1 ms, misses at 50 ms: split the call."""
    fast, slow = lognormal(2000, 10, 1.0, 0.2), lognormal(1000, 11, 50.0, 0.2)
    (profile,) = measured([(START, v, "ok") for v in fast + slow]).profiles
    assert any(note.startswith("two groups of latencies") and "67%" in note for note in profile.warnings)


def test_an_ordinary_recording_has_no_warnings(measured):
    """Steady lognormal traffic over ten minutes: nothing to say."""
    (profile,) = measured([(START + i * 0.1, v, "ok") for i, v in enumerate(lognormal(6000, 12))]).profiles
    assert profile.warnings == ()
    assert profile.left_out_slices == 0


def day(seed: int = 13) -> list[tuple[float, float, str]]:
    """An hour in slices of a minute: peak load (twice the calls, 30 % slower) from minute 20 to 29."""
    rows, values = [], iter(lognormal(20_000, seed, sigma=0.4))
    for minute in range(60):
        peak = 20 <= minute < 30
        n = 400 if peak else 200
        rows += [(START // 60 * 60 + minute * 60 + 60 * i / n, next(values) * (1.3 if peak else 1), "ok") for i in range(n)]
    return rows


def test_peak_load_is_normal(measured):
    """The busiest ten minutes are slower because they are busy; nothing is left out."""
    found = measured(day())
    assert found.left_out == ()
    assert found.profiles[0].busiest is not None


def test_an_incident_is_left_out_and_shown(measured):
    """Minutes 40 and 41: five times as slow at the usual load; left out, with reason; p99 with them stands beside."""
    slow = [(s, v * (5 if 40 <= (s - START // 60 * 60) // 60 < 42 else 1), o) for s, v, o in day()]
    found = measured(slow)
    (profile,) = found.profiles
    assert [(item.start_s - START // 60 * 60) / 60 for item in found.left_out] == [40, 41]
    assert all("without more load" in item.reason for item in found.left_out)
    assert profile.left_out_slices == 2
    assert profile.p99_all is not None
    assert profile.p99_all.point > 1.2 * profile.p99.point
    advice = advise(profile)
    assert advice.recommended_s is not None
    assert advice.unselected_s is not None
    assert advice.unselected_s > advice.recommended_s
    every = advise(measured(slow, "every.csv", select_normal=False).profiles[0])
    assert advice.unselected_s == pytest.approx(every.recommended_s, rel=0.02)


def test_failing_slices_are_left_out(measured):
    """Minute 10: a third of the calls fail."""
    failing = [(s, v, "error" if (s - START // 60 * 60) // 60 == 10 and i % 3 == 0 else o) for i, (s, v, o) in enumerate(day())]
    found = measured(failing)
    assert [item.reason[:7] for item in found.left_out] == ["errors:"]
    assert found.profiles[0].errors == 0


def test_people_overrule_the_selection(measured):
    """A labelled incident is left out whatever it looks like; a range to keep is kept."""
    first = START // 60 * 60
    slow = [(s, v * (5 if 40 <= (s - first) // 60 < 42 else 1), o) for s, v, o in day()]
    kept = measured(slow, keep=[TimeRange(first + 2400, first + 2520)])
    assert kept.left_out == ()
    labelled = measured(day(), "b.csv", incidents=[TimeRange(first + 65, first + 70, "failover test")])
    assert [item.reason for item in labelled.left_out] == ["incident: failover test"]
    assert labelled.profiles[0].n == len(day()) - 200


def test_when_most_slices_differ_none_is_left_out(measured):
    """Half of the hour at twice the latency has no normal half: said, not decided."""
    rows = [(s, v * (3 if (s - START // 60 * 60) // 60 % 2 else 1), o) for s, v, o in day()]
    found = measured(rows)
    assert found.left_out == ()


def test_what_is_slow_to_the_end_is_counted(measured):
    """Four times as slow from minute 42 on: nobody knows that it ends, and the level before would justify too little."""
    rows = [(s, v * (4 if (s - START // 60 * 60) // 60 >= 42 else 1), o) for s, v, o in day()]
    found = measured(rows)
    assert found.left_out == ()
    assert any("to the end of the recording, which is counted" in warning for warning in found.warnings)
    later = [v / 1e3 for s, v, _ in rows if (s - START // 60 * 60) // 60 >= 42]
    advice = advise(found.profiles[0])
    assert advice.recommended_s is not None
    assert sum(v > advice.recommended_s for v in later) <= 0.001 * len(later)


def test_what_comes_back_on_schedule_is_counted(measured):
    """A batch slows things down five times, for two minutes in every ten: that is how it normally works."""
    found = measured([(s, v * (5 if (s - START // 60 * 60) // 60 % 10 < 2 else 1), o) for s, v, o in day()])
    assert found.left_out == ()
    assert any("slower again every 10m, which is counted" in warning for warning in found.warnings)
    thrice = {5, 17, 44}
    assert measured([(s, v * (5 if (s - START // 60 * 60) // 60 in thrice else 1), o) for s, v, o in day()], "b.csv").left_out


def test_a_peak_of_one_call_slows_its_neighbours_down(tmp_path):
    """web's sale of three minutes slows everybody at the shared database: peak load for all, nothing is left out for any."""
    first, values = START // 60 * 60, iter(lognormal(60_000, 5, sigma=0.3))
    lines = ["caller,callee,start,duration_ms"]
    for minute in range(60):
        sale = 30 <= minute < 33
        for caller, rate in (("web", 300 * (4 if sale else 1)), ("jobs", 60), ("mail", 60)):
            for i in range(rate):
                took = next(values) * (4 if sale else 1)
                lines.append(f"{caller},db,{first + 60 * minute + 60 * i / rate:.3f},{took:.3f}")
    (tmp_path / "sale.csv").write_text("\n".join(lines))
    assert measure([tmp_path / "sale.csv"]).left_out == ()


def test_fault_minutes_of_a_recording(shared):
    """Online Boutique: an exception was injected at 04:18:35; labelled, the minute from 04:19 is left out, 17:00 is not."""
    import json

    folder = shared / "data/latency/traces_csv"
    faults = json.loads((folder / "2022-08-22-fault_list.json").read_text())
    incidents = [
        TimeRange(int(f["inject_timestamp"]), int(f["inject_timestamp"]) + 300, f["inject_type"])
        for hour in faults.values()
        for f in hour
    ]
    paths = [folder / "04_20_trace.csv", folder / "17_00_trace.csv"]
    both = {p.call: p for p in measure(paths).profiles}
    normal = {p.call: p for p in measure(paths, incidents=incidents).profiles}
    alone = {p.call: p for p in measure(paths[1:]).profiles}
    name = "frontend -> productcatalogservice:hipstershop.ProductCatalogService/GetProduct"
    assert (both[name].n, normal[name].n, alone[name].n) == (2281 + 2289, 2289, 2289)
    assert normal[name].p99 == alone[name].p99
    assert normal[name].left_out_slices == 7
    assert advise(both[name]).grade == "justified"
    assert advise(normal[name]).grade == "seed"
