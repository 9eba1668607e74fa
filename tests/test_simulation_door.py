"""Setups that mean nothing are refused in words, all at once; and a crash loses what the crashed one knew."""

from __future__ import annotations

import math
from typing import Any

import pytest

from auditkit.errors import InputError, LimitReached
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.simulation import Budget, Fault, Law, Setup, Users, run_once
from auditkit.simulation import columns as c


def pair(**policy: Any) -> System:
    """A caller and a callee, fifty requests a second."""
    full = {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none", **policy}
    raw = {
        "system": "pair",
        "components": [{"id": "a", "concurrency": "none"}, {"id": "b", "concurrency": "none"}],
        "dependencies": [{"from": "a", "to": "b", "on_failure": "fail", "policy": full}],
        "journeys": [{"id": "j", "entry": "a", "rate": "50/s"}],
    }
    return System.model_validate(raw, context=FROM_FILE)


@pytest.mark.parametrize(
    "wrong",
    [
        {"seed": -1},
        {"seed": 2**63},
        {"duration_s": 0.0},
        {"duration_s": math.inf},
        {"duration_s": math.nan},
        {"drain_s": -1.0},
        {"unknown_latency_s": math.nan},
        {"rates": {"j": -1.0}},
        {"rates": {"nix": 1.0}},
        {"users": {"j": Users(-1, 1.0)}},
        {"users": {"j": Users(1, 0.0)}},
        {"arrivals": {"j": (1.0, math.nan)}},
        {"arrivals": {"j": (-1.0,)}},
        {"budgets": {"b": Budget(math.inf)}},
        {"laws": {"b": Law("constant", -1.0)}},
        {"laws": {"b": Law("lognormal", 1.0, math.nan)}},
        {"laws": {"b": Law("measured")}},
    ],
    ids=str,
)
def test_a_setup_that_means_nothing_is_refused_in_words(wrong: dict[str, Any]) -> None:
    """Place and remedy, before anything runs."""
    with pytest.raises(InputError) as caught:
        run_once(pair(), {}, Setup(**wrong))
    (problem,) = caught.value.problems
    assert problem.where.startswith("setup ")
    assert problem.remedy


def test_everything_that_is_wrong_is_named_at_once() -> None:
    """Two mistakes, two lines."""
    with pytest.raises(InputError) as caught:
        run_once(pair(), {}, Setup(duration_s=-1.0, drain_s=-1.0))
    assert len(caught.value.problems) == 2


def test_a_load_that_no_memory_holds_is_refused_before_it_is_asked_for() -> None:
    """Ten million times the load: two and a half milliard requests."""
    with pytest.raises(LimitReached, match="more than 50,000,000"):
        run_once(pair(), {}, Setup(duration_s=10.0, faults=(Fault("load", "*", 1.0, 5.0, 1e7),)))


def test_a_breaker_at_no_failures_opens_at_the_first_one_only() -> None:
    """A share of 0 % is reached by one failure, not by successes."""
    trips = {"failure_rate": "0%", "window": "1s", "min_calls": 1, "open_for": "1s"}
    for faults, opened in (((), False), ((Fault("errors", "b", 2.0, 1.0, 0.5),), True)):
        setup = Setup(duration_s=10.0, laws={"b": Law("constant", 0.01)}, faults=faults)
        out = run_once(pair(circuit_breaker=trips), {}, setup)
        assert (out.tally[:, 0, c.T_OPENINGS].sum() > 0) == opened


@pytest.mark.parametrize(
    ("policy", "before"),
    [
        ({"bulkhead": {"max_concurrent": 2}}, Fault("slow_set", "b", 2.0, 1.0, 30.0)),  # two calls hold its places for 30 s
        ({"bulkhead": {"max_concurrent": 2, "max_wait": "40s"}}, Fault("slow_set", "b", 2.0, 1.0, 30.0)),  # and others wait
        ({"circuit_breaker": {"failures": 3, "window": "1s", "open_for": "60s"}}, Fault("errors", "b", 2.0, 1.0, 1.0)),
        ({"circuit_breaker": {"failures": 3, "in_a_row": True, "open_for": "60s", "half_open": "all"}},
         Fault("errors", "b", 2.0, 1.0, 1.0)),
    ],
)  # fmt: skip
def test_a_caller_that_restarts_begins_with_free_places_and_a_closed_breaker(policy: dict[str, Any], before: Fault) -> None:
    """What filled its bulkhead or opened its breaker was lost with it; what still comes back to it takes nothing away."""
    outs = []
    for crash in ((), (Fault("crash", "a", 4.0, 0.5),)):
        setup = Setup(duration_s=60.0, drain_s=100.0, laws={"b": Law("constant", 0.01)}, faults=(before, *crash))
        outs.append(run_once(pair(**policy), {}, setup))
    good = [(out.codes == c.OK) & (out.latency_s < 1.0) for out in outs]
    stuck, restarted = (float(g[(out.start_s > 5.0) & (out.start_s < 20.0)].mean()) for g, out in zip(good, outs, strict=True))
    assert stuck == 0.0
    assert restarted > 0.9  # two places refuse some of fifty calls a second of 10 ms
    assert outs[1].in_flight == 0
    attempts = outs[1].tally.sum(axis=0)[0]
    assert attempts[c.T_ATTEMPTS] == attempts[[c.T_OK, c.T_ERRORS, c.T_TIMEOUTS]].sum()
