"""A callee that cannot carry its load together with all retries."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent
from auditkit.model.audit import Finding
from auditkit.model.policy import retry
from auditkit.patterns.observed import utilisation
from auditkit.patterns.retry import factor

NAME = "retry_storm_margin"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each component whose workers its load fills once every caller retries."""
    factors = {d.subject: factor(retry(d.policy)) for d in facts.system.dependencies}
    for component in facts.system.components:
        calling = [d for d in facts.paths.to_component.get(component.id, ()) if d.call == "sync"]
        retried = [d for d in calling if factors[d.subject] > 1]
        if not retried:
            continue
        usual = utilisation(facts.paths, component, facts.profiles)
        stormy = utilisation(facts.paths, component, facts.profiles, factors)
        if usual is None or stormy is None or stormy <= 1:
            continue
        yield finding(
            facts,
            NAME,
            component.id,
            facts.journeys_through(component.id),
            f"{component.id} needs {percent(stormy)} of its workers once its callers retry, so a storm does not end by itself",
            [
                f"at peak {percent(usual)} of its workers are busy; with every retry {percent(stormy)}",
                f"retrying: {listing(d.subject for d in retried)}",
            ],
            "give the retries a budget, or the component more workers; shed load before it is full",
        )


CHECK = Check(
    name=NAME,
    title="A retry storm would keep itself alive",
    why=(
        "Where load × (1 + retries) exceeds capacity, a short failure makes a long outage: the retries alone keep the "
        "component overloaded after the cause has gone. That is a metastable failure."
    ),
    how=(
        "Rates × mean latencies of all callers over the component's workers at peak, each multiplied by its attempts "
        "(or 1 + budget). Above 1 is a finding. Unknown rates, latencies or workers: no statement."
    ),
    remedy="Budgets on retries, fewer attempts, more capacity, or load shedding at the component.",
    false_alarm="The component answers failures much faster than successes, so that retries cost it little.",
    sources=("Bronson, Aghayev, Charapko and Zhu, Metastable Failures in Distributed Systems, HotOS 2021",),
    run=run,
)
