"""Formulas to decision diagrams, and diagrams to the diagram of their minimal cut sets, within stated limits.

Well-kept libraries do this job too (dd, oxidd, relibmss). Measured from drawn diagram to counted minimal cut sets, the same order
of variables, two cores, 2026: dd 0.6.0 over CUDD took 29 to 82 times as long (baobab1 137 ms against 4.7, edfpa15r 1.39 s
against 42 ms, isp9605 9.9 ms against 0.12); `tests/benchmarks/bench_fault_trees.py` measures it again. dd judges us in the tests.

>>> from auditkit.engine.formula import Terms
>>> terms = Terms()
>>> a, b, c = (terms.variable(name) for name in "abc")
>>> diagram = draw(terms.formula(terms.at_least(2, [a, b, c])))
>>> diagram.size, minimal_cut_sets(diagram).size
(4, 4)
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.absorbing import absorbed
from auditkit.engine.arenas import Limits, Workbench
from auditkit.engine.formula import Formula
from auditkit.engine.ordering import ORDERS, Module, modules
from auditkit.errors import InputError

if TYPE_CHECKING:
    from auditkit.engine.bdd_kernels import Arena, Gates

FIRST_BUDGET = 1 << 17
"""Nodes that the first order of variables may make before the next one is tried."""


@dataclass(frozen=True, slots=True, eq=False)
class Diagram:
    """A decision diagram: of a formula (reduced, ordered), or of a family of sets (zero-suppressed).

    Nodes 0 and 1 are the terminals; each other node n stands on `level[n]` and leads to `lo[n]` and `hi[n]`, both made before
    it. `names[l]` is the variable of level l, None where the level stands for a module, whose own root is `module[l]` (made
    before all nodes of that level; -1 for variables).
    """

    names: tuple[str | None, ...]
    module: NDArray[np.int32]
    level: NDArray[np.int32]
    lo: NDArray[np.int32]
    hi: NDArray[np.int32]
    root: int
    coherent: bool

    @property
    def size(self) -> int:
        """Nodes, terminals not counted."""
        return len(self.level) - 2


def draw(formula: Formula, limits: Limits | None = None) -> Diagram:
    """The formula's reduced ordered binary decision diagram, each module drawn with an order of its own.

    Raises `LimitReached` with what was reached; a diagram that is returned is complete.
    """
    from auditkit.engine.bdd_kernels import Gates

    formula = absorbed(formula)
    parts = modules(formula)
    size = len(formula.op)
    levels = sum(len(part.leaves) for part in parts)
    bench = Workbench("drawing the decision diagram", levels, limits or Limits())
    empty = np.zeros(size, np.int32)
    gates = Gates(
        formula.op, formula.param, formula.first, formula.args, formula.circle,
        empty.copy(), empty.copy(), np.zeros(size, np.int64), np.zeros(size, np.int64),
    )  # fmt: skip
    module = np.full(levels, -1, np.int32)
    names: list[str | None] = [None] * levels
    drawn: dict[int, int] = {}
    start = 0
    for part in parts:
        order = _draw_module(formula, part, bench, gates, start, drawn)
        for level, leaf in enumerate(order, start):
            if leaf in drawn:
                module[level] = drawn[leaf]
            else:
                names[level] = formula.variables[formula.param[leaf]]
        drawn[part.root] = int(gates.ref[part.root])
        start += len(part.leaves)
    return compact(bench, tuple(names), module, drawn[formula.root], formula.coherent)


def _draw_module(formula: Formula, part: Module, bench: Workbench, gates: Gates, start: int, drawn: dict[int, int]) -> list[int]:
    """Draw one module with the first order of variables that fits a budget; the budget grows until the limit. The order."""
    from auditkit.engine.bdd_kernels import build

    base, budget = bench.count, FIRST_BUDGET
    inner = np.array(part.gates, np.int32)
    while True:
        most = min(budget, bench.limits.nodes - base)
        for rule in ORDERS.values():
            order = rule(formula, part)
            gates.level[order] = np.arange(start, start + len(order))
            gates.ref[inner] = gates.computed[inner] = gates.changed[inner] = 0
            leaves = [-1 - leaf for leaf in order if drawn.get(leaf, 2) > 1]
            program = np.array([*leaves, *part.gates], np.int32)
            if bench.run(lambda arena, at, program=program: build(arena, gates, program, at), most):  # type: ignore[misc]
                return order
            bench.roll_back(base)
        if most < budget:
            raise bench.reached(f"{bench.limits.nodes:,} nodes with each of {len(ORDERS)} orders of variables")
        budget *= 8


def compact(bench: Workbench, names: tuple[str | None, ...], module: NDArray[np.int32], root: int, coherent: bool) -> Diagram:
    """What the root and the modules below it need of an arena, renumbered."""
    from auditkit.engine.bdd_kernels import gather

    arena = bench.arena
    roots = np.array([root, *module[module >= 0]], np.int32)
    kept = gather(arena.level, arena.lo, arena.hi, bench.count, roots)
    place = np.zeros(bench.count, np.int32)
    place[kept] = np.arange(len(kept), dtype=np.int32)
    return Diagram(
        names=names,
        module=np.where(module < 0, -1, place[np.maximum(module, 0)]).astype(np.int32),
        level=arena.level[kept],
        lo=place[arena.lo[kept]],
        hi=place[arena.hi[kept]],
        root=int(place[root]),
        coherent=coherent,
    )


def minimal_cut_sets(diagram: Diagram, limits: Limits | None = None) -> Diagram:
    """The zero-suppressed diagram of all minimal cut sets of a coherent formula's diagram.

    Raises `InputError` where the formula holds a not or xor gate: there, mending something can do harm, and minimal cut sets
    do not say what fails. Raises `LimitReached` with what was reached.
    """
    from auditkit.engine.zdd_kernels import minimal_solutions

    if not diagram.coherent:
        what = "minimal cut sets are not defined here: the formula holds a not or xor gate, so a further failure can mend it"
        raise InputError.of("formula", what, "use its exact probability, or write it with and, or, atleast alone")
    limits = limits or Limits()
    bench = Workbench("finding the minimal cut sets", len(diagram.names), limits)
    found = np.zeros(len(diagram.level), np.int32)
    found[:2] = (0, 1)

    def kernel(arena: Arena, at: int) -> tuple[int, int]:
        return minimal_solutions(arena, diagram.level, diagram.lo, diagram.hi, found, max(at, 2))

    if not bench.run(kernel, limits.nodes):
        raise bench.reached(f"{limits.nodes:,} nodes")
    module = np.where(diagram.module < 0, -1, found[np.maximum(diagram.module, 0)]).astype(np.int32)
    return compact(bench, diagram.names, module, int(found[diagram.root]), coherent=True)
