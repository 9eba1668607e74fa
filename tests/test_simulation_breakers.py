"""Breakers of every kind under faults of every kind: kernel and twin end every request alike; and what a library's rule does."""

from __future__ import annotations

import os
import random
from typing import Any

import numpy as np
import pytest
from simpy_model import Twin

from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.simulation import Fault, Law, Setup, run_once
from auditkit.simulation import columns as c
from auditkit.simulation.compile import compiled_system
from auditkit.simulation.run import run_compiled

TRIED = int(os.environ.get("AUDITKIT_BREAKERS", "60"))
"""How many random breakers; 400 take some minutes."""
KINDS = {"errors": (0.3, 0.7, 1.0), "slow_set": (0.05, 0.5), "slow_times": (3.0, 20.0), "slow_plus": (0.08,), "hang": (0.0,)}


def random_breaker(rng: random.Random) -> dict[str, Any]:
    """Whatever a file may say of one, mostly of short times, so that it opens and closes often."""
    found: dict[str, Any] = {
        "open_for": rng.choice(["20ms", "150ms", "700ms"]),
        "half_open": rng.choice(["fixed", "gradual", "all"]),
    }
    by = rng.choice(["count", "row", "rate", "row and rate", "slow"])
    if by in ("count", "row", "row and rate"):
        found["failures"] = rng.choice([1, 2, 5, 9])
    if by in ("row", "row and rate"):
        found["in_a_row"] = True
    if by in ("rate", "row and rate"):
        found |= {"failure_rate": rng.choice(["0%", "20%", "50%", "100%"]), "min_calls": rng.choice([1, 4, 20])}
    if by == "slow":
        found |= {"slow_call": rng.choice(["10ms", "40ms"]), "slow_call_rate": rng.choice(["30%", "80%"]), "min_calls": 5}
    found["window"] = rng.choice(["100ms", "1s", "10s"])
    if rng.random() < 0.5:
        found |= {"growth": rng.choice([1.5, 3]), "max_open": rng.choice(["300ms", "2s"])}
    if rng.random() < 0.7:
        found["half_open_calls"] = rng.choice([1, 2, 7])
    return found


def random_case(seed: int) -> tuple[System, Setup]:
    """One caller of one or three instances, a callee with few or many workers, one to three faults."""
    rng = random.Random(seed)
    policy: dict[str, Any] = {
        "timeout": rng.choice(["none", "15ms", "60ms", "200ms"]),
        "retry": rng.choice(
            ["none", {"max_attempts": 3, "backoff": "10ms", "multiplier": 2, "jitter": "full"}, {"max_attempts": 2}]
        ),
        "circuit_breaker": random_breaker(rng),
        "bulkhead": rng.choice(["none", {"max_concurrent": 2}, {"max_concurrent": 3, "max_wait": "20ms"}]),
    }
    system = {
        "system": "any",
        "components": [
            {"id": "a", "concurrency": rng.choice(["none", 8]), "queue": "none", "instances": rng.choice([1, 3])},
            {"id": "b", "concurrency": rng.choice(["none", 2, 6]), "queue": rng.choice(["none", 5])},
        ],
        "dependencies": [{"from": "a", "to": "b", "on_failure": "degrade", "fallback": {"kind": "static"}, "policy": policy}],
        "journeys": [{"id": "j", "entry": "a", "rate": rng.choice(["40/s", "200/s"]), "deadline": "1s"}],
    }
    faults = []
    for kind in rng.sample(sorted(KINDS), rng.choice([1, 2, 3])):
        start_s = rng.uniform(0.3, 2.0)
        faults.append(Fault(kind, "b", start_s, rng.uniform(0.1, 1.5), rng.choice(KINDS[kind])))  # type: ignore[arg-type]
    laws = {"b": rng.choice([Law("exponential", 0.012), Law("lognormal", 0.02, 0.6)])}
    setup = Setup(
        seed=seed, duration_s=5.0, drain_s=60.0, faults=tuple(faults), laws=laws, balance=rng.choice(["random", "turns"])
    )
    return System.model_validate(system, context=FROM_FILE), setup


