"""Systems whose answers are known."""

from __future__ import annotations

from pathlib import Path

import pytest
from failures_oracle import SITUATIONS, Situation, call, system
from ruamel.yaml import YAML

from auditkit.engine import availability, blast_radius, cut_sets, single_points
from auditkit.model.system import System

each_situation = pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.title)


def named(sets: tuple[str, ...]) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(text.split()) for text in sets)


@each_situation
def test_a_failure_does_what_the_rules_say(situation: Situation) -> None:
    """Journeys and components end in the expected states, times and losses."""
    for outcome in situation.outcomes:
        radius = blast_radius(situation.system, outcome.fail, outcome.mode, outcome.assume)
        assert {id_: radius.journeys[id_] for id_ in outcome.journeys} == outcome.journeys, outcome
        assert {id_: radius.components[id_] for id_ in outcome.components} == outcome.components, outcome
        assert {id_: radius.worst_case_s[id_] for id_ in outcome.worst_case_s} == outcome.worst_case_s, outcome
        assert outcome.value_lost in (None, radius.value_lost)
        assert outcome.assumed_of is None or outcome.assumed_of in [assumption.where for assumption in radius.assumptions]


@each_situation
def test_minimal_cut_sets_are_complete_and_sorted(situation: Situation) -> None:
    """Exactly the expected sets, smallest first, then by name; and their single ones by kind."""
    for journey, expected in situation.cut_sets.items():
        (found,) = cut_sets(situation.system, journey)
        assert (found.sets, found.count, found.truncated) == (named(expected), len(expected), False)
    for journey, kinds in situation.single_points.items():
        (found,) = cut_sets(situation.system, journey)
        assert found.single_points.model_dump() == {kind: tuple(names.split()) for kind, names in kinds.items()}


@each_situation
def test_availability_is_exact(situation: Situation) -> None:
    """What is shared counts once, quorums count as quorums."""
    for journey, expected in situation.availability.items():
        assert availability(situation.system, journey) == pytest.approx(expected, abs=1e-12)


@each_situation
def test_single_points_are_proven_or_possible(situation: Situation) -> None:
    """Proven holds whatever the answers are, possible under the worst only."""
    for journey, expected in situation.certainty.items():
        assert {point.atom: point.certainty for point in single_points(situation.system, journey)} == expected


def test_the_shared_oracle_says_the_same(shared: Path) -> None:
    """Every answer of the shared file, which the situations above tell in our own words."""
    cases = YAML(typ="safe").load((shared / "oracles" / "failures.yaml").read_text())
    assert len(cases) == len(SITUATIONS)
    for case in cases:
        world, expect = System.model_validate(case["system"]), case["expect"]
        for item in expect.get("blast_radius", ()):
            radius = blast_radius(world, item["fail"], item["mode"], item.get("assume", "worst"))
            assert {id_: radius.journeys[id_] for id_ in item.get("journeys", ())} == item.get("journeys", {}), item
            assert {id_: radius.components[id_] for id_ in item.get("components", ())} == item.get("components", {}), item
            times = {id_: radius.worst_case_s[id_] * 1000 for id_ in item.get("worst_case_ms", ())}
            assert times == pytest.approx(item.get("worst_case_ms", {}))
            assert item.get("value_lost", radius.value_lost) == radius.value_lost
            said = " ".join(f"{assumption.where} {assumption.what}" for assumption in radius.assumptions)
            assert all(word in said for word in item.get("assumptions_mention", ()))
        for journey, sets in expect.get("cut_sets", {}).items():
            assert [list(cut) for cut in cut_sets(world, journey)[0].sets] == sets
        for journey, kinds in expect.get("single_points", {}).items():
            points = cut_sets(world, journey)[0].single_points.model_dump()
            assert {kind: list(points[kind]) for kind in kinds} == kinds
        for journey, expected in expect.get("availability", {}).items():
            assert availability(world, journey) == pytest.approx(expected, abs=1e-12)
        for atom, certainty in expect.get("certainty", {}).get("single_point_of_failure", {}).items():
            found = {point.atom: point.certainty for trip in world.journeys for point in single_points(world, trip.id)}
            assert found[atom] == certainty


def test_a_missing_fact_is_an_assumption_only_where_it_is_used() -> None:
    """The failure of something else does not bring up a question about ads."""
    shop = system("api ads", [call("api > ads", None)], {"page": "api"})
    assert [assumption.where for assumption in blast_radius(shop, ["ads"]).assumptions] == ["api -> ads"]
    assert blast_radius(shop, ["api"]).assumptions == ()
