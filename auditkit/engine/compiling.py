"""From a Structure to the arrays that the propagation kernels run on.

Nodes are places, renumbered so that callees come before callers; circles of nodes stand together. What a dependency does to its
caller is *plain* wherever it acts on each plane by itself (a single target, or a group all of which must be up, with a
fallback that needs nobody): then it is an edge of one of five kinds. Only k-of-n groups and alternatives become general links.
Exhaustion becomes plain edges too where one hung call decides; sums are kept only for components where it takes several.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.reference import TOLERANCE
from auditkit.engine.structure import DEGRADE, ENOUGH_WORKERS, FAIL, IGNORE, UNKNOWN_WORKERS, Call, Link, Part, Structure
from auditkit.model.failure import Mode

if TYPE_CHECKING:
    from auditkit.engine.propagation_kernels import Program

ALL, ANSWERS, SOFT, SOFT_ANSWERS, HANGS = range(5)
"""Kinds of plain edges; the kernels say what each passes on."""

_KIND: Final = {
    (FAIL, True): ALL, (FAIL, False): ANSWERS, (DEGRADE, True): SOFT, (DEGRADE, False): SOFT_ANSWERS, (IGNORE, True): HANGS,
}  # fmt: skip


@dataclass(frozen=True, slots=True, eq=False)
class Compiled:
    """A structure for one mode, ready to run. `node_of` maps places to nodes."""

    structure: Structure
    mode: Mode
    program: Program
    node_of: NDArray[np.int32]
    planes: int
    """3 in mode slow; 2 in mode down, 1 where nothing can be degraded there."""
    held_at_once: int
    """Most calls that the sums of one component look at."""


@dataclass(slots=True)
class _Lists:
    """Everything by place, before nodes are numbered."""

    edges: list[list[tuple[int, int]]]
    groups: list[list[int]]
    calls: list[Call] = field(default_factory=list)
    group_calls: list[tuple[int, int, int]] = field(default_factory=list)
    group_least: list[int] = field(default_factory=list)
    group_answer: list[int] = field(default_factory=list)
    group_of_link: dict[int, int] = field(default_factory=dict)
    pool_of: dict[int, int] = field(default_factory=dict)
    pool_size: list[float] = field(default_factory=list)
    pool_holders: list[list[int]] = field(default_factory=list)
    holder_busy: list[float] = field(default_factory=list)
    holder_group: list[int] = field(default_factory=list)
    holder_calls: list[tuple[int, int, int]] = field(default_factory=list)
    held: list[Call] = field(default_factory=list)
    decides: list[bool] = field(default_factory=list)


def compile_structure(structure: Structure, mode: Mode) -> Compiled:
    """The arrays for one mode. It takes time in proportion to the system, once."""
    from auditkit.engine.propagation_kernels import Program

    slow = mode == "slow"
    places = len(structure.places)
    lists = _Lists([[] for _ in range(places)], [[] for _ in range(places)])
    for index, link in enumerate(structure.links):
        _add_link(lists, index, link, slow)
    for part in structure.parts:
        for operation in part.operations:
            lists.edges[operation].append((part.base, ALL))
        if part.whole != part.base:
            lists.edges[part.whole] += ((place, ALL) for place in (part.base, *part.operations))
    if slow:
        _add_pools(lists, structure)
    inputs = [_inputs(lists, place) for place in range(places)]
    order, node_of, circle_start, circle_end = _in_order(inputs)
    number = node_of.tolist()
    edges = [lists.edges[place] for place in order]
    edge_targets = [number[target] for of_node in edges for target, _ in of_node]
    groups = [lists.groups[place] for place in order]
    back: list[list[int]] = [[] for _ in range(places)]
    for place, targets in enumerate(inputs):
        start = circle_start[number[place]]
        for target in targets:
            if circle_start[number[target]] == start and circle_end[start]:
                back[number[target]].append(number[place])
    atoms = _atoms(structure, number)
    group_order = [group for of_node in groups for group in of_node]
    renumbered = {group: index for index, group in enumerate(group_order)}
    pools = np.full(places, -1, np.int32)
    for place, pool in lists.pool_of.items():
        pools[number[place]] = pool
    program = Program(
        edge_first=_firsts(edges),
        edge_target=_ints(edge_targets),
        edge_kind=np.array([kind for of_node in edges for _, kind in of_node], np.uint8),
        group_first=_firsts(groups),
        group_calls=np.array([lists.group_calls[g] for g in group_order], np.int32).reshape(-1, 3),
        group_least=_ints(lists.group_least[g] for g in group_order),
        group_degrades=np.array([lists.group_answer[g] for g in group_order], np.uint8),
        call_target=_ints(number[call.target] for call in lists.calls),
        call_hangs=np.array([call.hangs for call in lists.calls], np.uint8),
        pool_of=pools,
        pool_size=np.array(lists.pool_size, np.float64),
        pool_first=_firsts(lists.pool_holders),
        holder_busy=np.array(lists.holder_busy, np.float64),
        holder_group=_ints(renumbered[g] if g >= 0 else -1 for g in lists.holder_group),
        holder_calls=np.array(lists.holder_calls, np.int32).reshape(-1, 3),
        held_target=_ints(number[call.target] for call in lists.held),
        held_workers=np.array([call.held for call in lists.held], np.float64),
        held_decides=np.array(lists.decides, np.uint8),
        circle_end=circle_end,
        circle_start=circle_start,
        back_first=_firsts(back),
        back_node=_ints(node for of_node in back for node in of_node),
        counted=_flags(places, (number[part.whole] for part in structure.parts)),
        **atoms,
    )
    most = max((lists.holder_calls[h[-1]][2] - lists.holder_calls[h[0]][0] for h in lists.pool_holders), default=0)
    degrades = any(link.answer == DEGRADE for link in structure.links)
    return Compiled(structure, mode, program, node_of, 3 if slow else 2 if degrades else 1, most)


def _add_link(lists: _Lists, index: int, link: Link, slow: bool) -> None:
    least = len(link.members) - link.needed + 1
    if least == 1 and not (link.answer == DEGRADE and link.alternatives):
        for call in link.members:
            kind = _KIND.get((link.answer, call.hangs))
            if kind is not None and (slow or kind != HANGS):
                lists.edges[link.caller].append((call.target, kind))
        return
    if link.answer == IGNORE and not slow:
        return
    first = len(lists.calls)
    lists.calls += (*link.members, *link.alternatives)
    lists.group_of_link[index] = len(lists.group_calls)
    lists.groups[link.caller].append(len(lists.group_calls))
    lists.group_calls.append((first, first + len(link.members), len(lists.calls)))
    lists.group_least.append(least)
    lists.group_answer.append({FAIL: 2, DEGRADE: 1, IGNORE: 0}[link.answer])


def _add_pools(lists: _Lists, structure: Structure) -> None:
    links_of: dict[int, list[int]] = {}
    for index, link in enumerate(structure.links):
        links_of.setdefault(link.part, []).append(index)
    for part_index, indices in links_of.items():
        part = structure.parts[part_index]
        if part.workers == ENOUGH_WORKERS:
            continue
        links = [structure.links[index] for index in indices]
        decides = _deciding(part, links)
        plain = {
            call.target
            for link, sure in zip(links, decides, strict=True)
            for call, d in zip(link.members, sure, strict=False)
            if d
        }
        lists.edges[part.base] += ((target, HANGS) for target in sorted(plain))
        if _needs_sums(part, links, decides):
            _add_pool(lists, part, indices, links, decides)


def _deciding(part: Part, links: Sequence[Link]) -> list[list[bool]]:
    """For each link, for each member and alternative: whether this call alone exhausts the component while it is hung."""
    if part.workers == UNKNOWN_WORKERS:
        return [[call.leaks for call in (*link.members, *link.alternatives)] for link in links]
    busy = math.fsum(link.busy for link in links)
    limit = part.workers + TOLERANCE
    return [
        [max(link.busy, call.held) + (busy - link.busy) > limit for call in (*link.members, *link.alternatives)] for link in links
    ]


def _needs_sums(part: Part, links: Sequence[Link], decides: Sequence[Sequence[bool]]) -> bool:
    """Whether plain edges do not tell all: an alternative holds only in its turn, and several calls may decide together."""
    if part.workers == UNKNOWN_WORKERS:
        return any(any(sure[len(link.members) :]) for link, sure in zip(links, decides, strict=True))
    if any(link.alternatives for link in links):
        return True
    most = 0.0
    for link, sure in zip(links, decides, strict=True):
        most += max(link.busy, math.fsum(call.held for call, alone in zip(link.members, sure, strict=True) if not alone))
    return most > part.workers + TOLERANCE / 2


def _add_pool(lists: _Lists, part: Part, indices: Sequence[int], links: Sequence[Link], decides: Sequence[list[bool]]) -> None:
    lists.pool_of[part.base] = len(lists.pool_size)
    lists.pool_size.append(float(max(part.workers, 0)))
    holders = []
    for index, link, sure in zip(indices, links, decides, strict=True):
        first = len(lists.held)
        lists.held += (*link.members, *link.alternatives)
        lists.decides += sure
        holders.append(len(lists.holder_calls))
        lists.holder_calls.append((first, first + len(link.members), len(lists.held)))
        lists.holder_busy.append(link.busy)
        lists.holder_group.append(lists.group_of_link[index] if link.alternatives else -1)
    lists.pool_holders.append(holders)


def _inputs(lists: _Lists, place: int) -> list[int]:
    """The places that a place is computed from."""
    found = dict.fromkeys(target for target, _ in lists.edges[place])
    for group in lists.groups[place]:
        first, _, end = lists.group_calls[group]
        found |= dict.fromkeys(call.target for call in lists.calls[first:end])
    pool = lists.pool_of.get(place)
    if pool is not None:
        for holder in lists.pool_holders[pool]:
            first, _, end = lists.holder_calls[holder]
            found |= dict.fromkeys(call.target for call in lists.held[first:end])
    return list(found)


def _in_order(inputs: Sequence[Sequence[int]]) -> tuple[list[int], NDArray[np.int32], NDArray[np.int32], NDArray[np.int32]]:
    """Places in the order of nodes; node of each place; first node and end of each node's circle."""
    from auditkit.engine.propagation_kernels import circles

    firsts, targets = _firsts(inputs), _ints(target for of_place in inputs for target in of_place)
    component, left = circles(firsts, targets)
    order = np.lexsort((left, component))
    node_of = np.empty(len(inputs), np.int32)
    node_of[order] = np.arange(len(inputs), dtype=np.int32)
    in_order = component[order]
    starts = np.searchsorted(in_order, in_order, side="left").astype(np.int32)
    ends = np.searchsorted(in_order, in_order, side="right").astype(np.int32)
    itself = np.fromiter((place in inputs[place] for place in order.tolist()), bool, len(inputs))
    nodes = np.arange(len(inputs), dtype=np.int32)
    circle_end = np.where((starts == nodes) & ((ends - starts > 1) | itself), ends, 0).astype(np.int32)
    return order.tolist(), node_of, starts, circle_end


