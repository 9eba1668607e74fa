"""Section 1: one page for those who read no further."""

from __future__ import annotations

from auditkit.document.blocks import Block, Heading, Paragraph, bullets, code, link, missing, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import day, how_many
from auditkit.document.looks import CONFIDENCE
from auditkit.document.sections.words import severity
from auditkit.document.view import View
from auditkit.model.audit import SEVERITIES

TOP = 5
QUESTIONS = 5
SETTLED = 2
"""Conclusions named beside a question; the appendix has them all."""


def summary(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """What was audited, how sure we are, top risks, top actions, and the questions that would settle most."""
    return [*_audited(view), *_sure(view, empty), *_risks(view), *_actions(view), *_questions(view)]


def _audited(view: View) -> list[Block]:
    book, facts = view.book, view.book.facts
    size = ", ".join(
        (
            how_many(len(book.system.components), "component"),
            how_many(len(book.system.dependencies), "dependency", "dependencies"),
            how_many(len(book.system.journeys), "journey"),
        )
    )
    lead = rich(
        "This is the resilience audit of ",
        strong(book.system.system),
        f": {size}, {how_many(len(view.profiles), 'measured call')}. ",
        facts.scope,
    )
    return [Paragraph(lead, "lead")]


def _sure(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    coverage = view.book.coverage
    items = []
    if coverage is None:
        items.append(rich("How much of the system is known was not computed."))
    else:
        weakest = [f"{n} {CONFIDENCE[c]}" for c, n in coverage.by_confidence.items() if n]
        items.append(
            rich(
                "Coverage is ",
                strong(coverage.grade),
                f"{coverage.said.removeprefix(coverage.grade)}.",
                f" Of what is known: {', '.join(weakest)}." if weakest else "",
            )
        )
    if view.book.single_points:
        said = view.book.single_points
        if coverage is not None:  # why it is not high has just been said
            said = said.replace(f"Coverage is {coverage.said}", f"Coverage is {coverage.grade}")
        items.append(rich(said, " ", link("How each fails", "failures"), "."))
    graded = [p.advice.grade for p in view.proposals.values() if p.advice is not None]
    if graded:
        counts = ", ".join(f"{graded.count(grade)} {grade}" for grade in ("justified", "seed", "provisional") if grade in graded)
        items.append(rich(f"Timeouts by how well the data carry them: {counts}. ", link("Section 7", "timeouts"), " has each."))
    if empty:
        items.append(
            rich(
                f"{how_many(len(empty), 'slot')} of evidence in this document {'is' if len(empty) == 1 else 'are'} empty; ",
                link("the completeness check", "completeness"),
                " lists them.",
            )
        )
    return [Heading("How sure we are", "summary-sure"), bullets(items)]


def _risks(view: View) -> list[Block]:
    open_ones = [f for f in view.findings if getattr(view.decisions.get(f.key), "choice", "") != "accept_risk"]
    heavy = open_ones[:TOP]
    head: list[Block] = [Heading("Top risks", "summary-risks")]
    if not heavy:
        return [
            *head,
            missing("No check has found anything. With little known that is no good news: see how sure we are, above."),
        ]
    rows = [(severity(f.severity), link(f.title, view.finding_anchor(f)), f.certainty, f.remedy) for f in heavy]
    counts = ", ".join(f"{n} {s}" for s in reversed(SEVERITIES) if (n := sum(f.severity == s for f in view.findings)))
    return [
        *head,
        table(
            f"The heaviest of {how_many(len(view.findings), 'finding')} ({counts})",
            ("Severity", "Risk", "Certainty", "Remedy"),
            rows,
            widths=(1.1, 4, 1, 4),
        ),
    ]


def _actions(view: View) -> list[Block]:
    actions = [a for a in view.book.strategy.actions if a.status in {"open", "adopted"}]
    head: list[Block] = [Heading("Top actions", "summary-actions")]
    if not actions:
        return [*head, missing("No action was derived.")]
    items = [
        rich(
            strong(a.title),
            f" – {owner}" if (owner := a.owner or view.owner(a.subject)) else " – no owner yet",
            f", ends {how_many(len(a.removes), 'finding')}" if a.removes else "",
            f", effort {a.effort}" if a.effort else "",
        )
        for a in actions[:TOP]
    ]
    return [
        *head,
        bullets(items, ordered=True),
        text(
            f"{how_many(len(actions), 'action')} in all: ",
            link("the action plan", "plan"),
            f". Next review: {day(view.book.facts.next_review)}.",
        ),
    ]


def _questions(view: View) -> list[Block]:
    questions, more = view.book.strategy.open_questions, view.book.strategy.more_questions
    head: list[Block] = [Heading("Questions whose answers would change most", "summary-questions")]
    if not questions:
        return [*head, text("No question is open.")]
    rows = [(str(n), q.what, code(q.where), _settles(q.flips, q.settles)) for n, q in enumerate(questions[:QUESTIONS], start=1)]
    found: list[Block] = [
        *head,
        table(
            f"The first {len(rows)} of {how_many(len(questions) + (more or 0), 'open question')}",
            ("Rank", "Question", "Where", "What its answer settles"),
            rows,
            figures=(0,),
            widths=(0.6, 4, 3, 4),
        ),
    ]
    if len(questions) > QUESTIONS:
        found.append(
            text(
                "The others are in ",
                link("the appendix", "questions"),
                ". Until they are answered, the worst answer counts as possible and the best as proven.",
            )
        )
    return found


def _settles(flips: int, settles: tuple[str, ...]) -> str:
    if not flips:
        return "; ".join(settles) or "no conclusion of today depends on it alone"
    said = f": {'; '.join(settles[:SETTLED])}" if settles else ""
    more = f" and {len(settles) - SETTLED} more" if len(settles) > SETTLED else ""
    return f"{how_many(flips, 'conclusion')}{said}{more}"
