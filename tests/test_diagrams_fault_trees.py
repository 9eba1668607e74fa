"""Fault trees of the Open-PSA format: published answers, reading, writing, and what is wrong with a file."""

from __future__ import annotations

from pathlib import Path

import pytest
from random_formulas import minimal_sets, random_formula

from auditkit.engine.analysis import analyse, top_probability
from auditkit.engine.evaluating import evaluate
from auditkit.engine.fault_tree_text import write_fault_tree
from auditkit.engine.fault_trees import FaultTree, read_fault_trees
from auditkit.engine.formula import Terms
from auditkit.errors import InputError

# The Aralia fault trees, github.com/rakhimov/scram input/Aralia: number of minimal cut sets without a limit on their order, exact
# probability of the top event; each confirmed by two independent programs (../shared/data/fault_trees/PROVENANCE.txt).
ARALIA = {
    "baobab1": (46188, 0.000101708),
    "baobab2": (4805, 0.000713018),
    "baobab3": (24386, 0.00224117),
    "chinese": (392, 0.00117058),
    "das9201": (14217, 0.0134237),
    "das9202": (27778, 0.0101154),
    "das9203": (16200, 0.0013488),
    "das9204": (16704, 2.16942e-11),
    "das9206": (19518, 0.229687),
    "das9601": (None, 0.0042344),  # not coherent
    "edf9201": (579720, 0.324591),
    "edf9202": (130112, 0.781302),
    "edfpa15r": (26549, 0.018975),
    "elf9601": (151348, 0.0966291),
    "ftr10": (305, 0.448677),
    "isp9601": (276785, 0.0571245),
    "isp9603": (3434, 0.00323326),
    "isp9605": (5630, 1.37171e-05),
    "jbd9601": (14007, 0.755091),
}

TWO_TRAIN = """<?xml version="1.0"?>
<opsa-mef>
  <define-fault-tree name="two-train">
    <define-gate name="top"><and><gate name="one"/><gate name="two"/></and></define-gate>
    <define-gate name="one"><or><basic-event name="ValveOne"/><basic-event name="PumpOne"/></or></define-gate>
    <define-gate name="two"><label>second train</label><or>
      <event name="ValveTwo"/><event name="PumpTwo" type="basic-event"/></or></define-gate>
  </define-fault-tree>
  <model-data>
    <define-basic-event name="ValveOne"><float value="0.4"/></define-basic-event>
    <define-basic-event name="ValveTwo"><float value="5.0e-001"/></define-basic-event>
    <define-basic-event name="PumpOne"><label>a pump</label><float value="0.6"/></define-basic-event>
    <define-basic-event name="PumpTwo"><float value="0.7"/></define-basic-event>
  </model-data>
</opsa-mef>
"""


def only(text: str) -> FaultTree:
    (tree,) = read_fault_trees(text, "tree.xml")
    return tree


def gate(formula: str, rest: str = "") -> str:
    events = "".join(f'<define-basic-event name="{name}"/>' for name in "abcd")
    return f'<opsa-mef><define-gate name="top">{formula}</define-gate>{rest}{events}</opsa-mef>'


def whats(text: str) -> list[str]:
    with pytest.raises(InputError) as caught:
        read_fault_trees(text, "tree.xml")
    return [str(problem) for problem in caught.value.problems]


@pytest.mark.parametrize("name", [name for name, (count, _) in ARALIA.items() if count])
def test_the_aralia_trees_have_their_published_answers(shared: Path, name: str) -> None:
    """Exact count of all minimal cut sets, exact probability to the six digits published."""
    tree = only((shared / "data/fault_trees" / f"{name}.xml").read_text())
    count, p_top = ARALIA[name]
    found = analyse(tree.formula, tree.probabilities, max_order=2)
    assert found.count == count
    assert f"{found.p_top:.6g}" == f"{p_top:.6g}"
    assert len(found.cut_sets) == sum(found.count_by_order[:3])


