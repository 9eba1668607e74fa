"""A call of which nobody has said what becomes of the answer when it fails."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding

NAME = "unknown_answer"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each synchronous call of a journey whose `on_failure` is unknown."""
    for dependency in facts.system.dependencies:
        touched = facts.journeys_of(dependency)
        asked = dependency.call == "sync" and facts.paths.is_ours(dependency.caller)
        if not asked or dependency.on_failure is not None or not touched:
            continue
        callee = " or ".join(dependency.to)
        yield finding(
            facts,
            NAME,
            dependency.subject,
            touched,
            f"nobody has said what {dependency.caller} answers when {callee} fails",
            [
                "the worst answer (fail) stops whatever needs this call, the best (ignore) stops nothing; "
                "until somebody decides, both are reported"
            ],
            f"ask the owner of {dependency.caller}: fail, degrade (with which fallback), or ignore; write it as on_failure",
            certainty="possible",
            at_most="high",
        )


CHECK = Check(
    name=NAME,
    title="Nobody has said what a failure does to the answer",
    why=(
        "Whether a failed call fails the page or leaves a gap in it is a business decision. Where nobody has taken it, "
        "the code has, usually by letting the exception through."
    ),
    how="Every synchronous call on the way of a journey whose `on_failure` is missing or unknown; what users do is not asked.",
    remedy="Decide it for each call, with the people who own the journey: fail, degrade with a fallback, or ignore.",
    false_alarm="None: an answer costs one line in system.yaml.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
