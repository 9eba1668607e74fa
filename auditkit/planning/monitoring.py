"""What to watch, so that each pattern shows its state, with thresholds from the figures that the plan proposes."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditkit.checks import Facts
from auditkit.checks.wording import percent, seconds
from auditkit.model.audit import Monitor, PolicyProposal
from auditkit.model.latency import TimeoutAdvice
from auditkit.model.policy import attempts, breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Buffer, Dependency, Fallback, Policy
from auditkit.patterns.seen import SEEN
from auditkit.patterns.timeout import TARGET
from auditkit.planning.overlay import settings

NEAR = 0.8
"""Share of a limit from which on somebody should look: of a timeout at p99, of a pool, of a buffer."""


def healthy_timeouts(advice: TimeoutAdvice | None) -> float:
    """Share of calls that a timeout may cut off while all is healthy: what was bounded, at least the target; else the usual."""
    share = None if advice is None else advice.false_timeout
    return TARGET if share is None else max(share.target, share.upper)


def monitors_for(facts: Facts, proposals: Sequence[PolicyProposal]) -> tuple[Monitor, ...]:
    """One entry for each pattern that the plan has in force, and for each buffer."""
    chosen = {p.dependency: p for p in proposals}
    found: list[Monitor] = []
    for dependency in facts.system.dependencies:
        proposal = chosen.get(dependency.subject)
        policy = None if proposal is None else settings(proposal)
        if policy is not None and proposal is not None:
            found.extend(_of_policy(dependency, policy, proposal))
        if isinstance(dependency.buffer, Buffer) and dependency.buffer.size is not None:
            found.append(_buffer(dependency, dependency.buffer.size))
    return tuple(found)


def _of_policy(dependency: Dependency, policy: Policy, proposal: PolicyProposal) -> Iterator[Monitor]:
    subject = dependency.subject
    timeout = timeout_s(policy)
    if timeout is not None:
        share = None if proposal.advice is None else proposal.advice.false_timeout
        expected = healthy_timeouts(proposal.advice)
        healthy = f"healthy: at most {percent(expected)}" if share else f"not measured: {percent(expected)} is taken as healthy"
        yield _monitor(
            subject,
            "timeout",
            f"timeouts above {percent(min(1.0, 10 * expected))} for 5 minutes ({healthy}); "
            f"p99 above {seconds(NEAR * timeout)}, which is {NEAR:g} of the timeout, for 15 minutes",
        )
    settings_of_retry = retry(policy)
    if settings_of_retry is not None and attempts(policy) > 1:
        budget = settings_of_retry.budget
        limit = f"above the budget of {percent(budget)}" if budget is not None else "above 1 %, where no budget is set"
        yield _monitor(
            subject,
            "retry",
            f"retries {limit} for 5 minutes",
        )
    cut = breaker(policy)
    if cut is not None:
        yield _monitor(
            subject,
            "circuit_breaker",
            f"open in an instance for {seconds(2 * (cut.open_for_s or 30.0))}; open in half of the instances: page",
        )
    pool = bulkhead(policy)
    if pool is not None:
        yield _monitor(
            subject,
            "bulkhead",
            f"above {max(1, int(NEAR * pool.max_concurrent))} of {pool.max_concurrent} under way for 5 minutes; "
            "rejections above 0.1 % for 5 minutes",
        )
    if isinstance(dependency.fallback, Fallback):
        stale = dependency.fallback.stale_after_s
        age = f"; answers older than {seconds(stale)}" if stale is not None else ""
        yield _monitor(
            subject,
            "fallback",
            f"above 1 % for 5 minutes{age}; and never for a month: then it is untested",
        )


def _monitor(subject: str, pattern: str, alert: str) -> Monitor:
    """What shows a pattern's state: the metric, and the span attributes and log fields of one request's way through it."""
    known = SEEN[pattern]
    seen = (*(f"span: {name}" for name in known.attributes), *(f"log: {name}" for name in known.fields))
    return Monitor(subject=subject, pattern=pattern, metric=known.metric, alert=alert, seen=seen)


def _buffer(dependency: Dependency, size: int) -> Monitor:
    return _monitor(
        dependency.subject,
        "buffer",
        f"above {int(NEAR * size)} of {size} waiting, or growing for 15 minutes",
    )
