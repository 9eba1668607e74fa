"""Small systems of one call, each with settings and a fault: what the testbed runs for real and simulates."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.exporters.python_client import in_force
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import Policy, System
from auditkit.simulation import Fault, Law, Setup
from auditkit.simulation.setup import FaultKind

CALLER, CALLEE, JOURNEY = "shop", "prices", "buy"
MEDIAN_S, SIGMA = 0.06, 0.4
"""How long the callee takes while all is well: lognormal, a mean of 65 ms, so that a few of a socket's own weigh little."""


@dataclass(frozen=True, slots=True)
class Scenario:
    """One system under one fault. Requests that begin in the fault are `during` it."""

    name: str
    system: System
    kind: FaultKind
    value: float = 0.0

    @property
    def simulated(self) -> System:
        """The system with the policy that the exported client has in force."""
        (call,) = self.system.dependencies
        assert isinstance(call.policy, Policy)
        return self.system.model_copy(update={"dependencies": (call.model_copy(update={"policy": in_force(call.policy)}),)})

    def setup(self, phase_s: float, seed: int = 1) -> Setup:
        """Three phases of `phase_s` seconds each, the fault in the middle one."""
        return Setup(
            seed=seed,
            duration_s=3 * phase_s,
            drain_s=10.0,
            faults=(Fault(self.kind, CALLEE, phase_s, phase_s, self.value),),
            laws={CALLEE: Law("lognormal", MEDIAN_S, SIGMA)},
        )


def one_call(
    name: str,
    kind: FaultKind,
    value: float,
    policy: Mapping[str, Any],
    *,
    deadline: str,
    degrades: bool = True,
    workers: int | str = "none",
    rate: str = "40/s",
) -> Scenario:
    """A shop that calls prices. Where it degrades, it serves the prices of the night in place of those that it did not get."""
    fallback = {"on_failure": "degrade", "fallback": {"kind": "static", "serves": "prices of the night"}}
    lost = {"on_failure": "fail", "fallback": "none"}
    settings = {"retry": "none", "circuit_breaker": "none", "bulkhead": "none", **policy}
    raw = {
        "system": name.replace(" ", "-"),
        "components": [{"id": CALLER, "concurrency": "none"}, {"id": CALLEE, "concurrency": workers, "queue": "none"}],
        "dependencies": [
            {"from": CALLER, "to": CALLEE, "idempotent": True, "policy": settings, **(fallback if degrades else lost)}
        ],
        "journeys": [{"id": JOURNEY, "entry": CALLER, "deadline": deadline, "rate": rate}],
    }
    return Scenario(name, System.model_validate(raw, context=FROM_FILE), kind, value)


SCENARIOS = (
    one_call("slow, given up", "slow_set", 1.2, {"timeout": "400ms"}, deadline="600ms"),
    one_call(
        "slow, given up twice",
        "slow_set",
        1.2,
        {"timeout": "400ms", "retry": {"max_attempts": 2, "backoff": "20ms", "max_backoff": "20ms", "jitter": "full"}},
        deadline="600ms",
    ),
    one_call(
        "errors, tried again",
        "errors",
        0.4,
        {"timeout": "400ms", "retry": {"max_attempts": 2, "backoff": "10ms", "max_backoff": "10ms", "jitter": "full"}},
        deadline="600ms",
        degrades=False,
    ),
    one_call(
        "refused, a breaker opens",
        "crash",
        0.0,
        {
            "timeout": "400ms",
            "circuit_breaker": {"failures": 5, "window": "10s", "open_for": "2500ms", "growth": 1, "half_open_calls": 1},
        },
        deadline="600ms",
    ),
    one_call(
        "slow, a breaker opens",
        "slow_set",
        1.2,
        {"timeout": "400ms", "circuit_breaker": {"failures": 5, "window": "10s", "open_for": "1s"}},
        deadline="600ms",
    ),
    one_call(
        "slower, places run out",
        "slow_times",
        4.0,
        {"timeout": "1200ms", "bulkhead": {"max_concurrent": 8, "max_wait": "0s"}},
        deadline="1500ms",
    ),
    one_call("slower, workers run out", "slow_times", 4.0, {"timeout": "600ms"}, deadline="800ms", degrades=False, workers=6),
)
"""Each bounds its call in another way; together they end requests in all four ways."""
