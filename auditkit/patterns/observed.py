"""What was observed of a call, or declared of it, as derivations and checks need it: rate of one instance, errors, load."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.paths import Paths, serving_instances
from auditkit.model.system import Component, Dependency
from auditkit.patterns.bulkhead import peakedness_of_one
from auditkit.patterns.deadline import mean_s, p99_s
from auditkit.patterns.shares import upper_share

Profiles = Mapping[str, LatencyProfile]

FAST_S = 0.02
"""A call is fast where its p99 is at most this, in seconds."""
RELIABLE = 0.001
"""A call is reliable where at most this share of it fails."""
ENOUGH_SEEN = 0.5
"""Share of all calls that an export has to hold, or it says nothing about bursts."""
LOCAL_KINDS = frozenset({"database", "cache", "queue", "config", "module"})
"""Kinds that usually belong to one service; local is what nobody else calls."""


@dataclass(frozen=True, slots=True)
class Errors:
    """How many of so many calls failed or timed out, their share, and its one-sided 95 % upper bound."""

    failed: int
    calls: int
    share: float
    upper: float


def errors(dependency: Dependency, profiles: Profiles) -> Errors | None:
    """Errors of a call over all of its measured operations; None where nothing was measured.

    A profile without any outcome but `ok` may mean that errors were not exported; the bound speaks of what was seen.
    """
    found = _profiles(dependency, profiles)
    failed = sum(p.errors + p.timeouts for p in found)
    calls = failed + sum(p.n for p in found)
    return None if calls == 0 else Errors(failed, calls, failed / calls, upper_share(failed, calls))


def rate_of_one(paths: Paths, dependency: Dependency) -> float | None:
    """Calls a second of one instance of the caller at peak, after its largest failure domain is lost; None where unknown."""
    if dependency.rate_per_s is None:
        return None
    return dependency.rate_per_s / serving_instances(paths.caller(dependency))


def usual_rate_of_one(paths: Paths, dependency: Dependency) -> float | None:
    """Calls a second of one instance of the caller while all of them run; None where unknown."""
    return None if dependency.rate_per_s is None else dependency.rate_per_s / paths.caller(dependency).running


def client_rate_of_one(paths: Paths, dependency: Dependency) -> float | None:
    """Calls a second that the client of a call makes in one instance: dependencies of one name are one; None if unknown."""
    same = [d for d in paths.of_caller.get(dependency.caller, ()) if d.subject == dependency.subject]
    rates = [usual_rate_of_one(paths, d) for d in same]
    return None if any(rate is None for rate in rates) else math.fsum(rate for rate in rates if rate is not None)


def load_of_one(paths: Paths, dependency: Dependency, profiles: Profiles) -> float | None:
    """Calls under way on average in one instance of the caller at peak: rate × mean latency; None where either is unknown."""
    rate, mean = rate_of_one(paths, dependency), mean_s(dependency, profiles)
    return None if rate is None or mean is None else rate * mean


def peakedness_seen(paths: Paths, dependency: Dependency, profiles: Profiles) -> float | None:
    """Measured peakedness of the calls under way in one instance at peak, the largest of its operations; None where unknown.

    An export that holds less than half of the calls (by its busiest rate against the call's) does not show bursts.
    """
    seen = []
    for profile in _profiles(dependency, profiles):
        rate = profile.busiest_rate_per_s or profile.rate_per_s
        if profile.peakedness is None or not rate or not dependency.rate_per_s:
            continue
        share = min(1.0, rate / dependency.rate_per_s)
        if share >= ENOUGH_SEEN:
            seen.append(peakedness_of_one(profile.peakedness, share, serving_instances(paths.caller(dependency))))
    return max(seen, default=None)


def correlation_seen(dependency: Dependency, profiles: Profiles) -> float | None:
    """Measured correlation of failures within ten seconds, the largest of a call's operations; None where unknown."""
    found = (p.error_correlation for p in _profiles(dependency, profiles))
    return max((rho for rho in found if rho is not None), default=None)


def _profiles(dependency: Dependency, profiles: Profiles) -> tuple[LatencyProfile, ...]:
    return tuple({p.call: p for target in dependency.to for p in profiles_of(dependency, target, profiles)}.values())


def is_light(paths: Paths, dependency: Dependency, profiles: Profiles) -> bool:
    """Whether a call is local, fast and reliable, all three known: it gets a timeout and nothing else."""
    return not why_not_light(paths, dependency, profiles)


def why_not_light(paths: Paths, dependency: Dependency, profiles: Profiles) -> str:
    """What keeps a call from being local, fast and reliable, in words; empty where it is all three."""
    for target in dependency.to:
        if paths.kind(target) not in LOCAL_KINDS:
            return f"{target} is not local"
    sharing = [d for t in dependency.to for d in paths.to_component.get(t.partition(":")[0], ()) if d.call == "sync"]
    callers = {d.caller.partition(":")[0] for d in sharing}
    if len(callers) > 1:
        return f"{len(callers)} components share it"
    p99, seen = p99_s(dependency, profiles), errors(dependency, profiles)
    if p99 is None or seen is None:
        return "it was not measured"
    if p99 > FAST_S:
        return "its p99 is not below 20 ms"
    return "" if seen.upper <= max(RELIABLE, upper_share(0, seen.calls)) and seen.share <= RELIABLE else "it fails too often"


def utilisation(
    paths: Paths, component: Component, profiles: Profiles, factor_of: Mapping[str, float] | None = None
) -> float | None:
    """Share of a component's workers that synchronous callers keep busy at peak; None where a figure for that is unknown.

    `factor_of` multiplies the calls of a dependency (by subject), for example by its attempts.
    """
    if component.workers is None:
        return None
    busy: list[float] = []
    for dependency in paths.to_component.get(component.id, ()):
        targets = [target for target in dependency.to if target.partition(":")[0] == component.id]
        if dependency.call != "sync":
            continue
        mean = mean_s(dependency, profiles)
        if dependency.rate_per_s is None or mean is None:
            return None
        share = len(targets) / len(dependency.to) if dependency.needed == 1 else 1.0
        busy.append(dependency.rate_per_s * mean * share * (factor_of or {}).get(dependency.subject, 1.0))
    return math.fsum(busy) / (component.workers * serving_instances(component)) if busy else None
