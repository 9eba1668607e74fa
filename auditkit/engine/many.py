"""Many scenarios of one structure, by whichever engine is sooner done: the plain one for little work, the fast one for much.

Both give the same states; the plain one needs no compiled code, which takes a moment to load.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from auditkit.engine.reference import solve
from auditkit.engine.structure import Structure
from auditkit.model.failure import Mode

LITTLE_WORK: Final = 100_000
"""Scenarios × (links + places) up to which the plain engine is sooner done."""

AT_ONCE: Final = 1 << 24
"""How many states are held in memory at once."""

Sets = Sequence[Sequence[int]]


def is_little(structure: Structure, count: int) -> bool:
    """Whether so many scenarios are little work."""
    return count * (len(structure.links) + len(structure.places)) <= LITTLE_WORK


def solve_many(structure: Structure, sets: Sets, mode: Mode) -> Iterator[bytes]:
    """The states of all places in each scenario, one scenario after another, as `reference.solve` gives them, a byte each."""
    if is_little(structure, len(sets)):
        yield from (bytes(solve(structure, failed, mode)) for failed in sets)
        return
    from auditkit.engine.propagation import compile_structure, scenarios, states

    compiled = compile_structure(structure, mode)
    step = max(512, AT_ONCE // max(1, len(structure.places)) // 512 * 512)
    for begin in range(0, len(sets), step):
        yield from map(bytes, states(compiled, scenarios(sets[begin : begin + step])))
