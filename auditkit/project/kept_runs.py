"""Which simulated experiments an audit keeps second by second, so that its document can show them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

from auditkit.model.audit import Experiment, Trial
from auditkit.model.latency import LatencyProfile
from auditkit.model.noun import Noun
from auditkit.model.runs import KeptRun, Series, busiest
from auditkit.model.system import System
from auditkit.project.inputs import Inputs
from auditkit.simulation import Strategies, run_seeds, series_of, setup_of
from auditkit.simulation.experiments import SEEDS
from auditkit.simulation.parallel import each
from auditkit.simulation.results import PROPOSED, TODAY

N = TypeVar("N", bound=Noun)
MOST = 3
"""Pictures in a document; every experiment is in its tables."""
PICTURES = 2 * SEEDS * MOST
"""Runs that they take at most."""
MOST_COMPONENTS, MOST_BREAKERS, DIGITS = 4, 6, 4


def kept_runs(
    inputs: Inputs, systems: Strategies, experiments: Sequence[Experiment], trials: Sequence[Trial]
) -> tuple[KeptRun, ...]:
    """The experiments that show most, run again with the same seeds (that takes a moment, and gives the same).

    First those that fail today and hold with the proposed settings, then those that fail with these, each time the ones first in
    which most value is at stake. Of experiments with one fault in common only the first is kept: they are one run.
    """
    worth = {journey.id: journey.value for journey in inputs.system.journeys}
    pairs = _pairs(trials)
    seen: set[object] = set()
    chosen: list[tuple[Experiment, tuple[Trial, Trial]]] = []
    for experiment in sorted(experiments, key=lambda e: _rank(pairs.get(e.id), worth)):
        pair = pairs.get(experiment.id)
        faults = setup_of(experiment).faults
        if pair is None or _group(pair) is None or faults in seen or len(chosen) == MOST:
            continue
        seen.add(faults)
        chosen.append((experiment, pair))
    made = dict(each(lambda one: _run(inputs, systems, *one, worth), chosen))
    return tuple(made[n] for n in range(len(chosen)))


def _pairs(trials: Sequence[Trial]) -> Mapping[str, tuple[Trial, Trial]]:
    today = {trial.experiment: trial for trial in trials if trial.settings == TODAY}
    proposed = {trial.experiment: trial for trial in trials if trial.settings == PROPOSED}
    return {name: (trial, proposed[name]) for name, trial in today.items() if name in proposed}


def _group(pair: tuple[Trial, Trial]) -> int | None:
    """0 what the settings mend, 1 what fails with them; None what tells no story."""
    before, after = pair
    if after.verdict == "fails":
        return 1
    return 0 if before.verdict == "fails" and after.verdict == "holds" else None


def _rank(pair: tuple[Trial, Trial] | None, worth: Mapping[str, float]) -> tuple[int, float, str]:
    group = None if pair is None else _group(pair)
    if pair is None or group is None:
        return 9, 0.0, ""
    at_stake = sum(_stakes(pair, worth).values())
    return group, -round(at_stake, 6), pair[0].experiment


def _stakes(pair: tuple[Trial, Trial], worth: Mapping[str, float]) -> dict[str, float]:
    before, after = pair
    return {j: worth.get(j, 1.0) * abs(before.bad.get(j, 0.0) - after.bad.get(j, 0.0)) for j in sorted({*before.bad, *after.bad})}


def _run(
    inputs: Inputs, systems: Strategies, experiment: Experiment, pair: tuple[Trial, Trial], worth: Mapping[str, float]
) -> KeptRun:
    stakes = _stakes(pair, worth)
    journey = max(stakes, key=lambda j: stakes[j], default="")
    seeds = pair[0].seeds or (1,)
    both = side_by_side(systems.today, systems.proposed, inputs.profiles, experiment, seeds[0], len(seeds))
    return KeptRun(experiment=experiment.id, journey=journey, series=_shown(both, journey))


def side_by_side(
    today: System,
    proposed: System,
    profiles: Mapping[str, LatencyProfile],
    experiment: Experiment,
    seed: int = 1,
    seeds: int = SEEDS,
) -> tuple[Series, Series]:
    """One experiment second by second with both settings, on the same draws."""
    setup = setup_of(experiment, seed)
    before, after = (series_of(run_seeds(s, profiles, setup, seeds), name) for name, s in ((TODAY, today), (PROPOSED, proposed)))
    return before, after


def _shown(both: tuple[Series, ...], journey: str) -> tuple[Series, ...]:
    """One journey, the breakers that open, the busiest components; to four digits."""
    names = busiest(both, MOST_COMPONENTS)
    opened = list(dict.fromkeys(b.call for run in both for b in run.breakers if any(b.open)))[:MOST_BREAKERS]
    return tuple(
        run.model_copy(
            update={
                "journeys": tuple(_short(j) for j in run.journeys if j.journey == journey),
                "breakers": tuple(_short(b) for b in run.breakers if b.call in opened),
                "busy": tuple(_short(b) for b in run.busy if b.component in names),
            }
        )
        for run in both
    )


def _short(series: N) -> N:
    return series.model_copy(
        update={
            name: tuple(None if x is None else round(x, DIGITS) for x in value)
            for name, value in series
            if isinstance(value, tuple)
        }
    )
