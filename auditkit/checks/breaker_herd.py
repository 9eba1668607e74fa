"""Breakers that close all at once."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, seconds
from auditkit.model.audit import Finding
from auditkit.model.policy import breaker

NAME = "breaker_herd"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each breaker with a fixed cooldown and no ramp, in a caller of several instances."""
    for dependency in facts.system.dependencies:
        settings, caller = breaker(dependency.policy), facts.paths.caller(dependency)
        if settings is None or caller.running < 2:
            continue
        grows = settings.growth is not None and settings.growth > 1
        if grows or settings.half_open == "gradual" or settings.half_open_calls is not None:
            continue
        stated = settings.growth is not None
        wait = "after the same time" if settings.open_for_s is None else f"after {seconds(settings.open_for_s)}"
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"all {caller.running} instances of {caller.id} return to {'|'.join(dependency.to)} {wait}, at full rate",
            ["the cooldown does not grow", "no limited number of trial calls is set"],
            "let the open time grow (×2, up to minutes) with jitter, and let a few calls through before closing",
            certainty="proven" if stated else "possible",
            at_most="medium",
        )


CHECK = Check(
    name=NAME,
    title="Breakers that all come back at once",
    why="A callee that is just recovering is hit by all instances at the same moment, falls again, and the cycle repeats.",
    how="A breaker whose open time does not grow and that has no limited half-open state, in a caller of several instances.",
    remedy="Growing open time with jitter, and a gradual half-open state.",
    false_alarm="The library does one of both by default: write it into system.yaml.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018 (Dogpile)",),
    run=run,
)
