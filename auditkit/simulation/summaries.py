"""From the requests of several seeds to results: journeys by phase, calls, workers, and when users were served as before."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from auditkit.simulation import columns as c
from auditkit.simulation.results import PHASES, BusyResult, CallPhase, CallResult, Figure, JourneyResult, PhaseResult
from auditkit.simulation.run import Outcomes
from auditkit.simulation.statistics import figure, share_figure

SPELL_S, SPELL_SHARE = 5, 0.02
"""A bad second counts where, in the five seconds around it, more than two answers in a hundred are bad beyond what was before."""


def journey_results(runs: Sequence[Outcomes], start_s: float, end_s: float) -> tuple[JourneyResult, ...]:
    """Every journey over several seeds; the fault lasts from `start_s` to `end_s`."""
    found = []
    for number, journey in enumerate(runs[0].compiled.journeys):
        deadline = float(runs[0].compiled.world.journeys_f[number, c.J_DEADLINE])
        mine = [np.flatnonzero(run.journey == number) for run in runs]
        phases = {}
        split = [_by_phase(run, rows, start_s, end_s) for run, rows in zip(runs, mine, strict=True)]
        for phase, of in zip(PHASES, zip(*split, strict=True), strict=True):
            if any(len(rows) for rows in of):
                phases[phase] = _phase(runs, of, deadline)
        back = [_recover(run, rows, start_s, end_s, deadline) for run, rows in zip(runs, mine, strict=True)]
        known = [seconds for seconds in back if seconds is not None]
        found.append(
            JourneyResult(
                journey=journey.id,
                phases=phases,
                recover_s=figure(known) if len(known) == len(back) and math.isfinite(end_s) else None,
                recovered=len(known) / len(back),
            )
        )
    return tuple(found)


def _by_phase(run: Outcomes, mine: Any, start_s: float, end_s: float) -> tuple[Any, Any, Any]:
    """The requests of each phase, by when they began; what was under way as the fault began is counted with it."""
    began = run.start_s[mine]
    before = (began < start_s) & (began + run.latency_s[mine] <= start_s)
    return mine[before], mine[~before & (began < end_s)], mine[~before & (began >= end_s)]


def _phase(runs: Sequence[Outcomes], of: Sequence[Any], deadline: float) -> PhaseResult:
    counts = [len(rows) for rows in of]
    parts = [_ends(run.codes[rows], run.latency_s[rows], deadline) for run, rows in zip(runs, of, strict=True)]
    shares = {name: share_figure([int(part[name].sum()) for part in parts], counts) for name in parts[0]}
    stale = share_figure([int(run.stale[rows].sum()) for run, rows in zip(runs, of, strict=True)], counts)
    answers = [
        np.sort(run.latency_s[rows][run.codes[rows] != c.UNANSWERED]) for run, rows in zip(runs, of, strict=True) if len(rows)
    ]
    tries = [float(run.attempts[rows].mean()) for run, rows in zip(runs, of, strict=True) if len(rows)]
    return PhaseResult(
        requests=sum(counts) / len(counts),
        **shares,
        stale=stale,
        p50_s=_quantile(answers, 0.5),
        p99_s=_quantile(answers, 0.99),
        attempts=figure(tries),
    )


def _ends(codes: Any, took: Any, deadline: float) -> dict[str, Any]:
    late = ((codes <= c.DEGRADED) & (took > deadline)) | (codes == c.UNANSWERED)
    error = codes == c.ERROR
    return {
        "full": (codes == c.OK) & ~late,
        "degraded": (codes == c.DEGRADED) & ~late,
        "error": error,
        "late": late,
        "bad": error | late,
    }


def _quantile(answers: Sequence[Any], p: float) -> Figure | None:
    """Nearest rank, ceil(p · n), in each seed."""
    if not all(len(took) for took in answers):
        return None
    return figure([float(took[math.ceil(p * len(took)) - 1]) for took in answers])


def _recover(run: Outcomes, mine: Any, start_s: float, end_s: float, deadline: float) -> float | None:
    """Seconds after the fault until the last second in which more is bad than before, beyond noise; None if that is the end.

    A second counts where its bad answers exceed the share before the fault by four standard deviations *and* it belongs to a
    spell: in the five seconds around it the share is so much greater as well, and by at least two in a hundred. So a stray
    error long afterwards does not stretch the time.
    """
    if not math.isfinite(end_s):
        return None
    starts = run.start_s[mine]
    bad = _ends(run.codes[mine], run.latency_s[mine], deadline)["bad"]
    early, late = starts + run.latency_s[mine] <= start_s, starts >= end_s
    usual = float(bad[early].mean()) if early.any() else 0.0
    seconds = math.ceil((float(run.start_s[-1]) if len(run.start_s) else end_s) - end_s)
    if seconds < 1 or not late.any():
        return 0.0
    at = np.minimum((starts[late] - end_s).astype(int), seconds - 1)
    all_, wrong = np.bincount(at, minlength=seconds), np.bincount(at[bad[late]], minlength=seconds)
    spell_all, spell_wrong = _around(all_), _around(wrong)
    clearly = np.maximum(_expected(spell_all, usual), (usual + SPELL_SHARE) * spell_all)
    worse = (wrong > _expected(all_, usual)) & (spell_wrong > clearly)
    last = np.flatnonzero(worse)
    if not len(last):
        return 0.0
    return None if last[-1] >= seconds - 2 else float(last[-1] + 1)


def _around(counts: Any) -> Any:
    """Sums over the five seconds around each."""
    return np.convolve(counts, np.ones(SPELL_S), "full")[SPELL_S // 2 : SPELL_S // 2 + len(counts)]


def _expected(of: Any, usual: float) -> Any:
    return of * usual + 4 * np.sqrt(np.maximum(of * usual * (1 - usual), 0.25))


COUNTED = {
    "calls": c.T_CALLS,
    "attempts": c.T_ATTEMPTS,
    "timeouts": c.T_TIMEOUTS,
    "errors": c.T_ERRORS,
    "pool_full": c.T_POOL_FULL,
    "breaker_refused": c.T_BREAKER_OPEN,
    "breaker_openings": c.T_OPENINGS,
    "retries": c.T_RETRIES,
    "fallbacks": c.T_FALLBACKS,
    "stale": c.T_STALE,
}


def call_results(runs: Sequence[Outcomes]) -> tuple[CallResult, ...]:
    """What happened on every call, by phase."""
    compiled = runs[0].compiled
    oldest = np.max([run.oldest_s for run in runs], axis=0)
    every = np.stack([run.tally for run in runs])
    return tuple(
        CallResult(
            call=f"{compiled.dependencies[leg.dependency].caller} -> {leg.target}",
            phases={
                phase: CallPhase(**{name: figure(every[:, n, row, column].tolist()) for name, column in COUNTED.items()})
                for n, phase in enumerate(PHASES)
                if every[:, n, row, c.T_CALLS].any()
            },
            oldest_s=round(float(oldest[leg.dependency]), 9) or None,
        )
        for row, leg in enumerate(compiled.legs)
    )


def busy_results(runs: Sequence[Outcomes], lengths_s: Sequence[float]) -> tuple[BusyResult, ...]:
    """How busy every component was; `lengths_s` are the lengths of the three phases."""
    spent = np.stack([run.busy for run in runs])
    known = [(n, phase, lengths_s[n]) for n, phase in enumerate(PHASES) if 0 < lengths_s[n] < math.inf]
    return tuple(
        BusyResult(
            component=name,
            busy={phase: figure((spent[:, n, row, 0] / length).tolist()) for n, phase, length in known},
            waiting={phase: figure((spent[:, n, row, 1] / length).tolist()) for n, phase, length in known},
            most_busy=max(int(run.most_busy[row]) for run in runs),
            longest_queue=max(int(run.longest_queue[row]) for run in runs),
        )
        for row, name in enumerate(runs[0].compiled.components)
    )
