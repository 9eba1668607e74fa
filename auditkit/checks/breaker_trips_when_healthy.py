"""A circuit breaker that chance alone opens."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, percent, seconds
from auditkit.model.audit import Finding
from auditkit.model.policy import breaker
from auditkit.model.system import CircuitBreaker
from auditkit.patterns.circuit_breaker import false_trip, share_meant
from auditkit.patterns.observed import correlation_seen, errors, rate_of_one

NAME = "breaker_trips_when_healthy"
TOO_OFTEN = 0.001
"""Probability per window from which on false trips are a finding: with windows of 10 s, about one in three hours."""
ASSUMED_ERRORS = 0.001
"""Healthy error share where none was measured; an assumption, and the finding says so."""


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each breaker that trips in too many healthy windows."""
    for dependency in facts.system.dependencies:
        settings, rate = breaker(dependency.policy), rate_of_one(facts.paths, dependency)
        if settings is None or rate is None:
            continue
        seen = errors(dependency, facts.profiles)
        share = ASSUMED_ERRORS if seen is None else seen.share
        together = correlation_seen(dependency, facts.profiles) or 0.0
        p = false_trip(settings, rate, share, together)
        if p is None or p <= TOO_OFTEN:
            continue
        measured = "assumed, since nothing was measured" if seen is None else f"measured: {seen.failed} of {seen.calls}"
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"the breaker of {dependency.subject} opens in {percent(p)} of all healthy windows",
            [
                f"{_words(settings)}; {rate:.3g} calls a second in one instance; healthy errors {percent(share)} ({measured})",
                f"{rate * (settings.window_s or 0) * share:.3g} failures are expected in a healthy window",
                *_more(settings, rate, together),
            ],
            "use a failure share with a minimum volume instead of a count, chosen for this rate",
            certainty="possible" if seen is None else "proven",
        )


def _more(settings: CircuitBreaker, rate: float, together: float) -> Iterator[str]:
    meant = share_meant(settings, rate)
    if meant is not None:
        yield f"as a share, {settings.failures} failures are {percent(meant)} of the calls of a window at this rate"
    if together > 0:
        yield f"failures come in bursts (correlation {together:.2g} within ten seconds, measured)"


def _words(settings: CircuitBreaker) -> str:
    window = seconds(settings.window_s or 0.0)
    if settings.failures is not None:
        return f"opens after {settings.failures} failures in {window}"
    return f"opens at {percent(settings.failure_rate or 0.0)} of at least {settings.min_calls or 1} calls in {window}"


CHECK = Check(
    name=NAME,
    title="A breaker opens while everything is healthy",
    why=(
        "A breaker that opens by chance is an outage of its own making. Settings by count do so as soon as traffic grows: "
        "5 failures in 30 s at 200 calls a second and 0.1 % errors are less than the usual 6."
    ),
    how=(
        "Binomial: the probability that a window of this many calls holds enough failures at the healthy error share, at the "
        "peak rate of one instance; beta-binomial where start times show that failures come in bursts. "
        "More than 0.1 % of the windows is a finding; unmeasured errors are assumed at 0.1 %."
    ),
    remedy="A share of failures with a minimum volume; errors of the caller's own making do not count.",
    false_alarm="Errors come in bursts that are real failures, or the measured error share is not that of healthy times.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018 (Circuit Breaker)",),
    run=run,
)
