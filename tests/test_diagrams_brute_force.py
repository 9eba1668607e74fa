"""Diagrams give what trying every set of failures gives, and what an independent library gives."""

from __future__ import annotations

import random

import pytest
from dd.autoref import BDD
from random_formulas import minimal_sets, random_formula, summed_probability

from auditkit.engine.analysis import analyse, top_probability
from auditkit.engine.counting import count_by_order, count_sets, list_sets
from auditkit.engine.diagrams import Diagram, draw, minimal_cut_sets
from auditkit.engine.evaluating import evaluate
from auditkit.engine.formula import Formula, Op, Terms
from auditkit.engine.importance import importances
from auditkit.engine.ordering import ORDERS, modules
from auditkit.engine.short_cuts import short_cut_sets
from auditkit.engine.threshold import exceeds
from auditkit.engine.unrolling import unrolled

COHERENT = [(seed, 4 + seed % 6, 3 + seed % 12, False) for seed in range(120)]
CIRCULAR = [(seed, 3 + seed % 6, 3 + seed % 10, True) for seed in range(120)]


def p_of(formula: Formula, seed: int) -> dict[str, float]:
    draw_p = random.Random(-seed - 1)
    return {name: draw_p.choice([0.5, 0.1, 1e-3, 1e-7, 0.99]) for name in formula.variables}


def listed(cuts: Diagram, max_order: int | None = None) -> set[frozenset[str]]:
    return {frozenset(cut) for cut in list_sets(cuts, max_order)}


@pytest.mark.parametrize(("seed", "variables", "gates", "circles"), COHERENT + CIRCULAR)
def test_minimal_cut_sets_are_those_found_by_trying_every_set(seed: int, variables: int, gates: int, circles: bool) -> None:
    """Minimal cut sets, their number, and their number by order, with and without circles of gates."""
    formula = random_formula(seed, variables=variables, gates=gates, circles=circles)
    expected = minimal_sets(formula)
    cuts = minimal_cut_sets(draw(formula))
    assert listed(cuts) == expected
    assert count_sets(cuts) == len(expected)
    assert count_by_order(cuts) == tuple(
        sum(len(cut) == order for cut in expected) for order in range(max((len(cut) for cut in expected), default=-1) + 1)
    )
    assert listed(cuts, 2) == {cut for cut in expected if len(cut) <= 2}


@pytest.mark.parametrize(("seed", "variables", "gates", "circles"), COHERENT[::2] + CIRCULAR[::2])
def test_cut_sets_of_low_order_are_complete_without_a_whole_diagram(seed: int, variables: int, gates: int, circles: bool) -> None:
    """For each bound on the order: exactly the minimal cut sets within it."""
    formula = random_formula(seed, variables=variables, gates=gates, circles=circles)
    expected = minimal_sets(formula)
    for order in range(5):
        assert listed(short_cut_sets(formula, order)) == {cut for cut in expected if len(cut) <= order}


@pytest.mark.parametrize("seed", range(80))
def test_probability_is_the_sum_over_every_set(seed: int) -> None:
    """Exact probability, with not and xor gates and without."""
    formula = random_formula(seed, variables=3 + seed % 6, gates=3 + seed % 9, negations=seed % 2 == 0)
    p_true = p_of(formula, seed)
    assert top_probability(formula, p_true) == pytest.approx(summed_probability(formula, p_true), rel=1e-12, abs=0)


@pytest.mark.parametrize("seed", range(40))
def test_importance_is_what_its_definition_says(seed: int) -> None:
    """Birnbaum, criticality, Fussell-Vesely, RAW and RRW against probabilities with the variable set to true and to false."""
    formula = random_formula(seed, variables=4 + seed % 4, gates=4 + seed % 6)
    p_true = p_of(formula, seed)
    p_top = summed_probability(formula, p_true)
    for item in importances(draw(formula), p_true):
        p_with = summed_probability(formula, {**p_true, item.atom: 1.0})
        p_without = summed_probability(formula, {**p_true, item.atom: 0.0})
        assert item.birnbaum == pytest.approx(p_with - p_without, rel=1e-9, abs=1e-15)
        assert item.criticality == pytest.approx(p_true[item.atom] * (p_with - p_without) / p_top, rel=1e-9, abs=1e-12)
        assert item.fussell_vesely == pytest.approx((p_top - p_without) / p_top, rel=1e-9, abs=1e-12)
        assert item.raw == pytest.approx(p_with / p_top, rel=1e-9)
        assert (item.rrw is None) == (p_without == 0)
        assert item.rrw is None or item.rrw == pytest.approx(p_top / p_without, rel=1e-9)


def judged(formula: Formula) -> tuple[BDD, object]:
    """The same formula in the library dd."""
    bdd = BDD()
    bdd.declare(*formula.variables)
    value: list[object] = []
    for gate in range(len(formula.op)):
        args = [value[arg] for arg in formula.arguments(gate)]
        op, param = formula.op[gate], int(formula.param[gate])
        if op in (Op.CONSTANT, Op.VARIABLE):
            made = bdd.var(formula.variables[param]) if op == Op.VARIABLE else (bdd.true if param else bdd.false)
        elif op == Op.ATLEAST:
            row = [bdd.true] + [bdd.false] * param
            for arg in args:
                row = [bdd.true] + [bdd.apply("or", row[k], bdd.apply("and", arg, row[k - 1])) for k in range(1, param + 1)]
            made = row[param]
        else:
            made = args[0]
            for arg in args[1:]:
                made = bdd.apply({Op.AND: "and", Op.OR: "or", Op.XOR: "xor"}[Op(op)], made, arg)
            made = ~made if op == Op.NOT else made
        value.append(made)
    return bdd, value[-1]


