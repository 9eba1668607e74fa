"""Risk as one number and as what is left: the failure analysis run again with something changed."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import replace

from auditkit.checks import Facts
from auditkit.model.audit import Finding, Residual
from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.model.system import Dependency, Fallback, Policy, System

MODES: tuple[Mode, ...] = ("down", "slow")
MOST_WORK = 100_000
"""Single failures × dependencies × changes beyond which changes are not tried one by one."""


def risk(facts: Facts, without: Collection[str] = ()) -> float:
    """Mean share of value that a single failure takes, over all atoms and both modes, under the worst answers.

    `without`: atoms that count as mended, losing nothing.
    """
    losses = [_mean([0.0 if set(r.fail) & set(without) else r.value_lost for r in facts.failures(m, "worst")]) for m in MODES]
    return _mean(losses)


def residual(before: Facts, after: Facts) -> tuple[Residual, ...]:
    """What is left in each mode, with the plan and without it."""
    return tuple(_of_mode(mode, before.failures(mode, "worst"), after.failures(mode, "worst")) for mode in MODES)


def _of_mode(mode: Mode, before: tuple[BlastRadius, ...], after: tuple[BlastRadius, ...]) -> Residual:
    return Residual(
        mode=mode,
        single_points_before=_stopping(before),
        single_points_after=_stopping(after),
        worst_loss_before=max((r.value_lost for r in before), default=0.0),
        worst_loss_after=max((r.value_lost for r in after), default=0.0),
        mean_loss_before=_mean([r.value_lost for r in before]),
        mean_loss_after=_mean([r.value_lost for r in after]),
    )


def _stopping(radii: tuple[BlastRadius, ...]) -> tuple[str, ...]:
    stopped = (State.FAILED, State.HUNG)
    return tuple(sorted(r.fail[0] for r in radii if any(state in stopped for state in r.journeys.values())))


def _mean(values: list[float]) -> float:
    return round(sum(values) / len(values), 12) if values else 0.0


def is_small_enough(facts: Facts, changes: int) -> bool:
    """Whether that many changes can be tried one by one in reasonable time."""
    atoms = len(facts.failures("down", "worst"))
    return changes * atoms * max(1, len(facts.system.dependencies)) <= MOST_WORK


def relieved_by(facts: Facts, finding: Finding) -> float | None:
    """By how much `risk` falls where a person mends what was found; None where the model cannot tell.

    A single point counts as gone; a manual failover as automatic; an unknown or failing answer as degraded; a call without
    end as one that ends.
    """
    now = risk(facts)
    if finding.check == "single_point_of_failure":
        return max(0.0, round(now - risk(facts, (finding.subject,)), 12))
    changed = _mended(facts.system, finding)
    return None if changed is None else max(0.0, round(now - risk(replace(facts, system=changed)), 12))


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
