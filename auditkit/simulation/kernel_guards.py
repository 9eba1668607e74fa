"""What stands before a call in one instance of its caller: retry budget, circuit breaker, bulkhead.

Import this module inside functions only: it loads numba.
"""

from __future__ import annotations

from auditkit.simulation.columns import (
    ALL,
    CLOSED,
    G_BUSY,
    G_CALLS,
    G_EPOCH,
    G_FAILED,
    G_FROM,
    G_HEAD,
    G_LIFE,
    G_PASSED,
    G_PROBES,
    G_ROW,
    G_SINCE,
    G_SLICE,
    G_SLOW,
    G_STATE,
    G_TAIL,
    G_TOKENS,
    G_TRIPS,
    G_UNTIL,
    GRADUAL,
    HALF_OPEN,
    L_FAILURES,
    L_GROWTH,
    L_HALF,
    L_HOW,
    L_MAX_OPEN,
    L_MIN_CALLS,
    L_OPEN,
    L_PER_S,
    L_RATE,
    L_ROW,
    L_SLOW_RATE,
    L_SLOW_S,
    L_TOKENS,
    L_WINDOW,
    M_PHASE,
    OPEN,
    R_AHEAD,
    R_BEHIND,
    SLICES,
    T_OPENINGS,
)  # fmt: skip
from auditkit.simulation.draws import ADMITTED, part, uniform
from auditkit.simulation.kernel_base import State, World

LEAST_SHARE = 0.1
"""What a gradual breaker lets through as it closes."""


@part
def earn(w: World, s: State, leg: int, guard: int, tokens: float) -> None:
    """Put tokens into the retry budget, which holds no more than its size."""
    s.guards_f[guard, G_TOKENS] = min(w.legs_f[leg, L_TOKENS], s.guards_f[guard, G_TOKENS] + tokens)


@part
def spend(w: World, s: State, leg: int, guard: int, t: float) -> bool:
    """Take a token for a retry, if there is one. Tokens also come with time."""
    earn(w, s, leg, guard, (t - s.guards_f[guard, G_SINCE]) * w.legs_f[leg, L_PER_S])
    s.guards_f[guard, G_SINCE] = t
    if s.guards_f[guard, G_TOKENS] < 1.0 - 1e-9:  # ten times 0.1 is a token
        return False
    s.guards_f[guard, G_TOKENS] -= 1.0
    return True


@part
def breaker_admits(w: World, s: State, leg: int, guard: int, t: float, key: int) -> bool:
    """Whether the breaker lets a call through; the first one after the pause makes it half-open.

    A gradual one that has just closed lets a growing share through, from a tenth to all, in as long as it had been open.
    One without trial calls lets everybody through until it learns something.
    """
    state = s.guards_i[guard, G_STATE]
    if state == CLOSED:
        since, until = s.guards_f[guard, G_FROM], s.guards_f[guard, G_UNTIL]
        return bool(t >= until or uniform(key, ADMITTED) < max(LEAST_SHARE, (t - since) / (until - since)))
    if state == OPEN:
        if t < s.guards_f[guard, G_UNTIL]:
            return False
        s.guards_i[guard, G_STATE] = HALF_OPEN
        s.guards_i[guard, G_EPOCH] += 1
        s.guards_i[guard, G_PROBES] = 0
        s.guards_i[guard, G_PASSED] = 0
    if s.guards_i[guard, G_PROBES] >= w.legs_i[leg, L_HALF] and w.legs_i[leg, L_HOW] != ALL:
        return False
    s.guards_i[guard, G_PROBES] += 1
    return True


@part
def breaker_unused(s: State, guard: int, epoch: int) -> None:
    """A call that the breaker had let through, in its present state, was never made."""
    if s.guards_i[guard, G_STATE] == HALF_OPEN and s.guards_i[guard, G_EPOCH] == epoch:
        s.guards_i[guard, G_PROBES] -= 1


@part
def _forget(s: State, guard: int) -> None:
    for number in range(SLICES):
        for column in range(3):
            s.window[guard, number, column] = 0
    s.guards_i[guard, G_CALLS] = 0
    s.guards_i[guard, G_FAILED] = 0
    s.guards_i[guard, G_SLOW] = 0
    s.guards_i[guard, G_ROW] = 0


@part
def _open(w: World, s: State, leg: int, guard: int, t: float) -> None:
    if s.guards_i[guard, G_STATE] == OPEN:  # by a call from before: the same pause, anew
        s.guards_f[guard, G_UNTIL] += t - s.guards_f[guard, G_FROM]
        s.guards_f[guard, G_FROM] = t
        return
    if s.guards_i[guard, G_STATE] == CLOSED and t >= s.guards_f[guard, G_UNTIL]:
        s.guards_i[guard, G_TRIPS] = 0
    pause = w.legs_f[leg, L_OPEN] * w.legs_f[leg, L_GROWTH] ** s.guards_i[guard, G_TRIPS]
    s.guards_f[guard, G_FROM] = t
    s.guards_f[guard, G_UNTIL] = t + min(pause, w.legs_f[leg, L_MAX_OPEN])
    s.guards_i[guard, G_STATE] = OPEN
    s.guards_i[guard, G_EPOCH] += 1
    s.guards_i[guard, G_TRIPS] += 1
    s.tally[s.meta[M_PHASE], leg, T_OPENINGS] += 1
    _forget(s, guard)


