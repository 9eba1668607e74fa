"""Which calls get a bulkhead, and how large: so that no slow callee, nor all of them together, takes the whole pool."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence

from auditkit.checks.wording import amount, percent
from auditkit.model.audit import Ground
from auditkit.model.paths import serving_instances
from auditkit.model.policy import bulkhead, held_workers
from auditkit.model.system import Bulkhead, Component, Dependency, Policy, split_target
from auditkit.patterns.bulkhead import MOST_PLACES, REJECTED_AT_MOST, Size, judge, places_for, share_out
from auditkit.patterns.observed import is_light, load_of_one, peakedness_seen
from auditkit.planning.pick import Pick, Plan

Choices = dict[str, Pick[Bulkhead]]


def choose_bulkheads(plan: Plan) -> Choices:
    """A choice for each synchronous call, component by component, since all bulkheads of one come out of one pool."""
    chosen: Choices = {}
    for component in plan.paths.system.components:
        calls = [d for d in plan.paths.of_component.get(component.id, ()) if plan.paths.timed(d)]
        if calls:
            chosen.update(_of_component(plan, component, calls))
    for dependency in plan.paths.system.dependencies:
        if plan.paths.timed(dependency) and dependency.subject not in chosen:
            chosen[dependency.subject] = Pick(needs=(f"what {split_target(dependency.caller)[0]} is",))
    return chosen


def held_when_slow(plan: Plan, dependency: Dependency) -> float:
    """Workers of one instance that a call holds while its callee hangs, after the largest failure domain is lost."""
    return held_workers(dependency.policy, dependency.rate_per_s, serving_instances(plan.paths.caller(dependency)))


def _of_component(plan: Plan, component: Component, calls: Sequence[Dependency]) -> Choices:
    sizes = {d.subject: _size(plan, d) for d in calls}
    kept = {d.subject: now for d in calls if (now := bulkhead(d.policy)) is not None}
    places = {subject: _keep_or_resize(now, sizes[subject], component.workers) for subject, now in kept.items()}
    if component.workers is not None:
        places = _fit(_without_growth(places, kept, component.workers), sizes, component.workers)
        places |= _added(plan, calls, sizes, places, component.workers)
        places = _contained(plan, calls, kept, places, component.workers)
    return {d.subject: _choice(plan, component, d, calls, sizes, kept, places) for d in calls}


def _size(plan: Plan, dependency: Dependency) -> Size | None:
    load = load_of_one(plan.paths, dependency, plan.profiles)
    if load is None or load > MOST_PLACES:
        return None
    bursts = peakedness_seen(plan.paths, dependency, plan.profiles)
    return judge(load, places_for(load, peakedness=bursts or 1.0), bursts)


def _keep_or_resize(now: Bulkhead, size: Size | None, workers: int | None) -> int:
    """Today's places where they are enough for healthy traffic, else as many as it needs and the pool has."""
    if size is None or now.max_wait_s or judge(size.load, now.max_concurrent, size.peakedness).rejected <= REJECTED_AT_MOST:
        return now.max_concurrent
    return size.places if workers is None else min(size.places, workers)


def _without_growth(places: Mapping[str, int], kept: Mapping[str, Bulkhead], workers: int) -> dict[str, int]:
    """What would grow gives way first where the pool has no room for it."""
    return _shrunk(places, kept, lambda granted: sum(granted.values()) > workers)


def _shrunk(
    places: Mapping[str, int], kept: Mapping[str, Bulkhead], too_much: Callable[[Mapping[str, int]], bool]
) -> dict[str, int]:
    """Places of bulkheads that are to grow, taken back one after another, those that grow most first."""
    granted = dict(places)
    while too_much(granted):
        grown = [s for s in granted if s in kept and granted[s] > kept[s].max_concurrent]
        if not grown:
            break
        granted[max(grown, key=lambda s: (granted[s] - kept[s].max_concurrent, s))] -= 1
    return granted


def _fit(places: Mapping[str, int], sizes: Mapping[str, Size | None], workers: int) -> dict[str, int]:
    """Places that fit the pool together: what healthy traffic does not need is given up, then what nobody knows to be needed.

    Where even the known needs exceed the pool, all are cut alike.
    """
    if sum(places.values()) <= workers:
        return dict(places)
    needed = {s: min(wanted, size.places) for s, wanted in places.items() if (size := sizes[s]) is not None}
    unknown = {s: wanted for s, wanted in places.items() if s not in needed}
    rest = share_out(list(unknown.values()), workers - sum(needed.values()))
    if rest is not None:
        return {s: (needed | dict(zip(unknown, rest, strict=True)))[s] for s in places}
    shared = share_out([needed.get(s, wanted) for s, wanted in places.items()], workers)
    return {} if shared is None else dict(zip(places, shared, strict=True))


def _contained(
    plan: Plan, calls: Sequence[Dependency], kept: Mapping[str, Bulkhead], places: Mapping[str, int], workers: int
) -> dict[str, int]:
    """Larger bulkheads only as far as all callees together, slow, still leave the pool alone, where they do so today.

    Each of several callees of one call holds as many places as its bulkhead has.
    """
    members = {d.subject: len(d.to) for d in calls}
    same = {s: pool.max_concurrent for s, pool in kept.items()}
    load = {d.subject: load_of_one(plan.paths, d, plan.profiles) or 0.0 for d in calls}
    slow = {d.subject: members[d.subject] * held_when_slow(plan, d) for d in calls}

    def held(granted: Mapping[str, int], least: Mapping[str, float]) -> float:
        """What all calls hold while slow, each at least what it holds while healthy, where that counts."""
        grown = {s: float(members[s] * p) for s, p in granted.items() if p != same.get(s)}
        return math.fsum(max(workers_held, least.get(s, 0.0)) for s, workers_held in (slow | grown).items())

    # a pool that health fills already is no reason to let slow calls take more of it
    most = [(least, max(workers, held({}, least))) for least in ({}, load)]
    return _shrunk(places, kept, lambda granted: any(held(granted, least) > limit for least, limit in most))


