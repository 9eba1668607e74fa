"""The only bridge between names and numbers: a System becomes a frozen Structure of indices, and every engine reads that.

What the file format leaves open is settled here, by `assume` or question by question (`Answers`), so that an engine knows
only numbers. What each number means for a failure is said in `reference.py`.

*Places* are where a state lives: the base of each component (its own failure, lost instances, exhaustion, the calls that
all its operations make), each named operation, and the whole of a component with named operations (the worst of them all).
Places 0..n-1 are the bases of the n components, in the order of the file.

>>> from auditkit.model.system import System
>>> structure = build(System.model_validate({"system": "shop", "components": [{"id": "api"}, {"id": "db"}],
...     "dependencies": [{"from": "api:home", "to": "db"}], "journeys": [{"id": "home", "entry": "api:home"}]}))
>>> [atom.id for atom in structure.atoms], structure.places, structure.links[0].answer == FAIL
(['api', 'db'], ('api', 'db', 'api:home', 'api'), True)
"""

from __future__ import annotations

import difflib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from auditkit.errors import InputError, Problem
from auditkit.model.failure import Assume
from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.policy import bulkhead, call_worst_case_s, held_workers, timeout_is_open, timeout_s
from auditkit.model.system import Alternative, Component, Dependency, Fallback, Nothing, Policy, System, split_target

IGNORE: Final = 0
DEGRADE: Final = 1
FAIL: Final = 2
"""`Link.answer`: what the caller's answer becomes when the call fails."""

UNKNOWN_WORKERS: Final = 0
ENOUGH_WORKERS: Final = -1
"""`Part.workers` instead of a number: nobody knows (one leaking call exhausts it); more than can ever be held."""

AtomKind = Literal["component", "cause", "domain"]


@dataclass(frozen=True, slots=True)
class Atom:
    """Something that can fail: a component, a common cause, or a placement domain. One name is one atom.

    A domain that is also declared as a common cause is of kind `cause`. `p_up` is its availability; None where unknown.
    """

    id: str
    kind: AtomKind
    p_up: float | None = None


@dataclass(frozen=True, slots=True)
class Call:
    """One target that an operation may call: a member of a dependency's `to`, or one alternative of its fallback."""

    target: int
    """Place that is called."""
    hangs: bool
    """Whether a hung callee hangs the caller (there is no timeout)."""
    longest_s: float
    """Longest time the call can take: attempts × timeout + backoffs; infinite without a timeout."""
    healthy_s: float
    """Healthy p99; 0 where unknown."""
    held: float
    """Workers of one instance of the caller that the call holds while the callee is hung; may be infinite."""
    leaks: bool
    """Whether, while the callee is hung, it exhausts a caller of whom nobody knows how many workers it has."""
    open_timeout: bool
    """Whether nobody has told the timeout."""
    open_healthy: bool
    """Whether the healthy p99 is unknown."""


@dataclass(frozen=True, slots=True)
class Link:
    """One synchronous dependency. Asynchronous ones never touch an answer and have no link."""

    source: int
    """Index in `System.dependencies`."""
    caller: int
    """Place whose answer depends on it: an operation, or the base of the component."""
    part: int
    """The calling component, whose workers it holds."""
    members: tuple[Call, ...]
    """Redundant targets, of which `needed` must be up; mostly one."""
    needed: int
    answer: int
    """IGNORE, DEGRADE or FAIL."""
    alternatives: tuple[Call, ...]
    """What a failed call is replaced by, in order; empty where the fallback needs nobody, and unless `answer` is DEGRADE."""
    stage: int | None
    """Equal stages run in parallel, others one after another; None is a step of its own."""
    busy: float
    """Workers of one instance that it holds while all is healthy: rate / instances × mean latency; 0 where unknown."""
    open_answer: bool
    open_rate: bool
    open_mean: bool


@dataclass(frozen=True, slots=True)
class Part:
    """One component."""

    name: str
    base: int
    operations: tuple[int, ...]
    """Places of its named operations."""
    whole: int
    """Place of the bare name: `base` where no operation is named, else one whose state is the worst of them all."""
    atoms: tuple[int, ...]
    """Each of these takes the component outright: its own atom, and its common causes."""
    placement: tuple[tuple[int, int], ...]
    """(atom of a domain, instances in it)."""
    instances: int
    needed: int
    manual: bool
    """Whether the loss of any instance counts (failover by hand)."""
    workers: int
    """Workers of one instance; UNKNOWN_WORKERS or ENOUGH_WORKERS."""
    open_instances: bool
    open_needed: bool
    open_failover: bool
    open_workers: bool


