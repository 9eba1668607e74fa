"""A bulkhead too small for healthy traffic, or several that together exceed the pool."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent
from auditkit.model.audit import Finding
from auditkit.model.policy import bulkhead
from auditkit.model.system import Component, Dependency, Journey
from auditkit.patterns.bulkhead import REJECTED_AT_MOST, judge, places_for
from auditkit.patterns.observed import load_of_one, peakedness_seen

NAME = "bulkhead_starvation"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each bulkhead that rejects healthy calls, and for each component that promises more than it has."""
    for dependency in facts.system.dependencies:
        pool, load = bulkhead(dependency.policy), load_of_one(facts.paths, dependency, facts.profiles)
        if pool is None or load is None or pool.max_wait_s:
            continue
        bursts = peakedness_seen(facts.paths, dependency, facts.profiles)
        size = judge(load, pool.max_concurrent, bursts)
        if size.rejected > REJECTED_AT_MOST:
            yield finding(
                facts,
                NAME,
                dependency.subject,
                facts.journeys_of(dependency),
                f"the bulkhead of {dependency.subject} rejects {percent(size.rejected)} of its calls while everything is healthy",
                [
                    f"{pool.max_concurrent} places for {load:.3g} calls under way on average in one instance at peak (Erlang B)",
                    f"if calls come in bursts (peakedness 2) it is {percent(size.rejected_when_bursty)}"
                    if bursts is None
                    else f"peakedness {bursts:.2f} in one instance, measured when it was busiest",
                ],
                f"{places_for(load, peakedness=bursts or 1.0)} places reject less than 0.1 %",
                step=-1,
            )
    for component in facts.system.components:
        yield from _promised(facts, component)


def _promised(facts: Facts, component: Component) -> Iterator[Finding]:
    calls = [d for d in facts.paths.of_component.get(component.id, ()) if facts.paths.timed(d)]
    held = [(d, b) for d in calls if (b := bulkhead(d.policy)) is not None]
    total = sum(pool.max_concurrent for _, pool in held)
    if component.workers is None or total <= component.workers:
        return
    yield finding(
        facts,
        NAME,
        component.id,
        _touched(facts, [d for d, _ in held]),
        f"the bulkheads of {component.id} together promise {total} of {component.workers} workers",
        [listing(f"{d.subject}: {pool.max_concurrent}" for d, pool in held)],
        "size them so that together they fit the pool, or enlarge the pool",
        at_most="high",
        step=-1,
    )


def _touched(facts: Facts, dependencies: list[Dependency]) -> list[Journey]:
    ids = {j.id for d in dependencies for j in facts.journeys_of(d)}
    return [j for j in facts.system.journeys if j.id in ids]


CHECK = Check(
    name=NAME,
    title="A bulkhead starves healthy traffic",
    why=(
        "A pool of 10 at a mean load of 6 rejects 4.3 % of healthy calls: the average says there is room, the peaks say not. "
        "And bulkheads that together exceed the pool contain nothing when two callees are slow."
    ),
    how=(
        "Erlang B for the load of one instance at peak, after losing the largest failure domain: more than 0.1 % rejected, "
        "with the measured peakedness where start times are known. "
        "The bulkheads of one component are added up and compared with its workers. Unknown load: no statement."
    ),
    remedy="Size by Erlang B at peak, and the sum by the pool.",
    false_alarm="Calls may wait briefly for a place (max_wait), or they arrive evenly spaced.",
    sources=(
        "A. K. Erlang, Solution of some Problems in the Theory of Probabilities of Significance in Automatic Telephone "
        "Exchanges, 1917",
        "Michael T. Nygard, Release It!, 2nd edition, 2018 (Bulkheads)",
    ),
    run=run,
)
