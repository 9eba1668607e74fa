"""Where diagrams are made: arrays of a fixed size that are made larger between two calls of a kernel, and the limits on it."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from auditkit.errors import LimitReached

if TYPE_CHECKING:
    from auditkit.engine.bdd_kernels import Arena

SMALLEST = 1 << 15
BYTES_A_NODE = 32
"""Three numbers of a node, two places in the table, and one and a half of a cached result, four bytes each."""
STEPS_AT_ONCE = 1 << 22


@dataclass(frozen=True, slots=True)
class Limits:
    """What an analysis may use before it raises `LimitReached`: diagram nodes, seconds of work, bytes of its own arrays."""

    nodes: int = 50_000_000
    seconds: float = 120.0
    size_bytes: int = 3 << 30


class Workbench:
    """One arena, the kernels that run on it, and what they have used."""

    __slots__ = ("arena", "limits", "started", "what")

    def __init__(self, what: str, levels: int, limits: Limits, started: float | None = None) -> None:
        self.what, self.limits = what, limits
        self.started = time.monotonic() if started is None else started
        self.arena = _arena(min(SMALLEST, _power_of_two(limits.nodes)), levels)

    @property
    def count(self) -> int:
        """Nodes made so far, terminals included."""
        return int(self.arena.meter[0])

    def run(self, kernel: Callable[[Arena, int], tuple[int, int]], most: int) -> bool:
        """Run a kernel that resumes at a position until it has finished; False where it would make more than `most` nodes.

        Raises `LimitReached` when time or memory is used up.
        """
        from auditkit.engine.bdd_kernels import ALLOTTED, FULL, STEPS

        base, allotted, at, patience = self.count, STEPS_AT_ONCE, 0, 64 * most
        while True:
            self.arena.meter[ALLOTTED] = self.arena.meter[STEPS] + allotted
            before = at
            at, status = kernel(self.arena, at)
            if status == 0:
                return True
            if time.monotonic() - self.started > self.limits.seconds:
                raise self.reached(f"{self.limits.seconds:g} seconds")
            made = self.count - base
            if status == FULL:
                if made >= most:
                    return False
                self._grow()
            else:
                patience -= allotted
                allotted *= 2 if at == before else 1
                if made >= most or patience < 0:
                    return False

    def roll_back(self, count: int) -> None:
        """Forget all nodes but the first `count`."""
        from auditkit.engine.bdd_kernels import COUNT, rehash

        self.arena.meter[COUNT] = count
        self.arena.table.fill(0)
        self.arena.key.fill(0)
        rehash(self.arena)

    def _grow(self) -> None:
        from auditkit.engine.bdd_kernels import rehash

        old = self.arena
        capacity = 4 * len(old.level)
        if capacity * BYTES_A_NODE > self.limits.size_bytes:
            capacity = 2 * len(old.level)
        if capacity * BYTES_A_NODE > self.limits.size_bytes:
            raise self.reached(f"{self.limits.size_bytes / 2**20:,.0f} MiB")
        new = _arena(capacity, len(old.stack) - 2)
        for larger, smaller in ((new.level, old.level), (new.lo, old.lo), (new.hi, old.hi), (new.meter, old.meter)):
            larger[: len(smaller)] = smaller
        rehash(new)
        self.arena = new

    def reached(self, limit: str) -> LimitReached:
        """The error that says which limit stopped the work, and how far it had come."""
        return LimitReached(
            f"{self.what} stopped at its limit of {limit}; {self.count:,} diagram nodes were made, no part is returned"
        )


def _power_of_two(least: int) -> int:
    return 1 << max(4, (least - 1).bit_length())


def _arena(capacity: int, levels: int) -> Arena:
    from auditkit.engine.bdd_kernels import COUNT, Arena

    arena = Arena(
        level=np.empty(capacity, np.int32),
        lo=np.empty(capacity, np.int32),
        hi=np.empty(capacity, np.int32),
        table=np.zeros(2 * capacity, np.int32),
        key=np.zeros(capacity, np.uint64),
        result=np.empty(capacity, np.int32),
        stack=np.empty((levels + 2, 3), np.int32),
        meter=np.zeros(4, np.int64),
    )
    arena.level[:2] = levels
    arena.lo[:2] = arena.hi[:2] = (0, 1)
    arena.meter[COUNT] = 2
    return arena
