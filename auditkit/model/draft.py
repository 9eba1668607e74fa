"""What an importer hands over: raw items with their places, not yet trusted. The gate turns a Draft into a System."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from auditkit.errors import Problem
from auditkit.model.noun import Noun
from auditkit.model.system import Confidence, Evidence, Question


@dataclass(frozen=True, slots=True)
class Item:
    """One raw component, dependency, cause or journey, in the keys of the native file.

    `lines` maps a dotted path inside the item (`""` for itself, `policy.timeout`, `placement.zone-a`) to its line in `source`.
    """

    data: Mapping[str, Any]
    source: str
    lines: Mapping[str, int] = field(default_factory=dict)
    merged: Mapping[str, Item] = field(default_factory=dict)
    """Paths whose value was taken from another item of the same thing, when several sources were united."""
    assumed: frozenset[str] = frozenset()
    """Paths whose value nobody stated: a library's default is in force. They give way to what any other source states."""
    library: str = ""
    """Which library or mesh bounds the call so, where the item is its settings; attempts of two of them multiply."""

    def where(self, path: str = "") -> str:
        """`file:line` of a path inside the item, or of the nearest thing around it whose line is known."""
        around = path
        while around:
            if around in self.merged:
                return self.merged[around].where(path)
            if around in self.lines:
                break
            around = around.rpartition(".")[0]
        line = self.lines.get(around)
        return self.source if line is None else f"{self.source}:{line}"


@dataclass(frozen=True, slots=True)
class Draft:
    """Items read from one source, or merged from several, with what is still to be asked."""

    source: str
    system: str | None = None
    components: tuple[Item, ...] = ()
    dependencies: tuple[Item, ...] = ()
    common_causes: tuple[Item, ...] = ()
    journeys: tuple[Item, ...] = ()
    for_every_caller: tuple[Item, ...] = ()
    """Policies (`to`, `policy`, `evidence`) that hold for everybody who calls `to`; `merge` hands them to the calls it knows."""
    questions: tuple[Question, ...] = ()
    cannot_say: tuple[str, ...] = ()
    """What this format cannot express, in words, for the coverage report."""
    problems: tuple[Problem, ...] = ()
    """What a reader found wrong without having to stop; the gate raises it together with its own."""
    by_person: bool = False
    """Stated by a person (the native file): its facts beat those of imports."""


class Conflict(Noun):
    """Two sources that say different things of one fact; the stronger evidence was kept."""

    where: str
    what: str
    kept: str
    dropped: str
    evidence: tuple[Evidence, ...] = ()


class Explained(Noun):
    """Calls that were counted in traffic, by what else is known of them; all figures are counts of calls."""

    calls: int
    """All that were counted: the sum of the next three."""
    stated: int = 0
    """Over dependencies that a file or a person states as well."""
    only_seen: int = 0
    """Over dependencies that nothing but traffic shows."""
    unplaced: int = 0
    """On no dependency: they name nobody, or the map does not have them."""
    begun: int = 0
    """Requests that came in at an entry, from callers that no source names; not among `calls`."""

    @property
    def share(self) -> float:
        """Of all counted calls those that something else states as well, 0..1."""
        return self.stated / self.calls

    @property
    def said(self) -> str:
        """All of it in a sentence.

        >>> Explained(calls=1200, stated=900, only_seen=300).said
        'of 1,200 counted calls 900 (75 %) run over dependencies that a file or a person states as well, 300 (25 %) over others'
        """
        whose = (
            (self.stated, "run over dependencies that a file or a person states as well"),
            (self.only_seen, "over others"),
            (self.unplaced, "could not be placed on the map"),
        )
        told = [
            f"{count:,} ({100 * count / self.calls:.0f} %) {what}" for count, what in whose if count or what.startswith("run")
        ]
        begun = f"; {self.begun:,} requests came in from callers that no source names" if self.begun else ""
        return f"of {self.calls:,} counted calls {', '.join(told)}{begun}"


class Coverage(Noun):
    """How much of the system is known, and how surely. `grade` limits what a report may claim."""

    components: int
    without_dependency: tuple[str, ...] = ()
    unused_datastores: tuple[str, ...] = ()
    by_confidence: dict[Confidence, int]
    cannot_say: tuple[str, ...] = ()
    explained: Explained | None = None
    """How much of the traffic that was seen the map accounts for; None where no source counts calls."""
    grade: str
    """high | medium | low"""
    reason: str = ""

    @property
    def said(self) -> str:
        """The grade with its reason: `medium, because 39 questions are open …`."""
        return f"{self.grade}, because {self.reason}" if self.reason else self.grade
