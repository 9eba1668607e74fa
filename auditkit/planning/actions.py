"""The action plan: one line for each thing to do, the gravest first, with what it removes and what people decided about it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from auditkit.checks import Facts
from auditkit.model.audit import SEVERITIES, Action, Choice, Decision, Finding, PolicyProposal
from auditkit.model.system import split_target
from auditkit.planning.overlay import settings

Status = Literal["open", "adopted", "accepted", "deferred"]

_STATUS: Mapping[Choice, Status] = {"adopt": "adopted", "accept_risk": "accepted", "defer": "deferred"}


def actions_for(
    facts: Facts,
    proposals: Sequence[PolicyProposal],
    findings: Sequence[Finding],
    after: Sequence[Finding],
    decisions: Sequence[Decision],
) -> tuple[Action, ...]:
    """An action for each proposed change of settings, and one for each finding that no setting removes.

    What an action `removes` is not a promise: the checks ran again with all proposals in force, and these findings were gone.
    """
    remaining = {finding.key for finding in after}
    gone = [finding for finding in findings if finding.key not in remaining]
    decided = {decision.about: decision for decision in decisions}
    changes = [p for p in proposals if (new := settings(p)) is not None and new != p.today]
    found = [_change(facts, proposal, gone, decided) for proposal in changes]
    found += [_open(facts, finding, decided) for finding in findings if finding.key in remaining]
    return tuple(sorted(found, key=lambda a: (-SEVERITIES.index(a.severity), a.subject, a.title)))


def _change(facts: Facts, proposal: PolicyProposal, gone: Sequence[Finding], decided: Mapping[str, Decision]) -> Action:
    ends = [finding for finding in gone if finding.subject == proposal.dependency]
    worst = max((SEVERITIES.index(f.severity) for f in ends), default=SEVERITIES.index("low"))
    return Action(
        title=f"set {proposal.dependency}: {_difference(proposal)}",
        subject=proposal.dependency,
        severity=SEVERITIES[worst],
        removes=tuple(f.key for f in ends),
        owner=_owner(facts, proposal.dependency.partition(" -> ")[0]),
        effort="small",
        status=_status(decided.get(f"policy {proposal.dependency}")),
    )


def _difference(proposal: PolicyProposal) -> str:
    new = settings(proposal)
    if new is None:
        return "nothing"
    was = {} if proposal.today is None else proposal.today.model_dump(mode="json", by_alias=True, exclude_none=True)
    now = new.model_dump(mode="json", by_alias=True, exclude_none=True)
    return ", ".join(
        f"{key} {_plain(was.get(key, 'unknown'))} to {_plain(value)}" for key, value in now.items() if was.get(key) != value
    )


def _plain(value: object) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{key}: {inner}" for key, inner in value.items()) + "}"
    return str(value)


def _open(facts: Facts, finding: Finding, decided: Mapping[str, Decision]) -> Action:
    return Action(
        title=f"{finding.remedy or finding.title}",
        subject=finding.subject,
        severity=finding.severity,
        removes=(finding.key,),
        owner=_owner(facts, finding.subject.partition(" -> ")[0]),
        effort="medium",
        status=_status(decided.get(finding.key)),
    )


def _status(decision: Decision | None) -> Status:
    return "open" if decision is None else _STATUS[decision.choice]


def _owner(facts: Facts, subject: str) -> str | None:
    component = facts.paths.components.get(split_target(subject)[0])
    return None if component is None else component.owner
