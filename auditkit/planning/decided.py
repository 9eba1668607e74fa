"""What people decided to set instead of what was proposed: it takes the proposal's place, and says so in its ground."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.model.audit import Decision, Ground, PolicyProposal
from auditkit.model.system import Policy

Instead = Mapping[str, Decision]
"""Adopted decisions that change settings, by the dependency's subject."""

FIGURES: Mapping[str, str] = {
    "timeout_s": "timeout", "retry": "retry", "circuit_breaker": "circuit_breaker", "bulkhead": "bulkhead"
}  # fmt: skip
"""Fields of a policy, and how their grounds are called."""


def instead_of(decisions: tuple[Decision, ...]) -> dict[str, Decision]:
    """Of all decisions those that adopt other settings than the proposed ones."""
    changed = (d for d in decisions if d.choice == "adopt" and d.instead is not None and d.about.startswith("policy "))
    return {decision.about.removeprefix("policy "): decision for decision in changed}


def changed(policy: Policy, decision: Decision | None) -> Policy:
    """A policy with the settings that were decided instead.

    >>> other = Decision(about="policy a -> b", choice="adopt", reason="its least", by="Ada", instead=Policy(timeout_s=1))
    >>> changed(Policy(timeout_s=0.3, retry="none"), other)
    Policy(timeout_s=1.0, retry='none', circuit_breaker=None, bulkhead=None)
    """
    given = {} if decision is None or decision.instead is None else dict(decision.instead)
    return policy.model_copy(update={name: value for name, value in given.items() if value is not None})


def with_decided(proposal: PolicyProposal, decision: Decision | None) -> PolicyProposal:
    """The proposal as somebody changed it: a timeout of theirs is not provisional, their figures are grounded in them."""
    if decision is None or decision.instead is None or proposal.proposed is None:
        return proposal
    figures = [name for name, value in dict(decision.instead).items() if value is not None]
    ground = Ground(
        data=f"decided by {decision.by}",
        rule=decision.reason,
        uncertainty="a person's figure: the data were not asked",
    )
    return proposal.model_copy(
        update={
            "proposed": changed(proposal.proposed, decision),
            "grounds": {**proposal.grounds, **{FIGURES[name]: ground for name in figures}},
            "provisional": proposal.provisional and "timeout_s" not in figures,
        }
    )
