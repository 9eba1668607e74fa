"""Closed forms and published figures that the derived settings must meet (../shared/oracles/numbers.yaml, typed in)."""

from __future__ import annotations

import math
import re
from types import ModuleType

import pytest
from hypothesis import given
from hypothesis import strategies as st
from small_worlds import measured

from auditkit.model.latency import Histogram
from auditkit.model.policy import call_worst_case_s
from auditkit.model.system import CircuitBreaker, Fallback, Policy, Retry
from auditkit.patterns import bulkhead, circuit_breaker, deadline, fallback, hedge, load_shedding, retry, seen, shares, timeout
from auditkit.patterns.deadline import parallel_s, sequential_s


def test_deadline_chains() -> None:
    """450 ms for one call; twice in a row misses 500 ms, in parallel fits; eight calls of 15 s take 120 s."""
    one = call_worst_case_s(Policy(timeout_s=0.2, retry=Retry(max_attempts=2, backoff_s=0.05)))
    assert one == 0.45
    assert sequential_s([one, one]) == 0.9 > 0.5
    assert parallel_s([one, one]) == 0.45 <= 0.5
    assert sequential_s([15.0] * 8) == 120.0 > 55.0


def test_retries_multiply_along_a_path() -> None:
    """Three layers of four attempts are 64 calls; with budgets of 10 % they are 1.331."""
    assert retry.amplification([4] * 3) == 64
    assert retry.amplification_with_budgets([0.1] * 3) == pytest.approx(1.331)


@pytest.mark.parametrize(("utilisation", "recovers"), [(0.24, True), (0.26, False)])
def test_a_retry_storm_feeds_itself_above_full_load(utilisation: float, recovers: bool) -> None:
    """Utilisation × (1 + 3 retries): 0.96 recovers, 1.04 does not."""
    assert retry.survives_storm(utilisation, 3) is recovers


def test_what_three_retries_cost_and_buy() -> None:
    """Half of the attempts fail: 1.875 attempts on average, 93.75 % success."""
    assert (retry.mean_attempts(0.5, 4), retry.p_success(0.5, 4)) == (1.875, 0.9375)


def test_erlang_b() -> None:
    """Mean load 6: 4.3142 % rejected by 10 places, 0.0892 % by 15, and 15 are the fewest for 0.1 %."""
    assert bulkhead.erlang_b(6, 10) == pytest.approx(0.043142, abs=5e-7)
    assert bulkhead.erlang_b(6, 15) == pytest.approx(0.000892, abs=5e-7)
    assert bulkhead.places_for(6) == 15


def test_erlang_c() -> None:
    """Mean load 8, 10 places: 40.918 % wait."""
    assert bulkhead.erlang_c(8, 10) == pytest.approx(0.409180, abs=5e-7)


def test_bursts_reject_ten_times_as_much() -> None:
    """At a peakedness of 2 Erlang B understates rejections about tenfold; without bursts the approximation is Erlang B."""
    assert 8 < bulkhead.rejected_when_bursty(6, 15, 2.0) / bulkhead.erlang_b(6, 15) < 20
    assert bulkhead.rejected_when_bursty(6, 15, 1.0) == pytest.approx(bulkhead.erlang_b(6, 15))


@pytest.mark.parametrize(("rate", "expected", "p"), [(200, 6, 0.715077), (20, 0.6, 0.000389)])
def test_five_failures_in_thirty_seconds(rate: float, expected: float, p: float) -> None:
    """At 0.1 % errors: 200 calls a second trip a healthy breaker, 20 do not."""
    found = circuit_breaker.count_trips(5, 30, rate, 0.001)
    assert found == (pytest.approx(expected), pytest.approx(p, abs=5e-7))
    settings = CircuitBreaker(failures=5, window_s=30)
    assert circuit_breaker.false_trip(settings, rate, 0.001) == pytest.approx(p, abs=5e-7)


def test_half_of_twenty_calls() -> None:
    """50 % of at least 20 calls at 5 % errors trips by chance once in 88 million windows."""
    assert circuit_breaker.p_trip(20, 0.5, 0.05) == pytest.approx(1.13e-8, rel=5e-3)


