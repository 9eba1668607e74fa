"""Names of the columns in the kernel's tables, so that no bare number stands in a kernel."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, cast

import numpy as np


def _wide(count: int) -> Iterator[int]:
    """0, 1, 2, … as 64 bits: each plain number that is handed on is a type of its own to numba, and compiled for itself."""
    return (cast("int", np.int64(n)) for n in range(count))


# comps: one row a component, and one more
C_FIRST, C_BALANCE, C_AROUND, C_TURN, C_UP = range(5)
"""First instance; 0 at random, 1 in turns; whether dead instances are passed over; next turn; instances up."""

# inst_i, inst_f: one row an instance
(I_COMP, I_WORKERS, I_ROOM, I_BUSY, I_HEAD, I_TAIL, I_WAITING, I_UP, I_MOST, I_WORKERS_NOW, I_LONGEST, I_DOWN) = range(12)
(I_FACTOR, I_SET, I_PLUS, I_HANG, I_ERRORS, I_SINCE) = range(6)

# ops
O_COMP, O_STAGE = range(2)

# deps_i, deps_f
(D_ASYNC, D_NEEDED, D_ON_FAILURE, D_LEG, D_LEGS, D_ALT, D_ALTS, D_FALLBACK) = range(8)
D_SHARE, D_STALE_S = range(2)
FAIL, DEGRADE, IGNORE = range(3)
NO_FALLBACK, STATIC, ALTERNATIVES = range(3)

# legs_i: one row for each target and each alternative of a dependency
(L_OP, L_GUARD, L_ATTEMPTS, L_JITTER, L_BUDGET, L_BREAKER, L_FAILURES, L_MIN_CALLS, L_HALF, L_POOL, L_DIST, L_DEP, L_CALLER,
 L_HOW, L_UNSENT, L_ROW) = range(16)  # fmt: skip
NO_JITTER, FULL_JITTER, EQUAL_JITTER = range(3)
FIXED, GRADUAL, ALL = range(3)
"""How a breaker comes back."""
# legs_f
(
    L_TIMEOUT, L_BACKOFF, L_MULTIPLIER, L_MAX_BACKOFF, L_TOKENS, L_PER_CALL, L_PER_SUCCESS, L_PER_S,
    L_RATE, L_WINDOW, L_SLOW_S, L_SLOW_RATE, L_OPEN, L_GROWTH, L_MAX_OPEN, L_WAIT, L_ERRORS,
) = range(17)  # fmt: skip

# journeys_i, journeys_f
J_OP, J_DIST, J_USERS = range(3)
J_DEADLINE, J_THINK = range(2)

# faults_i, faults_f
X_KIND, X_FIRST, X_LAST = range(3)
X_START, X_END, X_VALUE = range(3)
SLOW_TIMES, SLOW_SET, SLOW_PLUS, HANG, ERRORS, CRASH, POOL, CUT = range(8)

# frames: an operation that an instance executes
(F_TICKET, F_RUN, F_RUN_TICKET, F_REQUEST, F_OP, F_INST, F_STAGE, F_PENDING, F_WORST, F_NEXT, F_DIST, F_ERR, F_STATE) = range(13)
F_SINCE, F_NEEDS, F_DEADLINE, F_ERROR_SHARE = range(4)
FREE, WAITING, SERVED = range(3)

# calls: one dependency under way
K_TICKET, K_FRAME, K_FRAME_TICKET, K_DEP, K_GOOD, K_LEFT, K_DEGRADED, K_ALT, K_NEXT = range(9)

# runs: one leg under way, over all its attempts
(
    R_TICKET, R_CALL, R_CALL_TICKET, R_LEG, R_GUARD, R_ATTEMPT, R_EPOCH, R_REQUEST, R_NEXT,
    R_LANE, R_EARLIER, R_LATER, R_AHEAD, R_BEHIND, R_LIFE,
) = range(15)  # fmt: skip
R_SINCE, R_DUE, R_DEADLINE = range(3)

# guards: breaker, bulkhead and budget of one leg in one instance of the caller
G_STATE, G_EPOCH, G_TRIPS, G_PROBES, G_PASSED, G_BUSY, G_HEAD, G_TAIL, G_SLICE, G_CALLS, G_FAILED, G_SLOW, G_ROW, G_LIFE = range(
    14
)
G_TOKENS, G_SINCE, G_FROM, G_UNTIL, G_FRESH = range(5)
CLOSED, OPEN, HALF_OPEN = range(3)
SLICES: Final = 10
"""A breaker's window is counted in so many slices; the oldest is forgotten as a new one begins."""

# meta
(
    M_HEAP, M_SEQ, M_NOW_HEAD, M_NOW_TAIL, M_FRAME, M_CALL, M_RUN, M_STATUS, M_PHASE, M_EVENTS, M_REQUESTS, M_FRAMES,
    M_DEADLINES, M_SEED, M_ARRIVALS,
) = range(15)  # fmt: skip
OVERFLOW: Final = 1

# events on the heap, and what is to be done at once
E_FINISH, E_RETRY, E_LANE, E_TIMEOUT, E_CUT, E_USER = _wide(6)
N_BEGIN, N_TRY, N_ANSWER = _wide(3)
(ZERO,) = _wide(1)
"""As what an event carries that needs no more than its kind and its place; and where a 64-bit number has to begin."""

# results of an attempt, a call, a request
OK, DEGRADED, ERROR, TIMEOUT, UNANSWERED, REFUSED = _wide(6)
"""`REFUSED` is an error of which the caller knows that nothing was done: nobody listened. To users it is an error."""

# tally: one row a leg and phase
(
    T_CALLS,
    T_ATTEMPTS,
    T_OK,
    T_ERRORS,
    T_TIMEOUTS,
    T_POOL_FULL,
    T_BREAKER_OPEN,
    T_RETRIES,
    T_OPENINGS,
    T_NO_BUDGET,
    T_FALLBACKS,
    T_STALE,
) = range(12)
TALLIES: Final = 12
BEFORE, DURING, AFTER = range(3)
PHASES: Final = 3
