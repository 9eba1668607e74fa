"""Slow times that are no incident: those that were not over when the recording ended, and those that come back on schedule.

An incident begins and ends, and does not come at its time. A level that still holds at the end is what is true now, as far as
anybody knows, and what comes back at even intervals (a batch, a collection of garbage, a scheduled report) is work as usual: a
timeout that was derived without either would be too short for good. Nothing of it is left out; a person may still name it.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from auditkit.latency.stretches import SHIFT, Stretch

_SHORTEST = 3
"""Fewer slices at the end may be anything."""
_TIMES = 3
"""So often a slow time has to come back after the same time."""
Run = tuple[int, int]


def lasting(slow: Sequence[int], levels: Sequence[Stretch], n: int) -> int:
    """The first of the slices at the end that are slow to the end; `n` where there are none.

    `slow`: ascending places of slices that stand apart; `levels`: the stretches of one level; `n`: number of slices.

    >>> lasting([3, 40, 57, 58, 59], [], 60), lasting([3, 40, 58, 59], [], 60)
    (57, 60)
    """
    first, last = next(((a, b) for a, b in reversed(_runs(slow))), (n, n))
    begin = first if last == n - 1 and last - first + 1 >= _SHORTEST else n
    if len(levels) > 1 and levels[-1].level_s >= SHIFT * levels[-2].level_s:
        inside = sum(place >= levels[-1].first for place in slow)
        begin = min(begin, levels[-1].first) if 2 * inside >= n - levels[-1].first else begin
    return begin


def returning(slow: Sequence[int]) -> int | None:
    """Slices from one slow time to the next, where they come back at even intervals, three times or more; else None.

    Once in a while it may be missing, or hidden by more load: twice the interval is even as well.

    >>> returning([5, 6, 17, 29, 30, 41]), returning([5, 17, 29, 53, 65]), returning([5, 6, 17, 39, 41]), returning([5, 17, 29])
    (12, 12, None, None)
    """
    gaps = np.diff(np.array([first for first, _ in _runs(slow)], dtype=np.int64))
    if len(gaps) < _TIMES:
        return None
    usual = int(np.median(gaps))
    slack = max(usual // 10, 1 if usual >= 6 else 0)
    once, twice = np.abs(gaps - usual) <= slack, np.abs(gaps - 2 * usual) <= slack
    return usual if (once | twice).all() and once.sum() >= _TIMES else None


def _runs(places: Sequence[int]) -> list[Run]:
    """First and last of each run of places that follow one another."""
    found: list[Run] = []
    for place in places:
        if found and place == found[-1][1] + 1:
            found[-1] = (found[-1][0], place)
        else:
            found.append((place, place))
    return found
