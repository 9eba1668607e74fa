"""Two implementations that share nothing but the draws: every request ends alike, at the same moment, on the worked example."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from ruamel.yaml import YAML
from simpy_model import Twin

from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.simulation import Fault, Law, Setup
from auditkit.simulation import columns as c
from auditkit.simulation.compile import compiled_system
from auditkit.simulation.run import run_compiled

DATA = Path(__file__).resolve().parent.parent / "data" / "worked-example"
DURATION_S = float(os.environ.get("AUDITKIT_TWIN_SECONDS", "12"))
"""Simulated seconds of each configuration: 12 in the normal run; 240 make 7 × 55,000 requests."""

LAWS: Mapping[str, Law] = {
    "recommendation": Law("lognormal", 0.03125, 0.5),
    "users": Law("lognormal", 0.0125, 0.5),
    "inventory:check": Law("exponential", 0.012),
    "inventory:reserve": Law("lognormal", 0.125, 0.5),
    "loyalty": Law("lognormal", 0.06, 0.6),
    "users-db": Law("lognormal", 0.0025, 0.5),
    "inventory-db": Law("exponential", 0.002),
    "warehouse": Law("lognormal", 0.15, 0.9),
    "session-cache": Law("constant", 0.001),
}
RETRIED = {"max_attempts": 3, "backoff": "20ms", "multiplier": 2, "jitter": "full", "budget": "10%", "min_per_second": 1}
BREAKER = {
    "failure_rate": "50%",
    "window": "2s",
    "min_calls": 10,
    "open_for": "500ms",
    "growth": 2,
    "max_open": "4s",
    "half_open_calls": 3,
}


def sample(policy: Any, workers: int = 60, balance: bool = True) -> System:
    raw = YAML(typ="safe").load(DATA / "system.yaml")
    for component in raw["components"]:
        if component["id"] == "api":
            component["concurrency"] = workers
    for dependency in raw["dependencies"]:
        if policy is not None and dependency["from"].startswith("api"):
            dependency["policy"] = policy
    return System.model_validate(raw, context=FROM_FILE)


def policy(**parts: Any) -> dict[str, Any]:
    return {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none", **parts}


SLOW = Fault("slow_set", "recommendation", DURATION_S / 3, DURATION_S / 3, 2.0)
HUNG = Fault("hang", "recommendation", DURATION_S / 3, DURATION_S / 3)
CONFIGURATIONS: dict[str, tuple[System, Setup]] = {
    "today, all well": (sample(None), Setup(seed=1)),
    "today, slow": (sample(None), Setup(seed=2, faults=(SLOW,))),
    "timeouts, retries with a budget, recommendation hangs": (
        sample(policy(timeout="100ms", retry=RETRIED), workers=20),
        Setup(seed=3, faults=(HUNG, Fault("errors", "users", DURATION_S / 4, DURATION_S / 2, 0.3)), balance="turns"),
    ),
    "breakers and bulkheads that wait": (
        sample(policy(timeout="150ms", circuit_breaker=BREAKER, bulkhead={"max_concurrent": 4, "max_wait": "20ms"})),
        Setup(seed=4, faults=(HUNG, Fault("errors", "inventory", DURATION_S / 3, DURATION_S / 3, 0.7))),
    ),
    "breakers that close gradually": (
        sample(policy(timeout="150ms", circuit_breaker={**BREAKER, "half_open": "gradual"})),
        Setup(seed=7, faults=(HUNG, Fault("errors", "users", DURATION_S / 3, DURATION_S / 6, 0.8),
              Fault("slow_plus", "inventory", DURATION_S / 4, DURATION_S / 4, 0.4, ramp_s=DURATION_S / 5),
              Fault("load", "*", DURATION_S / 2, DURATION_S / 20, 2.0, times=3, every_s=DURATION_S / 10))),
    ),
    "breakers in a row, without trial calls": (
        sample(policy(timeout="150ms", circuit_breaker={"failures": 4, "in_a_row": True, "open_for": "400ms",
                                                        "half_open": "all"})),
        Setup(seed=8, faults=(HUNG, Fault("errors", "users", DURATION_S / 3, DURATION_S / 3, 0.6))),
    ),
    "everything at once, by count, small pools": (
        sample(
            policy(
                timeout="60ms",
                retry={**RETRIED, "jitter": "equal"},
                circuit_breaker={"failures": 8, "window": "1s", "open_for": "300ms", "half_open_calls": 2, "slow_call": "55ms",
                                 "slow_call_rate": "60%", "min_calls": 12},
                bulkhead={"max_concurrent": 6},
            ),
            workers=12,
        ),
        Setup(seed=5, faults=(Fault("slow_times", "users", DURATION_S / 3, DURATION_S / 3, 6.0), HUNG)),
    ),
}  # fmt: skip


@pytest.mark.parametrize("name", CONFIGURATIONS)
def test_both_implementations_agree_on_every_request(name: str) -> None:
    """The same outcome and the same latency, to a nanosecond, for every single request."""
    system, given = CONFIGURATIONS[name]
    setup = Setup(seed=given.seed, duration_s=DURATION_S, drain_s=60.0, faults=given.faults, balance=given.balance, laws=LAWS)
    compiled = compiled_system(system, {}, setup)
    fast = run_compiled(compiled, setup)
    slow = Twin(compiled, setup)
    slow.run()
    assert len(fast.codes) == len(slow.codes) > 200 * DURATION_S
    different = np.flatnonzero((fast.codes != slow.codes) | ~np.isclose(fast.latency_s, slow.latency_s, rtol=0, atol=1e-9))
    assert different.tolist() == []
    assert name == "today, all well" or set(np.unique(fast.codes)) >= {c.OK, c.DEGRADED} or "slow" in name


def test_the_shipped_latencies_are_drawn_alike() -> None:
    """Measured latencies too: drawn from a histogram, by both."""
    with (DATA / "latency" / "api.csv").open(encoding="utf-8") as lines:
        rows = [row for row in csv.DictReader(lines) if row["callee"] == "users" and row["outcome"] == "ok"]
    from auditkit.model.latency import Histogram

    values = sorted(float(row["duration_ms"]) / 1000 for row in rows)
    measured = Histogram(lo_s=tuple(values), hi_s=tuple(values), counts=(1,) * len(values))
    setup = Setup(seed=6, duration_s=5.0, laws={**LAWS, "users": Law("measured", histogram=measured)})
    compiled = compiled_system(sample(None), {}, setup)
    fast, slow = run_compiled(compiled, setup), Twin(compiled, setup)
    slow.run()
    assert (fast.codes == slow.codes).all()
    assert fast.latency_s == pytest.approx(slow.latency_s, abs=1e-9)
    assert not math.isinf(fast.latency_s.max())
