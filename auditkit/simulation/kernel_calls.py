"""Calls on their way: attempts, retries, timeouts, fallbacks, and what they do to the operation that makes them.

Around each attempt stand, from outside to inside: retry ▸ circuit breaker ▸ bulkhead ▸ timeout. What the breaker or the
bulkhead refuses is not tried again, and the bulkhead's refusals tell the breaker nothing. The timeout begins when the call
leaves, not while it waits for the bulkhead. Import inside functions only.
"""

from __future__ import annotations

import math

from auditkit.simulation.columns import (
    ALTERNATIVES,
    C_FIRST,
    D_ALT,
    D_ALTS,
    D_ASYNC,
    D_FALLBACK,
    D_LEG,
    D_LEGS,
    D_NEEDED,
    D_ON_FAILURE,
    D_SHARE,
    D_STALE_S,
    DEGRADE,
    DEGRADED,
    E_CUT,
    E_FINISH,
    E_RETRY,
    E_TIMEOUT,
    EQUAL_JITTER,
    ERROR,
    F_DEADLINE,
    F_DIST,
    F_ERROR_SHARE,
    F_INST,
    F_NEEDS,
    F_OP,
    F_PENDING,
    F_REQUEST,
    F_RUN,
    F_RUN_TICKET,
    F_SINCE,
    F_STAGE,
    F_TICKET,
    F_WORST,
    FULL_JITTER,
    G_BUSY,
    G_EPOCH,
    G_FRESH,
    G_HEAD,
    G_LIFE,
    IGNORE,
    K_ALT,
    K_DEGRADED,
    K_DEP,
    K_FRAME,
    K_FRAME_TICKET,
    K_GOOD,
    K_LEFT,
    K_TICKET,
    L_ATTEMPTS,
    L_BACKOFF,
    L_BREAKER,
    L_BUDGET,
    L_CALLER,
    L_DIST,
    L_ERRORS,
    L_GUARD,
    L_JITTER,
    L_MAX_BACKOFF,
    L_MULTIPLIER,
    L_OP,
    L_PER_CALL,
    L_PER_SUCCESS,
    L_POOL,
    L_TIMEOUT,
    L_UNSENT,
    L_WAIT,
    M_DEADLINES,
    M_PHASE,
    N_BEGIN,
    N_TRY,
    O_COMP,
    O_STAGE,
    OK,
    R_ATTEMPT,
    R_CALL,
    R_CALL_TICKET,
    R_DEADLINE,
    R_EPOCH,
    R_GUARD,
    R_LANE,
    R_LEG,
    R_LIFE,
    R_REQUEST,
    R_SINCE,
    R_TICKET,
    REFUSED,
    STATIC,
    T_ATTEMPTS,
    T_BREAKER_OPEN,
    T_CALLS,
    T_ERRORS,
    T_FALLBACKS,
    T_NO_BUDGET,
    T_OK,
    T_POOL_FULL,
    T_RETRIES,
    T_STALE,
    T_TIMEOUTS,
    TIMEOUT,
    ZERO,
)  # fmt: skip
from auditkit.simulation.draws import BACKOFF, CALLED, attempt_key, mix, part, uniform
from auditkit.simulation.kernel_base import (
    State,
    World,
    free_call,
    free_run,
    lane_join,
    lane_leave,
    new_call,
    new_frame,
    new_run,
    push,
    soon,
)  # fmt: skip
from auditkit.simulation.kernel_guards import (
    begin_anew,
    breaker_admits,
    breaker_learns,
    breaker_unused,
    earn,
    has_place,
    queue_join,
    queue_leave,
    spend,
)  # fmt: skip
from auditkit.simulation.kernel_work import arrive, finish


@part
def _frame_lives(s: State, call: int) -> bool:
    return bool(s.frames_i[s.calls[call, K_FRAME], F_TICKET] == s.calls[call, K_FRAME_TICKET])


@part
def nobody_waits(s: State, run: int) -> bool:
    """Whether the caller has crashed, or needs this answer no longer. An asynchronous call goes on in any case."""
    call = s.runs_i[run, R_CALL]
    if call < 0:
        return False
    return bool(s.calls[call, K_TICKET] != s.runs_i[run, R_CALL_TICKET]) or not _frame_lives(s, call)


