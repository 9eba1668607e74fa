"""What was taken for granted because nobody has told it: only what the scenario at hand really touches."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from functools import lru_cache

from auditkit.engine.lateness import timed_trips
from auditkit.engine.reference import DEGRADED, HUNG, OK, felt_group, has_fallen, holding, lost_instances
from auditkit.engine.structure import Link, Part, Structure
from auditkit.model.failure import Assume, Assumption, Mode


@lru_cache(maxsize=1 << 16)
def _say(where: str, what: str) -> Assumption:
    """An assumption; the same ones come up in scenario after scenario."""
    return Assumption(where=where, what=what)


def of_scenario(
    structure: Structure, failed: Collection[int], states: Sequence[int], mode: Mode, assume: Assume, bounded: bool = False
) -> tuple[Assumption, ...]:
    """The assumptions that these states rest on, in the order of the file, each once.

    `bounded` says that the answer times of a circle are upper bounds.
    """
    worst = assume == "worst"
    found = [
        *_of_instances(structure, frozenset(failed)),
        *(
            assumption
            for link in structure.links
            if _is_bad(link, states)
            for assumption in _of_link(structure, link, states, worst)
        ),
        *_of_workers(structure, states, worst),
        *(_of_times(structure, states) if mode == "slow" else ()),
    ]
    if bounded:
        what = "components call each other in a circle with too many paths; its answer times are upper bounds"
        found.append(_say(where="answer times", what=what))
    return tuple(dict.fromkeys(found))


def of_places(structure: Structure, places: Collection[int], mode: Mode, assume: Assume) -> tuple[Assumption, ...]:
    """The assumptions that some scenario may touch, among the dependencies of these places. `places` holds bases as well."""
    worst = assume == "worst"
    found: list[Assumption] = []
    for link in structure.links:
        if link.caller not in places:
            continue
        if link.open_answer:
            found.append(_answer(structure, link, worst))
        if mode == "slow":
            found += _holding(structure, link, worst)
    for part in structure.parts:
        if part.base in places:
            found += _minimum(part) if part.placement else ()
            if mode == "slow" and part.open_workers and any(link.part == part.base for link in structure.links):
                found.append(_workers(part, worst))
    return tuple(dict.fromkeys(found))


def _of_instances(structure: Structure, failed: frozenset[int]) -> Iterator[Assumption]:
    for part in structure.parts:
        if lost_instances(part, failed) and not any(atom in failed for atom in part.atoms):
            yield from _minimum(part)
            if part.open_failover and not has_fallen(part, failed):
                yield _say(where=part.name, what="failover is unknown: its redundancy is claimed, and counted as automatic")


def _minimum(part: Part) -> list[Assumption]:
    return [_say(where=part.name, what="min_up is unknown: counted as 1")] if part.open_needed else []


def _is_bad(link: Link, states: Sequence[int]) -> bool:
    """Whether a call of the dependency meets anything but ok; otherwise none of its facts is used."""
    return any(states[call.target] != OK for call in link.members)


def _of_link(structure: Structure, link: Link, states: Sequence[int], worst: bool) -> Iterator[Assumption]:
    group = felt_group(link, states)
    if link.open_answer and group in range(DEGRADED, HUNG):
        yield _answer(structure, link, worst)
    if any(states[call.target] == HUNG for call in (*link.members, *link.alternatives)):
        yield from _holding(structure, link, worst)


def _answer(structure: Structure, link: Link, worst: bool) -> Assumption:
    read = "fail (the caller's answer fails with it)" if worst else "ignore (the caller's answer does not change)"
    return _say(where=structure.subjects[link.source], what=f"on_failure is unknown: counted as {read}")


def _holding(structure: Structure, link: Link, worst: bool) -> list[Assumption]:
    where = structure.subjects[link.source]
    found = []
    if link.members[0].open_timeout:
        read = "none" if worst else "sufficient, and holding no worker"
        found.append(_say(where=where, what=f"timeout is unknown: counted as {read}"))
    for alternative in link.alternatives:
        if alternative.open_timeout:
            read = "none" if worst else "sufficient, and holding no worker"
            name = structure.places[alternative.target]
            found.append(_say(where=where, what=f"timeout of the alternative {name} is unknown: counted as {read}"))
    if link.open_rate:
        read = "only a bulkhead bounds the workers that it holds" if worst else "it holds no worker"
        found.append(_say(where=where, what=f"rate is unknown: {read}"))
    elif structure.parts[link.part].open_instances:
        found.append(_say(where=structure.parts[link.part].name, what="instances are unknown: counted as 1"))
    return found


def _workers(part: Part, worst: bool) -> Assumption:
    read = "exhausted unless each hung call has a bulkhead" if worst else "never exhausted"
    return _say(where=part.name, what=f"concurrency is unknown: {read}")


def _of_workers(structure: Structure, states: Sequence[int], worst: bool) -> Iterator[Assumption]:
    """What the sums of held workers rest on, for components some of whose calls hang."""
    if HUNG not in states:
        return
    links_of: dict[int, list[Link]] = {}
    for link in structure.links:
        links_of.setdefault(link.part, []).append(link)
    for index, links in links_of.items():
        part = structure.parts[index]
        if not any(holding(link, states) for link in links):
            continue
        if part.open_workers:
            yield _workers(part, worst)
        elif part.workers > 0 and states[part.base] != HUNG:
            for link in links:
                if link.open_mean and not holding(link, states):
                    yield _say(where=structure.subjects[link.source], what="mean latency is unknown: counted as 0")


def _of_times(structure: Structure, states: Sequence[int]) -> Iterator[Assumption]:
    """What answer times rest on, for everything below a journey with a deadline, as long as something hangs."""
    trips = timed_trips(structure, states)
    if not trips or HUNG not in states:
        return
    places = reachable(structure, (trip.entry for trip in trips), states)
    unstaged: dict[int, list[Link]] = {}
    for link in structure.links:
        if link.caller not in places:
            continue
        if any(call.open_healthy and states[call.target] != HUNG for call in link.members):
            yield _say(where=structure.subjects[link.source], what="healthy p99 is unknown: counted as 0")
        unstaged.setdefault(link.part, []).append(link)
    for links in unstaged.values():
        for link in links if len(links) > 1 else ():
            if link.stage is None:
                yield _say(where=structure.subjects[link.source], what="stage is unknown: counted as a step of its own")


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


__all__ = ["cone", "of_places", "of_scenario", "reachable"]
