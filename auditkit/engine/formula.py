"""Boolean formulas as frozen arrays: what a journey's failure is made of, before any diagram is drawn.

A formula is a graph of gates over variables. Gates may refer to one another in a circle; the meaning is then the least
fixpoint, found by starting from false (so a circle alone brings nobody down). Only the coherent gates (and, or, at least)
may stand in a circle, because for them that fixpoint exists.

>>> terms = Terms()
>>> a, b, c = (terms.variable(name) for name in "abc")
>>> formula = terms.formula(terms.any(terms.all(a, b), c))
>>> formula.variables, [Op(op).name for op in formula.op]
(('a', 'b', 'c'), ['VARIABLE', 'VARIABLE', 'AND', 'VARIABLE', 'OR'])
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from enum import IntEnum

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.graphs import components
from auditkit.engine.simplifying import flattened, one_for_all
from auditkit.errors import InputError


class Op(IntEnum):
    """What a gate does. `param` holds the value of a constant, the index of a variable, the k of at least k."""

    CONSTANT = 0
    VARIABLE = 1
    AND = 2
    OR = 3
    ATLEAST = 4
    NOT = 5
    XOR = 6


@dataclass(frozen=True, slots=True, eq=False)
class Formula:
    """Gates in an order in which arguments come before the gates that use them, except inside a circle.

    Arguments of gate i are `args[first[i]:first[i + 1]]`. `circle[i]` numbers the circle that gate i stands in, -1 outside;
    the gates of a circle are neighbours. The last gate is the root.
    """

    variables: tuple[str, ...]
    op: NDArray[np.int8]
    param: NDArray[np.int32]
    first: NDArray[np.int32]
    args: NDArray[np.int32]
    circle: NDArray[np.int32]

    @property
    def root(self) -> int:
        """The gate whose value is the formula's value."""
        return len(self.op) - 1

    @property
    def coherent(self) -> bool:
        """Whether only coherent gates occur, so that a further failure never mends anything."""
        return not bool(np.isin(self.op, (Op.NOT, Op.XOR)).any())

    def blocks(self) -> Iterator[tuple[range, bool]]:
        """Gates in their order: each alone with False, those of a circle together with True."""
        at, size = 0, len(self.op)
        while at < size:
            stop = at + 1
            while self.circle[at] >= 0 and stop < size and self.circle[stop] == self.circle[at]:
                stop += 1
            yield range(at, stop), bool(self.circle[at] >= 0)
            at = stop

    def arguments(self, gate: int) -> list[int]:
        """The gates that this gate is computed from."""
        return [int(arg) for arg in self.args[self.first[gate] : self.first[gate + 1]]]


