"""Something below that several callers share: bulkheads above it do not separate them."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.policy import bulkhead
from auditkit.model.system import Dependency

NAME = "bulkhead_over_shared_dependency"
STORES = frozenset({"database", "cache", "queue", "external"})
"""Kinds that callers believe to be separate behind separate pools."""


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each store that several components call, and for each cause under several stores of different callers."""
    for component in facts.system.components:
        calls = [d for d in facts.paths.to_component.get(component.id, ()) if d.call == "sync"]
        if component.kind in STORES:
            yield from _shared(facts, component.id, calls, component.id)
    for cause in facts.system.common_causes:
        if cause.kind == "shared-resource":
            calls = [d for store in cause.affects for d in facts.paths.to_component.get(store, ()) if d.call == "sync"]
            yield from _shared(facts, cause.id, calls, f"{listing(cause.affects)} on {cause.id}")


def _shared(facts: Facts, subject: str, calls: list[Dependency], what: str) -> Iterator[Finding]:
    callers = list(dict.fromkeys(d.caller.partition(":")[0] for d in calls))
    if len(callers) < 2:
        return
    held = [d for d in calls if bulkhead(d.policy) is not None]
    ids = {j.id for d in calls for j in facts.journeys_of(d)}
    evidence = [f"calling it: {listing(d.subject for d in calls)}"]
    if held:
        evidence.append(f"bulkheads that protect each caller, not the others: {listing(d.subject for d in held)}")
    yield finding(
        facts,
        NAME,
        subject,
        [j for j in facts.system.journeys if j.id in ids],
        f"{listing(callers)} share {what}: no bulkhead above separates them",
        evidence,
        "partition below (a pool or an instance for each caller), and limit what each caller may send",
        at_most="medium",
        step=-1,
    )


CHECK = Check(
    name=NAME,
    title="Bulkheads above something shared",
    why=(
        "A bulkhead keeps a slow callee from taking its caller's workers. It does not keep one caller from making the shared "
        "store slow for the others; all of them then wait behind their own bulkheads."
    ),
    how=(
        "A store (database, cache, queue, external service) that several components call synchronously, or a shared resource "
        "under several stores of different callers."
    ),
    remedy="Quotas or pools for each caller at the store, separate instances, or read replicas for the heavy one.",
    false_alarm="The store itself isolates its callers (resource groups, provisioned throughput for each).",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
