"""Attempts that multiply along a path."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.policy import retry
from auditkit.model.system import Dependency
from auditkit.patterns.deadline import downwards
from auditkit.patterns.retry import factor

NAME = "retry_amplification"
TOO_MUCH = 3.0
"""Calls at the bottom for one at the top, beyond which a failing callee is hit harder than it can bear."""


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each retried call under which one request may become more than three."""
    above: dict[str, tuple[float, tuple[Dependency, ...]]] = {}
    found: dict[int, tuple[float, tuple[Dependency, ...]]] = {}
    order = downwards(facts.paths)
    place = {operation: index for index, operation in enumerate(order)}
    for operation in order:
        times, way = above.get(operation, (1.0, ()))
        for dependency in facts.paths.outgoing(operation):
            if dependency.call != "sync":
                continue
            own = factor(retry(dependency.policy))
            here = (times * own, (*way, dependency) if own > 1 else way)
            if own > 1 and here[0] > found.get(id(dependency), (0.0, ()))[0]:
                found[id(dependency)] = here
            for below in (op for target in dependency.to for op in facts.paths.operations(target)):
                if place.get(below, -1) > place[operation] and here[0] > above.get(below, (0.0, ()))[0]:
                    above[below] = here
    for dependency in facts.system.dependencies:
        times, way = found.get(id(dependency), (1.0, ()))
        if times > TOO_MUCH:
            yield _finding(facts, dependency, times, way)


def _finding(facts: Facts, dependency: Dependency, times: float, way: tuple[Dependency, ...]) -> Finding:
    levels = [f"{d.subject} × {factor(retry(d.policy)):g}" for d in way]
    return finding(
        facts,
        NAME,
        dependency.subject,
        facts.journeys_of(dependency),
        f"one request may become {times:.3g} calls of {dependency.subject}",
        [f"attempts multiply: {listing(levels)}", "the worst case is when everything fails, which is when it hurts most"],
        "retry on one level only, two attempts, with a budget of 1 % of the requests and jittered waits",
    )


CHECK = Check(
    name=NAME,
    title="Attempts multiply along a path",
    why=(
        "Three layers that try four times each turn one request into 64. They do so exactly when the callee is failing, "
        "and keep it down after the cause has gone."
    ),
    how=(
        "Along every path the attempts are multiplied; a retry with a budget counts as 1 + budget. "
        "More than 3 calls for one request is a finding at the last retried call."
    ),
    remedy="Retry on one level, give each retry a budget, and let the others fail fast.",
    false_alarm="A library below counts attempts over all layers together, or the callee sheds load without harm.",
    sources=(
        "Marc Brooker, Timeouts, retries, and backoff with jitter, Amazon Builders' Library, 2019",
        "Betsy Beyer and others (editors), Site Reliability Engineering, 2016 (chapter 22)",
    ),
    run=run,
)
