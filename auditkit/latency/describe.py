"""Each counted call as a `LatencyProfile`, from the slices that count as normal."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.latency.bursts import Bursts, bursts_of
from auditkit.latency.censoring import Censored, censored
from auditkit.latency.counting import About, Counted
from auditkit.latency.duck import Duck
from auditkit.latency.exact import Wanted, exact_ranks
from auditkit.latency.normal import LeftOut, Selection, TimeRange, select
from auditkit.latency.omission import FACTOR, open_loop_quantile
from auditkit.latency.profile import (
    Exact,
    Ladder,
    busiest_slices,
    by_slice,
    cut_of,
    ladder,
    mean_s,
    outcomes_of,
    quantile,
    slices_of,
)
from auditkit.latency.reduce import ALPHA, OK, Call, Reduced
from auditkit.latency.regime import drift, medians, shift, two_groups, warm_up
from auditkit.latency.statistics import bootstrap_by_slice, nearest_rank
from auditkit.latency.wander import wander
from auditkit.model.latency import Bounds, Histogram, LatencyProfile, call_name
from auditkit.units import format_duration

FEWEST_SLICES = 20
Counts = npt.NDArray[np.int64]
_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


@dataclass(frozen=True, slots=True)
class Described:
    """Profiles in order of their calls, what was left out of them, and what holds for all."""

    profiles: tuple[LatencyProfile, ...]
    left_out: tuple[LeftOut, ...]
    notes: tuple[str, ...]


def describe(
    duck: Duck | None,
    counted: Counted,
    incidents: Sequence[TimeRange] = (),
    keep: Sequence[TimeRange] = (),
    *,
    select_normal: bool = True,
) -> Described:
    """A profile for each call. With `duck`, quantiles of single samples are exact; without, within the buckets' error."""
    reduced, slice_s = counted.reduced, counted.slice_s
    parts = [censored(rows) for rows in reduced.by_call()]
    selection = select([part.rows for part in parts], slice_s, incidents, keep) if select_normal else Selection({})
    normal = [_without(part.rows, selection.of(index)) for index, part in enumerate(parts)]
    ladders = [ladder(rows.of(rows.outcome == OK)) for rows in normal]
    exact: list[Exact] = [{} for _ in parts]
    bursts: dict[int, Bursts] = {}
    at_hand = [i for i, call in enumerate(reduced.calls) if duck is not None and counted.about[call].exact]
    if duck is not None and at_hand:
        wanted = [Wanted(reduced.calls[i], ladders[i], cut_of(normal[i]).total, selection.of(i)) for i in at_hand]
        for index, values in zip(at_hand, exact_ranks(duck, counted.samples, wanted, slice_s), strict=True):
            exact[index] = values
        seen = bursts_of(duck, counted.samples, [reduced.calls[i] for i in at_hand], [normal[i] for i in at_hand], slice_s)
        bursts.update(zip(at_hand, seen, strict=True))
    profiles = []
    for index, (call, part) in enumerate(zip(reduced.calls, parts, strict=True)):
        about, error = counted.about[call], 0.0 if duck is not None or not counted.about[call].exact else ALPHA
        left_out = len(selection.reasons.get(index, {}))
        profile = _profile(call, about, slice_s, part, normal[index], ladders[index], exact[index], left_out, error)
        seen_of = bursts.get(index, Bursts())
        profiles.append(
            profile.model_copy(update={"peakedness": seen_of.peakedness, "error_correlation": seen_of.error_correlation})
        )
    return Described(tuple(profiles), _left_out(selection, reduced.calls, slice_s), selection.notes)


def _without(rows: Reduced, left_out: npt.NDArray[np.int64]) -> Reduced:
    return rows.of(~np.isin(rows.slice, left_out)) if len(left_out) else rows


