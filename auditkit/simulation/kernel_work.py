"""Instances at work: a request for an operation arrives, waits for a worker, is executed, and is answered.

A worker is held from the start of service to the answer, also while the operation waits for its own calls. An abandoned
request is worked off like any other (nobody told the callee), unless deadlines are propagated. Import inside functions only.
"""

from __future__ import annotations

import math

from auditkit.simulation.columns import (
    C_AROUND,
    C_BALANCE,
    C_FIRST,
    C_TURN,
    C_UP,
    E_FINISH,
    E_USER,
    ERROR,
    F_DEADLINE,
    F_DIST,
    F_ERR,
    F_ERROR_SHARE,
    F_INST,
    F_NEEDS,
    F_NEXT,
    F_OP,
    F_PENDING,
    F_REQUEST,
    F_RUN,
    F_RUN_TICKET,
    F_SINCE,
    F_STAGE,
    F_STATE,
    F_TICKET,
    F_WORST,
    I_BUSY,
    I_COMP,
    I_ERRORS,
    I_FACTOR,
    I_HANG,
    I_HEAD,
    I_LONGEST,
    I_MOST,
    I_PLUS,
    I_ROOM,
    I_SET,
    I_SINCE,
    I_TAIL,
    I_UP,
    I_WAITING,
    I_WORKERS_NOW,
    J_THINK,
    J_USERS,
    M_FRAMES,
    M_PHASE,
    N_ANSWER,
    N_BEGIN,
    O_COMP,
    O_STAGE,
    OK,
    REFUSED,
    SERVED,
    WAITING,
    ZERO,
)  # fmt: skip
from auditkit.simulation.draws import BALANCE, FAILURE, LATENCY, THINK, part, sample, uniform
from auditkit.simulation.kernel_base import State, World, free_frame, push, soon


@part
def answer(w: World, s: State, frame: int, t: float, result: int) -> None:
    """Tell whoever asked, and give the frame back."""
    run = s.frames_i[frame, F_RUN]
    if run >= 0:
        soon(s, N_ANSWER, run, s.frames_i[frame, F_RUN_TICKET], result)
    elif run == -1:
        request = s.frames_i[frame, F_REQUEST]
        s.out_code[request] = ERROR if result == REFUSED else result
        s.out_s[request] = t - s.req_t[request]
        journey = ZERO + s.req_j[request]  # 64 bits
        if w.journeys_i[journey, J_USERS] > 0:
            think = -w.journeys_f[journey, J_THINK] * math.log(uniform(s.frames_u[frame], THINK))
            push(s, t + think, E_USER, journey, s.req_n[request])
    s.meta[M_FRAMES] -= 1
    free_frame(s, frame)


@part
def choose(s: State, comp: int, key: int) -> int:
    """The instance that is asked: at random or in turns, dead ones passed over where that is done; -1 where none is left."""
    first = s.comps[comp, C_FIRST]
    n = s.comps[comp + 1, C_FIRST] - first
    up = s.comps[comp, C_UP]
    all_count = up == n or s.comps[comp, C_AROUND] == 0
    among = n if all_count else up
    if among == 0:
        return -1
    if among == 1 and n == 1:
        return int(first)
    if s.comps[comp, C_BALANCE] == 1:
        pick = s.comps[comp, C_TURN] % among
        s.comps[comp, C_TURN] += 1
    else:
        pick = int(uniform(key, BALANCE) * among)
    if all_count:
        return int(first + pick)
    for inst in range(first, first + n):
        if s.inst_i[inst, I_UP] == 1:
            if pick == 0:
                return int(inst)
            pick -= 1
    return -1


@part
def note_busy(s: State, inst: int, t: float) -> None:
    """Add the workers that were busy since the last change to the account of the phase."""
    comp = s.inst_i[inst, I_COMP]
    phase, gone = s.meta[M_PHASE], t - s.inst_f[inst, I_SINCE]
    s.busy[phase, comp, 0] += gone * s.inst_i[inst, I_BUSY]
    s.busy[phase, comp, 1] += gone * s.inst_i[inst, I_WAITING]
    s.inst_f[inst, I_SINCE] = t


