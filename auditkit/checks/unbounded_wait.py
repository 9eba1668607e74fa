"""A call without timeout: whoever waits for it waits without end."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, seconds
from auditkit.model.audit import Finding
from auditkit.model.paths import alternatives
from auditkit.model.policy import timeout_is_open, timeout_s
from auditkit.model.system import Dependency, Nothing, Policy

NAME = "unbounded_wait"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each synchronous dependency, and each fallback alternative, whose wait nothing bounds."""
    for dependency in facts.system.dependencies:
        if not facts.paths.timed(dependency) or not facts.paths.is_ours(dependency.caller):
            continue
        policies = [("the call", dependency.policy), *((f"its fallback to {a.to}", a.policy) for a in alternatives(dependency))]
        unbounded = [(what, policy) for what, policy in policies if timeout_s(policy) is None]
        if unbounded:
            yield _finding(facts, dependency, unbounded)


def _finding(facts: Facts, dependency: Dependency, unbounded: list[tuple[str, Policy | Nothing | None]]) -> Finding:
    stated = [what for what, policy in unbounded if not timeout_is_open(policy)]
    words = [f"{what} has no timeout" for what in stated]
    words += [f"nobody has said whether {what} has a timeout" for what, policy in unbounded if timeout_is_open(policy)]
    subject = dependency.subject
    title = f"{subject} waits without end" if stated else f"{subject} may wait without end: its timeout is unknown"
    if dependency.on_failure in ("ignore", "degrade"):
        words.append(f"failures of this call are meant to {dependency.on_failure}, but a call that never ends never fails")
    advice = facts.advices.get(subject)
    if advice is None:
        remedy = "set a timeout; measure the call, so that the figure has a ground"
    elif advice.recommended_s is not None:
        remedy = f"set a timeout of {seconds(advice.recommended_s)} ({advice.grade}, {advice.n} samples)"
    else:
        start = f", start with {seconds(advice.provisional_s)}" if advice.provisional_s is not None else ""
        measured = f"{advice.n} samples do not justify a figure yet" if advice.n else "measure the call to justify a figure"
        remedy = f"set a timeout{start}; {measured}"
    return finding(
        facts, NAME, subject, facts.journeys_of(dependency), title, words, remedy, certainty="proven" if stated else "possible"
    )


CHECK = Check(
    name=NAME,
    title="A call without timeout",
    why=(
        "Slow is worse than down: a call that does not answer holds a worker of its caller, and soon all of them, also "
        "those that serve something else. A fallback behind it is never reached. This holds for telemetry and other side "
        "calls too."
    ),
    how=(
        "Every synchronous dependency, and every alternative of its fallback, is asked for its timeout. A timeout stated "
        "as none is proven; one that nobody has told is possible. Certificates, networks and modules of one process have "
        "no timeout; what users and load generators wait is not set here (a client with an owner is a program of its own)."
    ),
    remedy=(
        "Set a timeout on every synchronous call, derived from its latency; auditkit latency shows which figure the data justify."
    ),
    false_alarm="The client library, a proxy or a service mesh bounds the call already: write its timeout into system.yaml.",
    sources=(
        "Michael T. Nygard, Release It!, 2nd edition, 2018 (Blocked Threads, Timeouts)",
        "Marc Brooker, Timeouts, retries, and backoff with jitter, Amazon Builders' Library, 2019",
    ),
    run=run,
)
