"""Architecture decision records: one Markdown file for each decision (M. Nygard, Documenting architecture decisions, 2011)."""

from __future__ import annotations

import re
from dataclasses import dataclass

from auditkit.document import settings
from auditkit.document.book import Book
from auditkit.document.figures import day
from auditkit.document.render import fill
from auditkit.model.audit import Artifact, Choice, Decision, Finding, PolicyProposal

_STATUS: dict[Choice, str] = {"adopt": "accepted", "accept_risk": "accepted (a risk is borne)", "defer": "deferred"}
_WORDS: dict[Choice, str] = {
    "adopt": "It is done as proposed.",
    "accept_risk": "The risk is accepted; nothing is changed.",
    "defer": "Nothing is decided yet; it is looked at again.",
}


@dataclass(frozen=True, slots=True)
class _About:
    """What a decision is about, in sentences: the situation, and what follows from each choice."""

    title: str
    context: tuple[str, ...]
    remedy: str


def records(book: Book) -> tuple[Artifact, ...]:
    """The records of a book, numbered in the order of what they are about."""
    ordered = sorted(book.strategy.decisions, key=lambda d: (d.about, d.by))
    return tuple(_record(book, number, decision) for number, decision in enumerate(ordered, start=1))


def _record(book: Book, number: int, decision: Decision) -> Artifact:
    about = _about(book, decision)
    text = fill(
        "adr.md.j2",
        number=number,
        title=about.title,
        status=_STATUS[decision.choice],
        date=day(decision.on),
        by=decision.by,
        until=day(decision.until) if decision.until else "further notice",
        lines=about.context,
        decision=_WORDS[decision.choice],
        reason=decision.reason,
        consequences=_consequences(decision, about),
    )
    slug = re.sub(r"[^a-z0-9]+", "-", decision.about.lower()).strip("-")[:60].rstrip("-") or "decision"
    return Artifact(path=f"adr/{number:04}-{slug}.md", content=text.encode(), title=f"Decision {number}: {about.title[:120]}")


def _about(book: Book, decision: Decision) -> _About:
    finding = next((f for f in book.strategy.findings if f.key == decision.about), None)
    if finding is not None:
        return _of_finding(finding)
    proposal = next((p for p in book.strategy.policies if f"policy {p.dependency}" == decision.about), None)
    if proposal is not None:
        return _of_policy(proposal)
    return _About(decision.about, ("What this was about is no longer found in the audit.",), "")


def _of_finding(finding: Finding) -> _About:
    sure = "whatever the open answers are" if finding.certainty == "proven" else "under the worst answers to open questions"
    context = (f"The audit found, {sure}: {finding.title}. Severity: {finding.severity}.", *finding.evidence)
    return _About(finding.title, context, finding.remedy)


def _of_policy(proposal: PolicyProposal) -> _About:
    told = (
        ("Timeout", settings.timeout),
        ("Retry", settings.retry),
        ("Circuit breaker", settings.breaker),
        ("Bulkhead", settings.bulkhead),
    )
    context = [
        f"Settings of the call {proposal.dependency}.",
        f"Reason of the proposal: {proposal.reason}" if proposal.reason else "",
    ]
    context += [f"{name}: today {words(proposal.today)}, proposed {words(proposal.proposed)}." for name, words in told]
    context += [f"{figure}: {g.data}; {g.rule}; {g.uncertainty}" for figure, g in sorted(proposal.grounds.items())]
    return _About(
        f"Settings of {proposal.dependency}", tuple(line for line in context if line), "put the proposed settings into force"
    )


def _consequences(decision: Decision, about: _About) -> tuple[str, ...]:
    if decision.choice == "adopt":
        return (f"To be done: {about.remedy}." if about.remedy else "It is to be done.",)
    until = f" until {day(decision.until)}" if decision.until else ", without an end; the next audit asks again"
    return (
        f"What the audit found stays as it is{until}.",
        *((f"It could be mended so: {about.remedy}.",) if about.remedy else ()),
    )