@part
def serve(w: World, s: State, frame: int, inst: int, t: float) -> None:
    """Give the frame a worker of this instance."""
    note_busy(s, inst, t)
    s.inst_i[inst, I_BUSY] += 1
    if s.inst_i[inst, I_BUSY] > s.inst_i[inst, I_MOST]:
        s.inst_i[inst, I_MOST] = s.inst_i[inst, I_BUSY]
    key = s.frames_u[frame]
    needs = sample(s.frames_i[frame, F_DIST], uniform(key, LATENCY), w.dist_i, w.dist_f, w.hist, w.guide)
    if s.inst_f[inst, I_SET] >= 0.0:
        needs = s.inst_f[inst, I_SET]
    needs = needs * s.inst_f[inst, I_FACTOR] + s.inst_f[inst, I_PLUS]
    if s.inst_f[inst, I_HANG] > t:
        needs += s.inst_f[inst, I_HANG] - t
    share = 1.0 - (1.0 - s.frames_f[frame, F_ERROR_SHARE]) * (1.0 - s.inst_f[inst, I_ERRORS])
    s.frames_i[frame, F_ERR] = 1 if share > 0.0 and uniform(key, FAILURE) < share else 0
    s.frames_f[frame, F_SINCE] = t
    s.frames_f[frame, F_NEEDS] = needs
    s.frames_i[frame, F_STATE] = SERVED
    op = s.frames_i[frame, F_OP]
    if w.ops[op + 1, O_STAGE] > w.ops[op, O_STAGE]:
        soon(s, N_BEGIN, frame, s.frames_i[frame, F_TICKET], ZERO)
    else:
        push(s, t + needs, E_FINISH, frame, s.frames_i[frame, F_TICKET])


@part
def next_in_queue(w: World, s: State, inst: int, t: float) -> None:
    """Serve those who wait, while there are workers."""
    while s.inst_i[inst, I_WAITING] > 0 and (
        s.inst_i[inst, I_WORKERS_NOW] < 0 or s.inst_i[inst, I_BUSY] < s.inst_i[inst, I_WORKERS_NOW]
    ):
        note_busy(s, inst, t)
        frame = s.inst_i[inst, I_HEAD]
        s.inst_i[inst, I_HEAD] = s.frames_i[frame, F_NEXT]
        s.inst_i[inst, I_WAITING] -= 1
        if s.inst_i[inst, I_WAITING] == 0:
            s.inst_i[inst, I_TAIL] = -1
        if s.frames_f[frame, F_DEADLINE] <= t:
            answer(w, s, frame, t, ERROR)
        else:
            serve(w, s, frame, inst, t)


@part
def finish(w: World, s: State, frame: int, t: float) -> None:
    """The operation is done: free the worker, answer, serve the next."""
    inst = s.frames_i[frame, F_INST]
    note_busy(s, inst, t)
    s.inst_i[inst, I_BUSY] -= 1
    worst = s.frames_i[frame, F_WORST]
    result = ERROR if s.frames_i[frame, F_ERR] == 1 or worst == ERROR else worst
    answer(w, s, frame, t, result)
    next_in_queue(w, s, inst, t)


@part
def arrive(w: World, s: State, frame: int, t: float) -> None:
    """A frame reaches its component: an instance takes it, lets it wait, or refuses it at once."""
    comp = w.ops[s.frames_i[frame, F_OP], O_COMP]
    s.frames_i[frame, F_STAGE] = w.ops[s.frames_i[frame, F_OP], O_STAGE]
    s.frames_i[frame, F_PENDING] = 0
    s.frames_i[frame, F_WORST] = OK
    s.meta[M_FRAMES] += 1
    inst = choose(s, comp, s.frames_u[frame])
    if inst < 0 or s.inst_i[inst, I_UP] == 0:
        answer(w, s, frame, t, REFUSED)
        return
    s.frames_i[frame, F_INST] = inst
    if s.inst_i[inst, I_WORKERS_NOW] < 0 or s.inst_i[inst, I_BUSY] < s.inst_i[inst, I_WORKERS_NOW]:
        serve(w, s, frame, inst, t)
        return
    if s.inst_i[inst, I_ROOM] >= 0 and s.inst_i[inst, I_WAITING] >= s.inst_i[inst, I_ROOM]:
        answer(w, s, frame, t, ERROR)
        return
    note_busy(s, inst, t)
    s.frames_i[frame, F_STATE] = WAITING
    s.frames_i[frame, F_NEXT] = -1
    last = s.inst_i[inst, I_TAIL]
    if last >= 0:
        s.frames_i[last, F_NEXT] = frame
    else:
        s.inst_i[inst, I_HEAD] = frame
    s.inst_i[inst, I_TAIL] = frame
    s.inst_i[inst, I_WAITING] += 1
    if s.inst_i[inst, I_WAITING] > s.inst_i[inst, I_LONGEST]:
        s.inst_i[inst, I_LONGEST] = s.inst_i[inst, I_WAITING]
