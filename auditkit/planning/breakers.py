"""Which calls get a circuit breaker: those whose callee, when it fails, is worth sparing, and often enough called."""

from __future__ import annotations

import math

from auditkit.checks.wording import amount, percent, seconds
from auditkit.model.audit import Ground
from auditkit.model.policy import breaker, timeout_s
from auditkit.model.system import CircuitBreaker, Dependency
from auditkit.patterns import circuit_breaker as pattern
from auditkit.patterns.deadline import p99_s
from auditkit.patterns.observed import Errors, errors, is_light, usual_rate_of_one
from auditkit.planning.pick import Pick, Plan
from auditkit.planning.pools import held_when_slow

WORTH = 0.1
"""A breaker is worth its code where a slow callee holds this share of the caller's workers."""


def choose_breaker(plan: Plan, dependency: Dependency) -> Pick[CircuitBreaker]:
    """The breaker of one call, today's where it is sound, or why there is none."""
    today, timeout = breaker(dependency.policy), timeout_s(dependency.policy)
    if is_light(plan.paths, dependency, plan.profiles):
        return Pick(value="none", why_not="local, fast and reliable: a breaker would cost more than it saves")
    if timeout is None:
        return Pick(value=today, needs=(f"a timeout of {dependency.subject}: a breaker does not see a call that never ends",))
    rate = _rate(plan, dependency)
    if rate is None:
        return Pick(value=today, needs=(f"rate of {dependency.subject}",))
    seen = errors(dependency, plan.profiles)
    if today is not None and _is_sound(today, rate, seen):
        return Pick(value=today, ground=_ground(dependency, today, rate, seen, timeout, "today's settings hold"))
    if today is None and (why := _not_worth_it(plan, dependency)):
        return Pick(value="none", why_not=why)
    made = pattern.derive(rate, None if seen is None else seen.upper, timeout, p99_s(dependency, plan.profiles))
    if made is None:
        calls = pattern.least_calls(pattern.UNKNOWN_ERRORS if seen is None else seen.upper)
        if calls is None:
            share = percent(seen.upper if seen else 0.0)
            return Pick(value="none", why_not=f"up to {share} errors while healthy: it would trip by chance")
        takes = seconds(float(f"{calls / rate:.2g}")) if rate > 0 else "for ever"
        return Pick(value="none", why_not=f"{rate:.3g} calls a second in one instance: the {calls} calls it needs take {takes}")
    changed = "" if today is None else "; today's is replaced"
    rule = f"at most one false trip in a million windows, volume reached twice over at the usual rate{changed}"
    return Pick(value=made, ground=_ground(dependency, made, rate, seen, timeout, rule))


def _rate(plan: Plan, dependency: Dependency) -> float | None:
    """Calls a second that one breaker sees: dependencies of one name are one client."""
    same = [d for d in plan.paths.of_caller.get(dependency.caller, ()) if d.subject == dependency.subject]
    rates = [usual_rate_of_one(plan.paths, d) for d in same]
    return None if any(rate is None for rate in rates) else math.fsum(rate for rate in rates if rate is not None)


def _is_sound(today: CircuitBreaker, rate_per_s: float, seen: Errors | None) -> bool:
    """Whether it can trip, does not by chance, and does not come back all at once."""
    p = pattern.false_trip(today, rate_per_s, pattern.UNKNOWN_ERRORS if seen is None else seen.upper)
    grows = (today.growth or 1.0) > 1.0 or today.half_open_calls is not None
    return bool(pattern.is_reachable(today, rate_per_s)) and p is not None and p <= pattern.P_FALSE_TRIP and grows


def _not_worth_it(plan: Plan, dependency: Dependency) -> str:
    caller = plan.paths.caller(dependency)
    if any(plan.paths.kind(target) == "external" for target in dependency.to):
        return ""
    held = held_when_slow(plan, dependency)
    if caller.workers is None or not math.isfinite(held) or held >= WORTH * caller.workers:
        return ""
    return f"slow, it holds {amount(held)} of {caller.workers:,} workers of one instance: a breaker would save next to nothing"


def _ground(
    dependency: Dependency, made: CircuitBreaker, rate_per_s: float, seen: Errors | None, timeout_s_: float, rule: str
) -> Ground:
    share = pattern.UNKNOWN_ERRORS if seen is None else seen.upper
    measured = "errors were not measured, 5 % assumed" if seen is None else f"{seen.failed} of {seen.calls:,} calls failed"
    p = pattern.false_trip(made, rate_per_s, share)
    trips = pattern.time_to_trip_s(made, rate_per_s, timeout_s_)
    held = 0.0 if trips is None else rate_per_s * trips
    return Ground(
        data=f"{rate_per_s:.3g} calls a second in one instance; {measured} (at most {percent(share)})",
        rule=f"{rule}; opens {seconds(trips) if trips is not None else 'never'} after every call starts to time out",
        uncertainty="errors are assumed to be independent; bursts trip it earlier",
        cost=f"false trips in {percent(p or 0.0)} of windows; some {amount(held)} calls of an instance still wait until it opens",
    )
