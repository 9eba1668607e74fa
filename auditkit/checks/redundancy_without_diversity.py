"""Redundant things that are all the same."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.system import Dependency

NAME = "redundancy_without_diversity"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each redundant group that one cause or one place takes as a whole."""
    for dependency in facts.system.dependencies:
        members = tuple(dict.fromkeys(target.partition(":")[0] for target in dependency.to))
        if len(members) < 2:
            continue
        shared = [*_causes(facts, dependency, members), *_places(facts, members)]
        if not shared:
            continue
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"{listing(members)} are too much alike: {listing(name for name, _ in shared)} takes too many of them at once",
            [why for _, why in shared],
            "make one of them different (another version, query plan, zone or provider), or plan for losing all of them",
            step=-1,
        )


def _causes(facts: Facts, dependency: Dependency, members: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for cause in facts.system.common_causes:
        hit = [m for m in members if m in cause.affects]
        if len(members) - len(hit) < dependency.needed:
            yield cause.id, f"{cause.id} ({cause.kind}) affects {listing(hit)}"


def _places(facts: Facts, members: tuple[str, ...]) -> Iterator[tuple[str, str]]:
    placed = [facts.paths.components[m].placement for m in members if m in facts.paths.components]
    domains = {tuple(sorted(p)) for p in placed if p}
    if len(placed) == len(members) and all(placed) and len(domains) == 1 and len(next(iter(domains))) == 1:
        domain = next(iter(domains))[0]
        yield domain, f"all of them run in {domain} only"


CHECK = Check(
    name=NAME,
    title="Redundant, and all alike",
    why=(
        "Replicas protect against a broken machine. They do not protect against what they have in common: the same code, "
        "the same query, the same certificate, the same zone. It then fails everywhere at once."
    ),
    how="Redundant alternatives of which a stated common cause, or a single placement domain, leaves fewer than are needed.",
    remedy="Diversity where it matters, staged roll-outs, and a fallback for the loss of the whole group.",
    false_alarm="The cause is rarer than anything else that could happen: accept the risk, with a reason.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
