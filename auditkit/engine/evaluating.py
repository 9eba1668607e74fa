"""A formula's value for one set of true variables: plain and slow, for tests and for single questions."""

from __future__ import annotations

from collections.abc import Sequence, Set

from auditkit.engine.formula import Formula, Op


def evaluate(formula: Formula, true: Set[str]) -> bool:
    """The formula's value when exactly these variables are true; circles are computed from false until nothing changes.

    >>> from auditkit.engine.formula import Terms
    >>> terms = Terms()
    >>> a, b, c = (terms.variable(name) for name in "abc")
    >>> formula = terms.formula(terms.any(terms.all(a, b), c))
    >>> evaluate(formula, {"a", "b"}), evaluate(formula, {"a"})
    (True, False)
    """
    value = [False] * len(formula.op)
    for block, turning in formula.blocks():
        changed = True
        while changed:
            changed = False
            for gate in block:
                new = _value(formula, gate, value, true)
                changed |= new != value[gate] and turning
                value[gate] = new
    return value[formula.root]


def _value(formula: Formula, gate: int, value: Sequence[bool], true: Set[str]) -> bool:
    op, param = formula.op[gate], int(formula.param[gate])
    if op == Op.CONSTANT:
        return bool(param)
    if op == Op.VARIABLE:
        return formula.variables[param] in true
    count = sum(value[arg] for arg in formula.arguments(gate))
    needed = {Op.AND: len(formula.arguments(gate)), Op.OR: 1, Op.ATLEAST: param}
    if op in needed:
        return count >= needed[Op(op)]
    return count % 2 == 1 if op == Op.XOR else count == 0
