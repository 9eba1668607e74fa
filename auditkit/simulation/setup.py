"""What a simulated run is given beside the system: laws of latency, faults, load, and choices of the model."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from auditkit.model.latency import Histogram

FaultKind = Literal["slow_times", "slow_set", "slow_plus", "hang", "errors", "crash", "pool", "partition", "load"]


@dataclass(frozen=True, slots=True)
class Law:
    """A law of latency in seconds: `constant` (a), `exponential` (mean a), `lognormal` (median a, sigma b), `measured`."""

    kind: Literal["constant", "exponential", "lognormal", "measured"]
    a: float = 0.0
    b: float = 0.0
    histogram: Histogram | None = None


@dataclass(frozen=True, slots=True)
class Fault:
    """What goes wrong, where, from when, for how long; `duration_s` of infinity means for good.

    `target` is a component, a common cause, a placement domain (zone), or `caller -> callee` for a `partition`, or a journey or
    `*` for `load`. `value`: the factor of `slow_times` and `load`, seconds of `slow_set` (in place of what a call takes) and
    `slow_plus` (on top of it), share of `errors`, workers of one instance of `pool`. `hang` answers nothing until the fault is
    over; `crash` loses what is under way and refuses at once until it restarts, empty, when the fault is over; a `partition`
    loses calls on their way, and resets their connections when it is over.

    `ramp_s`: the value grows to its full size in so long (in twenty steps), for what can be mild at first: `slow_times`,
    `slow_plus`, `errors`, `load`. `times` and `every_s`: a schedule, the same fault again and again.
    """

    kind: FaultKind
    target: str
    start_s: float
    duration_s: float
    value: float = 0.0
    ramp_s: float = 0.0
    times: int = 1
    every_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Budget:
    """A token bucket for retries, full at the start: tokens for each call, each success, each second; a retry takes one."""

    size: float
    per_call: float = 0.0
    per_success: float = 0.0
    per_s: float = 0.0


@dataclass(frozen=True, slots=True)
class Users:
    """A closed loop instead of open arrivals: users who wait for the answer and then think (mean, exponential)."""

    count: int
    think_s: float


@dataclass(frozen=True, slots=True)
class Setup:
    """One run, in seconds. `laws` and `budgets` go by `caller -> target` or by target; `rates`, `users`, `arrivals` by journey.

    `drain_s` is how long after the last arrival answers are waited for. Without `laws` and profiles a call takes
    `unknown_latency_s`, an assumption that is named. With `propagate_deadlines` callees know how long their caller waits and drop
    what nobody waits for; without, they work it off.
    """

    seed: int = 1
    duration_s: float = 300.0
    drain_s: float = 120.0
    faults: tuple[Fault, ...] = ()
    laws: Mapping[str, Law] = field(default_factory=lambda: MappingProxyType({}))
    budgets: Mapping[str, Budget] = field(default_factory=lambda: MappingProxyType({}))
    rates: Mapping[str, float] = field(default_factory=lambda: MappingProxyType({}))
    users: Mapping[str, Users] = field(default_factory=lambda: MappingProxyType({}))
    arrivals: Mapping[str, tuple[float, ...]] = field(default_factory=lambda: MappingProxyType({}))
    balance: Literal["random", "turns"] = "random"
    propagate_deadlines: bool = False
    unknown_latency_s: float = 0.005
