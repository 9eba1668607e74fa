"""A degraded answer that nobody has described, or a failure that an objective cannot afford."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent
from auditkit.model.audit import Finding
from auditkit.model.failure import Certainty
from auditkit.model.paths import TIMELESS
from auditkit.model.system import Dependency

NAME = "missing_fallback"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each call that claims to degrade without a fallback, or fails its caller beyond its objective."""
    for dependency in facts.system.dependencies:
        if dependency.call != "sync":
            continue
        if dependency.on_failure == "degrade" and (dependency.fallback is None or dependency.fallback == "none"):
            yield _degrades_to_nothing(facts, dependency)
        elif dependency.on_failure == "fail" and dependency.fallback in (None, "none"):
            yield from _costs_the_objective(facts, dependency)


def _degrades_to_nothing(facts: Facts, dependency: Dependency) -> Finding:
    stated = dependency.fallback == "none"
    return finding(
        facts,
        NAME,
        dependency.subject,
        facts.journeys_of(dependency),
        f"{dependency.subject} is said to degrade, but {'it has no fallback' if stated else 'nobody has said to what'}",
        ["an answer without its part is a fallback too, if somebody has decided so and the code does it"],
        "say what is served instead (fallback: kind, serves), and who has decided it",
        certainty="proven" if stated else "possible",
        at_most="medium",
    )


def _costs_the_objective(facts: Facts, dependency: Dependency) -> Iterator[Finding]:
    for target in dependency.to if len(dependency.to) == 1 else ():
        callee = facts.paths.components.get(target.partition(":")[0])
        if callee is None or callee.kind in TIMELESS:
            continue
        promised = [j for j in facts.journeys_of(dependency) if isinstance(j.slo, float)]
        beyond = [j for j in promised if callee.availability is not None and callee.availability < j.slo]  # type: ignore[operator]
        unknown = [] if callee.kind != "external" or callee.availability is not None else promised
        if not beyond and not unknown:
            continue
        certainty: Certainty = "proven" if beyond else "possible"
        figure = "unknown" if callee.availability is None else percent(callee.availability)
        yield finding(
            facts,
            NAME,
            dependency.subject,
            beyond or unknown,
            f"{listing(j.id for j in beyond or unknown)} cannot be better than {callee.id}, whose availability is {figure}",
            [f"objective of {j.id}: {percent(j.slo)}" for j in beyond or unknown if isinstance(j.slo, float)],
            f"find something to serve without {callee.id} (an older answer, a queue for later), or lower the objective",
            certainty=certainty,
            step=-1,
        )


CHECK = Check(
    name=NAME,
    title="No fallback where one is claimed or needed",
    why=(
        "A journey is no better than what fails it. Where an objective asks for more than a callee gives, only a fallback or "
        "redundancy can close the gap; and a fallback that nobody has described is a hope."
    ),
    how=(
        "Calls that degrade without any fallback (possible where it is unknown); calls that fail their caller and whose "
        "callee's availability is below a journey's objective (possible for external ones of unknown availability)."
    ),
    remedy="Decide with the business what is served instead, for how long, and what happens afterwards.",
    false_alarm="The answer without this part is the fallback: write `fallback: {kind: omit, serves: …}`.",
    sources=("Michael T. Nygard, Release It!, 2nd edition, 2018",),
    run=run,
)
