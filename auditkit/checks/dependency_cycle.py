"""Components that wait for each other in a circle."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.paths import asked
from auditkit.model.system import Dependency, split_target

NAME = "dependency_cycle"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each set of operations that call each other synchronously, named by its components."""
    from auditkit.engine.graphs import components

    calls = _calls(facts)
    names = list(calls)
    number = {name: index for index, name in enumerate(names, start=1)}
    successors: dict[int, list[int]] = {0: list(range(1, len(names) + 1))}
    for name, made in calls.items():
        successors[number[name]] = [number[target] for target in made]
    for block in components(successors, 0):
        inside = {names[index - 1] for index in block if index}
        if len(inside) > 1 or any(name in calls[name] for name in inside):
            yield _finding(facts, calls, inside)


def _calls(facts: Facts) -> dict[str, dict[str, Dependency]]:
    """What each named operation may wait for: target -> the dependency."""
    named: dict[str, None] = {}
    for dependency in facts.system.dependencies:
        named.update(dict.fromkeys((dependency.caller, *asked(dependency))))
    return {
        name: {target: d for d in facts.paths.outgoing(name) if d.call == "sync" for target in asked(d)} for name in sorted(named)
    }


def _finding(facts: Facts, calls: Mapping[str, Mapping[str, Dependency]], inside: set[str]) -> Finding:
    ring = _shortest_ring(calls, inside)
    members = sorted({split_target(name)[0] for name in inside})
    links = [calls[a][b] for a, b in zip(ring, [*ring[1:], ring[0]], strict=True)]
    hard = all(d.on_failure in ("fail", None) for d in links)
    stated = all(d.on_failure == "fail" for d in links)
    touched = [j for j in facts.system.journeys if any(d in links for d in facts.paths.reached(j))]
    effect = "each fails when any other does" if hard else "an answer that degrades stands between them"
    return finding(
        facts,
        NAME,
        "|".join(members),
        touched,
        f"{listing(members)} {'calls itself' if len(members) == 1 else 'wait for each other in a circle'}",
        [
            f"shortest circle: {' → '.join([*ring, ring[0]])}; {effect}",
            *dict.fromkeys(f"{d.subject}: on_failure {d.on_failure or 'unknown'}" for d in links),
            "none of them can start while the others are down, and slowness of one holds the workers of all",
        ],
        "break the circle: make one call asynchronous, hand over what is asked for with the request, or take it below both",
        certainty="proven" if stated or not hard else "possible",
        at_most="high" if hard else "medium",
        step=0 if hard else -1,
    )


def _shortest_ring(calls: Mapping[str, Mapping[str, Dependency]], inside: set[str]) -> Sequence[str]:
    """A shortest circle among these operations, from the first name of those on it that can be."""
    best: list[str] = []
    for start in sorted(inside)[:50]:
        came: dict[str, str] = {}
        waiting = [start]
        for name in waiting:
            for target in sorted(calls[name]):
                if target == start:
                    ring = [name]
                    while ring[-1] != start:
                        ring.append(came[ring[-1]])
                    if not best or len(ring) < len(best):
                        best = ring[::-1]
                    break
                if target in inside and target not in came:
                    came[target] = name
                    waiting.append(target)
            else:
                continue
            break
    return best


CHECK = Check(
    name=NAME,
    title="A circle of synchronous calls",
    why=(
        "Components in a circle fail, hang and start only together: after an outage each waits for the others. Retries run "
        "around the circle and multiply, and a slow member ends up waiting for its own workers."
    ),
    how=(
        "Strongly connected operations over synchronous calls and the alternatives of fallbacks; a bare component stands for all "
        "its operations. Proven where each call of the shortest circle has a stated answer; possible where one is unknown."
    ),
    remedy="Make one call asynchronous, pass the data along with the request, or take what both need into a component below.",
    false_alarm="The operations are different and never call each other in one request: name them (`component:operation`).",
    sources=(
        "Robert C. Martin, Granularity (the acyclic dependencies principle), C++ Report, 1996",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
