"""Figures of one call of the plan, tried around their closed forms in simulation; kept in `out/tuning.json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path

from auditkit.errors import InputError
from auditkit.planning import with_policies
from auditkit.planning.overlay import replace_policies, settings
from auditkit.planning.tuning import PATTERN_OF, closed_forms, grid, with_figure
from auditkit.project.inputs import read
from auditkit.project.kept_tuning import keep
from auditkit.simulation.tuning import FAULT_SHARE, SEEDS, Tuning, tune


def tuned(
    place: Path,
    dependency: str,
    *,
    fault_share: float = FAULT_SHARE,
    seed: int = 1,
    seeds: int = SEEDS,
    progress: Callable[[int, int], None] = lambda done, of: None,
) -> tuple[Tuning, ...]:
    """The figures of one call (`from -> to`) as proposed: timeout, attempts, places, a breaker's rate, window and pause.

    The plateau around each is kept, and stands in the document; no setting is changed.
    `fault_share` (0..1) is how much of the time the fault is assumed to be there or felt. Raises `InputError` where there is no
    plan yet, no such call with settings of its own in it, or no fault in it that would try them.
    """
    inputs = read(place)
    strategy = replace(inputs, trials=()).strategy
    known = {p.dependency: policy for p in strategy.policies if (policy := settings(p)) is not None}
    if dependency not in known:
        there = ", ".join(known) or "none"
        raise InputError.of(str(place), f"proposes no settings for {dependency!r}", f"it does for: {there}")
    proposed, policy = with_policies(inputs.system, strategy.policies), known[dependency]
    experiments = {e.pattern: e for e in strategy.experiments if e.subject == dependency and e.kind == "chaos"}
    asked = [(name, value) for name, value in closed_forms(policy).items() if PATTERN_OF[name] in experiments]
    if not asked:
        raise InputError.of(dependency, "has no experiment that would try its settings", "give it a rate and measure its latency")
    of = sum(len(grid(name, value)) for name, value in asked)
    found: list[Tuning] = []
    for name, value in asked:
        values, before = grid(name, value), sum(len(one.tried) for one in found)
        found.append(
            tune(
                dependency, name, value,
                {other: replace_policies(proposed, {dependency: with_figure(policy, name, other)}) for other in values},
                inputs.profiles, experiments[PATTERN_OF[name]], fault_share=fault_share, seed=seed, seeds=seeds,
                progress=partial(_further, progress, before, of),
            )
        )  # fmt: skip
    keep(place, tunings=found)
    return tuple(found)


def _further(progress: Callable[[int, int], None], before: int, of: int, done: int, _: int) -> None:
    progress(before + done, of)