def _atoms(structure: Structure, number: Sequence[int]) -> dict[str, Any]:
    takes: list[list[tuple[int, int, int]]] = [[] for _ in structure.atoms]
    spare: list[int] = []
    for part in structure.parts:
        for atom in part.atoms:
            takes[atom].append((number[part.base], 0, 0))
        for atom, count in part.placement:
            takes[atom].append((number[part.base], count, len(spare)))
        if part.placement:
            spare.append(0 if part.manual else part.instances - part.needed)
    flat = np.array([entry for of_atom in takes for entry in of_atom], np.int32).reshape(-1, 3)
    return {
        "atom_first": _firsts(takes),
        "atom_node": np.ascontiguousarray(flat[:, 0]),
        "atom_weight": np.ascontiguousarray(flat[:, 1]),
        "atom_slot": np.ascontiguousarray(flat[:, 2]),
        "slot_spare": _ints(spare),
    }


def _firsts(groups: Iterable[Sequence[Any]]) -> NDArray[np.int64]:
    return np.array(list(accumulate((len(group) for group in groups), initial=0)), np.int64)


def _ints(values: Iterable[int]) -> NDArray[np.int32]:
    return np.fromiter(values, np.int32)


def _flags(size: int, at: Iterable[int]) -> NDArray[np.uint8]:
    flags = np.zeros(size, np.uint8)
    flags[list(at)] = 1
    return flags
