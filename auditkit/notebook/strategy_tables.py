"""Measurements and conclusions as tables: latencies, timeouts, findings, policies, decisions, actions."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import TYPE_CHECKING, Any

from auditkit.document.figures import duration
from auditkit.model.audit import Decision, Finding, PolicyProposal, Strategy
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.policy import timeout_s
from auditkit.model.system import Policy
from auditkit.notebook.frames import UNKNOWN, frame, interval, milliseconds
from auditkit.planning import JourneyChain
from auditkit.project.back_testing import BackTest

if TYPE_CHECKING:
    import pandas as pd


def latency_table(profiles: Mapping[str, LatencyProfile]) -> pd.DataFrame:
    """What was measured of each call."""
    return frame(
        ("call", "answers", "errors", "timeouts", "p50", "p99 [95 %]", "slowest", "cut off at", "warnings"),
        (
            (
                p.call, p.n, p.errors, p.timeouts, milliseconds(p.p50.point), interval(p.p99, p.cut_off_at_s),
                milliseconds(p.max_s), milliseconds(p.cut_off_at_s), "; ".join(p.warnings) or "–",
            )
            for p in profiles.values()
        ),
        "call",
    )  # fmt: skip


DECIDED_BY: dict[str, str] = {
    "seed": "p99",
    "false_timeout": "false timeouts",
    "deadline": "deadline",
    "pool": "workers",
    "samples": "too few samples",
    "censored": "data cut off",
}
"""What a figure was set by, in the words of the table."""


def _seen(p: float) -> str:
    return f"{p:.3%}" if p else "none seen"


def timeouts_table(advices: Iterable[TimeoutAdvice]) -> pd.DataFrame:
    """The timeout that the data justify for each call; below those, why they justify none."""
    return frame(
        ("call", "samples", "p99 [95 %]", "recommended", "grade", "false timeouts", "at most", "decided by", "why"),
        (
            (
                a.call, a.n, interval(a.p99, a.cut_off_at_s),
                "refused" if a.recommended_s is None else milliseconds(a.recommended_s), a.grade,
                "–" if a.false_timeout is None else _seen(a.false_timeout.p),
                "–" if a.false_timeout is None else f"{a.false_timeout.upper:.3%}", DECIDED_BY[a.bound_by], a.reason,
            )
            for a in sorted(advices, key=lambda a: a.recommended_s is None)
        ),
        "call",
    )  # fmt: skip


def findings_table(findings: Iterable[Finding]) -> pd.DataFrame:
    """What the checks found, the gravest first."""
    return frame(
        ("check", "about", "severity", "certainty", "finding", "remedy"),
        ((f.check, f.subject, f.severity, f.certainty, f.title, f.remedy) for f in findings),
    )


def policies_table(policies: Iterable[PolicyProposal]) -> pd.DataFrame:
    """What each dependency has today and what is proposed."""
    return frame(
        ("dependency", "timeout today", "proposed", "adopted", "why", "still needs"),
        (
            (
                p.dependency, _today(p.today), _settings(p.proposed), "yes" if p.adopted else "no",
                p.reason or "–", "; ".join(p.needs).replace(p.dependency, "this call") or "–",
            )
            for p in policies
        ),
        "dependency",
    )  # fmt: skip


def _today(policy: Policy | None) -> str:
    if policy is None or policy.timeout_s is None:
        return UNKNOWN
    return milliseconds(timeout_s(policy)) if policy.timeout_s != "none" else "none"


def _settings(policy: Policy | None) -> str:
    if policy is None:
        return "–"
    raw: dict[str, Any] = json.loads(policy.model_dump_json(by_alias=True, exclude_none=True))
    return "; ".join(f"{key.replace('_', ' ')} {_setting(value)}" for key, value in raw.items() if value != "none") or "nothing"


def _setting(value: Any) -> str:
    if not isinstance(value, dict):
        return str(value)
    words = (f"{key.replace('_', ' ')} {f'{inner:g}' if isinstance(inner, float) else inner}" for key, inner in value.items())
    return f"({', '.join(words)})"


def decisions_table(decisions: Iterable[Decision]) -> pd.DataFrame:
    """What people decided, and why."""
    rows = ((d.about, d.choice, d.reason, d.by, str(d.until) if d.until else "–") for d in decisions)
    return frame(("about", "choice", "reason", "by", "until"), rows)


def actions_table(strategy: Strategy) -> pd.DataFrame:
    """What is to be done, the most urgent first."""
    rows = ((a.title, a.subject, a.severity, a.owner or UNKNOWN, a.status) for a in strategy.actions)
    return frame(("what", "about", "severity", "owner", "status"), rows)


def experiments_table(strategy: Strategy) -> pd.DataFrame:
    """What could refute the strategy, to be tried in staging first."""
    rows = ((e.id, e.claim, e.method, e.abort, e.result or "not run yet") for e in strategy.experiments)
    return frame(("experiment", "claim", "method", "stop when", "result"), rows)


def two_rules_table(advices: Iterable[TimeoutAdvice]) -> pd.DataFrame:
    """The seed rule (2 to 3 times p99) beside the other way: the percentile at the accepted rate of false timeouts."""
    return frame(
        ("call", "2 to 3 x p99", "percentile at the target", "recommended", "what it costs while healthy"),
        (
            (
                a.call, "–" if a.seed_rule_s is None else " to ".join(milliseconds(s) for s in a.seed_rule_s),
                milliseconds(a.aws_rule_s), milliseconds(a.recommended_s), a.cost or "–",
            )
            for a in advices
        ),
        "call",
    )  # fmt: skip


def chains_table(chains: Iterable[JourneyChain]) -> pd.DataFrame:
    """Each journey's deadline: the worst case, and how often it is missed with fixed timeouts and with a propagated deadline."""
    return frame(
        ("journey", "deadline", "worst case", "fits", "late, fixed", "cut off, fixed", "lost, propagated", "what would help"),
        (
            (c.journey, milliseconds(c.deadline_s), "–", "–", "–", "–", "–", f"no figures: {', '.join(c.missing) or 'no call'}")
            if c.chain is None
            else (
                c.journey, milliseconds(c.deadline_s), milliseconds(c.chain.worst_case_s), "yes" if c.chain.fits else "no",
                f"{c.chain.p_late:.3%}", f"{c.chain.p_cut:.3%}", f"{c.chain.p_lost_propagated:.3%}",
                "; or ".join(c.chain.remedies) or "–",
            )
            for c in chains
        ),
        "journey",
    )  # fmt: skip


