"""One slow callee takes all workers of its caller."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import amount, finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Certainty
from auditkit.model.policy import bulkhead, held_workers, timeout_is_open
from auditkit.model.system import Component, Dependency, Journey
from auditkit.patterns.deadline import mean_s

NAME = "shared_pool"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each component that a single slow callee can exhaust."""
    for component in facts.system.components:
        if not facts.paths.is_ours(component.id):
            continue
        calls = [d for d in facts.paths.of_component.get(component.id, ()) if facts.paths.timed(d)]
        taken = [(callee, group) for callee, group in by_callee(calls) if exhausts(facts, component, calls, group)]
        if not taken:
            continue
        certainty: Certainty = "proven" if any(_is_sure(component, group) for _, group in taken) else "possible"
        touched = _touched(facts, component)
        workers = "an unknown number of" if component.workers is None else str(component.workers)
        yield finding(
            facts,
            NAME,
            component.id,
            touched,
            f"{_each(taken)} alone, when slow, {'takes' if certainty == 'proven' else 'may take'} all workers of {component.id}",
            [_words(component, callee, group, workers) for callee, group in taken],
            "bound each call by a timeout, and by a bulkhead where its workers still would not suffice",
            certainty=certainty,
        )


def by_callee(calls: Sequence[Dependency]) -> list[tuple[str, list[Dependency]]]:
    """Calls by the component that they go to, in their order; one with several callees stands under each."""
    groups: dict[str, list[Dependency]] = {}
    for dependency in calls:
        for callee in dict.fromkeys(target.partition(":")[0] for target in dependency.to):
            groups.setdefault(callee, []).append(dependency)
    return list(groups.items())


def _each(taken: Sequence[tuple[str, list[Dependency]]]) -> str:
    names = listing(callee for callee, _ in taken)
    return names if len(taken) == 1 else f"each of {names}"


def _held(component: Component, group: Sequence[Dependency]) -> float:
    return math.fsum(held_workers(d.policy, d.rate_per_s, component.running) for d in group)


def exhausts(facts: Facts, component: Component, calls: Sequence[Dependency], group: Sequence[Dependency]) -> bool:
    """Whether the calls of a group, all hung, and the usual load of a component's other calls take all of its workers."""
    if component.workers is None:
        return any(bulkhead(d.policy) is None for d in group)
    others = math.fsum(
        d.rate_per_s / component.running * (mean_s(d, facts.profiles) or 0.0) for d in calls if d not in group and d.rate_per_s
    )
    return _held(component, group) + others > component.workers + 1e-9


def _is_sure(component: Component, group: Sequence[Dependency]) -> bool:
    """Whether the figures are stated, not unknown: a call without timeout, or rates and timeouts that add up."""
    known = [d for d in group if d.rate_per_s is not None and not timeout_is_open(d.policy)]
    return component.workers is not None and _held(component, known) > component.workers + 1e-9


def _words(component: Component, callee: str, group: Sequence[Dependency], workers: str) -> str:
    held = _held(component, group)
    rates = [d.rate_per_s for d in group if d.rate_per_s is not None]
    rate = "an unknown rate of" if len(rates) < len(group) else f"{math.fsum(rates) / component.running:.3g}"
    much = amount(held) if math.isfinite(held) else "without end, since nothing bounds them, all"
    return f"slow {callee}: {rate} calls a second hold {much} of {workers} workers in one instance"


def _touched(facts: Facts, component: Component) -> tuple[Journey, ...]:
    return facts.journeys_through(component.id)


CHECK = Check(
    name=NAME,
    title="One slow callee takes all workers",
    why=(
        "Every call that waits holds a worker. Where one callee can hold all of them, its slowness stops operations that "
        "never call it: an optional recommendation stops the order button."
    ),
    how=(
        "For each callee, the workers that its calls hold in one instance while it hangs: rate × (attempts × timeout + waits), "
        "at most its bulkhead; plus the mean load of the other calls; against the workers. Unknown figures make it possible."
    ),
    remedy="A timeout on each call; a bulkhead where rate × timeout still fills the pool; separate pools for critical work.",
    false_alarm="The caller does not hold a worker while it waits (asynchronous I/O): set its concurrency accordingly.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018 (Blocked Threads, Bulkheads)",),
    run=run,
)