@given(rate=st.floats(0.05, 5000), p_error=st.floats(0, 0.3))
def test_a_derived_breaker_is_reachable_and_quiet(rate: float, p_error: float) -> None:
    """Whatever the rate: where a breaker is proposed, its volume comes together and chance does not open it."""
    made = circuit_breaker.derive(rate, p_error)
    if made is not None:
        assert circuit_breaker.is_reachable(made, rate)
        assert circuit_breaker.false_trip(made, rate, p_error) <= circuit_breaker.P_FALSE_TRIP * (1 + 1e-9)
        assert circuit_breaker.time_to_trip_s(made, rate) <= made.window_s


def test_rare_calls_get_no_breaker() -> None:
    """One call in ten seconds never fills a window of a minute."""
    assert circuit_breaker.derive(0.1, 0.001) is None


def test_a_slow_call_is_one_between_p99_and_timeout() -> None:
    """The threshold lies between what is normal and what is cut off; without room between them there is none."""
    assert circuit_breaker.derive(100, 0.001, timeout_s=0.3, p99_s=0.1).slow_call_s == 0.2
    assert circuit_breaker.derive(100, 0.001, timeout_s=0.1, p99_s=0.1).slow_call_s is None


@given(timeout=st.floats(0.001, 10), p50=st.floats(0.0001, 5), left=st.floats(0.001, 60), most=st.integers(2, 5))
def test_proposed_retries_fit_what_is_left(timeout: float, p50: float, left: float, most: int) -> None:
    """Attempts × timeout + waits never exceed what the deadline leaves."""
    made = retry.derive(timeout, p50, left, most)
    if made is not None:
        assert call_worst_case_s(Policy(timeout_s=timeout, retry=made)) <= left + 1e-9
        assert (made.jitter, made.budget) == ("full", retry.BUDGET)


@given(wanted=st.lists(st.integers(1, 200), max_size=12), pool=st.integers(1, 300))
def test_bulkheads_never_share_out_more_than_the_pool(wanted: list[int], pool: int) -> None:
    """The sum fits the pool, nobody gets nothing or more than wanted, and too many are refused."""
    given_out = bulkhead.share_out(wanted, pool)
    if given_out is None:
        assert len(wanted) > pool
    else:
        assert sum(given_out) <= pool
        assert all(1 <= got <= want for got, want in zip(given_out, wanted, strict=True))


@given(load=st.floats(0.001, 300))
def test_the_size_is_the_smallest_that_suffices(load: float) -> None:
    """One place less rejects more than 0.1 %."""
    places = bulkhead.places_for(load)
    assert bulkhead.erlang_b(load, places) <= bulkhead.REJECTED_AT_MOST
    assert places == 1 or bulkhead.erlang_b(load, places - 1) > bulkhead.REJECTED_AT_MOST


def test_erlang_b_equals_its_definition() -> None:
    """The recurrence gives (a^c / c!) / Σ a^k / k!."""
    load, places = 3.7, 7
    terms = [load**k / math.factorial(k) for k in range(places + 1)]
    assert bulkhead.erlang_b(load, places) == pytest.approx(terms[-1] / sum(terms))


def test_a_fallback_tells_what_is_still_open() -> None:
    """A cache needs an age, an assumption somebody who puts it right; a settled fallback has no open point."""
    settled = Fallback(kind="static", serves="popular items", safe=True, decided_by="Ada")
    assert fallback.open_points(settled) == ()
    assumed = Fallback(serves="in stock (an assumption)", safe=True, decided_by="Ada")
    assert fallback.open_points(assumed) == ("who puts it right afterwards (reconcile)?",)


