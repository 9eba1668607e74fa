"""What follows from the files of an audit: questions, cut sets, facts for the checks, advice on timeouts."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from auditkit import engine
from auditkit.checks import Facts
from auditkit.model.failure import Assume, CutSets, Mode
from auditkit.model.latency import TimeoutAdvice
from auditkit.model.system import Question
from auditkit.planning import advise_all, by_call
from auditkit.project import folder as held
from auditkit.project.files import read_text
from auditkit.project.importing import coverage_of


def questions(folder: Path) -> tuple[Question, ...]:
    """Open questions of an audit, those that decide most first."""
    return engine.questions(held.system(folder), held.profiles(folder))


def check_facts(folder: Path) -> Facts:
    """Everything that the checks look at."""
    return Facts(
        system=held.system(folder),
        profiles=held.profiles(folder),
        advices=advise_all(held.system(folder), held.profiles(folder), held.facts(folder).false_timeout_target),
        coverage=coverage_of(folder),
    )


def advices(folder: Path) -> tuple[TimeoutAdvice, ...]:
    """A timeout, or a refusal, for each measured call, within the deadlines and pools of this system."""
    return by_call(held.system(folder), held.profiles(folder), held.facts(folder).false_timeout_target)


def cut_sets_of(
    place: Path,
    journey: str | None = None,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    state: Literal["failed", "degraded"] = "failed",
    max_order: int | None = None,
) -> tuple[CutSets, ...]:
    """Minimal cut sets of an audit's journeys, or of the top event of an Open-PSA fault tree (a file)."""
    if place.is_file():
        return engine.fault_tree_cut_sets(read_text(place), str(place), max_order=max_order)
    return engine.cut_sets(
        held.system(place),
        journey,
        mode=mode,
        assume=assume,
        state=state,
        max_order=max_order,
        assumed_availability=held.facts(place).assumed_availability,
    )