@part
def _slide(w: World, s: State, leg: int, guard: int, t: float) -> int:
    """Move the window to `t`; the slice to count in."""
    number = int(t / (w.legs_f[leg, L_WINDOW] / SLICES))
    last = s.guards_i[guard, G_SLICE]
    if number > last:
        for step in range(min(number - last, SLICES)):
            old = (last + 1 + step) % SLICES
            s.guards_i[guard, G_CALLS] -= s.window[guard, old, 0]
            s.guards_i[guard, G_FAILED] -= s.window[guard, old, 1]
            s.guards_i[guard, G_SLOW] -= s.window[guard, old, 2]
            for column in range(3):
                s.window[guard, old, column] = 0
        s.guards_i[guard, G_SLICE] = number
    return number % SLICES


@part
def breaker_learns(w: World, s: State, leg: int, guard: int, epoch: int, t: float, good: bool, took: float) -> None:
    """Tell the breaker how a call ended; what began before its last change of state counts where there are no trials."""
    if epoch != s.guards_i[guard, G_EPOCH] and w.legs_i[leg, L_HOW] != ALL:
        return
    slow = took > w.legs_f[leg, L_SLOW_S]
    if s.guards_i[guard, G_STATE] != CLOSED:
        if not good or slow:
            _open(w, s, leg, guard, t)
            return
        s.guards_i[guard, G_PASSED] += 1
        if s.guards_i[guard, G_PASSED] >= w.legs_i[leg, L_HALF]:
            s.guards_i[guard, G_STATE] = CLOSED
            s.guards_i[guard, G_EPOCH] += 1
            pause = s.guards_f[guard, G_UNTIL] - s.guards_f[guard, G_FROM] if w.legs_i[leg, L_HOW] == GRADUAL else 0.0
            s.guards_f[guard, G_FROM] = t
            s.guards_f[guard, G_UNTIL] = t + pause
            _forget(s, guard)
        return
    piece = _slide(w, s, leg, guard, t)
    s.window[guard, piece, 0] += 1
    s.guards_i[guard, G_CALLS] += 1
    s.guards_i[guard, G_ROW] = 0 if good else s.guards_i[guard, G_ROW] + 1
    if not good:
        s.window[guard, piece, 1] += 1
        s.guards_i[guard, G_FAILED] += 1
    if slow:
        s.window[guard, piece, 2] += 1
        s.guards_i[guard, G_SLOW] += 1
    calls, failed = s.guards_i[guard, G_CALLS], s.guards_i[guard, G_FAILED]
    counted = s.guards_i[guard, G_ROW] if w.legs_i[leg, L_ROW] == 1 else failed
    if (not good and counted >= w.legs_i[leg, L_FAILURES]) or (
        calls >= w.legs_i[leg, L_MIN_CALLS]
        and (
            failed >= max(1.0, w.legs_f[leg, L_RATE] * calls)
            or s.guards_i[guard, G_SLOW] >= max(1.0, w.legs_f[leg, L_SLOW_RATE] * calls)
        )
    ):
        _open(w, s, leg, guard, t)


@part
def begin_anew(w: World, s: State, leg: int, guard: int, t: float) -> None:
    """Its instance has been lost, and with it what it knew and what was under way; those who waited are gone already."""
    s.guards_i[guard, G_LIFE] += 1
    s.guards_i[guard, G_BUSY] = 0
    s.guards_i[guard, G_STATE] = CLOSED
    s.guards_i[guard, G_EPOCH] += 1
    s.guards_i[guard, G_TRIPS] = 0
    s.guards_f[guard, G_FROM] = t
    s.guards_f[guard, G_UNTIL] = t
    s.guards_f[guard, G_TOKENS] = w.legs_f[leg, L_TOKENS]
    s.guards_f[guard, G_SINCE] = t
    _forget(s, guard)


@part
def queue_join(s: State, guard: int, run: int) -> None:
    """Wait for a place in the bulkhead, behind those who wait already."""
    last = s.guards_i[guard, G_TAIL]
    s.runs_i[run, R_AHEAD] = last
    s.runs_i[run, R_BEHIND] = -1
    s.guards_i[guard, G_TAIL] = run
    if last >= 0:
        s.runs_i[last, R_BEHIND] = run
    else:
        s.guards_i[guard, G_HEAD] = run


@part
def queue_leave(s: State, guard: int, run: int) -> None:
    """Wait no longer for a place in the bulkhead."""
    ahead, behind = s.runs_i[run, R_AHEAD], s.runs_i[run, R_BEHIND]
    if ahead >= 0:
        s.runs_i[ahead, R_BEHIND] = behind
    else:
        s.guards_i[guard, G_HEAD] = behind
    if behind >= 0:
        s.runs_i[behind, R_AHEAD] = ahead
    else:
        s.guards_i[guard, G_TAIL] = ahead


@part
def has_place(s: State, guard: int, pool: int) -> bool:
    """Whether a bulkhead of this size (negative: none) has a free place."""
    return bool(pool < 0 or s.guards_i[guard, G_BUSY] < pool)
