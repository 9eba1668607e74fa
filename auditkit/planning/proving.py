"""Verdicts of the simulation flow back: what failed is withheld, and every pattern says how far it has come."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditkit.model.audit import Experiment, PolicyProposal, Standing, Trial
from auditkit.planning.experiments import PATTERNS

PROPOSED = "proposed"


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


def _changes(proposal: PolicyProposal, pattern: str) -> bool:
    name = "timeout_s" if pattern == "timeout" else pattern
    return proposal.proposed is not None and getattr(proposal.proposed, name) != getattr(proposal.today, name, None)
