"""Timeouts that are right one by one, fitted together so that no caller gives up before its callee.

Callers get longer timeouts where their callee's own calls may take longer and the deadline allows it; and where it does not,
the calls below are tightened, the longest first, never below 2 × p99.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace

from auditkit.model.latency import TimeoutAdvice
from auditkit.model.paths import Paths, paths, stages
from auditkit.model.policy import backoffs_s, call_worst_case_s, timeout_s, waiting_attempts
from auditkit.model.system import Dependency, System
from auditkit.patterns.bulkhead import places_for
from auditkit.patterns.deadline import pool_fit_s, remaining, sequential_s, span_of, worst_cases
from auditkit.patterns.observed import load_of_one, peakedness_seen
from auditkit.patterns.timeout import SEED_FACTORS, cost_while_healthy, false_timeouts
from auditkit.planning.held_back import Fitted, hold_back
from auditkit.planning.starts import fit_starts
from auditkit.planning.timeouts import (
    Advices,
    Allowed,
    Profiles,
    advise_all,
    advise_one,
    overlaid,
    profiles_for,
    round_down,
    targets,
    text,
)
from auditkit.units import round_up

_AGAIN = ("raised to ", "tightened to ")
"""What the next step of the same kind replaces: the last one counts."""


def fit_together(
    system: System, profiles: Profiles, target: float | None = None, held: Mapping[str, str] | None = None
) -> Fitted:
    """`advise_all`, then raised and tightened so that no caller gives up before its callee; what does not fit is held back.

    `held`: calls that keep today's timeout, by subject, and why.
    """
    known = paths(system)
    ours = {d.subject for d in system.dependencies if known.is_ours(d.caller)}
    advices = {subject: advice for subject, advice in advise_all(system, profiles, target).items() if subject in ours}
    allowed = targets(known, target)
    advices = _leave_to_bulkheads(system, profiles, advices, allowed)
    advices = _raise_outer(system, profiles, advices, allowed)
    fitted = hold_back(system, _tighten_inner(system, profiles, advices, allowed), held or {})
    return fit_starts(system, replace(fitted, advices=_judged(system, profiles, fitted.advices, allowed)))


def _judged(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Where today's timeout stays: how many healthy calls that one cuts off, by what was measured."""
    done = dict(advices)
    for dependency in system.dependencies:
        advice, now = advices.get(dependency.subject), timeout_s(dependency.policy)
        if advice is None or advice.recommended_s is not None or now is None:
            continue
        shares = [false_timeouts(p, now, allowed[dependency.subject]) for p in profiles_for(dependency, profiles) if p.n]
        if shares:
            done[dependency.subject] = advice.model_copy(
                update={"false_timeout": max(shares, key=lambda share: (share.upper, share.p))}
            )
    return done


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
        bursts = peakedness_seen(known, dependency, profiles) or 1.0
        if caller.workers is not None and load is not None and load < caller.workers >= places_for(load, peakedness=bursts):
            free = advise_one(known, profiles, dependency, left.get(dependency.subject), allowed, in_pool=False)
            done[dependency.subject] = free.model_copy(
                update={"reason": f"{free.reason}; a bulkhead keeps the pool, not the timeout"}
            )
    return done


def _raise_outer(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Longer timeouts for callers that would give up before their callee, as far as deadline and pool allow."""
    done = dict(advices)
    for _ in range(_depth(system)):
        known = paths(overlaid(system, done))
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
    shares = [false_timeouts(p, value_s, allowed[dependency.subject]) for p in profiles_for(dependency, profiles)]
    share = max(shares, key=lambda s: (s.upper, s.p), default=None)
    grade = "justified" if share is not None and share.upper <= share.target else "seed"
    said = [part for part in advice.reason.split("; ") if not part.startswith(_AGAIN)]
    update = {"recommended_s": value_s, "false_timeout": share, "grade": grade, "reason": "; ".join([*said, why])}
    if share is not None:
        update["cost"] = cost_while_healthy(share)
    return advice.model_copy(update=update)


def _tighten_inner(system: System, profiles: Profiles, advices: Advices, allowed: Allowed) -> Advices:
    """Shorter timeouts below a caller that cannot wait longer, down to 2 × p99 and no further."""
    done = dict(advices)
    for _ in range(_depth(system)):
        known = paths(overlaid(system, done))
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
            own = max(round_down((share_s - backoffs_s(dependency.policy)) / waiting_attempts(dependency.policy)), 0.0)
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
    return min(now, waiting_attempts(dependency.policy) * _two_p99(advice) + backoffs_s(dependency.policy))
