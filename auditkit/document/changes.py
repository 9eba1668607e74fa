"""What changed since the last audit, in sentences."""

from __future__ import annotations

from collections.abc import Iterable

from auditkit.document.figures import how_many, listing, share
from auditkit.model.audit import Finding
from auditkit.planning import Comparison

MOST = 12
"""Sentences of one kind; `auditkit diff` lists all."""


def what_changed(changes: Comparison) -> tuple[str, ...]:
    """Risk first, then findings, those that are new before those that are gone, then settings; empty where all is as before."""
    return (
        *_risk(changes),
        *_some(f"New finding, {_grade(f)}: {f.title}" for f in changes.new),
        *_some(f"Now {_grade(c.after)}, before {_grade(c.before)}: {c.after.title}" for c in changes.changed),
        *_some(f"No longer found: {f.title}" for f in changes.gone),
        *_some(
            f"{s.dependency}, {_plain(s.setting)} ({s.where}): {_plain(s.before)} before, {_plain(s.after)} now"
            for s in changes.settings
        ),
    )


def _risk(changes: Comparison) -> Iterable[str]:
    before, after = changes.risk.before, changes.risk.after
    was, now = set(before.single_points), set(after.single_points)
    if was != now:
        parts = [f"{name}: {listing(sorted(some))}" for name, some in (("new", now - was), ("gone", was - now)) if some]
        yield f"{how_many(len(now), 'single point')} of failure, {len(was)} before; {'; '.join(parts)}"
    if before.mean_loss != after.mean_loss:
        yield f"A single failure takes {share(after.mean_loss)} of all value on average, {share(before.mean_loss)} before"


def _grade(finding: Finding) -> str:
    return f"{finding.severity} and {finding.certainty}"


def _plain(words: str | None) -> str:
    return words.replace("_", " ") if words else "not there"


def _some(sentences: Iterable[str]) -> Iterable[str]:
    found = list(sentences)
    yield from found[:MOST]
    if len(found) > MOST:
        yield f"and {len(found) - MOST:,} more of this kind"
