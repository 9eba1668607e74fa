"""How much of a system is known, and how surely; what a report may claim depends on it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from typing import Final

from auditkit.importers.coverage_rules import Known, judge
from auditkit.importers.explained import explained
from auditkit.model.draft import Coverage
from auditkit.model.system import CONFIDENCES, Confidence, Dependency, Fallback, Question, System, split_target

DATASTORES: Final = frozenset({"database", "cache", "queue"})
BYSTANDERS: Final = frozenset({"telemetry", "load-generator"})
"""Kinds that need no dependency for the rest to be understood."""
STATED: Final[frozenset[Confidence]] = frozenset({"observed", "declared", "asked"})
GUESSED: Final[frozenset[Confidence]] = frozenset({"ordering", "inferred"})
UNKNOWN_CALLEE: Final = ("called ", "nameless ", "not deployed ", "not here ")
"""Questions of imports about a call whose other end is in no file."""


def coverage(
    system: System,
    cannot_say: Sequence[str] = (),
    questions: Sequence[Question] = (),
    drawings: Collection[str] = (),
) -> Coverage:
    """What is known of a system. A dependency counts with its strongest evidence; without evidence a person declared it.

    `questions` are those that the map leaves open, ranked: those that flip a conclusion weigh on the grade, and so do all that
    an import left (`System.open_questions`). `drawings` are the sources that show what somebody drew or wrote into a
    catalogue, not what is configured or runs. The grade follows the rules of `coverage_rules`: **low** (no report may claim
    the absence of anything), **medium**, or **high** where no rule objects; each objection is told with it.

    >>> from auditkit.model.system import Component, Dependency
    >>> shop = System(system="shop", components=(Component(id="api"), Component(id="db", kind="database")))
    >>> coverage(shop).unused_datastores, coverage(shop).grade
    (('db',), 'low')
    >>> connected = shop.model_copy(update={"dependencies": (Dependency(caller="api", to="db"),)})
    >>> coverage(connected).grade
    'high'
    >>> open_ = Question(id="timeout api -> db", where="api -> db", what="How long does api wait?", flips=2)
    >>> print(coverage(connected, questions=[open_]).said)
    medium, because 1 question is open that would change what is reported, the first about api -> db
    """
    called = {split_target(target)[0] for dependency in system.dependencies for target in targets(dependency)}
    calling = {split_target(dependency.caller)[0] for dependency in system.dependencies}
    counted = [component for component in system.components if component.kind not in BYSTANDERS]
    alone = tuple(sorted(component.id for component in counted if component.id not in called | calling))
    unused = tuple(sorted(c.id for c in system.components if c.kind in DATASTORES and c.id not in called))
    found = [dependency.confidence or "declared" for dependency in system.dependencies]
    by_confidence: dict[Confidence, int] = {name: found.count(name) for name in CONFIDENCES if name in found}
    left = {question.id: question for question in system.open_questions}
    traffic = explained(system, questions)
    known = Known(
        components=len(counted),
        dependencies=len(system.dependencies),
        alone=alone,
        unused=unused,
        stated=sum(n for name, n in by_confidence.items() if name in STATED),
        guessed=sum(n for name, n in by_confidence.items() if name in GUESSED),
        drawn=sum(_only_drawn(dependency, drawings) for dependency in system.dependencies),
        unknown=tuple(q.where for q in left.values() if q.id.startswith(UNKNOWN_CALLEE)),
        left_open=sum(not q.id.startswith(UNKNOWN_CALLEE) for q in left.values()),
        weighty=tuple(q.where for q in questions if q.flips and q.id not in left),
        traffic=traffic,
    )
    grade, reasons = judge(known)
    return Coverage(
        components=len(system.components),
        without_dependency=alone,
        unused_datastores=unused,
        by_confidence=by_confidence,
        cannot_say=tuple(dict.fromkeys(cannot_say)),
        explained=traffic,
        grade=grade,
        reason="; ".join(reasons),
    )


def targets(dependency: Dependency) -> Iterator[str]:
    """Everything that a dependency may call: its targets and the alternatives of its fallback."""
    yield from dependency.to
    if isinstance(dependency.fallback, Fallback):
        yield from (alternative.to for alternative in dependency.fallback.alternatives)


def _only_drawn(dependency: Dependency, drawings: Collection[str]) -> bool:
    return bool(dependency.evidence) and all(e.source in drawings for e in dependency.evidence)