def test_both_implementations_agree_on_breakers_of_every_kind() -> None:
    """In a row, by count, by share, by slowness; with trial calls, growing shares, or everybody: every request, every latency."""
    openings = 0
    for seed in range(TRIED):
        system, setup = random_case(seed)
        compiled = compiled_system(system, {}, setup)
        fast, slow = run_compiled(compiled, setup), Twin(compiled, setup)
        slow.run()
        apart = np.flatnonzero((fast.codes != slow.codes) | ~np.isclose(fast.latency_s, slow.latency_s, rtol=0, atol=1e-9))
        assert apart.tolist() == [], (seed, system.dependencies[0].policy, setup.faults)
        openings += int(fast.tally[:, 0, c.T_OPENINGS].sum() > 0)
    assert openings > 0.6 * TRIED  # else they would agree on nothing


def behind(breaker: dict[str, Any], law: Law, *faults: Fault, timeout: str = "50ms", rate: str = "100/s") -> Any:
    """What became of ten seconds of calls to one callee behind this breaker."""
    policy = {"timeout": timeout, "retry": "none", "circuit_breaker": breaker, "bulkhead": "none"}
    system = {
        "system": "one",
        "components": [{"id": "a", "concurrency": "none"}, {"id": "b", "concurrency": "none"}],
        "dependencies": [{"from": "a", "to": "b", "on_failure": "degrade", "fallback": {"kind": "static"}, "policy": policy}],
        "journeys": [{"id": "j", "entry": "a", "rate": rate, "deadline": "1s"}],
    }
    setup = Setup(duration_s=10.0, laws={"b": law}, faults=faults)
    return run_once(System.model_validate(system, context=FROM_FILE), {}, setup)


def test_errors_among_successes_open_a_breaker_by_count_and_none_that_counts_in_a_row() -> None:
    """A tenth of all calls fails: five within a second always, five one after the other practically never."""
    openings = {}
    for row in (False, True):
        breaker = {"failures": 5, "in_a_row": row, "window": "1s", "open_for": "100ms"}
        out = behind(breaker, Law("constant", 0.001), Fault("errors", "b", 2.0, 6.0, 0.1))
        openings[row] = int(out.tally[c.DURING, 0, c.T_OPENINGS])
    assert openings[False] >= 5
    assert openings[True] == 0


@pytest.mark.parametrize(("how", "least", "most"), [("fixed", 1, 2), ("all", 3, 15)])
def test_without_trial_calls_everybody_tries_until_the_first_has_failed(how: str, least: int, most: int) -> None:
    """After each pause of a second one call times out behind a single trial, and as many as come within 50 ms without one."""
    breaker = {"failures": 5, "window": "1s", "open_for": "1s", "half_open": how}
    out = behind(breaker, Law("constant", 0.001), Fault("slow_set", "b", 2.0, 6.0, 1.0))
    tried = out.start_s[(out.attempts > 0) & (out.start_s > 2.5) & (out.start_s < 7.9)]
    bursts = np.split(tried, np.flatnonzero(np.diff(tried) > 0.5) + 1)
    assert len(bursts) >= 4
    assert all(least <= len(burst) <= most for burst in bursts)


def test_late_failures_begin_the_pause_anew_where_there_are_no_trial_calls() -> None:
    """Forty calls are under way as it opens; the pause of 300 ms counts from the last of them, not from the first."""
    asked_again = {}
    for how in ("fixed", "all"):
        breaker = {"failures": 5, "window": "10s", "open_for": "300ms", "half_open": how}
        out = behind(breaker, Law("constant", 0.001), Fault("slow_set", "b", 2.0, 6.0, 1.0), timeout="400ms")
        opened_s = out.start_s[(out.start_s > 2.0) & (out.attempts > 0)][4] + 0.4
        asked_again[how] = out.start_s[(out.attempts > 0) & (out.start_s > opened_s)][0] - opened_s
    assert asked_again["fixed"] == pytest.approx(0.3, abs=0.03)
    assert asked_again["all"] == pytest.approx(0.4 + 0.3, abs=0.06)  # what left just before it opened ends 400 ms later


def test_a_late_success_closes_a_breaker_without_trial_calls() -> None:
    """Calls of 300 ms that left before the errors began succeed after it has opened: it asks on, and opens again and again."""
    openings = {}
    for how in ("fixed", "all"):
        breaker = {"failures": 3, "in_a_row": True, "open_for": "5s", "half_open": how}
        slow_then_bad = (Fault("slow_set", "b", 1.0, 1.0, 0.3), Fault("errors", "b", 2.0, 3.0, 1.0))
        out = behind(breaker, Law("constant", 0.001), *slow_then_bad, timeout="1s")
        openings[how] = int(out.tally[:, 0, c.T_OPENINGS].sum())
    assert openings["fixed"] == 1
    assert openings["all"] >= 3
