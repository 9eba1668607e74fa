"""Checks on failures together, on what is shared, on what is optional, and on objectives: fires, silent, explained."""

from __future__ import annotations

import pytest
from small_worlds import BOUNDED, EMPTY, run, world

from auditkit.checks import CHECKS

HARD = {"on_failure": "fail", "policy": BOUNDED}
SOFT = {"on_failure": "degrade", "fallback": {"kind": "static"}, "policy": {**BOUNDED, "bulkhead": {"max_concurrent": 4}}}
NAMES = ("small_cut_set", "shared_fate", "false_redundancy", "hard_need_of_optional", "dependency_cycle", "slo_ceiling")
PAIR = [{"from": "api", "to": ["a", "b"], **HARD}]
ENOUGH = {"api": {"concurrency": 100}}


def check(name, dependencies, components=None, **journey):
    return run(CHECKS[name], world(dependencies, components, **journey))


@pytest.mark.parametrize("name", NAMES)
def test_an_empty_system_has_none_of_these(name):
    """Nothing described, nothing found."""
    assert run(CHECKS[name], EMPTY) == ()


@pytest.mark.parametrize("name", NAMES)
def test_a_component_alone_has_none_of_these(name):
    """One component, one journey, no call, an objective that it keeps."""
    assert check(name, [], {"api": {"availability": "99.9%"}}, slo="99%") == ()


def test_a_pair_is_found_with_its_probability_and_its_way():
    """Two servers at 99 %: both at once 0.01 % of the time; the sentence names both."""
    known = {name: {"availability": "99%"} for name in ("a", "b")}
    down = check("small_cut_set", PAIR, known)[0]
    assert (down.subject, down.certainty) == ("buy", "proven")
    assert down.title == "1 pair stop buy together; first: a and b"
    assert "a and b: both at once 0.01 % of the time" in down.evidence
    assert any(line.startswith("how: a fails; b fails → api fails") for line in down.evidence)


def test_single_points_are_no_small_cut_sets():
    """A chain has single points only."""
    assert check("small_cut_set", [{"from": "api", "to": "db", **HARD}]) == ()


def test_cut_sets_that_depend_on_an_answer_are_possible():
    """Nobody has told what the caller does without both."""
    found = check("small_cut_set", [{"from": "api", "to": ["a", "b"], "policy": BOUNDED}])
    assert {f.certainty for f in found} == {"possible"}


def test_a_journey_that_is_too_entangled_says_so():
    """Beyond the limit the finding tells up to which order it is complete, never nothing."""
    calls = [{"from": f"s{a}", "to": [f"s{a * 7 % 120 + 1}", f"s{a * 11 % 120 + 1}"], **HARD} for a in range(1, 121)]
    found = check("small_cut_set", [{"from": "api", "to": ["s1", "s2"], **HARD}, *calls])
    assert found


def test_two_servers_in_one_zone_share_their_fate():
    """Neither stops the journey alone, the zone does."""
    zone = {name: {"instances": 1, "placement": {"z1": 1}} for name in "ab"}
    (found,) = check("shared_fate", PAIR, zone)
    assert (found.subject, found.certainty) == ("z1", "proven")
    assert found.title == "z1 takes a and b at once and stops buy"
    assert any(line.startswith("how: z1 is down") for line in found.evidence)


def test_two_zones_do_not_share_fate():
    """One each."""
    apart = {"a": {"instances": 1, "placement": {"z1": 1}}, "b": {"instances": 1, "placement": {"z2": 1}}}
    assert check("shared_fate", PAIR, apart) == ()


def test_a_database_below_both_servers_is_false_redundancy():
    """It is named, as proven; servers with a database each are not."""
    (found,) = check("false_redundancy", [*PAIR, *({"from": x, "to": "db", **HARD} for x in "ab")])
    assert (found.subject, found.certainty) == ("api -> a|b", "proven")
    assert found.title == "a and b are redundant on paper: db alone defeats them"
    assert check("false_redundancy", [*PAIR, *({"from": x, "to": f"db-{x}", **HARD} for x in "ab")]) == ()


