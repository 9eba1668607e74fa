"""A retry of a call that may do its work twice."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding
from auditkit.model.policy import attempts, retry
from auditkit.patterns.retry import BEFORE_SENDING, may_repeat_work

NAME = "retry_without_idempotence"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each retried call that is not idempotent, or of which nobody knows."""
    for dependency in facts.system.dependencies:
        if not may_repeat_work(retry(dependency.policy)) or dependency.idempotent:
            continue
        proven = dependency.idempotent is False
        says = "is not idempotent" if proven else "may not be idempotent: nobody has said"
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"{dependency.subject} is tried {attempts(dependency.policy)} times and {says}",
            ["a first attempt that timed out may have happened; the second one then does it again"],
            f"retry only errors that provably precede sending ({', '.join(BEFORE_SENDING[:2])}; write only: before_sending), "
            "or make the call idempotent by a key that the callee remembers",
            certainty="proven" if proven else "possible",
        )


CHECK = Check(
    name=NAME,
    title="A retry may do the work twice",
    why="A timeout does not say whether the work was done. Trying again charges twice, ships twice, or counts twice.",
    how=(
        "Every call with more than one attempt whose `idempotent` is false (proven) or unknown (possible), unless its retry is "
        "stated as `only: before_sending`."
    ),
    remedy="An idempotency key, a conditional write, or no retry.",
    false_alarm="Only errors before sending are retried: the other side has seen nothing. Write `only: before_sending`.",
    sources=("Malcolm Featonby, Making retries safe with idempotent APIs, Amazon Builders' Library, 2020",),
    run=run,
)
