"""Explanations: each is sufficient, names all of a minimal cut set, and reads like a sentence."""

from __future__ import annotations

import itertools

import pytest
from random_systems import random_profiles, random_system
from small_worlds import BOUNDED, world

from auditkit.engine import blast_radius, cut_sets
from auditkit.engine.explain import explain, explain_all
from auditkit.errors import InputError
from auditkit.model.failure import State


@pytest.mark.parametrize("mode", ["down", "slow"])
@pytest.mark.parametrize("assume", ["worst", "best"])
def test_the_explanation_of_a_minimal_cut_set_names_all_of_it(mode, assume):
    """On random systems with every feature: the atoms that the reasons start from are the cut set, no more and no fewer."""
    told = 0
    for seed in range(30):
        system = random_system(seed)
        profiles = random_profiles(seed, system)
        for found in cut_sets(system, mode=mode, assume=assume, profiles=profiles):
            sets = [cut for cut in found.sets if cut]
            reasons = explain_all(system, [(cut, found.journey) for cut in sets], mode, assume, profiles)
            for cut, why in zip(sets, reasons, strict=True):
                assert why.state >= State.FAILED, (seed, cut)
                assert why.atoms == tuple(sorted(cut)), (seed, found.journey, cut, why.sentence)
                told += 1
    assert told > 100


@pytest.mark.parametrize("mode", ["down", "slow"])
def test_what_an_explanation_starts_from_is_enough(mode):
    """When everything fails, the few atoms that are named bring the journey to the same state by themselves."""
    for seed in range(60):
        system = random_system(seed)
        everything = [component.id for component in system.components] + [cause.id for cause in system.common_causes]
        for journey in system.journeys:
            why = explain(system, everything, journey.id, mode)
            again = explain(system, why.atoms, journey.id, mode)
            assert again.state >= why.state, (seed, why.sentence)
            assert all(position < index for index, step in enumerate(why.steps) for position in step.because)


@pytest.mark.parametrize("mode", ["down", "slow"])
def test_the_state_is_that_of_the_blast_radius(mode):
    """An explanation explains what the engine says, lateness apart."""
    for seed in range(40):
        system = random_system(seed)
        for component in system.components:
            radius = blast_radius(system, [component.id], mode)
            for journey in system.journeys:
                state = radius.journeys[journey.id]
                why = explain(system, [component.id], journey.id, mode)
                assert why.state == state or state == State.LATE, (seed, component.id)


def said(dependencies, fail, mode="down", components=None, assume="worst", **journey):
    system = world(dependencies, components, **journey)
    return explain(system, fail, "buy", mode, assume).sentence


def test_a_call_without_timeout():
    """The fallback is never reached."""
    calls = [{"from": "api:home", "to": "ads", "on_failure": "degrade", "policy": {"timeout": "none"}}]
    assert said(calls, ["ads"], "slow", entry="api:home") == (
        "ads hangs → api:home hangs: no timeout on api:home -> ads (its fallback is never reached) → buy hangs"
    )


def test_an_unknown_answer_is_named_as_what_it_is_counted_as():
    """on_failure and timeout unknown: counted as the worst."""
    calls = [{"from": "api", "to": "ads"}]
    assert (
        said(calls, ["ads"]) == "ads fails → api fails: api -> ads fails, and on_failure is unknown, counted as fail → buy fails"
    )
    assert "the timeout of api -> ads is unknown, counted as none" in said(calls, ["ads"], "slow")
    assert said(calls, ["ads"], assume="best") == "buy is ok"


def test_workers_are_exhausted_with_figures():
    """50/s x 2 s hold 100 of 60 workers; without a figure nothing bounds them."""
    bounded = {"from": "api:a", "to": "slow", "on_failure": "ignore", "rate": "50/s", "policy": {**BOUNDED, "timeout": "2s"}}
    calls = [bounded, {"from": "api:b", "to": "db", "on_failure": "fail", "policy": BOUNDED}]
    text = said(calls, ["slow"], "slow", {"api": {"concurrency": 60, "instances": 1}}, entry="api:b")
    assert (
        text == "slow hangs → api hangs: hung calls hold more than the 60 workers of an instance: api:a -> slow 100 → buy hangs"
    )
    assert "nobody has told how many workers it has" in said(calls, ["slow"], "slow", entry="api:b")


def test_two_alternatives_of_one_group():
    """Both are named before what follows from them."""
    calls = [{"from": "api", "to": ["app1", "app2"], "on_failure": "fail", "policy": BOUNDED}]
    assert said(calls, ["app1", "app2"]) == (
        "app1 fails; app2 fails → api fails: app1 fails and app2 fails, and 1 of 2 must be up in api -> app1|app2, "
        "and on_failure is fail → buy fails"
    )


def test_a_zone_takes_instances_below_what_must_be_up():
    """The domain is the beginning, the figures are the reason."""
    text = said([], ["z1"], components={"api": {"instances": 3, "min_up": 2, "placement": {"z1": 2, "z2": 1}}})
    assert text == "z1 is down → api fails: 1 of its 3 instances are left without z1, 2 must be up → buy fails"


def test_manual_failover_and_a_fallback_that_fails_too():
    """Manual redundancy does not count; the alternative's failure is part of the reason."""
    text = said(
        [], ["z1"], components={"api": {"instances": 2, "min_up": 1, "failover": "manual", "placement": {"z1": 1, "z2": 1}}}
    )
    assert "failover is manual" in text
    calls = [
        {"from": "api", "to": "db", "on_failure": "degrade", "policy": BOUNDED, "fallback": {"alternatives": [{"to": "redis"}]}},
    ]
    text = said(calls, ["db", "redis"])
    assert "and its fallback has nothing left: redis fails" in text


def test_a_long_way_is_shortened_in_the_middle():
    """Forty calls in a row: beginning and end are told, and how much is left out."""
    names = ["api", *(f"s{n}" for n in range(40))]
    calls = [{"from": a, "to": b, "on_failure": "fail"} for a, b in itertools.pairwise(names)]
    text = said(calls, ["s39"])
    assert text.startswith("s39 fails → s38 fails")
    assert "(30 more steps)" in text
    assert text.endswith("→ buy fails")


def test_unknown_names_are_refused():
    """With the nearest one."""
    with pytest.raises(InputError, match="write 'api'"):
        explain(world([]), ["apii"], "buy")
    with pytest.raises(InputError, match="write 'buy'"):
        explain(world([]), ["api"], "by")
