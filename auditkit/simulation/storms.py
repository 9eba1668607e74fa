"""Where retries keep a callee down after the trigger has gone: load × attempts × queue, cell by cell. Frozen nouns.

A caller without limits asks one callee; for a while nothing is answered, then all is as before. Each cell says whether users
are served again. With an endless queue the closed form is load × attempts < 1; a queue short enough to be answered within the
timeout sheds what nobody waits for any longer, and recovers at any load that it can carry.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from auditkit.model.noun import Noun
from auditkit.model.system import Retry, System
from auditkit.simulation import columns as c
from auditkit.simulation.compile import budget_of
from auditkit.simulation.parallel import THREADS, each
from auditkit.simulation.run import run_once
from auditkit.simulation.setup import Budget, Fault, Law, Setup

LOADS = (0.1, 0.15, 0.2, 0.24, 0.26, 0.3, 0.4, 0.48, 0.52, 0.6, 0.7, 0.8, 0.9)
ATTEMPTS = (1, 2, 3, 4)
MOST_WORKERS = 4
"""A larger callee is simulated as one of so many workers, its load and its queue in proportion."""
QUIET, TRIGGER, PATIENCE, LAST = 10.0, 20.0, 600.0, 40.0
"""In timeouts: how long all is well, how long nothing is answered, how long recovery may take, of which the last part counts."""
SERVED = 0.99
"""Share of full answers from which on users are served again."""


@dataclass(frozen=True, slots=True)
class Callee:
    """One callee as its callers see it: workers, law and mean of its latency, timeout and retries of the call, in seconds.

    `load` is the share of the workers (0..1) that are busy at peak while all is well, None where nobody knows; `queue` how many
    may wait for each worker, None without end.
    """

    call: str
    workers: int
    law: Law
    mean_s: float
    timeout_s: float
    retry: Retry | None = None
    load: float | None = None
    queue: float | None = None


class Cell(Noun):
    """One point: `load` (0..1 of the workers), attempts a call at most, places to wait for each worker (None without end)."""

    load: float
    attempts: int
    queue: float | None
    recovers: bool


class Safe(Noun):
    """The greatest load that was tried below which every one recovers, 0 where none does; and what the closed form says.

    `closed_form` is 1 / attempts, the bound of an endless queue.
    """

    attempts: int
    queue: float | None
    load: float
    closed_form: float


class StormMap(Noun):
    """Every cell, the safe load of each column, and where the call is today. Retries are without a budget, but for `as_set`.

    `as_set` is the safe load with the call's own attempts, budget and queue; `margin` how far the load of today (0..1) may grow
    until then, negative where it is beyond; None where the load is not known.
    """

    call: str
    timeout_s: float
    load: float | None
    attempts: int
    queue: float | None
    budget: float | None
    cells: tuple[Cell, ...]
    safe: tuple[Safe, ...]
    as_set: float
    margin: float | None
    trigger_s: float
    patience_s: float


@dataclass(frozen=True, slots=True)
class _Point:
    callee: Callee
    load: float
    attempts: int
    queue: float | None
    budget: Budget | None
    seed: int


def storm_map(
    callee: Callee,
    loads: Sequence[float] = LOADS,
    attempts: Sequence[int] = ATTEMPTS,
    queues: Sequence[float | None] | None = None,
    *,
    seed: int = 1,
    backend: str = THREADS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> StormMap:
    """The map of one callee. `queues` by default: half and twice of what is answered within the timeout, and without end."""
    rooms = queues_of(callee) if queues is None else tuple(queues)
    own = callee.retry.max_attempts if callee.retry else 1
    budget = budget_of(callee.retry) if callee.retry and callee.retry.budget is not None else None
    grid = [_Point(callee, load, n, room, None, seed) for room in rooms for n in attempts for load in loads]
    grid += [_Point(callee, load, own, callee.queue, budget, seed) for load in loads]
    found: dict[int, bool] = {}
    progress(0, len(grid))
    for done, (n, recovers) in enumerate(each(_recovers, grid, backend), 1):
        found[n] = recovers
        progress(done, len(grid))
    cells = tuple(
        Cell(load=p.load, attempts=p.attempts, queue=p.queue, recovers=found[n]) for n, p in enumerate(grid[: -len(loads)])
    )
    columns: dict[tuple[int, float | None], list[tuple[float, bool]]] = {}
    for cell in cells:
        columns.setdefault((cell.attempts, cell.queue), []).append((cell.load, cell.recovers))
    as_set = _safe([(p.load, found[len(cells) + n]) for n, p in enumerate(grid[-len(loads) :])])
    return StormMap(
        call=callee.call,
        timeout_s=callee.timeout_s,
        load=callee.load,
        attempts=own,
        queue=callee.queue,
        budget=callee.retry.budget if callee.retry else None,
        cells=cells,
        safe=tuple(Safe(attempts=n, queue=room, load=_safe(column), closed_form=1 / n) for (n, room), column in columns.items()),
        as_set=as_set,
        margin=None if callee.load is None else round(as_set - callee.load, 12),
        trigger_s=TRIGGER * callee.timeout_s,
        patience_s=PATIENCE * callee.timeout_s,
    )


def queues_of(callee: Callee) -> tuple[float | None, ...]:
    """Places for each worker: half and twice of what is answered within the timeout, and without end.

    >>> queues_of(Callee("a -> b", 4, Law("constant", 0.1), 0.1, 0.8))
    (4.0, 16.0, None)
    """
    fit = callee.timeout_s / callee.mean_s
    return float(max(1, round(fit / 2))), float(max(2, round(2 * fit))), None


def _safe(column: Sequence[tuple[float, bool]]) -> float:
    best = 0.0
    for load, recovers in sorted(column):
        if not recovers:
            break
        best = load
    return best


def _recovers(point: _Point) -> bool:
    """Whether users are served again at the end of the patience."""
    callee, unit = point.callee, point.callee.timeout_s
    workers = min(callee.workers, MOST_WORKERS)
    end = (QUIET + TRIGGER + PATIENCE) * unit
    setup = Setup(
        seed=point.seed,
        duration_s=end,
        drain_s=2 * unit * point.attempts,
        faults=(Fault("hang", "callee", QUIET * unit, TRIGGER * unit),),
        laws={"callee": callee.law},
        budgets={} if point.budget is None else {"callee": _in_proportion(point.budget, workers / callee.workers)},
        rates={"calls": point.load * workers / callee.mean_s},
    )
    out = run_once(_pair(point, workers), {}, setup)
    last = out.codes[out.start_s > end - LAST * unit]
    return bool(len(last) and (last == c.OK).mean() >= SERVED)


def _in_proportion(budget: Budget, share: float) -> Budget:
    return Budget(size=max(1.0, budget.size * share), per_call=budget.per_call, per_s=budget.per_s * share)


def _pair(point: _Point, workers: int) -> System:
    again = point.callee.retry
    retries = {
        "max_attempts": point.attempts,
        "backoff": again.backoff_s if again and again.backoff_s else 0.0,
        "multiplier": again.multiplier if again and again.multiplier else 1.0,
        "jitter": again.jitter if again and again.jitter else "none",
    }
    policy = {"timeout": point.callee.timeout_s, "retry": retries, "circuit_breaker": "none", "bulkhead": "none"}
    room = "none" if point.queue is None else math.ceil(point.queue * workers)
    return System.model_validate(
        {
            "system": "storm",
            "components": [{"id": "caller", "concurrency": "none"}, {"id": "callee", "concurrency": workers, "queue": room}],
            "dependencies": [{"from": "caller", "to": "callee", "on_failure": "fail", "policy": policy}],
            "journeys": [{"id": "calls", "entry": "caller"}],
        }
    )
