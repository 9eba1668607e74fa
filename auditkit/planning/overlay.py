"""The proposed settings laid over a System, so that checks, engine and simulation judge them exactly as they judge today's."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditkit.model.audit import PolicyProposal
from auditkit.model.system import Policy, System


def settings(proposal: PolicyProposal) -> Policy | None:
    """The policy that a proposal puts into force; None where it changes nothing, or where somebody has declined it.

    A provisional timeout counts only where somebody has adopted it; until then today's stays, and with it the question. The same
    holds for a pattern whose experiment failed in simulation.
    """
    if proposal.proposed is None or proposal.declined:
        return None
    names = {"timeout_s" if pattern == "timeout" else pattern for pattern in proposal.withheld}
    if proposal.provisional:
        names.add("timeout_s")
    if proposal.adopted or not names:
        return proposal.proposed
    today = proposal.today or Policy()
    return proposal.proposed.model_copy(update={name: getattr(today, name) for name in names})


def with_policies(system: System, proposals: Iterable[PolicyProposal]) -> System:
    """The system as it would be with these proposals; dependencies without one stay as they are.

    >>> shop = System.model_validate({"system": "s", "components": [{"id": "a"}, {"id": "b"}],
    ...     "dependencies": [{"from": "a", "to": "b"}]})
    >>> proposal = PolicyProposal(dependency="a -> b", proposed=Policy(timeout_s=1.0))
    >>> with_policies(shop, [proposal]).dependencies[0].policy.timeout_s
    1.0
    """
    chosen = {p.dependency: policy for p in proposals if (policy := settings(p)) is not None}
    return replace_policies(system, chosen)


def replace_policies(system: System, policies: Mapping[str, Policy]) -> System:
    """The system with the policies of some dependencies replaced, by subject."""
    if not policies:
        return system
    dependencies = tuple(
        d.model_copy(update={"policy": policies[d.subject]}) if d.subject in policies else d for d in system.dependencies
    )
    return system.model_copy(update={"dependencies": dependencies})
