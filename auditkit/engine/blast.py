"""What a failure takes down, in names: blast radius of a scenario, and single points of failure with their certainty."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Final, Literal

from auditkit.engine.assumptions import cone
from auditkit.engine.clock import Clock
from auditkit.engine.grounds import Grounds
from auditkit.engine.lateness import Times, answer_times, is_late, timed_trips
from auditkit.engine.many import solve_many
from auditkit.engine.recent import recent
from auditkit.engine.reference import FAILED, STATES, journey_state, solve
from auditkit.engine.structure import Structure, Trip, build, find_atoms, find_trip
from auditkit.model.failure import Assume, BlastRadius, Certainty, Mode, SinglePoints, State
from auditkit.model.latency import LatencyProfile
from auditkit.model.states import States
from auditkit.model.system import System

Profiles = Mapping[str, LatencyProfile]
"""Latency profiles by call name."""

_CODES: Final = tuple(tuple(State).index(state) for state in STATES)
"""The engine's states as `States` counts them."""

_Times = Callable[[Sequence[int], Iterable[int]], Times]


@dataclass(frozen=True, slots=True)
class SinglePoint:
    """An atom whose failure alone makes a journey failed or hung.

    `spare` is False for a component known to run as many instances as it needs (the kind `instance`). `certainty` is
    `proven` if it holds whatever the answers to the open questions are, `possible` if only under the worst.
    """

    atom: str
    kind: Literal["component", "shared_cause"]
    spare: bool
    certainty: Certainty


def blast_radius(
    system: System, fail: Iterable[str], mode: Mode = "down", assume: Assume = "worst", profiles: Profiles | None = None
) -> BlastRadius:
    """What happens to every journey and component when these atoms fail together.

    `fail` names components, common causes and placement domains; `mode` `down` answers with errors, `slow` not in time.
    `assume` settles open questions; what was assumed is listed. `worst_case_s` holds the longest answer time of journeys with
    a deadline that are answered, in mode `slow`. Raises `InputError` for an unknown id, with the nearest one.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "web"}, {"id": "ads"}],
    ...     "dependencies": [{"from": "web", "to": "ads"}], "journeys": [{"id": "page", "entry": "web"}]})
    >>> radius = blast_radius(system, ["ads"])
    >>> radius.journeys["page"], radius.value_lost, [a.what for a in radius.assumptions]
    (<State.FAILED: 'failed'>, 1.0, ["on_failure is unknown: counted as fail (the caller's answer fails with it)"])
    >>> blast_radius(system, ["ads"], assume="best").journeys["page"]
    <State.OK: 'ok'>
    """
    structure = recent(system, profiles, assume)
    return of_structure(structure, find_atoms(structure, fail), mode, assume)


def single_failures(
    system: System, mode: Mode = "down", assume: Assume = "worst", profiles: Profiles | None = None
) -> tuple[BlastRadius, ...]:
    """The blast radius of every atom alone: components, common causes, placement domains, in the order of `atoms`."""
    structure = build(system, profiles, assume)
    alone = [(atom,) for atom in range(len(structure.atoms))]
    teller = _Teller(structure, mode, assume, Clock(structure).times if mode == "slow" else None)
    solved = zip(alone, solve_many(structure, alone, mode), strict=True)
    return tuple(teller.radius(failed, states) for failed, states in solved)


def of_structure(
    structure: Structure, failed: Collection[int], mode: Mode, assume: Assume, states: Sequence[int] | None = None
) -> BlastRadius:
    """The blast radius of atoms given by index; `states` of all places, where they are known already."""
    if states is None:
        states = solve(structure, failed, mode)
    return _Teller(structure, mode, assume).radius(failed, states)


