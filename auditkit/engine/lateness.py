"""How long the answer to a journey can take while something hangs: is it late although it is an answer?

Stages add, parallel calls take the maximum; a dependency without a stage is a step of its own (where it stands among the
numbered stages makes no difference to the sum). A call costs, with *longest* = attempts × timeout + backoffs:

- callee hung: the longest;
- otherwise: the larger of its healthy p99 and its callee's own worst case, at most the longest;
- callee's component already on the path from the entry: its healthy p99, at most the longest.

A redundant group costs the most of its members. Where a fallback has to serve, its alternatives are added, one after another
up to the first that answers.

In a circle of components every simple path counts on its own, and there may be too many of them. After `MAX_STEPS` the paths
are no longer told apart: a component met again then costs its own worst case too, as often as the circle has components. That is
never too short; `Times.bounded` says that it happened.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.engine.graphs import components
from auditkit.engine.reference import DEGRADED, FAILED, HUNG, TOLERANCE, felt_group, journey_state
from auditkit.engine.structure import Call, Link, Structure, Trip

MAX_STEPS: Final = 5_000
MAX_ROUNDS: Final = 1_000

_OfPlace = Callable[[int], float]
_OfCall = Callable[[Call], float]
KnownTimes = Mapping[int, float]
"""Answer times of places below a circle."""


@dataclass(frozen=True, slots=True)
class Times:
    """Worst-case answer time of places in seconds, for those that some entry reaches without passing a hung one."""

    of: Mapping[int, float]
    bounded: bool
    """Whether some circle had too many paths, so that its times are upper bounds."""


def is_late(trip: Trip, state: int, worst_case_s: float) -> bool:
    """Whether a journey in that state misses its deadline."""
    return state <= DEGRADED and worst_case_s > trip.deadline_s + TOLERANCE


def timed_trips(structure: Structure, states: Sequence[int]) -> tuple[Trip, ...]:
    """The journeys whose answer time matters: ok or degraded, with a deadline."""
    return tuple(t for t in structure.trips if math.isfinite(t.deadline_s) and journey_state(t, states) <= DEGRADED)


def answer_times(structure: Structure, states: Sequence[int], entries: Iterable[int]) -> Times:
    """Worst-case answer times of these entries (none of them hung), and of what they call.

    >>> from auditkit.engine.reference import solve
    >>> from auditkit.engine.structure import build
    >>> from auditkit.model.system import System
    >>> policy = {"timeout": "200ms", "bulkhead": {"max_concurrent": 5}}
    >>> system = System.model_validate({"system": "s", "components": [{"id": "api"}, {"id": "a"}, {"id": "b"}], "dependencies": [
    ...     {"from": "api", "to": to, "on_failure": "degrade", "policy": policy} for to in ("a", "b")]})
    >>> structure = build(system)
    >>> answer_times(structure, solve(structure, [1, 2], "slow"), [0]).of[0]
    0.4
    """
    calls = Calls(structure, states)
    wanted = {structure.part_of[entry] for entry in entries}
    known: dict[int, float] = {}
    bounded = False
    for circle in circles(calls, wanted):
        found, too_many = circle_times(calls, known, circle)
        bounded |= too_many
        known.update(found)
    return Times(known, bounded)


def circles(calls: Calls, parts: set[int], inside: Collection[int] | None = None) -> list[list[int]]:
    """Components that call one another in these states, from these on, callees first; no others than those `inside`."""
    graph: dict[int, list[int]] = {-1: sorted(parts)}
    waiting = sorted(parts)
    while waiting:
        part = waiting.pop()
        if part in graph:
            continue
        targets = (target for target in calls.targets(part) if calls.states[target] != HUNG)
        called = dict.fromkeys(calls.structure.part_of[target] for target in targets)
        graph[part] = [other for other in called if inside is None or other in inside]
        waiting += graph[part]
    return [circle for circle in components(graph, -1) if circle != [-1]]


def circle_times(calls: Calls, known: KnownTimes, circle: Sequence[int]) -> tuple[dict[int, float], bool]:
    """Answer times of the places of components in a circle, or of one alone; whether they are upper bounds."""
    places = [place for part in circle for place in calls.places(part) if calls.states[place] != HUNG]
    if len(circle) == 1:
        return _times_alone(calls, known, circle[0], places), False
    inside = frozenset(circle)
    try:
        simple = _SimplePaths(calls, known, inside)
        return {place: simple.time(place, frozenset([calls.structure.part_of[place]])) for place in places}, False
    except _TooManyPathsError:
        return _upper_bounds(calls, known, inside, places), True


def _times_alone(calls: Calls, known: KnownTimes, part: int, places: Sequence[int]) -> dict[int, float]:
    """A component that no circle runs through; a call to itself costs its healthy p99."""
    part_of, states = calls.structure.part_of, calls.states

    def of_call(call: Call) -> float:
        if states[call.target] == HUNG:
            return call.longest_s
        below = 0.0 if part_of[call.target] == part else known[call.target]
        return min(max(call.healthy_s, below), call.longest_s)

    found: dict[int, float] = {}
    for place in places:
        found[place] = _place_time(calls, place, found.__getitem__, of_call)
    return found


class _TooManyPathsError(Exception):
    """A circle has more paths than are followed one by one."""


class Calls:
    """Who calls whom, given the states; `wired` shares what does not hang on the states."""

    __slots__ = ("links", "states", "structure")

    def __init__(self, structure: Structure, states: Sequence[int], wired: Calls | None = None) -> None:
        self.structure = structure
        self.states = states
        self.links: dict[int, list[Link]] = {} if wired is None else wired.links
        if wired is None:
            for link in structure.links:
                self.links.setdefault(link.caller, []).append(link)

    def places(self, part: int) -> tuple[int, ...]:
        """Base, operations, whole: each after those that it is computed from."""
        component = self.structure.parts[part]
        return tuple(dict.fromkeys((component.base, *component.operations, component.whole)))

    def targets(self, part: int) -> list[int]:
        """What a component calls, alternatives included."""
        links = [link for place in self.places(part) for link in self.links.get(place, ())]
        return [call.target for link in links for call in (*link.members, *link.alternatives)]

    def made_by(self, place: int) -> list[Link]:
        """The dependencies that an operation waits for: its own, and those of every operation."""
        base = self.structure.part_of[place]
        return self.links.get(base, []) + (self.links.get(place, []) if place != base else [])

    def in_turn(self, link: Link) -> Iterator[Call]:
        """The alternatives that are tried in these states, in order."""
        if link.alternatives and felt_group(link, self.states) >= FAILED:
            for alternative in link.alternatives:
                yield alternative
                if self.states[alternative.target] <= DEGRADED:
                    return


class _SimplePaths:
    """Exact times inside one circle: each component counts once on a path."""

    __slots__ = ("calls", "inside", "known", "memory", "steps")

    def __init__(self, calls: Calls, known: KnownTimes, inside: frozenset[int]) -> None:
        self.calls, self.known, self.inside = calls, known, inside
        self.memory: dict[tuple[int, frozenset[int]], float] = {}
        self.steps = 0
        if len(inside) > 200:  # deeper than a recursion should go
            raise _TooManyPathsError

    def time(self, place: int, path: frozenset[int]) -> float:
        """Answer time of a place whose component is the last on the path."""
        key = (place, path)
        if key not in self.memory:
            self.steps += 1
            if self.steps > MAX_STEPS:
                raise _TooManyPathsError
            self.memory[key] = _place_time(self.calls, place, lambda p: self.time(p, path), lambda c: self.call(c, path))
        return self.memory[key]

    def call(self, call: Call, path: frozenset[int]) -> float:
        """What a call costs from the end of a path."""
        part = self.calls.structure.part_of[call.target]
        if self.calls.states[call.target] == HUNG:
            return call.longest_s
        if part in path:
            below = 0.0
        elif part in self.inside:
            below = self.time(call.target, path | {part})
        else:
            below = self.known[call.target]
        return min(max(call.healthy_s, below), call.longest_s)


def _place_time(calls: Calls, place: int, same_part: _OfPlace, of_call: _OfCall) -> float:
    component = calls.structure.parts[calls.structure.part_of[place]]
    if place == component.whole and component.operations:
        return max(same_part(operation) for operation in component.operations)  # each makes the calls of the base as well
    stages: dict[tuple[int, int], float] = {}
    for index, link in enumerate(calls.made_by(place)):
        members = link.members
        cost = of_call(members[0]) if len(members) == 1 else max(of_call(call) for call in members)
        if link.alternatives:
            cost += math.fsum(of_call(call) for call in calls.in_turn(link))
        step = (0, link.stage) if link.stage is not None else (1, index)
        stages[step] = max(stages.get(step, 0.0), cost)
    return math.fsum(stages.values())


def _upper_bounds(calls: Calls, known: KnownTimes, inside: frozenset[int], places: Sequence[int]) -> dict[int, float]:
    """Times inside a circle on which components may be met again: never shorter than the exact ones.

    A simple path visits each component once, so as many rounds as there are components suffice.
    """
    times = before = dict.fromkeys(places, 0.0)

    def of_call(call: Call) -> float:
        if calls.states[call.target] == HUNG:
            return call.longest_s
        below = before[call.target] if calls.structure.part_of[call.target] in inside else known[call.target]
        return min(max(call.healthy_s, below), call.longest_s)

    for _ in range(min(len(inside), MAX_ROUNDS)):
        before = dict(times)
        for place in places:
            times[place] = _place_time(calls, place, times.__getitem__, of_call)
        if times == before:
            return times
    return times if len(inside) <= MAX_ROUNDS else dict.fromkeys(places, math.inf)
