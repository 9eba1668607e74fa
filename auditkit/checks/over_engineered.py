"""Patterns on calls that need none."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent, seconds
from auditkit.model.audit import Finding
from auditkit.model.policy import attempts, breaker
from auditkit.patterns.deadline import p99_s
from auditkit.patterns.observed import errors, is_light

NAME = "over_engineered"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each local, fast and reliable call with a retry or a breaker."""
    for dependency in facts.system.dependencies:
        extra = [] if attempts(dependency.policy) < 2 else ["a retry"]
        extra += [] if breaker(dependency.policy) is None else ["a circuit breaker"]
        if not extra or dependency.call != "sync" or not is_light(facts.paths, dependency, facts.profiles):
            continue
        seen, p99 = errors(dependency, facts.profiles), p99_s(dependency, facts.profiles)
        if seen is None or p99 is None:
            continue
        yield finding(
            facts,
            NAME,
            dependency.subject,
            (),
            f"{dependency.subject} is local, fast and reliable, and has {listing(extra)}",
            [f"p99 {seconds(p99)}, {percent(seen.share)} errors in {seen.calls:,} calls", "nobody else calls it"],
            "leave the timeout, take the rest away: what is not there cannot be misconfigured",
            at_most="low",
        )


CHECK = Check(
    name=NAME,
    title="More patterns than the call needs",
    why="Each pattern is code, settings and a way to fail. Around a local, fast, reliable call they cost more than they save.",
    how=(
        "A retry or a breaker on a call to a store or module that only this component calls, with a measured p99 of at most "
        "20 ms and at most 0.1 % errors. Pools of connections are not counted."
    ),
    remedy="Keep the timeout; remove retry and breaker.",
    false_alarm="The measurement is of good times only, or the store is about to be moved away.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
