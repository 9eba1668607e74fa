"""How much of a system is known, and how surely; what a report may claim depends on it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from auditkit.model.draft import Coverage
from auditkit.model.system import CONFIDENCES, Confidence, Dependency, Fallback, System, split_target

DATASTORES: Final = frozenset({"database", "cache", "queue"})
BYSTANDERS: Final = frozenset({"telemetry", "load-generator"})
"""Kinds that need no dependency for the rest to be understood."""
STATED: Final[frozenset[Confidence]] = frozenset({"observed", "declared", "asked"})
GUESSED: Final[frozenset[Confidence]] = frozenset({"ordering", "inferred"})
MAX_SHARE_ALONE: Final = 0.25
MIN_SHARE_STATED: Final = 0.8
MAX_SHARE_GUESSED: Final = 0.5


def coverage(system: System, cannot_say: Sequence[str] = ()) -> Coverage:
    """What is known of a system. A dependency counts with its strongest evidence; without evidence a person declared it.

    The grade is **low** (no report may claim the absence of anything) where there is no dependency at all, where more than a
    quarter of the components neither call nor are called (telemetry and load generators aside), where nobody uses a
    datastore, or where more than half of the dependencies rest on start order or name patterns only. It is **high** where
    every component is connected, no question of an import is open, and at least four in five dependencies were observed in
    traffic or stated for the purpose. It is **medium** in between: an address in a configuration is not yet a call.

    >>> from auditkit.model.system import Component, Dependency
    >>> shop = System(system="shop", components=(Component(id="api"), Component(id="db", kind="database")))
    >>> coverage(shop).unused_datastores, coverage(shop).grade
    (('db',), 'low')
    >>> coverage(shop.model_copy(update={"dependencies": (Dependency(caller="api", to="db"),)})).grade
    'high'
    """
    called = {split_target(target)[0] for dependency in system.dependencies for target in targets(dependency)}
    calling = {split_target(dependency.caller)[0] for dependency in system.dependencies}
    counted = [component for component in system.components if component.kind not in BYSTANDERS]
    alone = tuple(sorted(component.id for component in counted if component.id not in called | calling))
    unused = tuple(sorted(c.id for c in system.components if c.kind in DATASTORES and c.id not in called))
    found = [dependency.confidence or "declared" for dependency in system.dependencies]
    by_confidence: dict[Confidence, int] = {name: found.count(name) for name in CONFIDENCES if name in found}
    grade, reason = _grade(len(counted), alone, unused, by_confidence, len(system.open_questions))
    return Coverage(
        components=len(system.components),
        without_dependency=alone,
        unused_datastores=unused,
        by_confidence=by_confidence,
        cannot_say=tuple(dict.fromkeys(cannot_say)),
        grade=grade,
        reason=reason,
    )


def targets(dependency: Dependency) -> Iterator[str]:
    """Everything that a dependency may call: its targets and the alternatives of its fallback."""
    yield from dependency.to
    if isinstance(dependency.fallback, Fallback):
        yield from (alternative.to for alternative in dependency.fallback.alternatives)


def _grade(
    counted: int, alone: tuple[str, ...], unused: tuple[str, ...], by_confidence: dict[Confidence, int], open_questions: int
) -> tuple[str, str]:
    total = sum(by_confidence.values())
    if not total:
        return "low", "no dependency is known"
    guessed = sum(n for name, n in by_confidence.items() if name in GUESSED) / total
    stated = sum(n for name, n in by_confidence.items() if name in STATED) / total
    low = []
    if len(alone) > MAX_SHARE_ALONE * counted:
        low.append(f"{len(alone)} of {counted} components have no dependency ({_names(alone)})")
    if unused:
        low.append(f"nobody is known to use {_names(unused)}")
    if guessed > MAX_SHARE_GUESSED:
        low.append(f"{_percent(guessed)} of the dependencies rest on start order or name patterns only")
    if low:
        return "low", "; ".join(low)
    missing = []
    if stated < MIN_SHARE_STATED:
        share = f"only {_percent(stated)}" if stated else "none"
        missing.append(
            f"{share} of the dependencies were observed in traffic or stated for the purpose, the rest is configuration"
        )
    if alone:
        missing.append(f"{_names(alone)} {'has' if len(alone) == 1 else 'have'} no dependency")
    if open_questions:
        missing.append(f"the import left {open_questions} question{'s' * (open_questions > 1)} open")
    if missing:
        return "medium", "; ".join(missing)
    return "high", f"{_percent(stated)} of the dependencies were observed in traffic or stated, and every component is connected"


def _names(ids: tuple[str, ...], most: int = 5) -> str:
    return ", ".join(ids[:most]) + (f" and {len(ids) - most} more" if len(ids) > most else "")


def _percent(share: float) -> str:
    return f"{100 * share:.0f} %"
