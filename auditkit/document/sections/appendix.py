"""Section 17: grounds, rules, data, settings, versions: where everything comes from."""

from __future__ import annotations

import datetime as dt

from auditkit.document import settings
from auditkit.document.blocks import (
    Block,
    Heading,
    Part,
    Row,
    bullets,
    code,
    joined,
    link,
    marked,
    rich,
    strong,
    table,
    text,
)
from auditkit.document.book import last_day
from auditkit.document.completeness import Missing
from auditkit.document.figures import bounds, day, duration, how_many, number, rate
from auditkit.document.rules import RULES
from auditkit.document.sections.words import by_words, some
from auditkit.document.titles import TITLES
from auditkit.document.view import MOST, View
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import Nothing, Policy


def appendix(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Everything that the sections link to."""
    return [
        *_completeness(empty),
        *_grounds(view),
        *_evidence(view),
        *_data(view),
        *_rules(),
        *_assumptions(view),
        *_questions(view),
        *_settings(view),
        *_gaps(view),
        *_changes(view),
        *_provenance(view),
    ]


def _completeness(empty: tuple[Missing, ...]) -> list[Block]:
    found: list[Block] = [Heading("Completeness check", "completeness")]
    if not empty:
        return [*found, text("Every evidence slot of this document is filled.")]
    rows = [(TITLES[m.section], m.what, marked(m.remedy)) for m in empty]
    return [
        *found,
        table(
            f"{how_many(len(empty), 'empty evidence slot')}",
            ("Section", "What is missing", "What fills it"),
            rows,
            widths=(1.3, 4, 3),
        ),
    ]


def _grounds(view: View) -> list[Block]:
    found: list[Block] = [Heading("Grounds of the proposed figures", "grounds")]
    if not view.grounds:
        return [*found, text("No figure is proposed in this document, so there is none to justify.")]
    rows = [
        Row(
            tuple(
                rich(c)
                for c in (
                    f"[{e.number}]",
                    some(e.dependencies),
                    e.figure.replace("_", " "),
                    rich(e.ground.data, *view.data_links(e.dependencies)),
                    e.ground.rule,
                    e.ground.uncertainty or "–",
                    e.ground.cost or "–",
                )
            ),
            e.anchor,
        )
        for e in view.grounds
    ]
    return [
        *found,
        table(
            "Data, rule, uncertainty and cost of each proposed figure",
            ("No.", "Calls", "Figure", "Data", "Rule", "Uncertainty", "Cost while healthy"),
            rows,
            widths=(0.5, 2, 1.1, 2.2, 2.6, 2, 2),
        ),
    ]


def _evidence(view: View) -> list[Block]:
    if not view.findings:
        return []
    rows = [
        Row((rich(link(f.title, view.finding_anchor(f))), joined(f.evidence, "; ") or rich("–")), view.evidence_anchor(f))
        for f in view.findings[:MOST]
    ]
    return [
        Heading("Evidence of the findings", "evidences"),
        table("What each finding rests on", ("Finding", "Evidence"), rows, widths=(2, 6)),
    ]


def _data(view: View) -> list[Block]:
    found: list[Block] = [Heading("Latency data", "data")]
    if not view.profiles:
        return [*found, text("Nothing was measured.")]
    rows = [
        Row(tuple(rich(c) for c in _profile(index, p, view.book.facts.date)), f"data-{index}")
        for index, p in enumerate(view.profiles, start=1)
    ]
    head = (
        "No.",
        "Call",
        "Answers",
        "Errors",
        "Timeouts",
        "p50",
        "p95",
        "p99 (95 % interval)",
        "p99.9",
        "Longest",
        "Rate",
        "From, and how old",
    )
    found.append(
        text(
            "Quantiles are of successful answers, nearest rank, each with its two-sided 95 % interval where the table has "
            "room for it."
        )
    )
    found.append(
        table(
            "What was measured",
            head,
            rows,
            figures=range(2, 11),
            widths=(0.5, 2.1, 0.8, 0.7, 0.8, 0.8, 0.8, 1.7, 0.8, 0.8, 0.8, 2.4),
        )
    )
    warned = [rich(code(p.call), ": ", "; ".join(p.warnings)) for p in view.profiles if p.warnings]
    return [*found, bullets(warned)] if warned else found


def _profile(index: int, profile: LatencyProfile, audit: dt.date | None) -> tuple[Part, ...]:
    return (
        f"[D{index}]",
        code(profile.call),
        number(profile.n),
        number(profile.errors),
        number(profile.timeouts),
        duration(profile.p50.point),
        duration(profile.p95.point),
        bounds(profile.p99),
        duration(profile.p999.point),
        duration(profile.max_s),
        rate(profile.rate_per_s),
        f"{', '.join(profile.sources) or 'not stated'}; {_age(profile, audit)}",
    )


def _age(profile: LatencyProfile, audit: dt.date | None) -> str:
    until = last_day(profile)
    if until is None:
        return "of unknown age"
    days = (audit - until).days if audit else -1
    return f"until {day(until)}" + (f" ({how_many(days, 'day')} before the audit)" if days >= 0 else "")


def _rules() -> list[Block]:
    found: list[Block] = [Heading("Rules", "rules")]
    for rule in RULES:
        found += [Heading(rule.title, rule.anchor), text(rule.words)]
        if rule.source:
            found.append(text("Source: ", rule.source))
    return found


def _assumptions(view: View) -> list[Block]:
    said = {(a.where, a.what) for a in view.book.strategy.assumptions}
    for radius in view.book.strategy.blast:
        if radius.assume == "worst":
            said.update((a.where, a.what) for a in radius.assumptions)
    for cuts in view.book.strategy.cut_sets:
        said.update((a.where, a.what) for a in cuts.assumptions)
    if not said:
        return []
    by_what: dict[str, list[str]] = {}
    for where, what in sorted(said):
        by_what.setdefault(what, []).append(where)
    rows = [(what, some(by_what[what])) for what in sorted(by_what)]
    return [
        Heading("Assumptions", "assumptions"),
        text("Taken for granted because nobody has told it. Each is the worst answer unless it says otherwise."),
        table("Assumptions", ("What was assumed", "Where"), rows, widths=(3, 4)),
    ]


def _questions(view: View) -> list[Block]:
    questions, more = view.book.strategy.open_questions, view.book.strategy.more_questions
    if not questions:
        return []
    rest = [text(f"{more} more are open, which decide less; `auditkit import` and notebook 01 list them.")] if more else []
    rows = [
        (str(n), q.what, code(q.where), number(q.flips), "; ".join(q.settles) or "–") for n, q in enumerate(questions, start=1)
    ]
    head = ("Rank", "Question", "Where", "Conclusions decided", "Which")
    return [
        Heading("Open questions", "questions"),
        table("Open questions, those that decide most first", head, rows, figures=(0, 3), widths=(0.6, 4, 2.4, 1, 4)),
        *rest,
    ]


def _settings(view: View) -> list[Block]:
    told: list[tuple[str, tuple[str, ...]]] = []
    for call in view.calls:
        proposal = view.proposals.get(call.subject)
        proposed = proposal.proposed if proposal else None
        words = _words(call.policy) + (_words(proposed) if isinstance(proposed, Policy) else ())
        told.append((call.subject, words))
    rows: list[tuple[Part, ...]] = []
    for words, calls in by_words(told).items():
        rows.append((some(calls), "today", *words[:4]))
        if len(words) > 4:
            rows.append(("", "proposed", *words[4:]))
    if not rows:
        return []
    head = ("Calls", "Which", "Timeout", "Retry", "Circuit breaker", "Bulkhead")
    return [
        Heading("Full settings", "settings"),
        table("Settings of every call", head, rows, widths=(2.2, 0.9, 1, 2.4, 2.8, 1.6)),
    ]


def _words(policy: Policy | Nothing | None) -> tuple[str, ...]:
    return settings.timeout(policy), settings.retry(policy), settings.breaker(policy), settings.bulkhead(policy)


def _gaps(view: View) -> list[Block]:
    """What the targets exported beside this document cannot express; calls that lack the same are told together."""
    calls: dict[tuple[str, str, str], list[str]] = {}
    found: list[Block] = []
    if view.book.targets:
        said = [(target, view.book.targets[target]) for target in sorted(view.book.targets)]
        found = [
            Heading("Files exported beside this document", "targets"),
            table("How each target says what is proposed", ("Target", "Meaning"), said, widths=(1, 6)),
        ]
    for target in sorted(view.book.gaps):
        for gap in view.book.gaps[target]:
            calls.setdefault((target, gap.what, gap.remedy), []).append(gap.where)
    if not calls:
        return found
    rows = [(target, what, some(where, 5), remedy or "–") for (target, what, remedy), where in calls.items()]
    head = ("Target", "What it cannot express", "Calls", "Instead")
    return [
        *found,
        Heading("What the exported files cannot express", "gaps"),
        table("Gaps", head, rows[:MOST], widths=(1, 3, 2.5, 2.5)),
        *(
            [text(f"The first {MOST} of {len(rows):,}; ", code("auditkit export --json"), " lists all.")]
            if len(rows) > MOST
            else []
        ),
    ]


def _changes(view: View) -> list[Block]:
    changes = view.book.changes
    found: list[Block] = [Heading("Changes since the last audit", "changes")]
    if changes is None:
        undated = "" if view.book.facts.date else " This one has no date yet; once it has one, the next is compared with it."
        return [*found, text(f"No earlier audit is known.{undated}")]
    since = f" since the audit of {day(view.book.changes_since)}" if view.book.changes_since else ""
    if not changes:
        return [*found, text(f"Nothing has changed in risk or settings{since}.")]
    return [*found, text(f"What is different{since}:"), bullets(changes)]


def _provenance(view: View) -> list[Block]:
    book = view.book
    found: list[Block] = [Heading("Files and versions", "provenance")]
    rows = [(code(p.file), p.what, code(p.sha256)) for p in sorted(book.provenance, key=lambda p: (p.what, p.file, p.sha256))]
    if rows:
        found.append(table("Files that this audit rests on", ("File", "What was read", "SHA-256"), rows, widths=(2, 2, 4)))
    found.append(
        text(
            "Written by auditkit ",
            strong(book.version or "of unknown version"),
            f" for the audit of {day(book.facts.date)}. Equal inputs give this document again, byte for byte.",
        )
    )
    return found
