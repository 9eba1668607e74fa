"""An experiment of the plan as a simulated fault, its run over several seeds, and the verdict on its hypothesis."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.model.audit import RETRY_ERRORS, Experiment
from auditkit.model.failure import Assumption
from auditkit.model.latency import LatencyProfile
from auditkit.model.policy import retry
from auditkit.model.system import System, split_target
from auditkit.simulation.compile import budget_of, compiled_system
from auditkit.simulation.results import Bounds, BusyResult, CallResult, JourneyResult, LoadBound, RunResult, Verdict
from auditkit.simulation.run import Outcomes, run_compiled
from auditkit.simulation.setup import Fault, FaultKind, Setup
from auditkit.simulation.summaries import SPELL_S, SPELL_SHARE, busy_results, call_results, journey_results
from auditkit.simulation.verdicts import verdict

BEFORE_S, DURING_S, AFTER_S, SEEDS = 20.0, 40.0, 60.0, 4
"""Simulated seconds before, during and after the fault, and runs with seeds of their own: what a laptop does in a second."""

ALWAYS = (
    Assumption(
        where="everywhere",
        what=f"the fault lasts {DURING_S:g} s here, shorter than in an experiment: what fills up more slowly is not seen",
    ),
    Assumption(where="everywhere", what="calls are slow independently of each other, which real slow spells are not"),
    Assumption(
        where="verdicts",
        what=f"users are served as before once no {SPELL_S} s have {SPELL_SHARE * 100:g} % more bad answers than before it",
    ),
    Assumption(
        where="verdicts",
        what="a journey that misses its bound before the fault as well has to be no worse than it was then, beyond the bound",
    ),
)
"""What every verdict takes for granted: draws are independent, and two judgement calls."""


def faults_of(experiment: Experiment) -> tuple[Fault, ...]:
    """The fault of an experiment, one to one with its method: `down` refuses at once, `slow` answers as late as it says.

    Where it does not say how late, nothing is answered until it is over.

    A retry experiment lets 30 % of the answers be errors instead.
    """
    scenario = experiment.scenario
    if experiment.pattern == "retry":
        faults = [Fault("errors", target, BEFORE_S, DURING_S, RETRY_ERRORS) for target in scenario.fail]
    else:
        late = scenario.delay_s if scenario.mode == "slow" else None
        kind: FaultKind = "crash" if scenario.mode == "down" else "hang" if late is None else "slow_plus"
        faults = [Fault(kind, target, BEFORE_S, DURING_S, late or 0.0) for target in scenario.fail]
    if scenario.load is not None and scenario.load != 1.0:
        faults.append(Fault("load", "*", BEFORE_S, DURING_S, scenario.load))
    return tuple(faults)


def bounds_of(system: System, experiment: Experiment) -> tuple[Bounds, ...]:
    """What the hypothesis says: bad answers of each steady journey, at most what its objective leaves (or 1 %), and the way back.

    Journeys that the failure analysis expects to stop are not bounded while the fault lasts, but have to come back.
    """
    by_id = {j.id: j for j in system.journeys}
    steady = (by_id[name] for name in experiment.steady if name in by_id)
    kept = [Bounds(journey=j.id, bad_at_most=round(1 - j.slo, 12) if isinstance(j.slo, float) else 0.01) for j in steady]
    return (*kept, *(Bounds(journey=name) for name in experiment.back if name in by_id))


def loads_of(system: System, experiment: Experiment) -> tuple[LoadBound, ...]:
    """What a retry experiment says of the load: no more attempts than one a call, the budget's share, and what it starts with."""
    if experiment.pattern != "retry":
        return ()
    found = []
    for d in system.dependencies:
        again = retry(d.policy)
        if d.subject != experiment.subject or again is None or again.budget is None:
            continue
        caller = next((x.running for x in system.components if x.id == split_target(d.caller)[0]), 1)
        budget = budget_of(again)
        more = caller * (budget.size + budget.per_s * DURING_S)
        found += [LoadBound(call=f"{d.caller} -> {target}", attempts_at_most=1 + again.budget, more=more) for target in d.to]
    return tuple(found)


def setup_of(experiment: Experiment, seed: int = 1) -> Setup:
    """An experiment as a setup: twenty seconds of normal running, forty of its fault, sixty afterwards."""
    return Setup(seed=seed, duration_s=BEFORE_S + DURING_S + AFTER_S, faults=faults_of(experiment))


def run_seeds(system: System, profiles: Mapping[str, LatencyProfile], setup: Setup, seeds: int = SEEDS) -> tuple[Outcomes, ...]:
    """One setup with `seeds` seeds: `setup.seed` and those that follow it. Raises what `run_once` raises."""
    compiled = compiled_system(system, profiles, setup)
    return tuple(run_compiled(compiled, replace(setup, seed=setup.seed + n)) for n in range(seeds))


@dataclass(frozen=True, slots=True)
class SeenIn:
    """What was seen in the runs of one fault, over all seeds; experiments that break the same thing share it."""

    journeys: tuple[JourneyResult, ...]
    calls: tuple[CallResult, ...]
    busy: tuple[BusyResult, ...]
    seeds: int
    assumptions: tuple[Assumption, ...]


def seen_in(runs: Sequence[Outcomes]) -> SeenIn:
    """The figures of some runs of an experiment's setup, one for each seed."""
    return SeenIn(
        journey_results(runs, BEFORE_S, BEFORE_S + DURING_S),
        call_results(runs),
        busy_results(runs, (BEFORE_S, DURING_S, AFTER_S)),
        len(runs),
        (*runs[0].compiled.assumptions, *ALWAYS),
    )


def judged(
    system: System,
    experiment: Experiment,
    settings: str,
    seen: SeenIn,
    seed: int = 1,
    told: tuple[Verdict, str] | None = None,
) -> RunResult:
    """The result of an experiment that has been run with these settings, from `seed` on.

    `told` is the verdict and why, where the runs that were `seen` are not all that it rests on.
    """
    found, why = told or verdict(seen.journeys, bounds_of(system, experiment), seen.calls, loads_of(system, experiment))
    return RunResult(
        experiment=experiment.id,
        settings=settings,
        seeds=tuple(range(seed, seed + seen.seeds)),
        fault=", ".join(_words(fault) for fault in faults_of(experiment)),
        journeys=seen.journeys,
        calls=seen.calls,
        busy=seen.busy,
        verdict=found,
        why=why,
        assumptions=seen.assumptions,
    )


def _words(fault: Fault) -> str:
    by = f" by {fault.value:g} s" if fault.kind == "slow_plus" else ""
    return f"{fault.kind} {fault.target}{by} from {fault.start_s:g} s for {fault.duration_s:g} s"
