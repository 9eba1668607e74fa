"""What a simulation says: per journey and phase, with intervals over seeds, and a verdict on a hypothesis. Frozen nouns."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

import numpy as np

from auditkit.model.failure import Assumption
from auditkit.model.noun import Noun
from auditkit.simulation import columns as c
from auditkit.simulation.run import Outcomes

Phase = Literal["before", "during", "after"]
PHASES: tuple[Phase, ...] = ("before", "during", "after")
Verdict = Literal["holds", "fails", "cannot tell"]
STUDENT = {2: 12.706, 3: 4.303, 4: 3.182, 5: 2.776, 6: 2.571, 7: 2.447, 8: 2.365, 9: 2.306, 10: 2.262}
"""97.5 % quantiles of Student's t by the number of runs; beyond, the normal one is near enough."""


class Figure(Noun):
    """A mean over seeds with its two-sided 95 % interval; without one where there is a single seed."""

    mean: float
    lo: float | None = None
    hi: float | None = None


class PhaseResult(Noun):
    """What users of one journey saw in one phase. Shares 0..1 of all requests that began in it; p50 and p99 of all answers.

    `late` are full or degraded answers after the deadline, and requests that got no answer at all.
    """

    requests: float
    full: Figure
    degraded: Figure
    error: Figure
    late: Figure
    p50_s: Figure | None = None
    p99_s: Figure | None = None
    attempts: Figure


class JourneyResult(Noun):
    """One journey, phase by phase. `recover_s`: from the end of the fault until users are served as before; None if never."""

    journey: str
    phases: dict[Phase, PhaseResult]
    recover_s: float | None = None


class CallResult(Noun):
    """One call over the whole run, means over seeds: how often it was asked, tried, refused, and its breakers opened."""

    call: str
    calls: float
    attempts: float
    timeouts: float
    errors: float
    pool_full: float
    breaker_refused: float
    breaker_openings: float
    fallbacks: float


class BusyResult(Noun):
    """Mean workers busy in all instances of a component, and requests waiting, by phase; most busy in one instance."""

    component: str
    busy: dict[Phase, float]
    waiting: dict[Phase, float]
    most_busy: int
    longest_queue: int


class RunResult(Noun):
    """One experiment under one set of settings."""

    experiment: str
    settings: Literal["today", "proposed"]
    seeds: tuple[int, ...]
    fault: str
    journeys: tuple[JourneyResult, ...]
    calls: tuple[CallResult, ...] = ()
    busy: tuple[BusyResult, ...] = ()
    verdict: Verdict
    why: str
    assumptions: tuple[Assumption, ...] = ()


class Bounds(Noun):
    """A journey's hypothesis: bad answers (errors and late ones) at most this share while the fault lasts."""

    journey: str
    bad_at_most: float


def figure(values: Sequence[float]) -> Figure:
    """Mean and interval of one figure over seeds.

    >>> figure([0.1, 0.2, 0.3]).mean
    0.2
    """
    n = len(values)
    mean = round(math.fsum(values) / n, 12)
    if n < 2:
        return Figure(mean=mean)
    half = STUDENT.get(n, 2.2) * float(np.std(values, ddof=1)) / math.sqrt(n)
    return Figure(mean=mean, lo=round(mean - half, 12), hi=round(mean + half, 12))


def journey_results(runs: Sequence[Outcomes], start_s: float, end_s: float) -> tuple[JourneyResult, ...]:
    """Every journey over several seeds; the fault lasts from `start_s` to `end_s`."""
    found = []
    for number, journey in enumerate(runs[0].compiled.journeys):
        deadline = float(runs[0].compiled.world.journeys_f[number, c.J_DEADLINE])
        phases = {}
        for phase, since, until in zip(PHASES, (0.0, start_s, end_s), (start_s, end_s, math.inf), strict=True):
            rows = [_shares(run, number, since, until, deadline) for run in runs]
            rows = [row for row in rows if row["requests"]]
            if rows:
                phases[phase] = _phase(rows)
        found.append(JourneyResult(journey=journey.id, phases=phases, recover_s=_recover(runs, number, start_s, end_s, deadline)))
    return tuple(found)


def _shares(run: Outcomes, journey: int, since: float, until: float, deadline: float) -> dict[str, float]:
    of = (run.journey == journey) & (run.start_s >= since) & (run.start_s < until)
    n = int(of.sum())
    if n == 0:
        return {"requests": 0}
    codes, took = run.codes[of], run.latency_s[of]
    good = codes <= c.DEGRADED
    late = (good & (took > deadline)) | (codes == c.UNANSWERED)
    answered = np.sort(took[codes != c.UNANSWERED])
    quantiles = {}
    if len(answered):
        quantiles = {
            "p50": float(answered[math.ceil(0.5 * len(answered)) - 1]),
            "p99": float(answered[math.ceil(0.99 * len(answered)) - 1]),
        }
    return {
        "requests": n,
        "full": float(((codes == c.OK) & ~late).mean()),
        "degraded": float(((codes == c.DEGRADED) & ~late).mean()),
        "error": float((codes == c.ERROR).mean()),
        "late": float(late.mean()),
        "attempts": float(run.attempts[of].mean()),
        **quantiles,
    }


