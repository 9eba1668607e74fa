"""False redundancy: things that are there twice, and that one failure below takes nevertheless.

A *group* is a dependency with more targets than must be up; an *instance set* is a component of which more instances run than
must be up. It is false redundancy where a single atom below it (not the component or the members themselves, which redundancy
is there for; a shared cause or domain, or something that they all need) makes the group fail or hang its caller, or makes the
component failed or hung.

In mode `slow` a single member defeats its group if the caller waits for it without a timeout; it is then below the group too.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from auditkit.engine.assumptions import reachable
from auditkit.engine.blast import Profiles
from auditkit.engine.many import solve_many
from auditkit.engine.reference import FAILED, HUNG, felt_group
from auditkit.engine.structure import Link, Part, Structure, build
from auditkit.model.failure import Certainty, Mode
from auditkit.model.system import System


@dataclass(frozen=True, slots=True)
class Defeat:
    """One atom that alone defeats a redundancy; `possible` where it takes the worst answers to open questions."""

    atom: str
    certainty: Certainty


@dataclass(frozen=True, slots=True)
class FalseRedundancy:
    """A redundant group (`subject` is `from -> a|b`) or instance set (`subject` is the component), and what defeats it.

    `shared` are all atoms below that at least as many members hang on as may not be lost together; those that do no harm today,
    because of a fallback say, included. An instance set shares everything that it calls.
    """

    subject: str
    kind: Literal["group", "instances"]
    members: tuple[str, ...]
    needed: int
    defeated_by: tuple[Defeat, ...]
    shared: tuple[str, ...]


def false_redundancies(system: System, mode: Mode = "down", profiles: Profiles | None = None) -> tuple[FalseRedundancy, ...]:
    """All false redundancies, groups in the order of the dependencies, then components.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "lb"}, {"id": "a"}, {"id": "b"}, {"id": "db"}],
    ...     "dependencies": [{"from": "lb", "to": ["a", "b"], "on_failure": "fail"},
    ...         {"from": "a", "to": "db", "on_failure": "fail"}, {"from": "b", "to": "db", "on_failure": "fail"}],
    ...     "journeys": [{"id": "page", "entry": "lb"}]})
    >>> [(f.subject, [(d.atom, d.certainty) for d in f.defeated_by], f.shared) for f in false_redundancies(system)]
    [('lb -> a|b', [('db', 'proven')], ('db',))]
    """
    worst, best = build(system, profiles, "worst"), build(system, profiles, "best")
    groups = [index for index, link in enumerate(worst.links) if len(link.members) > link.needed]
    sets = [index for index, part in enumerate(worst.parts) if part.instances > part.needed]
    if not groups and not sets:
        return ()
    possible = _defeats(worst, groups, sets, mode)
    proven = _defeats(best, groups, sets, mode)
    found = []
    for place, atoms in enumerate(possible):
        certain = proven[place]
        atoms = sorted({*atoms, *certain})
        if not atoms:
            continue
        defeats = tuple(Defeat(worst.atoms[a].id, "proven" if a in certain else "possible") for a in atoms)
        if place < len(groups):
            found.append(_group(worst, worst.links[groups[place]], defeats))
        else:
            found.append(_instances(worst, worst.parts[sets[place - len(groups)]], defeats))
    return tuple(found)


def _defeats(structure: Structure, groups: Sequence[int], sets: Sequence[int], mode: Mode) -> list[list[int]]:
    """The single atoms that defeat each group, then each instance set."""
    found: list[list[int]] = [[] for _ in (*groups, *sets)]
    members = [_own_atoms(structure, structure.links[index]) for index in groups]
    solved = solve_many(structure, [(atom,) for atom in range(len(structure.atoms))], mode)
    for atom, states in enumerate(solved):
        for position, index in enumerate(groups):
            link = structure.links[index]
            group = felt_group(link, states)
            if group >= FAILED and (atom not in members[position] or group == HUNG) and atom != _caller(structure, link):
                found[position].append(atom)
        for position, index in enumerate(sets, start=len(groups)):
            part = structure.parts[index]
            if states[part.base] >= FAILED and atom != part.atoms[0]:
                found[position].append(atom)
    return found


def _own_atoms(structure: Structure, link: Link) -> frozenset[int]:
    return frozenset(structure.parts[structure.part_of[call.target]].atoms[0] for call in link.members)


def _caller(structure: Structure, link: Link) -> int:
    return structure.parts[link.part].atoms[0]


def _group(structure: Structure, link: Link, defeats: tuple[Defeat, ...]) -> FalseRedundancy:
    below = [_below(structure, call.target) for call in link.members]
    enough = len(link.members) - link.needed + 1
    shared = sorted({atom for atoms in below for atom in atoms if sum(atom in other for other in below) >= enough})
    return FalseRedundancy(
        subject=structure.subjects[link.source],
        kind="group",
        members=tuple(structure.places[call.target] for call in link.members),
        needed=link.needed,
        defeated_by=defeats,
        shared=tuple(structure.atoms[atom].id for atom in shared),
    )


def _instances(structure: Structure, part: Part, defeats: tuple[Defeat, ...]) -> FalseRedundancy:
    below = sorted(_below(structure, part.whole) - {part.atoms[0]})
    return FalseRedundancy(
        subject=part.name,
        kind="instances",
        members=(part.name,) * part.instances,
        needed=part.needed,
        defeated_by=defeats,
        shared=tuple(structure.atoms[atom].id for atom in below),
    )


def _below(structure: Structure, place: int) -> frozenset[int]:
    """The atoms that a place hangs on, its own included."""
    return frozenset(_atoms_of(structure, reachable(structure, (place,))))


def _atoms_of(structure: Structure, places: frozenset[int]) -> Iterator[int]:
    for index in {structure.part_of[place] for place in places}:
        yield from structure.parts[index].atoms
        yield from (domain for domain, _ in structure.parts[index].placement)
