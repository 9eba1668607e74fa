"""Compiled kernels: reduced ordered binary decision diagrams in an append-only arena.

A node is an index; 0 is false, 1 is true; node n reads "if variable `level[n]` then `hi[n]` else `lo[n]`", and both were
made before it. Nothing is ever freed or grown inside a kernel: what does not fit returns a negative status, the caller
makes the arrays larger and calls again at the same place (growing arrays inside a compiled loop cost a factor of 11).
(Bryant: Graph-based algorithms for Boolean function manipulation, 1986; Brace, Rudell, Bryant: Efficient implementation of
a BDD package, 1990.) Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

F = TypeVar("F", bound=Callable[..., Any])

NODE_AND, NODE_OR, NODE_XOR = 0, 1, 2
GATE_CONSTANT, GATE_AND, GATE_OR, GATE_ATLEAST, GATE_NOT = 0, 2, 3, 4, 5
FULL, TIRED = -1, -2
"""Statuses: the arena has no room left; the allotted number of steps is used up."""
COUNT, STEPS, ALLOTTED, TICK = 0, 1, 2, 3
"""Places in `Arena.meter`: nodes made, steps taken, steps allotted, gates computed."""


class Arena(NamedTuple):
    """Nodes, the hash table that finds them, a cache of results that may forget, and a stack as deep as there are levels."""

    level: NDArray[np.int32]
    lo: NDArray[np.int32]
    hi: NDArray[np.int32]
    table: NDArray[np.int32]
    key: NDArray[np.uint64]
    result: NDArray[np.int32]
    stack: NDArray[np.int32]
    meter: NDArray[np.int64]


def compiled(function: F) -> F:
    """The function in machine code, kept on disk between runs."""
    return cast("F", numba.njit(cache=True)(function))


@compiled
def slot_of(arena: Arena, level: int, lo: int, hi: int) -> int:
    """Where in the table this node stands, or the free place where it would."""
    mask = np.uint64(len(arena.table) - 1)
    mixed = np.uint64(lo) * np.uint64(0x9E3779B97F4A7C15) + np.uint64(hi) * np.uint64(0xC2B2AE3D27D4EB4F)
    mixed += np.uint64(level) * np.uint64(0x165667B19E3779F9)
    slot = (mixed ^ (mixed >> np.uint64(29))) & mask
    while True:
        node = arena.table[slot]
        if node == 0 or (arena.lo[node] == lo and arena.hi[node] == hi and arena.level[node] == level):
            return int(slot)
        slot = (slot + np.uint64(1)) & mask


@compiled
def append(arena: Arena, level: int, lo: int, hi: int) -> int:
    """The node of these parts, made if it is new; FULL where there is no room."""
    slot = slot_of(arena, level, lo, hi)
    node = int(arena.table[slot])
    if node == 0:
        node = arena.meter[COUNT]
        if node >= len(arena.level):
            return FULL
        arena.meter[COUNT] = node + 1
        arena.level[node], arena.lo[node], arena.hi[node] = level, lo, hi
        arena.table[slot] = node
    return node


@compiled
def rehash(arena: Arena) -> None:
    """Enter all nodes into the empty table."""
    for node in range(2, arena.meter[COUNT]):
        arena.table[slot_of(arena, arena.level[node], arena.lo[node], arena.hi[node])] = node


@compiled
def settled(op: int, f: int, g: int) -> int:
    """The result where it needs no look below, else -1."""
    if op == NODE_AND:
        if f == 0 or g == 0:
            return 0
        if f == 1 or f == g:
            return g
        return f if g == 1 else -1
    if op == NODE_OR:
        if f == 1 or g == 1:
            return 1
        if f == 0 or f == g:
            return g
        return f if g == 0 else -1
    if f == g:
        return 0
    if f == 0:
        return g
    return f if g == 0 else -1


@compiled
def apply(arena: Arena, op: int, f: int, g: int) -> int:
    """The diagram of `f op g`, or a negative status."""
    stack, top = arena.stack, 0
    cached = np.uint64(len(arena.key) - 1)
    while True:
        done = settled(op, f, g)
        if done < 0:
            if f > g:
                f, g = g, f
            key = (np.uint64(f) << np.uint64(33)) | (np.uint64(g) << np.uint64(2)) | np.uint64(op)
            slot = (key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & cached
            if arena.key[slot] == key:
                done = int(arena.result[slot])
            else:
                arena.meter[STEPS] += 1
                if arena.meter[STEPS] > arena.meter[ALLOTTED]:
                    return TIRED
                stack[top, 0], stack[top, 1], stack[top, 2] = f, g, -1
                top += 1
                level = min(arena.level[f], arena.level[g])
                f = int(arena.lo[f]) if arena.level[f] == level else f
                g = int(arena.lo[g]) if arena.level[g] == level else g
                continue
        while True:
            if top == 0:
                return done
            f, g = int(stack[top - 1, 0]), int(stack[top - 1, 1])
            level = min(arena.level[f], arena.level[g])
            if stack[top - 1, 2] < 0:
                stack[top - 1, 2] = done
                f = int(arena.hi[f]) if arena.level[f] == level else f
                g = int(arena.hi[g]) if arena.level[g] == level else g
                break
            top -= 1
            low = int(stack[top, 2])
            if low != done:
                done = append(arena, level, low, done)
                if done < 0:
                    return done
            key = (np.uint64(f) << np.uint64(33)) | (np.uint64(g) << np.uint64(2)) | np.uint64(op)
            slot = (key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & cached
            arena.key[slot], arena.result[slot] = key, done


@compiled
def gate(arena: Arena, op: int, k: int, inputs: NDArray[np.int32]) -> int:
    """The diagram of one gate over the diagrams of its inputs, the deepest first, or a negative status."""
    deep = inputs[np.argsort(-arena.level[inputs], kind="mergesort")].astype(np.int64)
    if op == GATE_ATLEAST:
        row = np.zeros(k + 1, np.int64)  # row[j]: at least j of the inputs seen so far
        row[0] = 1
        for x in deep:
            for j in range(k, 0, -1):
                done = apply(arena, NODE_AND, int(x), int(row[j - 1]))
                if done >= 0:
                    done = apply(arena, NODE_OR, done, int(row[j]))
                if done < 0:
                    return done
                row[j] = done
        return int(row[k])
    if op == GATE_NOT:
        return apply(arena, NODE_XOR, int(deep[0]), 1)
    folding = NODE_AND if op == GATE_AND else NODE_OR if op == GATE_OR else NODE_XOR
    done = int(deep[0])
    for x in deep[1:]:
        done = apply(arena, folding, int(x), done)
        if done < 0:
            return done
    return done


class Gates(NamedTuple):
    """A formula's gates as in `Formula`, the level of those that stand for a variable, and what is known of each so far."""

    op: NDArray[np.int8]
    param: NDArray[np.int32]
    first: NDArray[np.int32]
    args: NDArray[np.int32]
    circle: NDArray[np.int32]
    level: NDArray[np.int32]
    ref: NDArray[np.int32]
    computed: NDArray[np.int64]
    changed: NDArray[np.int64]


