"""Normal conditions: which time slices a timeout may be derived from.

Peak load is normal. Slices are left out because they were labelled as an incident, because too many calls failed in them, or
because latencies stand apart from the rest without more load to explain it (a changed regime): single slices by twice the usual,
a time that began and ended (`stretches`) by half as much again. Load is that of the call or of all calls together, because who
shares a busy callee is slowed down as well; what has not ended, or comes back on schedule, is normal (`lasting`). What was left
out is shown with its reason; a person can overrule it with time ranges; figures with and without it stand side by side.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from auditkit.latency.lasting import lasting, returning
from auditkit.latency.profile import by_slice, ladder, slices_of
from auditkit.latency.reduce import NO_SLICE, OK, REJECTED, Reduced, distinct, positions
from auditkit.latency.regime import BUSY, medians
from auditkit.latency.stretches import Stretch, episodes, stretches
from auditkit.units import format_duration

_FEWEST_SLICES = 20
"""With fewer slices nobody can tell what is normal; then only labelled incidents are left out."""
_LATENCY_FACTOR = 2.0
"""A slice stands apart from twice the usual median of its call, and five times the usual spread."""
_SPREADS = 5.0
_ERROR_SHARE = 0.05
_TOGETHER = 0.25
"""Where this share of the calls stands apart at the same time, the slice is left out for all calls."""
_MOST_LEFT_OUT = 0.5


@dataclass(frozen=True, slots=True)
class TimeRange:
    """From `start_s` to before `end_s` (epoch seconds), and why it matters: the name of an incident, or of a good time."""

    start_s: float
    end_s: float
    label: str = ""


@dataclass(frozen=True, slots=True)
class LeftOut:
    """A time slice that is not normal, for one call (None: for all), and why."""

    start_s: float
    end_s: float
    call: str | None
    reason: str


@dataclass(frozen=True, slots=True)
class Selection:
    """Numbers of the slices that are left out, by index of the call, with the reason of each."""

    reasons: Mapping[int, Mapping[int, str]]
    notes: tuple[str, ...] = ()

    def of(self, call: int) -> npt.NDArray[np.int64]:
        """Slices left out for a call, ascending."""
        return np.array(sorted(self.reasons.get(call, {})), dtype=np.int64)


def select(
    parts: Sequence[Reduced], slice_s: float | None, incidents: Sequence[TimeRange] = (), keep: Sequence[TimeRange] = ()
) -> Selection:
    """The slices that are not normal, for each call (in order of `parts`). `keep` overrules whatever else is found."""
    if slice_s is None:
        return Selection({})
    load = _load_of_all(parts)
    apart = [_apart(rows, load) for rows in parts]
    found = [calls.reasons for calls in apart]
    judged = [index for index, rows in enumerate(parts) if len(slices_of(rows)) >= _FEWEST_SLICES]
    counts: dict[int, int] = {}
    for index in judged:
        for number in found[index]:
            counts[number] = counts.get(number, 0) + 1
    together = {n for n, count in counts.items() if len(judged) >= 3 and count >= max(2, math.ceil(_TOGETHER * len(judged)))}
    notes, reasons = [], dict[int, dict[int, str]]()
    for index, rows in enumerate(parts):
        slices, own = slices_of(rows).tolist(), found[index]
        chosen = {n: own.get(n, "other calls stand apart at the same time") for n in slices if n in own or n in together}
        if len(chosen) > _MOST_LEFT_OUT * len(slices):
            notes.append(index)
            chosen = {}
        labelled = {n: f"incident: {label}" for n, label in _inside(slices, slice_s, incidents).items()}
        kept = _inside(slices, slice_s, keep)
        reasons[index] = {n: reason for n, reason in sorted({**chosen, **labelled}.items()) if n not in kept}
    words = "no normal window: more than half of the time slices stand apart, so none is left out; name incidents yourself"
    said = (f"{words} ({len(notes)} calls)",) if notes else ()
    return Selection(reasons, (*said, *_kept(apart, slice_s)))


@dataclass(frozen=True, slots=True)
class _Apart:
    """Slices of one call that stand apart and why; and which are slow and count all the same."""

    reasons: Mapping[int, str]
    since: int | None = None
    """Slow from this slice on, to the end."""
    every: int | None = None
    """Slow again and again, after so many slices."""


def _kept(apart: Sequence[_Apart], slice_s: float) -> tuple[str, ...]:
    """What is slow and counts all the same, in sentences."""
    found = []
    since, every = [a.since for a in apart if a.since is not None], [a.every for a in apart if a.every is not None]
    if since:
        when = datetime.fromtimestamp(min(since) * slice_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
        words = f"{_calls(since)} slower from {when} UTC to the end of the recording, which is counted"
        found.append(f"{words}: what has not ended may be how it is now. An incident? Leave it out: --incident FROM/TO=WHY")
    if every:
        words = f"{_calls(every)} slower again every {format_duration(min(every) * slice_s)}, which is counted"
        found.append(f"{words}: what comes back on schedule is normal")
    return tuple(found)


def _calls(found: Sequence[int]) -> str:
    return "1 call is" if len(found) == 1 else f"{len(found)} calls are"


def _load_of_all(parts: Sequence[Reduced]) -> Mapping[int, int]:
    """How many calls, of whatever kind, each slice holds."""
    counts: dict[int, int] = {}
    for rows in parts:
        known = (rows.slice != NO_SLICE) & (rows.outcome != REJECTED)
        slices, place = distinct(rows.slice[known])
        numbers = np.bincount(place, weights=rows.n[known], minlength=len(slices)).astype(np.int64)
        for number, n in zip(slices.tolist(), numbers.tolist(), strict=True):
            counts[number] = counts.get(number, 0) + n
    return counts


def _apart(rows: Reduced, load_of_all: Mapping[int, int]) -> _Apart:
    """Slices of one call that stand apart by errors, or by latency that load does not explain."""
    slices = slices_of(rows)
    if len(slices) < _FEWEST_SLICES:
        return _Apart({})
    counted = rows.of((rows.outcome != REJECTED) & (rows.slice != NO_SLICE))
    place, failed = positions(counted.slice, slices), counted.outcome != OK
    total = np.bincount(place, weights=counted.n, minlength=len(slices))
    bad = np.bincount(place[failed], weights=counted.n[failed], minlength=len(slices))
    share = bad / np.maximum(total, 1)
    usual = float(np.median(share))
    slack = 3 * np.sqrt(np.maximum(usual, 0.001) / np.maximum(total, 1))
    failing = (share > max(_ERROR_SHARE, 5 * usual)) & (share > usual + slack) & (bad >= 3)
    errors = {int(slices[i]): f"errors: {share[i]:.0%} of the calls, usually {usual:.1%}" for i in np.flatnonzero(failing)}
    good = counted.of(counted.outcome == OK)
    answers = ladder(good)
    if not answers.total:
        return _Apart(errors)
    table = by_slice(good, answers, slices)
    whole = np.array([load_of_all.get(number, 0) for number in slices.tolist()], dtype=np.float64)
    load = np.maximum(total / max(1.0, float(np.median(total))), whole / max(1.0, float(np.median(whole))))
    slow: dict[int, str] = {}
    for p, factor in ((0.5, _LATENCY_FACTOR), (0.9, 1.5 * _LATENCY_FACTOR)):
        level = np.log(np.maximum(medians(table, answers, p), 1e-9))
        known = ~np.isnan(level)
        if known.sum() < _FEWEST_SLICES:
            continue
        middle = float(np.median(level[known]))
        spread = 1.4826 * float(np.median(np.abs(level[known] - middle)))
        for i in np.flatnonzero(known & (level - middle > max(math.log(factor), _SPREADS * spread)) & (load < BUSY)):
            words = f"p{p * 100:.0f} is {math.exp(level[i] - middle):.1f} times the usual, without more load"
            slow.setdefault(int(i), f"changed regime: {words}")
    levels = medians(table, answers)
    found = stretches(levels)
    slow = {**_episodes(levels, load, found), **slow}
    places = sorted(slow)
    end, every = lasting(places, found, len(slices)), returning(places)
    left = {} if every else {int(slices[place]): slow[place] for place in places if place < end}
    since = int(slices[end]) if end < len(slices) and not every else None
    return _Apart({**left, **errors}, since, every)


def _episodes(medians_s: npt.NDArray[np.float64], load: npt.NDArray[np.float64], found: tuple[Stretch, ...]) -> dict[int, str]:
    """Places of slices of a time that was slower than what came before and after it, by less than single slices are judged by."""
    slow = [stretch for stretch in episodes(found) if float(np.median(load[stretch.first : stretch.end])) < BUSY]
    usual = float(np.nanmedian(medians_s)) if slow else 1.0
    return {
        number: f"changed regime: p50 is {stretch.level_s / usual:.1f} times the usual for a while, without more load"
        for stretch in slow
        for number in range(stretch.first, stretch.end)
        if medians_s[number] > math.sqrt(stretch.level_s * usual)  # a stretch of three may hold a slice that was not slow
    }


def _inside(numbers: Sequence[int], slice_s: float, ranges: Sequence[TimeRange]) -> dict[int, str]:
    """The slices that a range touches, with the label of the first that does."""
    return {
        n: r.label or "labelled"
        for r in reversed(ranges)
        for n in numbers
        if r.start_s < (n + 1) * slice_s and r.end_s > n * slice_s
    }
