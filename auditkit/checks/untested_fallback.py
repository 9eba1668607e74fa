"""A fallback that nobody has seen at work."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding
from auditkit.model.audit import Finding
from auditkit.patterns.fallback import of, words

NAME = "untested_fallback"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each fallback without a recorded experiment that held."""
    for dependency in facts.system.dependencies:
        fallback = of(dependency)
        if fallback is None or f"fallback {dependency.subject}" in facts.tested or dependency.call != "sync":
            continue
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"nothing shows that the fallback of {dependency.subject} works",
            [f"it is meant to serve {words(fallback)}; no experiment that held is recorded"],
            "run its test and its experiment (the strategy lists both), and record the result in audit.yaml",
            at_most="low",
        )


CHECK = Check(
    name=NAME,
    title="A fallback that was never seen at work",
    why="Code that runs only in an emergency runs for the first time in one.",
    how="Every fallback for which `results` in audit.yaml hold no experiment of its own that held.",
    remedy="A test on every change, an experiment in staging, and a share of real traffic through it now and then.",
    false_alarm="It serves a share of the traffic all the time: record that as its result.",
    sources=("Jacob Gabrielson, Avoiding fallback in distributed systems, Amazon Builders' Library, 2019",),
    run=run,
)
