"""Timeouts of a whole system: advised one by one, then fitted together."""

from __future__ import annotations

import pytest
from small_worlds import facts, measured, world

from auditkit.checks import run_checks
from auditkit.model.audit import Decision
from auditkit.planning import advise_all, by_call, plan, with_policies
from auditkit.planning.fitting import fit_together
from auditkit.planning.policies import propose

NONE = {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none"}


def chain(deadline: str = "3s", mid_policy: dict[str, str] | None = None):
    """api asks mid, which asks pay and then db."""
    return world(
        [
            {"from": "api", "to": "mid", "on_failure": "fail", "policy": mid_policy or NONE},
            {"from": "mid", "to": "pay", "stage": 1, "on_failure": "degrade", "policy": NONE},
            {"from": "mid", "to": "db", "stage": 2, "on_failure": "degrade", "policy": {**NONE, "timeout": "1s"}},
        ],
        deadline=deadline,
    )


def known(system, *profiles):
    return {p.call: p for p in profiles}


def test_what_is_left_of_the_deadline_bounds_a_timeout() -> None:
    """3 × 400 ms do not fit into 1 s of which another call needs 100 ms: 900 ms remain."""
    system = world(
        [
            {"from": "api", "to": "a", "stage": 1, "on_failure": "degrade"},
            {"from": "api", "to": "b", "stage": 2, "on_failure": "degrade"},
        ],
        deadline="1s",
    )
    advices = advise_all(system, known(system, measured("api -> a", 400), measured("api -> b", 100)))
    assert (advices["api -> a"].recommended_s, advices["api -> a"].bound_by) == (0.9, "deadline")
    assert (advices["api -> b"].recommended_s, advices["api -> b"].bound_by) == (0.3, "seed")


def test_parallel_calls_do_not_eat_each_others_deadline() -> None:
    """In one stage both have the whole second."""
    calls = [{"from": "api", "to": to, "stage": 1, "on_failure": "degrade"} for to in ("a", "b")]
    system = world(calls, deadline="1s")
    advices = advise_all(system, known(system, measured("api -> a", 400), measured("api -> b", 100)))
    assert advices["api -> a"].recommended_s == 1.0


def test_a_call_that_was_never_measured_gets_no_recommendation() -> None:
    """No data, no figure: provisional, within the deadline."""
    system = world([{"from": "api", "to": "a"}], deadline="1s")
    advice = advise_all(system, {})["api -> a"]
    assert (advice.n, advice.recommended_s, advice.provisional_s, advice.grade) == (0, None, 1.0, "provisional")
    assert "a p99 bound needs 299" in advice.reason


def test_a_stricter_objective_asks_for_fewer_false_timeouts() -> None:
    """10 % of an error budget of 0.1 % over two calls that can spend it: 0.005 % each."""
    calls = [{"from": "api", "to": to, "on_failure": "fail"} for to in ("a", "b")]
    advices = advise_all(world(calls, slo="99.9%"), known(None, measured("api -> a"), measured("api -> b")))
    assert advices["api -> a"].false_timeout.target == pytest.approx(5e-5)


def test_several_operations_of_one_dependency_take_the_longest() -> None:
    """A bare dependency serves all operations: the largest recommendation counts and each is named."""
    system = world([{"from": "api", "to": "a"}])
    advice = advise_all(system, known(system, measured("api -> a:read", 100), measured("api -> a:write", 300)))["api -> a"]
    assert advice.recommended_s == 0.9
    assert "api -> a:read: 300ms" in advice.reason


def test_a_caller_gets_as_long_as_its_callee_may_need() -> None:
    """mid answers fast as a rule (seed 300 ms), but its own calls may take 1.3 s: the caller's timeout is raised."""
    system = chain()
    advices = fit_together(system, known(system, measured("api -> mid", 100), measured("mid -> pay", 100))).advices
    assert advices["api -> mid"].recommended_s == 1.3
    assert "raised to 1.3s" in advices["api -> mid"].reason


def test_inner_calls_are_tightened_where_the_caller_cannot_wait() -> None:
    """The deadline leaves 3 s: 1 s of the unmeasured db stays, the measured call gives way to 2 s, above 2 × p99."""
    system = chain()
    advices = fit_together(system, known(system, measured("api -> mid", 1100), measured("mid -> pay", 900))).advices
    assert advices["api -> mid"].recommended_s == 3.0
    assert (advices["mid -> pay"].recommended_s, advices["mid -> pay"].bound_by) == (2.0, "deadline")


def test_below_two_p99_nothing_is_tightened_to_please_a_caller() -> None:
    """Where even 2 × p99 does not fit, the figure stays and the inversion is reported instead."""
    system = chain("2s")
    profiles = known(system, measured("api -> mid", 700), measured("mid -> pay", 900))
    strategy = plan(facts(system, *profiles.values()), (), (), ())
    assert "timeout_inversion" in {f.check for f in strategy.remaining}


def held(system, *profiles):
    """The timeout of each call as planned, and what the plan asks room for."""
    found = propose(system, known(system, *profiles)).policies
    room = [need for p in found for need in p.needs if need.startswith("room for ")]
    return {p.dependency: p.proposed.timeout_s for p in found}, room


def test_a_longer_timeout_that_would_outlast_its_caller_is_held_back() -> None:
    """Both wait 200 ms today; 2 x p99 of pay is 300 ms, more than its unmeasured caller has: both stay, and room is asked for."""
    calls = [{"from": "api", "to": "mid", "policy": {**NONE, "timeout": "200ms"}}]
    calls += [{"from": "mid", "to": "pay", "policy": {**NONE, "timeout": "200ms"}}]
    timeouts, room = held(world(calls), measured("mid -> pay", 150))
    assert timeouts == {"api -> mid": 0.2, "mid -> pay": 0.2}
    assert room == [
        "room for mid -> pay: 450ms would outlast api -> mid, which gives up after 200ms; a longer deadline, or shorter or "
        "parallel calls below, first"
    ]


def test_a_shorter_timeout_above_a_callee_that_goes_on_is_held_back() -> None:
    """The deadline leaves 500 ms, the unmeasured pay may take 600: today's second stays, since it holds with what is below."""
    calls = [{"from": "api", "to": "mid", "policy": {**NONE, "timeout": "1s"}}]
    calls += [{"from": "mid", "to": "pay", "policy": {**NONE, "timeout": "600ms"}}]
    timeouts, room = held(world(calls, deadline="500ms"), measured("api -> mid", 100))
    assert timeouts == {"api -> mid": 1.0, "mid -> pay": 0.6}
    assert "500ms would be less than the 600ms that mid may go on for" in room[0]


def test_a_call_that_waits_without_end_gets_a_timeout_all_the_same() -> None:
    """Giving up before the callee does is better than never; what would mend that as well is asked for."""
    calls = [{"from": "api", "to": "mid", "policy": NONE}]
    calls += [{"from": "mid", "to": "pay", "policy": {**NONE, "timeout": "600ms"}}]
    timeouts, room = held(world(calls, deadline="500ms"), measured("api -> mid", 100))
    assert timeouts["api -> mid"] == 0.5
    assert "it gives up after 500ms, and mid may go on for 600ms" in room[0]


def test_a_place_to_start_is_within_what_its_caller_waits() -> None:
    """No data of db: 5 s would do within its own deadline, but its caller will wait 300 ms, 100 of them for something else."""
    calls = [{"from": "api", "to": "mid", "policy": NONE}, {"from": "mid", "to": "db", "policy": NONE, "stage": 1}]
    calls += [{"from": "mid", "to": "flags", "policy": {**NONE, "timeout": "100ms"}, "stage": 2}]
    found = propose(world(calls), known(None, measured("api -> mid", 100))).policies
    (start,) = [p for p in found if p.dependency == "mid -> db"]
    assert (start.provisional, start.proposed.timeout_s) == (True, 0.2)
    assert "until then 200ms, within what api -> mid waits" in start.grounds["timeout"].rule


def test_a_longer_timeout_that_would_give_the_pool_to_one_callee_is_held_back() -> None:
    """Two calls to db hold 5 of 14 workers each; both at 220 ms would hold 22, and only one bulkhead has room."""
    call = {"to": "db", "rate": "50/s", "policy": {**NONE, "timeout": "100ms"}}
    system = world([{"from": "api:a", **call}, {"from": "api:b", **call}], {"api": {"concurrency": 14}})
    timeouts, room = held(system, measured("api -> db", 100))
    assert sorted(timeouts.values()) == [0.1, 0.22]
    assert "220ms would let a slow db take all workers of api" in room[0]


def test_a_provisional_figure_replaces_nothing_until_adopted() -> None:
    """187 samples: the proposal shows where to start, the settings in force stay, the missing data are named."""
    system = world([{"from": "api", "to": "a", "policy": NONE}, {"from": "api", "to": "b", "policy": {**NONE, "timeout": "2s"}}])
    profiles = [measured("api -> a", 100, n=187), measured("api -> b", 100, n=187)]
    before = plan(facts(system, *profiles), (), (), ())
    a, b = before.policies
    assert (a.provisional, a.proposed.timeout_s, b.provisional, b.proposed.timeout_s) == (True, 5.0, False, 2.0)
    assert "187 samples" in a.needs[0]
    assert with_policies(system, before.policies).dependencies[0].policy.timeout_s == "none"
    adopted = Decision(about="policy api -> a", choice="adopt", reason="better than none", by="Ada")
    after = plan(facts(system, *profiles), (), (adopted,), ())
    assert with_policies(system, after.policies).dependencies[0].policy.timeout_s == 5.0


def test_the_plan_names_the_strictest_timeout_of_each_measured_call() -> None:
    """One profile that speaks for two dependencies is advised under the stricter of them."""
    calls = [{"from": "api:fast", "to": "a"}, {"from": "api:slow", "to": "a"}]
    system = world(calls, entry="api:fast", deadline="200ms")
    (advice,) = by_call(system, known(system, measured("api -> a", 100)))
    assert advice.recommended_s == 0.2


def test_the_plan_removes_what_it_claims_and_adds_nothing() -> None:
    """Every finding that an action claims to remove is gone with the proposals in force, and no new one appears."""
    system = chain()
    now = facts(system, measured("api -> mid", 1100), measured("mid -> pay", 900))
    found = run_checks(now)
    strategy = plan(now, found, (), ())
    left = {f.key for f in strategy.remaining}
    claimed = {key for a in strategy.actions for key in a.removes if a.title.startswith("set ")}
    assert claimed
    assert not claimed & left
    assert left <= {f.key for f in found}
    assert strategy == plan(now, found, (), ())


def test_todays_timeout_stands_beside_the_recommended_one() -> None:
    """Configured, stated to be absent, or unknown."""
    calls = [
        {"from": "api", "to": "a", "policy": {**NONE, "timeout": "2s"}},
        {"from": "api", "to": "b", "policy": NONE},
        {"from": "api", "to": "c"},
    ]
    advices = by_call(world(calls), known(None, *(measured(f"api -> {name}", 100) for name in "abcd")))
    assert [advice.today_s for advice in advices] == [2.0, "none", None, None]
