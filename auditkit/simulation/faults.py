"""Faults of a setup as the kernel's tables: which instances or connections each one touches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from auditkit.errors import InputError, Problem
from auditkit.model.system import System, split_target
from auditkit.simulation import columns as c
from auditkit.simulation.setup import Fault, Setup

if TYPE_CHECKING:
    from auditkit.simulation.kernel_base import Floats, Ints

KINDS = {
    "slow_times": c.SLOW_TIMES, "slow_set": c.SLOW_SET, "hang": c.HANG, "errors": c.ERRORS, "crash": c.CRASH, "pool": c.POOL,
    "partition": c.CUT,
}  # fmt: skip


def fault_tables(system: System, faults: Sequence[Fault], components: Sequence[str], comps: Ints) -> tuple[Ints, Floats]:
    """Kind and instances (or the two components of a partition), and start, end, value, of each fault but `load`.

    Raises `InputError` with every target that the system does not have.
    """
    ints: list[tuple[int, int, int]] = []
    floats: list[tuple[float, float, float]] = []
    problems: list[Problem] = []
    for fault in faults:
        if fault.kind == "load":
            continue
        found = list(_rows(system, fault, components, comps))
        if not found:
            what = "is neither component nor common cause nor placement domain"
            problems.append(Problem(f"fault {fault.kind}", f"{fault.target!r} {what}", "name one that the system has"))
        for first, last in found:
            ints.append((KINDS[fault.kind], first, last))
            floats.append((fault.start_s, fault.start_s + fault.duration_s, fault.value))
    if problems:
        raise InputError(problems)
    return np.array(ints, np.int64).reshape(-1, 3), np.array(floats, np.float64).reshape(-1, 3)


def load_marks(faults: Sequence[Fault]) -> Iterator[float]:
    """When the load changes."""
    for fault in faults:
        if fault.kind == "load":
            yield from (t for t in (fault.start_s, fault.start_s + fault.duration_s) if t != math.inf)


def rate_steps(setup: Setup, journey: str, rate: float) -> tuple[Floats, Floats]:
    """Edges and rates of a journey's arrivals: its own rate, times every `load` that holds."""
    own = [f for f in setup.faults if f.kind == "load" and f.target in ("*", journey)]
    edges = sorted({0.0, setup.duration_s, *(t for t in load_marks(own) if 0 < t < setup.duration_s)})
    rates = [rate * math.prod(f.value for f in own if f.start_s <= start < f.start_s + f.duration_s) for start in edges[:-1]]
    return np.array(edges), np.array(rates)


def _rows(system: System, fault: Fault, components: Sequence[str], comps: Ints) -> Iterator[tuple[int, int]]:
    if fault.kind == "partition":
        caller, _, callee = fault.target.partition(" -> ")
        ends = [components.index(n) for n in (split_target(caller)[0], split_target(callee)[0]) if n in components]
        if len(ends) == 2:
            yield ends[0], ends[1]
        return
    names = {fault.target, *(a for cause in system.common_causes if cause.id == fault.target for a in cause.affects)}
    for number, name in enumerate(components):
        first = int(comps[number, c.C_FIRST])
        if name in names:
            yield first, int(comps[number + 1, c.C_FIRST]) - 1
    for component in system.components:
        if component.id in names:
            continue
        at = int(comps[components.index(component.id), c.C_FIRST])
        for domain, count in (component.placement or {}).items():
            if domain == fault.target:
                yield at, at + count - 1
            at += count
