"""How long a buffer lasts, and what happens then."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, seconds
from auditkit.model.audit import Finding
from auditkit.model.system import Buffer, Dependency, Journey

NAME = "queue_backlog"
LONG_ENOUGH_S = 8 * 3600.0
"""A buffer that lasts a night gives people the time to wake up."""
_THEN = {"block": "callers wait, and with them what users see", "drop": "messages are lost", None: "nobody has said what happens"}


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each asynchronous call whose buffer is unknown, or full before a night is over."""
    for dependency in facts.system.dependencies:
        buffer = dependency.buffer
        if dependency.call != "async" or buffer == "none":
            continue
        if not isinstance(buffer, Buffer) or buffer.size is None or dependency.rate_per_s is None:
            yield _unknown(facts, dependency)
            continue
        lasts = buffer.size / dependency.rate_per_s if dependency.rate_per_s else LONG_ENOUGH_S
        if lasts < LONG_ENOUGH_S:
            yield finding(
                facts,
                NAME,
                dependency.subject,
                _completing(facts, dependency),
                f"without {'|'.join(dependency.to)} the buffer is full after {seconds(lasts)}; then {_THEN[buffer.when_full]}",
                [f"{buffer.size:,} places at {dependency.rate_per_s:g} a second"],
                "enlarge the buffer or decide what may be lost; alert on the age of the oldest message; practise draining it",
                certainty="possible" if buffer.when_full is None else "proven",
                at_most="medium",
            )


def _unknown(facts: Facts, dependency: Dependency) -> Finding:
    return finding(
        facts,
        NAME,
        dependency.subject,
        _completing(facts, dependency),
        f"nobody can say how long {dependency.caller} goes on when {'|'.join(dependency.to)} stops",
        ["size of the buffer, or rate, is unknown"],
        "find out size, rate, and what happens when it is full (block or drop)",
        certainty="possible",
        at_most="medium",
        step=-1,
    )


def _completing(facts: Facts, dependency: Dependency) -> list[Journey]:
    callees = {target.partition(":")[0] for target in dependency.to}
    through = {j.id for j in facts.journeys_through(dependency.caller.partition(":")[0])}
    return [j for j in facts.system.journeys if callees & set(j.completes) or j.id in through]


CHECK = Check(
    name=NAME,
    title="A buffer that is full too soon",
    why=(
        "A queue makes a click fast, not safe. Every queue is full at some time after its consumer has stopped; whether "
        "that is minutes or days, and whether it then blocks or loses, decides what kind of outage it becomes."
    ),
    how="Size of the buffer ÷ rate, for each asynchronous call. Less than eight hours, or unknown, is a finding.",
    remedy="Enough room for a night, an alert on age, and a decision about what may be lost.",
    false_alarm="The consumer is restarted automatically within seconds, and that has been tested.",
    sources=(
        "David Yanacek, Avoiding insurmountable queue backlogs, Amazon Builders' Library, 2019",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
