"""Weighted thresholds as terms: whether the weights of what is true sum to more than a limit, exactly."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from itertools import accumulate

from auditkit.engine.formula import Terms

_Interval = tuple[Fraction | float, Fraction | float, int]
"""From, to (excluded), and the term that is the answer for every remaining limit between."""


def exceeds(terms: Terms, weighted: Iterable[tuple[int, float | Fraction]], limit: float | Fraction) -> int:
    """The term that the weights (not negative, infinite ones allowed) of the true terms sum to more than `limit`.

    Drawn as a threshold diagram: two partial sums that leave the same question open share a gate (Abío, Nieuwenhuis,
    Oliveras, Rodríguez-Carbonell, Mayer-Eichberger: A New Look at BDDs for Pseudo-Boolean Constraints, 2012).

    >>> from auditkit.engine.evaluating import evaluate
    >>> terms = Terms()
    >>> a, b, c = (terms.variable(name) for name in "abc")
    >>> formula = terms.formula(exceeds(terms, [(a, 40.0), (b, 40.0), (c, 4.0)], 50.0))
    >>> [evaluate(formula, set(failed)) for failed in ("ab", "ac", "bc")]
    [True, False, False]
    """
    if limit == float("inf"):
        return terms.false
    given = list(weighted)
    decisive = [term for term, weight in given if weight == float("inf")]
    finite = [(term, Fraction(weight)) for term, weight in given if 0 < weight < float("inf")]
    return terms.any(*decisive, _drawn(terms, sorted(finite, key=lambda item: -item[1]), Fraction(limit)))


def _drawn(terms: Terms, items: Sequence[tuple[int, Fraction]], limit: Fraction) -> int:
    """The heaviest is asked first; what is known of each position is kept as intervals of the remaining limit."""
    suffix = list(accumulate((weight for _, weight in reversed(items)), initial=Fraction(0)))[::-1]
    known: list[list[_Interval]] = [[] for _ in range(len(items) + 1)]

    def look(at: int, rest: Fraction) -> _Interval | None:
        if rest < 0:
            return float("-inf"), 0, terms.true
        if suffix[at] <= rest:
            return suffix[at], float("inf"), terms.false
        return next((found for found in known[at] if found[0] <= rest < found[1]), None)

    stack = [(0, limit)]
    while stack:
        at, rest = stack[-1]
        if look(at, rest) is not None:
            stack.pop()
            continue
        term, weight = items[at]
        taken, spared = look(at + 1, rest - weight), look(at + 1, rest)
        if taken is None:
            stack.append((at + 1, rest - weight))
        elif spared is None:
            stack.append((at + 1, rest))
        else:
            low, high = max(taken[0] + weight, spared[0]), min(taken[1] + weight, spared[1])
            known[at].append((low, high, terms.any(terms.all(term, taken[2]), spared[2])))
            stack.pop()
    found = look(0, limit)
    assert found is not None, "the walk ends only when its first question is answered"
    return found[2]
