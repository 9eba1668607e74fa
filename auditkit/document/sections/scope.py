"""Section 2: what is audited, for whom, and what counts."""

from __future__ import annotations

from auditkit.document.blocks import Block, Heading, Part, code, rich, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import NOT_KNOWN, availability, day, duration, how_many, rate
from auditkit.document.sections.words import gaps, names
from auditkit.document.view import View
from auditkit.model.system import Journey


def scope(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Scope and owners of the audit, journeys with their objectives."""
    facts = view.book.facts
    found: list[Block] = [
        text(facts.scope) if facts.scope else text("Nobody has written down what is inside and what is outside.")
    ]
    rows = [
        ("Owner of the audit", facts.owner or "not set"),
        ("Date", day(facts.date)),
        ("Next review", day(facts.next_review)),
        ("People", ", ".join(f"{p.name} ({p.role})" if p.role else p.name for p in facts.people) or "not set"),
    ]
    found.append(table("The audit", ("What", "Who and when"), rows, widths=(1, 3)))
    found.append(Heading("Journeys and objectives", "journeys"))
    if view.book.system.journeys:
        found.append(text("A journey is what a user wants from the system. Its value is its weight in every blast radius."))
        found.append(
            table(
                how_many(len(view.book.system.journeys), "journey"),
                ("Journey", "Entry", "Must also complete", "Deadline", "Objective", "Rate", "Value", "State"),
                [_journey(j) for j in view.book.system.journeys],
                figures=(3, 4, 5, 6),
                widths=(2, 2.4, 1.6, 1, 1.1, 1, 0.8, 1.2),
            )
        )
    found += _owners(view)
    return [*found, *gaps(empty, "scope")]


def _journey(journey: Journey) -> tuple[Part, ...]:
    deadline = duration(journey.deadline_s) if isinstance(journey.deadline_s, float) else journey.deadline_s or NOT_KNOWN
    slo = availability(journey.slo) if isinstance(journey.slo, float) else journey.slo or NOT_KNOWN
    return (
        rich(code(journey.id)), rich(code(journey.entry)), names(journey.completes), deadline, slo, rate(journey.rate_per_s),
        f"{journey.value:g}", "proposed" if journey.proposed else "confirmed",
    )  # fmt: skip


def _owners(view: View) -> list[Block]:
    owners: dict[str, list[str]] = {}
    for component in view.book.system.components:
        owners.setdefault(component.owner or "", []).append(component.id)
    rows = [(owner, names(sorted(owners[owner]))) for owner in sorted(owners) if owner]
    return (
        [Heading("Owners", "owners"), table("Who owns which component", ("Owner", "Components"), rows, widths=(1, 4))]
        if rows
        else []
    )
