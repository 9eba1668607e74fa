"""The kernel: request-level discrete events over a compiled system, until the horizon. Import inside functions only."""

from __future__ import annotations

import math

from auditkit.simulation.columns import (
    AFTER,
    C_FIRST,
    C_UP,
    CRASH,
    CUT,
    DURING,
    E_CUT,
    E_FINISH,
    E_LANE,
    E_RETRY,
    E_TIMEOUT,
    E_USER,
    ERROR,
    ERRORS,
    F_DEADLINE,
    F_DIST,
    F_ERROR_SHARE,
    F_INST,
    F_OP,
    F_REQUEST,
    F_RUN,
    F_RUN_TICKET,
    F_STATE,
    F_TICKET,
    FREE,
    G_STATE,
    G_UNTIL,
    HALF_OPEN,
    HANG,
    I_BUSY,
    I_COMP,
    I_DOWN,
    I_ERRORS,
    I_FACTOR,
    I_HANG,
    I_HEAD,
    I_PLUS,
    I_SET,
    I_SINCE,
    I_TAIL,
    I_UP,
    I_WAITING,
    I_WORKERS,
    I_WORKERS_NOW,
    J_DEADLINE,
    J_DIST,
    J_OP,
    L_BREAKER,
    L_CALLER,
    L_GUARD,
    M_ARRIVALS,
    M_DEADLINES,
    M_EVENTS,
    M_HEAP,
    M_NOW_HEAD,
    M_NOW_TAIL,
    M_PHASE,
    M_REQUESTS,
    M_SEED,
    M_STATUS,
    N_BEGIN,
    N_TRY,
    OPEN,
    OVERFLOW,
    PHASES,
    POOL,
    R_DUE,
    R_TICKET,
    SLOW_PLUS,
    SLOW_SET,
    SLOW_TIMES,
    TIMEOUT,
    X_END,
    X_FIRST,
    X_KIND,
    X_LAST,
    X_START,
    X_VALUE,
    ZERO,
)  # fmt: skip
from auditkit.simulation.draws import compiled, part, request_key
from auditkit.simulation.kernel_base import State, World, drop_first, lane_leave, new_frame, push
from auditkit.simulation.kernel_calls import attempt, begin, heard, lose_guard, waited_in_vain
from auditkit.simulation.kernel_held import held
from auditkit.simulation.kernel_work import answer, arrive, finish, next_in_queue, note_busy


@part
def _crash(w: World, s: State, inst: int, t: float) -> None:
    """Everything that runs or waits in an instance is lost, and what it knew of others; whoever asked gets an error."""
    note_busy(s, inst, t)
    for frame in range(len(s.frames_i)):
        if s.frames_i[frame, F_STATE] != FREE and s.frames_i[frame, F_INST] == inst:
            answer(w, s, frame, t, ERROR)
    s.inst_i[inst, I_BUSY] = 0
    s.inst_i[inst, I_WAITING] = 0
    s.inst_i[inst, I_HEAD] = -1
    s.inst_i[inst, I_TAIL] = -1
    s.inst_i[inst, I_UP] = 0
    comp = s.inst_i[inst, I_COMP]
    for leg in range(len(w.legs_i)):
        if w.legs_i[leg, L_CALLER] == comp:
            lose_guard(w, s, leg, w.legs_i[leg, L_GUARD] + inst - s.comps[comp, C_FIRST], t)


