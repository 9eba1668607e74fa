"""Compiled kernels: zero-suppressed decision diagrams of sets, in the same append-only arena as `bdd_kernels`.

Node 0 is "no set", node 1 is "the empty set alone"; node n holds the sets of `lo[n]`, and those of `hi[n]` with the element
`level[n]` added. (Minato: Zero-suppressed BDDs for set manipulation in combinatorial problems, 1993.)

Why not a library: dd 0.6.0 over CUDD, the same recursion written over its functions, the same diagrams and order of variables,
took 39 to 167 times as long for the cut sets of five Aralia trees (2026-11, two shared cores, Python 3.11, numba 0.68);
`tests/benchmarks/bench_fault_trees.py` measures it again. Others (oxidd, relibmss) were not measured.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.bdd_kernels import ALLOTTED, FULL, STEPS, TIRED, Arena, append, compiled


@compiled
def without(sets: Arena, level: NDArray[np.int32], lo: NDArray[np.int32], hi: NDArray[np.int32], a: int, g: int) -> int:
    """The sets of `a` that do not by themselves make the monotone diagram `g` true (Rauzy 1993), or a negative status."""
    stack, top = sets.stack, 0
    cached = np.uint64(len(sets.key) - 1)
    while True:
        done = -1
        if a == 0 or g == 0:
            done = a
        elif g == 1:
            done = 0
        else:
            while g > 1 and level[g] < sets.level[a]:
                g = int(lo[g])
            if g == 0 or a == 1:
                done = a
            elif g == 1:
                done = 0
        if done < 0:
            key = (np.uint64(a) << np.uint64(32)) | np.uint64(g)
            slot = (key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & cached
            if sets.key[slot] == key:
                done = int(sets.result[slot])
            else:
                sets.meter[STEPS] += 1
                if sets.meter[STEPS] > sets.meter[ALLOTTED]:
                    return TIRED
                stack[top, 0], stack[top, 1], stack[top, 2] = a, g, -1
                top += 1
                g = int(lo[g]) if level[g] == sets.level[a] else g
                a = int(sets.lo[a])
                continue
        while True:
            if top == 0:
                return done
            a, g = int(stack[top - 1, 0]), int(stack[top - 1, 1])
            if stack[top - 1, 2] < 0:
                stack[top - 1, 2] = done
                g = int(hi[g]) if level[g] == sets.level[a] else g
                a = int(sets.hi[a])
                break
            top -= 1
            low = int(stack[top, 2])
            if done == 0:
                done = low
            else:
                done = append(sets, sets.level[a], low, done)
                if done < 0:
                    return FULL
            key = (np.uint64(a) << np.uint64(32)) | np.uint64(g)
            slot = (key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & cached
            sets.key[slot], sets.result[slot] = key, done


@compiled
def minimal_solutions(
    sets: Arena, level: NDArray[np.int32], lo: NDArray[np.int32], hi: NDArray[np.int32], found: NDArray[np.int32], at: int
) -> tuple[int, int]:
    """Minimal sets of every node of a monotone diagram, from node `at` on, into `found`; the node reached, and 0 or a status.

    (Rauzy: New algorithms for fault trees analysis, 1993: the minimal solutions of "if x then F1 else F0" are those of F0,
    and x with those of F1 that do not satisfy F0.)
    """
    while at < len(level):
        done = without(sets, level, lo, hi, int(found[hi[at]]), int(lo[at]))
        if done > 0:
            done = append(sets, level[at], int(found[lo[at]]), done)
        elif done == 0:
            done = int(found[lo[at]])
        if done < 0:
            return at, done
        found[at] = done
        at += 1
    return at, 0


@compiled
def write_out(
    level: NDArray[np.int32],
    lo: NDArray[np.int32],
    hi: NDArray[np.int32],
    module: NDArray[np.int32],
    root: int,
    longest: int,
    sets: int,
    elements: int,
) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """All sets of at most `longest` elements, one after the other: where each ends, and the levels of their elements.

    `sets` and `elements` are their exact numbers. A level that stands for a module is replaced by each of the module's sets;
    what is left to do after the module waits on a list (`later`).
    """
    far = 1 << 40
    short = np.empty(len(level), np.int64)  # the size of each node's smallest set
    short[0], short[1] = far, 0
    for node in range(2, len(level)):
        inner = module[level[node]]
        short[node] = min(short[lo[node]], short[hi[node]] + (1 if inner < 0 else short[inner]), far)
    ends, flat = np.empty(sets, np.int64), np.empty(elements, np.int32)
    depth = len(module) + 2
    stack = np.empty((depth, 4), np.int64)  # node, its list of what comes later, elements chosen before, end of the lists
    later = np.empty((depth, 3), np.int64)  # node, the rest of the list, the size of the smallest set of node and rest
    chosen = np.empty(depth, np.int32)
    stack[0, 0], stack[0, 1], stack[0, 2], stack[0, 3] = root, -1, 0, 0
    top, found, filled = 1, 0, 0
    while top > 0:
        top -= 1
        node, rest, size, end = stack[top]
        while node != 0:
            after = 0 if rest < 0 else later[rest, 2]
            if size + short[node] + after > longest:
                break
            if node == 1 and rest < 0:
                flat[filled : filled + size] = chosen[:size]
                filled += size
                ends[found] = filled
                found += 1
                break
            if node == 1:
                node, rest = later[rest, 0], later[rest, 1]
                continue
            stack[top, 0], stack[top, 1], stack[top, 2], stack[top, 3] = lo[node], rest, size, end
            top += 1
            inner = module[level[node]]
            if inner < 0:
                chosen[size] = level[node]
                size += 1
                node = int(hi[node])
            else:
                later[end, 0], later[end, 1], later[end, 2] = hi[node], rest, short[hi[node]] + after
                rest = end
                end += 1
                node = int(inner)
    return ends, flat
