"""Which open question decides most: each is answered both ways, and the conclusions that change are counted.

A conclusion is the state of one journey under one single failure in one mode (lateness apart). A question flips it if its two
answers give different states, the other questions being answered all worst or all best. One question asks for one fact.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np

from auditkit.engine.assumptions import cone
from auditkit.engine.blast import Profiles, cone_atoms
from auditkit.engine.many import solve_many
from auditkit.engine.reference import OK, STATES, journey_state
from auditkit.engine.resolving import Change, Resolver
from auditkit.engine.structure import (
    ENOUGH_WORKERS,
    UNKNOWN_WORKERS,
    Answers,
    LinkBuilder,
    Structure,
    build,
    link_builder,
    place_finder,
)
from auditkit.model.failure import Assume, Mode
from auditkit.model.system import Dependency, Fallback, Question, System, split_target

MODES: Final[tuple[Mode, ...]] = ("down", "slow")
NAMED_AT_MOST: Final = 5
"""How many conclusions a question names; the others are counted."""

Conclusion = tuple[int, Mode, int]
"""Atom that fails, how, and the journey."""


@dataclass(frozen=True, slots=True)
class _Open:
    """One open fact: what is asked, and which link or component of the structure it changes."""

    fact: str
    id: str
    where: str
    what: str
    link: int | None = None
    part: int | None = None


def questions(system: System, profiles: Profiles | None = None) -> tuple[Question, ...]:
    """The open questions about everything that journeys depend on, those that decide most first.

    What an import could not decide (`System.questions`) is ranked among them: a dependency that may be missing could turn
    each journey that its caller serves, down and slow.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "web", "concurrency": 50}, {"id": "ads"}],
    ...     "dependencies": [{"from": "web", "to": "ads", "rate": "1/s",
    ...         "policy": {"timeout": "1s", "bulkhead": {"max_concurrent": 5}}}],
    ...     "journeys": [{"id": "page", "entry": "web"}]})
    >>> [(q.id, q.flips, q.settles) for q in questions(system)]
    [('on_failure web -> ads', 2, ('page is failed or ok when ads is down', 'page is failed or ok when ads is slow'))]
    """
    structure = build(system, profiles, "worst")
    opened = tuple(_open_facts(system, structure))
    # nothing open, nothing to solve: an import of thousands of components without calls is such a case
    contexts = tuple(_Context(system, profiles, assume) for assume in ("worst", "best")) if opened else ()
    ranked = []
    for open_ in opened:
        turned: dict[Conclusion, frozenset[int]] = {}
        for context in contexts:
            turned |= context.turned_by(open_)
        ranked.append(
            Question(id=open_.id, where=open_.where, what=open_.what, flips=len(turned), settles=_settles(structure, turned))
        )
    ranked += _of_imports(structure, system.open_questions)
    return tuple(sorted(_distinct(ranked), key=lambda question: (-question.flips, question.id)))


def _open_facts(system: System, structure: Structure) -> Iterator[_Open]:
    """Open facts that can touch a journey, in the order of the file."""
    places = cone(structure, [place for trip in structure.trips for place in (trip.entry, *trip.completes)], "slow")
    number = {link.source: index for index, link in enumerate(structure.links)}
    held = {structure.links[index].part for index in number.values()}
    for source, index in number.items():
        if structure.links[index].caller in places:
            yield from _of_dependency(system.dependencies[source], index, structure)
    for index, part in enumerate(structure.parts):
        if part.open_workers and index in held and part.base in places:
            what = f"How many requests can one instance of {part.name} work on at the same time?"
            yield _Open("concurrency", f"concurrency {part.name}", part.name, what, part=index)


def _of_dependency(dependency: Dependency, index: int, structure: Structure) -> Iterator[_Open]:
    link, where = structure.links[index], dependency.subject
    caller, callee = dependency.caller, " and ".join(dependency.to)
    fails = "fails" if len(dependency.to) == 1 else "fail"
    if link.open_answer:
        what = f"What does {caller} answer when {callee} {fails}: an error, a reduced answer, or the same as ever?"
        yield _Open("on_failure", f"on_failure {where}", where, what, link=index)
    if link.members[0].open_timeout:
        yield _Open(
            "timeout", f"timeout {where}", where, f"How long does {caller} wait for {callee} before it gives up?", link=index
        )
    others = dependency.fallback.alternatives if isinstance(dependency.fallback, Fallback) else ()
    for n, (other, call) in enumerate(zip(others, link.alternatives, strict=False)):
        if call.open_timeout:
            what = f"How long does {caller} wait for {other.to}, which it asks instead of {callee}, before it gives up?"
            yield _Open(f"timeout {n}", f"timeout {where} alternative {other.to}", where, what, link=index)
    if link.open_rate:
        what = f"How many calls a second does {caller} make to {callee} at peak, over all its instances?"
        yield _Open("rate", f"rate {where}", where, what, link=index)


class _Context:
    """All open questions but one answered alike, and the conclusions that follow."""

    def __init__(self, system: System, profiles: Profiles | None, assume: Assume) -> None:
        self.assume: Assume = assume
        self.structure = build(system, profiles, assume)
        self.remake: LinkBuilder = link_builder(system, profiles, place_finder(self.structure))
        self.resolver = Resolver(self.structure)
        self.atoms = sorted({atom for trip in self.structure.trips for atom in cone_atoms(self.structure, trip, "slow")})
        sets = [(atom,) for atom in self.atoms]
        self.states: dict[Mode, list[Sequence[int]]] = {mode: list(solve_many(self.structure, sets, mode)) for mode in MODES}
        self.touched = {mode: _where_bad(solved, len(self.structure.places)) for mode, solved in self.states.items()}

    def turned_by(self, open_: _Open) -> dict[Conclusion, frozenset[int]]:
        """The conclusions that the other answer to one question changes, with both states."""
        change = self._other_answer(open_)
        turned = {}
        for mode in MODES if open_.fact == "on_failure" else ("slow",):  # the other facts are about hanging
            for scenario in self._scenarios_in_which_it_matters(open_, mode):
                atom, states = self.atoms[scenario], self.states[mode][scenario]
                others = self.resolver.solve(states, (atom,), mode, change)
                if others is states:
                    continue
                for index, trip in enumerate(self.structure.trips):
                    both = frozenset((journey_state(trip, states), journey_state(trip, others)))
                    if len(both) > 1:
                        turned[atom, mode, index] = both
        return turned

    def _scenarios_in_which_it_matters(self, open_: _Open, mode: Mode) -> list[int]:
        """Those in which a call that the fact is about meets anything but ok; in all others no answer changes anything."""
        if open_.link is not None:
            links = [self.structure.links[open_.link]]
        else:
            assert open_.part is not None, "a question is about a dependency or about a component"
            links = self.resolver.links_of(open_.part)
        found: set[int] = set()
        for link in links:
            for call in link.members:
                found |= self.touched[mode][call.target]
        return sorted(found)

    def _other_answer(self, open_: _Open) -> Change:
        if open_.link is not None:
            link = self.remake(self.structure.links[open_.link].source, Answers(self.assume, frozenset([open_.fact])))
            return Change({open_.link: link}, {})
        assert open_.part is not None, "a question is about a dependency or about a component"
        workers = ENOUGH_WORKERS if self.assume == "worst" else UNKNOWN_WORKERS
        return Change({}, {open_.part: replace(self.structure.parts[open_.part], workers=workers)})


def _where_bad(solved: Sequence[Sequence[int]], places: int) -> list[set[int]]:
    """For each place, the scenarios in which it is not ok."""
    found: list[set[int]] = [set() for _ in range(places)]
    for scenario, states in enumerate(solved):
        for place in np.flatnonzero(np.frombuffer(bytes(states), np.uint8) != OK).tolist():
            found[place].add(scenario)
    return found


def _settles(structure: Structure, turned: dict[Conclusion, frozenset[int]]) -> tuple[str, ...]:
    sentences = []
    for (atom, mode, trip), both in sorted(turned.items())[:NAMED_AT_MOST]:
        states = " or ".join(STATES[state] for state in sorted(both, reverse=True))
        sentences.append(f"{structure.trips[trip].name} is {states} when {structure.atoms[atom].id} is {mode}")
    if len(turned) > NAMED_AT_MOST:
        sentences.append(f"and {len(turned) - NAMED_AT_MOST} more of that kind")
    return tuple(sentences)


def _of_imports(structure: Structure, asked: Sequence[Question]) -> list[Question]:
    """Questions of an import, each with the number of conclusions that it could turn unless it knows itself."""
    served: dict[str, set[int]] = {}
    for index, trip in enumerate(structure.trips if asked else ()):
        for place in cone(structure, (trip.entry, *trip.completes), "down"):
            served.setdefault(structure.parts[structure.part_of[place]].name, set()).add(index)
    found = []
    for question in asked:
        about = {split_target(name.strip())[0] for name in question.where.split("->")}
        trips = set().union(*(served.get(name, set()) for name in about))
        found.append(question if question.flips else question.model_copy(update={"flips": len(trips) * len(MODES)}))
    return found


def _distinct(listed: Iterable[Question]) -> Iterator[Question]:
    """The same questions with different ids: two dependencies may have the same name."""
    seen: Counter[str] = Counter()
    for question in listed:
        seen[question.id] += 1
        again = seen[question.id]
        yield question if again == 1 else question.model_copy(update={"id": f"{question.id} ({again})"})
