"""Each counted call as a `LatencyProfile`."""

from __future__ import annotations

from typing import Any

import numpy as np

from auditkit.latency.counting import Counted
from auditkit.latency.duck import Duck
from auditkit.latency.exact import exact_ranks
from auditkit.latency.profile import busiest_slices, by_slice, ladder, mean_s, outcomes_of, quantile, slices_of
from auditkit.latency.reduce import ALPHA, OK, TIMEOUT, Reduced
from auditkit.model.latency import Bounds, LatencyProfile, call_name

FEWEST_SLICES = 20


def describe(duck: Duck, counted: Counted) -> tuple[LatencyProfile, ...]:
    """A profile for each call that was counted, in order of their names."""
    reduced = counted.reduced
    rows = [reduced.of(reduced.call == index) for index in range(len(reduced.calls))]
    answers = [ladder(part.of(part.outcome == OK)) for part in rows]
    timeouts = [int(part.n[part.outcome == TIMEOUT].sum()) for part in rows]
    at_hand = [i for i, call in enumerate(reduced.calls) if counted.about[call].exact]
    wanted = [(reduced.calls[i], answers[i], timeouts[i]) for i in at_hand]
    values = dict(zip(at_hand, exact_ranks(duck, counted.samples, wanted, _successful, "samples"), strict=True))
    return tuple(
        _profile(counted, index, rows[index], values.get(index, {}), exact=index in values) for index in range(len(reduced.calls))
    )


def _successful(samples: Any) -> Any:
    return samples.filter(samples.outcome == "ok")


def _profile(counted: Counted, index: int, rows: Reduced, values: dict[int, float], *, exact: bool) -> LatencyProfile:
    call, about = counted.reduced.calls[index], counted.about[counted.reduced.calls[index]]
    good = rows.of(rows.outcome == OK)
    answers, cut_off = ladder(good), int(rows.n[rows.outcome == TIMEOUT].sum())
    slices, busy = slices_of(rows), busiest_slices(rows)
    in_busy = np.isin(good.slice, busy)
    table = by_slice(good, answers) if len(slices) >= FEWEST_SLICES else None
    quantiles = {name: quantile(answers, p, cut_off, values, table) for name, p in _QUANTILES.items()}
    calls_when_busy = int(rows.n[np.isin(rows.slice, busy)].sum())
    finite = np.isfinite(rows.start_s)
    return LatencyProfile(
        call=call_name(*call),
        caller=call.caller,
        callee=call.callee,
        operation=call.operation,
        sources=about.sources,
        ok=answers.histogram(),
        busiest=ladder(good.of(in_busy)).histogram() if len(busy) else None,
        **outcomes_of(rows),
        min_s=float(answers.lo_s[0]) if answers.total else 0.0,
        max_s=float(answers.hi_s.max()) if answers.total else 0.0,
        mean_s=mean_s(answers),
        **quantiles,
        start_s=float(rows.start_s[finite].min()) if finite.any() else None,
        end_s=float(rows.end_s[finite].max()) if finite.any() else None,
        slices=len(slices),
        slice_s=counted.slice_s,
        busiest_rate_per_s=calls_when_busy / (len(busy) * counted.slice_s) if len(busy) and counted.slice_s else None,
        side=about.side,
        loop=about.loop,
        relative_error=0.0 if exact else ALPHA if about.exact else 0.0,
        warnings=_warnings(rows, len(slices)),
    )


_QUANTILES = {"p50": 0.5, "p95": 0.95, "p99": 0.99, "p999": 0.999}


def _warnings(rows: Reduced, slices: int) -> tuple[str, ...]:
    """What a reader of this profile has to know, in sentences."""
    counts = outcomes_of(rows)
    zero = int(rows.n[(rows.outcome == OK) & (rows.hi_s == 0)].sum())
    notes = []
    if 0 < slices < FEWEST_SLICES:
        notes.append(f"valid for this window only: {slices} time slices, fewer than {FEWEST_SLICES}")
    if counts["rejected"]:
        notes.append(f"{counts['rejected']} negative or unreadable durations left out")
    if zero:
        notes.append(f"{zero} durations of exactly zero: is the clock too coarse?")
    return tuple(notes)


def from_percentiles(counted: Counted) -> tuple[LatencyProfile, ...]:
    """Profiles of exports that hold only percentile columns: figures without any bound, and no samples."""
    from auditkit.model.latency import Histogram

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
