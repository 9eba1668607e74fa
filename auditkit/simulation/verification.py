"""A strategy put to the test: every experiment with today's settings, the proposed ones, and each proposal left out."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.model.audit import Experiment
from auditkit.model.latency import LatencyProfile
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Dependency, System
from auditkit.simulation import columns as c
from auditkit.simulation.experiments import SEEDS, SeenIn, judged, run_seeds, seen_in, setup_of
from auditkit.simulation.parallel import THREADS, each
from auditkit.simulation.results import PROPOSED, TODAY, RunResult, Verdict
from auditkit.simulation.run import Outcomes
from auditkit.simulation.setup import Fault
from auditkit.simulation.unknowns import ENDS, Given, Unknown, all_at, unknowns

ACTED = (c.T_TIMEOUTS, c.T_POOL_FULL, c.T_BREAKER_OPEN, c.T_RETRIES, c.T_OPENINGS, c.T_NO_BUDGET)


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


def verified(task: Task) -> tuple[RunResult, ...]:
    """The results of one task: each experiment today, proposed, with what is unknown low and high, and without each proposal.

    Where a verdict changes at one end of the unknown, each unknown is tried there alone (`assuming …`).

    A proposal that never acted (no timeout, refusal, retry or opening of its own in any run) and replaces nothing cannot be
    missed: by the same draws, leaving it out gives the same run to the last bit, so it is not run again.
    """
    setup = setup_of(task.experiments[0], task.seed)
    systems = task.strategies
    found: list[RunResult] = []

    def told(system: System, settings: str, seen: SeenIn) -> None:
        found.extend(judged(system, experiment, settings, seen, task.seed) for experiment in task.experiments)

    told(systems.today, TODAY, seen_in(run_seeds(systems.today, task.profiles, setup, task.seeds)))
    runs = run_seeds(systems.proposed, task.profiles, setup, task.seeds)
    proposed = seen_in(runs)
    told(systems.proposed, PROPOSED, proposed)
    given = Given(systems.proposed, task.profiles, setup)
    found += _swept(
        task, given, unknowns(given, runs), proposed, {r.experiment: r.verdict for r in found[-len(task.experiments) :]}
    )
    for subject, system in systems.without.items():
        idle = _cannot_be_missed(subject, systems.today, systems.proposed, runs)
        told(system, f"without {subject}", proposed if idle else seen_in(run_seeds(system, task.profiles, setup, task.seeds)))
    return tuple(found)


def _swept(
    task: Task, given: Given, open_: Sequence[Unknown], proposed: SeenIn, verdicts: Mapping[str, Verdict]
) -> Iterator[RunResult]:
    """The proposed settings with all that is unknown at each end; where that changes a verdict, with each of it alone."""

    def told(other: Given, settings: str) -> list[RunResult]:
        seen = seen_in(run_seeds(other.system, other.profiles, other.setup, task.seeds))
        same = replace(seen, assumptions=proposed.assumptions)  # what it would be asked next is nobody's assumption
        return [judged(other.system, experiment, settings, same, task.seed) for experiment in task.experiments]

    for end in ENDS:
        if (other := all_at(given, open_, end)) is None:
            continue
        results = told(other, f"unknowns {end}")
        yield from results
        if any(result.verdict != verdicts[result.experiment] for result in results):
            for unknown in open_:
                if (at := getattr(unknown, end)) is not None:
                    yield from told(at.put(given), f"assuming {unknown.where}: {at.words}")


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
    faults are done, and of how many.
    Raises `InputError` where an experiment names what the system does not have.
    """
    tasks = tasks_of(strategies, profiles, experiments, seed, seeds)
    progress(0, len(tasks))
    for done, (_, results) in enumerate(each(verified, tasks, backend), 1):
        progress(done, len(tasks))
        yield from results
        if stop():
            return


def in_order(results: Sequence[RunResult], experiments: Sequence[Experiment]) -> tuple[RunResult, ...]:
    """Results in the order of the plan, whatever was done first."""
    place = {experiment.id: n for n, experiment in enumerate(experiments)}
    return tuple(sorted(results, key=lambda r: place[r.experiment]))  # stable: settings keep their order


def _cannot_be_missed(subject: str, today: System, proposed: System, runs: Sequence[Outcomes]) -> bool:
    now = [d for d in today.dependencies if d.subject == subject]
    new = [d for d in proposed.dependencies if d.subject == subject]
    if any(_has_settings(d) for d in now) or any((p := bulkhead(d.policy)) is not None and p.max_wait_s for d in new):
        return False
    rows = [row for row, leg in enumerate(runs[0].compiled.legs) if _of(runs[0], leg.dependency).subject == subject]
    return not any(run.tally[:, rows][:, :, ACTED].any() for run in runs)


def _of(run: Outcomes, dependency: int) -> Dependency:
    return run.compiled.dependencies[dependency]


def _has_settings(d: Dependency) -> bool:
    return any(x is not None for x in (timeout_s(d.policy), retry(d.policy), breaker(d.policy), bulkhead(d.policy)))