@part
def _put_faults(w: World, s: State, t: float) -> None:
    """The state of every instance and connection under the faults that are active now."""
    for inst in range(len(s.inst_i)):
        note_busy(s, inst, t)
        s.inst_f[inst, I_FACTOR] = 1.0
        s.inst_f[inst, I_SET] = -1.0
        s.inst_f[inst, I_PLUS] = 0.0
        s.inst_f[inst, I_HANG] = -1.0
        s.inst_f[inst, I_ERRORS] = 0.0
        s.inst_i[inst, I_WORKERS_NOW] = s.inst_i[inst, I_WORKERS]
        s.inst_i[inst, I_DOWN] = 0
    for caller in range(s.cut.shape[0]):
        for callee in range(s.cut.shape[1]):
            s.cut[caller, callee] = -1.0
    for fault in range(len(w.faults_i)):
        if not w.faults_f[fault, X_START] <= t < w.faults_f[fault, X_END]:
            continue
        kind, first, last, value = (
            w.faults_i[fault, X_KIND],
            w.faults_i[fault, X_FIRST],
            w.faults_i[fault, X_LAST],
            w.faults_f[fault, X_VALUE],
        )
        if kind == CUT:
            s.cut[first, last] = max(s.cut[first, last], w.faults_f[fault, X_END])
            continue
        for inst in range(first, last + 1):
            if kind == SLOW_TIMES:
                s.inst_f[inst, I_FACTOR] *= value
            elif kind == SLOW_SET:
                s.inst_f[inst, I_SET] = value
            elif kind == SLOW_PLUS:
                s.inst_f[inst, I_PLUS] += value
            elif kind == HANG:
                s.inst_f[inst, I_HANG] = max(s.inst_f[inst, I_HANG], w.faults_f[fault, X_END])
            elif kind == ERRORS:
                s.inst_f[inst, I_ERRORS] = 1.0 - (1.0 - s.inst_f[inst, I_ERRORS]) * (1.0 - value)
            elif kind == POOL:
                s.inst_i[inst, I_WORKERS_NOW] = int(value)
            elif kind == CRASH:
                s.inst_i[inst, I_DOWN] = 1
    for comp in range(len(s.comps) - 1):
        s.comps[comp, C_UP] = 0
    for inst in range(len(s.inst_i)):
        if s.inst_i[inst, I_DOWN] == 1:
            if s.inst_i[inst, I_UP] == 1:
                _crash(w, s, inst, t)
        else:
            s.inst_i[inst, I_UP] = 1
            s.comps[s.inst_i[inst, I_COMP], C_UP] += 1
            next_in_queue(w, s, inst, t)


@part
def _enter(w: World, s: State, request: int, key: int, journey: int, t: float) -> None:
    """A user's request reaches the entry of its journey."""
    frame = new_frame(s)
    if frame < 0:
        return
    s.frames_i[frame, F_RUN] = -1
    s.frames_i[frame, F_RUN_TICKET] = 0
    s.frames_i[frame, F_REQUEST] = request
    s.frames_i[frame, F_OP] = w.journeys_i[journey, J_OP]
    s.frames_i[frame, F_DIST] = w.journeys_i[journey, J_DIST]
    s.frames_f[frame, F_ERROR_SHARE] = 0.0
    s.frames_f[frame, F_DEADLINE] = t + w.journeys_f[journey, J_DEADLINE] if s.meta[M_DEADLINES] == 1 else math.inf
    s.frames_u[frame] = key
    arrive(w, s, frame, t)


@part
def _now(w: World, s: State, t: float) -> None:
    """Do what is to be done at this moment, in the order in which it came up."""
    mask = len(s.now) - 1
    while s.meta[M_NOW_HEAD] < s.meta[M_NOW_TAIL] and s.meta[M_STATUS] == 0:
        at = s.meta[M_NOW_HEAD] & mask
        kind, slot, ticket, value = s.now[at, 0], s.now[at, 1], s.now[at, 2], s.now[at, 3]
        s.meta[M_NOW_HEAD] += 1
        if kind == N_BEGIN:
            if s.frames_i[slot, F_TICKET] == ticket:
                begin(w, s, slot, t)
        elif s.runs_i[slot, R_TICKET] == ticket:
            if kind == N_TRY:
                attempt(w, s, slot, t)
            else:
                heard(w, s, slot, t, value)


