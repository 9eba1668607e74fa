"""The timeout rule: seed, false timeouts, fit, rounding, grades, and refusals in words."""

from __future__ import annotations

import math

import numpy as np
import pytest
from interval_table import Wander, advised

from auditkit.latency import measure
from auditkit.model.latency import Bounds, Histogram, LatencyProfile
from auditkit.patterns.shares import samples_needed, upper_share
from auditkit.patterns.tail import extrapolated_s
from auditkit.patterns.timeout import advise, percentile_rule_s, target_from_slo
from auditkit.units import round_up


def profile(
    values_ms: list[float], *, timeouts: int = 0, busiest_ms: list[float] | None = None, cut: float | None = None
) -> LatencyProfile:
    """Samples in milliseconds as a profile; quantiles by nearest rank."""
    values = sorted(v / 1e3 for v in values_ms)
    total = len(values) + timeouts

    def at(p: float) -> Bounds:
        rank = max(1, math.ceil(p * total - 1e-9))
        point = values[min(rank, len(values)) - 1]
        return Bounds(point=point, lo=values[0], hi=None)

    return LatencyProfile(
        call="a -> b", caller="a", callee="b", n=len(values), timeouts=timeouts, ok=histogram(values),
        busiest=None if busiest_ms is None else histogram(sorted(v / 1e3 for v in busiest_ms)), min_s=values[0], max_s=values[-1],
        mean_s=math.fsum(values) / len(values), p50=at(0.5), p95=at(0.95), p99=at(0.99), p999=at(0.999), cut_off_at_s=cut,
    )  # fmt: skip


def histogram(values: list[float]) -> Histogram:
    return Histogram(lo_s=tuple(values), hi_s=tuple(values), counts=(1,) * len(values))


def light_tail(n: int, p99_ms: float = 100.0) -> list[float]:
    """n samples whose p99 is as given; one percent lies just above it, nothing beyond 1.2 x p99."""
    rank = math.ceil(0.99 * n)
    return [p99_ms * (i + 1) / rank for i in range(rank)] + [p99_ms * 1.2] * (n - rank)


def test_p99_of_100_ms_gives_300_ms():
    """numbers.yaml, timeouts: p99 = 100 ms, ample samples, light tail, no deadline: seed 200 to 300 ms, recommended 300 ms."""
    advice = advise(profile(light_tail(10_000)))
    assert advice.seed_rule_s == pytest.approx((0.2, 0.3))
    assert (advice.recommended_s, advice.grade, advice.bound_by) == (0.3, "justified", "seed")


def test_298_samples_are_refused_in_words():
    """numbers.yaml: 298 samples have no p99 bound: provisional, nothing recommended, 5 s to start with."""
    advice = advise(profile(light_tail(298)))
    assert (advice.grade, advice.recommended_s, advice.provisional_s) == ("provisional", None, 5.0)
    assert "298 samples; a p99 bound needs 299" in advice.reason


@pytest.mark.parametrize("n", [299, 1000, 2994])
def test_299_to_2994_samples_give_a_seed(n):
    """numbers.yaml: 299 to 2,994 samples and a target of 0.1 %: 3 x p99, graded seed, bound by samples."""
    advice = advise(profile(light_tail(n)))
    assert (advice.grade, advice.recommended_s, advice.bound_by) == ("seed", 0.3, "samples")
    assert advice.false_timeout is not None
    assert advice.false_timeout.upper > 0.001
    assert "2,995" in advice.reason


def test_2995_samples_justify():
    """numbers.yaml: 2,995 samples, none above 3 x p99: justified, upper bound 0.000999745 (to 1e-9)."""
    advice = advise(profile(light_tail(2995)))
    assert advice.grade == "justified"
    assert advice.false_timeout is not None
    assert advice.false_timeout.p == 0
    assert advice.false_timeout.upper == pytest.approx(0.000999745, abs=1e-9)


def test_samples_needed():
    """numbers.yaml, samples_needed_for_one_sided_95."""
    assert {p: samples_needed(p) for p in (0.95, 0.99, 0.995, 0.999, 0.9999)} == {
        0.95: 59, 0.99: 299, 0.995: 598, 0.999: 2995, 0.9999: 29956,
    }  # fmt: skip


