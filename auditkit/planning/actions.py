"""The action plan: what to do, what it removes, ordered by the risk that it takes away for its effort."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from auditkit.checks import Facts, run_checks
from auditkit.model.audit import SEVERITIES, Action, Choice, Decision, Finding, PolicyProposal
from auditkit.model.system import split_target
from auditkit.planning.advice import advice_for
from auditkit.planning.overlay import replace_policies, settings
from auditkit.planning.risk import Gain, Level, gain, level, most_changes, relieved_by

Status = Literal["open", "adopted", "accepted", "deferred"]
Effort = Literal["small", "medium", "large"]

_STATUS: Mapping[Choice, Status] = {"adopt": "adopted", "accept_risk": "accepted", "defer": "deferred"}
_EFFORT: Mapping[str, Effort] = {
    "single_point_of_failure": "large",
    "bulkhead_over_shared_dependency": "large",
    "redundancy_without_diversity": "large",
    "unbounded_wait": "small",
    "unknown_answer": "small",
    "untested_fallback": "small",
    "stale_fallback": "small",
    "over_engineered": "small",
    "queue_backlog": "small",
}
_WEIGHT: Mapping[Effort, float] = {"small": 1.0, "medium": 3.0, "large": 10.0}
"""How many small efforts one of the others is worth, for the order only."""


def actions_for(
    facts: Facts,
    proposals: Sequence[PolicyProposal],
    findings: Sequence[Finding],
    after: Sequence[Finding],
    decisions: Sequence[Decision],
) -> tuple[tuple[Action, ...], int]:
    """An action for each proposed change of settings, one for each finding that no setting removes, and further advice.

    `after` are the findings with all proposals in force. What a change `removes` is not a promise: the checks ran again with
    it alone, and these findings were gone; what goes only with several together is named at each of those that share a
    component with it, or, where none does, at all of them. Second, how many were not tried, since the system is too large to
    try them all: the least grave ones. What they are worth is unknown, and what they remove is what is said of the same call.
    """
    remaining = {finding.key for finding in after}
    gone = [finding for finding in findings if finding.key not in remaining]
    left = [finding for finding in findings if finding.key in remaining]
    decided = {decision.about: decision for decision in decisions}
    changes = [p for p in proposals if _difference(p)]
    tried, untried = _gravest(findings, [p.dependency for p in changes], left, most_changes(facts))
    now = level(facts) if tried else None
    alone = {
        p.dependency: _alone(facts, now, p, gone) if now and p.dependency in tried else _by_subject(p, gone) for p in changes
    }
    joint = {f.key: _shared(f, changes) for f in gone if not any(f.key in keys for keys, _ in alone.values())}
    actions = [_change(facts, p, gone, joint, alone[p.dependency], decided) for p in changes]
    actions += [_open(facts, finding, now if finding.key in tried else None, decided) for finding in left]
    actions += advice_for(facts)
    return tuple(sorted(actions, key=_in_order)), untried


def _gravest(
    findings: Sequence[Finding], changes: Sequence[str], left: Sequence[Finding], most: int
) -> tuple[frozenset[str], int]:
    """What is tried: so many changes (by subject) and findings (by key) as can be, those of the gravest findings first."""
    worst: dict[str, int] = {}
    for finding in findings:
        worst[finding.subject] = max(worst.get(finding.subject, 0), SEVERITIES.index(finding.severity))
    wanted = [(-worst.get(subject, 0), subject) for subject in changes]
    wanted += [(-SEVERITIES.index(finding.severity), finding.key) for finding in left]
    tried = [name for _, name in sorted(wanted)[:most]]
    return frozenset(tried), len(wanted) - len(tried)


def _in_order(action: Action) -> tuple[bool, float, float, int, str, str]:
    """What is still to be done first; then risk removed per effort, availability gained per effort, severity, name."""
    effort = _WEIGHT[action.effort or "medium"]
    worth, better = (action.risk_removed or 0.0) / effort, (action.availability_gained or 0.0) / effort
    decided = action.status in ("accepted", "deferred")
    return decided, -round(worth, 12), -round(better, 12), -SEVERITIES.index(action.severity), action.subject, action.title


def _alone(facts: Facts, now: Level, proposal: PolicyProposal, gone: Sequence[Finding]) -> tuple[frozenset[str], Gain]:
    """Which of the findings go, and what risk is taken away, with this one change on top of today."""
    policy = proposal.proposed if proposal.declined else settings(proposal)
    if policy is None:
        return frozenset(), Gain()
    changed = replace(facts, system=replace_policies(facts.system, {proposal.dependency: policy}))
    still = {finding.key for finding in run_checks(changed)}
    return frozenset(f.key for f in gone if f.key not in still), gain(now, level(changed))


def _by_subject(proposal: PolicyProposal, gone: Sequence[Finding]) -> tuple[frozenset[str], Gain]:
    return frozenset(f.key for f in gone if f.subject == proposal.dependency), Gain()


def _shared(finding: Finding, changes: Sequence[PolicyProposal]) -> frozenset[str]:
    """The changes that take a finding away together."""
    near = _components(finding.subject)
    return frozenset(p.dependency for p in changes if near & _components(p.dependency)) or frozenset(
        p.dependency for p in changes
    )


def _components(subject: str) -> frozenset[str]:
    """What a subject names: the ends of a dependency, or the thing itself."""
    caller, _, callees = subject.partition(" -> ")
    return frozenset(split_target(name)[0] for name in (caller, *callees.split("|")) if name)


def _change(
    facts: Facts,
    proposal: PolicyProposal,
    gone: Sequence[Finding],
    joint: Mapping[str, frozenset[str]],
    alone: tuple[frozenset[str], Gain],
    decided: Mapping[str, Decision],
) -> Action:
    subject = proposal.dependency
    ends = [f for f in gone if f.key in alone[0] or subject in joint.get(f.key, ())]
    worst = max((SEVERITIES.index(f.severity) for f in ends), default=SEVERITIES.index("low"))
    return Action(
        title=f"set {subject}: {_difference(proposal)}",
        subject=subject,
        severity=SEVERITIES[worst],
        removes=tuple(f.key for f in ends),
        owner=_owner(facts, subject.partition(" -> ")[0]),
        effort="small",
        status=_status(decided.get(f"policy {subject}")),
        risk_removed=alone[1].loss,
        single_points_removed=alone[1].single_points,
        availability_gained=alone[1].availability,
    )


def _difference(proposal: PolicyProposal) -> str:
    new = proposal.proposed if proposal.declined else settings(proposal)
    if new is None:
        return ""
    was = {} if proposal.today is None else proposal.today.model_dump(mode="json", by_alias=True, exclude_none=True)
    now = new.model_dump(mode="json", by_alias=True, exclude_none=True)
    # a pattern that nobody is known to have and that is not wanted either is nothing to do
    changed = [(k, was.get(k, "unknown"), v) for k, v in now.items() if was.get(k) != v and not (k not in was and v == "none")]
    return ", ".join(f"{key.replace('_', ' ')} {_plain(value)} (today {_plain(before)})" for key, before, value in changed)


def _plain(value: object) -> str:
    """One setting, as short as an order to do it may be; the whole of it stands with the settings.

    >>> _plain({"max_attempts": 2, "backoff": "50ms"}), _plain({"failure_rate": "50%", "window": "10s"}), _plain("none")
    ('of 2 attempts', 'at 50% in 10s', 'none')
    """
    if not isinstance(value, dict):
        return str(value)
    if "max_attempts" in value:
        return f"of {value['max_attempts']} attempts"
    if "max_concurrent" in value:
        return f"of {value['max_concurrent']}"
    threshold = value.get("failure_rate") or (f"{value['failures']} failures" if "failures" in value else "unknown failures")
    return f"at {threshold}" + (f" in {value['window']}" if "window" in value else "")


def _open(facts: Facts, finding: Finding, now: Level | None, decided: Mapping[str, Decision]) -> Action:
    what = finding.remedy or finding.title
    effort: Effort = _EFFORT.get(finding.check, "medium")
    mended = Gain() if now is None else relieved_by(facts, now, finding)
    return Action(
        title=what if finding.subject in what else f"{finding.subject}: {what}",
        subject=finding.subject,
        severity=finding.severity,
        removes=(finding.key,),
        owner=_owner(facts, finding.subject.partition(" -> ")[0]),
        effort=effort,
        status=_status(decided.get(finding.key)),
        risk_removed=mended.loss,
        single_points_removed=mended.single_points,
        availability_gained=mended.availability,
    )


def _status(decision: Decision | None) -> Status:
    return "open" if decision is None else _STATUS[decision.choice]


def _owner(facts: Facts, subject: str) -> str | None:
    component = facts.paths.components.get(split_target(subject)[0])
    return None if component is None else component.owner
