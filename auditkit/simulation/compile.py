"""From nouns to the kernel's tables: operations, stages, calls with their policies, latencies, instances."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditkit.errors import InputError
from auditkit.model.failure import Assumption
from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.paths import Paths, alternatives, paths, stages
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import CircuitBreaker, Dependency, Fallback, Journey, Nothing, Policy, Retry, System, split_target
from auditkit.simulation import columns as c
from auditkit.simulation.door import wrong_with
from auditkit.simulation.faults import fault_tables, load_marks
from auditkit.simulation.flows import shares_of
from auditkit.simulation.loading import load_kernels
from auditkit.simulation.setup import Budget, Law, Setup

if TYPE_CHECKING:
    from auditkit.simulation.kernel_base import Floats, Ints, World

NEVER = 1 << 60
WORKERS, QUEUE = "workers unknown: as many as it takes", "queue unknown: without end"
EFFECT, FALLBACK = "what its failure does is unknown: the answer fails", "its fallback is unknown: it works"
"""What is assumed for want of an answer; `unknowns` sweeps it."""
COMES_BACK = {"fixed": c.FIXED, "gradual": c.GRADUAL, "all": c.ALL}
JITTERS = {"none": c.NO_JITTER, "full": c.FULL_JITTER, "equal": c.EQUAL_JITTER}


@dataclass(frozen=True, slots=True)
class Leg:
    """One thing that a dependency may call: a target, or an alternative of its fallback."""

    dependency: int
    target: str
    policy: Policy | Nothing | None
    alternative: bool


@dataclass(frozen=True, slots=True)
class Compiled:
    """A system as tables, with the names that belong to their rows, and what had to be assumed."""

    world: World
    comps: Ints
    instances: Ints
    guards: int
    components: tuple[str, ...]
    operations: tuple[str, ...]
    dependencies: tuple[Dependency, ...]
    legs: tuple[Leg, ...]
    journeys: tuple[Journey, ...]
    rates: tuple[float, ...]
    assumptions: tuple[Assumption, ...]


def compiled_system(system: System, profiles: Mapping[str, LatencyProfile], setup: Setup) -> Compiled:
    """Tables of one system under one setup. Raises `InputError` where nothing can be simulated: no journey, no time."""
    load_kernels()
    from auditkit.simulation.kernel_base import World

    if not system.journeys:
        raise InputError.of(system.system, "has no journeys", "say what users want of it: journeys: [{id: …, entry: …}]")
    if problems := list(wrong_with(setup, system)):
        raise InputError(problems)
    said: dict[tuple[str, str], None] = {}
    known = paths(system)
    operations, reached, circles = _reached(known)
    for subject in circles:
        said[subject, "closes a circle of calls and is left out"] = None
    rates = tuple(_rate(known, j, setup, said) for j in system.journeys)
    shares = shares_of(operations, reached, system.journeys, rates)
    dependencies = tuple(d for d in system.dependencies if any(d is e for group in reached.values() for s in group for e in s))
    places = {id(d): i for i, d in enumerate(dependencies)}
    components = tuple(dict.fromkeys([*(x.id for x in system.components), *(split_target(o)[0] for o in operations)]))
    comps, instances = _instances(known, components, setup, said, {split_target(o)[0] for o in operations})
    faults = fault_tables(system, setup.faults, components, comps)
    legs, deps_i, deps_f = _dependencies(dependencies, shares, said)
    laws: list[Law] = []
    numbers: dict[object, int] = {}
    legs_i = np.zeros((len(legs), 16), np.int64)
    legs_f = np.zeros((len(legs), 17), np.float64)
    guards = 0
    index = {operation: i for i, operation in enumerate(operations)}
    for row, leg in enumerate(legs):
        dependency = dependencies[leg.dependency]
        caller = split_target(dependency.caller)[0]
        comp = components.index(caller)
        name = f"{dependency.caller} -> {leg.target}"
        _policy(legs_i[row], legs_f[row], leg.policy, name, setup, said)
        law, errors = _law(dependency, leg.target, profiles, setup, said)
        legs_i[row, [c.L_OP, c.L_GUARD, c.L_DEP, c.L_CALLER]] = index[leg.target], guards, leg.dependency, comp
        legs_i[row, c.L_DIST] = _numbered(law, laws, numbers)
        legs_f[row, c.L_ERRORS] = errors
        guards += int(comps[comp + 1, c.C_FIRST] - comps[comp, c.C_FIRST])
    journeys_i = np.zeros((len(system.journeys), 3), np.int64)
    journeys_f = np.zeros((len(system.journeys), 2), np.float64)
    for row, journey in enumerate(system.journeys):
        law = setup.laws.get(journey.entry, Law("constant", 0.0))
        users = setup.users.get(journey.id)
        journeys_i[row] = index[journey.entry], _numbered(law, laws, numbers), users.count if users else 0
        journeys_f[row] = journey.deadline_s if isinstance(journey.deadline_s, float) else math.inf, users.think_s if users else 0
    ops, stage_first, edges = _stages(operations, reached, components, places)
    dist_i, dist_f, hist, guide = _laws(laws)
    marks = sorted({t for t in faults[1][:, : c.X_VALUE].ravel().tolist() if t != math.inf} | set(load_marks(setup.faults)))
    world = World(
        ops=ops, stages=stage_first, edges=edges, deps_i=deps_i, deps_f=deps_f, legs_i=legs_i, legs_f=legs_f, dist_i=dist_i,
        dist_f=dist_f, hist=hist, guide=guide, journeys_i=journeys_i, journeys_f=journeys_f, faults_i=faults[0],
        faults_f=faults[1], marks=np.array(marks, np.float64),
    )  # fmt: skip
    assumptions = tuple(Assumption(where=where, what=what) for where, what in said)
    return Compiled(
        world,
        comps,
        instances,
        guards,
        components,
        tuple(operations),
        dependencies,
        tuple(legs),
        system.journeys,
        rates,
        assumptions,
    )


def _reached(known: Paths) -> tuple[list[str], dict[str, tuple[tuple[Dependency, ...], ...]], list[str]]:
    """Operations that journeys reach, callers first, each with its stages (asynchronous calls in a last one), and cut circles."""
    done: dict[str, tuple[tuple[Dependency, ...], ...]] = {}
    circles: list[str] = []

    def visit(operation: str, above: tuple[str, ...]) -> None:
        if operation in done:
            return
        outgoing = list(known.outgoing(operation))
        for dependency in list(outgoing):
            if any(target in above or target == operation for target in _targets(dependency)):
                circles.append(dependency.subject)
                outgoing.remove(dependency)
        done[operation] = tuple(group for group in (*stages(outgoing), tuple(d for d in outgoing if d.call == "async")) if group)
        for dependency in outgoing:
            for target in _targets(dependency):
                visit(target, (*above, operation))

        order.append(operation)

    order: list[str] = []
    for journey in known.system.journeys:
        visit(journey.entry, ())
    return order[::-1], done, circles


def _targets(dependency: Dependency) -> tuple[str, ...]:
    return (*dependency.to, *(a.to for a in alternatives(dependency)))


def _rate(known: Paths, journey: Journey, setup: Setup, said: dict[tuple[str, str], None]) -> float:
    if journey.id in setup.rates:
        return setup.rates[journey.id]
    if journey.rate_per_s is not None:
        return journey.rate_per_s
    seen = [d.rate_per_s for d in known.outgoing(journey.entry) if d.rate_per_s is not None]
    rate = max(seen, default=1.0)
    said[f"journey {journey.id}", f"rate unknown: {rate:g} a second, {'as its busiest call' if seen else 'for want of any'}"] = (
        None
    )
    return rate


def _instances(
    known: Paths, components: Sequence[str], setup: Setup, said: dict[tuple[str, str], None], used: set[str]
) -> tuple[Ints, Ints]:
    comps = np.zeros((len(components) + 1, 5), np.int64)
    rows: list[list[int]] = []
    for number, name in enumerate(components):
        component = known.components.get(name)
        running = component.running if component else 1
        workers = component.workers if component else None
        room = component.queue if component and isinstance(component.queue, int) else None
        if name in used and workers is None and not (component and component.concurrency == "none"):
            said[name, WORKERS] = None
        if name in used and workers is not None and room is None and not (component and component.queue == "none"):
            said[name, QUEUE] = None
        around = not (component and component.failover == "manual")
        comps[number] = len(rows), 1 if setup.balance == "turns" else 0, around, 0, running
        for _ in range(running):
            row = [0] * 12
            row[c.I_COMP] = number
            row[c.I_WORKERS] = row[c.I_WORKERS_NOW] = -1 if workers is None else workers
            row[c.I_ROOM] = -1 if room is None else room
            row[c.I_HEAD] = row[c.I_TAIL] = -1
            row[c.I_UP] = 1
            rows.append(row)
    comps[len(components), c.C_FIRST] = len(rows)
    return comps, np.array(rows, np.int64)


def _dependencies(
    dependencies: Sequence[Dependency], shares: Mapping[int, float], said: dict[tuple[str, str], None]
) -> tuple[list[Leg], Ints, Floats]:
    legs: list[Leg] = []
    deps_i = np.zeros((len(dependencies), 8), np.int64)
    deps_f = np.ones((len(dependencies), 2), np.float64)
    for row, d in enumerate(dependencies):
        first = len(legs)
        legs += [Leg(row, target, d.policy, False) for target in d.to]
        others = alternatives(d)
        legs += [Leg(row, other.to, other.policy, True) for other in others]
        if d.on_failure is None and d.call == "sync":
            said[d.subject, EFFECT] = None
        how = {"degrade": c.DEGRADE, "ignore": c.IGNORE}.get(d.on_failure or "fail", c.FAIL)
        if d.on_failure == "degrade" and d.fallback is None:
            said[d.subject, FALLBACK] = None
        fallback = (
            c.NO_FALLBACK if d.fallback == "none" else c.ALTERNATIVES if isinstance(d.fallback, Fallback) and others else c.STATIC
        )
        deps_i[row] = d.call == "async", d.needed, how, first, len(d.to), first + len(d.to), len(others), fallback
        stale_after = d.fallback.stale_after_s if isinstance(d.fallback, Fallback) else None
        deps_f[row] = shares.get(id(d), 1.0), math.inf if stale_after is None else stale_after
        if deps_f[row, c.D_SHARE] < 1:
            said[d.subject, f"made by {deps_f[row, c.D_SHARE]:.3g} of the requests, as its rate says"] = None
    return legs, deps_i, deps_f


def has_window(trips: CircuitBreaker) -> bool:
    """Whether a breaker counts anything in a window, and not in a row only."""
    return not trips.in_a_row or trips.failure_rate is not None or trips.slow_call_rate is not None


def budget_of(again: Retry) -> Budget:
    """A budget by share as a token bucket: ten retries, or ten seconds of its least rate, to begin with."""
    least = again.min_per_second or 0.0
    return Budget(size=max(10.0, 10.0 * least), per_call=again.budget or 0.0, per_s=least)


def _policy(
    ints: Ints, floats: Floats, policy: Policy | Nothing | None, name: str, setup: Setup, said: dict[tuple[str, str], None]
) -> None:
    """One row of the legs: what stands around the call."""
    wait = timeout_s(policy)
    floats[c.L_TIMEOUT] = math.inf if wait is None else wait
    again = retry(policy)
    ints[c.L_ATTEMPTS] = again.max_attempts if again else 1
    if again:
        floats[c.L_BACKOFF] = again.backoff_s or 0.0
        floats[c.L_MULTIPLIER] = again.multiplier or 1.0
        floats[c.L_MAX_BACKOFF] = math.inf if again.max_backoff_s is None else again.max_backoff_s
        ints[c.L_JITTER] = JITTERS[again.jitter or "none"]
        ints[c.L_UNSENT] = again.only == "before_sending"
    target = name.partition(" -> ")[2]
    budget = setup.budgets.get(name, setup.budgets.get(target))
    if budget is None and again and again.budget is not None:
        budget = budget_of(again)
    if budget:
        ints[c.L_BUDGET] = 1
        floats[[c.L_TOKENS, c.L_PER_CALL, c.L_PER_SUCCESS, c.L_PER_S]] = (
            budget.size,
            budget.per_call,
            budget.per_success,
            budget.per_s,
        )
    pool = bulkhead(policy)
    ints[c.L_POOL] = pool.max_concurrent if pool else -1
    floats[c.L_WAIT] = (pool.max_wait_s or 0.0) if pool else 0.0
    trips = breaker(policy)
    ints[c.L_BREAKER] = 1 if trips else 0
    ints[c.L_FAILURES] = NEVER
    floats[[c.L_RATE, c.L_SLOW_S, c.L_SLOW_RATE, c.L_MAX_OPEN]] = math.inf
    floats[[c.L_WINDOW, c.L_GROWTH]] = 1.0
    if trips:
        given = {"window": (trips.window_s, 10.0), "open_for": (trips.open_for_s, 30.0)}
        window, pause = (default if value is None else value for value, default in given.values())
        for what, (value, default) in given.items():
            if value is None and (what != "window" or has_window(trips)):
                said[name, f"the breaker's {what} is unknown: {default:g} s"] = None
        ints[c.L_FAILURES] = trips.failures or NEVER
        ints[c.L_MIN_CALLS] = trips.min_calls or 1
        ints[c.L_ROW] = trips.in_a_row is True
        ints[c.L_HOW] = COMES_BACK[trips.half_open or "fixed"]
        ints[c.L_HALF] = 1 if trips.half_open == "all" else trips.half_open_calls or 1
        floats[c.L_RATE] = math.inf if trips.failure_rate is None else trips.failure_rate
        floats[c.L_SLOW_S] = math.inf if trips.slow_call_s is None else trips.slow_call_s
        floats[c.L_SLOW_RATE] = math.inf if trips.slow_call_rate is None else trips.slow_call_rate
        floats[[c.L_WINDOW, c.L_OPEN, c.L_GROWTH]] = window, pause, trips.growth or 1.0
        floats[c.L_MAX_OPEN] = math.inf if trips.max_open_s is None else trips.max_open_s


def _law(
    dependency: Dependency, target: str, profiles: Mapping[str, LatencyProfile], setup: Setup, said: dict[tuple[str, str], None]
) -> tuple[Law, float]:
    """Latency and share of errors of one call while all is well."""
    name = f"{dependency.caller} -> {target}"
    for key in (name, target):
        if key in setup.laws:
            return setup.laws[key], 0.0
    found = profiles_of(dependency, target, profiles) if target in dependency.to else ()
    if not found:
        found = (
            tuple(p for p in profiles.values() if p.callee == split_target(target)[0])[:1] if target not in dependency.to else ()
        )
    if not found or not found[0].ok.total:
        said[name, f"latency unknown: {setup.unknown_latency_s * 1000:g} ms"] = None
        return Law("constant", setup.unknown_latency_s), 0.0
    profile = found[0]
    if profile.cut_off_at_s is not None:
        said[name, f"latencies beyond {profile.cut_off_at_s:g} s were cut off: none is longer"] = None
    total = profile.n + profile.errors + profile.timeouts
    return Law("measured", histogram=profile.ok), (profile.errors / total if total else 0.0)


def _numbered(law: Law, laws: list[Law], numbers: dict[object, int]) -> int:
    key = (law.kind, law.a, law.b, id(law.histogram) if law.histogram else 0)
    if key not in numbers:
        numbers[key] = len(laws)
        laws.append(law)
    return numbers[key]


def _laws(laws: Sequence[Law]) -> tuple[Ints, Floats, Floats, Ints]:
    from auditkit.simulation.draws import CONSTANT, EXPONENTIAL, GUIDES, HISTOGRAM, LOGNORMAL

    kinds = {"constant": CONSTANT, "exponential": EXPONENTIAL, "lognormal": LOGNORMAL, "measured": HISTOGRAM}
    dist_i = np.zeros((len(laws), 3), np.int64)
    dist_f = np.zeros((len(laws), 2), np.float64)
    tables: list[Floats] = [np.zeros((1, 3))]
    guides: list[Ints] = [np.zeros((1, GUIDES + 1), np.int64)]
    first = 1
    for row, law in enumerate(laws):
        dist_i[row, 0] = kinds[law.kind]
        dist_f[row] = law.a, law.b
        if law.histogram is None:
            continue
        counts = np.array(law.histogram.counts, np.float64)
        low = np.array(law.histogram.lo_s, np.float64)
        high = np.array(law.histogram.hi_s, np.float64)
        high[np.isinf(high)] = low[np.isinf(high)]
        keep = counts > 0
        table = np.column_stack([np.cumsum(counts[keep]) / counts.sum(), low[keep], high[keep]])
        table[-1, 0] = 1.0
        dist_i[row, 1:] = first, len(guides)
        guides.append(first + np.searchsorted(table[:, 0], np.arange(GUIDES + 1) / GUIDES).reshape(1, -1))
        guides[-1] = np.minimum(guides[-1], first + len(table) - 1)
        tables.append(table)
        first += len(table)
    return dist_i, dist_f, np.vstack(tables), np.vstack(guides)


def _stages(
    operations: Sequence[str],
    reached: Mapping[str, tuple[tuple[Dependency, ...], ...]],
    components: Sequence[str],
    places: Mapping[int, int],
) -> tuple[Ints, Ints, Ints]:
    ops = np.zeros((len(operations) + 1, 2), np.int64)
    first: list[int] = []
    edges: list[int] = []
    for row, operation in enumerate(operations):
        ops[row] = components.index(split_target(operation)[0]), len(first)
        for group in reached[operation]:
            first.append(len(edges))
            edges += [places[id(d)] for d in group]
    ops[len(operations), c.O_STAGE] = len(first)
    return ops, np.array([*first, len(edges)], np.int64), np.array(edges, np.int64)
