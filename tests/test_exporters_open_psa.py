"""Journeys as Open-PSA fault trees: what is exported and read back has the same answers."""

from __future__ import annotations

import shutil
import subprocess

import pytest
from cli import auditkit
from random_systems import random_system
from small_worlds import BOUNDED, EMPTY, world

from auditkit.engine import cut_sets, fault_tree_cut_sets, read_fault_trees
from auditkit.exporters import EXPORTERS

SHOP = world(
    [
        {"from": "api", "to": ["app1", "app2"], "on_failure": "fail", "policy": BOUNDED},
        {"from": "app1", "to": "db", "on_failure": "fail", "policy": BOUNDED},
        {"from": "app2", "to": "db", "on_failure": "fail", "policy": BOUNDED},
    ],
    {name: {"availability": "99%"} for name in ("api", "app1", "app2", "db")},
)


def exported(system):
    return EXPORTERS["open-psa"].export(system, None)


def test_a_journey_read_back_has_the_same_count_and_probability():
    """api, db, or both servers: 1 - 0.99 x 0.99 x (1 - 0.0001), and no gap."""
    (artifact,), gaps = exported(SHOP)
    assert (artifact.path, gaps) == ("open-psa/buy.xml", ())
    found = fault_tree_cut_sets(*read_fault_trees(artifact.content.decode(), artifact.path))
    assert found.sets == (("api",), ("db",), ("app1", "app2"))
    assert found.p_failed == pytest.approx(1 - 0.99**2 * (1 - 1e-4), rel=1e-12)


@pytest.mark.parametrize("seed", range(40))
def test_any_system_read_back_has_the_same_answers(seed):
    """Circles, shared causes, zones and odd availabilities: same count, same probability, unknown ones as gaps."""
    system = random_system(seed)
    artifacts, gaps = exported(system)
    assert len(artifacts) == len(system.journeys)
    for artifact, ours in zip(artifacts, cut_sets(system), strict=True):
        (tree,) = read_fault_trees(artifact.content.decode(), artifact.path)
        theirs = fault_tree_cut_sets(tree)
        assert (theirs.count, theirs.journey) == (ours.count, ours.journey)
        assert theirs.p_failed == ours.p_failed
        unknown = [name for name in tree.formula.variables if name not in tree.probabilities]
        told = [gap for gap in gaps if gap.where == ours.journey]
        assert len(told) == bool(unknown)
        assert all(name in told[0].what for name in unknown)


def test_without_journeys_there_is_nothing_to_export_but_a_word():
    """A gap, no file."""
    artifacts, gaps = exported(EMPTY)
    assert artifacts == ()
    assert "no journey is known" in gaps[0].what


def test_the_exported_file_is_read_from_the_command_line(tmp_path):
    """`auditkit cut-sets` on the file that was exported."""
    (artifact,), _ = exported(SHOP)
    file = tmp_path / "buy.xml"
    file.write_bytes(artifact.content)
    (journey,) = auditkit("cut-sets", file, "--json").json["journeys"]
    assert (journey["id"], journey["count"]) == ("buy", 3)


@pytest.mark.skipif(shutil.which("scram") is None, reason="SCRAM (apt-get install scram), the independent judge, is not here")
def test_scram_finds_the_same_probability(tmp_path):
    """Another tool, on the file that was exported."""
    (artifact,), _ = exported(SHOP)
    file = tmp_path / "buy.xml"
    file.write_bytes(artifact.content)
    ran = subprocess.run(["scram", "--bdd", "--probability", "1", file], capture_output=True, text=True, check=True)
    assert 'probability="0.019998' in ran.stdout