@pytest.mark.parametrize(("x", "n", "bound"), [(1, 10, 0.3942), (5, 100, 0.1023), (0, 20, 0.1391)])
def test_upper_bound_of_a_share(x, n, bound):
    """Clopper-Pearson, one-sided 95 %: 1/10, 5/100 and 0/20, from the beta quantiles in Hahn and Meeker (1991), table A.23."""
    assert upper_share(x, n) == pytest.approx(bound, abs=1e-4)


def test_a_heavy_tail_raises_the_timeout():
    """Where 3 x p99 cuts off more than the target and a bound within it exists, the timeout is raised to that value."""
    values = [10.0] * 19_800 + [50.0] * 100 + [900.0 + i for i in range(100)]
    advice = advise(profile(values))
    assert advice.bound_by == "false_timeout"
    assert advice.grade == "justified"
    assert advice.false_timeout is not None
    assert advice.recommended_s is not None
    assert advice.recommended_s > 0.9
    assert advice.false_timeout.upper <= 0.001


def test_a_heavy_tail_without_enough_samples_stays_a_seed():
    """Below 2,995 samples nothing bounds 0.1 %: the seed is not raised, its rate is stated."""
    advice = advise(profile([10.0] * 985 + [900.0] * 15))
    assert advice.recommended_s == 2.7
    heavy = advise(profile([10.0] * 995 + [900.0] * 5))
    assert (heavy.recommended_s, heavy.grade, heavy.bound_by) == (0.03, "seed", "samples")
    assert heavy.false_timeout is not None
    assert heavy.false_timeout.p == pytest.approx(0.005)


def test_deadline_and_pool_tighten():
    """The lower limit wins; the result is never past it, and says which one it was."""
    ample = profile(light_tail(10_000))
    assert advise(ample, deadline_left_s=0.25).recommended_s == 0.25
    assert advise(ample, deadline_left_s=0.25).bound_by == "deadline"
    assert advise(ample, deadline_left_s=0.25, pool_fit_s=0.22).bound_by == "pool"
    assert advise(ample, deadline_left_s=0.2512).recommended_s == 0.2512
    assert advise(ample, deadline_left_s=10.0).bound_by == "seed"


def test_below_twice_p99_never_silently():
    """A limit below 2 x p99 is kept, with what it costs and what would be better."""
    advice = advise(profile(light_tail(10_000)), deadline_left_s=0.09)
    assert advice.recommended_s == 0.09
    assert advice.grade == "seed"
    assert advice.bound_by == "deadline"
    assert "below 2 x p99" in advice.cost
    assert "fallback" in advice.cost
    assert "above the target" in advice.reason


def test_a_limit_bounds_the_provisional_value_too():
    """provisional = min(5 s, deadline, pool fit)."""
    few = profile(light_tail(20))
    assert advise(few, deadline_left_s=0.4).provisional_s == 0.4
    assert advise(few, deadline_left_s=9.0, pool_fit_s=2.0).provisional_s == 2.0


def test_nothing_left_of_the_deadline():
    """A deadline that is used up by other calls leaves no timeout at all, and that is said."""
    advice = advise(profile(light_tail(10_000)), deadline_left_s=0.0)
    assert (advice.recommended_s, advice.provisional_s, advice.bound_by) == (None, None, "deadline")


def test_rounded_up_to_two_digits_but_never_past_a_limit():
    """3 x 71.35 ms = 214.05 ms becomes 220 ms, or 215 ms where a limit is there."""
    ample = profile(light_tail(10_000, 71.35))
    assert advise(ample).recommended_s == 0.22
    assert advise(ample, deadline_left_s=0.215).recommended_s == 0.215


def test_the_rule_holds_in_the_busiest_slices():
    """p99 of the busiest 5 % of slices is 200 ms, so 300 ms would be below 2 x p99 exactly when it matters."""
    advice = advise(profile(light_tail(10_000), busiest_ms=light_tail(600, 200.0)))
    assert advice.recommended_s == 0.4
    assert "busiest" in advice.reason


