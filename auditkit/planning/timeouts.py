"""One timeout for each call of the system, fitted together: what the data justify, what deadlines leave, and no inversions.

Each call is advised on its own first (`patterns.timeout`). Then callers get longer timeouts where their callee's own calls
may take longer and the deadline allows it; and where it does not, the calls below are tightened, never below 2 × p99.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from decimal import ROUND_FLOOR, Decimal

from auditkit.model.latency import LatencyProfile, TimeoutAdvice, profiles_of
from auditkit.model.paths import Paths, paths, stages
from auditkit.model.policy import attempts, backoffs_s, call_worst_case_s, timeout_s
from auditkit.model.system import Dependency, Policy, System
from auditkit.patterns.bulkhead import places_for
from auditkit.patterns.deadline import Left, pool_fit_s, remaining, sequential_s, span_of, worst_cases
from auditkit.patterns.observed import load_of_one
from auditkit.patterns.timeout import PROVISIONAL_S, SEED_FACTORS, TARGET, advise, false_timeouts, target_from_slo
from auditkit.planning.overlay import replace_policies
from auditkit.units import format_duration, round_up

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
    return {d.subject: _advise(known, profiles, d, left.get(d.subject), allowed) for d in system.dependencies if known.timed(d)}


def by_call(system: System, profiles: Profiles, target: float | None = None) -> tuple[TimeoutAdvice, ...]:
    """The timeout of each measured call, sorted by name: under the strictest of the dependencies that it speaks for."""
    known = paths(system)
    left = remaining(known, profiles)
    strictest: Advices = {}
    allowed = targets(known, target)
    for dependency in system.dependencies:
        if not known.timed(dependency):
            continue
        for profile in _profiles(dependency, profiles):
            advice = _of_profile(known, profiles, dependency, profile, left.get(dependency.subject), allowed)
            other = strictest.get(profile.call)
            if other is None or _value(advice) < _value(other):
                strictest[profile.call] = advice
    alone = {call: advise(profile, target=target or TARGET) for call, profile in profiles.items() if call not in strictest}
    return tuple(advice for _, advice in sorted((strictest | alone).items()))


def fit_together(system: System, profiles: Profiles, target: float | None = None) -> Advices:
    """`advise_all`, then raised and tightened so that no caller gives up before its callee, where deadlines allow it."""
    allowed = targets(paths(system), target)
    advices = _leave_to_bulkheads(system, profiles, advise_all(system, profiles, target), allowed)
    advices = _raise_outer(system, profiles, advices, allowed)
    return _tighten_inner(system, profiles, advices, allowed)


def _leave_to_bulkheads(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Where the pool would press a timeout below 2 × p99, a bulkhead costs less: it rejects 0.1 %, the timeout cuts off more."""
    known = paths(system)
    left = remaining(known, profiles)
    done = dict(advices)
    for dependency in system.dependencies:
        advice = advices.get(dependency.subject)
        if advice is None or advice.bound_by != "pool" or (advice.recommended_s or 0.0) >= _two_p99(advice):
            continue
        caller, load = known.caller(dependency), load_of_one(known, dependency, profiles)
        if caller.workers is not None and load is not None and places_for(load) <= caller.workers:
            free = _advise(known, profiles, dependency, left.get(dependency.subject), allowed, in_pool=False)
            done[dependency.subject] = free.model_copy(
                update={"reason": f"{free.reason}; a bulkhead keeps the pool, not the timeout"}
            )
    return done


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


def _nothing(dependency: Dependency) -> Policy:
    """What `policy: none` states, field by field; unknown stays unknown."""
    if dependency.policy == "none":
        return Policy(timeout_s="none", retry="none", circuit_breaker="none", bulkhead="none")
    return Policy()


def _profiles(dependency: Dependency, profiles: Profiles) -> tuple[LatencyProfile, ...]:
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


def _advise(
    known: Paths,
    profiles: Profiles,
    dependency: Dependency,
    left: Left | None,
    allowed: Allowed,
    in_pool: bool = True,
) -> TimeoutAdvice:
    found = _profiles(dependency, profiles)
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
    return format_duration(float(f"{value_s:.3g}"))


def _unmeasured(dependency: Dependency, left: Left | None, pool_s: float | None) -> TimeoutAdvice:
    limits = [PROVISIONAL_S, *([] if left is None else [left.seconds]), *([] if pool_s is None else [pool_s])]
    start = round_down(min(limits))
    words = f"until then {text(start)}" if start > 0 else "and its deadline leaves nothing for it"
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
        reason=f"0 samples; a p99 bound needs 299; {words}; it replaces no configured value, not for streams and batch calls",
    )


def _overlaid(system: System, advices: Advices) -> System:
    return replace_policies(
        system, {d.subject: in_force(d, advices[d.subject]) for d in system.dependencies if d.subject in advices}
    )


