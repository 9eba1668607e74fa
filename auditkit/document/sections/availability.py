"""Section 6: the availability that the structure allows, against what was promised."""

from __future__ import annotations

from auditkit.document.blocks import Block, Heading, Part, code, link, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import NOT_KNOWN, availability, availability_range, downtime, share
from auditkit.document.sections.words import gaps
from auditkit.document.view import View
from auditkit.model.failure import CutSets, Range
from auditkit.model.system import Journey


def availabilities(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Ceiling of every journey, verdict against its SLO, and what contributes most."""
    known = {cuts.journey: cuts for cuts in view.cut_sets("down")}
    found: list[Block] = [
        text(
            "The ceiling is the availability that a journey can reach if every component fails only as often as stated and "
            "every "
            "failure does what section 5 says. It is exact, not a product over shared parts; unknown availabilities count "
            "as 0 % and as 100 %, which gives a range. Software defects and bad deploys come on top. ",
            link("How it is computed", "rule-availability"), ".",
        )
    ]  # fmt: skip
    rows = [_row(journey, known.get(journey.id)) for journey in view.book.system.journeys]
    if rows:
        head = ("Journey", "Objective", "Allowed a month", "Ceiling", "Verdict")
        found.append(table("Objectives and what the structure allows", head, rows, figures=(1, 2, 3), widths=(1.2, 1, 1.2, 2, 4)))
    assumed = view.book.facts.assumed_availability
    if assumed is not None:
        found.append(text(f"Where an availability is unknown, {availability(assumed)} was assumed for the whole audit."))
    found += _important(known)
    return [*found, *gaps(empty, "availability")]


def _row(journey: Journey, cuts: CutSets | None) -> tuple[Part, ...]:
    failing = cuts.p_failed if cuts else None
    slo = journey.slo if isinstance(journey.slo, float) else None
    return (
        code(journey.id), availability(slo) if slo is not None else "none" if journey.slo == "none" else NOT_KNOWN,
        downtime(1 - slo) if slo is not None else "–", availability_range(failing), _verdict(slo, failing),
    )  # fmt: skip


def _verdict(slo: float | None, failing: float | Range | None) -> Part:
    if failing is None:
        return "not computed"
    if slo is None:
        return "no objective to compare with"
    worst = failing.worst if isinstance(failing, Range) else failing
    best = failing.best if isinstance(failing, Range) else failing
    allowed = 1 - slo
    if best > allowed + 1e-12:
        spent = best / allowed if allowed else float("inf")
        return (
            strong(f"cannot be met: the structure alone spends {spent:.3g} times the error budget")
            if allowed
            else strong("cannot be met")
        )
    if worst > allowed + 1e-12:
        return "open: it depends on availabilities that nobody has stated"
    return f"can be met: the structure spends {share(worst / allowed)} of the error budget" if allowed else "can be met"


def _important(known: dict[str, CutSets]) -> list[Block]:
    rows: list[tuple[Part, ...]] = []
    for journey in sorted(known):
        ranked = sorted(
            (i for i in known[journey].importance if i.fussell_vesely), key=lambda i: (-(i.fussell_vesely or 0.0), i.atom)
        )
        rows += [
            (code(journey), code(i.atom), share(i.fussell_vesely), "–" if i.birnbaum is None else f"{i.birnbaum:.3g}")
            for i in ranked[:5]
        ]
    if not rows:
        return []
    return [
        Heading("What contributes most", "importance"),
        text(
            "Part in failures (Fussell-Vesely): the share of the journey's unavailability in which this takes part. "
            "Weight (Birnbaum): how much the journey's unavailability changes if this turns from surely up to surely down."
        ),
        table(
            "The five largest contributors of each journey",
            ("Journey", "Contributor", "Part in failures", "Weight"),
            rows,
            figures=(2, 3),
        ),
    ]