def back_test_table(tried: BackTest) -> pd.DataFrame:
    """Each call's timeout from the first half of its recording, and what it would have cut off in the second."""
    rows = ((t.call, t.n, milliseconds(t.timeout_s), t.calls, t.late, t.verdict) for t in tried.tried)
    return frame(("call", "samples, first half", "timeout", "answers, second half", "cut off", "verdict"), rows, "call")


def refused_table(advices: Iterable[TimeoutAdvice]) -> pd.DataFrame:
    """The calls whose data justify no timeout, why, and where to start until they do."""
    return frame(
        ("call", "samples", "why", "until then"),
        ((a.call, a.n, a.reason, milliseconds(a.provisional_s)) for a in advices if a.recommended_s is None),
        "call",
    )


def recording_table(profiles: Mapping[str, LatencyProfile]) -> pd.DataFrame:
    """What the recording of each call covers, and its warnings."""
    return frame(
        ("call", "how long", "slices", "busiest per second", "warnings"),
        (
            (
                p.call, "–" if p.start_s is None or p.end_s is None else duration(p.end_s - p.start_s), p.slices,
                "–" if p.busiest_rate_per_s is None else f"{p.busiest_rate_per_s:.2f}", "; ".join(p.warnings) or "–",
            )
            for p in profiles.values()
        ),
        "call",
    )  # fmt: skip


def grounds_table(strategy: Strategy) -> pd.DataFrame:
    """Each proposed figure with its data, its rule, its uncertainty and its cost."""
    return frame(
        ("dependency", "figure", "data", "rule", "uncertainty", "cost while healthy"),
        (
            (p.dependency, figure.replace("_", " "), g.data, g.rule, g.uncertainty or "–", g.cost or "–")
            for p in strategy.policies
            for figure, g in p.grounds.items()
        ),
    )


def omissions_table(strategy: Strategy) -> pd.DataFrame:
    """The patterns that a dependency deliberately does not get, and why."""
    return frame(
        ("dependency", "without", "because"), ((o.dependency, o.pattern.replace("_", " "), o.reason) for o in strategy.omitted)
    )


def monitoring_table(strategy: Strategy) -> pd.DataFrame:
    """What to watch, and when to be woken up."""
    return frame(
        ("about", "pattern", "metric", "alert"),
        ((m.subject, m.pattern.replace("_", " "), m.metric, m.alert) for m in strategy.monitoring),
    )


def written_table(written: Any) -> pd.DataFrame:
    """The files that an export wrote, inside the audit folder."""
    return frame(("file", "what it is"), ((file.path, file.title) for file in written.artifacts), "file")


def missing_table(missing: Iterable[Any], section: str | None = None) -> pd.DataFrame:
    """What the document would say but cannot yet, in the order of its sections, or of one of them."""
    rows = ((m.section, m.what, m.remedy) for m in missing if section in (None, m.section))
    return frame(("section", "what is missing", "what would fill it"), rows)


def gaps_table(written: Any) -> pd.DataFrame:
    """What a target cannot express, or still lacks."""
    return frame(("target", "where", "what", "remedy"), ((g.target, g.where, g.what, g.remedy) for g in written.gaps))
