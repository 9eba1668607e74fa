"""Minimal cut sets and availability of journeys by plain search: the slow truth that the diagrams are compared with.

It asks the rules of `reference.py` about one set of atoms after another, so it needs no Boolean algebra to be believed; on
entangled systems it gives up, and says so.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final, Literal

from auditkit.engine.assumptions import cone, of_places
from auditkit.engine.blast import Profiles, cone_atoms, split_kinds
from auditkit.engine.cutsets import Cuts, minimal_cuts, p_any
from auditkit.engine.reference import DEGRADED, FAILED, journey_state, solve
from auditkit.engine.structure import Structure, Trip, build, find_trip
from auditkit.errors import LimitReached
from auditkit.model.failure import Assume, CutSets, Mode, Range
from auditkit.model.system import System

MAX_WORK: Final = 500_000
"""How many link evaluations the search for the cut sets of one journey may take, about; its results are the same everywhere."""

CutState = Literal["failed", "degraded"]


def cut_sets(
    system: System,
    journey: str | None = None,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    state: CutState = "failed",
    max_order: int | None = None,
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
) -> tuple[CutSets, ...]:
    """The minimal cut sets of one journey, or of each: sets of atoms that bring it down together, no part of which does.

    `state` says what counts: `failed` (or hung), or `degraded` (or worse); lateness does not. `count` is of all sets, `p_failed`
    exact (of the journey being in that state); both are None where not all sets could be found, and `truncated` says that sets
    are missing from the list, be it for `max_order` or for that. Unknown availabilities make `p_failed` a range, unless
    `assumed_availability` (0..1) stands in for them. Raises `InputError` for an unknown journey.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "lb"}, {"id": "app1"}, {"id": "app2"}],
    ...     "dependencies": [{"from": "lb", "to": ["app1", "app2"], "on_failure": "fail"}],
    ...     "journeys": [{"id": "page", "entry": "lb"}]})
    >>> page, = cut_sets(system, assumed_availability=0.9)
    >>> page.sets, page.count, round(page.p_failed, 4)
    ((('lb',), ('app1', 'app2')), 2, 0.109)
    """
    structure = build(system, profiles, assume)
    trips = structure.trips if journey is None else (find_trip(structure, journey),)
    return tuple(_cut_sets_of(system, structure, trip, mode, assume, state, max_order, assumed_availability) for trip in trips)


def _cut_sets_of(
    system: System,
    structure: Structure,
    trip: Trip,
    mode: Mode,
    assume: Assume,
    state: CutState,
    max_order: int | None,
    assumed_availability: float | None,
) -> CutSets:
    cuts = find_cuts(structure, trip, mode, state, max_order)
    named = sorted((tuple(sorted(structure.atoms[atom].id for atom in cut)) for cut in cuts.sets), key=lambda c: (len(c), c))
    listed = tuple(cut for cut in named if max_order is None or len(cut) <= max_order)
    p_failed: float | Range | None = None
    if cuts.complete:
        try:
            p_failed = _p_failed(structure, cuts, assumed_availability)
        except LimitReached:
            p_failed = None
    return CutSets(
        journey=trip.name,
        mode=mode,
        assume=assume,
        state=state,
        sets=listed,
        max_order=max_order,
        truncated=not cuts.complete or len(listed) < len(named),
        count=len(named) if cuts.complete else None,
        p_failed=p_failed,
        single_points=split_kinds(system, [cut[0] for cut in named if len(cut) == 1]),
        assumptions=of_places(structure, cone(structure, (trip.entry, *trip.completes), mode), mode, assume),
    )


def find_cuts(structure: Structure, trip: Trip, mode: Mode, state: CutState = "failed", max_order: int | None = None) -> Cuts:
    """The minimal cut sets of one journey as sets of atoms by index, within `MAX_WORK`."""
    threshold = FAILED if state == "failed" else DEGRADED
    size = len(structure.links) + len(structure.places)
    return minimal_cuts(
        lambda failed: journey_state(trip, solve(structure, failed, mode)) >= threshold,
        cone_atoms(structure, trip, mode),
        max_asked=max(500, MAX_WORK // size),
        max_order=max_order,
    )


def availability(
    system: System,
    journey: str,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
) -> float | Range:
    """The probability that a journey is neither failed nor hung, exact; atoms fail independently, each in that mode.

    Unknown availabilities count 0 and 1, which gives a range, unless `assumed_availability` (0..1) stands in for them.
    Raises `InputError` for an unknown journey, `LimitReached` where its failure is too entangled for this engine.

    >>> system = System.model_validate({"system": "s", "components": [{"id": "api", "availability": 1.0}, *(
    ...     {"id": f"n{i}", "availability": 0.99} for i in range(3))],
    ...     "dependencies": [{"from": "api", "to": ["n0", "n1", "n2"], "at_least": 2, "on_failure": "fail"}],
    ...     "journeys": [{"id": "write", "entry": "api"}]})
    >>> round(availability(system, "write"), 9)
    0.999702
    """
    structure = build(system, profiles, assume)
    cuts = find_cuts(structure, find_trip(structure, journey), mode)
    if not cuts.complete:
        found = f"{len(cuts.sets)} were found, complete up to {cuts.order} atoms"
        raise LimitReached(f"the availability of {journey!r} needs all its minimal cut sets; {found}")
    p_failed = _p_failed(structure, cuts, assumed_availability)
    if isinstance(p_failed, Range):
        return Range(best=1.0 - p_failed.best, worst=1.0 - p_failed.worst)
    return 1.0 - p_failed


def _p_failed(structure: Structure, cuts: Cuts, assumed: float | None) -> float | Range:
    used = sorted({atom for cut in cuts.sets for atom in cut})
    if assumed is not None or all(structure.atoms[atom].p_up is not None for atom in used):
        return p_any(cuts.sets, _p_down(structure, used, assumed))
    return Range(best=p_any(cuts.sets, _p_down(structure, used, 1.0)), worst=p_any(cuts.sets, _p_down(structure, used, 0.0)))


def _p_down(structure: Structure, atoms: Sequence[int], assumed: float | None) -> Mapping[int, float]:
    stated = {atom: structure.atoms[atom].p_up for atom in atoms}
    return {atom: 1.0 - (p_up if p_up is not None else (assumed or 0.0)) for atom, p_up in stated.items()}
