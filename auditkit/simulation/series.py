"""A run second by second, for pictures: what users saw, breakers open, workers busy."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from auditkit.model.runs import BreakerSeries, BusySeries, JourneySeries, Series
from auditkit.simulation import columns as c
from auditkit.simulation.run import Outcomes


def series_of(runs: Sequence[Outcomes], settings: str = "") -> Series:
    """The series of one setup, run with several seeds; `settings` is what they are called.

    >>> from auditkit.model.system import System
    >>> from auditkit.simulation import Setup, run_once
    >>> shop = System.model_validate({"system": "s", "components": [{"id": "a", "concurrency": 4}, {"id": "b"}],
    ...     "dependencies": [{"from": "a", "to": "b"}], "journeys": [{"id": "j", "entry": "a", "rate": "50/s"}]})
    >>> seen = series_of([run_once(shop, {}, Setup(duration_s=3.0))])
    >>> seen.times_s, seen.journeys[0].full, seen.busy[0].workers
    ((0.0, 1.0, 2.0), (1.0, 1.0, 1.0), 4)
    """
    first = runs[0]
    steps, step = len(first.seen_busy), first.step_s
    marks = first.compiled.world.marks
    return Series(
        settings=settings,
        step_s=step,
        times_s=tuple(round(n * step, 9) for n in range(steps)),
        fault_s=(float(marks[0]), float(marks[-1]) if len(marks) > 1 else math.inf) if len(marks) else None,
        journeys=tuple(_journey(runs, number, steps) for number in range(len(first.compiled.journeys))),
        breakers=tuple(_breakers(runs)),
        busy=tuple(_busy(runs)),
    )


def _journey(runs: Sequence[Outcomes], number: int, steps: int) -> JourneySeries:
    compiled = runs[0].compiled
    deadline = float(compiled.world.journeys_f[number, c.J_DEADLINE])
    of = [run.journey == number for run in runs]
    starts, codes, took, stale, attempts = (
        np.concatenate([getattr(run, name)[mine] for run, mine in zip(runs, of, strict=True)])
        for name in ("start_s", "codes", "latency_s", "stale", "attempts")
    )
    at = np.minimum((starts / runs[0].step_s).astype(int), steps - 1)
    all_ = np.bincount(at, minlength=steps)
    late = ((codes <= c.DEGRADED) & (took > deadline)) | (codes == c.UNANSWERED)

    def share(which: np.ndarray) -> tuple[float, ...]:
        return tuple((np.bincount(at[which], minlength=steps) / np.maximum(all_, 1)).round(9).tolist())

    answered = codes != c.UNANSWERED
    order = np.lexsort((took[answered], at[answered]))
    sorted_took, counts = took[answered][order], np.bincount(at[answered], minlength=steps)
    ends = np.cumsum(counts)
    p99 = tuple(float(sorted_took[end - n + math.ceil(0.99 * n) - 1]) if n else None for n, end in zip(counts, ends, strict=True))
    return JourneySeries(
        journey=compiled.journeys[number].id,
        deadline_s=None if math.isinf(deadline) else deadline,
        requests=tuple((all_ / len(runs) / runs[0].step_s).tolist()),
        full=share((codes == c.OK) & ~late),
        degraded=share((codes == c.DEGRADED) & ~late),
        error=share(codes == c.ERROR),
        late=share(late),
        stale=share(stale == 1),
        attempts=tuple((np.bincount(at, weights=attempts, minlength=steps) / np.maximum(all_, 1)).round(9).tolist()),
        p99_s=p99,
    )


def _breakers(runs: Sequence[Outcomes]) -> list[BreakerSeries]:
    compiled = runs[0].compiled
    found = []
    for number, leg in enumerate(compiled.legs):
        row = compiled.world.legs_i[number]
        if row[c.L_BREAKER] == 0:
            continue
        callers = int(np.diff(compiled.comps[row[c.L_CALLER] : row[c.L_CALLER] + 2, c.C_FIRST])[0])
        share = np.mean([run.seen_open[:, number] for run in runs], axis=0) / callers
        name = f"{compiled.dependencies[leg.dependency].caller} -> {leg.target}"
        found.append(BreakerSeries(call=name, open=tuple(share[:, 0].tolist()), half_open=tuple(share[:, 1].tolist())))
    return found


def _busy(runs: Sequence[Outcomes]) -> list[BusySeries]:
    compiled = runs[0].compiled
    spent = np.diff(np.mean([run.seen_busy for run in runs], axis=0), axis=0, prepend=0.0) / runs[0].step_s
    spent = np.maximum(0.0, spent).round(9)
    found = []
    for number, name in enumerate(compiled.components):
        first, after = (int(compiled.comps[n, c.C_FIRST]) for n in (number, number + 1))
        workers = compiled.instances[first:after, c.I_WORKERS]
        known = int(workers.sum()) if (workers >= 0).all() else None
        busy, waiting = spent[:, number, 0], spent[:, number, 1]
        found.append(BusySeries(component=name, workers=known, busy=tuple(busy.tolist()), waiting=tuple(waiting.tolist())))
    return found
