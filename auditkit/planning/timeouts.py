"""One timeout for each call of the system: what the data justify, within what deadline and pool leave."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import ROUND_FLOOR, Decimal
from typing import Literal

from auditkit.model.latency import LatencyProfile, TimeoutAdvice, profiles_of
from auditkit.model.paths import Paths, paths
from auditkit.model.system import Dependency, Policy, System
from auditkit.patterns.deadline import Left, pool_fit_s, remaining
from auditkit.patterns.timeout import PROVISIONAL_S, TARGET, advise, target_from_slo
from auditkit.planning.overlay import replace_policies
from auditkit.units import say_duration

Profiles = Mapping[str, LatencyProfile]
Advices = dict[str, TimeoutAdvice]
Allowed = Mapping[str, float]
"""Share of healthy calls that may be cut off, by the dependency's subject."""


def advise_all(system: System, profiles: Profiles, target: float | None = None) -> Advices:
    """The timeout of each call that somebody waits for, by the dependency's subject, within its deadline and its caller's pool.

    `target`: share of healthy calls that may be cut off (0.001); a journey's objective may ask for less. A call that was
    never measured has 0 samples and at most a provisional value.
    """
    known = paths(system)
    left = remaining(known, profiles)
    allowed = targets(known, target)
    return {
        d.subject: advise_one(known, profiles, d, left.get(d.subject), allowed) for d in system.dependencies if known.timed(d)
    }


def by_call(system: System, profiles: Profiles, target: float | None = None) -> tuple[TimeoutAdvice, ...]:
    """The timeout of each measured call, sorted by name: under the strictest of the dependencies that it speaks for."""
    known = paths(system)
    left = remaining(known, profiles)
    strictest: Advices = {}
    allowed = targets(known, target)
    for dependency in system.dependencies:
        if not known.timed(dependency):
            continue
        for profile in profiles_for(dependency, profiles):
            advice = _of_profile(known, profiles, dependency, profile, left.get(dependency.subject), allowed)
            advice = advice.model_copy(update={"today_s": _today(dependency)})
            other = strictest.get(profile.call)
            if other is None or _value(advice) < _value(other):
                strictest[profile.call] = advice
    alone = {call: advise(profile, target=target or TARGET) for call, profile in profiles.items() if call not in strictest}
    return tuple(advice for _, advice in sorted((strictest | alone).items()))


def targets(known: Paths, target: float | None = None) -> dict[str, float]:
    """Share of false timeouts that each call may have, by subject: 10 % of an error budget over the calls that can spend it.

    Calls that cannot fail a journey with an objective have `target` (0.001), which is never exceeded.
    """
    usual = TARGET if target is None else target
    strictest = {d.subject: usual for d in known.system.dependencies}
    for journey in known.system.journeys:
        if not isinstance(journey.slo, float) or journey.slo >= 1:
            continue
        calls = [d for d in known.reached(journey) if d.on_failure in ("fail", None) and known.timed(d)]
        for dependency in calls:
            share = round_down(target_from_slo(journey.slo, len(calls), usual))
            strictest[dependency.subject] = min(strictest[dependency.subject], share)
    return strictest


def in_force(dependency: Dependency, advice: TimeoutAdvice | None) -> Policy:
    """Today's policy with the recommended timeout in it; a provisional one replaces nothing."""
    policy = dependency.policy if isinstance(dependency.policy, Policy) else _nothing(dependency)
    if advice is None or advice.recommended_s is None:
        return policy
    return policy.model_copy(update={"timeout_s": advice.recommended_s})


def overlaid(system: System, advices: Mapping[str, TimeoutAdvice]) -> System:
    """The system with the recommended timeouts in force."""
    return replace_policies(
        system, {d.subject: in_force(d, advices[d.subject]) for d in system.dependencies if d.subject in advices}
    )