def test_an_optional_call_without_timeout_is_needed_when_slow():
    """The way is told; with a timeout and a bulkhead the claim holds."""
    endless = {**SOFT, "policy": {"timeout": "none"}}
    (found,) = check("hard_need_of_optional", [{"from": "api", "to": "ads", **endless}], ENOUGH)
    assert (found.subject, found.certainty) == ("api -> ads", "proven")
    assert found.title.endswith("stops buy when slow")
    assert "no timeout on api -> ads" in " ".join(found.evidence)
    assert check("hard_need_of_optional", [{"from": "api", "to": "ads", **SOFT}], ENOUGH) == ()


def test_a_required_cache_is_no_cache():
    """Of kind cache, and the answer fails without it."""
    (found,) = check("hard_need_of_optional", [{"from": "api", "to": "redis", **HARD}], {"redis": {"kind": "cache"}, **ENOUGH})
    assert "kind cache" in " ".join(found.evidence)


def test_a_circle_of_calls_is_found_with_its_shortest_way():
    """Three in a circle; asynchronous it is none; other operations make none."""
    circle = [{"from": "api", "to": "a", **HARD}, {"from": "a", "to": "b", **HARD}, {"from": "b", "to": "api", **HARD}]
    (found,) = check("dependency_cycle", circle)
    assert (found.subject, found.certainty) == ("a|api|b", "proven")
    assert found.evidence[0].startswith("shortest circle: a → b → api → a; each fails when any other does")
    assert check("dependency_cycle", [*circle[:2], {"from": "b", "to": "api", "call": "async"}]) == ()
    assert check("dependency_cycle", [{"from": "api:x", "to": "a:y", **HARD}, {"from": "a:z", "to": "api:w", **HARD}]) == ()


def test_a_circle_that_a_fallback_softens_is_less_grave():
    """An answer that degrades stands between them."""
    hard = [{"from": "api", "to": "a", **HARD}, {"from": "a", "to": "api", **HARD}]
    soft = [hard[0], {"from": "a", "to": "api", **SOFT}]
    assert check("dependency_cycle", hard)[0].severity == "high"
    assert check("dependency_cycle", soft)[0].severity == "medium"


def test_an_objective_above_the_ceiling():
    """99.9 % promised, 99.8001 % possible; each part costs 43.2 minutes less what overlaps."""
    known = {"api": {"availability": "99.9%"}, "db": {"availability": "99.9%"}}
    (found,) = check("slo_ceiling", [{"from": "api", "to": "db", **HARD}], known, slo="99.9%")
    assert found.certainty == "proven"
    assert found.title == "buy promises 99.9 %; its parts allow 99.8 % at best"
    assert found.evidence[0] == "at least 86.4 minutes a month of 30 days are lost, 43.2 are allowed"
    assert "db costs 43.2 minutes a month" in found.evidence


def test_an_objective_within_reach_is_no_finding_and_an_unknown_one_is():
    """Known and good enough: silent. Unknown availability: nobody can tell. No objective: silent."""
    call = [{"from": "api", "to": "db", **HARD}]
    good = {"api": {"availability": "99.99%"}, "db": {"availability": "99.99%"}}
    assert check("slo_ceiling", call, good, slo="99.9%") == ()
    (found,) = check("slo_ceiling", call, {"api": {"availability": "99.99%"}}, slo="99.9%")
    assert (found.certainty, found.severity) == ("possible", "low")
    assert "availability unknown, counted as perfect: db" in found.evidence
    assert check("slo_ceiling", call, good) == ()


def test_a_single_point_tells_its_way():
    """The evidence holds the sentence from the atom to the journey."""
    found = check("single_point_of_failure", [{"from": "api", "to": "db", **HARD}], {"db": {"instances": 1}})
    lines = next(f.evidence for f in found if f.subject == "db")
    assert "how: db fails → api fails: api -> db fails, and on_failure is fail → buy fails" in lines
