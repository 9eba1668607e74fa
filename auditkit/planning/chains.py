"""What becomes of each journey's deadline with the timeouts that are advised: fixed ones beside a propagated deadline."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.paths import paths, stages
from auditkit.model.policy import call_worst_case_s
from auditkit.model.system import Dependency, System
from auditkit.patterns.misses import Call, Chain, chain
from auditkit.planning.timeouts import in_force, profiles_for


@dataclass(frozen=True, slots=True)
class JourneyChain:
    """The calls of a journey's entry under its deadline (seconds). `chain` is None where some call has no figures: see
    `missing`.
    """

    journey: str
    deadline_s: float
    chain: Chain | None
    missing: tuple[str, ...] = ()


def chains(
    system: System, profiles: Mapping[str, LatencyProfile], advices: Mapping[str, TimeoutAdvice]
) -> tuple[JourneyChain, ...]:
    """One for each journey with a deadline, in their order; `advices` by the dependency's subject.

    Each call has today's policy with its recommended timeout; of several measured operations the slowest counts.
    """
    known = paths(system)
    found = []
    for journey in system.journeys:
        if not isinstance(journey.deadline_s, float):
            continue
        groups = stages(d for d in known.outgoing(journey.entry) if known.timed(d))
        calls = [[_call(d, profiles, advices.get(d.subject)) for d in group] for group in groups]
        ready = [[call for call in stage if call is not None] for stage in calls]
        pairs = ((d, c) for group, stage in zip(groups, calls, strict=True) for d, c in zip(group, stage, strict=True))
        missing = tuple(d.subject for d, call in pairs if call is None)
        figures = chain(ready, journey.deadline_s) if groups and not missing else None
        found.append(JourneyChain(journey.id, journey.deadline_s, figures, missing))
    return tuple(found)


def _call(dependency: Dependency, profiles: Mapping[str, LatencyProfile], advice: TimeoutAdvice | None) -> Call | None:
    """A call with its slowest profile; None without samples, or without any timeout."""
    policy = in_force(dependency, advice)
    measured = [profile for profile in profiles_for(dependency, profiles) if profile.ok.total]
    if not measured or not math.isfinite(call_worst_case_s(policy)):
        return None
    return Call(max(measured, key=lambda profile: profile.p99.point), policy)