def test_a_tree_with_negations_has_a_probability_and_no_minimal_cut_sets(shared: Path) -> None:
    """das9601 is not coherent: its probability is exact, its minimal cut sets are refused in words."""
    tree = only((shared / "data/fault_trees/das9601.xml").read_text())
    assert f"{top_probability(tree.formula, tree.probabilities):.6g}" == "0.0042344"
    with pytest.raises(InputError, match=r"not or xor gates, where a further failure can mend something.*0\.0042344\d*"):
        analyse(tree.formula, tree.probabilities)


def test_all_cut_sets_of_a_large_tree_are_listed(shared: Path) -> None:
    """chinese.xml: 392 sets, each of which fails the top gate and none of which can spare a member."""
    tree = only((shared / "data/fault_trees/chinese.xml").read_text())
    listed = analyse(tree.formula, tree.probabilities).cut_sets
    assert len(set(listed)) == 392
    for cut in listed:
        assert evaluate(tree.formula, set(cut))
        assert not any(evaluate(tree.formula, set(cut) - {spared}) for spared in cut)


def test_two_trains_have_the_answers_of_scram() -> None:
    """Probability 0.646, four pairs, and the importance table of SCRAM's tests/risk_analysis_tests.cc (ImportanceDefault).

    There: MIF (Birnbaum), CIF (criticality), RAW, RRW.
    """
    tree = only(TWO_TRAIN)
    found = analyse(tree.formula, tree.probabilities)
    assert found.p_top == pytest.approx(0.646, rel=1e-12)
    assert set(found.cut_sets) == {
        ("ValveOne", "ValveTwo"),
        ("PumpTwo", "ValveOne"),
        ("PumpOne", "ValveTwo"),
        ("PumpOne", "PumpTwo"),
    }
    figures = {item.atom: [item.birnbaum, item.criticality, item.raw, item.rrw] for item in found.importance}
    assert {name: [float(f"{figure:.4g}") for figure in row] for name, row in figures.items()} == {
        "PumpOne": [0.51, 0.4737, 1.316, 1.9],
        "PumpTwo": [0.38, 0.4118, 1.176, 1.7],
        "ValveOne": [0.34, 0.2105, 1.316, 1.267],
        "ValveTwo": [0.228, 0.1765, 1.176, 1.214],
    }


def test_three_motors_have_the_answers_of_openfta() -> None:
    """Twelve minimal cut sets and 0.0211538: OpenFTA's example, as in SCRAM's tests/bench_three_motor_tests.cc.

    The tree reduces to: K5, or T2 with one of S1, K1, T1inc, or one of each of three pairs; each with probability 0.02.
    """
    terms = Terms()
    pairs = [("KT1inc", "T2inc"), ("KT2inc", "T3inc"), ("KT3inc", "T4inc")]
    coil = terms.all(*(terms.any(terms.variable(a), terms.variable(b)) for a, b in pairs))
    closed = terms.any(terms.variable("K1"), coil, terms.variable("S1"), terms.variable("T1inc"))
    contacts = terms.any(terms.variable("T2"), terms.variable("K5"))
    late = terms.any(*(terms.variable(name) for name in ("K2", "T1", "K1", "S1", "T3")), terms.true)  # the timers are reset
    formula = terms.formula(terms.all(terms.any(terms.variable("K5"), terms.all(closed, contacts)), late))
    found = analyse(formula, dict.fromkeys(formula.variables, 0.02))
    assert found.count_by_order == (0, 1, 3, 0, 8)
    assert found.p_top == pytest.approx(0.0211538, abs=1e-7)