def _added(
    plan: Plan, calls: Sequence[Dependency], sizes: Mapping[str, Size | None], kept: Mapping[str, int], workers: int
) -> dict[str, int]:
    """New bulkheads for the calls that hold most, until all of them slow together no longer take the pool."""
    open_calls = [d for d in calls if d.subject not in kept and not is_light(plan.paths, d, plan.profiles)]
    held = {d.subject: held_when_slow(plan, d) for d in calls if d.subject not in kept}
    total = math.fsum(held.values()) + sum(kept.values())
    room = workers - sum(kept.values())
    added: dict[str, int] = {}
    for dependency in sorted(open_calls, key=lambda d: (-held[d.subject], d.subject)):
        size = sizes[dependency.subject]
        if total <= workers:
            break
        if size is None or size.places >= held[dependency.subject] or size.places > room:
            continue
        added[dependency.subject] = size.places
        total = math.fsum(h for s, h in held.items() if s not in added) + sum(kept.values()) + sum(added.values())
        room -= size.places
    return added


def _choice(
    plan: Plan,
    component: Component,
    dependency: Dependency,
    calls: Sequence[Dependency],
    sizes: Mapping[str, Size | None],
    kept: Mapping[str, Bulkhead],
    places: Mapping[str, int],
) -> Pick[Bulkhead]:
    subject, size = dependency.subject, sizes[dependency.subject]
    if subject in places:
        now, granted = kept.get(subject), places[subject]
        same = now is not None and now.max_concurrent == granted
        made = now if same else Bulkhead(max_concurrent=granted, max_wait_s=0.0)
        needs = () if size is None or granted >= size.places else (_larger_pool(component, sizes, places),)
        return Pick(value=made, ground=_ground(component, dependency, size, granted, now), needs=needs)
    if is_light(plan.paths, dependency, plan.profiles):
        return Pick(value="none", why_not="local, fast and reliable: its timeout is enough")
    held = held_when_slow(plan, dependency)
    if component.workers is None:
        return Pick(needs=(f"workers of one instance of {component.id} (concurrency)",))
    missing = [] if dependency.rate_per_s is not None else [f"rate of {subject}"]
    missing += [f"latencies of {subject}"] if size is None and dependency.rate_per_s is not None else []
    total = math.fsum(held_when_slow(plan, d) for d in calls if d.subject not in places) + sum(places.values())
    if total <= component.workers:
        why = (
            f"slow, it holds {amount(held)} of {component.workers:,} workers of one instance, all calls together {amount(total)}"
        )
        return Pick(value="none", why_not=f"{why}: the timeout contains it")
    if missing or not math.isfinite(held):
        return Pick(needs=tuple(missing) or (f"a timeout of {subject}",))
    if size is not None and size.places >= held:
        return Pick(value="none", why_not=f"slow, it holds {amount(held)} workers, fewer than a bulkhead would grant")
    return Pick(needs=(_larger_pool(component, sizes, {**places, subject: 0}),))


def _larger_pool(component: Component, sizes: Mapping[str, Size | None], places: Mapping[str, int]) -> str:
    """The question for as many workers as all of these bulkheads need at peak."""
    needed = sum(places[s] if (size := sizes[s]) is None else max(places[s], size.places) for s in places)
    return f"a pool of at least {needed} workers in one instance of {component.id}, now {component.workers}"


def _ground(component: Component, dependency: Dependency, size: Size | None, places: int, now: Bulkhead | None) -> Ground:
    pool = "an unknown number of" if component.workers is None else str(component.workers)
    if size is None:
        data = f"rate or latency of {dependency.subject} is unknown"
        return Ground(data=data, rule=f"today's {places} stay", uncertainty="nobody knows what they reject", cost="unknown")
    judged, instances = judge(size.load, places, size.peakedness), serving_instances(component)
    serving = "1 instance" if instances == 1 else f"{instances} instances"
    today = ""
    if now is not None and now.max_concurrent != places:
        today = f"; today's {now.max_concurrent} reject {percent(judge(size.load, now.max_concurrent, size.peakedness).rejected)}"
    short = places < size.places
    by = "Erlang B" if size.peakedness is None or size.peakedness <= 1 else "Erlang B for the bursts that were measured"
    return Ground(
        data=f"{dependency.rate_per_s or 0:g} calls a second over {serving} (largest failure domain lost): "
        f"{amount(size.load)} under way on average",
        rule=f"{by}: {size.places} places would reject at most 0.1 % at peak; the pool leaves {places} of {pool} workers{today}"
        if short
        else f"{by}: at most 0.1 % rejected at peak; {places} of {pool} workers{today}",
        uncertainty=_bursts(judged),
        cost=f"{percent(judged.rejected)} of healthy calls rejected at peak",
    )


def _bursts(judged: Size) -> str:
    """How sure it is that calls do not come in bursts."""
    worse = f"at a peakedness of 2, {percent(judged.rejected_when_bursty)} would be rejected"
    if judged.peakedness is None:
        return f"calls are assumed to arrive on their own, since no export with start times holds most of them; {worse}"
    return f"peakedness {judged.peakedness:.2f} in one instance, measured when it was busiest; {worse}"


def policy_with(policy: Policy, choice: Pick[Bulkhead]) -> Policy:
    """The policy with what was chosen; an open end leaves today's."""
    return policy if choice.value is None else policy.model_copy(update={"bulkhead": choice.value})
