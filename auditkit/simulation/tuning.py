"""One figure at many values on common random numbers: which values are as good as the best. Frozen nouns.

Neither minutes with a fault nor healthy ones alone say how large a figure should be: a tiny pool contains every fault and
refuses healthy requests. So what a request loses is averaged over both, with the share of the time in which something is wrong
as a stated assumption. All values meet the same requests, latencies and errors, so they are compared in pairs, not mean by mean;
and faults last differently long from seed to seed, lest a pause of a breaker be praised for ending as the only fault ends.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np

from auditkit.model.audit import Experiment
from auditkit.model.latency import LatencyProfile
from auditkit.model.noun import Noun
from auditkit.model.system import System
from auditkit.simulation import columns as c
from auditkit.simulation.experiments import BEFORE_S, DURING_S, run_seeds, setup_of
from auditkit.simulation.parallel import THREADS, each
from auditkit.simulation.results import Figure
from auditkit.simulation.run import Outcomes
from auditkit.simulation.setup import Setup
from auditkit.simulation.statistics import figure

SEEDS = 8
FAULT_SHARE = 0.01
"""Share of the time in which the fault is there or its consequences are: seven hours a month."""
DEGRADED_LOSS = 0.5
"""What a degraded answer loses of a request; a full one nothing, an error or a late one all of it."""
MARGIN = 0.0001
"""Losses (0..1) that are closer than this count as equal: a tenth of the false timeouts that are allowed."""

Figures = Literal["timeout_s", "max_attempts", "failure_rate", "window_s", "open_for_s", "max_concurrent"]


class Tried(Noun):
    """One value. Losses are means of what a request loses (0..1), weighted by the journeys' values.

    `worse_by` is the loss beyond that of the best value, in pairs of equal seeds, with its 95 % interval.
    """

    value: float
    healthy_loss: float
    fault_loss: float
    worse_by: Figure
    as_good: bool


class Tuning(Noun):
    """One figure of one call: what the closed form gives, what was tried around it, and which values are as good as the best.

    `plateau` holds the least and the greatest of the neighbouring values whose loss is not shown (95 %) to be greater than the
    best's by more than `MARGIN`; `on_plateau` says whether the closed form's lies within. `experiment` is the fault that was
    simulated, for `fault_share` of the time.
    """

    dependency: str
    figure: Figures
    closed_form: float
    plateau: tuple[float, float]
    on_plateau: bool
    tried: tuple[Tried, ...]
    experiment: str
    fault_share: float
    seeds: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class _Value:
    """What one task needs: a system with one value in it, and where the losses are looked for."""

    system: System
    profiles: Mapping[str, LatencyProfile]
    setup: Setup
    seeds: int


def tune(
    dependency: str,
    name: Figures,
    closed_form: float,
    candidates: Mapping[float, System],
    profiles: Mapping[str, LatencyProfile],
    experiment: Experiment,
    *,
    fault_share: float = FAULT_SHARE,
    seed: int = 1,
    seeds: int = SEEDS,
    backend: str = THREADS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> Tuning:
    """Simulate every candidate, healthy and under the experiment's fault, and say which cannot be told from the best.

    `candidates` are systems by value; the closed form's own is one of them. Raises what `run_once` raises.
    """
    values = sorted(candidates)
    setup = setup_of(experiment, seed)
    tasks = [_Value(candidates[value], profiles, setup, seeds) for value in values]
    found: dict[int, tuple[tuple[float, float], ...]] = {}
    progress(0, len(tasks))
    for done, (n, losses) in enumerate(each(_losses, tasks, backend), 1):
        found[n] = losses
        progress(done, len(tasks))
    both = [np.array(found[n]) for n in range(len(values))]
    total = [(1.0 - fault_share) * loss[:, 0] + fault_share * loss[:, 1] for loss in both]
    best = min(range(len(values)), key=lambda n: (float(total[n].mean()), abs(math.log(values[n] / closed_form)), n))
    tried = tuple(_tried(value, loss, of - total[best]) for value, loss, of in zip(values, both, total, strict=True))
    low = high = best
    while low > 0 and tried[low - 1].as_good:
        low -= 1
    while high + 1 < len(values) and tried[high + 1].as_good:
        high += 1
    return Tuning(
        dependency=dependency,
        figure=name,
        closed_form=closed_form,
        plateau=(values[low], values[high]),
        on_plateau=values[low] <= closed_form <= values[high],
        tried=tried,
        experiment=experiment.id,
        fault_share=fault_share,
        seeds=tuple(range(seed, seed + seeds)),
    )


def _tried(value: float, loss: np.ndarray, more: np.ndarray) -> Tried:
    worse = figure(more.tolist())
    healthy, fault = (round(float(x), 12) for x in loss.mean(axis=0))
    as_good = (worse.mean if worse.lo is None else worse.lo) <= MARGIN
    return Tried(value=value, healthy_loss=healthy, fault_loss=fault, worse_by=worse, as_good=as_good)


def _losses(task: _Value) -> tuple[tuple[float, float], ...]:
    """For each seed what a request loses, while all is well and from the beginning of the fault on."""
    well = run_seeds(task.system, task.profiles, replace(task.setup, faults=()), task.seeds)
    ill = (run_seeds(task.system, task.profiles, _lasting(task, n), 1)[0] for n in range(task.seeds))
    return tuple((lost(a), lost(b, BEFORE_S)) for a, b in zip(well, ill, strict=True))


def _lasting(task: _Value, n: int) -> Setup:
    """The setup of the n-th seed: its fault lasts between half and one and a half of the usual time."""
    lasts = DURING_S * (0.5 + (n + 0.5) / task.seeds)
    faults = tuple(replace(fault, duration_s=lasts) for fault in task.setup.faults)
    setup = task.setup
    return replace(setup, seed=setup.seed + n, duration_s=setup.duration_s + lasts - DURING_S, faults=faults)


def lost(run: Outcomes, since_s: float = 0.0) -> float:
    """What a request that began from `since_s` on loses in the mean, by the values of the journeys."""
    late = run.latency_s > run.compiled.world.journeys_f[run.journey, c.J_DEADLINE]
    loss = np.where(run.codes == c.OK, 0.0, np.where(run.codes == c.DEGRADED, DEGRADED_LOSS, 1.0))
    loss[late] = 1.0
    worth = np.array([journey.value for journey in run.compiled.journeys], np.float64)[run.journey]
    counted = run.start_s >= since_s
    total = float(worth[counted].sum())
    return float((loss * worth)[counted].sum()) / total if total else 0.0
