"""What a drawn line leaves open, as questions: which way it goes, whether anybody waits, what a grouping stands for."""

from __future__ import annotations

from auditkit.importers.mentions import question
from auditkit.model.system import Evidence, Question


def which_way(one: str, other: str, source: str, line: int | None = None) -> Question:
    """A line without a tip."""
    what = f"{one} and {other} are joined by a line without direction: which of them calls the other?"
    return _question("direction", one, other, what, source, line)


def does_it_wait(one: str, other: str, source: str, line: int | None = None) -> Question:
    """A dashed or dotted arrow, which some draw for events, others for what is optional."""
    what = f"{one} -> {other} is drawn dashed: does {one} wait for an answer, and can it do without?"
    return _question("waits", one, other, what, source, line)


def which_part(one: str, other: str, source: str, line: int | None = None) -> Question:
    """An arrow to or from a frame around several boxes."""
    what = f"{one} -> {other} ends at a frame around several: which of them call each other?"
    return _question("parts", one, other, what, source, line)


def _question(topic: str, one: str, other: str, what: str, source: str, line: int | None) -> Question:
    place = source if line is None else f"{source}:{line}"
    evidence = Evidence(source=source, locator=f"{one} -> {other}", confidence="declared")
    return question(f"{topic} {one} {other}", f"{one} -> {other}", what, place, (evidence,))