@part
def _launch(w: World, s: State, leg: int, call: int, ticket: int, frame: int) -> int:
    """A new run of one leg, for a call or (-1) for nobody; -1 where there is no room."""
    run = new_run(s)
    if run < 0:
        return -1
    own = s.frames_i[frame, F_INST] - s.comps[w.legs_i[leg, L_CALLER], C_FIRST]
    s.runs_i[run, R_CALL] = call
    s.runs_i[run, R_CALL_TICKET] = ticket
    s.runs_i[run, R_LEG] = leg
    s.runs_i[run, R_GUARD] = w.legs_i[leg, L_GUARD] + own
    s.runs_i[run, R_ATTEMPT] = 0
    s.runs_i[run, R_REQUEST] = s.frames_i[frame, F_REQUEST]
    s.runs_i[run, R_LANE] = -1
    s.runs_f[run, R_DEADLINE] = s.frames_f[frame, F_DEADLINE] if call >= 0 else math.inf
    s.runs_u[run] = s.frames_u[frame]
    s.tally[s.meta[M_PHASE], leg, T_CALLS] += 1
    if w.legs_i[leg, L_BUDGET] == 1:
        earn(w, s, leg, s.runs_i[run, R_GUARD], w.legs_f[leg, L_PER_CALL])
    return run


@part
def _call_done(w: World, s: State, call: int, effect: int) -> None:
    """A dependency has been dealt with; the last one of a stage lets its operation go on."""
    frame, ticket = s.calls[call, K_FRAME], s.calls[call, K_FRAME_TICKET]
    free_call(s, call)
    if s.frames_i[frame, F_TICKET] != ticket:
        return
    if effect > s.frames_i[frame, F_WORST]:
        s.frames_i[frame, F_WORST] = effect
    s.frames_i[frame, F_PENDING] -= 1
    if s.frames_i[frame, F_PENDING] == 0:
        soon(s, N_BEGIN, frame, ticket, ZERO)


@part
def _guard_of(w: World, s: State, call: int) -> int:
    """Where one instance of the caller keeps what it knows of a dependency: the guard of its first leg."""
    leg = w.deps_i[s.calls[call, K_DEP], D_LEG]
    inst = s.frames_i[s.calls[call, K_FRAME], F_INST]
    return int(w.legs_i[leg, L_GUARD] + inst - s.comps[w.legs_i[leg, L_CALLER], C_FIRST])


@part
def _served_instead(w: World, s: State, call: int, leg: int) -> None:
    """A fallback has served what this instance was last answered, or (nothing yet) what it began with."""
    dep = s.calls[call, K_DEP]
    s.tally[s.meta[M_PHASE], leg, T_FALLBACKS] += 1
    age = s.clock[0] - s.guards_f[_guard_of(w, s, call), G_FRESH]
    s.oldest[dep] = max(s.oldest[dep], age)
    if age > w.deps_f[dep, D_STALE_S]:
        s.tally[s.meta[M_PHASE], leg, T_STALE] += 1
        s.out_stale[s.frames_i[s.calls[call, K_FRAME], F_REQUEST]] = 1


@part
def _fall_back(w: World, s: State, call: int) -> None:
    """A dependency has failed: what that does to the answer, or what is asked instead."""
    dep, frame = s.calls[call, K_DEP], s.calls[call, K_FRAME]
    how = w.deps_i[dep, D_ON_FAILURE]
    if how == IGNORE:
        _call_done(w, s, call, OK)
    elif how != DEGRADE:
        _call_done(w, s, call, ERROR)
    elif w.deps_i[dep, D_FALLBACK] == STATIC:
        _served_instead(w, s, call, w.deps_i[dep, D_LEG])
        _call_done(w, s, call, DEGRADED)
    elif w.deps_i[dep, D_FALLBACK] != ALTERNATIVES:
        _call_done(w, s, call, ERROR)
    else:
        alternative = s.calls[call, K_ALT] + 1
        if alternative >= w.deps_i[dep, D_ALTS]:
            _call_done(w, s, call, ERROR)
            return
        s.calls[call, K_ALT] = alternative
        s.calls[call, K_LEFT] = 1
        s.calls[call, K_TICKET] += 1  # what of the main call is still on its way is heard no more
        run = _launch(w, s, w.deps_i[dep, D_ALT] + alternative, call, s.calls[call, K_TICKET], frame)
        if run >= 0:
            soon(s, N_TRY, run, s.runs_i[run, R_TICKET], ZERO)