class _Teller:
    """States of places told in names, in scenario after scenario of one structure."""

    def __init__(self, structure: Structure, mode: Mode, assume: Assume, times: _Times | None = None) -> None:
        self.structure, self.mode, self.assume = structure, mode, assume
        self.times: _Times = times or partial(answer_times, structure)
        self.grounds = Grounds(structure, mode, assume)
        self.wholes = tuple(part.whole for part in structure.parts)
        self.names = {part.name: index for index, part in enumerate(structure.parts)}

    def radius(self, failed: Collection[int], states: Sequence[int]) -> BlastRadius:
        """The blast radius of these atoms, given the states of all places."""
        structure, mode = self.structure, self.mode
        worst_case_s: dict[str, float] = {}
        journeys = {trip.name: STATES[journey_state(trip, states)] for trip in structure.trips}
        bounded = False
        timed = timed_trips(structure, states) if mode == "slow" else ()
        if timed:
            times = self.times(states, [trip.entry for trip in timed])
            bounded = times.bounded
            for trip in timed:
                worst_case_s[trip.name] = round(times.of[trip.entry], 12)
                if is_late(trip, journey_state(trip, states), worst_case_s[trip.name]):
                    journeys[trip.name] = State.LATE
        return BlastRadius(
            fail=tuple(sorted(structure.atoms[atom].id for atom in failed)),
            mode=mode,
            assume=self.assume,
            journeys=journeys,
            components=States(self.names, bytes([_CODES[states[whole]] for whole in self.wholes])),
            worst_case_s=worst_case_s,
            value_lost=_value_lost(structure.trips, journeys),
            assumptions=self.grounds.of(failed, states, bounded),
        )


def _value_lost(trips: Sequence[Trip], journeys: Mapping[str, State]) -> float:
    total = sum(trip.value for trip in trips)
    lost = sum(trip.value for trip in trips if journeys[trip.name] >= State.LATE)
    return lost / total if total else 0.0


def single_points(system: System, journey: str, mode: Mode = "down", profiles: Profiles | None = None) -> tuple[SinglePoint, ...]:
    """The single points of failure of a journey, in the order of `atoms`, each proven or possible.

    Raises `InputError` for an unknown journey.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "web"}, {"id": "ads", "instances": 1}],
    ...     "dependencies": [{"from": "web", "to": "ads"}], "journeys": [{"id": "page", "entry": "web"}]})
    >>> [(p.atom, p.spare, p.certainty) for p in single_points(system, "page")]
    [('web', True, 'proven'), ('ads', False, 'possible')]
    """
    worst, best = build(system, profiles, "worst"), build(system, profiles, "best")
    possible = failing_alone(worst, find_trip(worst, journey), mode)
    proven = set(failing_alone(best, find_trip(best, journey), mode))
    kinds = split_kinds(system, [worst.atoms[atom].id for atom in possible])
    return tuple(
        SinglePoint(
            atom=name,
            kind="shared_cause" if name in kinds.shared_cause else "component",
            spare=name not in kinds.instance,
            certainty="proven" if atom in proven else "possible",
        )
        for atom in possible
        for name in (worst.atoms[atom].id,)
    )


def failing_alone(structure: Structure, trip: Trip, mode: Mode) -> tuple[int, ...]:
    """Atoms whose failure alone makes the journey failed or hung."""
    atoms = cone_atoms(structure, trip, mode)
    solved = zip(atoms, solve_many(structure, [(atom,) for atom in atoms], mode), strict=True)
    return tuple(atom for atom, states in solved if journey_state(trip, states) >= FAILED)


def cone_atoms(structure: Structure, trip: Trip, mode: Mode) -> tuple[int, ...]:
    """The atoms whose failure can matter to a journey."""
    parts = {structure.part_of[place] for place in cone(structure, (trip.entry, *trip.completes), mode)}
    found = {atom for part in parts for atom in structure.parts[part].atoms}
    found |= {domain for part in parts for domain, _ in structure.parts[part].placement}
    return tuple(sorted(found))


def split_kinds(system: System, atoms: Iterable[str]) -> SinglePoints:
    """Single points by kind: components; those of them that are known to run without a spare; shared causes and domains."""
    components = {component.id: component for component in system.components}
    names = sorted(atoms)
    inside = [name for name in names if name in components]
    return SinglePoints(
        component=tuple(inside),
        instance=tuple(name for name in inside if components[name].instances == components[name].needed),
        shared_cause=tuple(name for name in names if name not in components),
    )
