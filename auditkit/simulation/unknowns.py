"""What a simulation had to assume, each with a low and a high value in its place: does the verdict hang on it?

The values are wide on purpose: a verdict that survives both ends does not depend on the answer. What follows from stated rates
(how many requests make a call) and circles of calls that were cut are assumptions, but nothing that could be swept.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import reduce

from auditkit.model.latency import Histogram, LatencyProfile, profiles_of
from auditkit.model.policy import breaker
from auditkit.model.system import Component, Dependency, System
from auditkit.simulation import columns as c
from auditkit.simulation.compile import EFFECT, FALLBACK, QUEUE, WORKERS, Compiled
from auditkit.simulation.run import Outcomes
from auditkit.simulation.setup import Law, Setup

ENDS = ("low", "high")
LATENCY_S = (0.001, 0.05)
"""In place of an unknown latency."""
FACTORS = (0.5, 2.0)
"""In place of an unknown rate, and of a breaker's unknown window and pause."""
SPARE = 2.0
"""Unknown workers, at the low end: so many times what was busy in the mean while all was well."""
FAILED = (c.T_ERRORS, c.T_TIMEOUTS, c.T_POOL_FULL, c.T_BREAKER_OPEN)
"""How an attempt ends that could make a call fail."""
CUT_TIMES = 10.0
"""How long calls that were cut off last at most, in times of the cut; the least share of them where none was counted."""
CUT_SHARE = 0.01


@dataclass(frozen=True, slots=True)
class Given:
    """What a run is made from."""

    system: System
    profiles: Mapping[str, LatencyProfile]
    setup: Setup


Change = Callable[[Given], Given]


@dataclass(frozen=True, slots=True)
class End:
    """One end of a range, in words, and how it is put in the place of what was assumed."""

    words: str
    put: Change


@dataclass(frozen=True, slots=True)
class Unknown:
    """One assumption; an end that is what was assumed anyway is None.

    `idle` says that nothing happened that either end would have changed: alone, it gives the same runs to the last bit.
    """

    where: str
    what: str
    low: End | None
    high: End | None
    idle: bool = False


def unknowns(given: Given, runs: tuple[Outcomes, ...]) -> tuple[Unknown, ...]:
    """The assumptions of these runs that can be swept, in their order."""
    compiled = runs[0].compiled
    said = [(a.where, a.what) for a in compiled.assumptions]
    known = {(u.where, u.what): u for u in (*_components(compiled, runs), *_journeys(compiled), *_calls(given, compiled, runs))}
    return tuple(known[key] for key in said if key in known)


def all_at(given: Given, found: Sequence[Unknown], end: str) -> Given | None:
    """Every unknown at its `low` or `high` end; None where that is what was assumed anyway."""
    changes = [at.put for unknown in found if (at := unknown.low if end == "low" else unknown.high) is not None]
    return reduce(lambda so_far, put: put(so_far), changes, given) if changes else None


def _components(compiled: Compiled, runs: tuple[Outcomes, ...]) -> Iterator[Unknown]:
    for number, name in enumerate(compiled.components):
        first, after = (int(compiled.comps[n, c.C_FIRST]) for n in (number, number + 1))
        workers = int(compiled.instances[first, c.I_WORKERS])
        if workers < 0:
            faulty = float(compiled.world.marks[0]) if len(compiled.world.marks) else math.inf
            busy = sum(float(run.busy[c.BEFORE, number, 0]) for run in runs) / len(runs) / (after - first)
            low = max(1, math.ceil(SPARE * busy / faulty)) if 0 < faulty < math.inf else 1
            words = "1 worker" if low == 1 else f"{low} workers"
            idle = all(int(run.most_busy[number]) <= low for run in runs)
            yield Unknown(name, WORKERS, End(words, _component(name, "concurrency", low)), None, idle)
        else:
            idle = all(int(run.longest_queue[number]) <= workers for run in runs)
            yield Unknown(name, QUEUE, End(f"a queue of {workers}", _component(name, "queue", workers)), None, idle)


def _journeys(compiled: Compiled) -> Iterator[Unknown]:
    for journey, rate in zip(compiled.journeys, compiled.rates, strict=True):
        low, high = (End(f"{rate * k:g} a second", _rate(journey.id, rate * k)) for k in FACTORS)
        for why in ("as its busiest call", "for want of any"):
            yield Unknown(f"journey {journey.id}", f"rate unknown: {rate:g} a second, {why}", low, high)


