"""Sections 8 to 11: retries, circuit breakers, bulkheads and fallbacks: what each call gets, and what it does not get and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditkit.document import settings
from auditkit.document.blocks import Block, Heading, Part, bullets, code, link, rich, strong, table, text
from auditkit.document.completeness import Missing
from auditkit.document.sections.words import by_words, gaps, severity, some, status
from auditkit.document.view import View
from auditkit.model.audit import PolicyProposal
from auditkit.model.system import Dependency, Fallback, Nothing, Policy

AS_TODAY = "as today"


@dataclass(frozen=True, slots=True)
class _Pattern:
    """One pattern's section: its field in a policy, how it is told, and what a reader should know first."""

    field: str
    anchor: str
    words: Callable[[Policy | Nothing | None], str]
    intro: str
    cautions: tuple[str, ...]


_RETRY = _Pattern(
    "retry", "retries", settings.retry,
    "A retry helps against short, rare failures and makes overload worse. Only calls that are safe to repeat get one, with "
    "growing waits, "
    "full jitter, a budget, and only as many attempts as fit into the deadline. The first try counts as an attempt.",
    (
        "Attempts multiply along a path: three attempts on each of three levels are up to 27 calls at the bottom.",
        "A call that timed out may have happened all the same. Where it writes, a repeat needs an idempotency key, or a "
        "reconciliation afterwards.",
    ),
)  # fmt: skip
_BREAKER = _Pattern(
    "circuit_breaker", "breakers", settings.breaker,
    "A circuit breaker stops calling what keeps failing, so that callers answer at once and the callee can recover. It "
    "needs enough calls in "
    "its window to tell a fault from chance; calls that are local, fast and reliable get none.",
    (
        "A breaker alone does not contain a slow callee: it sees its first timeout only when workers are already held.",
        "Decide what is served while it is open before it opens for the first time.",
    ),
)  # fmt: skip
_BULKHEAD = _Pattern(
    "bulkhead", "bulkheads", settings.bulkhead,
    "A bulkhead limits how many workers of one instance one callee can hold, so that the rest of the caller goes on. "
    "Figures are per instance "
    "of the caller, at the rate that is left for it when the largest failure domain is lost.",
    (
        "The sum of a caller's bulkheads should not exceed its workers; where it does, one of them is starved.",
        "Two bulkheads in two callers do not isolate them from each other in a database that both use.",
    ),
)  # fmt: skip


def retries(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Section 8."""
    return _section(view, empty, _RETRY)


def breakers(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Section 9."""
    return _section(view, empty, _BREAKER)


def bulkheads(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Section 10."""
    return _section(view, empty, _BULKHEAD)


def _section(view: View, empty: tuple[Missing, ...], pattern: _Pattern) -> list[Block]:
    found: list[Block] = [text(pattern.intro), bullets(pattern.cautions)]
    explained = {omission.dependency for omission in view.omissions(pattern.field)}
    rows: list[tuple[Part, ...]] = []
    silent: list[str] = []
    for call in view.calls:
        proposal = view.proposals.get(call.subject)
        today, proposed = pattern.words(call.policy), _proposed(view, call, proposal, pattern)
        wanted = proposal is not None and isinstance(proposal.proposed, Policy) and pattern.words(proposal.proposed)
        if today in {settings.NONE, settings.QUESTION} and (proposed in {None, AS_TODAY} or wanted == settings.NONE):
            silent += [] if call.subject in explained else [call.subject]
            continue
        rows.append((code(call.subject), today, proposed or "none proposed", _ground(view, proposal, pattern)))
    if rows:
        found.append(table("Today and proposed", ("Call", "Today", "Proposed", "Ground"), rows, widths=(2, 2.6, 3, 2.4)))
    if silent:
        found.append(
            text("Not decided, since something is ", link("still needed", "timeout-reasons"), " for it: ", some(silent), ".")
        )
    return [*found, *_without(view, pattern.field, pattern.anchor), *gaps(empty, pattern.anchor)]


def _proposed(view: View, call: Dependency, proposal: PolicyProposal | None, pattern: _Pattern) -> Part:
    if proposal is None or not isinstance(proposal.proposed, Policy) or getattr(proposal.proposed, pattern.field) is None:
        return None
    words = pattern.words(proposal.proposed)
    if words == pattern.words(call.policy) and not view.grounds_of(call.subject, pattern.field):
        return AS_TODAY
    return rich(strong(words), status(proposal, pattern.field))


def _ground(view: View, proposal: PolicyProposal | None, pattern: _Pattern) -> Part:
    if proposal is None:
        return "–"
    costs = [e.ground.cost for e in view.entries_of(proposal.dependency, pattern.field) if e.ground.cost]
    return (
        rich(
            view.grounds_of(proposal.dependency, pattern.field),
            " while all is healthy: " if costs else "",
            "; ".join(dict.fromkeys(costs)),
        )
        or "–"
    )


def _without(view: View, pattern: str, anchor: str) -> list[Block]:
    omissions = view.omissions(pattern)
    if not omissions:
        return []
    by_reason: dict[str, list[str]] = {}
    for omission in omissions:
        by_reason.setdefault(omission.reason, []).append(omission.dependency)
    rows = [(reason, some(by_reason[reason])) for reason in sorted(by_reason)]
    return [
        Heading("Where none, and why", f"{anchor}-none"),
        table("Left out on purpose", ("Reason", "Calls"), rows, widths=(3, 4)),
    ]


def fallbacks(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """Section 11."""
    found: list[Block] = [
        text(
            "A fallback is a decision about the product: what users get when a callee does not answer, how old it may be, "
            "and how "
            "an assumption made in between is put right later. It must not need what it stands in for."
        )
    ]
    told: list[tuple[str, tuple[str, ...]]] = []
    for call in view.calls:
        if isinstance(call.fallback, Fallback):
            safe = {True: "yes", False: "no", None: settings.QUESTION}[call.fallback.safe]
            later, by = call.fallback.reconcile or "nobody has said", call.fallback.decided_by or "nobody"
            told.append((call.subject, (settings.fallback(call.fallback), safe, later, by)))
    rows: list[tuple[Part, ...]] = [(some(calls), *words) for words, calls in by_words(told).items()]
    if rows:
        head = ("Call", "Users get instead", "Safe", "How it is put right later", "Decided by")
        found.append(table("Fallbacks today", head, rows, widths=(2, 3, 0.8, 2, 1.2)))
    else:
        found.append(text("No fallback is described."))
    concerning = [f for f in view.findings if "fallback" in f.check or "fate" in f.check]
    if concerning:
        found.append(bullets(rich(severity(f.severity), " ", f.title, ": ", f.remedy) for f in concerning))
    proposed = [e for e in view.grounds if e.figure.startswith("fallback")]
    if proposed:
        found.append(
            bullets(rich(some(e.dependencies), ": ", e.ground.rule, " ", link(f"[{e.number}]", e.anchor)) for e in proposed)
        )
    return [*found, *_without(view, "fallback", "fallbacks"), *gaps(empty, "fallbacks")]