@dataclass(frozen=True, slots=True)
class Trip:
    """One journey."""

    name: str
    entry: int
    completes: tuple[int, ...]
    """Places whose failure makes the journey failed, though its answer may be fine."""
    deadline_s: float
    """Infinite where there is none."""
    value: float


@dataclass(frozen=True, slots=True)
class Structure:
    """A System in numbers. Tuples are indexed by atom, place, part (component), link and trip (journey)."""

    atoms: tuple[Atom, ...]
    places: tuple[str, ...]
    parts: tuple[Part, ...]
    links: tuple[Link, ...]
    trips: tuple[Trip, ...]
    subjects: tuple[str, ...]
    """How findings name each dependency of the System (`from -> to`)."""
    part_of: tuple[int, ...]
    """The component of each place."""

    def atom(self, name: str) -> int:
        """The index of an atom. Raises `KeyError`."""
        for index, atom in enumerate(self.atoms):
            if atom.id == name:
                return index
        raise KeyError(name)


@dataclass(frozen=True, slots=True)
class Answers:
    """How open questions about one dependency or component are settled: all by `default`, except those in `turned`.

    Facts are named `on_failure`, `rate`, `timeout` (of the dependency's policy), `timeout 0`, `timeout 1` … (of its
    alternatives), and for a component `concurrency`.
    """

    default: Assume = "worst"
    turned: frozenset[str] = frozenset()

    def worst(self, fact: str) -> bool:
        """Whether the fact gets its worst answer."""
        return (self.default == "worst") != (fact in self.turned)


@dataclass(slots=True)
class _Names:
    """Indices given out while a Structure is built."""

    components: dict[str, int]
    places: dict[str, int]
    names: list[str]
    part_of: list[int]

    def place(self, target: str) -> int:
        component, operation = split_target(target)
        return self.places[component if operation is None else target]

    def add(self, key: str, part: int) -> None:
        if key not in self.places:
            self.places[key] = len(self.names)
            self.names.append(key)
            self.part_of.append(part)


def build(system: System, profiles: Mapping[str, LatencyProfile] | None = None, assume: Assume = "worst") -> Structure:
    """The Structure of a System, with every open question settled by `assume`.

    `profiles` (by call name) tell mean and p99 latencies. Raises `InputError` where the System names things that it does
    not hold, or wants more alternatives up than it has; a System from the gate never does.
    """
    _check(system)
    names = _name_places(system)
    answers = Answers(assume)
    atoms = _atoms(system)
    number = {atom.id: index for index, atom in enumerate(atoms)}
    causes: dict[str, list[int]] = {}
    for cause in system.common_causes:
        for affected in cause.affects:
            causes.setdefault(affected, []).append(number[cause.id])
    operations: dict[int, list[int]] = {}
    for name, place in names.places.items():
        if split_target(name)[1] is not None:
            operations.setdefault(names.part_of[place], []).append(place)
    build_link = link_builder(system, profiles, names.place)
    return Structure(
        atoms=atoms,
        places=tuple(names.names),
        parts=tuple(
            _part(
                component,
                base=index,
                operations=tuple(operations.get(index, ())),
                whole=names.places[component.id],
                atoms=(number[component.id], *causes.get(component.id, ())),
                number=number,
                answers=answers,
            )
            for index, component in enumerate(system.components)
        ),
        links=tuple(
            build_link(index, answers) for index, dependency in enumerate(system.dependencies) if dependency.call == "sync"
        ),
        trips=tuple(
            Trip(
                name=journey.id,
                entry=names.place(journey.entry),
                completes=tuple(names.place(target) for target in journey.completes),
                deadline_s=journey.deadline_s if isinstance(journey.deadline_s, float) else math.inf,
                value=journey.value,
            )
            for journey in system.journeys
        ),
        subjects=tuple(dependency.subject for dependency in system.dependencies),
        part_of=tuple(names.part_of),
    )


