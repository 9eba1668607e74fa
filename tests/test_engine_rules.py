"""The rules of failure one by one, where the known systems leave a corner untouched."""

from __future__ import annotations

import pytest
from failures_oracle import call, stand_in, system
from random_systems import flat_profile

from auditkit.engine import atoms, blast_radius, cut_sets, journeys, questions, single_failures
from auditkit.engine.blast import of_structure
from auditkit.engine.structure import build
from auditkit.errors import InputError, LimitReached
from auditkit.model.system import System


def hung_home(system: System, *fail: str, assume: str = "worst", **more: object) -> str:
    """What becomes of the journey `home` when these are slow."""
    return blast_radius(system, fail, "slow", assume, **more).journeys["home"]  # type: ignore[arg-type]


def test_a_domain_and_a_cause_of_one_name_are_one_atom() -> None:
    """Failing the zone removes instances and takes what the cause affects."""
    shop = system(
        [{"id": "api", "instances": 2, "placement": {"zone-a": 1, "zone-b": 1}}, "db"],
        [],
        {"home": "api"},
        [{"id": "zone-a", "kind": "zone", "affects": ["db"]}],
    )
    assert [(atom.id, atom.kind) for atom in atoms(shop)] == [
        ("api", "component"),
        ("db", "component"),
        ("zone-a", "cause"),
        ("zone-b", "domain"),
    ]
    assert blast_radius(shop, ["zone-a"]).components == {"api": "ok", "db": "failed"}


@pytest.mark.parametrize(("failover", "state"), [("manual", "failed"), ("automatic", "ok"), ("unknown", "ok")])
def test_redundancy_that_somebody_must_switch_does_not_count(failover: str, state: str) -> None:
    """With failover by hand the loss of any instance is the loss of all; unknown failover counts, and is called claimed."""
    db = {"id": "db", "instances": 2, "min_up": 1, "placement": {"a": 1, "b": 1}, "failover": failover}
    radius = blast_radius(system([db], [], {"home": "db"}), ["a"])
    assert radius.journeys["home"] == state
    assert [("claimed" in assumption.what) for assumption in radius.assumptions] == ([True] if failover == "unknown" else [])


def test_a_slow_domain_hangs_what_it_takes() -> None:
    """The component takes the state of the atom, not always failed."""
    api = {"id": "api", "instances": 1, "placement": {"a": 1}}
    assert hung_home(system([api], [], {"home": "api"}), "a") == "hung"


def test_a_bare_name_is_the_worst_of_its_operations() -> None:
    """Who calls or enters the bare name feels the operation that is worst; another operation stays as it is."""
    shop = system(
        "web api db",
        [call("api:write > db"), call("web > api"), call("web:read > api:read")],
        {"whole": "api", "read": "api:read", "caller": "web"},
    )
    radius = blast_radius(shop, ["db"])
    assert radius.journeys == {"whole": "failed", "read": "ok", "caller": "failed"}
    assert radius.components["api"] == "failed"


@pytest.mark.parametrize(("on_failure", "state"), [("fail", "degraded"), ("degrade", "degraded"), ("ignore", "ok")])
def test_a_degraded_callee_degrades_unless_ignored(on_failure: str, state: str) -> None:
    """Degraded answers are passed on."""
    shop = system("web api ads", [call("web > api", on_failure), call("api > ads", "degrade")], {"home": "web"})
    assert blast_radius(shop, ["ads"]).journeys["home"] == state


def test_a_redundant_member_without_timeout_hangs_everybody() -> None:
    """Two of three would do, but the third never answers."""
    shop = system("lb a b c", [call("lb > a | b | c", at_least=2)], {"home": "lb"})
    assert hung_home(shop, "c") == "hung"
    bounded = system("lb a b c", [call("lb > a | b | c", "fail", "1s", 5, at_least=2)], {"home": "lb"})
    assert hung_home(bounded, "c") == "ok"
    assert hung_home(bounded, "b", "c") == "failed"


