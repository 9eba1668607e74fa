"""Findings and decisions become the strategy: equal inputs give an equal Strategy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from auditkit.checks import Facts, run_checks
from auditkit.model.audit import Decision, ExperimentResult, Finding, Strategy
from auditkit.model.failure import Assume, Assumption, BlastRadius, CutSets
from auditkit.model.system import Question
from auditkit.planning.actions import actions_for
from auditkit.planning.experiments import experiments_for, tested
from auditkit.planning.monitoring import monitors_for
from auditkit.planning.overlay import with_policies
from auditkit.planning.policies import propose
from auditkit.planning.reopened import reopened
from auditkit.planning.risk import MODES, residual
from auditkit.planning.uncovered import uncovered_in

MOST_QUESTIONS = 10
"""More are not asked at a time."""
LARGEST_SET = 3
"""Cut sets are listed up to this order: what more failures at once would do, nobody plans for."""
_ASSUME: tuple[Assume, ...] = ("worst", "best")


def plan(
    facts: Facts,
    findings: Sequence[Finding],
    decisions: Sequence[Decision],
    questions: Sequence[Question],
    *,
    target: float | None = None,
    results: Sequence[ExperimentResult] = (),
    on: dt.date | None = None,
    assumed_availability: float | None = None,
) -> Strategy:
    """The strategy for one audited system.

    `facts` hold today's settings, `findings` what the checks say of them, `decisions` what people have decided so far (all
    are kept; those to look at again are marked), `questions` what is open, ranked. From audit.yaml: `target`, the share of
    healthy calls that timeouts may cut off (0.001); `results` of experiments; `on`, the audit's date, against which decisions
    end; `assumed_availability` for components of unknown availability. Never raises on a System that went through the gate.
    """
    proposals = propose(facts.system, facts.profiles, decisions, target, results)
    system = with_policies(facts.system, proposals.policies)
    proven = tested(system.dependencies, results)
    after = replace(facts, system=system, tested=facts.tested | proven)
    remaining = run_checks(after)
    blast = tuple(radius for mode in MODES for assume in _ASSUME for radius in facts.failures(mode, assume))
    cut_sets = _cut_sets(facts, assumed_availability)
    return Strategy(
        system=facts.system.system,
        findings=tuple(findings),
        policies=proposals.policies,
        omitted=proposals.omitted,
        decisions=tuple(decisions),
        actions=actions_for(facts, proposals.policies, findings, remaining, decisions),
        experiments=experiments_for(facts, after, proposals.policies, results),
        monitoring=monitors_for(facts, proposals.policies),
        open_questions=tuple(questions[:MOST_QUESTIONS]),
        assumptions=_assumptions(blast, cut_sets),
        blast=blast,
        cut_sets=cut_sets,
        residual=residual(facts, after),
        remaining=remaining,
        uncovered=uncovered_in(facts),
        reopened=reopened(decisions, findings, proposals.policies, on),
    )


def _cut_sets(facts: Facts, assumed_availability: float | None) -> tuple[CutSets, ...]:
    from auditkit.engine import cut_sets

    return tuple(
        found
        for mode in MODES
        for found in cut_sets(facts.system, mode=mode, max_order=LARGEST_SET, assumed_availability=assumed_availability)
    )


def _assumptions(blast: Sequence[BlastRadius], cut_sets: Sequence[CutSets]) -> tuple[Assumption, ...]:
    """What was taken for granted anywhere, each once."""
    named = [*(r.assumptions for r in blast), *(c.assumptions for c in cut_sets)]
    every = {(a.where, a.what): a for some in named for a in some}
    return tuple(every[key] for key in sorted(every))
