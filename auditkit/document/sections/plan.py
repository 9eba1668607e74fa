"""Sections 15 and 16: what was decided, and what is to be done by whom."""

from __future__ import annotations

from auditkit.checks import in_order
from auditkit.document.blocks import Block, Heading, Part, Rich, code, link, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import availability_range, day, downtime, how_many, number, share
from auditkit.document.sections.words import CHOICES, MANY, gaps, names, severity
from auditkit.document.view import MOST, View
from auditkit.model.audit import Action, Decision


def decisions(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Decisions with reason, person and end; accepted risks first among equals."""
    made = sorted(view.book.strategy.decisions, key=lambda d: d.about)
    accepted = [d for d in made if d.choice == "accept_risk"]
    others = [d for d in made if d.choice != "accept_risk"]
    found: list[Block] = []
    if not made:
        found.append(text("Nothing has been decided yet. Each decision names its reason, who made it, and until when it holds."))
    head = ("About", "Decision", "Reason", "By", "On", "Until")
    widths = (2.6, 1, 4, 1.2, 1, 1)
    if others:
        found.append(table("Decisions", head, [_row(d) for d in others], widths=widths))
    if accepted:
        found += [
            Heading("Accepted risks", "accepted"),
            table("Risks that somebody answers for", head, [_row(d) for d in accepted], widths=widths),
        ]
    reopened = view.book.strategy.reopened
    if reopened:
        rows = [(code(r.about), r.why) for r in sorted(reopened, key=lambda r: r.about)]
        found += [
            Heading("To be looked at again", "reopened"),
            table("Decisions whose ground has changed or whose time is over", ("About", "Why"), rows, widths=(2, 4)),
        ]
    return [*found, *gaps(empty, "decisions")]


def _row(decision: Decision) -> tuple[Part, ...]:
    until = day(decision.until) if decision.until else "without end"
    return code(decision.about), CHOICES[decision.choice], decision.reason, decision.by, day(decision.on), until


def plan(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Actions in order, sign-off, next review, age of the data."""
    found: list[Block] = []
    rows: list[tuple[Part, ...]] = [
        (
            str(number), severity(a.severity), strong(a.title), code(a.subject), _ends(view, a),
            a.owner or view.owner(a.subject) or "nobody yet", a.effort or "not estimated", a.status,
        )
        for number, a in enumerate(view.book.strategy.actions[:MOST], start=1)
    ]  # fmt: skip
    if rows:
        head = ("No.", "Severity", "Action", "Where", "Ends", "Owner", "Effort", "Status")
        found += [
            text(
                f"{how_many(len(view.book.strategy.actions), 'action')}, in the order in which they pay{_shown(rows, view)}; "
                "the whole list is in ",
                code("actions.csv"),
                f" for a tracker.{_untried(view)} ",
                link("How what an action ends is computed", "rule-plan"),
                ".",
            ),
            table("Action plan", head, rows, figures=(0,), widths=(0.5, 1.1, 3.6, 2, 2.2, 1.1, 0.8, 0.9)),
        ]
    else:
        found.append(text("No action was derived."))
    return [*found, *_left(view), *_review(view), *_sign_off(view), *gaps(empty, "plan")]


def _untried(view: View) -> str:
    """That the gain of some actions is unknown, where the system is too large to try each."""
    untried = view.book.strategy.untried
    if not untried:
        return ""
    return f" What each is worth was computed for the gravest; the system is too large to try the other {untried:,} one by one."


def _shown(rows: list[tuple[Part, ...]], view: View) -> str:
    return f" (the first {len(rows)} here)" if len(rows) < len(view.book.strategy.actions) else ""


def _ends(view: View, action: Action) -> Rich:
    """The findings that it ends, leading to the first of them, and what that is worth."""
    gain = f", {share(action.risk_removed)} less at risk" if action.risk_removed else ""
    points = len(action.single_points_removed)
    gain += f", {how_many(points, 'single point')} less" if points else ""
    up = action.availability_gained or 0.0
    gain += f", {downtime(up)} a month less down" if up >= 1e-5 else ""
    first = next((f for f in view.findings if f.key in action.removes), None)
    count = how_many(len(action.removes), "finding")
    return rich(count if first is None else link(count, view.finding_anchor(first)), gain)


def _left(view: View) -> list[Block]:
    """What remains when everything proposed is in force."""
    strategy = view.book.strategy
    if not strategy.residual and not strategy.remaining:
        return []
    found: list[Block] = [
        Heading("What is left when all of it is done", "residual"),
        text(
            "Both sides by the same rules: ",
            link("what a failure does", "rule-failure"),
            ", ",
            link("availability", "rule-availability"),
            ".",
        ),
    ]
    rows: list[tuple[Part, ...]] = [
        (
            r.mode,
            str(len(r.single_points_before)),
            rich(str(len(r.single_points_after)), ": " if r.single_points_after else "", names(r.single_points_after, "")),
            f"{share(r.worst_loss_before)} → {share(r.worst_loss_after)}",
            f"{share(r.mean_loss_before)} → {share(r.mean_loss_after)}",
        )
        for r in strategy.residual
    ]
    if rows:
        head = ("Mode", "Single points today", "Single points afterwards", "Largest loss of value", "Mean loss of value")
        found.append(
            table("Single failures before and after the plan", head, rows, figures=(1, 3, 4), widths=(0.7, 1, 3, 1.6, 1.6))
        )
    exact: list[tuple[Part, ...]] = [
        (
            code(journey),
            r.mode,
            f"{number(sets)} → {number(r.cut_sets_after.get(journey))}",
            f"{availability_range(r.p_failed_before.get(journey))} → {availability_range(r.p_failed_after.get(journey))}",
        )
        for r in strategy.residual
        for journey, sets in r.cut_sets_before.items()
    ]
    if exact:
        columns = ("Journey", "Every failure is", "Minimal cut sets", "Availability")
        found.append(table("All failures together, before and after the plan", columns, exact, widths=(2, 1, 1.4, 3)))
    if strategy.remaining:
        left = [(severity(f.severity), f.title, f.certainty) for f in sorted(strategy.remaining, key=in_order)]
        found.append(
            table("What the checks would still find", ("Severity", "Finding", "Certainty"), left[:MANY], widths=(1, 6, 1))
        )
        if len(left) > MANY:
            found.append(text(f"The first {MANY} of {len(left):,}."))
    return found


def _review(view: View) -> list[Block]:
    book = view.book
    until, today = book.data_until, book.facts.date
    age = "not known: the exports do not say when they were taken"
    if not view.profiles:
        age = "nothing was measured"
    elif until is not None:
        days = f", {how_many((today - until).days, 'day')} before the audit" if today and today >= until else ""
        age = f"measured until {day(until)}{days}"
    rows: list[tuple[Part, ...]] = [
        ("Next review", day(book.facts.next_review)),
        ("Age of the latency data", age),
        ("Date of the audit", day(today)),
    ]
    return [
        Heading("Next review", "review"),
        text(
            "Sooner, when a dependency is added, when a callee's p99 moves by half, or after an incident that this document"
            " did not foresee."
        ),
        table("Dates", ("What", "When"), rows, widths=(1, 3)),
    ]


def _sign_off(view: View) -> list[Block]:
    people = view.book.facts.people
    rows: list[tuple[Part, ...]] = [(p.name, p.role, "", "") for p in people] or [("", "", "", "")]
    return [
        Heading("Sign-off", "sign-off"),
        text("Who signs agrees to the decisions of section 15 and to the plan above, not to every word."),
        table("Sign-off", ("Name", "Role", "Date", "Signature"), rows, widths=(2, 2, 1, 3)),
    ]