def atoms(system: System) -> tuple[Atom, ...]:
    """What can fail in a system: components, common causes, placement domains, in the order of the file, one for each name.

    >>> [f"{a.id} ({a.kind})" for a in atoms(System.model_validate({"system": "s",
    ...     "components": [{"id": "db", "instances": 2, "placement": {"z1": 1, "z2": 1}}],
    ...     "common_causes": [{"id": "z1", "kind": "zone", "affects": ["db"]}]}))]
    ['db (component)', 'z1 (cause)', 'z2 (domain)']
    """
    return _atoms(system)


def _atoms(system: System) -> tuple[Atom, ...]:
    found: dict[str, Atom] = {c.id: Atom(c.id, "component", c.availability) for c in system.components}
    for cause in system.common_causes:
        found.setdefault(cause.id, Atom(cause.id, "cause", cause.availability))
    for component in system.components:
        for domain in component.placement or ():
            found.setdefault(domain, Atom(domain, "domain"))
    return tuple(found.values())


def find_atoms(structure: Structure, names: Iterable[str]) -> tuple[int, ...]:
    """Indices of named atoms, each once, in the order of their names.

    Raises `InputError` for every name that nothing has, with the nearest one that exists.
    """
    number = {atom.id: index for index, atom in enumerate(structure.atoms)}
    wanted = sorted(set(names))
    problems = [
        Problem(name, "nothing that can fail has this id", _nearest(name, number)) for name in wanted if name not in number
    ]
    if problems:
        raise InputError(problems)
    return tuple(number[name] for name in wanted)


def find_trip(structure: Structure, journey: str) -> Trip:
    """The journey of that id. Raises `InputError` with the nearest one that exists."""
    for trip in structure.trips:
        if trip.name == journey:
            return trip
    raise InputError.of(journey, "no journey has this id", _nearest(journey, [trip.name for trip in structure.trips]))


def _nearest(name: str, known: Iterable[str]) -> str:
    listed = list(known)
    # a worse guess misleads more than a list of what there is
    near = difflib.get_close_matches(name, listed, n=1, cutoff=0.7) or [one for one in listed if sorted(one) == sorted(name)]
    if near:
        return f"write {near[0]!r}"
    return "give one of: " + ", ".join(listed[:10]) + (" …" if len(listed) > 10 else "") if listed else "there is none yet"


def _check(system: System) -> None:
    known = {component.id for component in system.components}
    problems: list[Problem] = []

    def must_exist(where: str, target: str) -> None:
        component = split_target(target)[0]
        if component not in known:
            problems.append(Problem(where, f"unknown component {component!r}", _nearest(component, sorted(known))))

    for dependency in system.dependencies:
        where = dependency.subject
        for target in (dependency.caller, *dependency.to, *(a.to for a in _alternatives(dependency))):
            must_exist(where, target)
        if dependency.needed > len(dependency.to):
            what = f"at_least is {dependency.needed}, but there are {len(dependency.to)} alternatives"
            problems.append(Problem(where, what, f"write at_least: {len(dependency.to)} or less"))
    for cause in system.common_causes:
        for affected in cause.affects:
            must_exist(cause.id, affected)
    for journey in system.journeys:
        for target in (journey.entry, *journey.completes):
            must_exist(journey.id, target)
    if problems:
        raise InputError(problems)


def _name_places(system: System) -> _Names:
    """Bases first, then operations in the order in which they are named, then the wholes of components that have some."""
    components = {component.id: index for index, component in enumerate(system.components)}
    names = _Names(components, {}, [], [])
    for name, index in components.items():
        names.add(name, index)
    named: list[str] = []
    for dependency in system.dependencies:
        named += (dependency.caller, *dependency.to, *(a.to for a in _alternatives(dependency)))
    for journey in system.journeys:
        named += (journey.entry, *journey.completes)
    with_operations: dict[str, None] = {}
    for target in named:
        component, operation = split_target(target)
        if operation is not None:
            names.add(target, components[component])
            with_operations[component] = None
    for component in with_operations:
        names.places[component] = len(names.names)
        names.names.append(component)
        names.part_of.append(components[component])
    return names


def _alternatives(dependency: Dependency) -> tuple[Alternative, ...]:
    return dependency.fallback.alternatives if isinstance(dependency.fallback, Fallback) else ()