def _phase(rows: Sequence[Mapping[str, float]]) -> PhaseResult:
    def over(name: str) -> Figure:
        return figure([row[name] for row in rows])

    answered = all("p50" in row for row in rows)
    return PhaseResult(
        requests=math.fsum(row["requests"] for row in rows) / len(rows),
        full=over("full"),
        degraded=over("degraded"),
        error=over("error"),
        late=over("late"),
        p50_s=over("p50") if answered else None,
        p99_s=over("p99") if answered else None,
        attempts=over("attempts"),
    )


def _recover(runs: Sequence[Outcomes], journey: int, start_s: float, end_s: float, deadline: float) -> float | None:
    """Seconds after the fault until bad answers are no more than before: from then on no second is worse than noise explains.

    By seconds, over all seeds; a second counts as bad where more than the share before it, plus four standard deviations, is bad.
    """
    if not math.isfinite(end_s):
        return None
    seconds = math.ceil(max((float(run.start_s[-1]) for run in runs if len(run.start_s)), default=end_s) - end_s)
    bad, all_ = np.zeros(max(1, seconds)), np.zeros(max(1, seconds))
    before_bad = before_all = 0
    for run in runs:
        mine = run.journey == journey
        wrong = (run.codes >= c.ERROR) | (run.latency_s > deadline)
        early = mine & (run.start_s < start_s)
        before_bad, before_all = before_bad + int((wrong & early).sum()), before_all + int(early.sum())
        after = mine & (run.start_s >= end_s)
        at = np.minimum((run.start_s[after] - end_s).astype(int), len(all_) - 1)
        all_ += np.bincount(at, minlength=len(all_))
        bad += np.bincount(at[wrong[after]], minlength=len(all_))
    share = before_bad / before_all if before_all else 0.0
    worse = np.flatnonzero(bad > all_ * share + 4 * np.sqrt(np.maximum(all_ * share * (1 - share), 0.25)))
    if not len(worse):
        return 0.0
    return None if worse[-1] >= len(all_) - 2 else float(worse[-1] + 1)


def call_results(runs: Sequence[Outcomes]) -> tuple[CallResult, ...]:
    """What happened on every call, means over seeds."""
    compiled = runs[0].compiled
    sums = np.mean([run.tally.sum(axis=0) for run in runs], axis=0)
    return tuple(
        CallResult(
            call=f"{compiled.dependencies[leg.dependency].caller} -> {leg.target}",
            calls=row[c.T_CALLS],
            attempts=row[c.T_ATTEMPTS],
            timeouts=row[c.T_TIMEOUTS],
            errors=row[c.T_ERRORS],
            pool_full=row[c.T_POOL_FULL],
            breaker_refused=row[c.T_BREAKER_OPEN],
            breaker_openings=row[c.T_OPENINGS],
            fallbacks=row[c.T_FALLBACKS],
        )
        for leg, row in zip(compiled.legs, sums.tolist(), strict=False)
    )


def busy_results(runs: Sequence[Outcomes], lengths_s: Sequence[float]) -> tuple[BusyResult, ...]:
    """How busy every component was; `lengths_s` are the lengths of the three phases."""
    spent = np.mean([run.busy for run in runs], axis=0)
    return tuple(
        BusyResult(
            component=name,
            busy={p: float(spent[i, row, 0]) / lengths_s[i] for i, p in enumerate(PHASES) if 0 < lengths_s[i] < math.inf},
            waiting={p: float(spent[i, row, 1]) / lengths_s[i] for i, p in enumerate(PHASES) if 0 < lengths_s[i] < math.inf},
            most_busy=max(int(run.most_busy[row]) for run in runs),
            longest_queue=max(int(run.longest_queue[row]) for run in runs),
        )
        for row, name in enumerate(runs[0].compiled.components)
    )


def verdict(journeys: Iterable[JourneyResult], bounds: Sequence[Bounds]) -> tuple[Verdict, str]:
    """Whether every bounded journey kept its bound while the fault lasted, judged by the 95 % interval of bad answers.

    Outside the interval it `fails` or `holds`; where the interval lies across the bound, one cannot tell; nor without bounds.
    """
    by_id = {j.journey: j for j in journeys}
    words, unsure = [], not bounds
    fails = False
    for bound in bounds:
        phase = by_id[bound.journey].phases.get("during") if bound.journey in by_id else None
        if phase is None:
            unsure = True
            words.append(f"{bound.journey}: not one request during the fault")
            continue
        bad = phase.error.mean + phase.late.mean
        lo = sum(f.mean if f.lo is None else f.lo for f in (phase.error, phase.late))
        hi = sum(f.mean if f.hi is None else f.hi for f in (phase.error, phase.late))
        words.append(f"{bound.journey}: {bad:.2%} bad, bound {bound.bad_at_most:.2%}")
        fails |= lo > bound.bad_at_most
        unsure |= lo <= bound.bad_at_most < hi
    why = "; ".join(words) if words else "no journey has an objective that could be missed"
    return ("fails" if fails else "cannot tell" if unsure else "holds"), why
