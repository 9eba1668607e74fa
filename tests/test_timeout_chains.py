"""Chains of calls under a deadline: worst case, misses, fixed timeouts beside a propagated deadline."""

from __future__ import annotations

import numpy as np
import pytest

from auditkit.model.latency import Bounds, Histogram, LatencyProfile
from auditkit.model.system import Policy, Retry
from auditkit.patterns.misses import Call, chain


def profile(values_s) -> LatencyProfile:
    values = tuple(sorted(float(v) for v in values_s))
    bounds = Bounds(point=values[-1], lo=values[0], hi=None)
    return LatencyProfile(
        call="a -> b", caller="a", callee="b", n=len(values), ok=Histogram(lo_s=values, hi_s=values, counts=(1,) * len(values)),
        min_s=values[0], max_s=values[-1], mean_s=sum(values) / len(values), p50=bounds, p95=bounds, p99=bounds, p999=bounds,
    )  # fmt: skip


def call(timeout_s: float, attempts: int = 1, backoff_s: float | None = None, values_s=(0.01,)) -> Call:
    retry = Retry(max_attempts=attempts, backoff_s=backoff_s) if attempts > 1 else None
    return Call(profile(values_s), Policy(timeout_s=timeout_s, retry=retry))


def test_the_oracles_chains():
    """numbers.yaml, chains: 450 ms; two in a row 900 ms do not fit 500 ms; in parallel 450 ms fit; eight of 15 s take 120 s."""
    one = call(0.2, 2, 0.05)
    assert chain([[one]], 0.5).worst_case_s == 0.45
    in_a_row = chain([[one], [one]], 0.5)
    assert (in_a_row.worst_case_s, in_a_row.fits) == (0.9, False)
    assert any("parallel" in remedy for remedy in in_a_row.remedies)
    parallel = chain([[one, one]], 0.5)
    assert (parallel.worst_case_s, parallel.fits, parallel.remedies) == (0.45, True, ())
    eight = chain([[call(15.0)]] * 8, 55.0)
    assert (eight.worst_case_s, eight.fits) == (120.0, False)


def test_misses_in_closed_form():
    """Two calls, each 100 ms with 90 % and 300 ms with 10 %: over 350 ms only where either is slow: 1 - 0.9^2 = 19 %."""
    values = [0.1] * 9 + [0.3]
    found = chain([[call(1.0, values_s=values)], [call(1.0, values_s=values)]], 0.35)
    assert found.p_late == pytest.approx(0.19)
    assert found.p_cut == 0
    assert found.p_lost_propagated == pytest.approx(0.19)
    side_by_side = chain([[call(1.0, values_s=values), call(1.0, values_s=values)]], 0.35)
    assert side_by_side.p_late == 0


def test_fixed_timeouts_cut_where_a_propagated_deadline_does_not_have_to():
    """Split in two halves of 250 ms, a call of 300 ms is lost; with what is left of 500 ms passed along it is answered."""
    values = [0.1] * 9 + [0.3]
    split = chain([[call(0.25, values_s=values)], [call(0.25, values_s=values)]], 0.5)
    assert split.p_late == 0
    assert split.p_cut == pytest.approx(0.19)
    passed_on = chain([[call(0.5, values_s=values)], [call(0.5, values_s=values)]], 0.5)
    assert passed_on.p_lost_propagated == pytest.approx(0.01)
    assert passed_on.p_late == pytest.approx(0.01)


def test_retries_take_their_time():
    """90 % answered at once, else again after the timeout and the backoff: 1 % is lost, 10 % take 230 ms and more."""
    values = [0.02] * 9 + [5.0]
    found = chain([[call(0.2, 2, 0.03, values)]], 0.24)
    assert found.p_cut == pytest.approx(0.01)
    assert found.p_late == pytest.approx(0.1)


def test_against_simulation():
    """Two stages of lognormal calls, two attempts: both shares agree with 200,000 simulated chains within 0.3 %."""
    random = np.random.default_rng(5)
    values = random.lognormal(np.log(0.05), 0.7, 4000)
    found = chain([[call(0.15, 2, 0.02, values)], [call(0.15, 2, 0.02, values), call(0.2, values_s=values)]], 0.3)

    def draw(timeout: float, attempts: int, backoff: float):
        time, done = np.zeros(200_000), np.zeros(200_000, dtype=bool)
        for attempt in range(attempts):
            took = random.choice(values, 200_000)
            time += np.where(done, 0, np.minimum(took, timeout) + (backoff if attempt else 0))
            done |= took <= timeout
        return time, done

    (t1, d1), (t2, d2), (t3, d3) = draw(0.15, 2, 0.02), draw(0.15, 2, 0.02), draw(0.2, 1, 0)
    total = t1 + np.maximum(t2, t3)
    assert found.p_late == pytest.approx((total > 0.3).mean(), abs=0.003)
    assert found.p_cut == pytest.approx(1 - (d1 & d2 & d3).mean(), abs=0.003)


def test_what_cannot_be_said_is_refused():
    """No timeout, no deadline, no samples."""
    with pytest.raises(ValueError, match="without timeout"):
        chain([[Call(profile([0.1]), Policy())]], 1.0)
    with pytest.raises(ValueError, match="leaves nothing"):
        chain([[call(0.1)]], 0.0)
    empty = profile([0.1]).model_copy(update={"ok": Histogram(), "n": 0})
    with pytest.raises(ValueError, match="nothing was measured"):
        chain([[Call(empty, Policy(timeout_s=0.1))]], 1.0)