@part
def settle(w: World, s: State, run: int, result: int) -> None:
    """A run is over: count it for its dependency."""
    call, ticket = s.runs_i[run, R_CALL], s.runs_i[run, R_CALL_TICKET]
    leg = s.runs_i[run, R_LEG]
    free_run(s, run)
    if call < 0 or s.calls[call, K_TICKET] != ticket:
        return
    s.calls[call, K_LEFT] -= 1
    if not _frame_lives(s, call):
        if s.calls[call, K_LEFT] <= 0:
            free_call(s, call)
        return
    dep = s.calls[call, K_DEP]
    good = result <= DEGRADED
    if s.calls[call, K_ALT] >= 0:
        if good:
            _served_instead(w, s, call, leg)
            _call_done(w, s, call, DEGRADED)
        else:
            _fall_back(w, s, call)
        return
    if good:
        s.calls[call, K_GOOD] += 1
        if result == DEGRADED:
            s.calls[call, K_DEGRADED] = 1
        if s.calls[call, K_GOOD] >= w.deps_i[dep, D_NEEDED]:
            s.guards_f[_guard_of(w, s, call), G_FRESH] = s.clock[0]
            ignored = w.deps_i[dep, D_ON_FAILURE] == IGNORE
            _call_done(w, s, call, DEGRADED if s.calls[call, K_DEGRADED] == 1 and not ignored else OK)
    elif s.calls[call, K_GOOD] + s.calls[call, K_LEFT] < w.deps_i[dep, D_NEEDED]:
        _fall_back(w, s, call)


@part
def send(w: World, s: State, run: int, t: float) -> None:
    """An attempt leaves: its timeout begins, and its callee is asked unless the network between them is cut."""
    leg = s.runs_i[run, R_LEG]
    attempt = s.runs_i[run, R_ATTEMPT]
    s.runs_i[run, R_TICKET] += 1
    ticket = s.runs_i[run, R_TICKET]
    s.runs_f[run, R_SINCE] = t
    s.tally[s.meta[M_PHASE], leg, T_ATTEMPTS] += 1
    s.out_tries[s.runs_i[run, R_REQUEST]] += 1
    timeout, left = w.legs_f[leg, L_TIMEOUT], s.runs_f[run, R_DEADLINE] - t
    if left < timeout:
        push(s, t + left, E_TIMEOUT, run, ticket)
    elif timeout < math.inf:
        lane_join(s, leg, run, t + timeout)
    op = w.legs_i[leg, L_OP]
    healed = s.cut[w.legs_i[leg, L_CALLER], w.ops[op, O_COMP]] if s.cut.shape[0] > 0 else -1.0
    if healed > t:
        push(s, healed, E_CUT, run, ticket)
        return
    frame = new_frame(s)
    if frame < 0:
        return
    s.frames_i[frame, F_RUN] = run
    s.frames_i[frame, F_RUN_TICKET] = ticket
    s.frames_i[frame, F_REQUEST] = s.runs_i[run, R_REQUEST]
    s.frames_i[frame, F_OP] = op
    s.frames_i[frame, F_DIST] = w.legs_i[leg, L_DIST]
    s.frames_f[frame, F_ERROR_SHARE] = w.legs_f[leg, L_ERRORS]
    s.frames_f[frame, F_DEADLINE] = min(s.runs_f[run, R_DEADLINE], t + timeout) if s.meta[M_DEADLINES] == 1 else math.inf
    s.frames_u[frame] = attempt_key(s.runs_u[run], leg, attempt)
    arrive(w, s, frame, t)


