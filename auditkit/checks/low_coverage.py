"""Too little of the system is known to trust what is not reported."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import listing
from auditkit.model.audit import Finding

NAME = "low_coverage"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for the whole system, where coverage is not high."""
    coverage = facts.coverage
    if coverage is None or coverage.grade == "high" or not facts.system.components:
        return
    evidence = [coverage.reason] if coverage.reason else []
    if coverage.without_dependency:
        evidence.append(f"without any dependency: {listing(coverage.without_dependency)}")
    if coverage.unused_datastores:
        evidence.append(f"datastores that nobody is known to use: {listing(coverage.unused_datastores)}")
    evidence.extend(f"the sources cannot say: {what}" for what in coverage.cannot_say)
    yield Finding(
        check=NAME,
        subject=facts.system.system,
        severity="high" if coverage.grade == "low" else "medium",
        certainty="proven",
        title=f"coverage is {coverage.grade}: what is not reported here may still be there",
        evidence=tuple(evidence),
        remedy="import traces or configuration that name the missing calls, or ask the teams, then run the audit again",
    )


CHECK = Check(
    name=NAME,
    title="Too little of the system is known",
    why=(
        "An audit finds what its sources show. A component without any known dependency is rarely independent; more often "
        "nobody has looked. Silence then reads like good news, and is none."
    ),
    how=(
        "From the coverage report of the import: components without dependency, datastores that nobody uses, calls to somebody "
        "who is in no file, strength of the evidence, and open questions that would change what is reported."
    ),
    remedy="Add a source that sees calls (traces, a service mesh's metrics), or answer the open questions.",
    false_alarm="The component really stands alone: say so by leaving it out of the scope.",
    sources=("Betsy Beyer and others (editors), Site Reliability Engineering, 2016",),
    run=run,
)
