"""The inner loops of propagation, compiled. Import this module inside functions only: it loads numba.

A *row* holds one plane of one node for the 512 scenarios of a block: `WORDS` words of 64 bits, one bit a scenario. Planes are
nested: bit in DEGRADED = "degraded or worse", FAILED = "failed or worse", HUNG. There are three planes in mode slow, two in mode
down, and one where in mode down nothing can be degraded (both planes would be the same).
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


def inlined(function: F) -> F:
    """As `compiled`, and put into its callers, where a call would cost more than the work."""
    return cast("F", numba.njit(cache=True, nogil=True, inline="always")(function))


@compiled
def _or(row: Any, at: int, state: Any, node: int, plane: int) -> None:
    for w in range(WORDS):
        row[at, w] |= state[node, plane, w]


@inlined
def _edges(node: int, planes: int, edge_first: Any, edge_target: Any, edge_kind: Any, state: Any, bad: Any, row: Any) -> bool:
    """Plain edges of a node into its rows. Says whether any callee is bad."""
    touched = False
    for edge in range(edge_first[node], edge_first[node + 1]):
        target = edge_target[edge]
        if not bad[target]:
            continue
        touched = True
        kind = edge_kind[edge]
        if kind <= ANSWERS:
            for w in range(WORDS):
                row[0, w] |= state[target, 0, w]
            if planes > 1:
                for w in range(WORDS):
                    row[1, w] |= state[target, 1, w]
            if planes > 2 and kind == ALL:
                for w in range(WORDS):
                    row[2, w] |= state[target, 2, w]
            continue
        if kind != HANGS:
            for w in range(WORDS):
                row[0, w] |= state[target, 0, w]
        if planes > 2 and kind != SOFT_ANSWERS:
            for w in range(WORDS):
                hung = state[target, 2, w]
                row[0, w] |= hung
                row[1, w] |= hung
                row[2, w] |= hung
    return touched


@inlined
def _keep(node: int, planes: int, state: Any, bad: Any, row: Any) -> bool:
    """The rows become the state of the node. Says whether it changed."""
    changed, any_bad = False, ZERO
    was_bad = bad[node] != 0
    for plane in range(planes):
        for w in range(WORDS):
            new = row[plane, w]
            any_bad |= new
            if was_bad:
                changed |= new != state[node, plane, w]
            state[node, plane, w] = new
    bad[node] = any_bad != ZERO
    return changed or (not was_bad and any_bad != ZERO)


@compiled
def _at_least(
    first: int, end: int, least: int, plane: int, out: int, call_target: Any, state: Any, bad: Any, row: Any, digits: Any
) -> None:
    """Row `out`: where at least so many of the calls are bad in this plane. Counts in binary digits, a row for each."""
    size = 0
    while (1 << size) <= end - first:
        size += 1
    for d in range(size):
        for w in range(WORDS):
            digits[d, w] = ZERO
    for c in range(first, end):
        target = call_target[c]
        if bad[target]:
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
def _group(
    group: int,
    planes: int,
    group_calls: Any,
    group_least: Any,
    call_target: Any,
    call_hangs: Any,
    state: Any,
    bad: Any,
    row: Any,
    digits: Any,
) -> bool:
    """Rows 3, 4, 5: what the caller feels of the members of a general link. Says whether any is bad."""
    first, end = group_calls[group, 0], group_calls[group, 1]
    touched = False
    for c in range(first, end):
        touched |= bad[call_target[c]] != 0
    if not touched:
        return False
    least = group_least[group]
    _at_least(first, end, least, 0, 3, call_target, state, bad, row, digits)
    if planes > 1:
        _at_least(first, end, least, 1, 4, call_target, state, bad, row, digits)
    if planes > 2:
        for w in range(WORDS):
            row[5, w] = ZERO
        for c in range(first, end):
            target = call_target[c]
            if call_hangs[c] and bad[target]:
                _or(row, 5, state, target, 2)
        for w in range(WORDS):
            row[3, w] |= row[5, w]
            row[4, w] |= row[5, w]
    return True


@compiled
def _groups(
    node: int,
    planes: int,
    group_first: Any,
    group_calls: Any,
    group_least: Any,
    group_degrades: Any,
    call_target: Any,
    call_hangs: Any,
    state: Any,
    bad: Any,
    row: Any,
    digits: Any,
) -> None:
    """General links of a node into its rows."""
    for group in range(group_first[node], group_first[node + 1]):
        if not _group(group, planes, group_calls, group_least, call_target, call_hangs, state, bad, row, digits):
            continue
        answer = group_degrades[group]
        if planes > 2:
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
        first, end = group_calls[group, 1], group_calls[group, 2]
        if first == end:
            continue
        for w in range(WORDS):
            row[6, w] = row[4, w]  # whose turn it is: everybody before has failed
        for c in range(first, end):
            target = call_target[c]
            if not bad[target]:
                for w in range(WORDS):
                    row[6, w] = ZERO
                break
            if planes > 2 and call_hangs[c]:
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
    row, state, held, bad = s.row, s.state, s.held, s.bad
    held_target, held_decides, holder_calls = p.held_target, p.held_decides, p.holder_calls
    first_held = holder_calls[p.pool_first[pool], 0]
    for w in range(WORDS):
        row[7, w] = ZERO
        row[8, w] = ZERO
    for holder in range(p.pool_first[pool], p.pool_first[pool + 1]):
        first, stand_in, end = holder_calls[holder, 0], holder_calls[holder, 1], holder_calls[holder, 2]
        group = p.holder_group[holder]
        turn = group >= 0 and _group(
            group, 3, p.group_calls, p.group_least, p.call_target, p.call_hangs, state, bad, row, s.digits
        )
        for c in range(first, end):
            target = held_target[c]
            at = c - first_held
            for w in range(WORDS):
                held[at, w] = ZERO
            if not bad[target]:
                turn = turn and c < stand_in
                continue
            if c < stand_in:
                for w in range(WORDS):
                    held[at, w] = state[target, 2, w]
            elif turn:
                for w in range(WORDS):
                    held[at, w] = row[4, w] & state[target, 2, w]
                    row[4, w] &= state[target, 1, w]
            if held_decides[c]:
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
    held, workers_of, busy, holder_calls = s.held, p.held_workers, p.holder_busy, p.holder_calls
    begin, end, size = p.pool_first[pool], p.pool_first[pool + 1], p.pool_size[pool] + 1e-9
    row = s.row
    for w in range(WORDS):
        left = row[8, w] & ~row[2, w]
        while left != ZERO:
            bit = left & (~left + ONE)
            left ^= bit
            total = 0.0
            for holder in range(begin, end):
                workers = 0.0
                for c in range(holder_calls[holder, 0], holder_calls[holder, 2]):
                    if held[c - first_held, w] & bit:
                        workers += workers_of[c]
                total += max(busy[holder], workers)
            if total > size:
                row[2, w] |= bit


@inlined
def _count(node: int, plane: int, state: Any, sums: Any, pending: Any, is_pending: Any) -> None:
    """Adds a row to the counters: full adders, with a row kept back on each level, so that a carry is rare."""
    carry = 3 * LEVELS  # the row that is carried
    for w in range(WORDS):
        pending[carry, w] = state[node, plane, w]
    for level in range(LEVELS):
        at = plane * LEVELS + level
        if not is_pending[at]:
            is_pending[at] = 1
            for w in range(WORDS):
                pending[at, w] = pending[carry, w]
            break
        is_pending[at] = 0
        for w in range(WORDS):
            a, b, c = sums[at, w], pending[at, w], pending[carry, w]
            half = a ^ b
            sums[at, w] = half ^ c
            pending[carry, w] = (a & b) | (half & c)


@compiled
def _count_circle(p: Program, s: Space, begin: int, end: int, tallied: int) -> None:
    """Adds the rows of a circle to the counters, once they are final."""
    state, bad, counted, sums, pending, is_pending = s.state, s.bad, p.counted, s.sums, s.pending, s.is_pending
    for node in range(begin, end):
        if bad[node] and counted[node]:
            for plane in range(tallied):
                _count(node, plane, state, sums, pending, is_pending)


@compiled
def _sweep(p: Program, s: Space, begin: int, end: int, planes: int, circle: bool, tallied: int) -> int:
    """Evaluates nodes in order, each from its callees, up to `end` or to the first node of a circle; says where it stopped.

    Inside a circle, nodes that have to be looked at again are put into the queue; `end - begin` is its size then.
    """
    edge_first, edge_target, edge_kind, circle_end = p.edge_first, p.edge_target, p.edge_kind, p.circle_end
    group_first, group_calls, answers = p.group_first, p.group_calls, p.group_degrades
    call_target, call_hangs, pool_of, back_first, back_node = p.call_target, p.call_hangs, p.pool_of, p.back_first, p.back_node
    state, bad, seed, seeded, row, digits = s.state, s.bad, s.seed, s.seeded, s.row, s.digits
    queue, queued, least = s.queue, s.queued, p.group_least
    counted, sums, pending, is_pending = p.counted, s.sums, s.pending, s.is_pending
    size = end - begin
    head, waiting, following = 0, 0, begin
    while True:
        if following < end:
            node = following
            if circle_end[node] and not circle:
                return node
            following += 1
        elif waiting:
            node = queue[begin + head]
            head = head + 1 if head + 1 < size else 0
            waiting -= 1
            queued[node] = 0
        else:
            return end
        for plane in range(planes):
            for w in range(WORDS):
                row[plane, w] = ZERO
        touched = _edges(node, planes, edge_first, edge_target, edge_kind, state, bad, row)
        if seeded[node]:
            touched = True
            for plane in range(planes):
                for w in range(WORDS):
                    row[plane, w] |= seed[node, w]
        if group_first[node] != group_first[node + 1]:
            touched = True
            _groups(
                node,
                planes,
                group_first,
                group_calls,
                least,
                answers,
                call_target,
                call_hangs,
                state,
                bad,
                row,
                digits,
            )
        if planes > 2 and pool_of[node] >= 0:
            touched = True
            _exhaustion(p, s, pool_of[node])
        if not touched:
            continue
        changed = _keep(node, planes, state, bad, row)
        if not circle:
            if bad[node] and counted[node]:
                for plane in range(tallied):
                    _count(node, plane, state, sums, pending, is_pending)
        elif changed:
            for b in range(back_first[node], back_first[node + 1]):
                other = back_node[b]
                if other < following and not queued[other]:
                    queued[other] = 1
                    at = head + waiting
                    queue[begin + (at if at < size else at - size)] = other
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
    n_planes: int,
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
        tallied = len(counts)
        while node < nodes:
            node = _sweep(p, s, node, nodes, n_planes, False, tallied)
            if node < nodes:
                end = p.circle_end[node]
                _sweep(p, s, node, end, n_planes, True, tallied)
                _count_circle(p, s, node, end, tallied)
                node = end
        _forget(p, s, first, atoms, base, lanes)
        for plane in range(tallied):
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
