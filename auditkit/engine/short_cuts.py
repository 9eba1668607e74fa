"""Minimal cut sets of low order where the whole formula is too entangled for a diagram: complete up to that order.

>>> from auditkit.engine.counting import list_sets
>>> from auditkit.engine.formula import Terms
>>> terms = Terms()
>>> a, b, c, d = (terms.variable(name) for name in "abcd")
>>> formula = terms.formula(terms.any(terms.all(a, b), terms.all(b, c, d)))
>>> list_sets(short_cut_sets(formula, 2))
(('a', 'b'),)
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from auditkit.engine.absorbing import absorbed
from auditkit.engine.arenas import Limits, Workbench
from auditkit.engine.diagrams import Diagram, compact
from auditkit.engine.formula import Formula, Op
from auditkit.engine.ordering import Module, reverse_depth_first
from auditkit.errors import InputError

if TYPE_CHECKING:
    from auditkit.engine.bdd_kernels import Arena

HIGHEST_ORDER = 60


def short_cut_sets(formula: Formula, max_order: int, limits: Limits | None = None) -> Diagram:
    """The diagram of all minimal cut sets of up to `max_order` elements (at most 60) of a coherent formula.

    Raises `InputError` for a formula with not or xor gates or an order above 60, `LimitReached` with what was reached.
    """
    if not formula.coherent:
        raise InputError.of("formula", "minimal cut sets are not defined with not or xor gates", "use its exact probability")
    if max_order > HIGHEST_ORDER:
        raise InputError.of("max_order", f"{max_order} is above {HIGHEST_ORDER}", f"give {HIGHEST_ORDER} or less")
    formula = absorbed(formula)
    variables = [gate for gate in range(len(formula.op)) if formula.op[gate] == Op.VARIABLE]
    inner = [gate for gate in range(len(formula.op)) if formula.op[gate] != Op.VARIABLE]
    order = reverse_depth_first(formula, Module(formula.root, tuple(inner), tuple(variables)))
    families = _Families(len(order), max_order, limits or Limits())
    ref = [0] * len(formula.op)
    for level, leaf in enumerate(order):
        ref[leaf] = families.single(level) if max_order > 0 else 0
    for block, turning in formula.blocks():
        changed = True
        while changed:
            changed = False
            for gate in block:
                if formula.op[gate] != Op.VARIABLE:
                    inputs = [ref[arg] for arg in formula.arguments(gate)]
                    new = families.gate(Op(int(formula.op[gate])), int(formula.param[gate]), inputs)
                    changed |= new != ref[gate] and turning
                    ref[gate] = new
    names = tuple(formula.variables[formula.param[leaf]] for leaf in order)
    return compact(families.bench, names, np.full(len(order), -1, np.int32), ref[formula.root], coherent=True)


class _Families:
    """Families of sets of bounded size in one arena."""

    def __init__(self, levels: int, max_order: int, limits: Limits) -> None:
        self.bench = Workbench(f"finding minimal cut sets of up to {max_order} elements", levels, limits)
        self.frames = np.zeros((levels + 4, 7), np.int64)
        self.max_order = max_order

    def single(self, level: int) -> int:
        """The family of one set of one element."""
        from auditkit.engine.bdd_kernels import append

        return self._run(lambda arena: int(append(arena, level, 0, 1)))

    def gate(self, op: Op, param: int, inputs: list[int]) -> int:
        """The family of a gate over those of its inputs."""
        from auditkit.engine.family_kernels import PRODUCT, UNION

        if op is Op.CONSTANT:
            return param
        if op is Op.ATLEAST:
            row = [1] + [0] * param  # row[j]: at least j of the inputs seen so far
            for family in inputs:
                for j in range(param, 0, -1):
                    row[j] = self._combine(UNION, row[j], self._combine(PRODUCT, family, row[j - 1]))
            return row[param]
        done = inputs[0]
        for family in inputs[1:]:
            done = self._combine(PRODUCT if op is Op.AND else UNION, done, family)
        return done

    def _combine(self, op: int, a: int, b: int) -> int:
        from auditkit.engine.family_kernels import combine

        return self._run(lambda arena: int(combine(arena, self.frames, op, a, b, self.max_order)))

    def _run(self, make: Callable[[Arena], int]) -> int:
        found = [0]

        def kernel(arena: Arena, at: int) -> tuple[int, int]:
            found[0] = make(arena)
            return at, min(found[0], 0)

        if not self.bench.run(kernel, self.bench.limits.nodes - self.bench.count):
            raise self.bench.reached(f"{self.bench.limits.nodes:,} nodes")
        return found[0]