def test_too_few_samples_in_the_busiest_slices_are_said():
    """298 samples bound no p99: that the rule was not checked where it is busiest stands in the reason."""
    words = "not checked in the busiest 5 % of time slices: their 298 samples bound no p99, which needs 299"
    assert words in advise(profile(light_tail(10_000), busiest_ms=light_tail(298))).reason
    assert "not checked" not in advise(profile(light_tail(10_000), busiest_ms=light_tail(299))).reason


def test_cut_off_data_do_not_pass_for_latencies():
    """Two percent of the calls were given up on at 1 s: p99 is 1 s or more, and no timeout follows from that."""
    advice = advise(profile([50.0] * 9_800, timeouts=200, cut=1.0))
    assert (advice.recommended_s, advice.grade, advice.bound_by) == (None, "provisional", "censored")
    assert "1s or more" in advice.reason


def test_a_few_cut_off_calls_count_as_false_timeouts():
    """0.5 % given up on at 1 s: the seed holds, the target cannot be met whatever the timeout."""
    advice = advise(profile([50.0] * 9_950, timeouts=50, cut=1.0))
    assert advice.recommended_s == 0.15
    assert (advice.grade, advice.bound_by) == ("seed", "censored")
    assert advice.false_timeout is not None
    assert advice.false_timeout.p == 0.005


def test_a_stricter_target_needs_more_samples():
    """A target of 0.01 % is not shown by 10,000 samples: that needs 29,956."""
    advice = advise(profile(light_tail(10_000)), target=0.0001)
    assert (advice.grade, advice.bound_by) == ("seed", "samples")
    assert "29,956" in advice.reason


def test_target_from_the_slo():
    """10 % of the error budget, shared among the journey's calls whose failure fails it, only where that is stricter."""
    assert target_from_slo(0.999, 1) == 0.0001
    assert target_from_slo(0.9999, 5) == 0.000002
    assert target_from_slo(0.95, 2) == 0.001
    with pytest.raises(ValueError, match="no error budget"):
        target_from_slo(1.0, 1)


def test_the_percentile_rule_stands_beside():
    """Choosing a rate of 0.1 % and reading p99.9; not read where fewer than 1,000 samples lie."""
    assert percentile_rule_s(profile(light_tail(999))) is None
    assert percentile_rule_s(profile([float(i + 1) for i in range(10_000)])) == pytest.approx(9.99)
    assert advise(profile(light_tail(10_000))).aws_rule_s == pytest.approx(0.12)


def test_buckets_are_read_at_their_upper_end():
    """Of a bucket in which the timeout lies, all samples count as cut off; a bucket without upper end bounds nothing."""
    edges = Histogram(lo_s=(0.0, 0.1, 0.25), hi_s=(0.1, 0.25, math.inf), counts=(9_000, 999, 1))
    known = profile([100.0] * 9_000 + [250.0] * 1_000).model_copy(update={"ok": edges})
    advice = advise(known)
    assert advice.recommended_s == 0.75
    assert advice.false_timeout is not None
    assert advice.false_timeout.p == 0.0001
    open_ended = known.model_copy(update={"ok": edges.model_copy(update={"counts": (9_000, 800, 200)})})
    assert advise(open_ended).bound_by == "censored"


def test_impossible_questions_are_refused():
    """A target or a factor outside the rule is a mistake of the caller."""
    with pytest.raises(ValueError, match="target"):
        advise(profile(light_tail(400)), target=0.0)
    with pytest.raises(ValueError, match="outside the rule"):
        advise(profile(light_tail(400)), factor=1.0)


@pytest.mark.parametrize(("n", "hinted"), [(199, False), (200, True), (298, True), (2994, True), (2995, False)])
def test_a_tail_is_extrapolated_as_a_hint_only(n, hinted):
    """From 200 samples on, until the samples show the percentile themselves; the recommendation is the same without it."""
    random = np.random.default_rng(n)
    advice = advise(profile((100 * random.exponential(size=n)).tolist()))
    assert (advice.extrapolated_s is not None) == hinted
    if hinted:
        assert advice.extrapolated_s == pytest.approx(0.1 * math.log(1000), rel=0.4)
        assert advice.recommended_s in (None, round_up(3 * advice.p99.point))


