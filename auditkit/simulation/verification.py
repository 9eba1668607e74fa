"""A strategy put to the test: every experiment with today's settings, the proposed ones, and each proposal left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.model.audit import Experiment
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import System
from auditkit.simulation.experiments import SEEDS, SeenIn, bounds_of, judged, loads_of, run_seeds, seen_in, setup_of
from auditkit.simulation.parallel import THREADS, each
from auditkit.simulation.results import PROPOSED, TODAY, RunResult, Verdict
from auditkit.simulation.run import Outcomes
from auditkit.simulation.setup import Fault
from auditkit.simulation.sparing import LEFT_OUT, ONE_SEED, Base, acted_as_usual, base_of, by_one_seed, never_acted
from auditkit.simulation.unknowns import ENDS, Given, Unknown, all_at, unknowns


@dataclass(frozen=True, slots=True)
class Strategies:
    """One system under several settings: as it is, as proposed, and by `from -> to` with that one proposal left out."""

    today: System
    proposed: System
    without: Mapping[str, System]


@dataclass(frozen=True, slots=True)
class Task:
    """Experiments that have one fault in common, with everything that their runs need."""

    strategies: Strategies
    profiles: Mapping[str, LatencyProfile]
    experiments: tuple[Experiment, ...]
    seed: int
    seeds: int


def tasks_of(
    strategies: Strategies,
    profiles: Mapping[str, LatencyProfile],
    experiments: Sequence[Experiment],
    seed: int,
    seeds: int = SEEDS,
) -> tuple[Task, ...]:
    """One task for each fault; experiments that break the same thing in the same way share their runs."""
    by_fault: dict[tuple[Fault, ...], list[Experiment]] = {}
    for experiment in experiments:
        if experiment.kind == "chaos":
            by_fault.setdefault(setup_of(experiment).faults, []).append(experiment)
    return tuple(Task(strategies, profiles, tuple(same), seed, seeds) for same in by_fault.values())


@dataclass(frozen=True, slots=True)
class Done:
    """The results of one task, and how many runs they took."""

    results: tuple[RunResult, ...]
    runs: int


def verified(task: Task) -> Done:
    """The results of one task: each experiment today, proposed, with what is unknown low and high, and without each proposal.

    Today's settings and the proposed ones are run with every seed. All else is only compared with these: the first seed comes
    first, and the others only where it does not settle the verdict. Where a verdict changes at one end of the unknown, each
    unknown is tried there alone (`assuming …`).

    A proposal that never acted (no timeout, refusal, retry or opening of its own in any run) and replaces nothing cannot be
    missed: by the same draws, leaving it out gives the same run to the last bit, so it is not run again. One that acted as seldom
    as while all was well is taken to change nothing either; its result names no seed.
    """
    systems, setup = task.strategies, setup_of(task.experiments[0], task.seed)
    today = seen_in(run_seeds(systems.today, task.profiles, setup, task.seeds))
    runs = run_seeds(systems.proposed, task.profiles, setup, task.seeds)
    base = base_of(runs)
    given = Given(systems.proposed, task.profiles, setup)
    found = [*_told(task, systems.today, TODAY, today), *(proposed := _told(task, systems.proposed, PROPOSED, base.seen))]
    swept, more = _swept(task, base, given, unknowns(given, runs), {r.experiment: r.verdict for r in proposed})
    found += swept
    made = 2 * task.seeds + more
    for subject, system in systems.without.items():
        settings = f"without {subject}"
        if never_acted(subject, systems.today, systems.proposed, runs):
            found += _told(task, system, settings, base.seen)
        elif acted_as_usual(subject, systems.today, systems.proposed, runs):
            found += (_unmoved(result, settings) for result in proposed)
        else:
            results, more = _tried(task, base, replace(given, system=system), settings)
            found, made = [*found, *results], made + more
    return Done(tuple(found), made)


def _told(task: Task, system: System, settings: str, seen: SeenIn) -> list[RunResult]:
    return [judged(system, experiment, settings, seen, task.seed) for experiment in task.experiments]


def _unmoved(proposed: RunResult, settings: str) -> RunResult:
    why = f"not run: it did no more while the fault lasted than before it ({proposed.why})"
    new = {"settings": settings, "seeds": (), "journeys": (), "calls": (), "busy": (), "why": why}
    return proposed.model_copy(update=new | {"assumptions": (*proposed.assumptions, LEFT_OUT)})


def _tried(task: Task, base: Base, other: Given, settings: str) -> tuple[list[RunResult], int]:
    """Results with other settings or answers, and how many runs they took: one seed, or all of them."""

    def seen(runs: tuple[Outcomes, ...]) -> SeenIn:
        return replace(seen_in(runs), assumptions=base.seen.assumptions)  # what it would be asked next is nobody's assumption

    runs = run_seeds(other.system, other.profiles, other.setup, 1)
    one = seen(runs)
    quick = [by_one_seed(base, runs[0], one, bounds_of(other.system, e), loads_of(other.system, e)) for e in task.experiments]
    if task.seeds == 1 or all(quick):
        pairs, one = zip(task.experiments, quick, strict=True), replace(one, assumptions=(*one.assumptions, ONE_SEED))
        return [judged(other.system, e, settings, one, task.seed, told) for e, told in pairs], 1
    later = replace(other.setup, seed=other.setup.seed + 1)
    runs = (*runs, *run_seeds(other.system, other.profiles, later, task.seeds - 1))
    return _told(task, other.system, settings, seen(runs)), task.seeds


def _swept(
    task: Task, base: Base, given: Given, open_: Sequence[Unknown], verdicts: Mapping[str, Verdict]
) -> tuple[list[RunResult], int]:
    """The proposed settings with all that is unknown at each end; where that changes a verdict, with each of it alone."""
    found: list[RunResult] = []
    made = 0
    for end in ENDS:
        if (other := all_at(given, open_, end)) is None:
            continue
        results, runs = _tried(task, base, other, f"unknowns {end}")
        found, made = [*found, *results], made + runs
        if all(result.verdict == verdicts[result.experiment] for result in results):
            continue
        for unknown in open_:
            if (at := getattr(unknown, end)) is not None and not unknown.idle:
                results, runs = _tried(task, base, at.put(given), f"assuming {unknown.where}: {at.words}")
                found, made = [*found, *results], made + runs
    return found, made


def verify(
    strategies: Strategies,
    profiles: Mapping[str, LatencyProfile],
    experiments: Sequence[Experiment],
    *,
    seed: int = 1,
    seeds: int = SEEDS,
    backend: str = THREADS,
    progress: Callable[[int, int], None] = lambda done, of: None,
    stop: Callable[[], bool] = lambda: False,
) -> Iterator[RunResult]:
    """Every chaos experiment under every setting, on common random numbers, in the order of the experiments that are done.

    Stop asking, and what is done is yours; or let `stop` say so, which is asked after each fault. `progress` is told how many
    runs are made, and of how many, supposing that each fault that is left takes as many as those before it.
    Raises `InputError` where an experiment names what the system does not have.
    """
    tasks = tasks_of(strategies, profiles, experiments, seed, seeds)
    made = 0
    progress(0, len(tasks) * (2 * seeds + len(strategies.without)))
    for done, (_, task) in enumerate(each(verified, tasks, backend), 1):
        made += task.runs
        progress(made, round(made / done * len(tasks)))
        yield from task.results
        if stop():
            return


def in_order(results: Sequence[RunResult], experiments: Sequence[Experiment]) -> tuple[RunResult, ...]:
    """Results in the order of the plan, whatever was done first."""
    place = {experiment.id: n for n, experiment in enumerate(experiments)}
    return tuple(sorted(results, key=lambda r: place[r.experiment]))  # stable: settings keep their order
