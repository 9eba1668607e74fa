"""One run of the kernel: room for it, arrivals, and what came out, request by request."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditkit.errors import LimitReached
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import System
from auditkit.simulation import columns as c
from auditkit.simulation.compile import Compiled, compiled_system
from auditkit.simulation.door import MOST_REQUESTS
from auditkit.simulation.faults import rate_steps
from auditkit.simulation.loading import at_rest, is_loaded
from auditkit.simulation.setup import Setup

if TYPE_CHECKING:
    from auditkit.simulation.kernel_base import Floats, Ints, State

SMALLEST, LARGEST = 1 << 10, 1 << 22
"""Room for requests under way, at first and at most."""
MOST_LOOKS = 600


@dataclass(frozen=True, slots=True)
class Outcomes:
    """What one run did: one place a request (arrays), one row a leg and phase (`tally`), one a component and phase (`busy`).

    `codes` are `columns.OK`, `DEGRADED`, `ERROR` or `UNANSWERED`; `busy[phase, component]` are worker-seconds and seconds waited;
    so are `seen_busy[look, component]`, from the start up to the end of each step of `step_s`; `seen_open[look, leg]` are the
    breakers that are open and half-open then. `stale` is 1 where a fallback served what was older than acceptable;
    `oldest_s[dep]` is the greatest age that it served. `events` are all steps: arrivals, timers, and what they set off at once.
    """

    compiled: Compiled
    journey: NDArray[np.int32]
    start_s: Floats
    codes: NDArray[np.int8]
    latency_s: Floats
    attempts: NDArray[np.int32]
    tally: Ints
    busy: Floats
    most_busy: Ints
    longest_queue: Ints
    events: int
    in_flight: int
    stale: NDArray[np.int8]
    oldest_s: Floats
    step_s: float
    seen_busy: Floats
    seen_open: Ints


def step_s(setup: Setup) -> float:
    """How often the state is noted: each second, in long runs 600 times.

    >>> step_s(Setup(duration_s=120.0)), step_s(Setup(duration_s=6000.0))
    (1.0, 10.0)
    """
    return max(1.0, setup.duration_s / MOST_LOOKS)


def run_once(system: System, profiles: Mapping[str, LatencyProfile], setup: Setup) -> Outcomes:
    """Simulate one setup once. Equal arguments give equal bytes.

    Raises `InputError` for what cannot be simulated, `LimitReached` where more than four million requests are under way at once,
    or fifty million come in all.
    """
    return run_compiled(compiled_system(system, profiles, setup), setup)


def run_compiled(compiled: Compiled, setup: Setup) -> Outcomes:
    """As `run_once`, for a system that has been compiled under this setup already."""
    from auditkit.simulation.kernel import run

    arrivals = arrivals_of(compiled, setup)
    room = SMALLEST
    while room <= LARGEST:
        state = _state(compiled, setup, arrivals, room)
        with at_rest(not is_loaded(run)):
            status = run(compiled.world, state, setup.duration_s, setup.duration_s + setup.drain_s, step_s(setup))
        if status == 0:
            return _outcomes(compiled, state, step_s(setup))
        room *= 4
    raise LimitReached(f"more than {LARGEST:,} requests are under way at once; simulate a shorter time or a smaller load")


def arrivals_of(compiled: Compiled, setup: Setup) -> tuple[Floats, NDArray[np.int32], NDArray[np.int64]]:
    """Time, journey and number of every request of an open loop, in the order of time."""
    from auditkit.simulation.kernel_arrivals import poisson

    times: list[Floats] = []
    for number, (journey, rate) in enumerate(zip(compiled.journeys, compiled.rates, strict=True)):
        if journey.id in setup.users:
            users = setup.users[journey.id].count
            times.append(np.arange(users) / max(1, users) * 1e-3)
        elif journey.id in setup.arrivals:
            times.append(np.array(sorted(setup.arrivals[journey.id]), np.float64))
        else:
            edges, rates = rate_steps(setup, journey.id, rate)
            most = float((np.diff(edges) * rates).sum())
            if most > MOST_REQUESTS:
                remedy = "simulate a shorter time or a smaller load"
                raise LimitReached(f"{most:,.0f} requests of {journey.id} in one run, more than {MOST_REQUESTS:,}; {remedy}")
            room = np.empty(int(most + 10 * math.sqrt(most) + 100))
            with at_rest(not is_loaded(poisson)):
                times.append(room[: poisson(setup.seed, number, edges, rates, room)])
    journeys = np.repeat(np.arange(len(times), dtype=np.int32), [len(t) for t in times])
    numbers = np.concatenate([np.arange(len(t), dtype=np.int64) for t in times])
    every = np.concatenate(times)
    order = np.argsort(every, kind="stable")
    return every[order], journeys[order], numbers[order]


def _free_list(table: Ints, column: int) -> None:
    table[:, column] = np.arange(1, len(table) + 1)
    table[-1, column] = -1


def _state(compiled: Compiled, setup: Setup, arrivals: tuple[Floats, NDArray[np.int32], NDArray[np.int64]], room: int) -> State:
    from auditkit.simulation.kernel_base import State

    legs, guards, comps = len(compiled.legs), max(1, compiled.guards), len(compiled.components)
    times, journeys, numbers = arrivals
    extra = sum(int(setup.duration_s * users.count / max(users.think_s, 1e-3)) for users in setup.users.values())
    requests = len(times) + min(extra, 64 * room)
    looks = math.ceil(setup.duration_s / step_s(setup) - 1e-9)
    meta = np.zeros(15, np.int64)
    meta[[c.M_REQUESTS, c.M_ARRIVALS, c.M_SEED]] = len(times), len(times), setup.seed
    meta[c.M_DEADLINES] = setup.propagate_deadlines
    frames, calls, runs = np.zeros((room, 13), np.int64), np.zeros((room, 9), np.int64), np.zeros((room, 15), np.int64)
    _free_list(frames, c.F_NEXT)
    _free_list(calls, c.K_NEXT)
    _free_list(runs, c.R_NEXT)
    guards_i = np.zeros((guards, 14), np.int64)
    guards_i[:, [c.G_HEAD, c.G_TAIL]] = -1
    guards_f = np.zeros((guards, 5), np.float64)
    for row, leg in enumerate(compiled.world.legs_i):
        after = compiled.world.legs_i[row + 1, c.L_GUARD] if row + 1 < legs else compiled.guards
        guards_f[leg[c.L_GUARD] : after, c.G_TOKENS] = compiled.world.legs_f[row, c.L_TOKENS]
    inst_f = np.zeros((len(compiled.instances), 6), np.float64)
    inst_f[:, c.I_FACTOR] = 1.0
    inst_f[:, [c.I_SET, c.I_HANG]] = -1.0
    cut = bool((compiled.world.faults_i[:, c.X_KIND] == c.CUT).any())
    lanes = np.zeros((2 * legs + 1, 3), np.int64)
    lanes[:, :2] = -1
    return State(
        meta=meta, heap_t=np.empty(2 * room + 2 * legs), heap_i=np.empty((2 * room + 2 * legs, 4), np.int64),
        now=np.empty((2 * room, 4), np.int64), lanes=lanes, frames_i=frames, frames_f=np.zeros((room, 4)),
        frames_u=np.zeros(room, np.uint64), calls=calls, runs_i=runs, runs_f=np.zeros((room, 3)),
        runs_u=np.zeros(room, np.uint64),
        guards_i=guards_i, guards_f=guards_f, window=np.zeros((guards, c.SLICES, 3), np.int64), comps=compiled.comps.copy(),
        inst_i=compiled.instances.copy(), inst_f=inst_f, cut=np.full((comps, comps) if cut else (0, 0), -1.0),
        req_t=np.concatenate([times, np.zeros(requests - len(times))]),
        req_j=np.concatenate([journeys, np.zeros(requests - len(times), np.int32)]),
        req_n=np.concatenate([numbers, np.zeros(requests - len(times), np.int64)]),
        out_code=np.full(requests, c.UNANSWERED, np.int8), out_s=np.full(requests, math.inf),
        out_tries=np.zeros(requests, np.int32),
        tally=np.zeros((c.PHASES, max(1, legs), c.TALLIES), np.int64), busy=np.zeros((c.PHASES, comps, 2)),
        out_stale=np.zeros(requests, np.int8), oldest=np.zeros(len(compiled.dependencies) + 1), clock=np.zeros(1),
        seen_busy=np.zeros((looks, comps, 2)), seen_open=np.zeros((looks, max(1, legs), 2), np.int64),
    )  # fmt: skip


def _outcomes(compiled: Compiled, state: State, step: float) -> Outcomes:
    n = int(state.meta[c.M_REQUESTS])
    first = compiled.comps[:-1, c.C_FIRST]
    return Outcomes(
        compiled=compiled,
        journey=state.req_j[:n],
        start_s=state.req_t[:n],
        codes=state.out_code[:n],
        latency_s=state.out_s[:n],
        attempts=state.out_tries[:n],
        tally=state.tally,
        busy=state.busy,
        most_busy=np.maximum.reduceat(state.inst_i[:, c.I_MOST], first),
        longest_queue=np.maximum.reduceat(state.inst_i[:, c.I_LONGEST], first),
        events=int(state.meta[c.M_EVENTS] + state.meta[c.M_NOW_HEAD]),
        in_flight=int(state.meta[c.M_FRAMES]),
        stale=state.out_stale[:n],
        oldest_s=state.oldest[:-1],
        step_s=step,
        seen_busy=state.seen_busy,
        seen_open=state.seen_open,
    )
