"""Small systems and profiles for tests of checks, patterns and planning, written as a person would write them."""

from __future__ import annotations

import math
from typing import Any

from auditkit.checks import Facts
from auditkit.model.audit import Finding
from auditkit.model.draft import Coverage
from auditkit.model.latency import Bounds, Histogram, LatencyProfile
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System

BOUNDED = {"timeout": "200ms", "retry": "none", "circuit_breaker": "none", "bulkhead": "none"}


def world(dependencies: list[dict[str, Any]], components: dict[str, dict[str, Any]] | None = None, **journey: Any) -> System:
    """A system whose components are those that are named; one journey `buy` enters at `api` unless told otherwise."""
    given = components or {}
    names = {"api", *given}
    for d in dependencies:
        targets = [d["to"]] if isinstance(d["to"], str) else d["to"]
        fallback = d.get("fallback")
        others = fallback.get("alternatives", []) if isinstance(fallback, dict) else []
        names |= {n.partition(":")[0] for n in (d["from"], *targets, *(a if isinstance(a, str) else a["to"] for a in others))}
    data = {
        "system": "small",
        "components": [{"id": name, **given.get(name, {})} for name in sorted(names)],
        "dependencies": dependencies,
        "journeys": [{"id": "buy", "entry": "api", **journey}],
    }
    return System.model_validate(data, context=FROM_FILE)


def facts(system: System, *profiles: LatencyProfile, **more: Any) -> Facts:
    """What checks look at, with a coverage that lets them speak."""
    known = Coverage(components=len(system.components), by_confidence={}, grade="high")
    return Facts(system, {p.call: p for p in profiles}, **{"coverage": known, **more})


def run(check: Any, system: System, *profiles: LatencyProfile, **more: Any) -> tuple[Finding, ...]:
    """The findings of one check."""
    return tuple(check.run(facts(system, *profiles, **more)))


EMPTY = System(system="empty")


def measured(call: str, p99_ms: float = 100.0, n: int = 3000, errors: int = 0, timeouts: int = 0, **more: Any) -> LatencyProfile:
    """A light-tailed profile with the given p99: evenly spread below it, one in a hundred up to 1.2 times as long."""
    caller, callee = call.split(" -> ")
    callee, _, operation = callee.partition(":")
    rank = max(1, math.ceil(0.99 * n))
    values = [p99_ms / 1e3 * (i + 1) / rank for i in range(rank)] + [p99_ms * 1.2 / 1e3] * (n - rank)

    def at(p: float) -> Bounds:
        return Bounds(point=values[min(n, max(1, math.ceil(p * n - 1e-9))) - 1], lo=values[0], hi=None)

    return LatencyProfile(
        call=call, caller=caller, callee=callee, operation=operation or None, n=n, errors=errors, timeouts=timeouts,
        ok=Histogram(lo_s=tuple(values), hi_s=tuple(values), counts=(1,) * n), min_s=values[0], max_s=values[-1],
        mean_s=math.fsum(values) / n, p50=at(0.5), p95=at(0.95), p99=at(0.99), p999=at(0.999), **more,
    )  # fmt: skip