def test_tiny_probabilities_keep_their_digits() -> None:
    """Twenty pairs of 1e-12: the sum is not lost against 1, and a single rare way is seen behind it."""
    terms = Terms()
    pairs = [terms.all(terms.variable(f"a{n}"), terms.variable(f"b{n}")) for n in range(20)]
    formula = terms.formula(terms.any(*pairs, terms.all(*(terms.variable(f"c{n}") for n in range(3)))))
    p_true = {name: 1e-12 if name[0] in "ab" else 1e-10 for name in formula.variables}
    assert top_probability(formula, p_true) == pytest.approx(20e-24, rel=1e-6)
    alone = terms.formula(terms.any(terms.variable("x"), terms.all(*(terms.variable(f"c{n}") for n in range(3)))))
    found = analyse(alone, {"x": 1e-3, "c0": 1e-9, "c1": 1e-9, "c2": 1e-9})
    assert next(item.rrw for item in found.importance if item.atom == "x") == pytest.approx(1e-3 / 1e-27, rel=1e-9)


def test_counts_beyond_a_float_are_exact() -> None:
    """Sixty gates of three: 3**60 minimal cut sets, counted without listing; the list is refused with its length."""
    terms = Terms()
    gates = [terms.any(*(terms.variable(f"v{g}-{n}") for n in range(3))) for g in range(60)]
    formula = terms.formula(terms.all(*gates))
    found = analyse(formula, {}, max_order=3)
    assert (found.count, found.count_by_order[60], found.cut_sets, found.truncated) == (3**60, 3**60, (), True)


def test_every_kind_of_gate_is_read() -> None:
    """and, or, atleast, not, xor, nand, nor, iff, imply, constants and house events, nested as a file likes."""
    house = '<define-house-event name="on"><constant value="true"/></define-house-event>'
    a, b, c = ('<basic-event name="a"/>', '<basic-event name="b"/>', '<event name="c"/>')
    cases = {
        f"<and>{a}{b}</and>": [{"a", "b"}],
        f'<atleast min="2">{a}{b}{c}</atleast>': [{"a", "b"}, {"a", "c"}, {"b", "c"}, {"a", "b", "c"}],
        f"<not>{a}</not>": [set()],
        f"<xor>{a}{b}</xor>": [{"a"}, {"b"}],
        f"<nand>{a}{b}</nand>": [set(), {"a"}, {"b"}],
        f"<nor>{a}{b}</nor>": [set()],
        f"<iff>{a}{b}</iff>": [set(), {"a", "b"}],
        f"<imply>{a}{b}</imply>": [set(), {"b"}, {"a", "b"}],
        f'<and><house-event name="on"/>{a}</and>': [{"a"}],
        f'<or><constant value="false"/>{a}</or>': [{"a"}],
        f"<and><or>{a}{b}</or><not>{c}</not></and>": [{"a"}, {"b"}, {"a", "b"}],
    }
    for text, true in cases.items():
        formula = only(gate(text, house)).formula
        names = formula.variables
        sets = [{name for n, name in enumerate(names) if bits >> n & 1} for bits in range(2 ** len(names))]
        assert sorted(map(sorted, (chosen for chosen in sets if evaluate(formula, chosen)))) == sorted(map(sorted, true)), text


def test_a_gate_that_nothing_refers_to_is_a_tree_of_its_own() -> None:
    """Several top gates give several trees, in the order of the file."""
    more = '<define-gate name="second"><basic-event name="c"/></define-gate>'
    trees = read_fault_trees(gate('<basic-event name="a"/>', more), "tree.xml")
    assert [(tree.name, tree.formula.variables) for tree in trees] == [("top", ("a",)), ("second", ("c",))]