def test_alternatives_are_tried_in_order() -> None:
    """A slow alternative behind one that serves is never reached."""
    quick = {"policy": {"timeout": "10ms", "bulkhead": {"max_concurrent": 1}}}
    shop = system(
        "web api first second",
        [call("web > api", "degrade", "1s", 5, fallback=stand_in({"to": "first", **quick}, "second"))],
        {"home": "web"},
    )
    assert hung_home(shop, "api", "second") == "degraded"
    assert hung_home(shop, "api", "first") == "degraded"
    assert hung_home(shop, "api", "first", "second") == "hung"


def test_an_alternative_in_use_holds_workers_too() -> None:
    """10 workers of the primary and 40 of the alternative are more than 45, but only when the primary has failed."""
    api = {"id": "api", "concurrency": 45}
    redis = {"to": "redis", "policy": {"timeout": "400ms"}}
    shop = system(
        [api, "prices", "redis"],
        [call("api > prices", "degrade", "100ms", rate="100/s", fallback=stand_in(redis))],
        {"home": "api"},
    )
    assert hung_home(shop, "redis") == "ok"
    assert hung_home(shop, "prices") == "degraded"
    assert hung_home(shop, "prices", "redis") == "hung"


def test_the_pool_may_be_filled_to_the_last_worker() -> None:
    """A sum that equals the pool fits, whatever rounding does to it."""
    for workers, state in ((30, "degraded"), (29, "hung")):
        shop = system(
            [{"id": "api", "concurrency": workers}, "a", "b", "c"],
            [call(f"api > {to}", "degrade", "100ms", rate="100/s") for to in "abc"],
            {"home": "api"},
        )
        assert hung_home(shop, "a", "b", "c") == state


def test_healthy_calls_take_their_share_of_the_pool() -> None:
    """40 held and 20 busy are more than 50; nobody is exhausted while nothing hangs."""
    shop = system(
        [{"id": "api", "concurrency": 50, "instances": 1}, "a", "b"],
        [call("api > a", "degrade", "400ms", rate="100/s"), call("api > b", "degrade", "1s", rate="100/s")],
        {"home": "api"},
    )
    profiles = {"api -> b": flat_profile("api", "b", None, 0.2)}
    assert hung_home(shop, "a") == "degraded"
    assert hung_home(shop, "a", profiles=profiles) == "hung"
    assert blast_radius(shop, [], "slow", profiles={"api -> b": flat_profile("api", "b", None, 5.0)}).journeys["home"] == "ok"
    said = [assumption.what for assumption in blast_radius(shop, ["a"], "slow").assumptions]
    assert said == ["mean latency is unknown: counted as 0"]


def test_unknown_concurrency_is_exhausted_by_one_call_without_bulkhead() -> None:
    """`none` means the same, under the best answers too."""
    for stated, best in (({}, "degraded"), ({"concurrency": "none"}, "hung")):
        shop = system([{"id": "api", **stated}, "a"], [call("api > a", "degrade", "100ms", rate="1/s")], {"home": "api"})
        assert (hung_home(shop, "a"), hung_home(shop, "a", assume="best")) == ("hung", best)


def test_an_unknown_rate_is_bounded_by_the_bulkhead_alone() -> None:
    """Without a bulkhead it is unbounded; under the best answers it is contained."""
    for bulkhead, worst in ((None, "hung"), (20, "degraded"), (60, "hung")):
        shop = system([{"id": "api", "concurrency": 50}, "a"], [call("api > a", "degrade", "100ms", bulkhead)], {"home": "api"})
        assert (hung_home(shop, "a"), hung_home(shop, "a", assume="best")) == (worst, "degraded")


def test_a_stated_absence_of_a_timeout_is_no_open_question() -> None:
    """`none` hangs under the best answers, a missing timeout does not."""
    none = system("api a", [call("api > a", "ignore", "none")], {"home": "api"})
    missing = system("api a", [call("api > a", "ignore")], {"home": "api"})
    assert (hung_home(none, "a", assume="best"), hung_home(missing, "a", assume="best")) == ("hung", "ok")


def test_asynchronous_calls_never_matter() -> None:
    """Neither failed nor hung, nor with an open question."""
    shop = system("api a", [call("api > a", None, call="async")], {"home": "api"})
    assert hung_home(shop, "a") == "ok"
    assert questions(shop) == ()


