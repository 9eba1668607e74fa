"""How much of the traffic that was seen the map accounts for: the share of counted calls that something else states as well."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final

from auditkit.model.draft import Explained
from auditkit.model.system import Confidence, Evidence, Question, System

STATES: Final[frozenset[Confidence]] = frozenset({"declared", "configured", "asked"})
"""What says of a call that it is there, besides traffic; start order and name patterns do not."""
NOT_PLACED: Final = ("called ", "nameless ", "measured ")
"""Questions about calls that were seen and are on no dependency: they name nobody, or the map does not have them."""


def explained(system: System, questions: Iterable[Question] = ()) -> Explained | None:
    """Every counted call of a system, by what else is known of it; None where no source counts calls.

    Counts are those of `observed` evidence (traces, meshes, latency exports) of the dependencies, those of the open questions
    about calls that could not be placed, and those of the requests at the entries of journeys. A call that two sources
    counted counts twice: it is shares that are compared. A dependency without evidence was stated by whoever wrote the file.

    >>> from auditkit.model.system import Component, Dependency
    >>> seen = Evidence(source="traces.json", confidence="observed", count=90)
    >>> told = Evidence(source="compose.yaml", confidence="configured")
    >>> calls = (Dependency(caller="web", to="api", evidence=(seen, told)), Dependency(caller="api", to="db", evidence=(seen,)))
    >>> found = explained(System(system="s", components=tuple(Component(id=x) for x in ("web", "api", "db")), dependencies=calls))
    >>> found.calls, found.stated, found.only_seen, found.share
    (180, 90, 90, 0.5)
    """
    stated = only_seen = 0
    for dependency in system.dependencies:
        count = _counted(dependency.evidence)
        if any(evidence.confidence in STATES for evidence in dependency.evidence):
            stated += count
        else:
            only_seen += count
    open_ = {question.id: question for question in (*system.open_questions, *questions)}
    unplaced = sum(_counted(question.evidence) for question in open_.values() if question.id.startswith(NOT_PLACED))
    calls = stated + only_seen + unplaced
    begun = sum(_counted(journey.evidence) for journey in system.journeys)
    return Explained(calls=calls, stated=stated, only_seen=only_seen, unplaced=unplaced, begun=begun) if calls else None


def _counted(evidence: Iterable[Evidence]) -> int:
    return sum(line.count or 0 for line in evidence if line.confidence == "observed")