def _raise_outer(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Longer timeouts for callers that would give up before their callee, as far as deadline and pool allow."""
    done = dict(advices)
    for _ in range(_depth(system)):
        known = paths(_overlaid(system, done))
        left, worst = remaining(known, profiles), worst_cases(known)
        raised = False
        for dependency in known.system.dependencies:
            advice = done.get(dependency.subject)
            if advice is None or advice.recommended_s is None:
                continue
            below = max(span_of(worst, known, to).seconds for to in dependency.to)
            pool = pool_fit_s(known, dependency, profiles)
            limits = [left[dependency.subject].seconds] if dependency.subject in left else []
            limits += [] if pool is None else [pool]
            wanted = min(round_up(below), round_down(min(limits, default=math.inf)))
            if below > advice.recommended_s and wanted > advice.recommended_s:
                why = f"raised to {text(wanted)}, since its callee may wait {text(below)} for its own calls"
                done[dependency.subject] = _at(known, profiles, dependency, advice, wanted, why, allowed)
                raised = True
        if not raised:
            break
    return done


def _depth(system: System) -> int:
    return min(50, len(system.components) + 1)


def _at(
    known: Paths,
    profiles: Profiles,
    dependency: Dependency,
    advice: TimeoutAdvice,
    value_s: float,
    why: str,
    allowed: Allowed,
) -> TimeoutAdvice:
    """The same advice at another value, with its rate of false timeouts there."""
    shares = [false_timeouts(p, value_s, allowed[dependency.subject]) for p in _profiles(dependency, profiles)]
    share = max(shares, key=lambda s: (s.upper, s.p), default=None)
    grade = "justified" if share is not None and share.upper <= share.target else "seed"
    update = {"recommended_s": value_s, "false_timeout": share, "grade": grade, "reason": f"{advice.reason}; {why}"}
    if share is not None:
        update["cost"] = f"cuts off {share.p:.3g} of healthy calls, at most {share.upper:.3g} (95 %)"
    return advice.model_copy(update=update)


def _tighten_inner(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Shorter timeouts below a caller that cannot wait longer, down to 2 × p99 and no further."""
    done = dict(advices)
    for _ in range(_depth(system)):
        known = paths(_overlaid(system, done))
        worst = worst_cases(known)
        tightened = False
        for dependency in known.system.dependencies:
            budget = timeout_s(dependency.policy)
            if budget is None or not known.timed(dependency):
                continue
            for operation in (op for to in dependency.to for op in known.operations(to)):
                if operation in worst and worst[operation].seconds > budget + 1e-9:
                    tightened |= _tighten(known, profiles, done, operation, budget, allowed)
        if not tightened:
            break
    return done


def _tighten(known: Paths, profiles: Profiles, done: Advices, operation: str, budget_s: float, allowed: Allowed) -> bool:
    """Share a caller's patience among the stages of one operation: the longest give up first, none below its floor."""
    groups = [[d for d in group if known.timed(d)] for group in stages(known.outgoing(operation))]
    groups = [group for group in groups if any(math.isfinite(call_worst_case_s(d.policy)) for d in group)]
    wanted = [_longest([call_worst_case_s(d.policy) for d in group]) for group in groups]
    least = [_longest([_floor_s(d, done.get(d.subject)) for d in group]) for group in groups]
    level = _level(wanted, least, budget_s)
    if level is None:
        return False
    changed = False
    for group, floor in zip(groups, least, strict=True):
        share_s = max(level, floor)
        for dependency in group:
            advice = done.get(dependency.subject)
            if advice is None or advice.recommended_s is None or call_worst_case_s(dependency.policy) <= share_s + 1e-9:
                continue
            own = max(round_down((share_s - backoffs_s(dependency.policy)) / attempts(dependency.policy)), 0.0)
            own = max(own, min(_two_p99(advice), advice.recommended_s))
            if own < advice.recommended_s - 1e-12:
                why = f"tightened to {text(own)}: its caller waits {text(budget_s)} for all of its calls together"
                tighter = _at(known, profiles, dependency, advice, own, why, allowed)
                done[dependency.subject] = tighter.model_copy(update={"bound_by": "deadline"})
                changed = True
    return changed


def _level(wanted_s: Sequence[float], least_s: Sequence[float], budget_s: float) -> float | None:
    """The length above which stages are cut so that all together fit the budget; None where they cannot, or need not be cut.

    >>> _level([2.5, 0.06, 1.0], [1.6, 0.04, 1.0], 2.9)
    1.84
    >>> _level([2.0, 2.0], [1.5, 1.5], 2.9) is None
    True
    """
    if sequential_s(least_s) > budget_s or sequential_s(wanted_s) <= budget_s:
        return None
    edges = sorted({*wanted_s, *least_s})
    lower = 0.0
    for upper in edges:
        if sequential_s(min(w, max(upper, low)) for w, low in zip(wanted_s, least_s, strict=True)) > budget_s:
            break
        lower = upper
    fixed = [min(w, max(lower, low)) for w, low in zip(wanted_s, least_s, strict=True)]
    moving = [w for w, low in zip(wanted_s, least_s, strict=True) if w > lower and low <= lower]
    return round(lower + (budget_s - sequential_s(fixed)) / max(1, len(moving)), 12)


def _longest(times_s: Sequence[float]) -> float:
    return max((t for t in times_s if math.isfinite(t)), default=0.0)


def _two_p99(advice: TimeoutAdvice) -> float:
    return SEED_FACTORS[0] * advice.p99.point if advice.p99 is not None else math.inf


def _floor_s(dependency: Dependency, advice: TimeoutAdvice | None) -> float:
    """The least that a call can be given: 2 × p99 for each attempt, or what is configured where no data say more."""
    now = call_worst_case_s(dependency.policy)
    if advice is None or advice.recommended_s is None:
        return now
    return min(now, attempts(dependency.policy) * _two_p99(advice) + backoffs_s(dependency.policy))
