"""The command line gives exactly the expected answers, for systems written down as a user would write them."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli import auditkit
from failures_oracle import SITUATIONS, Situation
from ruamel.yaml import YAML

from auditkit.engine import blast_radius
from auditkit.importers import dump_yaml


def folder_of(situation: Situation, place: Path) -> Path:
    place.mkdir()
    (place / "system.yaml").write_text(dump_yaml(situation.system), encoding="utf-8")
    return place


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda s: s.title)
def test_commands_answer_as_the_rules_say(situation: Situation, tmp_path: Path) -> None:
    """Blast radius, cut sets, kinds of single points, probability, certainty."""
    audit = folder_of(situation, tmp_path / "audit")
    for outcome in situation.outcomes:
        if not outcome.fail:
            radius = blast_radius(situation.system, (), outcome.mode)
            assert {name: radius.journeys[name] for name in outcome.journeys} == outcome.journeys
            continue
        fails = [word for atom in outcome.fail for word in ("--fail", atom)]
        ran = auditkit("blast-radius", audit, *fails, "--mode", outcome.mode, "--assume", outcome.assume, "--json")
        (scenario,) = ran.json["scenarios"]
        assert scenario["fail"] == sorted(outcome.fail)
        assert {name: scenario["journeys"][name] for name in outcome.journeys} == outcome.journeys
        assert {name: scenario["components"][name] for name in outcome.components} == outcome.components
        times = {name: scenario["worst_case_ms"][name] for name in outcome.worst_case_s}
        assert times == {name: seconds * 1000 for name, seconds in outcome.worst_case_s.items()}
        assert outcome.value_lost in (None, scenario["value_lost"])
        assert outcome.assumed_of is None or outcome.assumed_of in [a["where"] for a in scenario["assumptions"]]
    journeys = {j["id"]: j for j in auditkit("cut-sets", audit, "--json").json["journeys"]}
    for journey, sets in situation.cut_sets.items():
        assert journeys[journey]["cut_sets"] == [text.split() for text in sets]
        assert journeys[journey]["count"] == len(sets)
    for journey, kinds in situation.single_points.items():
        assert journeys[journey]["single_points"] == {kind: names.split() for kind, names in kinds.items()}
    for journey, available in situation.availability.items():
        assert 1 - journeys[journey]["p_failed"] == pytest.approx(available, abs=1e-12)
    found = {
        (f["subject"], f["certainty"])
        for f in auditkit("check", audit, "--json").json["findings"]
        if f["check"] == "single_point_of_failure"
    }
    assert found >= {item for certain in situation.certainty.values() for item in certain.items()}


def test_the_shared_oracle_comes_out_through_the_command_line(shared: Path, tmp_path: Path) -> None:
    """Every system of the shared file, its text unchanged."""
    yaml = YAML(typ="safe")
    for number, case in enumerate(yaml.load((shared / "oracles" / "failures.yaml").read_text(encoding="utf-8"))):
        audit = tmp_path / str(number)
        audit.mkdir()
        with (audit / "system.yaml").open("w", encoding="utf-8") as stream:
            YAML().dump(case["system"], stream)
        for item in case["expect"].get("blast_radius", ()):
            if not item["fail"]:
                continue
            fails = [word for atom in item["fail"] for word in ("--fail", atom)]
            ran = auditkit(
                "blast-radius", audit, *fails, "--mode", item["mode"], "--assume", item.get("assume", "worst"), "--json"
            )
            (scenario,) = ran.json["scenarios"]
            for key in ("journeys", "components", "worst_case_ms"):
                assert {name: scenario[key][name] for name in item.get(key, ())} == item.get(key, {}), (case["title"], item)
            assert item.get("value_lost", scenario["value_lost"]) == scenario["value_lost"]
            said = " ".join(f"{a['where']} {a['what']}" for a in scenario["assumptions"])
            assert all(word in said for word in item.get("assumptions_mention", ()))
        journeys = {j["id"]: j for j in auditkit("cut-sets", audit, "--json").json["journeys"]}
        for journey, sets in case["expect"].get("cut_sets", {}).items():
            assert journeys[journey]["cut_sets"] == sets
        for journey, available in case["expect"].get("availability", {}).items():
            assert 1 - journeys[journey]["p_failed"] == pytest.approx(available, abs=1e-12)
