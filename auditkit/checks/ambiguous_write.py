"""A write that may have happened."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding
from auditkit.patterns.fallback import of

NAME = "ambiguous_write"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each call that is not idempotent and that nobody reconciles; external ones of unknown kind, too."""
    for dependency in facts.system.dependencies:
        fallback = of(dependency)
        if dependency.call != "sync" or dependency.idempotent or (fallback is not None and fallback.reconcile):
            continue
        external = any(facts.paths.kind(target) == "external" for target in dependency.to)
        if dependency.idempotent is None and not external:
            continue
        proven = dependency.idempotent is False
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"after a timeout nobody knows whether {dependency.subject} has happened",
            [
                "it is not idempotent" if proven else "nobody has said whether it is idempotent",
                "nothing is stated that would find out afterwards (fallback.reconcile)",
            ],
            "send an idempotency key and ask again with it, or reconcile with the callee's records",
            certainty="proven" if proven else "possible",
            step=-1,
        )


CHECK = Check(
    name=NAME,
    title="A write that may have happened",
    why="A caller that gives up has not undone anything. Money may be taken, goods reserved, a mail sent; and nobody knows.",
    how=(
        "Synchronous calls stated as not idempotent without a reconciliation (proven), and calls to external services "
        "of which nobody has said (possible)."
    ),
    remedy="An idempotency key, a status query, or a reconciliation that runs after every doubt.",
    false_alarm="Doing it twice, or not at all, is harmless here.",
    sources=(
        "Malcolm Featonby, Making retries safe with idempotent APIs, Amazon Builders' Library, 2020",
        "Pat Helland, Life beyond Distributed Transactions, CIDR 2007",
    ),
    run=run,
)
