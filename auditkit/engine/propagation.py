"""What many failures do, at once: 512 scenarios in a block, one bit each, states as nested planes of bits.

The same least fixpoint as in `reference.py`, against which it is tested. A system is compiled once for each mode
(`compile_structure`) and run on any scenarios: all single failures, all pairs, given lists, random draws. Blocks of scenarios run
on all processor cores; the result does not depend on how many there are.

>>> from auditkit.engine.structure import build
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "shop", "components": [{"id": "web"}, {"id": "api"}, {"id": "db"}],
...     "dependencies": [{"from": "web", "to": "api", "on_failure": "degrade"},
...         {"from": "api", "to": "db", "on_failure": "fail"}]}))
>>> compiled = compile_structure(shop, "down")
>>> affected(compiled, singles(compiled)).tolist()      # web, web and api, all three
[1, 2, 3]
>>> states(compiled, scenarios([(2,), (0, 1)])).tolist()     # of web, api, db when the db is down, when web and api are
[[1, 2, 2], [2, 2, 0]]
"""

from __future__ import annotations

import itertools
import os
from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.compiling import Compiled, compile_structure

if TYPE_CHECKING:
    from auditkit.engine.propagation_kernels import Space

WORDS: Final = 8
LANES: Final = 64 * WORDS

LITTLE_WORK: Final = 20_000
"""Blocks × places that one thread is done with before another one has begun."""


@dataclass(frozen=True, slots=True, eq=False)
class Scenarios:
    """Sets of atoms: those of scenario i are `atoms[first[i]:first[i + 1]]`, each once."""

    first: NDArray[np.int64]
    atoms: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.first) - 1


def scenarios(sets: Iterable[Sequence[int]]) -> Scenarios:
    """A list of scenarios."""
    listed = [tuple(dict.fromkeys(atoms)) for atoms in sets]
    first = np.array(list(itertools.accumulate(map(len, listed), initial=0)), np.int64)
    return Scenarios(first, np.fromiter(itertools.chain.from_iterable(listed), np.int32))


def singles(compiled: Compiled) -> Scenarios:
    """Every atom alone, in their order."""
    count = len(compiled.structure.atoms)
    return Scenarios(np.arange(count + 1, dtype=np.int64), np.arange(count, dtype=np.int32))


def combinations(atoms: Sequence[int], order: int) -> Scenarios:
    """All sets of so many atoms, in lexicographic order of their positions. Order 1 to 3."""
    chosen = np.asarray(atoms, np.int32)
    count = len(chosen)
    if order == 1:
        rows = np.arange(count, dtype=np.int32).reshape(-1, 1)
    else:
        rows = np.stack(np.triu_indices(count, 1), axis=1).astype(np.int32)
        if order == 3:
            more = count - 1 - rows[:, 1]
            pairs = np.repeat(rows, more, axis=0)
            starts = np.repeat(np.cumsum(more) - more, more)
            third = np.arange(len(pairs)) - starts + pairs[:, 1] + 1
            rows = np.column_stack((pairs, third.astype(np.int32)))
    return Scenarios(np.arange(0, rows.size + 1, order, dtype=np.int64), chosen[rows.ravel()])


def drawn(p_down: Sequence[float], count: int, seed: int) -> Scenarios:
    """Random scenarios: each atom fails with its own probability. The same seed gives the same scenarios everywhere."""
    from auditkit.engine.propagation_kernels import draw

    p = np.asarray(p_down, np.float64)
    first = np.zeros(count + 1, np.int64)
    room = int(count * p.sum() * 1.1) + 1000
    start = np.random.SeedSequence(seed).generate_state(1, np.uint64)[0]
    while True:
        atoms = np.empty(room, np.int32)
        used = draw(p, count, start, atoms, first)
        if used >= 0:
            return Scenarios(first, atoms[:used])
        room *= 2


def affected(compiled: Compiled, given: Scenarios, threads: int | None = None) -> NDArray[np.uint32]:
    """How many components each scenario leaves degraded or worse. `threads` defaults to all cores."""
    at_least_degraded: NDArray[np.uint32] = counts(compiled, given, threads, planes=1)[0]
    return at_least_degraded


def counts(compiled: Compiled, given: Scenarios, threads: int | None = None, planes: int = 3) -> NDArray[np.uint32]:
    """How many components each scenario leaves at least degraded, at least failed, and hung: an array (plane, scenario)."""
    tallied = min(planes, compiled.planes)
    found = np.zeros((tallied, len(given)), np.uint32)
    order = _in_node_order(compiled, given)
    sorted_ = given if order is None else Scenarios(given.first, given.atoms[order])
    _run(compiled, sorted_, threads, counts=found)
    if order is not None:
        unsorted = np.empty_like(found)
        unsorted[:, order] = found
        found = unsorted
    return np.repeat(found, 2, axis=0) if planes > 1 and compiled.planes == 1 else found