@compiled
def build(arena: Arena, gates: Gates, program: NDArray[np.int32], at: int) -> tuple[int, int]:
    """Diagrams of the gates of `program` from position `at` on, into `gates.ref`; the position reached, and 0 or a status.

    An entry `-1 - g` takes gate g as a variable (it is one, or a module drawn elsewhere). The gates of a circle start as
    false and are computed again until none changes: the least fixpoint (Kleene).
    """
    while at < len(program):
        if program[at] < 0:
            g = -1 - program[at]
            done = append(arena, gates.level[g], 0, 1)
            if done < 0:
                return at, done
            gates.ref[g] = done
            at += 1
            continue
        stop = at + 1
        circle = gates.circle[program[at]]
        while circle >= 0 and stop < len(program) and program[stop] >= 0 and gates.circle[program[stop]] == circle:
            stop += 1
        again = True
        while again:
            again = False
            for g in program[at:stop]:
                inputs = gates.args[gates.first[g] : gates.first[g + 1]]
                stale = gates.computed[g] == 0
                for x in inputs:
                    stale = stale or gates.changed[x] > gates.computed[g]
                if not stale:
                    continue
                if gates.op[g] == GATE_CONSTANT:
                    done = int(gates.param[g])
                else:
                    done = gate(arena, gates.op[g], gates.param[g], gates.ref[inputs])
                if done < 0:
                    return at, done
                arena.meter[TICK] += 1
                gates.computed[g] = arena.meter[TICK]
                if done != gates.ref[g]:
                    gates.ref[g] = done
                    gates.changed[g] = arena.meter[TICK] + 1  # later than this computation, should the gate feed itself
                    again = circle >= 0
        at = stop
    return at, 0


@compiled
def gather(
    level: NDArray[np.int32], lo: NDArray[np.int32], hi: NDArray[np.int32], count: int, roots: NDArray[np.int32]
) -> NDArray[np.int32]:
    """The nodes below some roots, terminals included, in ascending order."""
    wanted = np.zeros(count, np.bool_)
    wanted[0] = wanted[1] = True
    for root in roots:
        wanted[root] = True
    for node in range(count - 1, 1, -1):
        if wanted[node]:
            wanted[lo[node]] = wanted[hi[node]] = True
    return np.flatnonzero(wanted).astype(np.int32)