def _profile(
    call: Call,
    about: About,
    slice_s: float | None,
    part: Censored,
    rows: Reduced,
    answers: Ladder,
    exact: Exact,
    left_out: int,
    error: float,
) -> LatencyProfile:
    good = rows.of(rows.outcome == OK)
    cut = cut_of(rows)
    slices, busy = slices_of(rows), busiest_slices(rows)
    table = by_slice(good, answers) if len(slices) else None
    drawn = bootstrap_by_slice(table, tuple(_QUANTILES.values())) if table is not None else None
    quantiles = {
        name: quantile(answers, p, cut, exact, drawn[place] if drawn else None)
        for place, (name, p) in enumerate(_QUANTILES.items())
    }
    open_s = open_loop_quantile(answers, 0.99) if about.loop == "closed" else None
    whole = ladder(part.rows.of(part.rows.outcome == OK))
    omitted = open_s is not None and open_s > FACTOR * quantiles["p99"].point
    return LatencyProfile(
        call=call_name(*call),
        caller=call.caller,
        callee=call.callee,
        operation=call.operation,
        sources=about.sources,
        ok=answers.histogram(),
        busiest=ladder(good.of(np.isin(good.slice, busy))).histogram() if len(busy) else None,
        **outcomes_of(rows),
        min_s=float(answers.lo_s[0]) if answers.total else 0.0,
        max_s=float(answers.hi_s[np.isfinite(answers.hi_s)].max(initial=0.0)),
        mean_s=mean_s(answers),
        **quantiles,
        start_s=about.start_s,
        end_s=about.end_s,
        slices=len(slices),
        slice_s=slice_s,
        left_out_slices=left_out,
        busiest_rate_per_s=int(rows.n[np.isin(rows.slice, busy)].sum()) / (len(busy) * slice_s)
        if len(busy) and slice_s
        else None,
        tail_wander=None if table is None else _wander(table, answers),
        cut_off_at_s=part.last_cut_s,
        p99_all=quantile(whole, 0.99, cut_of(part.rows), {}) if left_out else None,
        ok_all=whole.histogram() if left_out else None,
        timeouts_all=cut_of(part.rows).total if left_out else 0,
        tail_wander_all=_wander(by_slice(part.rows.of(part.rows.outcome == OK), whole), whole) if left_out else None,
        p99_if_open_s=open_s if omitted else None,
        side=about.side,
        loop=about.loop,
        relative_error=error,
        warnings=(
            *part.notes,
            *_warnings(rows, answers, table, slice_s, left_out),
            *_omission(quantiles["p99"], open_s if omitted else None),
        ),
    )


def _wander(table: Counts, answers: Ladder) -> float | None:
    """How far the share of answers beyond p99 wanders over the slices."""
    return wander(table, answers.column(nearest_rank(answers.total, 0.99))) if answers.total else None


def _warnings(rows: Reduced, answers: Ladder, table: Counts | None, slice_s: float | None, left_out: int) -> tuple[str, ...]:
    """What a reader of this profile has to know, in sentences."""
    counts, slices = outcomes_of(rows), len(slices_of(rows))
    zero = int(rows.n[(rows.outcome == OK) & (rows.hi_s == 0)].sum())
    notes: list[str | None] = []
    if 0 < slices < FEWEST_SLICES:
        notes.append(f"valid for this window only: {slices} time slices, fewer than {FEWEST_SLICES}")
    if left_out and not slices:
        notes.append("every time slice is left out: nothing here counts as normal")
    if counts["rejected"]:
        notes.append(f"{counts['rejected']} negative or unreadable durations left out")
    if zero:
        notes.append(f"{zero} durations of exactly zero: is the clock too coarse?")
    if table is not None and slice_s is not None and answers.total:
        levels = medians(table, answers)
        warm = warm_up(levels, slice_s)
        answered = slices_of(rows.of(rows.outcome == OK))
        notes += [warm, None if warm else shift(levels, table.sum(axis=1), answered, slice_s) or drift(levels)]
    notes.append(two_groups(answers))
    return tuple(note for note in notes if note)


def _omission(p99: Bounds, open_s: float | None) -> tuple[str, ...]:
    if open_s is None:
        return ()
    figures = f"p99 is {_text(p99.point)} as measured, up to {_text(open_s)} had calls kept coming"
    return (f"coordinated omission: while an answer was slow, its user called nothing; {figures}",)


def _left_out(selection: Selection, calls: Sequence[Call], slice_s: float | None) -> tuple[LeftOut, ...]:
    """Slices left out, one line each; what holds for all calls is told once."""
    found: dict[tuple[int, str], list[int]] = {}
    for index, reasons in selection.reasons.items():
        for number, reason in reasons.items():
            found.setdefault((number, reason), []).append(index)
    lines = []
    for (number, reason), indices in sorted(found.items()):
        start, end = number * (slice_s or 0.0), (number + 1) * (slice_s or 0.0)
        names = [None] if len(indices) == len(calls) else [call_name(*calls[i]) for i in indices]
        lines += [LeftOut(start, end, name, reason) for name in names]
    return tuple(lines)


def from_percentiles(counted: Counted) -> tuple[LatencyProfile, ...]:
    """Profiles of exports that hold only percentile columns: figures without any bound, and no samples."""
    found = []
    for call, figures, sources in counted.percentiles:
        p50, p99 = figures["p50_s"] or 0.0, figures["p99_s"] or 0.0
        open_ended = Bounds(point=p99, lo=0.0, hi=None)
        found.append(
            LatencyProfile(
                call=call_name(*call), caller=call.caller, callee=call.callee, operation=call.operation, sources=sources,
                ok=Histogram(), n=0, min_s=0.0, max_s=p99, mean_s=p50, p50=Bounds(point=p50, lo=0.0, hi=None), p95=open_ended,
                p99=open_ended, p999=open_ended, side=counted.about[call].side, loop=counted.about[call].loop,
                warnings=("only percentiles of time slices are known: the largest is shown, and nothing bounds it",),
            )
        )  # fmt: skip
    return tuple(found)


def _text(seconds: float) -> str:
    return format_duration(float(f"{seconds:.3g}"))