def _calls(given: Given, compiled: Compiled, runs: tuple[Outcomes, ...]) -> Iterator[Unknown]:
    all_full = not any(run.tally[:, :, c.T_FALLBACKS].any() for run in runs)
    for row, d in enumerate(compiled.dependencies):
        never_failed = not any(run.tally[:, _rows(compiled, row)][:, :, FAILED].any() for run in runs)
        nothing = End("nothing", _dependency(d.subject, "on_failure", "ignore"))
        yield Unknown(d.subject, EFFECT, nothing, None, never_failed and all_full)  # what is ignored is not degraded either
        yield Unknown(d.subject, FALLBACK, End("no fallback", _dependency(d.subject, "fallback", "none")), None, never_failed)
        for target in d.to:
            name = f"{d.caller} -> {target}"
            latency, slow = given.setup.unknown_latency_s, f"latency unknown: {given.setup.unknown_latency_s * 1000:g} ms"
            low, high = (End(f"{s * 1000:g} ms", _law(name, Law("constant", s))) for s in LATENCY_S if s != latency)
            yield Unknown(name, slow, low, high)
            yield from _cut_off(d, target, given.profiles)
        yield from _breaker(d)


def _rows(compiled: Compiled, dependency: int) -> list[int]:
    return [row for row, leg in enumerate(compiled.legs) if leg.dependency == dependency]


def _breaker(d: Dependency) -> Iterator[Unknown]:
    trips = breaker(d.policy)
    for what, field, default in (("window", "window_s", 10.0), ("open_for", "open_for_s", 30.0)):
        if trips is None or getattr(trips, field) is not None:
            continue
        low, high = (End(f"{default * k:g} s", _breaker_with(d.subject, field, default * k)) for k in FACTORS)
        for target in d.to:
            yield Unknown(f"{d.caller} -> {target}", f"the breaker's {what} is unknown: {default:g} s", low, high)


def _cut_off(d: Dependency, target: str, profiles: Mapping[str, LatencyProfile]) -> Iterator[Unknown]:
    for profile in profiles_of(d, target, profiles)[:1]:
        cut = profile.cut_off_at_s
        if cut is not None and profile.ok.total:
            more = profile.timeouts or math.ceil(CUT_SHARE * profile.ok.total)
            ok = profile.ok
            longer = Histogram(lo_s=(*ok.lo_s, cut), hi_s=(*ok.hi_s, CUT_TIMES * cut), counts=(*ok.counts, more))
            name = f"{d.caller} -> {target}"
            high = End(f"{more:,} last up to {CUT_TIMES * cut:g} s", _law(name, Law("measured", histogram=longer)))
            yield Unknown(name, f"latencies beyond {cut:g} s were cut off: none is longer", None, high)


def _component(name: str, field: str, value: int) -> Change:
    def put(given: Given) -> Given:
        known = given.system.components
        if not any(x.id == name for x in known):
            known = (*known, Component(id=name))
        changed = tuple(x.model_copy(update={field: value}) if x.id == name else x for x in known)
        return replace(given, system=given.system.model_copy(update={"components": changed}))

    return put


def _dependency(subject: str, field: str, value: str) -> Change:
    def put(given: Given) -> Given:
        known = given.system.dependencies
        changed = tuple(d.model_copy(update={field: value}) if d.subject == subject else d for d in known)
        return replace(given, system=given.system.model_copy(update={"dependencies": changed}))

    return put


def _breaker_with(subject: str, field: str, value: float) -> Change:
    def put(given: Given) -> Given:
        changed = []
        for d in given.system.dependencies:
            trips = breaker(d.policy)
            if d.subject == subject and trips is not None:
                policy = d.policy.model_copy(update={"circuit_breaker": trips.model_copy(update={field: value})})  # type: ignore[union-attr]
                d = d.model_copy(update={"policy": policy})
            changed.append(d)
        return replace(given, system=given.system.model_copy(update={"dependencies": tuple(changed)}))

    return put


def _rate(journey: str, rate: float) -> Change:
    return lambda given: replace(given, setup=replace(given.setup, rates={**given.setup.rates, journey: rate}))


def _law(name: str, law: Law) -> Change:
    return lambda given: replace(given, setup=replace(given.setup, laws={**given.setup.laws, name: law}))