@pytest.mark.parametrize("seed", range(30))
def test_a_tree_that_was_written_is_read_back_to_the_same_formula(seed: int) -> None:
    """Circles, negations and odd names included."""
    formula = random_formula(seed, variables=5, gates=8, circles=seed % 2 == 0, negations=seed % 2 == 1)
    p_true = dict.fromkeys(formula.variables[1:], 0.1)
    tree = only(write_fault_tree("check-out", formula, p_true))
    assert tree.name == "check-out"
    assert tree.probabilities == {name: p for name, p in p_true.items() if name in tree.formula.variables}
    if formula.coherent:
        assert minimal_sets(tree.formula) == minimal_sets(formula)
    else:
        sets = [
            {name for n, name in enumerate(formula.variables) if bits >> n & 1} for bits in range(2 ** len(formula.variables))
        ]
        assert all(evaluate(tree.formula, chosen) == evaluate(formula, chosen) for chosen in sets)


def test_names_that_the_format_does_not_allow_are_replaced_and_kept_as_labels() -> None:
    """Two names that become the same stay two events; upper and lower case are one to the format."""
    terms = Terms()
    formula = terms.formula(terms.any(*(terms.variable(name) for name in ("a.b", "a_b", "A_B", "9", "x--y", "<&>"))))
    text = write_fault_tree("top", formula, {})
    assert len(set(only(text).formula.variables)) == 6
    assert "<label>&lt;&amp;&gt;</label>" in text
    assert "<label>a.b</label>" in text


def test_all_problems_of_a_file_are_told_at_once() -> None:
    """Each with its line, what is wrong and what to write instead."""
    text = """<opsa-mef>
<define-gate name="top"><and><basic-event name="pmup"/><gate name="top2"/></and></define-gate>
<define-gate name="odd"><atleast min="3"><basic-event name="pump"/><basic-event name="pump"/></atleast></define-gate>
<define-gate name="odd"><basic-event name="pump"/></define-gate>
<define-gate name="empty"/>
<define-gate name="strange"><cardinality min="1" max="2"><basic-event name="pump"/></cardinality></define-gate>
<define-basic-event name="pump"><float value="1.5"/></define-basic-event>
<define-basic-event name="valve"><exponential><parameter name="l"/></exponential></define-basic-event>
<define-CCF-group name="both" model="beta-factor"/>
</opsa-mef>"""
    found = "\n".join(whats(text))
    for expected in (
        "tree.xml:2  unknown basic-event 'pmup'  write 'pump'",
        "tree.xml:2  unknown gate 'top2'",
        "tree.xml:3  atleast with min='3' of 2 inputs",
        "tree.xml:4  'odd' is defined twice",
        "tree.xml:5  gate 'empty' has 0 formulas",
        "tree.xml:6  <cardinality> is no gate that is read here",
        "tree.xml:7  the probability of 'pump' is '1.5'",
        "tree.xml:8  the probability of 'valve' is a <exponential>, which is not read",
        "tree.xml:9  <define-CCF-group> is not read and could change the answer",
    ):
        assert expected in found


def test_gates_in_a_circle_are_an_error_of_the_file() -> None:
    """The error shows the circle."""
    more = '<define-gate name="other"><gate name="top"/></define-gate>'
    assert any("gates in a circle: top -> other" in what for what in whats(gate('<gate name="other"/>', more)))


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("", "no well-formed XML"),
        ("<opsa-mef>", "no well-formed XML"),
        ("<html/>", "<html> is no Open-PSA model"),
        ("<opsa-mef/>", "no gate is defined"),
        ('<!DOCTYPE x [<!ENTITY a "aaaa"><!ENTITY b "&a;&a;">]><opsa-mef>&b;</opsa-mef>', "declares entities"),
        ('<!DOCTYPE x SYSTEM "file:///etc/hostname"><opsa-mef/>', "no gate is defined"),
        ("<a>" * 5000, "elements deep"),
        (gate("<xor>" + '<basic-event name="a"/>' * 3 + "</xor>"), "<xor> with 3 inputs"),
        (gate("<not/>"), "<not> with 0 inputs"),
    ],
)
def test_what_is_no_fault_tree_is_refused_in_words(text: str, expected: str) -> None:
    """Damaged and hostile files end in an error that says what to do."""
    assert any(expected in what for what in whats(text))