class Terms:
    """Collects gates, each shape once, and freezes what one root needs into a `Formula`. A term is an int."""

    __slots__ = ("_args", "_known", "_names", "_op", "_param", "_variables", "false", "true")

    def __init__(self) -> None:
        self._op: list[Op] = []
        self._param: list[int] = []
        self._args: list[tuple[int, ...]] = []
        self._known: dict[tuple[Op, int, tuple[int, ...]], int] = {}
        self._names: dict[str, int] = {}
        self._variables: list[str] = []
        self.false = self._add(Op.CONSTANT, 0, ())
        self.true = self._add(Op.CONSTANT, 1, ())

    def __len__(self) -> int:
        return len(self._op)

    def _add(self, op: Op, param: int, args: tuple[int, ...]) -> int:
        key = (op, param, args)
        if key not in self._known:
            self._known[key] = len(self._op)
            self._op.append(op)
            self._param.append(param)
            self._args.append(args)
        return self._known[key]

    def variable(self, name: str) -> int:
        """The variable of that name; the same name is the same variable."""
        if name not in self._names:
            self._names[name] = self._add(Op.VARIABLE, len(self._variables), ())
            self._variables.append(name)
        return self._names[name]

    def all(self, *terms: int) -> int:
        """True when every term is; true without terms."""
        return self._junction(Op.AND, terms, neutral=self.true, deciding=self.false)

    def any(self, *terms: int) -> int:
        """True when some term is; false without terms."""
        return self._junction(Op.OR, terms, neutral=self.false, deciding=self.true)

    def _junction(self, op: Op, terms: Sequence[int], neutral: int, deciding: int) -> int:
        left = tuple(dict.fromkeys(term for term in terms if term != neutral))
        if deciding in left:
            return deciding
        if len(left) < 2:
            return left[0] if left else neutral
        return self._add(op, 0, left)

    def at_least(self, k: int, terms: Iterable[int]) -> int:
        """True when at least k of the terms are; a term named twice counts twice."""
        listed = list(terms)
        k -= listed.count(self.true)
        left = tuple(term for term in listed if term not in (self.true, self.false))
        if k <= 0:
            return self.true
        if k > len(left):
            return self.false
        if k == len(left):
            return self.all(*left)
        return self.any(*left) if k == 1 else self._add(Op.ATLEAST, k, left)

    def negation(self, term: int) -> int:
        """True when the term is not."""
        if term in (self.true, self.false):
            return self.true if term == self.false else self.false
        return self._args[term][0] if self._op[term] is Op.NOT else self._add(Op.NOT, 0, (term,))

    def exclusive(self, *terms: int) -> int:
        """True when an odd number of the terms is."""
        left = tuple(term for term in terms if term not in (self.true, self.false))
        odd = list(terms).count(self.true) % 2 == 1
        gate = (left[0] if left else self.false) if len(left) < 2 else self._add(Op.XOR, 0, left)
        return self.negation(gate) if odd else gate

    def like(self, op: Op, param: int, terms: Sequence[int], variables: Sequence[str]) -> int:
        """The gate that a `Formula` over these variables describes by `op` and `param`, over these terms."""
        if op is Op.CONSTANT:
            return self.true if param else self.false
        if op is Op.VARIABLE:
            return self.variable(variables[param])
        if op is Op.ATLEAST:
            return self.at_least(param, terms)
        if op is Op.NOT:
            return self.negation(terms[0])
        return {Op.AND: self.all, Op.OR: self.any, Op.XOR: self.exclusive}[op](*terms)

    def promise(self) -> int:
        """A term whose definition follows with `define`; this is how circles are made."""
        self._op.append(Op.AND)
        self._param.append(-1)
        self._args.append(())
        return len(self._op) - 1

    def define(self, promise: int, term: int) -> None:
        """Say what a promised term is. Raises `ValueError` where nothing was promised, or it is defined already."""
        if self._param[promise] != -1 or self._args[promise]:
            raise ValueError(f"term {promise} is no open promise")
        self._args[promise] = (term,)

    def formula(self, root: int) -> Formula:
        """What `root` needs, frozen. Raises `InputError` where a circle runs through a not or an xor gate."""
        resolved = self._resolved()
        top = resolved[root]
        args = {gate: tuple(resolved[arg] for arg in self._args[gate]) for gate in self._reachable(top, resolved)}
        top = one_for_all(args, top, lambda gate: self._op[gate] is Op.OR)
        turning_gates = {gate for block in components(args, top) if len(block) > 1 for gate in block}
        joined = (Op.AND, Op.OR)
        flattened(args, top, self._op.__getitem__, lambda gate: self._op[gate] in joined and gate not in turning_gates)
        order: list[int] = []
        circle: list[int] = []
        for number, block in enumerate(components(args, top)):
            turning = len(block) > 1 or block[0] in args[block[0]]
            if turning and any(self._op[gate] in (Op.NOT, Op.XOR) for gate in block):
                raise InputError.of("formula", "a not or xor gate stands in a circle of gates", "break the circle")
            order += block
            circle += [number if turning else -1] * len(block)
        if order[-1] != top:  # the root stands in a circle: a last gate repeats it
            order.append(-1)
            circle.append(-1)
        place = {gate: index for index, gate in enumerate(order)}
        used = sorted({self._param[gate] for gate in order if gate >= 0 and self._op[gate] is Op.VARIABLE})
        renumbered = {variable: index for index, variable in enumerate(used)}
        rows = [(Op.AND, 0, (top,)) if gate < 0 else (self._op[gate], self._param[gate], args[gate]) for gate in order]
        first = np.zeros(len(rows) + 1, np.int32)
        np.cumsum([len(row[2]) for row in rows], out=first[1:])
        return Formula(
            variables=tuple(self._variables[variable] for variable in used),
            op=np.array([row[0] for row in rows], np.int8),
            param=np.array([renumbered[row[1]] if row[0] is Op.VARIABLE else row[1] for row in rows], np.int32),
            first=first,
            args=np.array([place[arg] for row in rows for arg in row[2]], np.int32),
            circle=np.array(circle, np.int32),
        )

    def _resolved(self) -> list[int]:
        """For each term the one that it stands for: promises lead to their definition, a bare circle of them to false."""
        resolved = list(range(len(self._op)))
        for term, param in enumerate(self._param):
            if param != -1 or self._op[term] is not Op.AND:
                continue
            seen, at = {term}, term
            while self._param[at] == -1 and self._op[at] is Op.AND:
                if not self._args[at]:
                    raise ValueError(f"term {at} was promised and never defined")
                at = self._args[at][0]
                if at in seen:
                    at = self.false
                seen.add(at)
            resolved[term] = at
        return resolved

    def _reachable(self, top: int, resolved: Sequence[int]) -> Iterator[int]:
        seen, stack = {top}, [top]
        while stack:
            gate = stack.pop()
            yield gate
            for arg in self._args[gate]:
                target = resolved[arg]
                if target not in seen:
                    seen.add(target)
                    stack.append(target)
