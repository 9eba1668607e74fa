"""Which calls get a circuit breaker: those whose callee, when it fails, is worth sparing, and often enough called."""

from __future__ import annotations

import math

from auditkit.checks.wording import amount, percent, seconds
from auditkit.model.audit import Ground
from auditkit.model.policy import breaker, timeout_s
from auditkit.model.system import CircuitBreaker, Dependency
from auditkit.patterns import circuit_breaker as pattern
from auditkit.patterns.deadline import p99_s
from auditkit.patterns.observed import Errors, client_rate_of_one, correlation_seen, errors, is_light
from auditkit.planning.pick import Pick, Plan
from auditkit.planning.pools import held_when_slow

WORTH = 0.1
"""A breaker is worth its code where a slow callee holds this share of the caller's workers."""


def choose_breaker(plan: Plan, dependency: Dependency) -> Pick[CircuitBreaker]:
    """The breaker of one call, today's where it is sound, or why there is none."""
    before, timeout = breaker(dependency.policy), timeout_s(dependency.policy)
    today = _alive(before, plan, dependency)
    if is_light(plan.paths, dependency, plan.profiles):
        return Pick(value="none", why_not="local, fast and reliable: a breaker would cost more than it saves")
    if timeout is None:
        return Pick(value=today, needs=(f"a timeout of {dependency.subject}: a breaker does not see a call that never ends",))
    rate = client_rate_of_one(plan.paths, dependency)
    if rate is None:
        return Pick(value=today, needs=(f"rate of {dependency.subject}",))
    seen, together = errors(dependency, plan.profiles), correlation_seen(dependency, plan.profiles)
    if today is not None and not (wrong := _wrong_with(today, rate, seen, together or 0.0)):
        return Pick(value=today, ground=_ground(today, rate, seen, together, timeout, _stays(before, today)))
    if today is None and (why := _not_worth_it(plan, dependency)):
        return Pick(value="none", why_not=why)
    share = pattern.UNKNOWN_ERRORS if seen is None else seen.upper
    made = pattern.derive(rate, share, timeout, p99_s(dependency, plan.profiles), together or 0.0)
    if made is None:
        why = _why_none(rate, share, together or 0.0)
        return Pick(value="none", why_not=why if today is None else f"today's {wrong}, and no other would do: {why}")
    changed = "" if today is None else f"; today's is replaced: it {wrong}"
    rule = f"at most one false trip in a million windows, volume reached twice over at the usual rate{changed}"
    return Pick(value=made, ground=_ground(made, rate, seen, together, timeout, rule))


def _alive(today: CircuitBreaker | None, plan: Plan, dependency: Dependency) -> CircuitBreaker | None:
    """Today's breaker; a threshold for slow calls that the timeout comes before is moved below it, or left out."""
    timeout = timeout_s(dependency.policy)
    if today is None or timeout is None or today.slow_call_s is None or today.slow_call_s < timeout:
        return today
    slow = pattern.slow_from_s(p99_s(dependency, plan.profiles), timeout)
    share = None if slow is None else today.slow_call_rate
    return today.model_copy(update={"slow_call_s": slow, "slow_call_rate": share})


def _stays(before: CircuitBreaker | None, today: CircuitBreaker) -> str:
    """That today's breaker stays, and whether its threshold for slow calls moves."""
    if before == today:
        return "today's settings hold"
    slow = "left out" if today.slow_call_s is None else f"moved to {seconds(today.slow_call_s)}"
    return f"today's settings hold; the threshold for slow calls is {slow}, since the timeout comes before it"


def _why_none(rate_per_s: float, share: float, together: float) -> str:
    calls = pattern.least_calls(share, correlation=together)
    if calls is None:
        bursts = " that come in bursts" if together > 0 else ""
        return f"up to {percent(share)} errors{bursts} while healthy: it would trip by chance"
    takes = f"take {seconds(float(f'{calls / rate_per_s:.2g}'))}" if rate_per_s > 0 else "never come together"
    return f"{rate_per_s:.3g} calls a second in one instance: the {calls} calls it needs {takes}"


def _wrong_with(today: CircuitBreaker, rate_per_s: float, seen: Errors | None, together: float) -> str:
    """What speaks against today's breaker, in words; empty where it can trip, does not by chance, and comes back in steps."""
    if today.in_a_row:
        return "counts failures in a row: errors among successes, however many, hardly ever open it"
    if today.window_s is None or (today.failures is None and (today.failure_rate is None or today.min_calls is None)):
        return "leaves its window, its share or its volume to the library's default"
    if not pattern.is_reachable(today, rate_per_s):
        return f"never opens: {rate_per_s * today.window_s:.3g} calls of one instance in {seconds(today.window_s)}"
    p = pattern.false_trip(today, rate_per_s, pattern.UNKNOWN_ERRORS if seen is None else seen.upper, together)
    if p is not None and p > pattern.P_FALSE_TRIP:
        meant = pattern.share_meant(today, rate_per_s)
        says = "" if meant is None else f"at this rate {today.failures} failures are {percent(meant)} of the calls, so it "
        return f"{says}opens in {percent(p)} of all healthy windows"
    grows = (today.growth or 1.0) > 1.0 or today.half_open_calls is not None
    return "" if grows else "comes back at full rate after a fixed time"


def _not_worth_it(plan: Plan, dependency: Dependency) -> str:
    caller = plan.paths.caller(dependency)
    if any(plan.paths.kind(target) == "external" for target in dependency.to):
        return ""
    held = held_when_slow(plan, dependency)
    if caller.workers is None or not math.isfinite(held) or held >= WORTH * caller.workers:
        return ""
    return f"slow, it holds {amount(held)} of {caller.workers:,} workers of one instance: a breaker would save next to nothing"


def _ground(
    made: CircuitBreaker, rate_per_s: float, seen: Errors | None, together: float | None, timeout_s_: float, rule: str
) -> Ground:
    share = pattern.UNKNOWN_ERRORS if seen is None else seen.upper
    measured = "errors were not measured, 5 % assumed"
    if seen is not None:
        measured = f"{seen.failed:,} of {seen.calls:,} calls failed (at most {percent(share)})"
    p = pattern.false_trip(made, rate_per_s, share, together or 0.0)
    trips = pattern.time_to_trip_s(made, rate_per_s, timeout_s_)
    held = 0.0 if trips is None else rate_per_s * trips
    opens = "never opens" if trips is None else f"opens {seconds(trips)} after every call starts to time out"
    return Ground(
        data=f"{rate_per_s:.3g} calls a second in one instance; {measured}",
        rule=f"{rule}; {opens}",
        uncertainty=_bursts(together),
        cost=f"false trips in {percent(p or 0.0)} of windows; some {amount(held)} calls of an instance still wait until it opens",
    )


def _bursts(together: float | None) -> str:
    """How sure it is that failures do not come in bursts."""
    if together is None:
        return "errors are assumed to be independent, since too few with start times were seen; bursts trip it earlier"
    if together <= 0:
        return "failures within ten seconds were measured: no more alike than chance makes them"
    return f"failures come in bursts: correlation {together:.2g} within ten seconds, measured and reckoned with"