@part
def attempt(w: World, s: State, run: int, t: float) -> None:
    """Try once: through the breaker, into the bulkhead, out."""
    leg, guard = s.runs_i[run, R_LEG], s.runs_i[run, R_GUARD]
    s.runs_i[run, R_ATTEMPT] += 1
    s.runs_i[run, R_LIFE] = s.guards_i[guard, G_LIFE]
    if nobody_waits(s, run) or s.runs_f[run, R_DEADLINE] <= t:
        settle(w, s, run, ERROR)
        return
    if w.legs_i[leg, L_BREAKER] == 1:
        if not breaker_admits(w, s, leg, guard, t, attempt_key(s.runs_u[run], leg, s.runs_i[run, R_ATTEMPT])):
            s.tally[s.meta[M_PHASE], leg, T_BREAKER_OPEN] += 1
            settle(w, s, run, ERROR)
            return
        s.runs_i[run, R_EPOCH] = s.guards_i[guard, G_EPOCH]
    pool = w.legs_i[leg, L_POOL]
    if has_place(s, guard, pool):
        s.guards_i[guard, G_BUSY] += 1
        send(w, s, run, t)
    elif w.legs_f[leg, L_WAIT] > 0.0:
        queue_join(s, guard, run)
        lane_join(s, len(w.legs_i) + leg, run, t + w.legs_f[leg, L_WAIT])
    else:
        refused(w, s, run)


@part
def refused(w: World, s: State, run: int) -> None:
    """The bulkhead has no place for it."""
    leg = s.runs_i[run, R_LEG]
    s.tally[s.meta[M_PHASE], leg, T_POOL_FULL] += 1
    if w.legs_i[leg, L_BREAKER] == 1:
        breaker_unused(s, s.runs_i[run, R_GUARD], s.runs_i[run, R_EPOCH])
    settle(w, s, run, ERROR)


@part
def waited_in_vain(w: World, s: State, run: int) -> None:
    """The longest wait for the bulkhead is over."""
    queue_leave(s, s.runs_i[run, R_GUARD], run)
    refused(w, s, run)


@part
def lose_guard(w: World, s: State, leg: int, guard: int, t: float) -> None:
    """An instance of the caller has crashed: nobody waits for a place any more, and breaker, bulkhead and budget begin anew."""
    while s.guards_i[guard, G_HEAD] >= 0:
        waiter = s.guards_i[guard, G_HEAD]
        queue_leave(s, guard, waiter)
        lane_leave(s, waiter)
        settle(w, s, waiter, ERROR)
    begin_anew(w, s, leg, guard, t)


@part
def _wait_s(w: World, s: State, run: int) -> float:
    leg, attempt = s.runs_i[run, R_LEG], s.runs_i[run, R_ATTEMPT]
    wait = w.legs_f[leg, L_BACKOFF]
    if wait <= 0.0:
        return 0.0
    wait = min(w.legs_f[leg, L_MAX_BACKOFF], wait * w.legs_f[leg, L_MULTIPLIER] ** (attempt - 1))
    jitter = w.legs_i[leg, L_JITTER]
    if jitter == FULL_JITTER:
        wait *= uniform(attempt_key(s.runs_u[run], leg, attempt), BACKOFF)
    elif jitter == EQUAL_JITTER:
        wait = wait * 0.5 * (1.0 + uniform(attempt_key(s.runs_u[run], leg, attempt), BACKOFF))
    return float(wait)


