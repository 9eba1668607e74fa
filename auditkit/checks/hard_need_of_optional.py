"""Said to be optional, and needed nevertheless."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Assume, Mode, State
from auditkit.model.system import Dependency, split_target

NAME = "hard_need_of_optional"
_MODES: Final[tuple[Mode, ...]] = ("down", "slow")
_BY_NATURE = frozenset({"cache", "telemetry"})
"""Kinds whose loss nobody should notice but by slowness."""

_ASSUME: Final[tuple[Assume, ...]] = ("best", "worst")
_NONE: Final[frozenset[str]] = frozenset()
_TOLD: Final = 3

_Met = tuple[Mode, str, list[str]]
"""A callee that stops these journeys when it fails alone."""
_Way = tuple[Mode, Assume, str, str]
_Stops = dict[tuple[Mode, Assume], dict[str, frozenset[str]]]


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each call to something optional whose failure stops a journey that makes the call."""
    optional = [d for d in facts.system.dependencies if d.call == "sync" and _claim(facts, d)]
    if not optional:
        return
    stops: _Stops = {}
    for mode in _MODES:
        for assume in _ASSUME:
            stops[mode, assume] = {
                radius.fail[0]: frozenset(j for j, state in radius.journeys.items() if state in (State.FAILED, State.HUNG))
                for radius in facts.failures(mode, assume)
                if len(radius.fail) == 1
            }
    found = [(d, assume, met) for d in optional for assume, met in _refuted(facts, d, stops)]
    ways = _ways(facts, {(mode, assume, callee, ids[0]) for _, assume, met in found for mode, callee, ids in met[:_TOLD]})
    for dependency, assume, met in found:
        yield _finding(facts, dependency, met, assume, ways)


def _ways(facts: Facts, wanted: set[_Way]) -> dict[_Way, str]:
    """The explanation of each of these, many at a time."""
    from auditkit.engine import explain_all

    found: dict[_Way, str] = {}
    for mode in _MODES:
        for assume in _ASSUME:
            asked = sorted((callee, journey) for m, a, callee, journey in wanted if (m, a) == (mode, assume))
            told = explain_all(facts.system, [((c,), j) for c, j in asked], mode, assume, facts.profiles)
            found.update(((mode, assume, c, j), why.sentence) for (c, j), why in zip(asked, told, strict=True))
    return found


def _claim(facts: Facts, dependency: Dependency) -> str:
    """In what sense the call is optional; empty where it is not."""
    if dependency.on_failure in ("degrade", "ignore"):
        return f"on_failure is {dependency.on_failure}"
    if dependency.on_failure == "fail" and all(facts.paths.kind(target) in _BY_NATURE for target in dependency.to):
        return f"{listing(dependency.to)} is of kind {facts.paths.kind(dependency.to[0])}, which should be dispensable"
    return ""


def _refuted(facts: Facts, dependency: Dependency, stops: _Stops) -> Iterator[tuple[Assume, list[_Met]]]:
    """What refutes the claim, under the best answers to open questions, or else under the worst; nothing where it holds."""
    through = {journey.id for journey in facts.journeys_of(dependency)}
    caller = split_target(dependency.caller)[0]
    callees = [name for name in dict.fromkeys(split_target(target)[0] for target in dependency.to) if name != caller]
    for assume in _ASSUME:
        met = [(mode, callee, sorted(stops[mode, assume].get(callee, _NONE) & through)) for mode in _MODES for callee in callees]
        met = [one for one in met if one[2]]
        if met:
            yield assume, met
            return


def _finding(facts: Facts, dependency: Dependency, met: Sequence[_Met], assume: Assume, ways: Mapping[_Way, str]) -> Finding:
    proven = assume == "best"
    ids = {journey for _, _, journeys in met for journey in journeys}
    touched = [journey for journey in facts.system.journeys if journey.id in ids]
    callees = list(dict.fromkeys(callee for _, callee, _ in met))
    only = " when slow" if all(mode == "slow" for mode, _, _ in met) else ""
    stops = "stops" if proven else "may stop"
    evidence = [f"the claim: {_claim(facts, dependency)}"]
    for mode, callee, journeys in met[:_TOLD]:
        evidence.append(f"when {callee} is {mode}: {ways[mode, assume, callee, journeys[0]]}")
    return finding(
        facts,
        NAME,
        dependency.subject,
        touched,
        f"{listing(callees)}, optional in {dependency.subject}, {stops} {listing(j.id for j in touched)}{only}",
        evidence,
        "a timeout that lets the fallback be reached, a bulkhead that keeps workers free, and the same on every other way to it",
        certainty="proven" if proven else "possible",
        at_most="high",
        step=-1,
    )


CHECK = Check(
    name=NAME,
    title="An optional part that is needed",
    why=(
        "What everybody believes to be optional is watched least. If its loss stops a journey all the same (because nobody "
        "stops waiting, because its hung calls take the workers, because another call needs it), the outage comes as a surprise."
    ),
    how=(
        "Calls that degrade or ignore a failure, and required calls to caches and telemetry: the callee is failed alone, down "
        "and slow; a journey that makes the call and stops refutes the claim. The way is told. Proven under the best "
        "answers to open questions, possible under the worst."
    ),
    remedy="A timeout and a bulkhead on the optional call; the same claim on all calls to it; or admit that it is required.",
    false_alarm="The call is optional for some journeys and required for others, and that is known: name the operations apart.",
    sources=(
        "Betsy Beyer, Chris Jones, Jennifer Petoff and Niall Richard Murphy (editors), Site Reliability Engineering, 2016",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
