"""Exact probability of a formula from its diagram, and how much each of its variables matters.

All variables are independent; p is the probability that a variable is true (that an atom has failed).

- Birnbaum: dP/dp = P(top | x true) - P(top | x false) (Birnbaum: On the importance of different components, 1969);
- criticality: Birnbaum x p / P, the share of the top event's probability in which x is true and decides;
- Fussell-Vesely, of its two definitions the one of risk assessment practice: (P - P(top | x false)) / P, the share of P that
  vanishes if x is never true. (The other, older one is the probability that some minimal cut set with x has happened, given
  the top event. For independent variables the one used here equals criticality.);
- risk achievement worth: P(top | x true) / P; risk reduction worth: P / P(top | x false), None where nothing is left.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from auditkit.engine.diagrams import Diagram
from auditkit.model.failure import Importance, Range

_CANCELLED = 1e-6
"""P - p x Birnbaum below this share of P has lost digits; the pass is then run again with p = 0."""


def probability(diagram: Diagram, p_true: Mapping[str, float]) -> float:
    """The exact probability that the formula is true, to float precision, however small.

    Raises `KeyError` for a variable without a probability.

    >>> from auditkit.engine.diagrams import draw
    >>> from auditkit.engine.formula import Terms
    >>> terms = Terms()
    >>> a, b = terms.variable("a"), terms.variable("b")
    >>> probability(draw(terms.formula(terms.all(a, b))), {"a": 1e-9, "b": 1e-9})
    1e-18
    """
    return float(_values(diagram, _levels(diagram, p_true))[diagram.root])


def probability_range(diagram: Diagram, p_true: Mapping[str, float]) -> float | Range:
    """The probability, or where it hangs on variables without one, its range over everything that these could be.

    Exact for a coherent formula, where the least and the greatest value stand at 0 and at 1. For others the range is 0 to 1.
    """
    unknown = [name for name in diagram.names if name is not None and name not in p_true]
    if not unknown:
        return probability(diagram, p_true)
    if not diagram.coherent:
        return Range(best=0.0, worst=1.0)
    best = probability(diagram, {**dict.fromkeys(unknown, 0.0), **p_true})
    worst = probability(diagram, {**dict.fromkeys(unknown, 1.0), **p_true})
    return best if best == worst else Range(best=best, worst=worst)


def importances(diagram: Diagram, p_true: Mapping[str, float]) -> tuple[Importance, ...]:
    """Importance of every variable that the diagram asks, sorted by criticality, then by name.

    Figures that rest on a variable without probability are None.
    """
    asked = _asked(diagram)
    if any(diagram.names[level] not in p_true for level in asked):
        nothing = {"birnbaum": None, "criticality": None, "fussell_vesely": None, "raw": None, "rrw": None}
        return tuple(Importance(atom=name, **nothing) for name in sorted(str(diagram.names[level]) for level in asked))
    from auditkit.engine.probability_kernels import backward

    p = _levels(diagram, p_true)
    value = _values(diagram, p)
    p_top = float(value[diagram.root])
    slope = backward(diagram.level, diagram.lo, diagram.hi, diagram.module, p, value, diagram.root)
    found = [_importance(diagram, p, level, p_top, float(slope[level])) for level in asked]
    return tuple(sorted(found, key=lambda item: (-(item.criticality or 0.0), item.atom)))


def _importance(diagram: Diagram, p: NDArray[np.float64], level: int, p_top: float, birnbaum: float) -> Importance:
    name = str(diagram.names[level])
    if p_top == 0.0:
        return Importance(atom=name, birnbaum=birnbaum, criticality=None, fussell_vesely=None, raw=None, rrw=None)
    p_here = float(p[level])
    p_without = p_top - p_here * birnbaum
    if p_without < _CANCELLED * p_top:
        spared = p.copy()
        spared[level] = 0.0
        p_without = float(_values(diagram, spared)[diagram.root])
    return Importance(
        atom=name,
        birnbaum=birnbaum,
        criticality=p_here * birnbaum / p_top,
        fussell_vesely=1.0 - p_without / p_top,
        raw=(p_top + (1.0 - p_here) * birnbaum) / p_top,
        rrw=p_top / p_without if p_without > 0 else None,
    )


def _asked(diagram: Diagram) -> list[int]:
    """Levels of the variables on which some node stands."""
    levels = np.unique(diagram.level[2:])
    return [int(level) for level in levels if diagram.names[level] is not None]


def _levels(diagram: Diagram, p_true: Mapping[str, float]) -> NDArray[np.float64]:
    # a name that the function turned out not to depend on may have no probability, and needs none
    return np.array([0.0 if name is None else p_true.get(name, 0.0) for name in diagram.names], np.float64)


def _values(diagram: Diagram, p: NDArray[np.float64]) -> NDArray[np.float64]:
    from auditkit.engine.probability_kernels import forward

    values: NDArray[np.float64] = forward(diagram.level, diagram.lo, diagram.hi, diagram.module, p)
    return values
