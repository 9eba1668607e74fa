"""What the kernel runs on: the tables of a run, its event heap, its lanes of constant timers, and its list of things to do now.

Nothing grows inside the kernel: what does not fit sets the status, and the run is repeated with more room. A constant delay
(a timeout, a bulkhead's longest wait) needs no heap: those who wait for it form a lane, first in, first out, and only the
head of a lane stands on the heap. Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from auditkit.simulation.columns import (
    E_LANE,
    F_NEXT,
    F_STATE,
    F_TICKET,
    FREE,
    K_NEXT,
    K_TICKET,
    M_CALL,
    M_FRAME,
    M_HEAP,
    M_NOW_HEAD,
    M_NOW_TAIL,
    M_RUN,
    M_SEQ,
    M_STATUS,
    OVERFLOW,
    R_DUE,
    R_EARLIER,
    R_LANE,
    R_LATER,
    R_NEXT,
    R_TICKET,
    ZERO,
)  # fmt: skip
from auditkit.simulation.draws import part

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]


class World(NamedTuple):
    """What does not change in a run."""

    ops: Ints
    stages: Ints
    edges: Ints
    deps_i: Ints
    deps_f: Floats
    legs_i: Ints
    legs_f: Floats
    dist_i: Ints
    dist_f: Floats
    hist: Floats
    guide: Ints
    journeys_i: Ints
    journeys_f: Floats
    faults_i: Ints
    faults_f: Floats
    marks: Floats


class State(NamedTuple):
    """What a run changes."""

    meta: Ints
    heap_t: Floats
    heap_i: Ints
    now: Ints
    lanes: Ints
    frames_i: Ints
    frames_f: Floats
    frames_u: NDArray[np.uint64]
    calls: Ints
    runs_i: Ints
    runs_f: Floats
    runs_u: NDArray[np.uint64]
    guards_i: Ints
    guards_f: Floats
    window: Ints
    comps: Ints
    inst_i: Ints
    inst_f: Floats
    cut: Floats
    req_t: Floats
    req_j: NDArray[np.int32]
    req_n: NDArray[np.int64]
    out_code: NDArray[np.int8]
    out_s: Floats
    out_tries: NDArray[np.int32]
    tally: Ints
    busy: Floats
    out_stale: NDArray[np.int8]
    oldest: Floats
    clock: Floats
    seen_busy: Floats
    seen_open: Ints


@part
def push(s: State, t: float, kind: int, slot: int, ticket: int) -> None:
    """Put an event on the heap. Of two at the same time the one put first comes first."""
    i = s.meta[M_HEAP]
    if i >= len(s.heap_t):
        s.meta[M_STATUS] = OVERFLOW
        return
    s.meta[M_HEAP] = i + 1
    s.meta[M_SEQ] += 1
    times, items = s.heap_t, s.heap_i
    while i > 0:
        above = (i - 1) >> 1
        if times[above] <= t:
            break
        times[i] = times[above]
        items[i, 0], items[i, 1], items[i, 2], items[i, 3] = items[above, 0], items[above, 1], items[above, 2], items[above, 3]
        i = above
    times[i] = t
    items[i, 0], items[i, 1], items[i, 2], items[i, 3] = s.meta[M_SEQ], kind, slot, ticket


@part
def drop_first(s: State) -> None:
    """Take the first event off the heap (it has been read already)."""
    n = s.meta[M_HEAP] - 1
    s.meta[M_HEAP] = n
    times, items = s.heap_t, s.heap_i
    t, seq = times[n], items[n, 0]
    i = 0
    while True:
        below = 2 * i + 1
        if below >= n:
            break
        right = below + 1
        if right < n and (times[right] < times[below] or (times[right] == times[below] and items[right, 0] < items[below, 0])):
            below = right
        if t < times[below] or (t == times[below] and seq < items[below, 0]):
            break
        times[i] = times[below]
        items[i, 0], items[i, 1], items[i, 2], items[i, 3] = items[below, 0], items[below, 1], items[below, 2], items[below, 3]
        i = below
    if i < n:
        times[i] = t
        items[i, 0], items[i, 1], items[i, 2], items[i, 3] = seq, items[n, 1], items[n, 2], items[n, 3]


@part
def soon(s: State, kind: int, slot: int, ticket: int, value: int) -> None:
    """Have something done at this same moment, after what is being done."""
    tail = s.meta[M_NOW_TAIL]
    mask = len(s.now) - 1
    if tail - s.meta[M_NOW_HEAD] > mask:
        s.meta[M_STATUS] = OVERFLOW
        return
    at = tail & mask
    s.now[at, 0], s.now[at, 1], s.now[at, 2], s.now[at, 3] = kind, slot, ticket, value
    s.meta[M_NOW_TAIL] = tail + 1


@part
def lane_join(s: State, lane: int, run: int, due: float) -> None:
    """Wait in a lane until `due`, which is not before that of anybody who waits there already."""
    s.runs_f[run, R_DUE] = due
    s.runs_i[run, R_LANE] = lane
    last = s.lanes[lane, 1]
    s.runs_i[run, R_EARLIER] = last
    s.runs_i[run, R_LATER] = -1
    s.lanes[lane, 1] = run
    if last >= 0:
        s.runs_i[last, R_LATER] = run
    else:
        s.lanes[lane, 0] = run
    if s.lanes[lane, 2] == 0:
        s.lanes[lane, 2] = 1
        push(s, due, E_LANE, lane, ZERO)


@part
def lane_leave(s: State, run: int) -> None:
    """Wait no longer; nothing where the run is in no lane."""
    lane = s.runs_i[run, R_LANE]
    if lane < 0:
        return
    s.runs_i[run, R_LANE] = -1
    before, after = s.runs_i[run, R_EARLIER], s.runs_i[run, R_LATER]
    if before >= 0:
        s.runs_i[before, R_LATER] = after
    else:
        s.lanes[lane, 0] = after
    if after >= 0:
        s.runs_i[after, R_EARLIER] = before
    else:
        s.lanes[lane, 1] = before


@part
def new_frame(s: State) -> int:
    """A free frame, or -1 where there is no room."""
    slot = s.meta[M_FRAME]
    if slot < 0:
        s.meta[M_STATUS] = OVERFLOW
    else:
        s.meta[M_FRAME] = s.frames_i[slot, F_NEXT]
    return int(slot)


@part
def free_frame(s: State, frame: int) -> None:
    """Give a frame back; whoever still holds its ticket holds nothing."""
    s.frames_i[frame, F_TICKET] += 1
    s.frames_i[frame, F_STATE] = FREE
    s.frames_i[frame, F_NEXT] = s.meta[M_FRAME]
    s.meta[M_FRAME] = frame


@part
def new_call(s: State) -> int:
    """A free call, or -1 where there is no room."""
    slot = s.meta[M_CALL]
    if slot < 0:
        s.meta[M_STATUS] = OVERFLOW
    else:
        s.meta[M_CALL] = s.calls[slot, K_NEXT]
    return int(slot)


@part
def free_call(s: State, call: int) -> None:
    """Give a call back."""
    s.calls[call, K_TICKET] += 1
    s.calls[call, K_NEXT] = s.meta[M_CALL]
    s.meta[M_CALL] = call


@part
def new_run(s: State) -> int:
    """A free run, or -1 where there is no room."""
    slot = s.meta[M_RUN]
    if slot < 0:
        s.meta[M_STATUS] = OVERFLOW
    else:
        s.meta[M_RUN] = s.runs_i[slot, R_NEXT]
    return int(slot)


@part
def free_run(s: State, run: int) -> None:
    """Give a run back."""
    s.runs_i[run, R_TICKET] += 1
    s.runs_i[run, R_NEXT] = s.meta[M_RUN]
    s.meta[M_RUN] = run
