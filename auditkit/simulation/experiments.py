"""An experiment of the plan as a simulated fault, its run over several seeds, and the verdict on its hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Literal

from auditkit.model.audit import Experiment
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import System
from auditkit.simulation.compile import compiled_system
from auditkit.simulation.results import Bounds, RunResult, busy_results, call_results, journey_results, verdict
from auditkit.simulation.run import Outcomes, run_compiled
from auditkit.simulation.setup import Fault, Setup

BEFORE_S, DURING_S, AFTER_S, SEEDS = 20.0, 40.0, 60.0, 4
"""Simulated seconds before, during and after the fault, and runs with seeds of their own: what a laptop does in a second."""
ERROR_SHARE = 0.3
"""Share of errors in a retry experiment, as its method says."""


def faults_of(experiment: Experiment) -> tuple[Fault, ...]:
    """The fault of an experiment, one to one with its method: `down` refuses at once, `slow` hangs until it is over.

    A retry experiment lets 30 % of the answers be errors instead.
    """
    scenario = experiment.scenario
    if experiment.pattern == "retry":
        faults = [Fault("errors", target, BEFORE_S, DURING_S, ERROR_SHARE) for target in scenario.fail]
    else:
        kind: Literal["hang", "crash"] = "hang" if scenario.mode == "slow" else "crash"
        faults = [Fault(kind, target, BEFORE_S, DURING_S) for target in scenario.fail]
    if scenario.load is not None and scenario.load != 1.0:
        faults.append(Fault("load", "*", BEFORE_S, DURING_S, scenario.load))
    return tuple(faults)


def bounds_of(system: System, experiment: Experiment) -> tuple[Bounds, ...]:
    """The bounds that the hypothesis states: errors of each named journey, at most what its objective leaves (or 1 %)."""
    named = [j for j in system.journeys if f"{j.id}: " in experiment.hypothesis]
    return tuple(Bounds(journey=j.id, bad_at_most=1 - j.slo if isinstance(j.slo, float) else 0.01) for j in named)


def setup_of(experiment: Experiment, seed: int = 1) -> Setup:
    """An experiment as a setup: twenty seconds of normal running, forty of its fault, sixty afterwards."""
    return Setup(seed=seed, duration_s=BEFORE_S + DURING_S + AFTER_S, faults=faults_of(experiment))


def run_seeds(system: System, profiles: Mapping[str, LatencyProfile], setup: Setup, seeds: int = SEEDS) -> tuple[Outcomes, ...]:
    """One setup with `seeds` seeds: `setup.seed` and those that follow it. Raises what `run_once` raises."""
    compiled = compiled_system(system, profiles, setup)
    return tuple(run_compiled(compiled, replace(setup, seed=setup.seed + n)) for n in range(seeds))


def run_experiment(
    system: System,
    profiles: Mapping[str, LatencyProfile],
    experiment: Experiment,
    settings: Literal["today", "proposed"],
    *,
    seed: int = 1,
    seeds: int = SEEDS,
) -> RunResult:
    """Simulate one experiment of the plan over several seeds (`seed`, `seed + 1`, …) and judge its hypothesis.

    Raises `InputError` where the experiment names what the system does not have.
    """
    setup = setup_of(experiment, seed)
    runs = run_seeds(system, profiles, setup, seeds)
    journeys = journey_results(runs, BEFORE_S, BEFORE_S + DURING_S)
    judged, why = verdict(journeys, bounds_of(system, experiment))
    return RunResult(
        experiment=experiment.id,
        settings=settings,
        seeds=tuple(range(seed, seed + seeds)),
        fault=", ".join(f"{f.kind} {f.target} from {f.start_s:g} s for {f.duration_s:g} s" for f in setup.faults),
        journeys=journeys,
        calls=call_results(runs),
        busy=busy_results(runs, (BEFORE_S, DURING_S, AFTER_S)),
        verdict=judged,
        why=why,
        assumptions=runs[0].compiled.assumptions,
    )


def run_experiments(
    today: System,
    proposed: System,
    profiles: Mapping[str, LatencyProfile],
    experiments: Sequence[Experiment],
    *,
    seed: int = 1,
    seeds: int = SEEDS,
) -> tuple[RunResult, ...]:
    """Every chaos experiment with today's settings and with the proposed ones, on common random numbers. Tests are left out."""
    both: tuple[tuple[Literal["today", "proposed"], System], ...] = (("today", today), ("proposed", proposed))
    return tuple(
        run_experiment(system, profiles, experiment, settings, seed=seed, seeds=seeds)
        for experiment in experiments
        if experiment.kind == "chaos"
        for settings, system in both
    )
