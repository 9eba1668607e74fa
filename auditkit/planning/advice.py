"""Load shedding, hedging and partitions, as advice where the data ask for it; they change code, not settings."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks import Facts
from auditkit.checks.wording import listing, percent, seconds
from auditkit.model.audit import Action
from auditkit.model.latency import profiles_of
from auditkit.model.policy import attempts
from auditkit.model.system import Component, Dependency
from auditkit.patterns.bulkhead import partitions
from auditkit.patterns.deadline import mean_s, remaining
from auditkit.patterns.hedge import derive, is_worth_it
from auditkit.patterns.load_shedding import useful_queue, waits_s


def advice_for(facts: Facts) -> list[Action]:
    """Queues that hold latecomers, calls that should not share a pool, and reads whose tail a second request would cut."""
    left = {subject: span.seconds for subject, span in remaining(facts.paths, facts.profiles).items()}
    shed = (action for component in facts.system.components for action in _shed(facts, component, left))
    apart = (action for component in facts.system.components for action in _partition(facts, component))
    return [*shed, *apart, *(action for dependency in facts.system.dependencies for action in _hedge(facts, dependency))]


def _shed(facts: Facts, component: Component, left_s: dict[str, float]) -> Iterator[Action]:
    """A queue longer than what can be answered within the strictest deadline of its callers."""
    calls = [d for d in facts.paths.to_component.get(component.id, ()) if d.call == "sync"]
    asked = [(_patience_s(facts, d, left_s), mean_s(d, facts.profiles)) for d in calls]
    times = [(patience, mean) for patience, mean in asked if patience is not None and mean]
    if component.workers is None or not isinstance(component.queue, int) or not times:
        return
    deadline, mean = min(times)
    useful = useful_queue(component.workers, mean, deadline)
    if component.queue > useful:
        late = f"a full queue of {component.queue} answers after {seconds(waits_s(component.queue, component.workers, mean))}"
        patience = f"its strictest caller waits {seconds(deadline)}"
        yield Action(
            title=f"shed load at {component.id}: {late}, {patience}; let {useful} wait, refuse the rest at once",
            subject=component.id,
            severity="low",
            owner=component.owner,
            effort="small",
        )


def _patience_s(facts: Facts, dependency: Dependency, left_s: dict[str, float]) -> float | None:
    """What is left of the deadline for a call; for one that users make, the strictest deadline of journeys that enter there."""
    if dependency.subject in left_s or facts.paths.is_ours(dependency.caller):
        return left_s.get(dependency.subject)
    deadlines = [j.deadline_s for j in facts.system.journeys if j.entry in dependency.to and isinstance(j.deadline_s, float)]
    return min(deadlines, default=None)


def _partition(facts: Facts, component: Component) -> Iterator[Action]:
    """Calls of one caller to one callee that should not share places: reads beside writes, critical beside uncritical ones."""
    groups: dict[str, list[Dependency]] = {}
    for dependency in facts.paths.of_component.get(component.id, ()):
        if dependency.call == "sync" and len(dependency.to) == 1:
            groups.setdefault(dependency.to[0].partition(":")[0], []).append(dependency)
    for callee, calls in groups.items():
        by = partitions(calls)
        if by:
            named = listing(dict.fromkeys(d.subject for d in calls))
            yield Action(
                title=f"give the calls of {component.id} to {callee} clients and pools of their own, by {listing(by)}: {named}",
                subject=component.id,
                severity="info",
                owner=component.owner,
                effort="medium",
            )


def _hedge(facts: Facts, dependency: Dependency) -> Iterator[Action]:
    """A read with a heavy tail from a callee of several instances, without retries."""
    if not dependency.idempotent or dependency.call != "sync" or attempts(dependency.policy) > 1:
        return
    callees = [facts.paths.components.get(target.partition(":")[0]) for target in dependency.to]
    if len(dependency.to) < 2 and not any(c is not None and c.running > 1 for c in callees):
        return
    for profile in (p for target in dependency.to for p in profiles_of(dependency, target, facts.profiles)):
        hedge = derive(profile.ok)
        if hedge is not None and is_worth_it(hedge):
            extra, after = percent(hedge.extra_load), seconds(hedge.after_s)
            gain = f"p99 from {seconds(hedge.p99_before_s)} to {seconds(hedge.p99_after_s)}"
            yield Action(
                title=f"consider hedging {dependency.subject}: asking again after {after} ({extra} more load) brings {gain}, "
                "if slowness belongs to single instances",
                subject=dependency.subject,
                severity="info",
                owner=facts.paths.caller(dependency).owner,
                effort="medium",
            )
            return