@part
def heard(w: World, s: State, run: int, t: float, result: int) -> None:
    """An attempt has ended, by an answer or because time was up."""
    leg, guard = s.runs_i[run, R_LEG], s.runs_i[run, R_GUARD]
    lane_leave(s, run)
    s.runs_i[run, R_TICKET] += 1
    good = result <= DEGRADED
    phase = s.meta[M_PHASE]
    s.tally[phase, leg, T_OK if good else (T_TIMEOUTS if result == TIMEOUT else T_ERRORS)] += 1
    if s.runs_i[run, R_LIFE] == s.guards_i[guard, G_LIFE]:  # else whoever asked has crashed, and knows nothing of it
        s.guards_i[guard, G_BUSY] -= 1
        if w.legs_i[leg, L_BREAKER] == 1:
            breaker_learns(w, s, leg, guard, s.runs_i[run, R_EPOCH], t, good, t - s.runs_f[run, R_SINCE])
        waiter = s.guards_i[guard, G_HEAD]
        if waiter >= 0 and has_place(s, guard, w.legs_i[leg, L_POOL]):
            queue_leave(s, guard, waiter)
            lane_leave(s, waiter)
            s.guards_i[guard, G_BUSY] += 1
            send(w, s, waiter, t)
    if good:
        if w.legs_i[leg, L_BUDGET] == 1:
            earn(w, s, leg, guard, w.legs_f[leg, L_PER_SUCCESS])
        settle(w, s, run, result)
        return
    harmless = w.legs_i[leg, L_UNSENT] == 0 or result == REFUSED  # else the work may have been done already
    if not harmless or s.runs_i[run, R_ATTEMPT] >= w.legs_i[leg, L_ATTEMPTS] or nobody_waits(s, run):
        settle(w, s, run, ERROR)
        return
    wait = _wait_s(w, s, run)
    if t + wait >= s.runs_f[run, R_DEADLINE]:
        settle(w, s, run, ERROR)
        return
    if w.legs_i[leg, L_BUDGET] == 1 and not spend(w, s, leg, guard, t):
        s.tally[phase, leg, T_NO_BUDGET] += 1
        settle(w, s, run, ERROR)
        return
    s.tally[phase, leg, T_RETRIES] += 1
    if wait > 0.0:
        push(s, t + wait, E_RETRY, run, s.runs_i[run, R_TICKET])
    else:
        soon(s, N_TRY, run, s.runs_i[run, R_TICKET], ZERO)


@part
def _ask(w: World, s: State, frame: int, dep: int, t: float) -> None:
    """Ask one dependency; its legs all at once."""
    first = w.deps_i[dep, D_LEG]
    legs = w.deps_i[dep, D_LEGS]
    call, ticket = -1, 0
    if w.deps_i[dep, D_ASYNC] == 0:
        call = new_call(s)
        if call < 0:
            return
        ticket = s.calls[call, K_TICKET]
        s.calls[call, K_FRAME] = frame
        s.calls[call, K_FRAME_TICKET] = s.frames_i[frame, F_TICKET]
        s.calls[call, K_DEP] = dep
        s.calls[call, K_GOOD] = 0
        s.calls[call, K_LEFT] = legs
        s.calls[call, K_DEGRADED] = 0
        s.calls[call, K_ALT] = -1
        s.frames_i[frame, F_PENDING] += 1
    for leg in range(first, first + legs):
        run = _launch(w, s, leg, call, ticket, frame)
        if run >= 0:
            attempt(w, s, run, t)


@part
def begin(w: World, s: State, frame: int, t: float) -> None:
    """The operation goes on: its next stage, or its own work and the answer.

    The measured latency of a call covers the callee's own calls: the callee works on for what they have left of it.
    """
    end = w.ops[s.frames_i[frame, F_OP] + 1, O_STAGE]
    while s.frames_i[frame, F_WORST] < ERROR and s.frames_i[frame, F_STAGE] < end:
        stage = s.frames_i[frame, F_STAGE]
        s.frames_i[frame, F_STAGE] = stage + 1
        s.frames_i[frame, F_PENDING] = 1  # held until all are asked
        for at in range(w.stages[stage], w.stages[stage + 1]):
            dep = w.edges[at]
            share = w.deps_f[dep, D_SHARE]
            if share >= 1.0 or uniform(mix(s.frames_u[frame], 1000000 + dep), CALLED) < share:
                _ask(w, s, frame, dep, t)
        s.frames_i[frame, F_PENDING] -= 1
        if s.frames_i[frame, F_PENDING] > 0:
            return
    left = s.frames_f[frame, F_SINCE] + s.frames_f[frame, F_NEEDS] - t
    if s.frames_i[frame, F_WORST] < ERROR and left > 0.0:
        push(s, t + left, E_FINISH, frame, s.frames_i[frame, F_TICKET])
    else:
        finish(w, s, frame, t)
