"""Formulas without circles: a least fixpoint written out, for formats that know no circles."""

from __future__ import annotations

from auditkit.engine.formula import Formula, Op, Terms
from auditkit.errors import LimitReached

MOST_GATES = 1_000_000


def unrolled(formula: Formula, most: int = MOST_GATES) -> Formula:
    """An equal formula whose gates stand in no circle. Raises `LimitReached` beyond `most` gates.

    A circle is computed from false in sweeps. A gate that is read before it is computed in a sweep passes its value on to the
    next one; no chain of reasons needs such a gate twice, so one sweep more than there are such gates is enough.

    >>> from auditkit.engine.evaluating import evaluate
    >>> terms = Terms()
    >>> x, y = terms.promise(), terms.promise()
    >>> terms.define(x, terms.any(y, terms.variable("a")))
    >>> terms.define(y, terms.any(x, terms.variable("b")))
    >>> flat = unrolled(terms.formula(x))
    >>> bool((flat.circle < 0).all()), [evaluate(flat, failed) for failed in (set(), {"a"}, {"b"})]
    (True, [False, True, True])
    """
    terms = Terms()
    term = [terms.false] * len(formula.op)
    for block, turning in formula.blocks():
        sweeps = 1
        if turning:
            sweeps += len({arg for gate in block for arg in formula.arguments(gate) if arg >= gate})
        for _ in range(sweeps):
            for gate in block:
                args = [term[arg] for arg in formula.arguments(gate)]
                term[gate] = terms.like(Op(int(formula.op[gate])), int(formula.param[gate]), args, formula.variables)
            if len(terms) > most:
                raise LimitReached(f"writing out circles of gates stopped at its limit of {most:,} gates")
    return terms.formula(term[formula.root])
