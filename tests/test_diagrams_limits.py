"""Limits end an analysis with an error that says what was reached; they never shorten an answer."""

from __future__ import annotations

import subprocess
import sys

import pytest
from random_formulas import random_formula

from auditkit.engine.analysis import analyse
from auditkit.engine.arenas import Limits
from auditkit.engine.counting import list_sets
from auditkit.engine.diagrams import draw, minimal_cut_sets
from auditkit.engine.formula import Formula, Terms
from auditkit.errors import InputError, LimitReached


def tangled(pairs: int) -> Formula:
    """A formula that is hard in every order: rows and columns of a grid of variables, all of which matter."""
    terms = Terms()
    grid = [[terms.variable(f"v{row}-{column}") for column in range(pairs)] for row in range(pairs)]
    rows = [terms.all(*row) for row in grid]
    columns = [terms.all(*column) for column in zip(*grid, strict=True)]
    return terms.formula(terms.all(terms.any(*rows), terms.any(*columns)))


def test_too_many_nodes_end_in_an_error_that_states_them() -> None:
    """Every order of variables is tried first."""
    with pytest.raises(LimitReached, match=r"limit of 2,000 nodes with each of 6 orders.*no part is returned"):
        draw(tangled(12), Limits(nodes=2_000))


def test_too_little_time_ends_in_an_error() -> None:
    """Time is looked at whenever a kernel stops for breath or for room."""
    with pytest.raises(LimitReached, match="limit of 0 seconds"):
        draw(tangled(16), Limits(seconds=0))


def test_too_little_memory_ends_in_an_error() -> None:
    """The arrays never grow beyond the bytes allowed."""
    with pytest.raises(LimitReached, match="limit of 2 MiB"):
        draw(tangled(14), Limits(size_bytes=2 << 20))


def test_a_list_that_is_too_long_is_refused_with_its_length() -> None:
    """A list is never cut silently; counting it costs nothing."""
    terms = Terms()
    formula = terms.formula(terms.all(*(terms.any(terms.variable(f"a{n}"), terms.variable(f"b{n}")) for n in range(40))))
    with pytest.raises(LimitReached, match="1,099,511,627,776 minimal cut sets"):
        analyse(formula, {})
    assert list_sets(minimal_cut_sets(draw(formula)), max_order=39) == ()


def test_arrays_that_are_made_larger_on_the_way_change_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """An arena that begins with sixteen nodes ends with the same answer."""
    formula = random_formula(3, variables=16, gates=30, circles=True)
    expected = analyse(formula, {})
    monkeypatch.setattr("auditkit.engine.arenas.SMALLEST", 16)
    assert analyse(formula, {}) == expected


def test_a_kernel_that_must_stop_for_breath_goes_on_where_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    """Fifty steps at a time give the same answer."""
    formula = random_formula(4, variables=16, gates=30, circles=True)
    expected = analyse(formula, {})
    monkeypatch.setattr("auditkit.engine.arenas.STEPS_AT_ONCE", 50)
    assert analyse(formula, {}) == expected


def test_a_circle_through_a_negation_is_refused() -> None:
    """It has no least fixpoint."""
    terms = Terms()
    x = terms.promise()
    terms.define(x, terms.any(terms.variable("a"), terms.negation(terms.all(x, terms.variable("b")))))
    with pytest.raises(InputError, match="circle"):
        terms.formula(x)


def test_a_long_chain_and_a_large_circle_need_no_recursion() -> None:
    """Twenty thousand gates one below the other, then closed to a circle: every variable is a single point."""
    for closed in (False, True):
        terms = Terms()
        below = start = terms.promise() if closed else terms.variable("start")
        for n in range(20_000):
            below = terms.any(terms.variable(f"v{n}"), below)
        if closed:
            terms.define(start, below)
        found = analyse(terms.formula(below), {}, max_order=0)
        assert found.count_by_order == (0, 20_000 + (not closed))


def test_numba_is_loaded_only_when_a_diagram_is_drawn() -> None:
    """Importing the public modules costs no compiler."""
    code = "import auditkit.engine.analysis, auditkit.engine.fault_trees, sys; sys.exit('numba' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
