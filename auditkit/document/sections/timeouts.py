"""Section 7: a timeout for every call, or the reason why there is none."""

from __future__ import annotations

from typing import Final

from auditkit.document import settings
from auditkit.document.blocks import Block, Heading, Part, Picture, Rich, code, link, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.figures import bounds, duration, number, share
from auditkit.document.latency_picture import latency_picture, slowest
from auditkit.document.sections.words import by_words, gaps, sentence, some, status
from auditkit.document.tail_picture import Marks, tail_picture
from auditkit.document.view import View
from auditkit.model.audit import PolicyProposal
from auditkit.model.latency import TimeoutAdvice
from auditkit.model.system import Dependency, Policy

_BOUND_BY = {
    "seed": "three times p99",
    "false_timeout": "the share of healthy calls that may be cut off",
    "deadline": "what the caller's deadline leaves",
    "pool": "what the caller's workers carry",
    "samples": "the number of samples",
    "censored": "an existing timeout that cuts the data off",
}


def timeouts(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Today's and proposed timeouts with measurement, grade and ground; refusals in words."""
    found: list[Block] = [
        text(
            "A timeout is derived in a fixed order: two to three times the 99th percentile under normal conditions; then "
            "the share of "
            "healthy calls it cuts off, against a target; then what the caller's deadline and its workers leave. ",
            link("The whole rule", "rule-timeout"),
            ". Grades say how well the data carry a value: justified (the bound on false timeouts is within the target), "
            "seed (enough "
            "samples for a p99, too few for the target), provisional (too few samples; a place to start, never exported "
            "unless adopted).",
        )
    ]
    if not view.calls:
        return [*found, text("No synchronous call is known that could be slow."), *gaps(empty, "timeouts")]
    head = ("Call", "Today", "Samples", "p99 (95 % interval)", "Proposed", "Grade", "False timeouts", "Bound by", "Ground")
    rows = [_row(view, d) for d in view.calls if _measured(view, d)]
    if rows:
        found.append(table("Timeouts", head, rows, figures=(1, 2, 3, 4, 6), widths=(2.4, 0.8, 0.8, 1.8, 1.3, 1.1, 1.6, 1.5, 0.8)))
    found += _unmeasured(view)
    drawn = latency_picture(view)
    found += [Picture("latencies", *drawn)] if drawn else []
    found += _tails(view)
    found += _reasons(view)
    return [*found, *gaps(empty, "timeouts")]


MOST_TAILS: Final = 4
"""Calls whose tail is drawn: the slowest. All others are in the workbook (`04_latency_to_timeouts`)."""


def _tails(view: View) -> list[Block]:
    """The tails of the slowest calls, where timeouts are won or lost."""
    shown = slowest(view)
    if not shown:
        return []
    found: list[Block] = [
        Heading("The tails of the slowest calls", "timeout-tails"),
        text(
            "Both axes are logarithmic: a timeout is about the last tenth of a per cent. Where the line crosses a timeout, that "
            "share of healthy calls is cut off."
        ),
    ]
    for place, row in enumerate(shown[:MOST_TAILS], start=1):
        marks = Marks(proposed_s=row.proposed_s, today_s=row.today_s)
        svg, title, words = tail_picture(row.profile, marks, f"tail-{place}")
        found.append(Picture(f"tail-{place}", svg, title, words))
    return found


def _measured(view: View, dependency: Dependency) -> bool:
    proposal = view.proposals.get(dependency.subject)
    return proposal is not None and proposal.advice is not None and proposal.advice.n > 0


def _unmeasured(view: View) -> list[Block]:
    """Calls of which nothing is measured, those that are told the same together."""
    told: dict[tuple[Rich, Rich, Rich], list[str]] = {}
    for call in view.calls:
        if not _measured(view, call):
            row = (
                rich(settings.timeout(call.policy)),
                _proposed(view.proposals.get(call.subject)),
                view.grounds_of(call.subject, "timeout"),
            )
            told.setdefault(row, []).append(call.subject)
    if not told:
        return []
    rows = [(some(calls), today, proposed, ground or rich("–")) for (today, proposed, ground), calls in told.items()]
    head = ("Calls", "Today", "Proposed", "Ground")
    return [table("Calls without any measurement", head, rows, figures=(1, 2), widths=(5, 1, 2, 1))]


def _row(view: View, dependency: Dependency) -> tuple[Part, ...]:
    proposal = view.proposals.get(dependency.subject)
    advice = proposal.advice if proposal else None
    ground = rich(view.grounds_of(dependency.subject, "timeout"), view.profile_link(dependency))
    today = settings.timeout(dependency.policy)
    if advice is None:
        return code(dependency.subject), today, "–", "not measured", _proposed(proposal), "–", "–", "–", ground
    return (
        code(dependency.subject), today, number(advice.n), bounds(advice.p99), _proposed(proposal), advice.grade, _false(advice),
        _BOUND_BY[advice.bound_by], ground,
    )  # fmt: skip


def _proposed(proposal: PolicyProposal | None) -> Rich:
    if proposal is None:
        return rich("none proposed")
    value = proposal.proposed.timeout_s if isinstance(proposal.proposed, Policy) else None
    if isinstance(value, float):
        return rich(strong(duration(value)), status(proposal, "timeout"))
    advice = proposal.advice
    if advice is not None and advice.recommended_s is None and advice.provisional_s is not None:
        return rich("refused; start at ", duration(advice.provisional_s))
    return rich("none proposed")


def _false(advice: TimeoutAdvice) -> str:
    found = advice.false_timeout
    return "–" if found is None else f"{share(found.p)} seen, at most {share(found.upper)} (target {share(found.target)})"


def _reasons(view: View) -> list[Block]:
    told: list[tuple[str, tuple[str, ...]]] = []
    for dependency in view.calls:
        proposal = view.proposals.get(dependency.subject)
        if proposal is None or not (proposal.reason or proposal.advice or proposal.needs):
            continue
        advice = proposal.advice
        more = advice.reason if advice and advice.reason.partition(";")[0] not in proposal.reason else ""
        why = " ".join(dict.fromkeys(sentence(w) for w in (proposal.reason, more) if w))
        cost = "; ".join(w for w in (advice.cost, *advice.warnings) if w) if advice else ""
        needs = "; ".join(proposal.needs).replace(dependency.subject, "this call")
        told.append((dependency.subject, (why or "–", cost or "–", needs or "–")))
    said = {subject for subject, _ in told}
    told += [(o.dependency, (o.reason, "–", "–")) for o in view.omissions("timeout") if o.dependency not in said]
    if not told:
        return []
    rows: list[tuple[Part, ...]] = [(some(calls), *words) for words, calls in by_words(told).items()]
    head = ("Calls", "Why", "What it costs, and warnings", "Still needed")
    return [
        Heading("Why these values, and why some were refused", "timeout-reasons"),
        table("Reasons", head, rows, widths=(2, 3.6, 2.6, 2.8)),
    ]
