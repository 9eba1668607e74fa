"""`auditkit cut-sets FILE.xml`: fault trees of other tools from the command line."""

from __future__ import annotations

import pytest
from cli import auditkit
from test_diagrams_fault_trees import ARALIA, TWO_TRAIN

XOR = """<opsa-mef><define-gate name="top"><xor><basic-event name="a"/><basic-event name="b"/></xor></define-gate>
<define-basic-event name="a"><float value="0.5"/></define-basic-event>
<define-basic-event name="b"><float value="0.1"/></define-basic-event></opsa-mef>"""


@pytest.mark.parametrize("name", [name for name, (count, _) in ARALIA.items() if count])
def test_published_trees_have_their_published_answers(shared, name):
    """Count and probability are exact whatever `--max-order`; the list stops there."""
    (top,) = auditkit("cut-sets", shared / f"data/fault_trees/{name}.xml", "--max-order", "1", "--json").json["journeys"]
    count, p_top = ARALIA[name]
    assert top["count"] == count
    assert f"{top['p_failed']:.6g}" == f"{p_top:.6g}"
    assert all(len(cut) == 1 for cut in top["cut_sets"])
    assert top["truncated"]


def test_the_published_tree_with_negations_is_refused_in_words(shared):
    """das9601: exit code 2, its exact probability, no traceback, nothing on stdout."""
    ran = auditkit("cut-sets", shared / "data/fault_trees/das9601.xml", "--json")
    assert (ran.code, ran.out) == (2, "")
    assert "not or xor gates" in ran.err
    assert "0.0042344" in ran.err
    assert "Traceback" not in ran.err


def test_two_trains_from_the_command_line(tmp_path):
    """SCRAM's tests/risk_analysis_tests.cc: 0.646 and four pairs; importance of every pump and valve."""
    file = tmp_path / "two-train.xml"
    file.write_text(TWO_TRAIN)
    (top,) = auditkit("cut-sets", file, "--json").json["journeys"]
    assert (top["id"], top["count"], top["truncated"]) == ("top", 4, False)
    assert top["p_failed"] == pytest.approx(0.646, rel=1e-12)
    assert [len(cut) for cut in top["cut_sets"]] == [2, 2, 2, 2]
    assert {item["atom"] for item in top["importance"]} == {"PumpOne", "PumpTwo", "ValveOne", "ValveTwo"}
    plain = auditkit("cut-sets", file)
    assert plain.code == 0
    assert "0.646" in plain.out + plain.err or "64.6" in plain.out + plain.err


def test_a_tree_with_xor_states_its_probability(tmp_path):
    """0.5 x 0.9 + 0.5 x 0.1 = 0.5, and no cut sets."""
    file = tmp_path / "xor.xml"
    file.write_text(XOR)
    ran = auditkit("cut-sets", file)
    assert ran.code == 2
    assert "exact probability, which is 0.5" in ran.err


@pytest.mark.parametrize(
    ("text", "said"), [("<html/>", "no Open-PSA model"), ("", "no well-formed XML"), ("<opsa-mef/>", "no gate")]
)
def test_what_is_no_fault_tree_is_refused_in_words(tmp_path, text, said):
    """Exit code 2, one line a problem, with the file."""
    file = tmp_path / "bad.xml"
    file.write_text(text)
    ran = auditkit("cut-sets", file, "--json")
    assert (ran.code, ran.out) == (2, "")
    assert said in ran.err
    assert "bad.xml" in ran.err
    assert "Traceback" not in ran.err
