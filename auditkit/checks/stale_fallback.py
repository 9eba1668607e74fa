"""A fallback that may be worse than no answer."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding
from auditkit.patterns.fallback import ages, assumes, fails_fast, of, words

NAME = "stale_fallback"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each fallback that is unsafe, ages without a limit, or assumes what nobody puts right."""
    for dependency in facts.system.dependencies:
        fallback = of(dependency)
        if fallback is None:
            continue
        serves, open_ends = words(fallback), []
        if fails_fast(fallback):
            open_ends.append(f"{serves} is said to be worse than no answer (safe: false)")
        if ages(fallback) and fallback.stale_after_s is None:
            open_ends.append(f"{serves} gets older, and nobody has said how old it may be (stale_after)")
        if assumes(fallback) and fallback.reconcile is None:
            open_ends.append(f"{serves} is an assumption, and nobody has said who puts it right (reconcile)")
        if not open_ends:
            continue
        unsafe = fails_fast(fallback)
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"the fallback of {dependency.subject} {'is' if unsafe else 'may be'} worse than failing fast",
            open_ends,
            "fail fast where stale is worse than nothing; otherwise agree on an age and on a reconciliation",
            certainty="proven" if unsafe else "possible",
            at_most="high" if unsafe else "medium",
        )


CHECK = Check(
    name=NAME,
    title="A fallback that may be worse than nothing",
    why="Old prices, old permissions, old balances: an answer that is wrong costs more than one that is missing.",
    how=(
        "Fallbacks stated as unsafe (proven); those that serve something ageing without an agreed age, or an assumption that "
        "nobody reconciles (possible)."
    ),
    remedy="An age beyond which it is not served; a job or a step that corrects what was assumed; or no fallback.",
    false_alarm="What is served does not change within any outage.",
    sources=("Jacob Gabrielson, Avoiding fallback in distributed systems, Amazon Builders' Library, 2019",),
    run=run,
)
