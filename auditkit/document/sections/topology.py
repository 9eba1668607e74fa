"""Sections 3 and 4: the map, how sure we are of it, and every dependency."""

from __future__ import annotations

from auditkit.document import settings
from auditkit.document.blocks import Block, Heading, Part, bullets, code, link, rich, strong, table, text, warning
from auditkit.document.completeness import Missing
from auditkit.document.figures import NOT_KNOWN, availability, how_many, number, rate
from auditkit.document.looks import CONFIDENCE
from auditkit.document.maps import map_pictures
from auditkit.document.sections.words import gaps, names, short
from auditkit.document.view import View
from auditkit.model.system import CONFIDENCES, Component, Dependency


def topology(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """The map, coverage, conflicts between sources, and every component."""
    system = view.book.system
    found: list[Block] = []
    if system.components:
        found += map_pictures(system)
    found += [Heading("How sure we are of it", "coverage"), *_coverage(view)]
    if system.components:
        found.append(Heading("Components", "components"))
        head = (
            "Component",
            "Kind",
            "Instances",
            "Must be up",
            "Spread over",
            "Failover",
            "Workers each",
            "Availability",
            "Owner",
            "Known by",
        )
        rows = [[short(cell) for cell in _component(c)] for c in sorted(system.components, key=lambda c: c.id)]
        found.append(
            table("What runs, by name", head, rows, figures=(2, 3, 6, 7), widths=(2.2, 1.2, 1, 0.8, 1.6, 1.1, 0.9, 1.2, 1.4, 1.5))
        )
    if system.common_causes:
        rows_of_causes = [
            (code(c.id), c.kind, names(c.affects), availability(c.availability))
            for c in sorted(system.common_causes, key=lambda c: c.id)
        ]
        found += [
            Heading("Common causes", "causes"),
            text("One event of these takes several components at once; redundancy between them does not count against it."),
            table(
                "What one event takes",
                ("Cause", "Kind", "Takes", "Availability"),
                rows_of_causes,
                figures=(3,),
                widths=(1.5, 1, 4, 1),
            ),
        ]
    return [*found, *gaps(empty, "topology")]


def _coverage(view: View) -> list[Block]:
    coverage = view.book.coverage
    if coverage is None:
        return [warning("How much of the system is known was not computed; take every silence in this document as unknown.")]
    said = coverage.said.removeprefix(coverage.grade)
    found: list[Block] = [text("Coverage is ", strong(coverage.grade), f"{said}. ", link("The files", "provenance"), ".")]
    rows = [(c, CONFIDENCE[c], number(coverage.by_confidence[c])) for c in CONFIDENCES if coverage.by_confidence.get(c)]
    if rows:
        found.append(
            table(
                "What the facts rest on, from strong to weak",
                ("Confidence", "Meaning", "Facts"),
                rows,
                figures=(2,),
                widths=(1, 3, 1),
            )
        )
    if coverage.explained:
        found.append(text(f"Of the traffic that was seen: {coverage.explained.said}."))
    if coverage.without_dependency:
        found.append(text("Without any known dependency, which is rarely so: ", names(coverage.without_dependency), "."))
    if coverage.unused_datastores:
        found.append(text("Datastores that nobody is known to use: ", names(coverage.unused_datastores), "."))
    if coverage.cannot_say:
        found += [text("What the sources cannot say:"), bullets(coverage.cannot_say)]
    if view.book.conflicts:
        conflicts = [(code(c.where), c.what, c.kept, c.dropped) for c in view.book.conflicts]
        found.append(
            table(
                "Sources that contradict each other; the stronger evidence was kept",
                ("Where", "What", "Kept", "Dropped"),
                conflicts,
            )
        )
    return found


def _component(component: Component) -> tuple[Part, ...]:
    spread = ", ".join(f"{n} in {domain}" for domain, n in sorted((component.placement or {}).items()))
    confidence = min((e.confidence for e in component.evidence), key=CONFIDENCES.index, default=None)
    return (
        code(component.id),
        component.kind,
        number(component.instances),
        number(component.min_up),
        spread or NOT_KNOWN,
        component.failover or NOT_KNOWN,
        number(component.workers) if component.concurrency != "none" else "none",
        availability(component.availability),
        component.owner or NOT_KNOWN,
        CONFIDENCE[confidence] if confidence else "not stated",
    )


def dependencies(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Every dependency with what is configured today."""
    found = sorted(view.book.system.dependencies, key=lambda d: d.subject)
    if not found:
        return [warning("No dependency is known. That says nothing about whether there are any."), *gaps(empty, "dependencies")]
    calls = sum(d.call == "async" for d in found)
    intro = text(
        f"{how_many(len(found), 'dependency', 'dependencies')}, {calls} of them asynchronous, with today's settings. "
        "A question mark is an open question: the analysis takes its worst answer as possible and its best as proven. ",
        link("All settings", "settings") if view.calls else None,
        "." if view.calls else None,
    )
    head = ("Caller", "Callee", "Call", "When it fails", "Stage", "Rate", "Repeat safe", "Timeout today", "Instead", "Known by")
    rows = [[short(cell) for cell in _dependency(d)] for d in found]
    return [
        intro,
        table("Who calls whom, today", head, rows, figures=(4, 5), widths=(1.9, 1.9, 0.8, 1.1, 0.7, 1, 1, 1.1, 2, 1.3)),
        *gaps(empty, "dependencies"),
    ]


def _dependency(dependency: Dependency) -> tuple[Part, ...]:
    several = f"{dependency.needed} of: " if len(dependency.to) > 1 else None
    repeat = {True: "yes", False: "no", None: settings.QUESTION}[dependency.idempotent]
    waits = dependency.call == "sync"
    return (
        code(dependency.caller),
        rich(several, names(dependency.to)),
        dependency.call,
        (dependency.on_failure or settings.QUESTION) if waits else "–",
        "–" if dependency.stage is None else str(dependency.stage),
        rate(dependency.rate_per_s),
        repeat,
        settings.timeout(dependency.policy) if waits else "–",
        settings.fallback(dependency.fallback) if dependency.on_failure == "degrade" or dependency.fallback else "–",
        CONFIDENCE[dependency.confidence] if dependency.confidence else "not stated",
    )


__all__ = ["dependencies", "topology"]
