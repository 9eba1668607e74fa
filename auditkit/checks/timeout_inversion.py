"""A caller that gives up while its callee is still working through its own calls."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, seconds
from auditkit.model.audit import Finding
from auditkit.model.failure import Certainty
from auditkit.patterns.deadline import inversions

NAME = "timeout_inversion"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each call whose timeout is shorter than what its callee may wait below."""
    for found in inversions(facts.paths):
        dependency, own, slowest, below = found.dependency, found.waits_s, found.callee, found.below
        calls = [d for operation in facts.paths.operations(slowest) for d in facts.paths.outgoing(operation) if d.call == "sync"]
        assumed = [d.subject for d in calls if d.stage is None]
        certainty: Certainty = "possible" if len(assumed) > 1 else "proven"
        evidence = [
            f"the caller waits {seconds(own)} for one attempt; {slowest} may wait {seconds(below.seconds)} for its own calls, "
            "attempts, backoffs and stages included",
            f"below: {listing(dict.fromkeys(d.subject for d in calls))}",
        ]
        if len(assumed) > 1:
            evidence.append(f"assumed to run one after another, since no stage is given: {listing(dict.fromkeys(assumed))}")
        if below.unknown:
            evidence.append(f"not counted, since nothing bounds them: {listing(below.unknown)}")
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"{dependency.subject} gives up after {seconds(own)}, its callee may go on for {seconds(below.seconds)}",
            evidence,
            "shorten or parallelise the calls below, retry on one level only, or pass the remaining deadline along",
            certainty=certainty,
            step=-1,
        )


CHECK = Check(
    name=NAME,
    title="The caller gives up before its callee does",
    why=(
        "A caller that gives up first throws away work that still goes on below: the callee stays busy for nobody, a "
        "retry adds to it, and a write may still happen after the caller has reported a failure."
    ),
    how=(
        "For each synchronous call its timeout is compared with the worst case of its callee: stages add up, parallel "
        "calls take the longest, each call counts attempts × timeout + backoffs and its fallback's calls. Calls without "
        "timeout are not counted here (see unbounded_wait). Where stages are unknown, calls are assumed to run one after "
        "another; then it is possible."
    ),
    remedy="Make the outer timeout longer than the worst case below, or the inner ones shorter; or propagate the deadline.",
    false_alarm="The callee receives the caller's deadline and stops at it, or does not run these calls in the same request.",
    sources=(
        "Betsy Beyer and others (editors), Site Reliability Engineering, 2016 (chapter 22, Addressing Cascading Failures)",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