def test_a_hedge_is_worth_it_only_for_a_heavy_tail() -> None:
    """A tail of ten times the median is cut; an even spread is not worth the load."""
    heavy = Histogram(lo_s=(0.01, 0.02, 0.1), hi_s=(0.01, 0.02, 0.1), counts=(5000, 4500, 500))
    even = Histogram(lo_s=(0.01, 0.011, 0.012), hi_s=(0.01, 0.011, 0.012), counts=(5000, 4500, 500))
    assert hedge.is_worth_it(hedge.derive(heavy))
    assert not hedge.is_worth_it(hedge.derive(even))
    assert hedge.derive(Histogram(lo_s=(1.0,), hi_s=(1.0,), counts=(99,))) is None


def test_a_queue_longer_than_the_deadline_serves_nobody() -> None:
    """60 workers, 50 ms each, 500 ms: 540 may wait; at 400 ms only 15."""
    assert (load_shedding.useful_queue(60, 0.05, 0.5), load_shedding.useful_queue(60, 0.4, 0.5)) == (540, 15)
    assert load_shedding.useful_queue(60, 0.5, 0.4) == 0


def test_each_pattern_can_be_seen() -> None:
    """Metric, span attributes and log fields exist for every pattern that the plan proposes."""
    for pattern in ("timeout", "retry", "circuit_breaker", "bulkhead", "fallback", "deadline"):
        assert seen.SEEN[pattern].metric
        assert seen.SEEN[pattern].attributes
        assert seen.SEEN[pattern].fields


PATTERNS = (timeout, retry, circuit_breaker, bulkhead, fallback, deadline, load_shedding, hedge)


@pytest.mark.parametrize("pattern", PATTERNS, ids=lambda module: module.__name__.rpartition(".")[2])
def test_each_pattern_says_where_it_comes_from_and_when_not_to_use_it(pattern: ModuleType) -> None:
    """Derivation, worked numbers, cost while healthy, hazards, anti-patterns, and sources with author, title and year."""
    said = pattern.__doc__ or ""
    for part in ("Derivation", ">>> ", "Cost while healthy", "Hazard", "Anti-pattern", "Source"):
        assert part in said
    assert re.search(r"Sources?: .+, (19|20)\d\d", said, re.DOTALL)


def test_timeouts_of_the_published_rule() -> None:
    """p99 = 100 ms: 200 to 300 ms, 300 ms recommended; 298 samples: nothing, until then 5 s; 299 to 2,994: a seed, by samples."""
    ample, few, seed = (timeout.advise(measured("api -> db", 100, n=n)) for n in (10_000, 298, 2994))
    assert ample.seed_rule_s == (pytest.approx(0.2), pytest.approx(0.3))
    assert (ample.recommended_s, ample.grade) == (0.3, "justified")
    assert (few.grade, few.recommended_s, few.provisional_s) == ("provisional", None, 5.0)
    assert (seed.grade, seed.bound_by, seed.recommended_s) == ("seed", "samples", 0.3)
    enough = timeout.advise(measured("api -> db", 100, n=2995))
    assert (enough.grade, enough.false_timeout.upper) == ("justified", pytest.approx(0.000999745, abs=1e-9))


def test_samples_that_a_bound_needs() -> None:
    """One-sided 95 %: 59, 299, 598, 2,995 and 29,956."""
    needed = [shares.samples_needed(p) for p in (0.95, 0.99, 0.995, 0.999, 0.9999)]
    assert needed == [59, 299, 598, 2995, 29956]


def test_retries_before_sending_repeat_no_work() -> None:
    """A refused connection has sent nothing; any other error may come after the work was done."""
    assert not retry.may_repeat_work(Retry(max_attempts=3, only="before_sending"))
    assert retry.may_repeat_work(Retry(max_attempts=2))
    assert not retry.may_repeat_work(Retry(max_attempts=1))


def test_no_timeout_is_recommended_that_cuts_off_most_healthy_calls() -> None:
    """A pool that carries 10 ms at a median of 50 ms asks for workers; one of 60 ms is tightened to."""
    few = timeout.advise(measured("api -> db", 100), pool_fit_s=0.01)
    assert (few.recommended_s, few.provisional_s, few.bound_by) == (None, None, "pool")
    assert "less than the median" in few.reason
    assert timeout.advise(measured("api -> db", 100), pool_fit_s=0.06).recommended_s == 0.06
