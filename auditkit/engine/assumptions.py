"""What was taken for granted because nobody has told it: only what the scenario at hand really touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from functools import lru_cache

from auditkit.engine.reference import HUNG
from auditkit.engine.structure import Link, Part, Structure
from auditkit.model.failure import Assume, Assumption, Mode


@lru_cache(maxsize=1 << 16)
def say(where: str, what: str) -> Assumption:
    """An assumption; the same ones come up in scenario after scenario."""
    return Assumption(where=where, what=what)


def of_places(structure: Structure, places: Collection[int], mode: Mode, assume: Assume) -> tuple[Assumption, ...]:
    """The assumptions that some scenario may touch, among the dependencies of these places. `places` holds bases as well."""
    worst = assume == "worst"
    found: list[Assumption] = []
    for link in structure.links:
        if link.caller not in places:
            continue
        if link.open_answer:
            found.append(answer_taken(structure, link, worst))
        if mode == "slow":
            found += holding_taken(structure, link, worst)
    for part in structure.parts:
        if part.base in places:
            found += minimum_taken(part) if part.placement else ()
            if mode == "slow" and part.open_workers and any(link.part == part.base for link in structure.links):
                found.append(workers_taken(part, worst))
    return tuple(dict.fromkeys(found))


def minimum_taken(part: Part) -> list[Assumption]:
    """How many instances must be up."""
    return [say(where=part.name, what="min_up is unknown: counted as 1")] if part.open_needed else []


def answer_taken(structure: Structure, link: Link, worst: bool) -> Assumption:
    """What becomes of the caller's answer."""
    read = "fail (the caller's answer fails with it)" if worst else "ignore (the caller's answer does not change)"
    return say(where=structure.subjects[link.source], what=f"on_failure is unknown: counted as {read}")


def holding_taken(structure: Structure, link: Link, worst: bool) -> list[Assumption]:
    """How long a call waits, and how many workers wait with it."""
    where = structure.subjects[link.source]
    found = []
    if link.members[0].open_timeout:
        read = "none" if worst else "sufficient, and holding no worker"
        found.append(say(where=where, what=f"timeout is unknown: counted as {read}"))
    for alternative in link.alternatives:
        if alternative.open_timeout:
            read = "none" if worst else "sufficient, and holding no worker"
            name = structure.places[alternative.target]
            found.append(say(where=where, what=f"timeout of the alternative {name} is unknown: counted as {read}"))
    if link.open_rate:
        read = "only a bulkhead bounds the workers that it holds" if worst else "it holds no worker"
        found.append(say(where=where, what=f"rate is unknown: {read}"))
    elif structure.parts[link.part].open_instances:
        found.append(say(where=structure.parts[link.part].name, what="instances are unknown: counted as 1"))
    return found


def workers_taken(part: Part, worst: bool) -> Assumption:
    """How many workers there are."""
    read = "exhausted unless each hung call has a bulkhead" if worst else "never exhausted"
    return say(where=part.name, what=f"concurrency is unknown: {read}")


def reachable(structure: Structure, entries: Iterable[int], states: Sequence[int] | None = None) -> frozenset[int]:
    """Places that an answer from these entries depends on, bases included; with `states`, not past a hung place."""
    links_of: dict[int, list[Link]] = {}
    for link in structure.links:
        links_of.setdefault(link.caller, []).append(link)
    seen: set[int] = set()
    waiting = list(entries)
    while waiting:
        place = waiting.pop()
        if place in seen or (states is not None and states[place] == HUNG):
            continue
        seen.add(place)
        part = structure.parts[structure.part_of[place]]
        waiting.append(part.base)
        if place == part.whole:
            waiting += part.operations
        waiting += [c.target for link in links_of.get(place, ()) for c in (*link.members, *link.alternatives)]
    return frozenset(seen)


def cone(structure: Structure, entries: Iterable[int], mode: Mode) -> frozenset[int]:
    """Places whose state can matter to these entries.

    In mode `slow` a component can be exhausted by the calls of any of its operations, so these count as well.
    """
    if mode == "down":
        return reachable(structure, entries)
    places = reachable(structure, entries)
    while True:
        wholes = {structure.parts[structure.part_of[place]].whole for place in places}
        more = reachable(structure, places | wholes)
        if more == places:
            return places
        places = more
