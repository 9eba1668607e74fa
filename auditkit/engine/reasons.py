"""One step of an explanation: what a rule of `reference.py` rests on, and how a person would say it."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass

from auditkit.engine.reference import DEGRADED, FAILED, HUNG, felt_call, felt_fallback, felt_group, holding, lost_instances
from auditkit.engine.structure import FAIL, IGNORE, UNKNOWN_WORKERS, Call, Link, Part, Structure

_NAMED_AT_MOST = 4


@dataclass(frozen=True, slots=True)
class Support:
    """Places whose states, and atoms whose failure, are enough for a step; and the reason in words."""

    reason: str
    places: tuple[int, ...] = ()
    atoms: tuple[int, ...] = ()


def of_fall(structure: Structure, part: Part, failed: Collection[int]) -> Support:
    """Why a component falls: itself, a common cause, or instances lost with their domains."""
    for atom in part.atoms:
        if atom in failed:
            name = structure.atoms[atom].id
            return Support("" if name == part.name else f"{name} takes it as a whole", atoms=(atom,))
    kept = list(dict.fromkeys(domain for domain, _ in part.placement if domain in failed))
    for domain in tuple(kept):  # what is not needed for the fall is no reason for it
        fewer = frozenset(kept) - {domain}
        lost = lost_instances(part, fewer)
        if lost > 0 and (part.manual or part.instances - lost < part.needed):
            kept.remove(domain)
    left = part.instances - lost_instances(part, frozenset(kept))
    where = _join(structure.atoms[domain].id for domain in kept)
    if part.manual and left >= part.needed:
        return Support(
            f"{left} of its {part.instances} instances are left without {where}, and failover is manual", (), tuple(kept)
        )
    least = f"{part.needed} must be up" + (" (min_up is unknown, counted as 1)" if part.open_needed else "")
    return Support(f"{left} of its {part.instances} instances are left without {where}, {least}", (), tuple(kept))


def of_link(structure: Structure, link: Link, states: Sequence[int]) -> Support:
    """Why one dependency makes its caller degraded, failed or hung, from the states before."""
    subject = structure.subjects[link.source]
    group = felt_group(link, states)
    if group == HUNG:
        call = next(call for call in link.members if felt_call(call, states) == HUNG)
        return Support(_no_timeout(structure, link, call) + _never_reached(link), (call.target,))
    bad = _bad_members(link, states, group)
    places = tuple(call.target for call in bad)
    if group == DEGRADED:
        among = "" if len(link.members) == 1 else f" ({_targets(structure, bad)})"
        return Support(f"{subject} gives a degraded answer{among}", places)
    met = _met(structure, link, bad, states)
    if link.answer == FAIL:
        known = "on_failure is unknown, counted as fail" if link.open_answer else "on_failure is fail"
        return Support(f"{met}, and {known}", places)
    if felt_fallback(link, states) == DEGRADED:
        served = [call for call in link.alternatives if felt_call(call, states) <= DEGRADED][:1]
        by = f" to {structure.places[served[0].target]}" if served else ""
        return Support(f"{met}; it goes on with its fallback{by}", places)
    tried: list[Call] = []
    for call in link.alternatives:
        tried.append(call)
        if felt_call(call, states) == HUNG:
            break
    places += tuple(call.target for call in tried)
    if felt_call(tried[-1], states) == HUNG:
        return Support(f"{met}, and its fallback waits: {_no_timeout(structure, link, tried[-1])}", places)
    others = _join(f"{structure.places[call.target]} {_way(call, states)}" for call in tried)
    return Support(f"{met}, and its fallback has nothing left: {others}", places)


def of_workers(structure: Structure, part: Part, links: Iterable[Link], states: Sequence[int]) -> Support:
    """Why a component has no worker left: the hung calls that hold them, with the figures."""
    held = [(link, call) for link in links for call in holding(link, states)]
    if part.workers == UNKNOWN_WORKERS:
        held = [next((link, call) for link, call in held if call.leaks)]
        what = "nobody has told how many workers it has, and no bulkhead bounds"
        return Support(f"{what} the hung calls of {_edge(structure, *held[0])}", _needed_for(held, states))
    endless = [(link, call) for link, call in held if math.isinf(call.held)][:1]
    if endless:
        link, call = endless[0]
        unknown = " (its rate is unknown)" if link.open_rate else ""
        what = f"hung calls of {_edge(structure, link, call)} hold all {part.workers} workers of an instance{unknown}"
        return Support(f"{what}: nothing bounds them", _needed_for(endless, states))
    figures = _join(f"{_edge(structure, link, call)} {call.held:.4g}" for link, call in held)
    busy = math.fsum(link.busy for link in links)
    healthy = f", other calls need up to {busy:.4g}" if busy else ""
    return Support(
        f"hung calls hold more than the {part.workers} workers of an instance: {figures}{healthy}", _needed_for(held, states)
    )


def _needed_for(held: Iterable[tuple[Link, Call]], states: Sequence[int]) -> tuple[int, ...]:
    """The places that make these calls hold workers: the hung ones, and what an alternative's turn came from."""
    places: dict[int, None] = {}
    for link, call in held:
        places[call.target] = None
        if call in link.members:
            continue
        group = felt_group(link, states)
        bad = (
            [c for c in link.members if felt_call(c, states) == HUNG][:1] if group == HUNG else _bad_members(link, states, FAILED)
        )
        places.update(dict.fromkeys(c.target for c in bad))
        for earlier in link.alternatives:
            if earlier is call:
                break
            places[earlier.target] = None
    return tuple(places)


def _bad_members(link: Link, states: Sequence[int], least: int) -> tuple[Call, ...]:
    """As many members as are enough to bring the group to that state."""
    bad = [call for call in link.members if felt_call(call, states) >= least]
    return tuple(bad[: len(link.members) - link.needed + 1])


def _met(structure: Structure, link: Link, bad: Sequence[Call], states: Sequence[int]) -> str:
    subject = structure.subjects[link.source]
    if len(link.members) == 1:
        return f"{subject} {_way(bad[0], states)}"
    members = _join(f"{structure.places[call.target]} {_way(call, states)}" for call in bad)
    return f"{members}, and {link.needed} of {len(link.members)} must be up in {subject}"


def _way(call: Call, states: Sequence[int]) -> str:
    if states[call.target] < HUNG:
        return "fails"
    return "hangs (its timeout is unknown, counted as sufficient)" if call.open_timeout else "times out"


def _no_timeout(structure: Structure, link: Link, call: Call) -> str:
    edge = _edge(structure, link, call)
    return f"the timeout of {edge} is unknown, counted as none" if call.open_timeout else f"no timeout on {edge}"


def _never_reached(link: Link) -> str:
    if link.answer == FAIL:
        return ""
    if link.answer == IGNORE:
        return " (never ignored in time)"
    return " (its fallback is never reached)"


def _edge(structure: Structure, link: Link, call: Call) -> str:
    caller = structure.subjects[link.source].partition(" -> ")[0]
    return f"{caller} -> {structure.places[call.target]}"


def _targets(structure: Structure, calls: Iterable[Call]) -> str:
    return _join(structure.places[call.target] for call in calls)


def _join(texts: Iterable[str]) -> str:
    listed = list(texts)
    if len(listed) > _NAMED_AT_MOST:
        listed = [*listed[:_NAMED_AT_MOST], f"{len(listed) - _NAMED_AT_MOST} more"]
    return listed[0] if len(listed) == 1 else f"{', '.join(listed[:-1])} and {listed[-1]}"
