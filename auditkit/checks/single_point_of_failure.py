"""One thing whose failure alone stops a journey."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Assume, Certainty, Mode, State
from auditkit.model.system import Journey

NAME = "single_point_of_failure"
_MODES: tuple[Mode, ...] = ("down", "slow")
_WHEN = {"down": "is down", "slow": "is slow"}


@dataclass(frozen=True, slots=True)
class Stopped:
    """What one atom stops in one mode: journeys surely, and journeys that depend on answers nobody has given."""

    mode: Mode
    proven: tuple[str, ...]
    possible: tuple[str, ...]


def single_points(facts: Facts) -> dict[str, tuple[Stopped, ...]]:
    """All atoms whose failure alone makes a journey failed or hung, in the order of their names, by mode and certainty."""
    found: dict[str, list[Stopped]] = {}
    for mode in _MODES:
        sure = _stopped(facts, mode, "proven")
        for atom, journeys in _stopped(facts, mode, "possible").items():
            proven = sure.get(atom, ())
            possible = tuple(j for j in journeys if j not in proven)
            if proven or possible:
                found.setdefault(atom, []).append(Stopped(mode, proven, possible))
    return {atom: tuple(found[atom]) for atom in sorted(found)}


def _stopped(facts: Facts, mode: Mode, certainty: Certainty) -> dict[str, tuple[str, ...]]:
    radii = facts.failures(mode, "best" if certainty == "proven" else "worst")
    stopping = (State.FAILED, State.HUNG)
    return {
        radius.fail[0]: tuple(journey for journey, state in radius.journeys.items() if state in stopping)
        for radius in radii
        if len(radius.fail) == 1
    }


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each atom; its certainty is `proven` where any journey stops whatever the open answers are."""
    points = single_points(facts)
    ways = _ways(facts, points)
    for atom, stops in points.items():
        proven = any(stop.proven for stop in stops)
        ids = {j for stop in stops for j in (stop.proven if proven else stop.possible)}
        touched = [j for j in facts.system.journeys if j.id in ids]
        kind, remedy = _kind(facts, atom, touched)
        yield finding(
            facts,
            NAME,
            atom,
            touched,
            f"{kind} {atom} alone {'stops' if proven else 'may stop'} {listing(j.id for j in touched)}{_only(stops, proven)}",
            _evidence(atom, stops, ways),
            remedy,
            certainty="proven" if proven else "possible",
        )


def _only(stops: tuple[Stopped, ...], proven: bool) -> str:
    counting = [stop for stop in stops if (stop.proven if proven else stop.possible)]
    return " (only when it is slow, not when it is down)" if [stop.mode for stop in counting] == ["slow"] else ""


def _ways(facts: Facts, points: Mapping[str, tuple[Stopped, ...]]) -> dict[tuple[str, Mode], str]:
    """How each atom reaches the first journey that it stops, in one sentence; under the best answers where it is proven."""
    from auditkit.engine import explain_all

    wanted: dict[tuple[Mode, Assume], list[tuple[tuple[str], str]]] = {}
    for atom, stops in points.items():
        for stop in stops:
            assume: Assume = "best" if stop.proven else "worst"
            wanted.setdefault((stop.mode, assume), []).append(((atom,), (stop.proven or stop.possible)[0]))
    found = {}
    for (mode, assume), asked in wanted.items():
        for why in explain_all(facts.system, asked, mode, assume, facts.profiles):
            if len(why.steps) > 2:  # else it is where users enter, and that says it all
                found[why.fail[0], mode] = why.sentence
    return found


def _evidence(atom: str, stops: tuple[Stopped, ...], ways: Mapping[tuple[str, Mode], str]) -> Iterator[str]:
    for stop in stops:
        if stop.proven:
            verb = "stops" if len(stop.proven) == 1 else "stop"
            yield f"when {atom} {_WHEN[stop.mode]}, {listing(stop.proven)} {verb}, whatever the open answers are"
        if stop.possible:
            yield f"when {atom} {_WHEN[stop.mode]}, {listing(stop.possible)} may stop: it depends on answers nobody has given yet"
        if (atom, stop.mode) in ways:
            yield f"how: {ways[atom, stop.mode]}"


def _kind(facts: Facts, atom: str, touched: Sequence[Journey]) -> tuple[str, str]:
    """One of the three kinds in words, which are never mixed, and what to do about it."""
    system = facts.system
    entries = {journey.entry.partition(":")[0] for journey in touched}
    component = facts.paths.components.get(atom)
    if component is not None:
        if component.instances is not None and component.instances == component.needed:
            other = "let its callers degrade with a timeout and a fallback"
            if atom in entries:
                other = "decide on its loss: users enter here, and nobody can degrade around it"
            return "instance", (
                f"{atom} runs {component.instances} and needs {component.needed}: add a spare with automatic failover, or {other}"
            )
        if atom in entries:
            return "component", (
                f"nobody can degrade around {atom}, where users enter: spread its instances, deploy in steps, "
                "keep rollback quick, and decide on the rest"
            )
        return "component", f"let the callers of {atom} degrade with a timeout and a fallback, or add an independent alternative"
    cause = next((c for c in system.common_causes if c.id == atom), None)
    if cause is not None:
        return f"shared cause ({cause.kind})", f"separate {listing(cause.affects)}, so that {atom} does not take all of them"
    return "shared cause (placement domain)", f"spread instances so that enough remain after losing {atom}"


def sentence_on_single_points(facts: Facts) -> str:
    """One sentence on single points of failure that claims no more than is known.

    Where coverage is low, or nothing is known to claim it from, it never says that there is none.
    """
    points = single_points(facts)
    sure = [atom for atom, stops in points.items() if any(stop.proven for stop in stops)]
    maybe = [atom for atom in points if atom not in sure]
    grade, said = ("unknown", "unknown") if facts.coverage is None else (facts.coverage.grade, facts.coverage.said)
    if not facts.system.journeys:
        return "No journey is known, so nothing can be said about single points of failure; name what users do first."
    parts = []
    if sure:
        parts.append(f"{len(sure)} single point{'s' if len(sure) > 1 else ''} of failure proven: {listing(sure)}.")
    if maybe:
        parts.append(f"{len(maybe)} more possible, depending on open answers: {listing(maybe)}.")
    if grade != "high":
        parts.append(f"Coverage is {said}: there may be others that nobody has described.")
    elif not points:
        parts.append("Among everything described, no single failure stops a journey, neither down nor slow.")
    return " ".join(parts)


CHECK = Check(
    name=NAME,
    title="One failure stops a journey",
    why=(
        "Whatever stops a journey alone will do so one day, and no timeout or retry elsewhere helps. A component that runs "
        "without a spare, a component that everything needs however many instances it has, and a cause that several "
        "components share are three different things and are mended differently."
    ),
    how=(
        "Each component, common cause and placement domain is failed alone, once down (it answers with errors) and once "
        "slow (it does not answer in time). It is a single point where a journey fails or hangs. Proven: also under the "
        "best answers to all open questions; possible: only under the worst."
    ),
    remedy=(
        "A spare with automatic failover; an independent alternative; or callers that degrade with a timeout and a fallback."
    ),
    false_alarm=(
        "A component whose redundancy nobody has told yet (instances or failover unknown), an entry point whose loss is "
        "covered outside the described system, or a journey that may stop without loss: set its value."
    ),
    sources=(
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
        "Betsy Beyer, Chris Jones, Jennifer Petoff and Niall Richard Murphy (editors), Site Reliability Engineering, 2016",
    ),
    run=run,
)
