"""The inner loops of propagation, compiled. Import this module inside functions only: it loads numba.

A *row* holds one plane of one node for the 512 scenarios of a block: `WORDS` words of 64 bits, one bit a scenario. Planes are
nested: bit in DEGRADED = "degraded or worse", FAILED = "failed or worse", HUNG. In mode down the third plane does not exist.
Rows are written only where something is bad; `bad[node]` says so, and rows of other nodes are never read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

F = TypeVar("F", bound=Callable[..., Any])

WORDS = 8
LANES = 64 * WORDS
LEVELS = 24  # of the counters: up to 2^24 - 1 affected components

# what a plain edge passes on, by kind: (planes of the callee) -> (planes of the caller)
ALL = 0  # each plane to its own
ANSWERS = 1  # as ALL, but hung counts as failed: a required call with a timeout
SOFT = 2  # degraded from degraded; hung from hung: a fallback, no timeout
SOFT_ANSWERS = 3  # degraded at most: a fallback, and a timeout
HANGS = 4  # hung from hung, nothing else: an ignored call without timeout; a call that exhausts its caller

ONES = np.uint64(0xFFFFFFFFFFFFFFFF)
ZERO = np.uint64(0)
ONE = np.uint64(1)
SIX = np.uint64(6)
LOW = np.uint64(63)


class Program(NamedTuple):
    """A structure compiled for one mode. `x_first[i]:x_first[i + 1]` are the x of i. Nodes are places, callees first."""

    edge_first: Any
    edge_target: Any
    edge_kind: Any
    group_first: Any
    """General links (k of n, or with alternatives) of each node."""
    group_calls: Any
    """First member, first alternative, end: indices of calls, for each general link."""
    group_least: Any
    """How many members must be bad for the group to be."""
    group_degrades: Any
    """2 the failed group fails the caller, 1 degrades it unless alternatives fail, 0 ignored."""
    call_target: Any
    call_hangs: Any
    pool_of: Any
    """Pool of each node, -1 for none."""
    pool_size: Any
    """Workers; 0 where unknown."""
    pool_first: Any
    """Holders (dependencies) of each pool."""
    holder_busy: Any
    holder_group: Any
    """General link that tells whose turn it is; -1 without alternatives."""
    holder_calls: Any
    """First member, first alternative, end: indices of held calls."""
    held_target: Any
    held_workers: Any
    held_decides: Any
    """Whether this call alone exhausts."""
    circle_end: Any
    """For the first node of a circle: where it ends; 0 for all other nodes."""
    circle_start: Any
    """First node of the circle of each node, or the node itself."""
    back_first: Any
    back_node: Any
    """Nodes of the same circle that are computed from this one."""
    atom_first: Any
    atom_node: Any
    atom_weight: Any
    """Instances that the atom takes; 0 where it takes the component outright."""
    atom_slot: Any
    slot_spare: Any
    """Instances that a placed component can lose."""
    counted: Any
    """Whether a node is the whole of a component."""


class Space(NamedTuple):
    """Working memory of one thread."""

    state: Any
    bad: Any
    seed: Any
    seeded: Any
    lost: Any
    queue: Any
    queued: Any
    row: Any
    """Rows of the node at work: degraded, failed, hung; of a group: degraded, failed, hung; turn; ones, twos."""
    digits: Any
    held: Any
    sums: Any
    pending: Any
    is_pending: Any


def compiled(function: F) -> F:
    """The function as machine code, made on first use and kept on disk; other threads may run beside it."""
    return cast("F", numba.njit(cache=True, nogil=True)(function))


@compiled
def _or(row: Any, at: int, state: Any, node: int, plane: int) -> None:
    for w in range(WORDS):
        row[at, w] |= state[node, plane, w]


@compiled
def _edges(p: Program, s: Space, node: int, slow: bool) -> bool:
    """Plain edges of a node into its rows. Says whether any callee is bad."""
    row, state = s.row, s.state
    touched = False
    for edge in range(p.edge_first[node], p.edge_first[node + 1]):
        target = p.edge_target[edge]
        if not s.bad[target]:
            continue
        touched = True
        kind = p.edge_kind[edge]
        if kind <= ANSWERS:
            for w in range(WORDS):
                row[0, w] |= state[target, 0, w]
                row[1, w] |= state[target, 1, w]
            if slow and kind == ALL:
                _or(row, 2, state, target, 2)
            continue
        if kind != HANGS:
            _or(row, 0, state, target, 0)
        if slow and kind != SOFT_ANSWERS:
            for w in range(WORDS):
                hung = state[target, 2, w]
                row[0, w] |= hung
                row[1, w] |= hung
                row[2, w] |= hung
    return touched


@compiled
def _at_least(p: Program, s: Space, first: int, end: int, least: int, plane: int, out: int) -> None:
    """Row `out`: where at least so many of the calls are bad in this plane. Counts in binary digits, a row for each."""
    row, digits, state = s.row, s.digits, s.state
    size = 0
    while (1 << size) <= end - first:
        size += 1
    for d in range(size):
        for w in range(WORDS):
            digits[d, w] = ZERO
    for c in range(first, end):
        target = p.call_target[c]
        if s.bad[target]:
            for w in range(WORDS):
                carry = state[target, plane, w]
                for d in range(size):
                    both = digits[d, w] & carry
                    digits[d, w] ^= carry
                    carry = both
                    if carry == ZERO:
                        break
    for w in range(WORDS):
        more, equal = ZERO, ONES
        for d in range(size - 1, -1, -1):
            if (least >> d) & 1:
                equal &= digits[d, w]
            else:
                more |= equal & digits[d, w]
                equal &= ~digits[d, w]
        row[out, w] = more | equal


@compiled
def _group(p: Program, s: Space, group: int, slow: bool) -> bool:
    """Rows 3, 4, 5: what the caller feels of the members of a general link. Says whether any is bad."""
    first, end = p.group_calls[group, 0], p.group_calls[group, 1]
    touched = False
    for c in range(first, end):
        touched |= s.bad[p.call_target[c]] != 0
    if not touched:
        return False
    least = p.group_least[group]
    _at_least(p, s, first, end, least, 0, 3)
    _at_least(p, s, first, end, least, 1, 4)
    if slow:
        row, state = s.row, s.state
        for w in range(WORDS):
            row[5, w] = ZERO
        for c in range(first, end):
            target = p.call_target[c]
            if p.call_hangs[c] and s.bad[target]:
                _or(row, 5, state, target, 2)
        for w in range(WORDS):
            row[3, w] |= row[5, w]
            row[4, w] |= row[5, w]
    return True


@compiled
def _groups(p: Program, s: Space, node: int, slow: bool) -> None:
    """General links of a node into its rows."""
    row, state = s.row, s.state
    for group in range(p.group_first[node], p.group_first[node + 1]):
        if not _group(p, s, group, slow):
            continue
        answer = p.group_degrades[group]
        if slow:
            for w in range(WORDS):
                row[0, w] |= row[5, w]
                row[1, w] |= row[5, w]
                row[2, w] |= row[5, w]
        if answer == 0:
            continue
        for w in range(WORDS):
            row[0, w] |= row[3, w]
        if answer == 2:
            for w in range(WORDS):
                row[1, w] |= row[4, w]
            continue
        first, end = p.group_calls[group, 1], p.group_calls[group, 2]
        if first == end:
            continue
        for w in range(WORDS):
            row[6, w] = row[4, w]  # whose turn it is: everybody before has failed
        for c in range(first, end):
            target = p.call_target[c]
            if not s.bad[target]:
                for w in range(WORDS):
                    row[6, w] = ZERO
                break
            if slow and p.call_hangs[c]:
                for w in range(WORDS):
                    hung = row[6, w] & state[target, 2, w]
                    row[1, w] |= hung
                    row[2, w] |= hung
            for w in range(WORDS):
                row[6, w] &= state[target, 1, w]
        for w in range(WORDS):
            row[1, w] |= row[6, w]


@compiled
def _exhaustion(p: Program, s: Space, pool: int) -> None:
    """Where the calls of a component that hang hold more workers than it has, it is hung."""
    row, state, held = s.row, s.state, s.held
    first_held = p.holder_calls[p.pool_first[pool], 0]
    for w in range(WORDS):
        row[7, w] = ZERO
        row[8, w] = ZERO
    for holder in range(p.pool_first[pool], p.pool_first[pool + 1]):
        first, stand_in, end = p.holder_calls[holder, 0], p.holder_calls[holder, 1], p.holder_calls[holder, 2]
        group = p.holder_group[holder]
        turn = group >= 0 and _group(p, s, group, True)
        for c in range(first, end):
            target = p.held_target[c]
            at = c - first_held
            for w in range(WORDS):
                held[at, w] = ZERO
            if not s.bad[target]:
                turn = turn and c < stand_in
                continue
            if c < stand_in:
                for w in range(WORDS):
                    held[at, w] = state[target, 2, w]
            elif turn:
                for w in range(WORDS):
                    held[at, w] = row[4, w] & state[target, 2, w]
                    row[4, w] &= state[target, 1, w]
            if p.held_decides[c]:
                for w in range(WORDS):
                    row[2, w] |= held[at, w]
            else:
                for w in range(WORDS):
                    row[8, w] |= row[7, w] & held[at, w]
                    row[7, w] |= held[at, w]
    if p.pool_size[pool] > 0.0:
        _sums(p, s, pool, first_held)
    for w in range(WORDS):
        row[0, w] |= row[2, w]
        row[1, w] |= row[2, w]


@compiled
def _sums(p: Program, s: Space, pool: int, first_held: int) -> None:
    """The exact sum of held workers, in scenarios where several calls hang none of which decides alone."""
    for w in range(WORDS):
        left = s.row[8, w] & ~s.row[2, w]
        while left != ZERO:
            bit = left & (~left + ONE)
            left ^= bit
            total = 0.0
            for holder in range(p.pool_first[pool], p.pool_first[pool + 1]):
                workers = 0.0
                for c in range(p.holder_calls[holder, 0], p.holder_calls[holder, 2]):
                    if s.held[c - first_held, w] & bit:
                        workers += p.held_workers[c]
                total += max(p.holder_busy[holder], workers)
            if total > p.pool_size[pool] + 1e-9:
                s.row[2, w] |= bit


@compiled
def _evaluate(p: Program, s: Space, node: int, slow: bool) -> bool:
    """The state of a node from those of its callees. Says whether it changed."""
    row, state = s.row, s.state
    planes = 3 if slow else 2
    for plane in range(planes):
        for w in range(WORDS):
            row[plane, w] = ZERO
    touched = _edges(p, s, node, slow)
    if s.seeded[node]:
        touched = True
        for plane in range(planes):
            for w in range(WORDS):
                row[plane, w] |= s.seed[node, w]
    if p.group_first[node] != p.group_first[node + 1]:
        touched = True
        _groups(p, s, node, slow)
    if slow and p.pool_of[node] >= 0:
        touched = True
        _exhaustion(p, s, p.pool_of[node])
    if not touched:
        return False
    was_bad = s.bad[node] != 0
    changed, any_bad = False, ZERO
    for plane in range(planes):
        for w in range(WORDS):
            new = row[plane, w]
            any_bad |= new
            if was_bad:
                changed |= new != state[node, plane, w]
            state[node, plane, w] = new
    s.bad[node] = any_bad != ZERO
    return changed or (not was_bad and any_bad != ZERO)


@compiled
def _circle(p: Program, s: Space, first: int, end: int, slow: bool) -> None:
    """Nodes that are computed from one another: once in order, then whatever a change touches, until nothing changes."""
    size = end - first
    head, waiting = 0, 0
    for node in range(first, end):
        if _evaluate(p, s, node, slow):
            for b in range(p.back_first[node], p.back_first[node + 1]):
                other = p.back_node[b]
                if other <= node and not s.queued[other]:
                    s.queued[other] = 1
                    s.queue[first + (head + waiting) % size] = other
                    waiting += 1
    while waiting:
        node = s.queue[first + head]
        head = (head + 1) % size
        waiting -= 1
        s.queued[node] = 0
        if _evaluate(p, s, node, slow):
            for b in range(p.back_first[node], p.back_first[node + 1]):
                other = p.back_node[b]
                if not s.queued[other]:
                    s.queued[other] = 1
                    s.queue[first + (head + waiting) % size] = other
                    waiting += 1


@compiled
def _seed(p: Program, s: Space, first: Any, atoms: Any, base: int, lanes: int) -> int:
    """Marks what the scenarios of a block take down by themselves. Gives the first node that is touched."""
    lowest = len(p.counted)
    for lane in range(lanes):
        word, bit = lane >> 6, ONE << np.uint64(lane & 63)
        for a in range(first[base + lane], first[base + lane + 1]):
            atom = atoms[a]
            for e in range(p.atom_first[atom], p.atom_first[atom + 1]):
                node, weight = p.atom_node[e], p.atom_weight[e]
                if weight:
                    slot = p.atom_slot[e]
                    s.lost[slot, lane] += weight
                    if s.lost[slot, lane] <= p.slot_spare[slot]:
                        continue
                if not s.seeded[node]:
                    s.seeded[node] = 1
                    for w in range(WORDS):
                        s.seed[node, w] = ZERO
                s.seed[node, word] |= bit
                lowest = min(lowest, p.circle_start[node])
    return lowest


@compiled
def _forget(p: Program, s: Space, first: Any, atoms: Any, base: int, lanes: int) -> None:
    """Undoes `_seed`."""
    for lane in range(lanes):
        for a in range(first[base + lane], first[base + lane + 1]):
            atom = atoms[a]
            for e in range(p.atom_first[atom], p.atom_first[atom + 1]):
                s.seeded[p.atom_node[e]] = 0
                if p.atom_weight[e]:
                    s.lost[p.atom_slot[e], lane] = 0


@compiled
def _count(s: Space, plane: int, node: int) -> None:
    """Adds one row to the counters: full adders with a row kept back on each level, so that a carry is rare."""
    counter = 3 * LEVELS
    carry = counter  # index of the row that is carried, in `pending`
    for w in range(WORDS):
        s.pending[carry, w] = s.state[node, plane, w]
    for level in range(LEVELS):
        at = plane * LEVELS + level
        if not s.is_pending[at]:
            s.is_pending[at] = 1
            for w in range(WORDS):
                s.pending[at, w] = s.pending[carry, w]
            return
        s.is_pending[at] = 0
        for w in range(WORDS):
            a, b, c = s.sums[at, w], s.pending[at, w], s.pending[carry, w]
            half = a ^ b
            s.sums[at, w] = half ^ c
            s.pending[carry, w] = (a & b) | (half & c)


@compiled
def _read_counters(s: Space, plane: int, lanes: int, out: Any, base: int) -> None:
    """The counts of a block, and counters at zero again."""
    for level in range(LEVELS):
        if (1 << level) > 2 * len(s.bad):
            break
        at = plane * LEVELS + level
        pending = s.is_pending[at] != 0
        s.is_pending[at] = 0
        for lane in range(lanes):
            word, bit = lane >> 6, np.uint64(lane & 63)
            value = (s.sums[at, word] >> bit) & ONE
            if pending:
                value += (s.pending[at, word] >> bit) & ONE
            out[plane, base + lane] += np.uint32(value) << np.uint32(level)
        for w in range(WORDS):
            s.sums[at, w] = ZERO


@compiled
def propagate(
    p: Program,
    s: Space,
    first: Any,
    atoms: Any,
    block: int,
    step: int,
    slow: bool,
    counts: Any,
    wanted: Any,
    planes: Any,
) -> None:
    """Runs every `step`-th block of scenarios from `block` on.

    Scenario i fails `atoms[first[i]:first[i + 1]]`. `counts[plane, i]` gets the number of components at least as bad as each of
    its planes; `planes[j, plane, word]` the row of `wanted[j]`, for all scenarios.
    """
    scenarios = len(first) - 1
    nodes = len(p.counted)
    while block * LANES < scenarios:
        base = block * LANES
        lanes = min(LANES, scenarios - base)
        s.bad[:] = 0
        lowest = _seed(p, s, first, atoms, base, lanes)
        node = lowest
        while node < nodes:
            if p.circle_end[node]:
                _circle(p, s, node, p.circle_end[node], slow)
                node = p.circle_end[node]
            else:
                _evaluate(p, s, node, slow)
                node += 1
        _forget(p, s, first, atoms, base, lanes)
        if len(counts):
            for at in range(lowest, nodes):
                if s.bad[at] and p.counted[at]:
                    for plane in range(len(counts)):
                        _count(s, plane, at)
            for plane in range(len(counts)):
                _read_counters(s, plane, lanes, counts, base)
        for j in range(len(wanted)):
            if s.bad[wanted[j]]:
                for plane in range(planes.shape[1]):
                    for w in range(WORDS):
                        planes[j, plane, block * WORDS + w] = s.state[wanted[j], plane, w]
        block += step


@compiled
def circles(edge_first: Any, edge_target: Any) -> Any:
    """Strongly connected components, numbered so that callees come first, and the order in which nodes are left.

    (Tarjan: Depth-first search and linear graph algorithms, 1972; without recursion.)
    """
    nodes = len(edge_first) - 1
    index = np.full(nodes, -1, np.int32)
    low = np.zeros(nodes, np.int32)
    component = np.full(nodes, -1, np.int32)
    left = np.zeros(nodes, np.int32)
    path = np.empty(nodes, np.int32)
    child = np.zeros(nodes, np.int64)
    stack = np.empty(nodes, np.int32)
    met, found, leaving, open_ = 0, 0, 0, 0
    for root in range(nodes):
        if index[root] >= 0:
            continue
        depth = 0
        path[0] = root
        child[root] = edge_first[root]
        index[root] = low[root] = met
        met += 1
        stack[open_] = root
        open_ += 1
        while depth >= 0:
            node = path[depth]
            if child[node] < edge_first[node + 1]:
                target = edge_target[child[node]]
                child[node] += 1
                if index[target] < 0:
                    index[target] = low[target] = met
                    met += 1
                    child[target] = edge_first[target]
                    stack[open_] = target
                    open_ += 1
                    depth += 1
                    path[depth] = target
                elif component[target] < 0:
                    low[node] = min(low[node], index[target])
                continue
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[node])
            left[node] = leaving
            leaving += 1
            if low[node] == index[node]:
                while True:
                    open_ -= 1
                    component[stack[open_]] = found
                    if stack[open_] == node:
                        break
                found += 1
    return component, left


@compiled
def draw(p_down: Any, scenarios: int, seed: int, atoms: Any, first: Any) -> int:
    """Random scenarios: each atom fails with its own probability. Gives how many failures were drawn, -1 if too many.

    Scenarios are numbered on from `seed`, a counter; the draw of atom a in scenario i is a hash of both (splitmix64: Steele,
    Lea, Flood: Fast splittable pseudorandom number generators, 2014), so that it does not depend on how many are drawn at once.
    """
    used = 0
    for i in range(scenarios):
        first[i] = used
        x = np.uint64(seed) + np.uint64(i) * np.uint64(len(p_down))
        for a in range(len(p_down)):
            z = (x + np.uint64(a)) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(0x9E3779B97F4A7C15)
            z = (z ^ (z >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
            z = (z ^ (z >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
            z ^= z >> np.uint64(31)
            if np.float64(z >> np.uint64(11)) * (1.0 / 9007199254740992.0) < p_down[a]:
                if used == len(atoms):
                    return -1
                atoms[used] = a
                used += 1
    first[scenarios] = used
    return used
