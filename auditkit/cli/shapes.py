"""The JSON that commands print, key for key as the command table promises it; lists sorted, times in milliseconds."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING

from auditkit.model.audit import Finding, Strategy
from auditkit.model.draft import Conflict, Coverage, Explained
from auditkit.model.failure import Assumption, BlastRadius, CutSets, Range
from auditkit.model.latency import Bounds, TimeoutAdvice
from auditkit.model.noun import Noun
from auditkit.model.runs import HealthyCost
from auditkit.model.system import Question, System
from auditkit.planning import Comparison
from auditkit.project import Choice, Drift, Summary, Written

if TYPE_CHECKING:
    from auditkit.simulation import RunResult
    from auditkit.simulation.storms import StormMap
    from auditkit.simulation.tuning import Tuning

Json = Mapping[str, object]


def dump(value: Json) -> str:
    """The text of one JSON answer: keys as given, no NaN, no infinity."""
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False)


def _plain(noun: Noun) -> Json:
    return noun.model_dump(mode="json", by_alias=True, exclude_none=True)


def _ms(seconds: float | None) -> float | None:
    return None if seconds is None or math.isinf(seconds) else round(seconds * 1000, 6)


def _assumptions(assumptions: Iterable[Assumption]) -> list[Json]:
    return [{"where": a.where, "what": a.what} for a in sorted(assumptions, key=lambda a: (a.where, a.what))]


def imported(system: System, questions: Sequence[Question], conflicts: Sequence[Conflict], coverage: Coverage) -> Json:
    """`auditkit import`."""
    return {
        "components": [
            {"id": c.id, "kind": c.kind, "instances": c.instances} for c in sorted(system.components, key=lambda c: c.id)
        ],
        "dependencies": [
            {"from": d.caller, "to": list(d.to), "confidence": d.confidence, "evidence": [_plain(e) for e in d.evidence]}
            for d in sorted(system.dependencies, key=lambda d: (d.caller, d.to))
        ],
        "questions": [{"id": q.id, "where": q.where, "what": q.what, "flips": q.flips} for q in questions],
        "conflicts": [_plain(c) for c in conflicts],
        "proposed_journeys": [_plain(j) for j in sorted(system.journeys, key=lambda j: j.id) if j.proposed],
        "coverage": {
            "components": coverage.components,
            "without_dependency": sorted(coverage.without_dependency),
            "unused_datastores": sorted(coverage.unused_datastores),
            "by_confidence": dict(coverage.by_confidence),
            "grade": coverage.grade,
            **({} if coverage.explained is None else {"explained": _explained(coverage.explained)}),
        },
    }


def choices(open_: Sequence[Choice]) -> Json:
    """`auditkit settle`: what is open, also after an answer."""
    return {"open": [{"name": c.name, "what": c.what, "answers": c.answers} for c in open_]}


def _explained(traffic: Explained) -> Json:
    return {**_plain(traffic), "share": traffic.share}


def blast_radii(radii: Iterable[BlastRadius]) -> Json:
    """`auditkit blast-radius`."""
    return {
        "scenarios": [
            {
                "fail": sorted(r.fail),
                "mode": r.mode,
                "journeys": {name: state.value for name, state in sorted(r.journeys.items())},
                "components": {name: state.value for name, state in sorted(r.components.items())},
                "worst_case_ms": {name: _ms(seconds) for name, seconds in sorted(r.worst_case_s.items())},
                "value_lost": r.value_lost,
                "assumptions": _assumptions(r.assumptions),
            }
            for r in radii
        ]
    }


def _p(p: float | Range | None) -> object:
    return {"best": p.best, "worst": p.worst} if isinstance(p, Range) else p


def cut_sets(sets: Iterable[CutSets]) -> Json:
    """`auditkit cut-sets`."""
    return {
        "journeys": [
            {
                "id": c.journey,
                "cut_sets": [list(atoms) for atoms in c.sets],
                "count": c.count,
                "truncated": c.truncated,
                "p_failed": _p(c.p_failed),
                "single_points": {
                    "component": sorted(c.single_points.component),
                    "instance": sorted(c.single_points.instance),
                    "shared_cause": sorted(c.single_points.shared_cause),
                },
                "importance": [i.model_dump(mode="json") for i in sorted(c.importance, key=lambda i: i.atom)],
                "assumptions": _assumptions(c.assumptions),
            }
            for c in sets
        ]
    }


def findings(found: Iterable[Finding]) -> Json:
    """`auditkit check`."""
    return {"findings": [f.model_dump(mode="json") for f in found]}


def _bounds_ms(bounds: Bounds | None) -> Json | None:
    return None if bounds is None else {"point": _ms(bounds.point), "lo": _ms(bounds.lo), "hi": _ms(bounds.hi)}


def latency(advices: Iterable[TimeoutAdvice]) -> Json:
    """`auditkit latency`."""
    return {
        "calls": [
            {
                "call": a.call,
                "n": a.n,
                "p50_ms": _ms(a.p50_s),
                "p99_ms": _bounds_ms(a.p99),
                "censored_at_ms": _ms(a.cut_off_at_s),
                "seed_rule_ms": None if a.seed_rule_s is None else [_ms(end) for end in a.seed_rule_s],
                "recommended_ms": _ms(a.recommended_s),
                "provisional_ms": _ms(a.provisional_s),
                "aws_rule_ms": _ms(a.aws_rule_s),
                "extrapolated_ms": _ms(a.extrapolated_s),
                "unselected_ms": _ms(a.unselected_s),
                "today_ms": a.today_s if a.today_s == "none" else _ms(a.today_s),
                "grade": a.grade,
                "false_timeout": None if a.false_timeout is None else a.false_timeout.model_dump(mode="json"),
                "bound_by": a.bound_by,
                "reason": a.reason,
                "warnings": list(a.warnings),
            }
            for a in sorted(advices, key=lambda a: a.call)
        ]
    }


def plan(strategy: Strategy) -> Json:
    """`auditkit plan`."""
    return {
        "policies": [_plain(p) for p in strategy.policies],
        "omitted": [_plain(o) for o in strategy.omitted],
        "open_questions": [_plain(q) for q in strategy.open_questions],
    }


def exported(written: Written | None, differences: Sequence[Drift]) -> Json:
    """`auditkit export`, and `auditkit export --check`."""
    artifacts, gaps = ((), ()) if written is None else (written.artifacts, written.gaps)
    return {
        "artifacts": [{"path": a.path, "title": a.title, "sha256": a.sha256} for a in artifacts],
        "gaps": [{"target": g.target, "where": g.where, "what": g.what, "remedy": g.remedy} for g in gaps],
        "drift": [d.model_dump(mode="json") for d in differences],
    }


def comparison(changes: Comparison) -> Json:
    """`auditkit diff`."""
    return changes.model_dump(mode="json", by_alias=True)


def summary(done: Summary) -> Json:
    """`auditkit run`."""
    return {
        "system": done.system,
        "findings": dict(done.findings),
        "single_points": done.single_points,
        "policies": done.policies,
        "open_questions": done.open_questions,
        "document": done.document,
        "next": done.next,
    }


def tuned(found: Sequence[Tuning]) -> Json:
    """`auditkit tune`."""
    return {"figures": [tuning.model_dump(mode="json", exclude_none=True) for tuning in found]}


def storm(found: StormMap) -> Json:
    """`auditkit storms`: loads are shares of the callee's workers; a queue of null has no end."""
    return found.model_dump(mode="json")


def simulated(
    runs: Sequence[RunResult], costs: Sequence[HealthyCost], kept: Sequence[str] = (), left: Sequence[str] = ()
) -> Json:
    """`auditkit simulate`; `healthy_costs` are those of the whole plan, empty until it has been simulated as a whole.

    `kept` are experiments that were simulated before upon the same inputs, `not_simulated` those of which nothing is known.
    """
    return {
        "kept": list(kept),
        "not_simulated": list(left),
        "healthy_costs": [_plain(cost) for cost in costs],
        "runs": [
            {
                "experiment": run.experiment,
                "settings": run.settings,
                "seeds": list(run.seeds),
                "fault": run.fault,
                "journeys": {j.journey: j.model_dump(mode="json", exclude={"journey"}, exclude_none=True) for j in run.journeys},
                "verdict": run.verdict,
                "why": run.why,
                "assumptions": _assumptions(run.assumptions),
            }
            for run in runs
        ],
    }