def round_down(value_s: float, digits: int = 2) -> float:
    """Rounded down to so many significant digits: a limit that may be promised.

    >>> round_down(2.5147), round_down(0.5), round_down(0)
    (2.5, 0.5, 0)
    """
    if value_s <= 0 or not math.isfinite(value_s):
        return value_s
    exact = Decimal(f"{value_s:.12g}")
    step = Decimal(1).scaleb(exact.adjusted() - digits + 1)
    return float((exact / step).to_integral_value(rounding=ROUND_FLOOR) * step)


def _today(dependency: Dependency) -> float | Literal["none"] | None:
    """The timeout that is configured now; None where nobody knows."""
    return _nothing(dependency).timeout_s if not isinstance(dependency.policy, Policy) else dependency.policy.timeout_s


def _nothing(dependency: Dependency) -> Policy:
    """What `policy: none` states, field by field; unknown stays unknown."""
    if dependency.policy == "none":
        return Policy(timeout_s="none", retry="none", circuit_breaker="none", bulkhead="none")
    return Policy()


def profiles_for(dependency: Dependency, profiles: Profiles) -> tuple[LatencyProfile, ...]:
    """The profiles that speak for a dependency, each once, by name."""
    found = {p.call: p for to in dependency.to for p in profiles_of(dependency, to, profiles)}
    return tuple(found[call] for call in sorted(found))


def _value(advice: TimeoutAdvice) -> float:
    value = advice.provisional_s if advice.recommended_s is None else advice.recommended_s
    return 0.0 if value is None else value


def _of_profile(
    known: Paths,
    profiles: Profiles,
    dependency: Dependency,
    profile: LatencyProfile,
    left: Left | None,
    allowed: Allowed,
    in_pool: bool = True,
) -> TimeoutAdvice:
    pool = pool_fit_s(known, dependency, profiles) if in_pool else None
    return advise(
        profile,
        target=allowed[dependency.subject],
        deadline_left_s=None if left is None else round_down(left.seconds),
        pool_fit_s=None if pool is None else round_down(pool),
    )


def advise_one(
    known: Paths,
    profiles: Profiles,
    dependency: Dependency,
    left: Left | None,
    allowed: Allowed,
    in_pool: bool = True,
) -> TimeoutAdvice:
    """The advice for one call: of its operations the one that needs longest; without data a place to start."""
    found = profiles_for(dependency, profiles)
    advices = [_of_profile(known, profiles, dependency, profile, left, allowed, in_pool) for profile in found]
    if not advices:
        return _unmeasured(dependency, left, pool_fit_s(known, dependency, profiles))
    largest = max(advices, key=lambda a: (a.recommended_s is not None, _value(a)))
    if len(advices) == 1:
        return largest
    named = ", ".join(f"{a.call}: {_words(a)}" for a in advices)
    few = [a.call for a in advices if a.recommended_s is None]
    warnings = (f"too few samples, so its own need is unknown: {', '.join(few)}",) if few and len(few) < len(advices) else ()
    reason = f"{largest.reason}; the largest of {len(advices)} operations counts ({named})"
    return largest.model_copy(update={"reason": reason, "warnings": (*largest.warnings, *warnings)})


def _words(advice: TimeoutAdvice) -> str:
    return "refused" if advice.recommended_s is None else text(advice.recommended_s)


def text(value_s: float) -> str:
    """A duration to three digits, for sentences."""
    return say_duration(value_s)


def _unmeasured(dependency: Dependency, left: Left | None, pool_s: float | None) -> TimeoutAdvice:
    limits = [(PROVISIONAL_S, "the start without data")]
    limits += [] if left is None else [(left.seconds, "what the caller's deadline leaves")]
    limits += [] if pool_s is None else [(pool_s, "what the caller's pool carries at peak")]
    limit, which = min(limits)
    start = round_down(limit)
    words = f"until then {text(start)}, {which}" if start > 0 else f"and {which} is nothing"
    return TimeoutAdvice(
        call=dependency.subject,
        n=0,
        p50_s=None,
        p99=None,
        seed_rule_s=None,
        recommended_s=None,
        provisional_s=start if start > 0 else None,
        grade="provisional",
        false_timeout=None,
        bound_by="samples",
        reason=f"0 samples; a p99 bound needs 299; {words}",
    )
