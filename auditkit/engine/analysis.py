"""A formula's analysis over names: exact probability, minimal cut sets, importance. The diagrams stay inside.

>>> from auditkit.engine.formula import Terms
>>> terms = Terms()
>>> a, b, c = (terms.variable(name) for name in "abc")
>>> found = analyse(terms.formula(terms.any(a, terms.all(b, c))), {"a": 0.001, "b": 0.1, "c": 0.2})
>>> found.cut_sets, found.count, found.count_by_order, round(found.p_top, 12)
((('a',), ('b', 'c')), 2, (0, 1, 1), 0.02098)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.engine.arenas import Limits
from auditkit.engine.counting import count_by_order, list_sets
from auditkit.engine.diagrams import draw, minimal_cut_sets
from auditkit.engine.formula import Formula
from auditkit.engine.importance import importances, probability_range
from auditkit.errors import InputError
from auditkit.model.failure import Importance, Range


@dataclass(frozen=True, slots=True)
class Analysis:
    """What is known of a formula. Everything but `cut_sets` covers all orders; `truncated` says that the list does not.

    `p_top` is a range where variables without a probability matter; `count_by_order[n]` counts the minimal cut sets of order n.
    """

    cut_sets: tuple[tuple[str, ...], ...]
    truncated: bool
    count: int
    count_by_order: tuple[int, ...]
    p_top: float | Range
    importance: tuple[Importance, ...]


def analyse(
    formula: Formula, probabilities: Mapping[str, float], *, max_order: int | None = None, limits: Limits | None = None
) -> Analysis:
    """Exact analysis of a coherent formula; its minimal cut sets listed up to `max_order` (default: all; 0: none).

    Sets are sorted by order, then the likelier first, then by name. Variables without a probability give ranges. Raises
    `InputError` for a formula with not or xor gates (the error states its exact probability), and `LimitReached` where time,
    nodes or memory end before the answer, or where the list would be too long.
    """
    diagram = draw(formula, limits)
    p_top = probability_range(diagram, probabilities)
    if not diagram.coherent:
        raise refusal("formula", p_top)
    cuts = minimal_cut_sets(diagram, limits)
    by_order = count_by_order(cuts)
    return Analysis(
        cut_sets=list_sets(cuts, max_order, probabilities),
        truncated=max_order is not None and max_order < len(by_order) - 1,
        count=sum(by_order),
        count_by_order=by_order,
        p_top=p_top,
        importance=importances(diagram, probabilities),
    )


def refusal(where: str, p_top: float | Range) -> InputError:
    """The error for minimal cut sets of what holds not or xor gates; it states the exact probability instead."""
    what = "minimal cut sets are not defined with not or xor gates, where a further failure can mend something"
    stated = f"{p_top!r}" if isinstance(p_top, float) else "unknown, since some probabilities are missing"
    return InputError.of(where, what, f"use the exact probability, which is {stated}")


def top_probability(formula: Formula, probabilities: Mapping[str, float], limits: Limits | None = None) -> float | Range:
    """The exact probability that the formula is true, not and xor gates included; a range where probabilities are missing.

    >>> from auditkit.engine.formula import Terms
    >>> terms = Terms()
    >>> either = terms.exclusive(terms.variable("a"), terms.variable("b"))
    >>> top_probability(terms.formula(either), {"a": 0.5, "b": 0.1})
    0.5
    """
    return probability_range(draw(formula, limits), probabilities)
