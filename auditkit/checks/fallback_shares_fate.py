"""A fallback that falls with what it covers."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Assume, State
from auditkit.model.paths import alternatives
from auditkit.model.system import Dependency

NAME = "fallback_shares_fate"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each fallback that a single failure takes together with what it covers."""
    for dependency in facts.system.dependencies:
        if not alternatives(dependency):
            continue
        sure, maybe = _shared(facts, dependency, "best"), _shared(facts, dependency, "worst")
        if not maybe and not sure:
            continue
        atoms = sure or maybe
        names = listing(a.to for a in alternatives(dependency))
        yield finding(
            facts,
            NAME,
            dependency.subject,
            facts.journeys_of(dependency),
            f"{listing(atoms)} alone {'takes' if len(atoms) == 1 else 'take'} {'|'.join(dependency.to)} and its fallback {names}",
            [f"when {atom} is down, {'|'.join(dependency.to)} fails and so does every alternative" for atom in atoms],
            "give the fallback a place, a store and a provider of its own, or serve something that needs nothing",
            certainty="proven" if sure else "possible",
            at_most="high",
        )


def _shared(facts: Facts, dependency: Dependency, assume: Assume) -> list[str]:
    """Atoms other than the caller whose failure fails the primary and all alternatives."""
    asked = [target.partition(":")[0] for target in dependency.to]
    others = [a.to.partition(":")[0] for a in alternatives(dependency)]
    caller = dependency.caller.partition(":")[0]
    found = []
    for radius in facts.failures("down", assume):
        states = radius.components
        if caller in radius.fail or len(radius.fail) != 1:
            continue
        down = [target for target in asked if states.get(target, State.OK) >= State.FAILED]
        if len(down) > len(asked) - dependency.needed and all(states.get(o, State.OK) >= State.FAILED for o in others):
            found.append(radius.fail[0])
    return found


CHECK = Check(
    name=NAME,
    title="The fallback falls with what it covers",
    why="A fallback that needs the same zone, store or provider is there on every day except the one for which it was built.",
    how=(
        "Each single failure is tried: does it fail the callee and all alternatives of its fallback? "
        "Proven under the best answers to open questions, possible under the worst."
    ),
    remedy="Another zone, another store, another provider, or something static.",
    false_alarm="The fallback covers slowness or bugs of the callee only, and that is all that it is meant for.",
    sources=(
        "Jacob Gabrielson, Avoiding fallback in distributed systems, Amazon Builders' Library, 2019",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
