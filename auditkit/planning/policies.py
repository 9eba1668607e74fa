"""For each dependency: which settings it gets, from which data by which rule, what it does not get, what could not be decided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from auditkit.model.audit import Decision, ExperimentResult, Ground, Omission, PolicyProposal
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.paths import Paths, paths
from auditkit.model.policy import timeout_s
from auditkit.model.system import Dependency, Policy, System
from auditkit.planning.experiments import standings
from auditkit.planning.timeouts import fit_together, in_force, text


@dataclass(frozen=True, slots=True)
class Proposals:
    """A proposal for every dependency, in the order of the system, and what was left out on purpose."""

    policies: tuple[PolicyProposal, ...]
    omitted: tuple[Omission, ...]


def propose(
    system: System,
    profiles: Mapping[str, LatencyProfile],
    decisions: tuple[Decision, ...] = (),
    target: float | None = None,
    results: Sequence[ExperimentResult] = (),
) -> Proposals:
    """What every dependency should be given. `decisions` about `policy from -> to` say what people have adopted already."""
    known = paths(system)
    advices = fit_together(system, profiles, target)
    adopted = frozenset(d.about for d in decisions if d.choice == "adopt")
    policies = tuple(
        _proposal(known, d, advices.get(d.subject), f"policy {d.subject}" in adopted, results) for d in system.dependencies
    )
    return Proposals(policies, ())


def _proposal(
    known: Paths, dependency: Dependency, advice: TimeoutAdvice | None, adopted: bool, results: Sequence[ExperimentResult]
) -> PolicyProposal:
    today = in_force(dependency, None)
    if advice is None:
        return PolicyProposal(
            dependency=dependency.subject, today=today, proposed=None, reason=_why_nothing(dependency), adopted=adopted
        )
    policy, ground, needs, provisional = timeout_of(dependency, advice)
    return PolicyProposal(
        dependency=dependency.subject,
        today=today,
        proposed=policy,
        provisional=provisional,
        grounds={"timeout": ground},
        advice=advice,
        reason=advice.reason,
        needs=needs,
        adopted=adopted,
        standing=standings(dependency, policy, results, today),
    )


def _why_nothing(dependency: Dependency) -> str:
    if dependency.call == "async":
        return "asynchronous: nobody waits for the answer, so nothing bounds it; what matters is its buffer"
    return "nobody waits for it with a clock: it holds or it does not"


def timeout_of(dependency: Dependency, advice: TimeoutAdvice) -> tuple[Policy, Ground, tuple[str, ...], bool]:
    """Policy with the timeout in it, the figure's ground, what is needed for a better one, and whether it is provisional."""
    today = timeout_s(dependency.policy)
    policy = in_force(dependency, advice)
    data = f"{advice.n:,} samples of {advice.call}" if advice.n else f"{dependency.subject} was not measured"
    if advice.p99 is not None:
        upper = "no upper bound" if advice.p99.hi is None else text(advice.p99.hi)
        data += f"; p99 {text(advice.p99.point)} [{text(advice.p99.lo)}, {upper}]"
    if advice.recommended_s is not None:
        ground = Ground(data=data, rule=advice.reason, uncertainty=_uncertainty(advice), cost=advice.cost)
        return policy, ground, (), False
    needs = (f"latencies of {dependency.subject}: {advice.reason.partition(';')[0]}",)
    if today is not None:
        rule = f"today's {text(today)} stays: {advice.reason}"
        return (
            policy,
            Ground(data=data, rule=rule, uncertainty="no bound exists", cost="unknown until it is measured"),
            needs,
            False,
        )
    ground = Ground(data=data, rule=advice.reason, uncertainty="no bound exists", cost="unknown until it is measured")
    if advice.provisional_s is None:
        return policy, ground, needs, False
    return policy.model_copy(update={"timeout_s": advice.provisional_s}), ground, needs, True


def _unproven(data: str, rule: str) -> Ground:
    return Ground(data=data, rule=rule, uncertainty="no bound exists", cost="unknown until it is measured")


def _uncertainty(advice: TimeoutAdvice) -> str:
    share = advice.false_timeout
    if share is None:
        return ""
    within = "within" if share.upper <= share.target else "above"
    return (
        f"false timeouts {share.p:.3g}, at most {share.upper:.3g} with 95 % confidence; {within} the target of {share.target:.3g}"
    )
