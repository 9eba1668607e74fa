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
    "slow_times": c.SLOW_TIMES, "slow_set": c.SLOW_SET, "slow_plus": c.SLOW_PLUS, "hang": c.HANG, "errors": c.ERRORS,
    "crash": c.CRASH, "pool": c.POOL, "partition": c.CUT,
}  # fmt: skip
MILD = {"slow_times": 1.0, "load": 1.0, "slow_plus": 0.0, "errors": 0.0}
"""The value at which a fault does nothing, of those that can grow."""
LARGEST = {"errors": 1.0}
RAMP_STEPS = 20


def plain_faults(faults: Sequence[Fault]) -> tuple[Fault, ...]:
    """The same faults without schedules and ramps: one for each time, and for each step of a ramp.

    >>> [(f.start_s, f.duration_s, f.value) for f in plain_faults([Fault("errors", "x", 5, 10, 0.4, times=2, every_s=60)])]
    [(5.0, 10.0, 0.4), (65.0, 10.0, 0.4)]
    >>> slow = plain_faults([Fault("slow_times", "x", 0.0, 30.0, 3.0, ramp_s=20.0)])
    >>> len(slow), [round(f.value, 2) for f in (slow[0], slow[19], slow[20])], slow[20].duration_s
    (21, [1.05, 2.95, 3.0], 10.0)
    """
    begun = ((fault, fault.start_s + n * fault.every_s) for fault in faults for n in range(fault.times))
    return tuple(step for fault, start_s in begun for step in _ramped(fault, start_s))


def _ramped(fault: Fault, start_s: float) -> Iterator[Fault]:
    length = min(fault.ramp_s, fault.duration_s)
    if length > 0:
        mild, each = MILD[fault.kind], length / RAMP_STEPS
        for n in range(RAMP_STEPS):
            share = (n + 0.5) / RAMP_STEPS * length / fault.ramp_s
            yield Fault(fault.kind, fault.target, start_s + n * each, each, mild + (fault.value - mild) * share)
    if fault.duration_s > length:
        yield Fault(fault.kind, fault.target, start_s + length, fault.duration_s - length, fault.value)


def fault_tables(system: System, faults: Sequence[Fault], components: Sequence[str], comps: Ints) -> tuple[Ints, Floats]:
    """Kind and instances (or the two components of a partition), and start, end, value, of each fault but `load`.

    Raises `InputError` with everything that is wrong: targets that the system does not have, values that mean nothing.
    """
    ints: list[tuple[int, int, int]] = []
    floats: list[tuple[float, float, float]] = []
    journeys = {"*", *(j.id for j in system.journeys)}
    problems = [problem for fault in faults for problem in _wrong(fault)]
    for fault in faults:
        found = list(_rows(system, fault, components, comps))
        if not found and not (fault.kind == "load" and fault.target in journeys):
            domain = "neither component nor common cause nor placement domain"
            what = "is no journey" if fault.kind == "load" else f"is {domain}"
            problems.append(Problem(f"fault {fault.kind}", f"{fault.target!r} {what}", "name one that the system has"))
    if problems:
        raise InputError(problems)
    for fault in plain_faults(faults):
        for first, last in _rows(system, fault, components, comps):
            ints.append((KINDS[fault.kind], first, last))
            floats.append((fault.start_s, fault.start_s + fault.duration_s, fault.value))
    return np.array(ints, np.int64).reshape(-1, 3), np.array(floats, np.float64).reshape(-1, 3)


def _wrong(fault: Fault) -> Iterator[Problem]:
    where = f"fault {fault.kind} {fault.target}"
    if not (0 <= fault.start_s < math.inf and fault.duration_s > 0):
        yield Problem(where, "starts before 0 or lasts no time", "give start_s from 0 on and a duration_s above 0")
    if not 0 <= fault.value <= LARGEST.get(fault.kind, math.inf) or math.isinf(fault.value):
        most = LARGEST.get(fault.kind)
        yield Problem(where, f"has the value {fault.value:g}", f"give 0 to {most:g}" if most else "give a number from 0 on")
    if fault.ramp_s and (fault.kind not in MILD or not 0 < fault.ramp_s < math.inf):
        yield Problem(where, "cannot grow", f"a ramp_s above 0 is for {', '.join(sorted(MILD))}")
    if fault.times < 1 or (fault.times > 1 and not fault.duration_s <= fault.every_s < math.inf):
        yield Problem(where, "comes again before it is over", "give times from 1 on and an every_s of at least duration_s")


def load_marks(faults: Sequence[Fault]) -> Iterator[float]:
    """When the load changes."""
    for fault in plain_faults(faults):
        if fault.kind == "load":
            yield from (t for t in (fault.start_s, fault.start_s + fault.duration_s) if t != math.inf)


def rate_steps(setup: Setup, journey: str, rate: float) -> tuple[Floats, Floats]:
    """Edges and rates of a journey's arrivals: its own rate, times every `load` that holds."""
    own = plain_faults([f for f in setup.faults if f.kind == "load" and f.target in ("*", journey)])
    edges = sorted({0.0, setup.duration_s, *(t for t in load_marks(own) if 0 < t < setup.duration_s)})
    rates = [rate * math.prod(f.value for f in own if f.start_s <= start < f.start_s + f.duration_s) for start in edges[:-1]]
    return np.array(edges), np.array(rates)


def _rows(system: System, fault: Fault, components: Sequence[str], comps: Ints) -> Iterator[tuple[int, int]]:
    if fault.kind == "load":
        return
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