def states(
    compiled: Compiled, given: Scenarios, places: Sequence[int] | None = None, threads: int | None = None
) -> NDArray[np.uint8]:
    """The state of places (all, unless some are named) in each scenario, as in `reference`: an array (scenario, place)."""
    wanted = range(len(compiled.structure.places)) if places is None else places
    rows = planes_of(compiled, given, wanted, threads)
    bits = np.unpackbits(rows.view(np.uint8), axis=2, bitorder="little", count=len(given))
    return np.ascontiguousarray(bits.sum(axis=1, dtype=np.uint8).T)


def planes_of(compiled: Compiled, given: Scenarios, places: Sequence[int], threads: int | None = None) -> NDArray[np.uint64]:
    """Bits (place, plane, word): whether a place is at least degraded, at least failed, hung in scenario 64 × word + bit."""
    blocks = -(-len(given) // LANES)
    rows = np.zeros((len(places), compiled.planes, blocks * WORDS), np.uint64)
    wanted = compiled.node_of[np.asarray(places, np.int64)] if len(places) else np.zeros(0, np.int32)
    _run(compiled, given, threads, wanted=wanted, rows=rows)
    return np.repeat(rows, 2, axis=1) if compiled.planes == 1 else rows


def journey_states(compiled: Compiled, given: Scenarios, threads: int | None = None) -> NDArray[np.uint8]:
    """The state of each journey in each scenario, lateness apart: an array (scenario, journey)."""
    trips = compiled.structure.trips
    places = list(dict.fromkeys(place for trip in trips for place in (trip.entry, *trip.completes)))
    column = {place: index for index, place in enumerate(places)}
    found = states(compiled, given, places, threads)
    result = np.zeros((len(given), len(trips)), np.uint8)
    for index, trip in enumerate(trips):
        result[:, index] = found[:, column[trip.entry]]
        for place in trip.completes:
            unfinished = found[:, column[place]] >= 2
            result[:, index] = np.maximum(result[:, index], np.where(unfinished, 2, 0))
    return result


def _in_node_order(compiled: Compiled, given: Scenarios) -> NDArray[np.int64] | None:
    """For single failures: an order in which those of a block touch neighbouring nodes, so that the nodes below are skipped."""
    if len(given.atoms) != len(given) or len(given) <= LANES or not bool((np.diff(given.first) == 1).all()):
        return None
    program = compiled.program
    lowest = np.full(len(compiled.structure.atoms), len(compiled.node_of), np.int64)
    owner = np.repeat(np.arange(len(lowest)), np.diff(program.atom_first))
    np.minimum.at(lowest, owner, program.atom_node)
    return np.argsort(lowest[given.atoms], kind="stable")


def _run(
    compiled: Compiled,
    given: Scenarios,
    threads: int | None,
    counts: NDArray[np.uint32] | None = None,
    wanted: NDArray[np.int32] | None = None,
    rows: NDArray[np.uint64] | None = None,
) -> None:
    from auditkit.engine.propagation_kernels import propagate

    blocks = -(-len(given) // LANES)
    enough = 1 + blocks * len(compiled.node_of) // LITTLE_WORK  # a thread costs more than little work
    workers = max(1, min(threads or min(os.cpu_count() or 1, enough), blocks))
    found = np.zeros((0, 0), np.uint32) if counts is None else counts
    places = np.zeros(0, np.int32) if wanted is None else wanted
    planes = np.zeros((0, 0, 0), np.uint64) if rows is None else rows

    def work(worker: int) -> None:
        space = _space(compiled)
        propagate(compiled.program, space, given.first, given.atoms, worker, workers, compiled.planes, found, places, planes)

    if workers == 1:
        work(0)
        return
    with ThreadPoolExecutor(workers) as pool:
        list(pool.map(work, range(workers)))


def _space(compiled: Compiled) -> Space:
    from auditkit.engine.propagation_kernels import LEVELS, Space

    nodes, slots = len(compiled.node_of), len(compiled.program.slot_spare)
    return Space(
        state=np.empty((nodes, compiled.planes, WORDS), np.uint64),
        bad=np.zeros(nodes, np.uint8),
        seed=np.empty((nodes, WORDS), np.uint64),
        seeded=np.zeros(nodes, np.uint8),
        lost=np.zeros((slots, LANES), np.int32),
        queue=np.empty(nodes, np.int32),
        queued=np.zeros(nodes, np.uint8),
        row=np.zeros((9, WORDS), np.uint64),
        digits=np.zeros((32, WORDS), np.uint64),
        held=np.zeros((compiled.held_at_once, WORDS), np.uint64),
        sums=np.zeros((3 * LEVELS, WORDS), np.uint64),
        pending=np.zeros((3 * LEVELS + 1, WORDS), np.uint64),
        is_pending=np.zeros(3 * LEVELS, np.uint8),
    )


__all__ = [
    "Compiled", "Scenarios", "affected", "combinations", "compile_structure", "counts", "drawn", "journey_states", "planes_of",
    "scenarios", "singles", "states",
]  # fmt: skip
