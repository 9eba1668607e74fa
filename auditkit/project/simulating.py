"""The plan's experiments, simulated before anybody breaks anything."""

from __future__ import annotations

from pathlib import Path

from auditkit.errors import InputError
from auditkit.planning import with_policies
from auditkit.project import folder as held
from auditkit.simulation import RunResult, run_experiments


def simulate(place: Path, experiment: str | None = None, seed: int = 1) -> tuple[RunResult, ...]:
    """Every chaos experiment of an audit's plan, or one, with today's settings and with the proposed ones.

    Raises `InputError` where there is no plan yet, or no such experiment.
    """
    strategy = held.strategy(place)
    if strategy is None:
        raise InputError.of(str(place), "has no plan yet", f"write: auditkit plan {place}")
    chosen = [e for e in strategy.experiments if e.kind == "chaos" and experiment in (None, e.id)]
    if not chosen and experiment is not None:
        known = ", ".join(e.id for e in strategy.experiments if e.kind == "chaos") or "none"
        raise InputError.of(str(place), f"has no chaos experiment {experiment!r}", f"there are: {known}")
    system = held.system(place)
    return run_experiments(system, with_policies(system, strategy.policies), held.profiles(place), chosen, seed=seed)
