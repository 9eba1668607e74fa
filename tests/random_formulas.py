"""Random formulas for tests, and slow answers that are plainly right."""

from __future__ import annotations

import itertools
import random
from collections.abc import Iterator

from auditkit.engine.evaluating import evaluate
from auditkit.engine.formula import Formula, Terms


def random_formula(seed: int, *, variables: int, gates: int, circles: bool = False, negations: bool = False) -> Formula:
    """A formula over at most so many variables; with `circles`, gates may refer to gates that come later."""
    draw = random.Random(seed)
    terms = Terms()
    known = [terms.variable(f"v{n}") for n in range(variables)]
    later = [terms.promise() for _ in range(gates if circles else 0)]
    made = []
    for _ in range(gates):
        inputs = [draw.choice(known + made + later) for _ in range(draw.randint(2, 4))]
        kind = draw.choice(["all", "any", "any", "at_least"] + ["negation", "exclusive"] * negations)
        if kind == "at_least":
            made.append(terms.at_least(draw.randint(1, len(inputs)), inputs))
        elif kind == "negation":
            made.append(terms.negation(inputs[0]))
        else:
            made.append(getattr(terms, kind)(*inputs))
    for promise, gate in zip(later, draw.sample(made, len(later)), strict=True):
        terms.define(promise, gate)
    return terms.formula(made[-1])


def all_sets(names: tuple[str, ...]) -> Iterator[frozenset[str]]:
    """Every set of these names, smaller ones first."""
    for order in range(len(names) + 1):
        yield from (frozenset(chosen) for chosen in itertools.combinations(names, order))


def minimal_sets(formula: Formula) -> set[frozenset[str]]:
    """Minimal cut sets by trying every set."""
    found: list[frozenset[str]] = []
    for chosen in all_sets(formula.variables):
        if not any(cut <= chosen for cut in found) and evaluate(formula, chosen):
            found.append(chosen)
    return set(found)


def summed_probability(formula: Formula, p_true: dict[str, float]) -> float:
    """Probability by adding up every set."""
    total = 0.0
    for chosen in all_sets(formula.variables):
        if evaluate(formula, chosen):
            p_set = 1.0
            for name in formula.variables:
                p_set *= p_true[name] if name in chosen else 1 - p_true[name]
            total += p_set
    return total
