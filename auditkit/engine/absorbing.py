"""Formulas made smaller by what alone makes them true: a or f(a, b) is a or f(false, b).

Most components of a system are single points of some journey. Each of them, taken out of everything else that the journey hangs
on, leaves less for a diagram to tell apart.
"""

from __future__ import annotations

from auditkit.engine.formula import Formula, Op, Terms


def absorbed(formula: Formula) -> Formula:
    """An equal formula in which whatever alone makes it true stands below its root and nowhere else.

    In a circle this holds as well: as long as none of these has become true on the way to the least fixpoint, false is what
    they are.

    >>> terms = Terms()
    >>> a, b, c = (terms.variable(name) for name in "abc")
    >>> formula = terms.formula(terms.any(a, terms.all(terms.any(a, b), terms.any(a, c))))
    >>> small = absorbed(formula)
    >>> len(formula.op), len(small.op), [small.variables[v] for v in small.param[small.op == Op.VARIABLE]]
    (7, 5, ['a', 'b', 'c'])
    """
    while True:
        deciding = _deciding(formula)
        if formula.op[formula.root] != Op.OR or not _elsewhere(formula, deciding):
            return formula
        formula = _taken_out(formula, deciding)


def _deciding(formula: Formula) -> set[int]:
    """Gates each of which makes the root true: what an or gate among them is made of is among them too."""
    found, stack = {formula.root}, [formula.root]
    while stack:
        gate = stack.pop()
        for arg in formula.arguments(gate) if formula.op[gate] == Op.OR else ():
            if arg not in found:
                found.add(arg)
                stack.append(arg)
    return found


def _elsewhere(formula: Formula, deciding: set[int]) -> bool:
    """Whether a deciding gate is used by one that is not a deciding or."""
    return any(
        arg in deciding
        for gate in range(len(formula.op))
        if gate not in deciding or formula.op[gate] != Op.OR
        for arg in formula.arguments(gate)
    )


def _taken_out(formula: Formula, deciding: set[int]) -> Formula:
    terms = Terms()
    term = [terms.promise() if circle >= 0 else terms.false for circle in formula.circle]
    ways = []
    for gate in range(len(formula.op)):
        joins = gate in deciding and formula.op[gate] == Op.OR
        made = terms.false if joins else _over(terms, formula, gate, term, deciding)
        if gate in deciding:
            ways.append(made)
        if formula.circle[gate] >= 0:
            terms.define(term[gate], made)
        else:
            term[gate] = made
    return terms.formula(terms.any(*ways))


def _over(terms: Terms, formula: Formula, gate: int, term: list[int], deciding: set[int]) -> int:
    """The gate over what its arguments have become, deciding ones being false."""
    args = [terms.false if arg in deciding else term[arg] for arg in formula.arguments(gate)]
    return terms.like(Op(int(formula.op[gate])), int(formula.param[gate]), args, formula.variables)
