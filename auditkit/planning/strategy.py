"""Findings and decisions become the strategy: equal inputs give an equal Strategy."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace

from auditkit.checks import Facts, run_checks
from auditkit.model.audit import Decision, ExperimentResult, Finding, Strategy, Trial
from auditkit.model.failure import Assume, Assumption
from auditkit.model.runs import HealthyCost
from auditkit.model.system import Question
from auditkit.planning.actions import actions_for
from auditkit.planning.experiments import experiments_for, tested
from auditkit.planning.monitoring import monitors_for
from auditkit.planning.overlay import with_policies
from auditkit.planning.policies import propose
from auditkit.planning.proving import priced, proven
from auditkit.planning.reopened import reopened
from auditkit.planning.risk import MODES, residual
from auditkit.planning.uncovered import uncovered_in

MOST_QUESTIONS = 10
"""More are not asked at a time."""
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
    trials: Sequence[Trial] = (),
    assumed_availability: float | None = None,
    costs: Sequence[HealthyCost] = (),
) -> Strategy:
    """The strategy for one audited system.

    `facts` hold today's settings, `findings` what the checks say of them, `decisions` what people have decided so far (all
    are kept; those to look at again are marked), `questions` what is open, ranked. From audit.yaml: `target`, the share of
    healthy calls that timeouts may cut off (0.001); `results` of experiments; `on`, the audit's date, against which decisions
    end; `assumed_availability`, which stands in for unknown ones in what is left. `blast` and `cut_sets` stay empty: hundreds
    of them belong where somebody reads them, not into the file of a plan.
    `trials` are experiments as simulated: a pattern whose own experiment fails is withheld. `costs` are what the patterns cost in
    simulation while nothing is wrong: they stand beside the closed forms' costs.
    With its settings in force there is no finding that was not there before, except three that are left of a graver one: a call
    that waited without end, or whose callee did, now ends, but before its callee (`timeout_inversion`); bulkheads that promised
    more than the pool has now reject what it never had (`bulkhead_starvation`); a pair counts where one of it stopped a journey
    alone (`small_cut_set`). For the first two the plan asks for what would remove them as well. (Tests hold
    this on random systems; of 1,300 tried, three in which some of several callees hang together still gained a finding.)
    Never raises on a System that went through the gate.
    """
    proposals = propose(facts.system, facts.profiles, decisions, target, results)
    as_designed = replace(facts, system=with_policies(facts.system, proposals.policies))
    experiments = experiments_for(facts, as_designed, proposals.policies, results)
    policies = priced(proven(proposals.policies, trials, experiments), costs)
    system = with_policies(facts.system, policies)
    after = replace(facts, system=system, tested=facts.tested | tested(system.dependencies, results))
    remaining = run_checks(after)
    actions, untried = actions_for(facts, policies, findings, remaining, decisions)
    return Strategy(
        system=facts.system.system,
        findings=tuple(findings),
        policies=policies,
        omitted=proposals.omitted,
        decisions=tuple(decisions),
        actions=actions,
        untried=untried,
        experiments=experiments,
        trials=tuple(trials),
        healthy_costs=tuple(costs),
        monitoring=monitors_for(facts, policies),
        open_questions=tuple(questions[:MOST_QUESTIONS]),
        more_questions=max(0, len(questions) - MOST_QUESTIONS),
        assumptions=_assumptions(facts),
        residual=residual(facts, after, assumed_availability),
        remaining=remaining,
        uncovered=uncovered_in(facts),
        reopened=reopened(decisions, findings, policies, on),
    )


def _assumptions(facts: Facts) -> tuple[Assumption, ...]:
    """What was taken for granted for any single failure, each once."""
    radii = (radius for mode in MODES for assume in _ASSUME for radius in facts.failures(mode, assume))
    every = {(a.where, a.what): a for radius in radii for a in radius.assumptions}
    return tuple(every[key] for key in sorted(every))