def test_down_never_hangs() -> None:
    """A component that is down answers quickly, with an error."""
    shop = system("api a", [call("api > a", "fail", "none")], {"home": "api"})
    assert blast_radius(shop, ["a"]).journeys["home"] == "failed"


def late(dependencies: list[dict[str, object]], *fail: str, **more: object) -> float | None:
    """The answer time of `home` with a deadline of half a second."""
    shop = system("api a b c", dependencies, {"home": {"entry": "api", "deadline": "500ms"}})
    return blast_radius(shop, fail, "slow", **more).worst_case_s.get("home")  # type: ignore[arg-type]


def test_a_dependency_without_stage_is_a_step_of_its_own() -> None:
    """Two unstaged ones and a pair in stage 1: three steps."""
    pool = 5
    dependencies = [
        call("api > a", "ignore", "100ms", pool),
        call("api > b", "ignore", "200ms", pool, stage=1),
        call("api > c", "ignore", "300ms", pool, stage=1),
        call("api > a", "ignore", "50ms", pool),
    ]
    assert late(dependencies, "a", "b", "c") == 0.45


def test_alternatives_add_their_time_up_to_the_one_that_serves() -> None:
    """200 ms for the primary, 100 ms for the slow alternative; the third serves at once."""
    slow = {"to": "b", "policy": {"timeout": "100ms", "bulkhead": {"max_concurrent": 5}}}
    dependencies = [call("api > a", "degrade", "200ms", 5, fallback=stand_in(slow, "c"))]
    assert late(dependencies, "a") == 0.2
    assert late(dependencies, "a", "b") == 0.3


def test_what_is_slow_further_down_counts_until_a_timeout_cuts_it() -> None:
    """The caller waits for its callee's worst case, at most its own timeout."""
    below = call("a > b", "ignore", "400ms", 5)
    assert late([call("api > a", "fail", "1s"), below], "b") == 0.4
    assert late([call("api > a", "fail", "300ms"), below], "b") == 0.3
    assert late([call("api > a", "fail"), below], "b") == 0.4


def test_a_circle_is_walked_once() -> None:
    """api -> a -> b -> api: the last call meets api again and costs its p99 only."""
    dependencies = [call("api > a"), call("a > b"), call("b > api"), call("b > c", "ignore", "100ms", 5)]
    assert late(dependencies, "c") == 0.1
    profiles = {p.call: p for p in (flat_profile("b", "api", None, 0.02), flat_profile("api", "a", None, 0.05))}
    assert late(dependencies, "c", profiles=profiles) == 0.12


def test_a_circle_with_too_many_paths_is_bounded_and_said() -> None:
    """Twelve services that all call each other and a slow database: 12 x 50 ms on the longest path, and as a bound."""
    ids = [f"s{n}" for n in range(12)]
    dependencies = [call(f"{a} > {b}", "ignore", "10s", 5, stage=1) for a in ids for b in ids if a != b]
    dependencies += [call(f"{a} > db", "ignore", "50ms", 5, stage=2) for a in ids]
    shop = system([*ids, "db"], dependencies, {"home": {"entry": "s0", "deadline": "1s"}})
    radius = blast_radius(shop, ["db"], "slow")
    assert radius.worst_case_s["home"] == pytest.approx(0.6)
    assert any("circle" in assumption.what for assumption in radius.assumptions)


def test_a_missing_stage_is_named_where_a_deadline_makes_it_matter() -> None:
    """Two calls without stage: an assumption with the deadline, none without."""
    dependencies = [call("api > a", "ignore", "100ms", 5, rate="1/s"), call("api > b", "ignore", "100ms", 5, rate="1/s")]
    api = {"id": "api", "concurrency": 50, "instances": 1}
    for deadline, expected in (("1s", True), ("none", False)):
        shop = system([api, "a", "b"], dependencies, {"home": {"entry": "api", "deadline": deadline}})
        said = blast_radius(shop, ["a"], "slow").assumptions
        assert any("stage" in assumption.what for assumption in said) is expected


def test_value_is_lost_by_failed_late_and_hung_journeys() -> None:
    """As a share of all value; nothing is lost where nothing has value."""
    shop = system("a b", [], {"one": {"entry": "a", "value": 3}, "two": {"entry": "b", "value": 1}})
    assert blast_radius(shop, ["a"]).value_lost == 0.75
    assert blast_radius(system("a", [], {"one": {"entry": "a", "value": 0}}), ["a"]).value_lost == 0.0


