"""A deadline that the healthy system misses."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, seconds
from auditkit.model.audit import Finding
from auditkit.patterns.deadline import healthy_times, span_of

NAME = "deadline_too_tight"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each journey whose calls need longer than its deadline while they are healthy."""
    times = healthy_times(facts.paths, facts.profiles)
    for journey in facts.system.journeys:
        needed = span_of(times, facts.paths, journey.entry)
        if not isinstance(journey.deadline_s, float) or needed.seconds <= journey.deadline_s + 1e-9:
            continue
        unmeasured = [f"not counted, since unmeasured: {listing(needed.unknown)}"] if needed.unknown else []
        yield finding(
            facts,
            NAME,
            journey.id,
            [journey],
            f"{journey.id} should answer within {seconds(journey.deadline_s)}; its p99s add up to {seconds(needed.seconds)}",
            ["stages add, parallel calls take the longest; each call with its healthy p99", *unmeasured],
            "run calls in parallel, make the slowest faster, answer without it, or agree on a longer deadline",
        )


CHECK = Check(
    name=NAME,
    title="A deadline that health itself misses",
    why="No timeout can be right under such a deadline: each figure either cuts off healthy calls or comes too late.",
    how="p99s along the journey, sequential stages added, parallel ones at their longest, against the journey's deadline.",
    remedy="Parallel calls, a faster callee, a fallback for the slowest, or another deadline.",
    false_alarm="The slow answers of the calls never coincide, so that the sum of p99s overstates the journey's p99.",
    sources=("Jeffrey Dean and Luiz André Barroso, The Tail at Scale, Communications of the ACM, 2013",),
    run=run,
)
