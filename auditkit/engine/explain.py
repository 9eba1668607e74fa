"""Why a journey stops: the way from what failed to the journey, with the reason at each step, as a person would tell it.

The rules of `reference.py` are followed from the failed atoms on, round by round, and what raised each place to its state is
kept. Walking back from the journey gives a chain of reasons. It is sufficient: the atoms that it starts from bring the journey
to that state by themselves. So the explanation of a minimal cut set names every atom of it.

Lateness is no state of a place and is not explained here.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.engine.assumptions import cone
from auditkit.engine.blast import Profiles
from auditkit.engine.reasons import Support, of_fall, of_link, of_workers
from auditkit.engine.recent import recent
from auditkit.engine.reference import FAILED, HUNG, OK, STATES, exhausted, felt, has_fallen, journey_state
from auditkit.engine.structure import Link, Part, Structure, Trip, find_atoms, find_trip
from auditkit.model.failure import Assume, Mode, State
from auditkit.model.system import System

_VERB: Final = {State.OK: "is ok", State.DEGRADED: "is degraded", State.FAILED: "fails", State.HUNG: "hangs"}
MOST_STEPS: Final = 12
"""Steps of one sentence; of longer ways the middle is left out, with its number."""


@dataclass(frozen=True, slots=True)
class Step:
    """One thing that went wrong, and why. `because` holds the positions of the earlier steps that it follows from."""

    where: str
    state: State
    reason: str = ""
    because: tuple[int, ...] = ()
    atom: str | None = None
    """What failed by itself here; None where it follows from other steps."""
    happening: str = ""
    """What happens to it, in words, where that is not its state (`is down`, of a zone)."""

    @property
    def text(self) -> str:
        """The step in words: `api:home hangs: no timeout on api:home -> recommendation`."""
        return f"{self.where} {self.happening or _VERB[self.state]}{': ' if self.reason else ''}{self.reason}"


@dataclass(frozen=True, slots=True)
class Explanation:
    """How failed atoms reach a journey. Steps stand after those that they follow from; the last one is the journey.

    Without steps the journey is ok. `assume` says how open questions were answered; each such answer is named in its step.
    """

    fail: tuple[str, ...]
    journey: str
    mode: Mode
    assume: Assume
    state: State
    steps: tuple[Step, ...] = ()

    @property
    def atoms(self) -> tuple[str, ...]:
        """The failed atoms that it rests on, sorted. They suffice."""
        return tuple(sorted({step.atom for step in self.steps if step.atom is not None}))

    @property
    def sentence(self) -> str:
        """All steps in one line: `→` before what follows from the step just named, `;` before what does not."""
        if not self.steps:
            return f"{self.journey} is ok"
        said = ""
        left_out = len(self.steps) - MOST_STEPS
        for index, step in enumerate(self.steps):
            if left_out > 0 and MOST_STEPS // 2 <= index < MOST_STEPS // 2 + left_out:
                said += f" → ({left_out} more steps)" if index == MOST_STEPS // 2 else ""
                continue
            follows = index > 0 and (index - 1 in step.because or index == MOST_STEPS // 2 + left_out)
            said += f"{' → ' if follows else '; ' if index else ''}{step.text}"
        return said


def explain(
    system: System,
    fail: Iterable[str],
    journey: str,
    mode: Mode = "down",
    assume: Assume = "worst",
    profiles: Profiles | None = None,
) -> Explanation:
    """Why a journey is in its state when these atoms fail together.

    Raises `InputError` for an unknown atom or journey.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "api"}, {"id": "recommendation"}],
    ...     "dependencies": [{"from": "api:home", "to": "recommendation", "on_failure": "ignore", "policy": {"timeout": "none"}}],
    ...     "journeys": [{"id": "home", "entry": "api:home"}]})
    >>> explain(system, ["recommendation"], "home", "slow").sentence
    'recommendation hangs → api:home hangs: no timeout on api:home -> recommendation (never ignored in time) → home hangs'
    >>> explain(system, ["recommendation"], "home").sentence
    'home is ok'
    """
    (found,) = explain_all(system, [(tuple(fail), journey)], mode, assume, profiles)
    return found


def explain_all(
    system: System,
    wanted: Iterable[tuple[Sequence[str], str]],
    mode: Mode = "down",
    assume: Assume = "worst",
    profiles: Profiles | None = None,
) -> tuple[Explanation, ...]:
    """`explain` for many pairs of failed atoms and a journey; what they have in common is prepared once."""
    structure = recent(system, profiles, assume)
    wiring = _wiring(structure)
    cones: dict[str, frozenset[int]] = {}
    found = []
    for fail, journey in wanted:
        trip, failed = find_trip(structure, journey), find_atoms(structure, fail)
        if journey not in cones:
            cones[journey] = cone(structure, (trip.entry, *trip.completes), mode)
        history = _follow(structure, wiring, trip, cones[journey], frozenset(failed), mode)
        states = _Then(history, len(structure.places), len(structure.places) + 1)
        state = journey_state(trip, states)
        steps = _walk_back(structure, wiring, history, trip, frozenset(failed), mode) if state > OK else ()
        names = tuple(sorted(structure.atoms[atom].id for atom in failed))
        found.append(Explanation(names, journey, mode, assume, STATES[state], steps))
    return tuple(found)


@dataclass(frozen=True, slots=True)
class _Wiring:
    """Which links hear of a place, which links a component makes, and which components an atom may take."""

    hearing: tuple[tuple[int, ...], ...]
    made_by: tuple[tuple[Link, ...], ...]
    touched_by: tuple[tuple[Part, ...], ...]


@dataclass(frozen=True, slots=True)
class _Raise:
    """That a place became worse in a round, by its own fall, a link, held workers, or another of its places."""

    round: int
    state: int
    link: int | None = None
    other: int | None = None
    workers: bool = False


_History = dict[int, list[_Raise]]


class _Then(Sequence[int]):
    """The states of all places before a round."""

    def __init__(self, history: _History, places: int, round_: int) -> None:
        self.history, self.places, self.round = history, places, round_

    def __len__(self) -> int:
        return self.places

    def __getitem__(self, place: int) -> int:  # type: ignore[override]  # no slices
        return max((one.state for one in self.history.get(place, ()) if one.round < self.round), default=OK)


def _wiring(structure: Structure) -> _Wiring:
    hearing: list[list[int]] = [[] for _ in structure.places]
    made_by: list[list[Link]] = [[] for _ in structure.parts]
    for index, link in enumerate(structure.links):
        made_by[link.part].append(link)
        for target in dict.fromkeys(call.target for call in (*link.members, *link.alternatives)):
            hearing[target].append(index)
    touched_by: list[list[Part]] = [[] for _ in structure.atoms]
    for part in structure.parts:
        for atom in dict.fromkeys((*part.atoms, *(domain for domain, _ in part.placement))):
            touched_by[atom].append(part)
    return _Wiring(tuple(map(tuple, hearing)), tuple(map(tuple, made_by)), tuple(map(tuple, touched_by)))


def _follow(
    structure: Structure, wiring: _Wiring, trip: Trip, within: frozenset[int], failed: frozenset[int], mode: Mode
) -> _History:
    """What became worse, round by round, each time from the states before; only what a change can reach is looked at.

    `within`: the places that matter to the journey. Its end is reached once its entry cannot get worse.
    """
    states = [OK] * len(structure.places)
    history: _History = {}
    badness = FAILED if mode == "down" else HUNG
    touched = {part.base: part for atom in sorted(failed) for part in wiring.touched_by[atom] if part.base in within}
    raised = {base: _Raise(0, badness) for base, part in sorted(touched.items()) if has_fallen(part, failed)}
    round_ = 0
    while raised:
        for place, one in raised.items():
            states[place] = one.state
            history.setdefault(place, []).append(one)
        if states[trip.entry] == badness:
            break
        changed, raised, round_ = list(raised), {}, round_ + 1
        for place in changed:
            part = structure.parts[structure.part_of[place]]
            for other in dict.fromkeys((*(part.operations if place == part.base else ()), part.whole)):
                if other in within:
                    _note(raised, states, other, _Raise(round_, states[place], other=place))
        links = sorted({index for place in changed for index in wiring.hearing[place]})
        for index in links:
            link = structure.links[index]
            if link.caller in within and states[link.caller] < badness:
                _note(raised, states, link.caller, _Raise(round_, felt(link, states), link=index))
        for number in sorted({structure.links[index].part for index in links}) if mode == "slow" else ():
            part = structure.parts[number]
            if part.base in within and states[part.base] < HUNG and exhausted(part, wiring.made_by[number], states):
                _note(raised, states, part.base, _Raise(round_, HUNG, workers=True))
    return history


def _note(raised: dict[int, _Raise], states: Sequence[int], place: int, one: _Raise) -> None:
    before = raised[place].state if place in raised else states[place]
    if one.state > before:
        raised[place] = one


def _walk_back(
    structure: Structure, wiring: _Wiring, history: _History, trip: Trip, failed: frozenset[int], mode: Mode
) -> tuple[Step, ...]:
    """The steps that lead to the journey's state, causes first, without recursion."""
    last = len(structure.places) * 4 + 1
    states = _Then(history, len(structure.places), last)
    state = journey_state(trip, states)
    steps: list[Step] = []
    position: dict[tuple[int, int], int] = {}
    by_completion = states[trip.entry] < state
    ends = [next(place for place in trip.completes if states[place] >= FAILED)] if by_completion else [trip.entry]
    stack = [_origin(history, place, last) for place in ends]
    outside: dict[int, int] = {}  # the steps of causes and domains
    support: dict[tuple[int, int], tuple[Support, tuple[tuple[int, _Raise], ...]]] = {}
    while stack:
        place, one = stack[-1]
        key = (place, one.state)
        if key in position:
            stack.pop()
            continue
        if key not in support:
            found = _support(structure, wiring, history, place, one, failed)
            support[key] = found, tuple(_origin(history, p, one.round) for p in found.places)
        found, needed = support[key]
        open_ = [(p, before) for p, before in needed if (p, before.state) not in position]
        if open_:
            stack += reversed(open_)
            continue
        stack.pop()
        because = [position[p, before.state] for p, before in needed]
        own = structure.parts[structure.part_of[place]].atoms[0]  # a component's own atom comes first
        for atom in found.atoms:
            if atom == own:
                continue
            if atom not in outside:
                outside[atom] = len(steps)
                name = structure.atoms[atom].id
                steps.append(Step(name, STATES[one.state], atom=name, happening=f"is {mode}"))
            because.append(outside[atom])
        itself = structure.atoms[own].id if own in found.atoms else None
        position[key] = len(steps)
        steps.append(Step(structure.places[place], STATES[one.state], found.reason, tuple(sorted(set(because))), itself))
    reached = tuple(position[p, one.state] for p, one in (_origin(history, place, last) for place in ends))
    reason = f"{structure.places[ends[0]]} belongs to what must also happen" if by_completion else ""
    return (*steps, Step(trip.name, STATES[state], reason, reached))


def _origin(history: _History, place: int, before: int) -> tuple[int, _Raise]:
    """Where the state that a place had before a round comes from: a component's places take each other's state as it is."""
    while True:
        one = max((one for one in history[place] if one.round < before), key=lambda one: one.state)
        if one.other is None:
            return place, one
        place, before = one.other, one.round


def _support(
    structure: Structure, wiring: _Wiring, history: _History, place: int, one: _Raise, failed: frozenset[int]
) -> Support:
    then = _Then(history, len(structure.places), one.round)
    part = structure.parts[structure.part_of[place]]
    if one.workers:
        return of_workers(structure, part, wiring.made_by[structure.part_of[place]], then)
    if one.link is not None:
        return of_link(structure, structure.links[one.link], then)
    return of_fall(structure, part, failed)
