"""Compiled kernel: families of minimal sets of bounded size, combined without drawing the formula they come from.

Families are zero-suppressed diagrams (see `zdd_kernels`) in which no set holds another. The cut sets of up to k elements of an or
gate are the minimal ones among those of its inputs, of an and gate among their unions. What is cut off above k can never matter
to what is kept, so the result is complete up to k.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.bdd_kernels import ALLOTTED, FULL, STEPS, TIRED, Arena, append, compiled

UNION, WITHOUT, PRODUCT, SHORT = 0, 1, 2, 3
"""Minimal sets of either; of a, without those that hold one of b; minimal unions of one of each, of up to k; of up to k."""


@compiled
def settled_family(op: int, a: int, b: int, k: int) -> int:
    """The result where it needs no look below, else -1. A family that holds the empty set is that set alone: node 1."""
    if op == UNION:
        if a == 1 or b == 1:
            return 1
        return b if a == 0 or a == b else a if b == 0 else -1
    if op == WITHOUT:
        if a == 0 or b == 1 or a == b:
            return 0
        return a if a == 1 or b == 0 else -1
    if k < 0 or a == 0 or b == 0:
        return 0
    if op == SHORT or a == 1 or b == 1:
        return 1 if a == 1 and b == 1 else 0 if k == 0 else -1
    return 0 if k == 0 else -1


@compiled
def combine(arena: Arena, frames: NDArray[np.int64], op: int, a: int, b: int, k: int) -> int:
    """The family `a op b`, or a negative status. For SHORT, b is 1.

    One loop with a stack of frames (op, a, b, k, stage, two results); each stage asks for one smaller combination.
    """
    cached = np.uint64(len(arena.key) - 1)
    top, done = 0, -1
    frames[0, 0], frames[0, 1], frames[0, 2], frames[0, 3], frames[0, 4] = op, a, b, k, 0
    while True:
        frame = frames[top]
        op, a, b, k, stage = frame[0], frame[1], frame[2], frame[3], frame[4]
        key = np.uint64(0)
        if stage == 0:
            if op == PRODUCT and a == b:
                op, b = SHORT, 1
            elif op == PRODUCT and a == 1:
                op, a, b = SHORT, b, 1
            elif op == PRODUCT and b == 1:
                op = SHORT
            if op in (UNION, PRODUCT) and a > b:
                a, b = b, a
            if op in (UNION, WITHOUT):
                k = 0
            frame[0], frame[1], frame[2], frame[3] = op, a, b, k
        level = arena.level[a] if op in (WITHOUT, SHORT) else min(arena.level[a], arena.level[b])
        key = (np.uint64(a) << np.uint64(36)) | (np.uint64(b) << np.uint64(8)) | np.uint64(k << 2) | np.uint64(op)
        slot = (key * np.uint64(0x9E3779B97F4A7C15) >> np.uint64(32)) & cached
        if stage == 0:
            done = settled_family(op, a, b, k)
            if done < 0 and arena.key[slot] == key:
                done = int(arena.result[slot])
            if done >= 0:
                if top == 0:
                    return done
                top -= 1
                continue
            arena.meter[STEPS] += 1
            if arena.meter[STEPS] > arena.meter[ALLOTTED]:
                return TIRED
        a0, a1, b0, b1 = a, 0, b, 0
        if arena.level[a] == level:
            a0, a1 = int(arena.lo[a]), int(arena.hi[a])
        if arena.level[b] == level:
            b0, b1 = int(arena.lo[b]), int(arena.hi[b])
        ask, x, y, z = -1, 0, 0, 0
        if op == UNION:
            if stage == 0:
                ask, x, y = UNION, a0, b0
            elif stage == 1:
                frame[5] = done
                ask, x, y = UNION, a1, b1
            elif stage == 2:
                ask, x, y = WITHOUT, done, frame[5]
        elif op == WITHOUT:
            below = arena.level[b] < level
            if stage == 0 and below:
                frame[4] = 2
                ask, x, y = WITHOUT, a, arena.lo[b]
            elif stage == 3 and below:
                frame[4] = 9
            elif stage == 0:
                ask, x, y = WITHOUT, a0, b0
            elif stage == 1:
                frame[5] = done
                ask, x, y = WITHOUT, a1, b1
            elif stage == 2:
                ask, x, y = WITHOUT, done, b0
        elif op == SHORT:
            if stage == 0:
                ask, x, y, z = SHORT, a0, 1, k
            elif stage == 1:
                frame[5] = done
                ask, x, y, z = SHORT, a1, 1, k - 1
        elif stage == 0:
            ask, x, y, z = PRODUCT, a0, b0, k
        elif stage == 1:
            frame[5] = done
            ask, x, y = UNION, b1, b0
        elif stage == 2:
            ask, x, y, z = PRODUCT, a1, done, k - 1
        elif stage == 3:
            frame[6] = done
            ask, x, y, z = PRODUCT, a0, b1, k - 1
        elif stage == 4:
            ask, x, y = UNION, frame[6], done
        elif stage == 5:
            ask, x, y = WITHOUT, done, frame[5]
        if ask >= 0:
            frame[4] += 1
            top += 1
            frames[top, 0], frames[top, 1], frames[top, 2], frames[top, 3], frames[top, 4] = ask, x, y, z, 0
            continue
        if frame[4] != 9:
            done = append(arena, level, frame[5], done) if done != 0 else frame[5]
            if done < 0:
                return FULL
        arena.key[slot], arena.result[slot] = key, done
        if top == 0:
            return done
        top -= 1
