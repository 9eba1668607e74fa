"""Risk before and after: blast radii, cut sets and availability computed again with something changed."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.checks import Facts
from auditkit.errors import LimitReached
from auditkit.model.audit import Finding, Residual
from auditkit.model.failure import BlastRadius, CutSets, Mode, Range, State
from auditkit.model.system import Dependency, Fallback, Policy, System

MODES: tuple[Mode, ...] = ("down", "slow")
MOST_WORK = 100_000
"""Single failures × dependencies × changes up to which changes are tried one by one, the gravest first: some ten seconds."""


def risk(facts: Facts, without: Collection[str] = ()) -> float:
    """Mean share of value that a single failure takes, over all atoms and both modes, under the worst answers.

    `without`: atoms that count as mended, losing nothing.
    """
    losses = [_mean([0.0 if set(r.fail) & set(without) else r.value_lost for r in facts.failures(m, "worst")]) for m in MODES]
    return _mean(losses)


@dataclass(frozen=True, slots=True)
class Level:
    """Risk of a system as it is: mean loss by a single failure, what stops a journey alone, and the share of time it is stopped.

    Both modes together, under the worst answers. `p_failed` is the mean over both modes, weighted by the journeys' value;
    unknown availabilities count as 1. None where a journey is too entangled for an exact answer.
    """

    loss: float
    single_points: frozenset[str]
    p_failed: float | None


def level(facts: Facts, without: Collection[str] = ()) -> Level:
    """The risk of a system with some atoms mended: they neither fail nor take anything along."""
    mended = _never_failing(facts.system, without)
    stops, shares = set(), list[float | None]()
    value = {j.id: j.value for j in facts.system.journeys}
    for mode in MODES:
        found = _cut_sets(mended, mode, facts)
        stops |= {cut[0] for sets in found for cut in sets.sets if len(cut) == 1} - set(without)
        shares.append(_weighted(found, value))
    known = [share for share in shares if share is not None]
    return Level(risk(facts, without), frozenset(stops), _mean(known) if len(known) == len(MODES) else None)


def _cut_sets(system: System, mode: Mode, facts: Facts, assumed: float | None = None) -> tuple[CutSets, ...]:
    from auditkit.engine import cut_sets

    try:
        return cut_sets(system, mode=mode, max_order=1, assumed_availability=assumed, profiles=facts.profiles)
    except LimitReached:
        return ()


def _weighted(found: Sequence[CutSets], value: Mapping[str, float]) -> float | None:
    total = math.fsum(value[sets.journey] for sets in found)
    if not total or any(sets.p_failed is None for sets in found):
        return None
    return math.fsum(value[sets.journey] * _least(sets.p_failed) for sets in found) / total


def _least(p: float | Range | None) -> float:
    return p.best if isinstance(p, Range) else p or 0.0


def _never_failing(system: System, without: Collection[str]) -> System:
    """The system in which some components and causes have no failures of their own."""
    if not without:
        return system
    return system.model_copy(
        update={
            "components": tuple(c.model_copy(update={"availability": 1.0}) if c.id in without else c for c in system.components),
            "common_causes": tuple(
                c.model_copy(update={"availability": 1.0}) if c.id in without else c for c in system.common_causes
            ),
        }
    )


@dataclass(frozen=True, slots=True)
class Gain:
    """What a change takes away: mean loss by a single failure, single points, and share of time in which journeys are stopped."""

    loss: float | None = None
    single_points: tuple[str, ...] = ()
    availability: float | None = None


def gain(before: Level, after: Level) -> Gain:
    """What one level is better than another; what is worse counts as nothing."""
    better = None
    if before.p_failed is not None and after.p_failed is not None:
        better = max(0.0, round(before.p_failed - after.p_failed, 12))
    points = tuple(sorted(before.single_points - after.single_points))
    return Gain(max(0.0, round(before.loss - after.loss, 12)), points, better)


def residual(before: Facts, after: Facts, assumed: float | None = None) -> tuple[Residual, ...]:
    """What is left in each mode, with the plan and without it; `assumed` (0..1) stands in for unknown availabilities."""
    return tuple(_of_mode(mode, before, after, assumed) for mode in MODES)


def _of_mode(mode: Mode, before: Facts, after: Facts, assumed: float | None) -> Residual:
    was, now = before.failures(mode, "worst"), after.failures(mode, "worst")
    sets_was, sets_now = (_cut_sets(facts.system, mode, facts, assumed) for facts in (before, after))
    return Residual(
        mode=mode,
        single_points_before=_stopping(was),
        single_points_after=_stopping(now),
        worst_loss_before=max((r.value_lost for r in was), default=0.0),
        worst_loss_after=max((r.value_lost for r in now), default=0.0),
        mean_loss_before=_mean([r.value_lost for r in was]),
        mean_loss_after=_mean([r.value_lost for r in now]),
        cut_sets_before={s.journey: s.count for s in sets_was if s.count is not None},
        cut_sets_after={s.journey: s.count for s in sets_now if s.count is not None},
        p_failed_before={s.journey: _rounded(s.p_failed) for s in sets_was if s.p_failed is not None},
        p_failed_after={s.journey: _rounded(s.p_failed) for s in sets_now if s.p_failed is not None},
    )


def _rounded(p: float | Range) -> float | Range:
    return Range(best=round(p.best, 12), worst=round(p.worst, 12)) if isinstance(p, Range) else round(p, 12)


def _stopping(radii: tuple[BlastRadius, ...]) -> tuple[str, ...]:
    stopped = (State.FAILED, State.HUNG)
    return tuple(sorted(r.fail[0] for r in radii if any(state in stopped for state in r.journeys.values())))


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 12) if values else 0.0


def most_changes(facts: Facts) -> int:
    """How many changes can be tried one by one in reasonable time."""
    return MOST_WORK // (len(facts.failures("down", "worst")) * len(facts.system.dependencies) or 1)


def relieved_by(facts: Facts, now: Level, finding: Finding) -> Gain:
    """What a person who mends a finding takes away from the risk `now`; nothing known where the model cannot tell.

    A single point counts as gone; a manual failover as automatic; an unknown or failing answer as degraded; a call without
    end as one that ends.
    """
    if finding.check == "single_point_of_failure":
        return gain(now, level(facts, (finding.subject,)))
    changed = _mended(facts.system, finding)
    return Gain() if changed is None else gain(now, level(replace(facts, system=changed)))


def _mended(system: System, finding: Finding) -> System | None:
    if finding.check == "claimed_failover":
        components = tuple(
            c.model_copy(update={"failover": "automatic"}) if c.id == finding.subject else c for c in system.components
        )
        return system.model_copy(update={"components": components})
    if finding.check in ("unknown_answer", "missing_fallback", "unbounded_wait"):
        dependencies = tuple(_mended_call(d, finding.check) if d.subject == finding.subject else d for d in system.dependencies)
        return system.model_copy(update={"dependencies": dependencies})
    return None


def _mended_call(dependency: Dependency, check: str) -> Dependency:
    if check == "unbounded_wait":
        policy = dependency.policy if isinstance(dependency.policy, Policy) else Policy()
        return dependency.model_copy(update={"policy": policy.model_copy(update={"timeout_s": 1.0})})
    return dependency.model_copy(update={"on_failure": "degrade", "fallback": Fallback(kind="to be decided")})