def _part(
    component: Component,
    *,
    base: int,
    operations: tuple[int, ...],
    whole: int,
    atoms: tuple[int, ...],
    number: Mapping[str, int],
    answers: Answers,
) -> Part:
    """One component in numbers."""
    placed = component.placement or {}
    open_workers = component.concurrency is None
    workers = component.workers or (UNKNOWN_WORKERS if not open_workers or answers.worst("concurrency") else ENOUGH_WORKERS)
    return Part(
        name=component.id,
        base=base,
        operations=operations,
        whole=whole,
        atoms=tuple(dict.fromkeys(atoms)),
        placement=tuple((number[domain], count) for domain, count in placed.items()),
        instances=instances_of(component),
        needed=component.needed,
        manual=component.failover == "manual",
        workers=workers,
        open_instances=component.instances is None and not placed,
        open_needed=component.min_up is None and instances_of(component) > 1,
        open_failover=component.failover is None and instances_of(component) > 1,
        open_workers=open_workers,
    )


def instances_of(component: Component) -> int:
    """Instances that run: as stated, else as placed, else 1."""
    if component.instances is None and component.placement:
        return sum(component.placement.values())
    return component.running


LinkBuilder = Callable[[int, Answers], Link]


def link_builder(system: System, profiles: Mapping[str, LatencyProfile] | None, place: Callable[[str], int]) -> LinkBuilder:
    """A function that makes the link of one dependency (by its index), given how its open questions are settled."""
    known = profiles or {}
    number = {component.id: index for index, component in enumerate(system.components)}

    def make(index: int, answers: Answers) -> Link:
        dependency = system.dependencies[index]
        caller = split_target(dependency.caller)
        part = number[caller[0]]
        running = instances_of(system.components[part])
        rate = dependency.rate_per_s
        answer = {"fail": FAIL, "degrade": DEGRADE, "ignore": IGNORE}.get(
            dependency.on_failure or "", FAIL if answers.worst("on_failure") else IGNORE
        )
        measured = [profiles_of(dependency, target, known) if known else () for target in dependency.to]
        mean = max((_mean_s(found) for found in measured), default=0.0)

        def call(target: str, policy: Policy | Nothing | None, found: tuple[LatencyProfile, ...], fact: str) -> Call:
            healthy_s = max((profile.p99.point for profile in found), default=0.0)
            open_timeout = timeout_is_open(policy)
            enough = open_timeout and not answers.worst(fact)  # the best answer: a timeout that cuts off nothing healthy
            contained = enough or (rate is None and not answers.worst("rate"))
            return Call(
                target=place(target),
                hangs=timeout_s(policy) is None and not enough,
                longest_s=healthy_s if enough else call_worst_case_s(policy),
                healthy_s=healthy_s,
                held=0.0 if contained else held_workers(policy, rate, running),
                leaks=not contained and bulkhead(policy) is None,
                open_timeout=open_timeout,
                open_healthy=not found,
            )

        stand_ins = _alternatives(dependency) if answer == DEGRADE else ()
        return Link(
            source=index,
            caller=part if caller[1] is None else place(dependency.caller),
            part=part,
            members=tuple(
                call(target, dependency.policy, found, "timeout") for target, found in zip(dependency.to, measured, strict=True)
            ),
            needed=dependency.needed,
            answer=answer,
            alternatives=tuple(
                call(other.to, other.policy, _measured_alternative(dependency, other, known), f"timeout {n}")
                for n, other in enumerate(stand_ins)
            ),
            stage=dependency.stage,
            busy=0.0 if rate is None else rate / running * mean,
            open_answer=dependency.on_failure is None,
            open_rate=rate is None,
            open_mean=not all(measured),
        )

    return make


def _mean_s(found: tuple[LatencyProfile, ...]) -> float:
    calls = sum(profile.n for profile in found)
    return sum(profile.mean_s * profile.n for profile in found) / calls if calls else 0.0


def _measured_alternative(
    dependency: Dependency, other: Alternative, known: Mapping[str, LatencyProfile]
) -> tuple[LatencyProfile, ...]:
    if not known:
        return ()
    return profiles_of(Dependency(caller=dependency.caller, to=(other.to,)), other.to, known)


def place_finder(structure: Structure) -> Callable[[str], int]:
    """A function from `component[:operation]` to its place; a bare name is the whole component. It raises `KeyError`."""
    places = {name: index for index, name in enumerate(structure.places)}  # a whole comes last and so wins over its base
    return places.__getitem__
