"""Minimal cut sets of an audit's journeys, or of a fault tree from another tool."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

from auditkit import engine
from auditkit.model.failure import Assume, CutSets, Mode
from auditkit.project import folder as held
from auditkit.project.files import read_text


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
        trees = engine.read_fault_trees(read_text(place), str(place))
        return tuple(engine.fault_tree_cut_sets(tree, max_order=max_order) for tree in trees)
    return engine.cut_sets(
        held.system(place),
        journey,
        mode=mode,
        assume=assume,
        state=state,
        max_order=max_order,
        assumed_availability=held.facts(place).assumed_availability,
        profiles=held.profiles(place),
    )
