"""Pieces that several sections say in the same way."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from auditkit.document.blocks import Block, Rich, Run, code, joined, missing, rich
from auditkit.document.completeness import Missing
from auditkit.document.looks import SEVERITY, STATES
from auditkit.model.audit import Severity
from auditkit.model.failure import State

MANY = 40
"""Rows of a table in the text; longer lists are cut there, with their number and where the whole list is."""


def state(value: State, of: str = "") -> Run:
    """A state as a coloured label with symbol and word."""
    look = STATES[value]
    return Run(f"{look.symbol} {of} {look.word}" if of else look.label, "state", tone=value.value)


def severity(value: Severity) -> Run:
    """A severity as a coloured label with symbol and word."""
    return Run(SEVERITY[value].label, "severity", tone=value)


def states(journeys: Mapping[str, State]) -> Rich:
    """Journeys that are not ok, the worst first; a dash where all are."""
    touched = sorted((s for s in journeys.items() if s[1] != State.OK), key=lambda s: (-State(s[1]).badness, s[0]))
    return joined((state(value, of=journey) for journey, value in touched), " ") or rich("–")


def names(ids: Iterable[str], nothing: str = "–") -> Rich:
    """Ids one after another."""
    return joined(code(id) for id in ids) or rich(nothing)


def gaps(found: Iterable[Missing], section: str) -> list[Block]:
    """What this section cannot say, and what would fill it."""
    return [missing(f"Missing: {m.what}. ", f"To fill it: {m.remedy}.") for m in found if m.section == section]
