"""Findings and decisions become the strategy: equal inputs give an equal Strategy."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from auditkit.checks import Facts, run_checks
from auditkit.model.audit import Decision, ExperimentResult, Finding, Strategy
from auditkit.model.system import Question
from auditkit.planning.actions import actions_for
from auditkit.planning.experiments import experiments_for, tested
from auditkit.planning.monitoring import monitors_for
from auditkit.planning.overlay import with_policies
from auditkit.planning.policies import propose

MOST_QUESTIONS = 10
"""More are not asked at a time."""


def plan(
    facts: Facts,
    findings: Sequence[Finding],
    decisions: Sequence[Decision],
    questions: Sequence[Question],
    *,
    target: float | None = None,
    results: Sequence[ExperimentResult] = (),
) -> Strategy:
    """The strategy for one audited system.

    `facts` hold today's settings, `findings` what the checks say of them, `decisions` what people have decided so far (all
    are kept), `questions` what is open, ranked. `target`: share of healthy calls that timeouts may cut off, if the audit sets
    one. `results`: what experiments have shown so far. Never raises on a System that went through the gate.
    """
    proposals = propose(facts.system, facts.profiles, tuple(decisions), target, results)
    system = with_policies(facts.system, proposals.policies)
    after = replace(facts, system=system, tested=tested(system.dependencies, results))
    remaining = run_checks(after)
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
        remaining=remaining,
    )
