"""The map as tables: one function per question, each a pandas frame with readable columns. Nothing is computed here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from auditkit.model.audit import AuditFacts
from auditkit.model.draft import Conflict, Coverage
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import Dependency, Journey, Policy, Question, System
from auditkit.notebook.frames import UNKNOWN, frame
from auditkit.project.inputs import observed
from auditkit.units import format_duration, format_rate, format_share

if TYPE_CHECKING:
    import pandas as pd


def facts_table(facts: AuditFacts) -> pd.DataFrame:
    """Scope, owner and dates of the audit."""
    people = ", ".join(f"{person.name} ({person.role})" if person.role else person.name for person in facts.people)
    rows = (
        ("title", facts.title), ("scope", facts.scope), ("owner", facts.owner), ("people", people), ("date", facts.date),
        ("next review", facts.next_review),
    )  # fmt: skip
    return frame(("what", "how it is"), ((what, str(value) if value else UNKNOWN) for what, value in rows), "what")


def components_table(system: System) -> pd.DataFrame:
    """What there is: instances, how many are needed, workers, availability, owner. `?` is an open question."""
    return frame(
        ("component", "kind", "instances", "min up", "workers", "availability", "owner", "known by"),
        (
            (
                c.id, c.kind, _known(c.instances), _known(c.min_up), _known(c.concurrency),
                UNKNOWN if c.availability is None else format_share(c.availability), c.owner or UNKNOWN,
                ", ".join(dict.fromkeys(e.confidence for e in c.evidence)) or "this file",
            )
            for c in system.components
        ),
        "component",
    )  # fmt: skip


def dependencies_table(system: System, profiles: Mapping[str, LatencyProfile] | None = None) -> pd.DataFrame:
    """Who calls whom, what becomes of the caller when it fails, and what bounds the call today. `?` is an open question.

    With `profiles`, a call that was measured is known by traffic.
    """
    known = observed(system, profiles or {})
    return frame(
        (
            "from",
            "to",
            "call",
            "on failure",
            "fallback",
            "idempotent",
            "rate",
            "timeout today",
            "retries",
            "bulkhead",
            "known by",
        ),
        (_dependency_row(d) for d in known.dependencies),
    )


def _dependency_row(d: Dependency) -> tuple[object, ...]:
    to = " or ".join(d.to) + (f" ({d.needed} of {len(d.to)})" if len(d.to) > 1 else "")
    serves = (
        UNKNOWN
        if d.fallback is None
        else d.fallback
        if isinstance(d.fallback, str)
        else d.fallback.serves or d.fallback.kind or "yes"
    )
    if d.call == "async":
        return d.caller, to, d.call, d.on_failure or "–", "–", "–", _rate(d), "–", "–", "–", d.confidence or "this file"
    policy = d.policy if isinstance(d.policy, Policy) else None
    none = "none" if isinstance(d.policy, str) else UNKNOWN
    bound = none if policy is None or policy.timeout_s is None else _plain(policy.timeout_s)
    tries = (
        none if policy is None or policy.retry is None else "none" if isinstance(policy.retry, str) else policy.retry.max_attempts
    )
    pool = none if policy is None or policy.bulkhead is None else policy.bulkhead
    return (
        d.caller, to, d.call, d.on_failure or UNKNOWN, serves, {True: "yes", False: "no", None: UNKNOWN}[d.idempotent], _rate(d),
        bound, tries, pool if isinstance(pool, str) else pool.max_concurrent, d.confidence or "this file",
    )  # fmt: skip


def _known(value: object) -> str:
    return UNKNOWN if value is None else str(value)


def _plain(value: float | str) -> str:
    return value if isinstance(value, str) else format_duration(value)


def _rate(item: Dependency | Journey) -> str:
    return UNKNOWN if item.rate_per_s is None else format_rate(item.rate_per_s)


def journeys_table(system: System) -> pd.DataFrame:
    """What users want from the system, and what makes it count."""
    return frame(
        ("journey", "entry", "must also complete", "deadline", "objective", "rate", "value", "confirmed"),
        (
            (
                j.id, j.entry, ", ".join(j.completes) or "–", UNKNOWN if j.deadline_s is None else _plain(j.deadline_s),
                UNKNOWN if j.slo is None else j.slo if isinstance(j.slo, str) else format_share(j.slo), _rate(j), f"{j.value:g}",
                "no, proposed" if j.proposed else "yes",
            )
            for j in system.journeys
        ),
        "journey",
    )  # fmt: skip


def coverage_table(coverage: Coverage) -> pd.DataFrame:
    """How much of the system is known, and how surely."""
    return frame(
        ("what", "how it is"),
        (
            ("grade", coverage.said),
            ("components", coverage.components),
            ("known by", ", ".join(f"{kind} {count}" for kind, count in coverage.by_confidence.items()) or "–"),
            ("traffic that was counted", coverage.explained.said if coverage.explained else "none: no source counts calls"),
            ("components without any dependency", ", ".join(coverage.without_dependency) or "none"),
            ("datastores that nobody uses", ", ".join(coverage.unused_datastores) or "none"),
            ("what the sources cannot say", "; ".join(coverage.cannot_say) or "–"),
        ),
        "what",
    )


def questions_table(questions: Iterable[Question]) -> pd.DataFrame:
    """What nobody has told yet, the most telling first: how many conclusions the answer decides, and which."""
    rows = ((q.where, q.what, q.flips, "; ".join(q.settles[:3]) + (" …" if len(q.settles) > 3 else "")) for q in questions)
    return frame(("about", "question", "decides", "for example"), rows)


def conflicts_table(conflicts: Iterable[Conflict]) -> pd.DataFrame:
    """Where two sources say different things, and which one was believed."""
    return frame(("where", "what", "kept", "dropped"), ((c.where, c.what, c.kept, c.dropped) for c in conflicts))


def steps_table(steps: Iterable[Any]) -> pd.DataFrame:
    """What is done, what rests on inputs that have changed since, and the command that does it."""
    told = ((s.title, f"{s.condition}: {s.note}" if s.note else s.condition, s.command) for s in steps)
    return frame(("step", "condition", "command"), told, "step")


def fallbacks_table(system: System) -> pd.DataFrame:
    """What is answered instead when a call fails: what it needs itself, how old it may be, who decided, how it is reconciled."""
    rows = (
        (
            d.subject, f.serves or f.kind or UNKNOWN, ", ".join(a.to for a in f.alternatives) or "nothing else",
            "–" if f.stale_after_s is None else format_duration(f.stale_after_s), f.reconcile or "–", f.decided_by or UNKNOWN,
        )
        for d in system.dependencies
        if (f := d.fallback) is not None and not isinstance(f, str)
    )  # fmt: skip
    return frame(("call", "serves", "needs", "good for", "reconciled by", "decided by"), rows, "call")


def writes_table(system: System) -> pd.DataFrame:
    """The calls that may not simply be repeated: after a timeout nobody knows whether they happened."""
    rows = (
        (d.subject, "no" if d.idempotent is False else UNKNOWN, d.on_failure or UNKNOWN, _rate(d))
        for d in system.dependencies
        if d.call == "sync" and d.idempotent is not True
    )
    return frame(("call", "idempotent", "on failure", "rate"), rows, "call")


def callers_table(system: System) -> pd.DataFrame:
    """Who is called by how many: what many share deserves the most care."""
    callers: dict[str, dict[str, None]] = {}
    for d in system.dependencies:
        for target in d.to:
            callers.setdefault(target.partition(":")[0], {})[d.caller] = None
    rows = sorted(((len(by), name, ", ".join(by)) for name, by in callers.items()), key=lambda row: (-row[0], row[1]))
    return frame(("component", "callers", "who"), ((name, count, by) for count, name, by in rows), "component")


def unanswered_table(system: System) -> pd.DataFrame:
    """The facts of each dependency that nobody has told; `unknown` is never read as good news."""
    facts = {
        "on_failure": "on failure",
        "rate_per_s": "rate",
        "idempotent": "idempotent",
        "policy": "settings",
        "fallback": "fallback",
    }
    missing = ((d.subject, [word for key, word in facts.items() if getattr(d, key) is None]) for d in system.dependencies)
    return frame(("call", "nobody has told"), ((subject, ", ".join(words)) for subject, words in missing if words), "call")
