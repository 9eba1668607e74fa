"""Redundancy that nobody has seen switch over."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding

NAME = "claimed_failover"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each component with spares whose switch-over is manual or unknown."""
    for component in facts.system.components:
        if component.running <= component.needed or component.failover == "automatic":
            continue
        touched = facts.journeys_through(component.id)
        if not touched:
            continue
        manual = component.failover == "manual"
        spare = component.running - component.needed
        yield finding(
            facts,
            NAME,
            component.id,
            touched,
            f"{component.id} has {spare} spare, and its failover is {'manual' if manual else 'claimed: nobody has said how'}",
            ["until somebody is awake and has switched, it counts as failed" if manual else "unknown counts as automatic here"],
            "automate the switch, or test it and write down how long it takes",
            certainty="proven" if manual else "possible",
            step=-1,
        )


CHECK = Check(
    name=NAME,
    title="A spare that somebody has to switch to",
    why=(
        "A spare helps as fast as it takes over. A manual switch takes a page, a laptop and a decision; an untested one, longer."
    ),
    how="Components that run more instances than they need and whose failover is manual (proven) or unknown (possible).",
    remedy="Automatic failover with a health check, practised regularly.",
    false_alarm="All instances serve at the same time behind a load balancer with health checks: write failover: automatic.",
    sources=("Betsy Beyer and others (editors), Site Reliability Engineering, 2016",),
    run=run,
)
