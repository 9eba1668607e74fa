"""Each journey by itself, for those who own it: what it needs, what stops it, how it spends its deadline, what is proposed."""

from __future__ import annotations

import re

from auditkit.document import settings
from auditkit.document.blocks import Block, Heading, Part, Picture, code, table, text
from auditkit.document.figures import NOT_KNOWN, availability, availability_range, duration
from auditkit.document.maps import journey_map
from auditkit.document.sections.words import MANY, names
from auditkit.document.view import STOPPING, View
from auditkit.document.waterfall import waterfall
from auditkit.model.failure import Mode
from auditkit.model.system import Journey


def journey_pages(view: View) -> list[Block]:
    """One page for each journey."""
    return [block for journey in view.book.system.journeys for block in _page(view, journey)]


def _page(view: View, journey: Journey) -> list[Block]:
    name = f"journey-{re.sub(r'[^A-Za-z0-9_-]', '-', journey.id)}"
    found: list[Block] = [Heading(f"Journey {journey.id}", name), _facts(view, journey)]
    part = journey_map(view, journey, f"{name}-map")
    found += [part] if part else []
    drawn = waterfall(view, journey, f"{name}-deadline")
    if drawn:
        svg, title, alt = drawn
        found += [Picture(f"{name}-deadline", svg, title, alt), text(alt)]
    return [*found, *_calls(view, journey)]


def _facts(view: View, journey: Journey) -> Block:
    cuts = next((c for c in view.cut_sets("down") if c.journey == journey.id), None)
    deadline = duration(journey.deadline_s) if isinstance(journey.deadline_s, float) else journey.deadline_s or NOT_KNOWN
    slo = availability(journey.slo) if isinstance(journey.slo, float) else "none" if journey.slo == "none" else NOT_KNOWN
    rows: list[tuple[Part, ...]] = [
        ("Entry", code(journey.entry)),
        ("Must also complete", names(journey.completes, "nothing else")),
        ("Deadline", deadline),
        ("Objective, and ceiling of the structure", f"{slo}; {availability_range(cuts.p_failed if cuts else None)}"),
        ("Stopped alone by, when down", names(_stopping(view, journey, "down"), "nothing that is described")),
        ("Stopped alone by, when slow", names(_stopping(view, journey, "slow"), "nothing that is described")),
    ]
    return table(f"What {journey.id} asks for, and what stops it", ("What", "Is"), rows, widths=(1, 3))


def _stopping(view: View, journey: Journey, mode: Mode) -> list[str]:
    """Under the worst answers, so that nothing is hidden."""
    found = [e.atom for e in view.effects if e.mode == mode and e.worst and e.worst.journeys.get(journey.id) in STOPPING]
    return sorted(found)


def _calls(view: View, journey: Journey) -> list[Block]:
    rows: list[tuple[Part, ...]] = []
    for dependency in view.paths.reached(journey):
        proposal = view.proposals.get(dependency.subject)
        if not view.paths.timed(dependency):
            continue
        proposed = settings.timeout(proposal.proposed) if proposal and proposal.proposed is not None else "none proposed"
        rows.append(
            (code(dependency.subject), dependency.on_failure or settings.QUESTION, settings.timeout(dependency.policy), proposed)
        )
    if not rows:
        return []
    head = ("Call", "When it fails", "Timeout today", "Timeout proposed")
    found: list[Block] = [table(f"Calls that {journey.id} waits for", head, rows[:MANY], figures=(2, 3), widths=(3, 1, 1, 1))]
    if len(rows) > MANY:
        found.append(text(f"The first {MANY} of {len(rows):,}; sections 7 to 10 have them all."))
    return found
