"""Solving one scenario again after a single dependency or component has changed: only what it can reach is looked at.

Places are taken callees first, and circles of places as a whole, from all ok; so the result is the least fixpoint of the changed
structure, for a change to the better as well as to the worse. The rules are those of `reference.py`.
"""

from __future__ import annotations

import heapq
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from auditkit.engine.graphs import components
from auditkit.engine.reference import FAILED, HUNG, OK, exhausted, felt, has_fallen
from auditkit.engine.structure import Link, Part, Structure
from auditkit.model.failure import Mode


@dataclass(frozen=True, slots=True)
class Change:
    """Another version of one link or of one part, by index."""

    links: Mapping[int, Link]
    parts: Mapping[int, Part]


class Resolver:
    """Knows who is computed from whom in one structure."""

    __slots__ = ("_circle_of", "_circles", "_dependents", "_links_of_part", "_links_of_place", "_structure")

    def __init__(self, structure: Structure) -> None:
        self._structure = structure
        self._links_of_place: dict[int, list[int]] = {}
        self._links_of_part: dict[int, list[int]] = {}
        for index, link in enumerate(structure.links):
            self._links_of_place.setdefault(link.caller, []).append(index)
            self._links_of_part.setdefault(link.part, []).append(index)
        inputs = {place: self._inputs(place) for place in range(len(structure.places))}
        self._circles = components({-1: list(inputs), **inputs}, -1)[:-1]
        self._circle_of = {place: number for number, circle in enumerate(self._circles) for place in circle}
        self._dependents: dict[int, list[int]] = {}
        for place, targets in inputs.items():
            for target in targets:
                self._dependents.setdefault(target, []).append(place)

    def _inputs(self, place: int) -> list[int]:
        part = self._structure.parts[self._structure.part_of[place]]
        if place == part.base:
            links = self._links_of_part.get(self._structure.part_of[place], [])  # any of them may exhaust it
            inputs = []
        elif place == part.whole:
            return [part.base, *part.operations]
        else:
            links, inputs = self._links_of_place.get(place, []), [part.base]
        for index in links:
            link = self._structure.links[index]
            inputs += [call.target for call in (*link.members, *link.alternatives)]
        return list(dict.fromkeys(inputs))

    def links_of(self, part: int) -> list[Link]:
        """The dependencies of one component."""
        return [self._structure.links[index] for index in self._links_of_part.get(part, ())]

    def solve(self, states: Sequence[int], failed: Collection[int], mode: Mode, change: Change) -> Sequence[int]:
        """The states of the changed structure, from those of the structure as it is. The same object if nothing changes."""
        links = self._structure.links
        touched = {links[index].caller for index in change.links}
        if mode == "slow":
            touched |= {self._structure.parts[links[index].part].base for index in change.links}
            touched |= {self._structure.parts[index].base for index in change.parts}
        waiting = sorted({self._circle_of[place] for place in touched})
        known = set(waiting)
        now: list[int] | None = None
        fallen = frozenset(failed)
        while waiting:
            number = heapq.heappop(waiting)
            known.discard(number)
            settled = self._settled(self._circles[number], now or states, fallen, mode, change)
            if settled and now is None:
                now = list(states)
            for place, value in settled.items():
                assert now is not None, "copied before the first change"
                now[place] = value
                for dependent in self._dependents.get(place, ()):
                    other = self._circle_of[dependent]
                    if other != number and other not in known:
                        known.add(other)
                        heapq.heappush(waiting, other)
        return now or states

    def _settled(
        self, circle: Sequence[int], now: Sequence[int], fallen: frozenset[int], mode: Mode, change: Change
    ) -> dict[int, int]:
        """The places of one circle that change, with their states in its least fixpoint."""
        if len(circle) == 1 and circle[0] not in self._dependents.get(circle[0], ()):
            value = self._value(circle[0], now, fallen, mode, change)
            return {circle[0]: value} if value != now[circle[0]] else {}
        trial = list(now)
        for place in circle:
            trial[place] = OK
        again = True
        while again:
            again = False
            for place in circle:
                value = self._value(place, trial, fallen, mode, change)
                again |= value != trial[place]
                trial[place] = value
        return {place: trial[place] for place in circle if trial[place] != now[place]}

    def _value(self, place: int, now: Sequence[int], fallen: frozenset[int], mode: Mode, change: Change) -> int:
        number = self._structure.part_of[place]
        part = change.parts.get(number) or self._structure.parts[number]
        if place == part.whole and place != part.base:
            return max(now[other] for other in (part.base, *part.operations))
        value = OK if place == part.base else now[part.base]
        if place == part.base and has_fallen(part, fallen):
            return FAILED if mode == "down" else HUNG
        for index in self._links_of_place.get(place, ()):
            value = max(value, felt(self._link(index, change), now))
        if place == part.base and mode == "slow" and value != HUNG:
            links = [self._link(index, change) for index in self._links_of_part.get(number, ())]
            return HUNG if exhausted(part, links, now) else value
        return value

    def _link(self, index: int, change: Change) -> Link:
        return change.links.get(index) or self._structure.links[index]
