"""The completeness check: every empty evidence slot of the document, named in the document itself."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from auditkit.document.figures import how_many, listing
from auditkit.document.view import View
from auditkit.model.audit import SEVERITIES
from auditkit.model.system import Fallback, Nothing, Policy


@dataclass(frozen=True, slots=True)
class Missing:
    """One empty slot: the section it belongs to, what is missing, and what would fill it."""

    section: str
    what: str
    remedy: str


def missing_evidence(view: View) -> tuple[Missing, ...]:
    """Everything that the document would say but cannot, in the order of its sections.

    >>> from auditkit.document.book import Book
    >>> from auditkit.model.audit import AuditFacts, Strategy
    >>> from auditkit.model.system import System
    >>> empty = View(Book(system=System(system="s"), facts=AuditFacts(), strategy=Strategy(system="s")))
    >>> missing_evidence(empty)[0].what
    'title, scope, owner, date, date of the next review and people of the audit are not set'
    """
    found: list[Missing] = []
    for section, check in _SLOTS:
        found.extend(Missing(section, what, remedy) for what, remedy in check(view))
    return tuple(found)


Slot = tuple[str, str]


def _scope(view: View) -> Iterator[Slot]:
    facts = view.book.facts
    empty = [
        name
        for name, value in {
            "title": facts.title,
            "scope": facts.scope,
            "owner": facts.owner,
            "date": facts.date,
            "date of the next review": facts.next_review,
            "people": facts.people,
        }.items()
        if not value
    ]
    if empty:
        yield f"{listing(empty)} of the audit {'is' if len(empty) == 1 else 'are'} not set", "fill them in in audit.yaml"
    journeys = view.book.system.journeys
    if not journeys:
        yield "no journey is known", "name what users want from the system, and where they enter"
    yield from _named(
        "proposed but not confirmed", (j.id for j in journeys if j.proposed), "journey", "confirm or change them in system.yaml"
    )
    yield from _named("without a deadline", (j.id for j in journeys if j.deadline_s is None), "journey", "state it, or `none`")
    yield from _named("without an objective", (j.id for j in journeys if j.slo is None), "journey", "state the SLO, or `none`")


def _topology(view: View) -> Iterator[Slot]:
    coverage = view.book.coverage
    if coverage is None:
        yield "nobody has computed how much of the system is known", "run `auditkit import`"
    elif coverage.grade != "high":
        yield (
            f"coverage is {coverage.said}",
            "add a source that sees calls, or answer the open questions",
        )
    components = view.book.system.components
    yield from _named(
        "without evidence of where it comes from", (c.id for c in components if not c.evidence), "component", "name the source"
    )
    ours = [c for c in components if c.kind not in {"external", "client", "certificate", "network", "dns", "load-generator"}]
    yield from _named(
        "of which nobody has said how many instances run",
        (c.id for c in ours if c.instances is None),
        "component",
        "state `instances`",
    )
    yield from _named("without an owner", (c.id for c in components if not c.owner), "component", "state `owner`")


def _dependencies(view: View) -> Iterator[Slot]:
    calls = view.calls
    yield from _named(
        "of which nobody has said what a failure does",
        (d.subject for d in calls if d.on_failure is None),
        "call",
        "state `on_failure`",
    )
    yield from _named(
        "of which nobody has said whether a repeat is safe",
        (d.subject for d in calls if d.idempotent is None),
        "call",
        "state `idempotent`",
    )
    yield from _named(
        "of unknown rate", (d.subject for d in calls if d.rate_per_s is None), "call", "state `rate` at peak, or import traffic"
    )
    open_timeouts = [d.subject for d in calls if _open(d.policy)]
    yield from _named(
        "of which nobody has said whether it has a timeout today", open_timeouts, "call", "state `policy`, or `none`"
    )


def _open(policy: Policy | Nothing | None) -> bool:
    return policy is None or (isinstance(policy, Policy) and policy.timeout_s is None)


def _failures(view: View) -> Iterator[Slot]:
    modes = {effect.mode for effect in view.effects}
    for mode in ("down", "slow"):
        if mode not in modes:
            yield f"single failures in mode {mode}: not computed", "run `auditkit plan`"
    if not view.book.strategy.cut_sets:
        yield "pairs and larger sets of failures: not computed", "run `auditkit plan`"


def _availability(view: View) -> Iterator[Slot]:
    unknown = [c.id for c in view.book.system.components if c.availability is None]
    unknown += [c.id for c in view.book.system.common_causes if c.availability is None]
    yield from _named(
        "of unknown availability",
        unknown,
        "component or cause",
        "state `availability`, or assume one for all in audit.yaml",
        "components or causes",
    )


def _timeouts(view: View) -> Iterator[Slot]:
    unmeasured = [d.subject for d in view.calls if not view.profile_link(d)]
    yield from _named("without any measurement", unmeasured, "call", "add a latency export with `auditkit latency`")
    weak = [p.dependency for p in view.proposals.values() if p.advice and p.advice.n and p.advice.grade == "provisional"]
    yield from _named(
        "whose samples do not bound p99", weak, "call", "measure longer (299 samples at least, 2,995 for 0.1 %) or beyond a cut"
    )


def _derived(view: View, pattern: str, word: str) -> Iterator[Slot]:
    """Says so where a pattern was neither derived nor left out on purpose for any call."""
    if not view.calls:
        return
    grounds = any(view.grounds_of(d.subject, pattern) for d in view.calls)
    proposed = any(
        isinstance(p.proposed, Policy) and getattr(p.proposed, pattern) not in {None, "none", getattr(p.today, pattern, None)}
        for p in view.proposals.values()
    )
    if not (grounds or proposed or view.omissions(pattern)):
        yield f"{word}: not derived in this version", "take today's settings as they stand, and judge them by hand"


def _retries(view: View) -> Iterator[Slot]:
    return _derived(view, "retry", "retries")


def _breakers(view: View) -> Iterator[Slot]:
    return _derived(view, "circuit_breaker", "circuit breakers")


def _bulkheads(view: View) -> Iterator[Slot]:
    return _derived(view, "bulkhead", "bulkheads")


def _fallbacks(view: View) -> Iterator[Slot]:
    degrading = [d for d in view.calls if d.on_failure == "degrade"]
    none = [d.subject for d in degrading if not isinstance(d.fallback, Fallback)]
    yield from _named("that degrades, without a word on what is served instead", none, "call", "describe `fallback`")
    undecided = [d.subject for d in degrading if isinstance(d.fallback, Fallback) and not d.fallback.decided_by]
    yield from _named("whose fallback nobody has signed for", undecided, "call", "state `decided_by`: it is a product decision")
    unsafe = [d.subject for d in degrading if isinstance(d.fallback, Fallback) and d.fallback.safe is None]
    yield from _named("whose fallback nobody has called safe or unsafe", unsafe, "call", "state `safe`")


def _monitoring(view: View) -> Iterator[Slot]:
    if not view.book.strategy.monitoring:
        yield "monitoring: nothing was derived", "adopt policies first; each brings what to watch"


def _experiments(view: View) -> Iterator[Slot]:
    experiments = view.book.strategy.experiments
    if any(e.kind == "chaos" for e in experiments) and not view.book.strategy.trials:
        yield "no experiment was simulated upon the inputs as they are now", "run `auditkit simulate`, then write this again"
    elif view.book.strategy.trials:
        known = {trial.experiment for trial in view.book.strategy.trials}
        left = [e.id for e in experiments if e.kind == "chaos" and e.id not in known]
        yield from _named("that was not simulated: nothing is proven of it", left, "experiment", "run `auditkit simulate`")
    if not experiments:
        yield "experiments: none was derived", "adopt policies first; each brings a test that could refute it"
    elif not any(e.result for e in experiments):
        yield "no experiment has a result yet", "run them in staging, and write each result down"
    else:
        yield from _named("without a result", (e.id for e in experiments if not e.result), "experiment", "run them in staging")
        others = [e.id for e in experiments if e.outcome is not None and e.figures and e.outcome.tested != e.figures]
        yield from _named("whose result is of other figures", others, "experiment", "run them with those that are planned now")


def _decisions(view: View) -> Iterator[Slot]:
    heavy = [f for f in view.findings if SEVERITIES.index(f.severity) >= SEVERITIES.index("high") and f.key not in view.decisions]
    if heavy:
        yield (
            f"{how_many(len(heavy), 'finding')} of high or critical severity without a decision",
            "adopt the remedy, accept the risk or defer it: `decisions.yaml`",
        )
    yield from _named("without a date", (d.about for d in view.book.strategy.decisions if d.on is None), "decision", "state `on`")


def _plan(view: View) -> Iterator[Slot]:
    unowned = [a.title for a in view.book.strategy.actions if not (a.owner or view.owner(a.subject))]
    if unowned:
        yield f"{how_many(len(unowned), 'action')} without an owner", "name who does it"


def _appendix(view: View) -> Iterator[Slot]:
    if not view.book.provenance:
        yield "no source file is recorded", "import files instead of typing the system in"
    if view.profiles and view.book.data_until is None:
        yield "the measurements do not say when they were taken, so their age is unknown", "export start times with them"
    if view.book.changes is None:
        yield (
            "no earlier audit is known to compare with",
            "state the `date` of each audit in `audit.yaml`; the next one is compared with this one",
        )


def _named(what: str, names: Iterable[str], noun: str, remedy: str, plural: str = "") -> Iterator[Slot]:
    found = list(names)
    if found:
        yield f"{how_many(len(found), noun, plural)} {what}: {listing(found, most=6)}", remedy


_SLOTS = (
    ("scope", _scope),
    ("topology", _topology),
    ("dependencies", _dependencies),
    ("failures", _failures),
    ("availability", _availability),
    ("timeouts", _timeouts),
    ("retries", _retries),
    ("breakers", _breakers),
    ("bulkheads", _bulkheads),
    ("fallbacks", _fallbacks),
    ("monitoring", _monitoring),
    ("experiments", _experiments),
    ("decisions", _decisions),
    ("plan", _plan),
    ("appendix", _appendix),
)
"""Section and its check, in the order of the document."""
