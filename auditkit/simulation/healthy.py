"""What every pattern costs while nothing is wrong: the proposed settings with and without it, on common random numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from auditkit.model.latency import Bounds, LatencyProfile
from auditkit.model.paths import paths
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.runs import HealthyCost
from auditkit.model.system import Policy, System
from auditkit.simulation import columns as c
from auditkit.simulation.experiments import AFTER_S, BEFORE_S, DURING_S, SEEDS, run_seeds
from auditkit.simulation.parallel import THREADS, each
from auditkit.simulation.results import Figure
from auditkit.simulation.run import Outcomes
from auditkit.simulation.setup import Setup
from auditkit.simulation.statistics import figure, share_figure

ENDED: Mapping[str, tuple[int, ...]] = {
    "timeout": (c.T_TIMEOUTS,), "retry": (), "circuit_breaker": (c.T_BREAKER_OPEN,), "bulkhead": (c.T_POOL_FULL,)
}  # fmt: skip
"""How each pattern ends an attempt, or keeps it from beginning."""
ACTED: Mapping[str, tuple[int, ...]] = {**ENDED, "retry": (c.T_RETRIES,), "circuit_breaker": (c.T_BREAKER_OPEN, c.T_OPENINGS)}
"""By what one sees that a pattern did anything at all."""
FIELDS: Mapping[str, str] = {
    "timeout": "timeout_s", "retry": "retry", "circuit_breaker": "circuit_breaker", "bulkhead": "bulkhead"
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Task:
    """One pattern of one call that did something: the system without it."""

    system: System
    profiles: Mapping[str, LatencyProfile]
    setup: Setup
    seeds: int


def healthy_costs(
    proposed: System,
    subjects: Sequence[str],
    profiles: Mapping[str, LatencyProfile],
    *,
    seed: int = 1,
    seeds: int = SEEDS,
    backend: str = THREADS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[HealthyCost, ...]:
    """The cost of each pattern that these calls (`from -> to`) have, two minutes of healthy peak load for each seed.

    A pattern that did nothing in any run cannot have cost anything: by equal draws, the run without it is the same to the last
    bit. Raises what `run_once` raises.
    """
    setup = Setup(seed=seed, duration_s=BEFORE_S + DURING_S + AFTER_S)
    base = run_seeds(proposed, profiles, setup, seeds)
    known = {d.subject: d for d in proposed.dependencies}
    asked = [(s, pattern) for s in subjects if s in known for pattern in ENDED if _has(known[s].policy, pattern)]
    busy = [(s, pattern) for s, pattern in asked if _acted(base, s, pattern, known[s].policy)]
    tasks = [_Task(_without(proposed, s, pattern), profiles, setup, seeds) for s, pattern in busy]
    without: dict[tuple[str, str], tuple[Outcomes, ...]] = {}
    progress(0, len(tasks))
    for done, (n, runs) in enumerate(each(_run, tasks, backend), 1):
        without[busy[n]] = runs
        progress(done, len(tasks))
    return tuple(_cost(proposed, s, pattern, base, without.get((s, pattern), base)) for s, pattern in asked)


def _run(task: _Task) -> tuple[Outcomes, ...]:
    return run_seeds(task.system, task.profiles, task.setup, task.seeds)


def _has(policy: object, pattern: str) -> bool:
    found = {"timeout": timeout_s, "retry": retry, "circuit_breaker": breaker, "bulkhead": bulkhead}[pattern](policy)  # type: ignore[arg-type]
    return found is not None


def _acted(runs: Sequence[Outcomes], subject: str, pattern: str, policy: object) -> bool:
    pool = bulkhead(policy) if pattern == "bulkhead" else None  # type: ignore[arg-type]
    waits = pool is not None and bool(pool.max_wait_s)  # somebody may have waited and got in
    return waits or any(run.tally[:, _rows(run, subject)][:, :, ACTED[pattern]].any() for run in runs)


def _rows(run: Outcomes, subject: str) -> list[int]:
    compiled = run.compiled
    return [
        n for n, leg in enumerate(compiled.legs)
        if not leg.alternative and compiled.dependencies[leg.dependency].subject == subject
    ]  # fmt: skip


def _without(system: System, subject: str, pattern: str) -> System:
    changed = tuple(
        d.model_copy(update={"policy": d.policy.model_copy(update={FIELDS[pattern]: "none"})})
        if d.subject == subject and isinstance(d.policy, Policy) else d
        for d in system.dependencies
    )  # fmt: skip
    return system.model_copy(update={"dependencies": changed})


def _cost(system: System, subject: str, pattern: str, with_: Sequence[Outcomes], without: Sequence[Outcomes]) -> HealthyCost:
    known = paths(system)
    touched = {j.id for d in system.dependencies if d.subject == subject for j in known.journeys_of(d)}
    numbers = [n for n, journey in enumerate(system.journeys) if journey.id in touched]
    ended, attempts = [], []
    for run in with_:
        tally = run.tally[:, _rows(run, subject)].sum(axis=(0, 1))
        ended.append(int(tally[list(ENDED[pattern])].sum()))
        attempts.append(int(tally[[c.T_ATTEMPTS, c.T_POOL_FULL, c.T_BREAKER_OPEN]].sum()))
    pairs = [(_seen(a, numbers), _seen(b, numbers)) for a, b in zip(with_, without, strict=True)]
    requests, (not_full, added, more) = sum(a[3] for a, _ in pairs), (figure([a[n] - b[n] for a, b in pairs]) for n in range(3))
    return HealthyCost(
        dependency=subject,
        pattern=pattern,
        requests=int(requests),
        refused=_bounds(share_figure(ended, attempts)),
        not_full=_bounds(not_full),
        added_s=_bounds(added),
        more_attempts=_bounds(more),
    )


def _seen(run: Outcomes, journeys: Sequence[int]) -> tuple[float, float, float, int]:
    """Share of answers that are not full or late, mean time of the answers, attempts a request; requests."""
    mine = np.isin(run.journey, journeys)
    if not mine.any():
        return 0.0, 0.0, 0.0, 0
    took, deadline = run.latency_s[mine], run.compiled.world.journeys_f[run.journey[mine], c.J_DEADLINE]
    answered = run.codes[mine] != c.UNANSWERED
    poor = (run.codes[mine] != c.OK) | (took > deadline)
    mean = float(took[answered].mean()) if answered.any() else 0.0
    return float(poor.mean()), mean, float(run.attempts[mine].mean()), int(mine.sum())


def _bounds(found: Figure) -> Bounds:
    return Bounds(
        point=round(found.mean, 9), lo=round(found.mean if found.lo is None else found.lo, 9),
        hi=None if found.hi is None else round(found.hi, 9),
    )  # fmt: skip