def test_no_tail_is_extrapolated_over_a_cut():
    """Where calls were given up, how long they would have taken is not in the data."""
    assert advise(profile(light_tail(1000), timeouts=3)).extrapolated_s is None


@pytest.mark.parametrize("sigma", [0.3, 0.6, 0.9])
def test_the_extrapolated_tail_is_right_in_the_middle(sigma):
    """Over 200 lognormal recordings of 1,000 samples its median is within 15 % of the true 99.9 % percentile."""
    drawn = np.sort(np.exp(np.random.default_rng(17).normal(0, sigma, (200, 1000))))
    found = [extrapolated_s(histogram(values), 0.001) for values in drawn.tolist()]
    assert np.median(found) == pytest.approx(math.exp(sigma * 3.0902), rel=0.15)


def test_a_tick_of_the_clock_is_added_where_single_samples_decide(tmp_path):
    """A clock of 1 ms: of 6,000 calls 30 are told as 1 ms, and may have lasted almost 2: 2 ms, not 1, and that is said."""
    path = tmp_path / "a.csv"
    path.write_text("caller,callee,duration_ms\n" + "a,b,0\n" * 5970 + "a,b,1\n" * 30)
    advice = advise(measure([path]).profiles[0])
    assert advice.recommended_s == 0.002
    assert "the 1ms that lie between two ticks of the clock" in advice.reason


def test_a_timeout_that_one_call_decides_says_so(tmp_path):
    """3,000 calls of 20 ms and one of an hour: nothing below the hour is shown to keep 0.1 %, and whose hour that is, is said."""
    path = tmp_path / "a.csv"
    rows = "".join(f"a,b,{20 + i / 1000}\n" for i in range(2999))
    path.write_text("caller,callee,duration_ms\n" + rows + "a,b,3600000\n")
    advice = advise(measure([path]).profiles[0])
    assert "x p99, for the slowest 1 of 3,000; look at them before anybody waits so long" in advice.reason


def test_justified_timeouts_of_latencies_that_wander():
    """Medians with autocorrelation 0.7 and heavy tails: of 60 recordings at most 10 % miss the target, by at most a fifth.

    With calls taken as independent 15 % and more would; for that the timeouts are not even a fifth longer.
    """
    case = Wander(0.7)
    found = [(advised(took, alike=True), advised(took, alike=False)) for took in case.recordings(60)]
    alike, own = (np.array([a.recommended_s for a in side if a.recommended_s is not None]) for side in zip(*found, strict=True))
    assert len(alike) == len(own) == 60
    assert np.mean([case.rate(t) > 0.001 for t in alike]) >= 0.15
    assert np.mean([case.rate(t) > 0.001 for t in own]) <= 0.1
    assert np.quantile([case.rate(t) for t in own], 0.95) <= 0.0012
    assert np.median(own / alike) < 1.2


def test_slow_calls_that_come_together_bound_less(tmp_path):
    """3,600 calls, none above 3 x p99: enough on their own; where the slow ones fill five minutes, nothing is justified yet."""

    def recorded(name, slow):
        first = 1_700_000_000 // 60 * 60
        lines = [
            f"web,db,{first + 60 * minute + i},{50 if slow(minute, i) else 20 + i / 1000}"
            for minute in range(60)
            for i in range(60)
        ]
        (tmp_path / name).write_text("caller,callee,start,duration_ms\n" + "\n".join(lines) + "\n")
        return measure([tmp_path / name], select_normal=False).profiles[0]

    alone = recorded("alone.csv", lambda minute, i: minute % 2 == i == 0)
    together = recorded("together.csv", lambda minute, i: minute < 5 and i < 7)
    assert (alone.tail_wander, advise(alone).grade) == (0.0, "justified")
    advice = advise(together)
    assert (advice.grade, advice.bound_by) == ("seed", "samples")
    assert "slow calls come together in time, so that 3,600 say as much as" in advice.reason
    assert advise(together.model_copy(update={"tail_wander": None})).grade == "justified"