@part
def _event(w: World, s: State, t: float, kind: int, slot: int, ticket: int) -> None:
    if kind == E_FINISH:
        if s.frames_i[slot, F_TICKET] == ticket:
            finish(w, s, slot, t)
    elif kind == E_LANE:
        run = s.lanes[slot, 0]
        if run >= 0 and s.runs_f[run, R_DUE] <= t:
            if slot < len(w.legs_i):
                heard(w, s, run, t, TIMEOUT)
            else:
                lane_leave(s, run)
                waited_in_vain(w, s, run)
        run = s.lanes[slot, 0]
        if run >= 0:  # whoever is first now, not whoever has just joined
            push(s, s.runs_f[run, R_DUE], E_LANE, slot, ZERO)
        else:
            s.lanes[slot, 2] = 0
    elif kind == E_USER:
        request = s.meta[M_REQUESTS]
        if request >= len(s.req_t):
            s.meta[M_STATUS] = OVERFLOW
            return
        s.meta[M_REQUESTS] += 1
        s.req_t[request] = t
        s.req_j[request] = slot
        s.req_n[request] = ticket + 1000003  # the same user's next request
        _enter(w, s, request, request_key(s.meta[M_SEED], slot, s.req_n[request]), slot, t)
    elif s.runs_i[slot, R_TICKET] == ticket:
        if kind == E_RETRY:
            attempt(w, s, slot, t)
        elif kind == E_TIMEOUT:
            heard(w, s, slot, t, TIMEOUT)
        elif kind == E_CUT:
            heard(w, s, slot, t, ERROR)


@part
def _look(w: World, s: State, at: int, t: float) -> None:
    """Note the worker-seconds of every component so far, and how many breakers of every leg are open or half-open."""
    for inst in range(len(s.inst_i)):
        note_busy(s, inst, t)
    for comp in range(s.busy.shape[1]):
        for column in range(2):
            for phase in range(PHASES):
                s.seen_busy[at, comp, column] += s.busy[phase, comp, column]
    for leg in range(len(w.legs_i)):
        if w.legs_i[leg, L_BREAKER] == 1:
            comp = w.legs_i[leg, L_CALLER]
            for guard in range(
                w.legs_i[leg, L_GUARD], w.legs_i[leg, L_GUARD] + s.comps[comp + 1, C_FIRST] - s.comps[comp, C_FIRST]
            ):
                if s.guards_i[guard, G_STATE] == OPEN:
                    s.seen_open[at, leg, 0] += 1
                elif s.guards_i[guard, G_STATE] == HALF_OPEN or s.guards_f[guard, G_UNTIL] > t:
                    s.seen_open[at, leg, 1] += 1


@compiled
def run(world: World, state: State, last_arrival: float, horizon: float, step: float) -> int:
    """Run until nothing is left or the horizon is reached; the status: 0, or `OVERFLOW`.

    `world.marks` are the moments at which a fault begins or ends, ascending; between the first and the last of them is the
    phase `during`. No request begins after `last_arrival`. Every `step` seconds the state is noted, as long as there is room.
    """
    w, s = held(world), held(state)
    at, mark, looks = ZERO, ZERO, ZERO
    t = 0.0
    while s.meta[M_STATUS] == 0:
        arrival = s.req_t[at] if at < s.meta[M_ARRIVALS] else math.inf
        change = w.marks[mark] if mark < len(w.marks) else math.inf
        first = s.heap_t[0] if s.meta[M_HEAP] > 0 else math.inf
        while looks < len(s.seen_busy) and (looks + 1) * step <= min(arrival, change, first):
            _look(w, s, looks, (looks + 1) * step)
            looks += 1
        if min(arrival, change, first) > horizon or math.isinf(min(arrival, change, first)):
            break
        s.meta[M_EVENTS] += 1
        s.clock[0] = min(arrival, change, first)
        if change <= first and change <= arrival:
            t = change
            mark += 1
            _put_faults(w, s, t)
            s.meta[M_PHASE] = AFTER if mark == len(w.marks) else DURING
        elif first <= arrival:
            t = first
            kind, slot, ticket = s.heap_i[0, 1], s.heap_i[0, 2], s.heap_i[0, 3]
            drop_first(s)
            if kind != E_USER or t <= last_arrival:
                _event(w, s, t, kind, slot, ticket)
        else:
            t = arrival
            journey = ZERO + s.req_j[at]  # 64 bits
            _enter(w, s, at, request_key(s.meta[M_SEED], journey, s.req_n[at]), journey, t)
            at += 1
        if s.meta[M_NOW_HEAD] < s.meta[M_NOW_TAIL]:
            _now(w, s, t)
    for inst in range(len(s.inst_i)):
        note_busy(s, inst, max(s.inst_f[inst, I_SINCE], min(t, horizon)))
    return int(s.meta[M_STATUS])