def test_an_unknown_id_is_refused_with_the_nearest() -> None:
    """All unknown ids at once."""
    with pytest.raises(InputError) as caught:
        blast_radius(system("redis api", [], {"home": "api"}), ["reids", "zzz", "api"])
    assert [(problem.where, problem.remedy) for problem in caught.value.problems] == [
        ("reids", "write 'redis'"),
        ("zzz", "give one of: redis, api"),
    ]
    with pytest.raises(InputError, match="write 'home'"):
        cut_sets(system("api", [], {"home": "api"}), "hom")


def test_a_system_that_never_passed_the_gate_is_refused_in_words() -> None:
    """Unknown targets, and more alternatives wanted than there are."""
    data = {"system": "s", "components": [{"id": "api"}, {"id": "db"}]}
    dependencies = [{"from": "api", "to": "dbb"}, {"from": "api", "to": ["db", "db"], "at_least": 3}]
    causes, journeys = [{"id": "x", "affects": ["dbs"]}], [{"id": "j", "entry": "apis:home"}]
    broken = System.model_validate({**data, "dependencies": dependencies, "common_causes": causes, "journeys": journeys})
    with pytest.raises(InputError) as caught:
        build(broken)
    assert [problem.where for problem in caught.value.problems] == ["api -> dbb", "api -> db|db", "x", "j"]


def test_every_atom_fails_once() -> None:
    """Single failures come in the order of the atoms."""
    shop = system([{"id": "a", "placement": {"z": 1}}, "b"], [], {"home": "a"}, [{"id": "c", "affects": ["b"]}])
    assert [radius.fail for radius in single_failures(shop)] == [("a",), ("b",), ("c",), ("z",)]


def test_states_that_are_known_already_give_the_same_radius() -> None:
    """A caller may bring the states from a faster engine."""
    structure = build(system("a b", [call("a > b")], {"home": "a"}))
    assert of_structure(structure, (1,), "down", "worst", (2, 2)) == of_structure(structure, (1,), "down", "worst")


def test_the_plain_search_never_passes_some_cut_sets_off_as_all() -> None:
    """18 in 36: nobody lists nine thousand million sets; those up to the order are given, and the rest is said to be missing."""
    ids = [f"n{n}" for n in range(36)]
    shop = system(["api", *ids], [call("api > " + " | ".join(ids), at_least=18)], {"home": "api"})
    (found,) = journeys.cut_sets(shop, "home", max_order=2)
    assert (found.sets, found.count, found.truncated, found.p_failed) == ((("api",),), None, True, None)
    with pytest.raises(LimitReached, match="needs all its minimal cut sets"):
        journeys.availability(shop, "home")


def test_an_order_cuts_the_list_but_not_the_count() -> None:
    """Two sets, one of them a pair."""
    shop = system("lb a b", [call("lb > a | b")], {"home": "lb"})
    (found,) = cut_sets(shop, "home", max_order=1, assumed_availability=0.5)
    assert (found.sets, found.count, found.truncated, found.p_failed) == ((("lb",),), 2, True, 0.625)


def test_degraded_counts_where_it_is_asked_for() -> None:
    """What only degrades is no cut set of failure."""
    shop = system("api ads", [call("api > ads", "degrade")], {"home": "api"})
    assert cut_sets(shop, "home")[0].sets == (("api",),)
    assert cut_sets(shop, "home", state="degraded")[0].sets == (("ads",), ("api",))


def test_unknown_availabilities_give_a_range() -> None:
    """From the stated one alone to certain failure; an assumed figure makes it a number."""
    shop = system([{"id": "api", "availability": 0.99}, "db"], [call("api > db")], {"home": "api"})
    (found,) = cut_sets(shop, "home")
    assert (found.p_failed.best, found.p_failed.worst) == (pytest.approx(0.01), 1.0)  # type: ignore[union-attr]
    assert cut_sets(shop, "home", assumed_availability=0.9)[0].p_failed == pytest.approx(1 - 0.99 * 0.9)
