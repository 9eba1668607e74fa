"""Verdicts of the simulation flow back: what failed is withheld, and every pattern says how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditkit.checks.wording import percent, seconds
from auditkit.model.audit import Experiment, PolicyProposal, Standing, Trial
from auditkit.model.latency import Bounds
from auditkit.model.runs import HealthyCost
from auditkit.planning.experiments import PATTERNS

PROPOSED = "proposed"
LEAST_S = 0.00005
"""Differences of the mean time below this are not worth a word."""


def withheld_by(trials: Sequence[Trial], experiments: Sequence[Experiment]) -> dict[tuple[str, str], str]:
    """By (subject, pattern): why a pattern is not recommended: an experiment of its own fails with the proposed settings."""
    by_id = {experiment.id: experiment for experiment in experiments}
    found: dict[tuple[str, str], str] = {}
    for trial in trials:
        experiment = by_id.get(trial.experiment)
        if experiment is not None and trial.settings == PROPOSED and trial.verdict == "fails" and experiment.pattern in PATTERNS:
            found[experiment.subject, experiment.pattern] = f"{experiment.id} fails in simulation: {trial.why}"
    return found


def proven(
    proposals: Sequence[PolicyProposal], trials: Sequence[Trial], experiments: Sequence[Experiment]
) -> tuple[PolicyProposal, ...]:
    """The proposals with what the simulation showed of them: standings, and patterns that are withheld.

    A pattern that somebody tried in earnest keeps that result, and a proposal that somebody adopted stays in force as a whole.
    """
    failed, held = withheld_by(trials, experiments), _held(trials, experiments)
    return tuple(_proven(proposal, failed, held) for proposal in proposals)


def _held(trials: Sequence[Trial], experiments: Sequence[Experiment]) -> frozenset[tuple[str, str]]:
    by_id = {experiment.id: experiment for experiment in experiments}
    good = (by_id[t.experiment] for t in trials if t.settings == PROPOSED and t.verdict == "holds" and t.experiment in by_id)
    return frozenset((experiment.subject, experiment.pattern) for experiment in good)


def _proven(proposal: PolicyProposal, failed: Mapping[tuple[str, str], str], held: frozenset[tuple[str, str]]) -> PolicyProposal:
    standing: dict[str, Standing] = dict(proposal.standing)
    for pattern, now in proposal.standing.items():
        if now in ("designed", "configured"):
            key = proposal.dependency, pattern
            standing[pattern] = "failed in simulation" if key in failed else "holds in simulation" if key in held else now
    off = {
        pattern: failed[proposal.dependency, pattern]
        for pattern in PATTERNS
        if (proposal.dependency, pattern) in failed and proposal.standing.get(pattern) != "tested" and _changes(proposal, pattern)
    }
    return proposal.model_copy(update={"standing": standing, "withheld": off})


def priced(proposals: Sequence[PolicyProposal], costs: Sequence[HealthyCost]) -> tuple[PolicyProposal, ...]:
    """The proposals with what each pattern cost in simulation while nothing was wrong, beside the closed form's cost."""
    by_pattern = {(cost.dependency, cost.pattern): said(cost) for cost in costs}
    return tuple(
        proposal.model_copy(
            update={
                "grounds": {
                    pattern: ground
                    if (words := by_pattern.get((proposal.dependency, pattern))) is None
                    else ground.model_copy(update={"cost": "; ".join(part for part in (ground.cost, words) if part)})
                    for pattern, ground in proposal.grounds.items()
                }
            }
        )
        for proposal in proposals
    )


def said(cost: HealthyCost) -> str:
    """What a pattern costs while nothing is wrong, in words: what it ends, and what that does to its journeys' answers.

    >>> none = Bounds(point=0, lo=0, hi=0)
    >>> few = Bounds(point=0.0003, lo=0.0002, hi=0.0004)
    >>> said(HealthyCost(dependency="a -> b", pattern="timeout", requests=96000, refused=few, not_full=few, added_s=none,
    ...     more_attempts=none))
    'simulated while healthy: ends 0.03 % of attempts (0.02 to 0.04 %), 0.03 % more answers not full (0.02 to 0.04 %)'
    """
    told = []
    if cost.pattern != "retry":
        told.append(f"ends {_share(cost.refused)} of attempts {_span(cost.refused)}")
    if _shows(cost.not_full):
        told.append(
            f"{_share(cost.not_full)} {'more' if cost.not_full.point > 0 else 'fewer'} answers not full {_span(cost.not_full)}"
        )
    if _shows(cost.added_s) and abs(cost.added_s.point) >= LEAST_S:
        told.append(f"{seconds(abs(cost.added_s.point))} {'longer' if cost.added_s.point > 0 else 'shorter'} in the mean")
    if _shows(cost.more_attempts):
        told.append(f"{_share(cost.more_attempts)} {'more' if cost.more_attempts.point > 0 else 'fewer'} attempts")
    return f"simulated while healthy: {', '.join(told) or 'nothing that could be seen'}"


def _shows(found: Bounds) -> bool:
    """Whether the interval leaves out zero."""
    return found.lo > 0 or (found.hi is not None and found.hi < 0)


def _share(found: Bounds) -> str:
    return percent(abs(found.point))


def _span(found: Bounds) -> str:
    ends = sorted(abs(end) for end in (found.lo, found.point if found.hi is None else found.hi))
    return f"({percent(ends[0]).removesuffix(' %')} to {percent(ends[1])})"


def _changes(proposal: PolicyProposal, pattern: str) -> bool:
    name = "timeout_s" if pattern == "timeout" else pattern
    return proposal.proposed is not None and getattr(proposal.proposed, name) != getattr(proposal.today, name, None)
