"""Decisions are kept; those whose ground has changed, or whose time is over, are marked."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Sequence

from auditkit.checks.wording import seconds
from auditkit.model.audit import Decision, Finding, PolicyProposal, Reopened


def ground_of(about: str, findings: Sequence[Finding], proposals: Sequence[PolicyProposal]) -> str | None:
    """What a decision is taken upon, as text: store it with the decision, so that a change is noticed. None where there is none.

    Of a finding its severity, certainty and title; of a policy (`policy from -> to`) the proposed settings.
    """
    for finding in findings:
        if finding.key == about:
            return f"{finding.severity}, {finding.certainty}: {finding.title}"
    for proposal in proposals:
        if about == f"policy {proposal.dependency}" and proposal.proposed is not None:
            return json.dumps(proposal.proposed.model_dump(mode="json", by_alias=True, exclude_none=True), ensure_ascii=False)
    return None


def reopened(
    decisions: Sequence[Decision], findings: Sequence[Finding], proposals: Sequence[PolicyProposal], on: dt.date | None = None
) -> tuple[Reopened, ...]:
    """Decisions to look at again. `on` is the date of the audit; without it no decision is over."""
    return tuple(
        Reopened(about=decision.about, why=why) for decision in decisions for why in _why(decision, findings, proposals, on)
    )


def _why(
    decision: Decision, findings: Sequence[Finding], proposals: Sequence[PolicyProposal], on: dt.date | None
) -> Iterator[str]:
    if on is not None and decision.until is not None and decision.until < on:
        yield f"it held until {decision.until.isoformat()}, the audit is of {on.isoformat()}"
    now = ground_of(decision.about, findings, proposals)
    if now is None:
        yield "what it was about is no longer found"
    elif decision.ground is not None and decision.ground != now:
        yield f"its ground has changed: then {_short(decision.ground)}; now {_short(now)}"


def _short(ground: str) -> str:
    """A ground fit for a sentence: of settings only the timeout."""
    if not ground.startswith("{"):
        return ground
    timeout = json.loads(ground).get("timeout", "unknown")
    return f"a timeout of {seconds(timeout) if isinstance(timeout, float) else timeout} and what goes with it"
