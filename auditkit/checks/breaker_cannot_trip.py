"""A circuit breaker that never opens."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, seconds
from auditkit.model.audit import Finding
from auditkit.model.failure import Certainty
from auditkit.model.policy import breaker, timeout_s
from auditkit.model.system import CircuitBreaker, Dependency
from auditkit.patterns.circuit_breaker import is_reachable
from auditkit.patterns.observed import client_rate_of_one

NAME = "breaker_cannot_trip"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each breaker that cannot open, or of which a library's default decides whether it can."""
    for dependency in facts.system.dependencies:
        settings = breaker(dependency.policy)
        if settings is None:
            continue
        sure = list(_never(facts, dependency, settings))
        left_open = [] if sure else [*_dead(dependency, settings), *_defaults(settings)]
        if not sure and not left_open:
            continue
        certainty: Certainty = "proven" if sure else "possible"
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"the breaker of {dependency.subject} {'never opens' if sure else 'may never open'}",
            sure or left_open,
            "choose a minimum volume that one instance reaches within the window, and a slow-call threshold below the timeout",
            certainty=certainty,
            step=-1,
        )


def _never(facts: Facts, dependency: Dependency, settings: CircuitBreaker) -> Iterator[str]:
    rate = client_rate_of_one(facts.paths, dependency)
    if rate is not None and is_reachable(settings, rate) is False:
        needed = settings.failures if settings.failures is not None else settings.min_calls
        window = settings.window_s or 0.0
        yield f"it needs {needed} calls in {seconds(window)}; one instance makes {rate * window:.3g}"
    timeout = timeout_s(dependency.policy)
    only_slow = settings.failure_rate is None and settings.failures is None
    if only_slow and settings.slow_call_s is not None and timeout is not None and settings.slow_call_s >= timeout:
        yield f"a call is slow from {seconds(settings.slow_call_s)}, but it ends by its timeout after {seconds(timeout)}"


def _dead(dependency: Dependency, settings: CircuitBreaker) -> Iterator[str]:
    """A threshold for slow calls that nothing reaches, beside one for failures that counts."""
    timeout = timeout_s(dependency.policy)
    if settings.slow_call_s is not None and timeout is not None and settings.slow_call_s >= timeout:
        slow, end = seconds(settings.slow_call_s), seconds(timeout)
        yield f"its part for slow calls never counts: slow is from {slow}, and a call ends by its timeout after {end}"


def _defaults(settings: CircuitBreaker) -> Iterator[str]:
    if settings.failures is None and settings.min_calls is None:
        yield "no minimum volume is set: the library's default is in force (resilience4j and Polly: 100 calls)"
    if settings.window_s is None and not settings.in_a_row:
        yield "no window in seconds is set: it counts calls, or the library's default is in force"


CHECK = Check(
    name=NAME,
    title="A breaker that never opens",
    why="A breaker whose volume is never reached is decoration: it is in the code, on the diagram, and not there when needed.",
    how=(
        "The minimum volume against the calls that one instance makes in a window; a slow-call threshold at or above the "
        "timeout; volume or window left to the library's default (possible)."
    ),
    remedy="Fit volume and window to the measured rate of one instance, or leave the breaker out.",
    false_alarm="The breaker is shared by all instances, or sits in a proxy that sees more calls.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
