"""Counting of samples in machine code, for many samples: the same rows as `reduce` gives, several times as fast.

Samples come in pieces. Eight neighbouring buckets of one call and outcome are a block, found by hashing; a block holds the
smallest and largest duration of each of its buckets, and a count of each in each time slice. Time goes by within a recording,
so the counts at work are few and stay in the processor's cache. Failures are noted one by one on the way, by windows of time.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any, NamedTuple, TypeVar, cast

import numba
import numpy as np

from auditkit.latency.reduce import LN_GAMMA, LONGEST_S, NO_SLICE, OK, REJECTED, WINDOW_S, ZERO

F = TypeVar("F", bound=Callable[..., Any])

BLOCK = 8
"""Buckets of a block."""
MOST_COUNTS = 2**27
"""More counts than these, of four bytes each, are not held in memory."""
MOST_BLOCKS = 2**20
MOST_CALLS = 2**16
MOST_FAILURES = 2**22
SHIFTED = 2**17
"""Added to the number of a bucket, so that it is positive."""
AT_ZERO, NOWHERE = 0, 1
"""Shifted buckets of durations of exactly zero, and of what is no duration."""
BLOCK_BITS = 15
"""Bits of the number of a block."""

_GOLDEN = np.uint64(0x9E3779B97F4A7C15)
_CALL_SHIFT, _BLOCK_SHIFT = np.uint64(64 - 17), np.uint64(64 - 21)
_CALL_MASK, _BLOCK_MASK = 2**17 - 1, 2**21 - 1


class Tally(NamedTuple):
    """What has been counted so far."""

    used: Any
    """Calls, blocks, failures noted."""
    call_at: Any
    """Place of a call by hash of its number; -1 where free."""
    number: Any
    first_s: Any
    last_s: Any
    """Number, first and last start of each call, in order of appearance."""
    block_at: Any
    """Place of a block by hash of its key; -1 where free."""
    key: Any
    """(call * 8 + outcome) * 2^15 + block."""
    ends_s: Any
    """Smallest and largest duration of each bucket of each block."""
    counts: Any
    """Of each block, time slice (the first is that of calls without start) and bucket."""
    failed: Any
    window: Any
    """Failures noted: call, window of time."""


def empty(slices: int) -> Tally:
    """Nothing counted, in so many time slices, one of them for calls without start. Memory is taken as it is used."""
    blocks = min(MOST_BLOCKS, MOST_COUNTS // (BLOCK * slices))
    return Tally(
        used=np.zeros(3, np.int64),
        call_at=np.full(_CALL_MASK + 1, -1, np.int32),
        number=np.empty(MOST_CALLS, np.int64),
        first_s=np.full(MOST_CALLS, math.inf),
        last_s=np.full(MOST_CALLS, -math.inf),
        block_at=np.full(_BLOCK_MASK + 1, -1, np.int32),
        key=np.empty(blocks, np.int64),
        ends_s=np.empty((blocks, BLOCK, 2)),
        counts=np.zeros((blocks, slices, BLOCK), np.uint32),
        failed=np.empty(MOST_FAILURES if slices > 1 else 0, np.int32),
        window=np.empty(MOST_FAILURES if slices > 1 else 0, np.int64),
    )


_njit: Any = numba.njit  # not all of its options are in its types


def compiled(function: F) -> F:
    """The function as machine code, made on first use and kept on disk; other threads may run beside it.

    Without numba's run-time for memory (`_nrt`): kernels allocate nothing, and counting references took most of the time.
    """
    return cast("F", _njit(cache=True, nogil=True, _nrt=False, error_model="numpy")(function))


def inlined(function: F) -> F:
    """As `compiled`, and put into its callers."""
    return cast("F", _njit(nogil=True, _nrt=False, error_model="numpy", inline="always")(function))


@inlined
def call_of(tally: Tally, number: Any) -> Any:
    """Place of the call with this number, which is added where it is new; -1 where there is no room."""
    slot = np.int64((np.uint64(number) * _GOLDEN) >> _CALL_SHIFT)
    while tally.call_at[slot] >= 0 and tally.number[tally.call_at[slot]] != number:
        slot = (slot + 1) & _CALL_MASK
    if tally.call_at[slot] < 0:
        if tally.used[0] == MOST_CALLS:
            return -1
        tally.call_at[slot] = tally.used[0]
        tally.number[tally.used[0]] = number
        tally.used[0] += 1
    return np.int64(tally.call_at[slot])


@inlined
def block_of(tally: Tally, key: Any) -> Any:
    """Place of the block with this key, which is added where it is new; -1 where there is no room."""
    slot = np.int64((np.uint64(key) * _GOLDEN) >> _BLOCK_SHIFT)
    while tally.block_at[slot] >= 0 and tally.key[tally.block_at[slot]] != key:
        slot = (slot + 1) & _BLOCK_MASK
    place = np.int64(tally.block_at[slot])
    if place < 0:
        place = tally.used[1]
        if place == len(tally.key):
            return -1
        tally.block_at[slot] = place
        tally.key[place] = key
        for cell in range(BLOCK):
            tally.ends_s[place, cell, 0] = np.inf
            tally.ends_s[place, cell, 1] = -np.inf
        tally.used[1] += 1
    return place


@compiled
def add(tally: Tally, piece: Any, slice_s: float, first_slice: int) -> bool:
    """Add samples: arrays of calls, starts, durations and outcomes, where missing starts and durations are NaN.

    `first_slice`: number of the slice in which the first of all starts.
    False where there is no room for them, or a start lies outside the slices; then the tally is of no use any more. Failures
    that cannot be noted for want of room are counted in `used` all the same.
    """
    call, start_s, duration_s, outcome = piece
    sliced = tally.counts.shape[1] > 1
    for i in range(len(call)):
        caller = call_of(tally, call[i])
        if caller < 0:
            return False
        value, start = duration_s[i], start_s[i]
        kind: Any = np.int64(outcome[i])
        number: Any = 0
        if value > 0.0 and value < LONGEST_S:
            bucket: Any = np.int64(math.ceil(math.log(value) / LN_GAMMA)) + SHIFTED
        elif value == 0.0:
            bucket = AT_ZERO
        else:
            bucket, kind = NOWHERE, REJECTED
        if start == start:
            tally.first_s[caller] = min(tally.first_s[caller], start)
            tally.last_s[caller] = max(tally.last_s[caller], start)
            if sliced:
                number = np.int64(math.floor(start / slice_s)) - first_slice + 1
                if number < 1 or number >= tally.counts.shape[1]:  # would be counted outside the table
                    return False
                if kind != OK and kind != REJECTED:
                    place = tally.used[2]
                    if place < len(tally.failed):
                        tally.failed[place], tally.window[place] = caller, math.floor(start / WINDOW_S)
                    tally.used[2] += 1
        block, cell = block_of(tally, ((caller * 8 + kind) << BLOCK_BITS) + (bucket >> 3)), bucket & 7
        if block < 0:
            return False
        tally.counts[block, number, cell] += np.uint32(1)
        if value < tally.ends_s[block, cell, 0]:
            tally.ends_s[block, cell, 0] = value
        if value > tally.ends_s[block, cell, 1]:
            tally.ends_s[block, cell, 1] = value
    return True


@compiled
def rows_of(tally: Tally, order: Any, rank: Any, first_slice: int, whole: Any, outcome: Any, ends_s: Any) -> None:
    """The counts of the blocks in this order as rows.

    `whole[column, row]` holds call (by its rank), slice, bucket and count; `ends_s[side, row]` the smallest and the largest
    duration of the bucket, in whichever slice.
    """
    row = 0
    for place in order:
        group, block = tally.key[place] >> BLOCK_BITS, tally.key[place] & (2**BLOCK_BITS - 1)
        for number in range(tally.counts.shape[1]):
            for cell in range(BLOCK):
                n = tally.counts[place, number, cell]
                if n:
                    whole[0, row] = rank[group >> 3]
                    whole[1, row] = NO_SLICE if number == 0 else number - 1 + first_slice
                    whole[2, row] = bucket_at(block * BLOCK + cell)
                    whole[3, row] = n
                    outcome[row] = group & 7
                    ends_s[0, row], ends_s[1, row] = tally.ends_s[place, cell, 0], tally.ends_s[place, cell, 1]
                    row += 1


@inlined
def bucket_at(shifted: Any) -> Any:
    """The number that a shifted bucket has in `reduce`."""
    return ZERO if shifted == AT_ZERO else ZERO - 1 if shifted == NOWHERE else shifted - SHIFTED
