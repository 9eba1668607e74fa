"""All cut sets of one, two and three atoms, by trying them: what is left when an exact answer would take too long.

Only atoms that the journey can feel are tried, and never a superset of a known cut set. Every set that is given is minimal, and
none of the order asked for is missing; larger ones are not looked for.

>>> from auditkit.engine.structure import build
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "shop", "components": [{"id": "lb"}, {"id": "app1"}, {"id": "app2"}],
...     "dependencies": [{"from": "lb", "to": ["app1", "app2"], "on_failure": "fail"}],
...     "journeys": [{"id": "page", "entry": "lb"}]}))
>>> small_cuts(shop, shop.trips[0], "down")
((0,), (1, 2))
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.blast import cone_atoms
from auditkit.engine.propagation import Compiled, Scenarios, combinations, compile_structure, planes_of
from auditkit.engine.structure import Structure, Trip
from auditkit.errors import LimitReached
from auditkit.model.failure import Mode

MOST_TRIED: Final = 200_000_000
"""How many sets of one order are tried at most."""

AT_ONCE: Final = 1 << 20

Order = Literal[1, 2, 3]


def small_cuts(
    structure: Structure, trip: Trip, mode: Mode, state: Literal["failed", "degraded"] = "failed", order: Order = 3
) -> tuple[tuple[int, ...], ...]:
    """The minimal cut sets of a journey with up to `order` atoms (by index), by size, then in the order of the atoms.

    `state` as in `cut_sets`. Raises `LimitReached` where more than 200 million sets would have to be tried.
    """
    compiled = compile_structure(structure, mode)
    plane = 0 if state == "degraded" else 1
    left = np.array(cone_atoms(structure, trip, mode), np.int32)
    alone = _that_fail(compiled, trip, combinations(left.tolist(), 1), 1, plane)
    found = [tuple(cut) for cut in alone.tolist()]
    left = np.setdiff1d(left, alone)
    pairs = np.zeros((0, 2), np.int32)
    if order >= 2:
        _check_effort(len(left) * (len(left) - 1) // 2, 2)
        pairs = _that_fail(compiled, trip, combinations(left.tolist(), 2), 2, plane)
        found += [tuple(cut) for cut in pairs.tolist()]
    if order >= 3:
        _check_effort(len(left) * (len(left) - 1) * (len(left) - 2) // 6, 3)
        for triples in _triples(left, pairs):
            found += [tuple(cut) for cut in _that_fail(compiled, trip, triples, 3, plane).tolist()]
    return tuple(found)


def _check_effort(sets: int, order: int) -> None:
    if sets > MOST_TRIED:
        raise LimitReached(f"{sets} sets of {order} atoms would have to be tried; all smaller cut sets can be found")


def _that_fail(compiled: Compiled, trip: Trip, given: Scenarios, order: int, plane: int) -> NDArray[np.int32]:
    """The scenarios (all of one order) that bring the journey to that plane; a component in `completes` counts when failed."""
    rows = planes_of(compiled, given, (trip.entry, *trip.completes))
    bits = rows[0, plane] | np.bitwise_or.reduce(rows[1:, 1], axis=0)
    fails = np.unpackbits(bits.view(np.uint8), bitorder="little", count=len(given)).astype(bool)
    chosen: NDArray[np.int32] = given.atoms.reshape(-1, order)[fails]
    return chosen


def _triples(atoms: NDArray[np.int32], pairs: NDArray[np.int32]) -> Iterator[Scenarios]:
    """All sets of three atoms that hold none of the pairs, a few first atoms at a time."""
    count = len(atoms)
    position = {atom: index for index, atom in enumerate(atoms.tolist())}
    cut = np.zeros((count, count), bool)
    for a, b in pairs.tolist():
        cut[position[a], position[b]] = True
    batch: list[NDArray[np.int32]] = []
    size = 0
    for a in range(count - 2):
        others = a + 1 + np.flatnonzero(~cut[a, a + 1 :])
        second, third = np.triu_indices(len(others), 1)
        second, third = others[second], others[third]
        free = ~cut[second, third]
        rows = np.column_stack((np.full(int(free.sum()), a), second[free], third[free]))
        batch.append(atoms[rows])
        size += len(rows)
        if size >= AT_ONCE or a == count - 3:
            chosen = np.ascontiguousarray(np.concatenate(batch), np.int32)
            yield Scenarios(np.arange(0, chosen.size + 1, 3, dtype=np.int64), chosen.ravel())
            batch, size = [], 0