@pytest.mark.parametrize("seed", range(20))
def test_an_independent_library_agrees_on_larger_formulas(seed: int) -> None:
    """dd counts as many satisfying assignments as our probability with all variables at one half means."""
    formula = random_formula(1000 + seed, variables=22, gates=30, negations=seed % 2 == 0)
    bdd, root = judged(formula)
    satisfying = bdd.count(root, nvars=len(formula.variables))
    p_half = top_probability(formula, dict.fromkeys(formula.variables, 0.5))
    assert p_half == satisfying / 2 ** len(formula.variables)


@pytest.mark.parametrize("rule", ORDERS)
def test_every_order_of_variables_gives_the_same_answer(rule: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """The order decides how large a diagram is, never what it says."""
    formula = random_formula(7, variables=12, gates=20)
    expected = listed(minimal_cut_sets(draw(formula)))
    monkeypatch.setattr("auditkit.engine.diagrams.ORDERS", {rule: ORDERS[rule]})
    assert listed(minimal_cut_sets(draw(formula))) == expected


def test_parts_that_share_nothing_are_drawn_alone() -> None:
    """Independent modules are found, and the answer is composed of theirs."""
    terms = Terms()
    parts = [terms.at_least(2, [terms.variable(f"{name}{n}") for n in range(3)]) for name in "abc"]
    shared = terms.variable("shared")
    formula = terms.formula(terms.any(terms.all(parts[0], parts[1], shared), terms.all(shared, parts[2])))
    assert [len(module.leaves) for module in modules(formula)] == [3, 3, 3, 4]
    cuts = minimal_cut_sets(draw(formula))
    assert count_by_order(cuts) == (0, 0, 0, 3, 0, 9)
    assert listed(cuts) == minimal_sets(formula)


@pytest.mark.parametrize("seed", range(60))
def test_circles_written_out_mean_the_same(seed: int) -> None:
    """A least fixpoint, unrolled into a formula without circles, has the same minimal cut sets."""
    formula = random_formula(seed, variables=5, gates=4 + seed % 8, circles=True)
    flat = unrolled(formula)
    assert (flat.circle < 0).all()
    assert minimal_sets(flat) == minimal_sets(formula)


@pytest.mark.parametrize("seed", range(60))
def test_a_weighted_threshold_is_exact(seed: int) -> None:
    """True exactly when the weights of the failed sum to more than the limit, ties included."""
    draw_w = random.Random(seed)
    weights = {f"v{n}": draw_w.choice([0.1, 0.2, 0.3, 10.0, 40.0, 4.0, float("inf"), 0.0]) for n in range(7)}
    limit = draw_w.choice([0.3, 0.5, 40.0, 50.0, 54.0, 1e9])
    terms = Terms()
    formula = terms.formula(exceeds(terms, [(terms.variable(name), weight) for name, weight in weights.items()], limit))
    from fractions import Fraction

    for bits in range(2**7):
        failed = {name for n, name in enumerate(weights) if bits >> n & 1}
        infinite = any(weights[name] == float("inf") for name in failed)
        total = sum((Fraction(weights[name]) for name in failed if weights[name] < float("inf")), Fraction(0))
        assert evaluate(formula, failed) == (infinite or total > Fraction(limit))


def test_cut_sets_are_sorted_by_order_then_probability_then_name() -> None:
    """The likelier of two equally large sets stands first; without figures, names decide."""
    terms = Terms()
    a, b, c, d, e = (terms.variable(name) for name in "abcde")
    formula = terms.formula(terms.any(terms.all(a, b), terms.all(c, d), terms.all(a, c), e))
    p_true = {"a": 0.1, "b": 0.1, "c": 0.2, "d": 0.2, "e": 1e-9}
    assert analyse(formula, p_true).cut_sets == (("e",), ("c", "d"), ("a", "c"), ("a", "b"))
    assert analyse(formula, {}).cut_sets == (("e",), ("a", "b"), ("a", "c"), ("c", "d"))


def test_certain_and_impossible_formulas_have_an_answer_too() -> None:
    """True needs no failure: its one minimal cut set is empty. False has none."""
    terms = Terms()
    certain, never = analyse(terms.formula(terms.true), {}), analyse(terms.formula(terms.false), {})
    assert (certain.cut_sets, certain.count, certain.p_top) == (((),), 1, 1.0)
    assert (never.cut_sets, never.count, never.p_top) == ((), 0, 0.0)
    single = analyse(terms.formula(terms.variable("a")), {"a": 0.25})
    assert (single.cut_sets, single.p_top) == ((("a",),), 0.25)


def test_unknown_probabilities_give_a_range() -> None:
    """An unknown counts as never for the best and as always for the worst value, and leaves importance open."""
    terms = Terms()
    a, b, c = (terms.variable(name) for name in "abc")
    found = analyse(terms.formula(terms.any(a, terms.all(b, c))), {"a": 0.5, "b": 0.5})
    assert (found.p_top.best, found.p_top.worst) == (0.5, 0.75)
    assert {item.birnbaum for item in found.importance} == {None}
