"""What each call gets, with which figures and why; and what no proposal may ever do."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from random_systems import random_profiles, random_system
from small_worlds import facts, measured, world

from auditkit.checks import run_checks
from auditkit.model.audit import PolicyProposal
from auditkit.model.paths import paths
from auditkit.model.policy import attempts, breaker, bulkhead, call_worst_case_s, retry, timeout_s
from auditkit.model.system import NONE, System
from auditkit.patterns.circuit_breaker import is_reachable
from auditkit.patterns.deadline import remaining
from auditkit.patterns.observed import usual_rate_of_one
from auditkit.planning import plan, with_policies
from auditkit.planning.policies import Proposals, propose

OPEN = {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none"}


def proposals(*dependencies: dict[str, Any], profiles: Any = (), components: Any = None, **journey: Any) -> Proposals:
    """What is proposed for a small world."""
    system = world(list(dependencies), components, **journey)
    return propose(system, {p.call: p for p in profiles})


def one(found: Proposals, subject: str = "api -> db") -> PolicyProposal:
    """The proposal for one dependency."""
    return next(p for p in found.policies if p.dependency == subject)


def why_not(found: Proposals, pattern: str, subject: str = "api -> db") -> str:
    """Why a pattern was left out."""
    return next((o.reason for o in found.omitted if (o.dependency, o.pattern) == (subject, pattern)), "")


def call(to: str = "db", source: str = "api", **more: Any) -> dict[str, Any]:
    """One dependency without any settings."""
    return {"from": source, "to": to, "policy": OPEN, "on_failure": "fail", **more}


FAILING = measured("api -> db", 100, n=9900, errors=100)


def test_an_idempotent_call_that_fails_at_times_is_tried_again() -> None:
    """1 % errors, 1 s deadline, 300 ms timeout: two attempts, full jitter, a budget, and the ground of each."""
    found = one(proposals(call(idempotent=True), profiles=(FAILING,), deadline="1s"))
    made = retry(found.proposed)
    assert (made.max_attempts, made.jitter, made.budget) == (2, "full", 0.01)
    ground = found.grounds["retry"]
    assert "1 % errors in 10,000 calls" in ground.data
    assert "1s are left" in ground.rule
    assert ground.cost


@pytest.mark.parametrize(
    ("more", "deadline", "profile", "reason"),
    [
        ({"idempotent": False}, "1s", FAILING, "not idempotent"),
        ({}, "1s", FAILING, "nobody has said"),
        ({"idempotent": True, "on_failure": "degrade"}, "1s", FAILING, "would only delay"),
        ({"idempotent": True}, "500ms", FAILING, "does not fit"),
        ({"idempotent": True}, "1s", measured("api -> db", 100, n=10_000), "nothing to win"),
    ],
)
def test_a_retry_is_left_out_with_its_reason(more: dict[str, Any], deadline: str, profile: Any, reason: str) -> None:
    """Writes, unknowns, what degrades anyway, what does not fit, and what never fails are tried once."""
    found = proposals(call(**more), profiles=(profile,), deadline=deadline)
    assert one(found).proposed.retry == NONE
    assert reason in why_not(found, "retry")


def test_an_unsafe_retry_of_today_is_taken_away_and_a_naive_one_is_mended() -> None:
    """A retried write loses its retry; three attempts without waits get waits, jitter and a budget, and fit the deadline."""
    naive = {**OPEN, "timeout": "200ms", "retry": {"max_attempts": 3, "backoff": "0s"}}
    write = one(proposals(call(policy=naive, idempotent=False), profiles=(FAILING,)))
    read = one(proposals(call(policy=naive, idempotent=True), profiles=(FAILING,), deadline="1s"))
    assert write.proposed.retry == NONE
    made = retry(read.proposed)
    assert made.backoff_s > 0
    assert made.jitter == "full"
    assert made.budget == 0.01
    assert call_worst_case_s(read.proposed) <= 1.0


def test_a_retry_is_not_added_to_a_storm() -> None:
    """Three attempts below stay, since nobody knows their timeout; one more retry above would make it 3.03 calls for one."""
    below = call("db", "mid", policy={"retry": {"max_attempts": 3}}, idempotent=True)
    failing = measured("api -> mid", 100, n=9900, errors=100)
    above = call("mid", idempotent=True)
    found = proposals(above, below, profiles=(failing,), deadline="5s")
    assert one(found, "api -> mid").proposed.retry == NONE
    assert "could not bear its attempts" in why_not(found, "retry", "api -> mid")
    assert retry(one(proposals(above, profiles=(failing,), deadline="5s"), "api -> mid").proposed) is not None


def test_a_retry_before_sending_is_kept_for_a_write() -> None:
    """It cannot do the work twice; it gets jitter and a budget like any other, and stays what it is."""
    careful = {**OPEN, "timeout": "200ms", "retry": {"max_attempts": 2, "backoff": "50ms", "only": "before_sending"}}
    found = one(proposals(call(policy=careful, idempotent=False), profiles=(FAILING,), deadline="1s"))
    made = retry(found.proposed)
    assert (made.only, made.jitter, made.budget) == ("before_sending", "full", 0.01)
    assert "only errors before sending" in found.grounds["retry"].data
    assert call_worst_case_s(found.proposed) == found.proposed.timeout_s + 0.05  # only the last attempt can wait


def test_a_local_fast_reliable_call_gets_a_timeout_and_nothing_else() -> None:
    """The over-engineering list says why, even where a retry and a breaker are there today."""
    rich = {**OPEN, "retry": {"max_attempts": 3}, "circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 20}}
    found = proposals(
        call(policy=rich, idempotent=True, rate="100/s"),
        profiles=(measured("api -> db", 2),),
        components={"db": {"kind": "database"}, "api": {"concurrency": 50}},
    )
    proposed = one(found).proposed
    assert (proposed.timeout_s, proposed.retry, proposed.circuit_breaker, proposed.bulkhead) == (0.006, NONE, NONE, NONE)
    assert all("local, fast and reliable" in why_not(found, pattern) for pattern in ("retry", "circuit_breaker", "bulkhead"))


def test_a_bulkhead_is_proposed_where_timeouts_do_not_contain() -> None:
    """200/s × 300 ms hold 60 of 30 workers: a bulkhead by Erlang B, within the pool, instead of a timeout below 2 × p99."""
    found = one(proposals(call(rate="200/s"), profiles=(measured("api -> db", 100),), components={"api": {"concurrency": 60}}))
    assert bulkhead(found.proposed) is None
    found = one(proposals(call(rate="200/s"), profiles=(measured("api -> db", 100),), components={"api": {"concurrency": 30}}))
    assert found.proposed.timeout_s == 0.3
    places = bulkhead(found.proposed).max_concurrent
    assert places == 22
    assert "Erlang B" in found.grounds["bulkhead"].rule
    assert "rejected at peak" in found.grounds["bulkhead"].cost
    assert "at a peakedness of 2" in found.grounds["bulkhead"].uncertainty


def test_a_bulkhead_that_the_pool_cuts_says_so() -> None:
    """Two of 15 needed places in a pool of 20: no ground claims 0.1 % where 10 places reject more."""
    profiles = tuple(measured(f"api -> {to}", 60) for to in ("a", "b"))
    rate = f"{6 / profiles[0].mean_s:.6f}/s"
    each = [call(to, policy={**OPEN, "bulkhead": {"max_concurrent": 20}}, rate=rate) for to in ("a", "b")]
    found = one(proposals(*each, profiles=profiles, components={"api": {"concurrency": 20}}), "api -> a")
    assert bulkhead(found.proposed).max_concurrent == 10
    assert "15 places would reject at most 0.1 % at peak; the pool leaves 10 of 20" in found.grounds["bulkhead"].rule
    assert "4.3 %" in found.grounds["bulkhead"].cost


def test_measured_bursts_make_a_bulkhead_larger() -> None:
    """Peakedness 2 seen in all calls: 27 places instead of 22; an export of a tenth of the calls shows no bursts."""

    def planned_with(peakedness: float, seen_per_s: float) -> PolicyProposal:
        profile = measured("api -> db", 100, peakedness=peakedness, busiest_rate_per_s=seen_per_s)
        return one(proposals(call(rate="200/s"), profiles=(profile,), components={"api": {"concurrency": 30}}))

    bursty, sampled = planned_with(2.0, 200.0), planned_with(2.0, 20.0)
    assert bulkhead(bursty.proposed).max_concurrent == 27
    assert "peakedness 2.00 in one instance, measured" in bursty.grounds["bulkhead"].uncertainty
    assert bulkhead(sampled.proposed).max_concurrent == 22
    assert "are assumed to arrive on their own" in sampled.grounds["bulkhead"].uncertainty


def test_measured_bursts_of_errors_make_a_breaker_more_patient() -> None:
    """Failures that cling together trip a breaker of ten calls by chance; the volume grows until they do not."""

    def planned_with(correlation: float | None) -> PolicyProposal:
        profile = measured("api -> db", 100, n=9990, errors=10, error_correlation=correlation)
        return one(proposals(call(rate="100/s"), profiles=(profile,), components={"api": {"concurrency": 60}}))

    alone, bursty = planned_with(0.0), planned_with(0.1)
    assert breaker(alone.proposed).min_calls < breaker(bursty.proposed).min_calls
    assert "correlation 0.1 within ten seconds, measured" in bursty.grounds["circuit_breaker"].uncertainty
    assert "no more alike than chance" in alone.grounds["circuit_breaker"].uncertainty
    assert "assumed to be independent" in planned_with(None).grounds["circuit_breaker"].uncertainty


def test_unknown_workers_are_asked_for() -> None:
    """Without the size of the pool nobody can say whether a bulkhead is needed."""
    found = one(proposals(call(rate="200/s"), profiles=(measured("api -> db", 100),)))
    assert "workers of one instance of api (concurrency)" in found.needs
    assert found.proposed.bulkhead == NONE


def test_a_bulkhead_that_starves_is_enlarged() -> None:
    """10 places at a mean load of 6 reject 4.3 %: 15 are proposed, and the ground says what today's do."""
    profile = measured("api -> db", 60)
    rate = f"{6 / profile.mean_s:.9f}/s"
    policy = {**OPEN, "bulkhead": {"max_concurrent": 10}}
    found = one(proposals(call(policy=policy, rate=rate), profiles=(profile,), components={"api": {"concurrency": 60}}))
    assert bulkhead(found.proposed).max_concurrent == 15
    assert "today's 10 reject 4.3 %" in found.grounds["bulkhead"].rule


def test_a_bulkhead_grows_only_as_far_as_the_pool_stays_contained() -> None:
    """5 places reject; 9 would do, but a hung mail holds 10 of 16 workers: 6 are granted, and more workers are asked for."""
    small = {**OPEN, "timeout": "500ms", "bulkhead": {"max_concurrent": 5}}
    mail = call("mail", policy={**OPEN, "timeout": "100ms"}, rate="100/s")
    found = proposals(
        call(policy=small, rate="50/s"), mail, profiles=(measured("api -> db", 100),), components={"api": {"concurrency": 16}}
    )
    assert bulkhead(one(found).proposed).max_concurrent == 6
    assert "a pool of at least 9 workers in one instance of api, now 16" in one(found).needs


def test_what_is_known_to_be_needed_is_cut_last() -> None:
    """10 places of a call that nobody measured give way to the 9 that the measured one needs."""
    today = {**OPEN, "timeout": "500ms", "bulkhead": {"max_concurrent": 10}}
    calls = [call(policy=today, rate="50/s"), call("mail", policy=today)]
    found = proposals(*calls, profiles=(measured("api -> db", 100),), components={"api": {"concurrency": 14}})
    made = [bulkhead(one(found, f"api -> {name}").proposed).max_concurrent for name in ("db", "mail")]
    assert made == [9, 5]


def test_the_slow_threshold_of_a_breaker_moves_below_a_shorter_timeout() -> None:
    """Slow from 1 s on means nothing where calls end after 300 ms: it moves half-way between p99 and timeout."""
    today = {"failure_rate": "50%", "window": "10s", "min_calls": 50, "open_for": "10s", "half_open_calls": 3, "growth": 2}
    slow = {**OPEN, "timeout": "2s", "circuit_breaker": {**today, "slow_call": "1s", "slow_call_rate": "50%"}}
    found = one(proposals(call(policy=slow, rate="100/s"), profiles=(measured("api -> db", 100),)))
    assert breaker(found.proposed).slow_call_s == 0.2
    assert "moved to 200ms" in found.grounds["circuit_breaker"].rule


def test_a_breaker_is_proposed_where_it_is_reached_and_worth_it() -> None:
    """A call that holds half of the pool gets one; a rare call and a light one do not, with figures."""
    pool = {"api": {"concurrency": 60}}
    busy = one(proposals(call(rate="100/s"), profiles=(measured("api -> db", 100),), components=pool))
    made = breaker(busy.proposed)
    assert is_reachable(made, 100.0)
    assert made.growth > 1
    assert 0.1 < made.slow_call_s < busy.proposed.timeout_s
    rare = proposals(call(rate="0.1/s"), profiles=(measured("api -> db", 100),), components={"db": {"kind": "external"}, **pool})
    assert "0.1 calls a second" in why_not(rare, "circuit_breaker")
    light = proposals(call(rate="1/s"), profiles=(measured("api -> db", 100),), components=pool)
    assert "would save next to nothing" in why_not(light, "circuit_breaker")


def test_a_count_based_breaker_is_replaced() -> None:
    """5 failures in 30 s at 200 calls a second trips while healthy; the proposal is a share of a volume."""
    policy = {**OPEN, "circuit_breaker": {"failures": 5, "window": "30s", "open_for": "30s"}}
    profile = measured("api -> db", 60, n=9990, errors=10)
    found = one(proposals(call(policy=policy, rate="200/s"), profiles=(profile,), components={"api": {"concurrency": 60}}))
    assert breaker(found.proposed).failures is None
    assert "today's is replaced" in found.grounds["circuit_breaker"].rule


def test_what_nobody_waits_for_gets_no_policy_and_says_so() -> None:
    """Asynchronous calls and certificates have a line of their own, and an open buffer is asked for."""
    found = proposals(call("mail", call="async"), call("cert"), components={"cert": {"kind": "certificate"}})
    assert [p.proposed for p in found.policies] == [None, None]
    assert "nobody waits" in found.policies[0].reason
    assert "buffer of api -> mail" in found.policies[0].needs[0]


@pytest.mark.parametrize(
    ("kind", "more", "is_ours"),
    [("load-generator", {}, False), ("load-generator", {"owner": "qa"}, False), ("client", {}, False),
     ("client", {"owner": "app team"}, True), ("service", {}, True)],
)  # fmt: skip
def test_calls_of_users_are_left_out_on_purpose(kind: str, more: dict[str, Any], is_ours: bool) -> None:
    """A browser or a load generator is not set here: deadlines and shedding instead; an app with an owner is ours."""
    system = world([call("api", "web", rate="100/s")], {"web": {"kind": kind, **more}})
    found = propose(system, {"web -> api": measured("web -> api", 100)})
    made = one(found, "web -> api")
    assert (timeout_s(made.proposed) is not None) == is_ours
    if not is_ours:
        assert made.proposed is None
        assert "deadlines bound what users wait for, and api sheds" in made.reason
        assert {o.pattern for o in found.omitted} == {"timeout", "retry", "circuit_breaker", "bulkhead", "fallback"}
        assert "deadline of journey buy" in made.needs
        assert ("whether web is a program of yours (its owner)" in made.needs) == (kind == "client")
        checks = {f.check for f in run_checks(facts(system)) if f.subject in ("web", "web -> api")}
        assert not checks & {"unbounded_wait", "shared_pool", "unknown_answer"}


def test_a_fallbacks_own_call_is_asked_for_its_timeout() -> None:
    """Redis stands in without a timeout: nothing is proposed for it without data, and the plan asks; with one it does not."""
    for policy, asks in (({}, True), ({"policy": {"timeout": "50ms"}}, False)):
        served = {"kind": "cache", "safe": True, "decided_by": "ada", "alternatives": [{"to": "redis", **policy}]}
        found = one(proposals(call(on_failure="degrade", fallback=served)))
        assert ("a timeout of what the fallback of api -> db asks: redis" in found.needs) == asks


def test_a_module_of_a_monolith_is_no_remote_call_but_calls_some() -> None:
    """Calls into a module are functions; the module's own calls to the outside get their policies."""
    found = proposals(call("billing"), call("db", "billing"), components={"billing": {"kind": "module"}})
    assert one(found, "api -> billing").proposed is None
    assert one(found, "billing -> db").provisional


ARTICLE = {
    "timeout": "200ms",
    "retry": {"max_attempts": 2, "backoff": "50ms"},
    "circuit_breaker": {"failures": 5, "window": "30s", "open_for": "30s"},
    "bulkhead": {"max_concurrent": 10},
}


def test_an_articles_settings_are_judged_at_two_hundred_calls_a_second() -> None:
    """200 ms, one retry after 50 ms, 5 failures in 30 s, a pool of 10: all four are changed, and the plan says from what."""
    profile = measured("api -> db", 60, n=9990, errors=10)  # mean load 6; 0.1 % errors while healthy
    pool = {"api": {"concurrency": 60}}
    today = call(policy=ARTICLE, rate=f"{6 / profile.mean_s:.6f}/s")
    found = one(proposals({**today, "idempotent": True}, profiles=(profile,), components=pool, deadline="1s"))
    made, said = found.proposed, {name: ground.rule for name, ground in found.grounds.items()}
    assert made.timeout_s == 0.18
    assert (retry(made).max_attempts, retry(made).jitter, retry(made).budget) == (2, "full", 0.01)
    assert bulkhead(made).max_concurrent == 15
    assert "today's 10 reject 4.3 %" in said["bulkhead"]
    assert (breaker(made).failures, breaker(made).failure_rate) == (None, 0.5)
    assert "at this rate 5 failures are 0.084 % of the calls, so it opens in" in said["circuit_breaker"]
    hurried = one(proposals({**today, "idempotent": True}, profiles=(profile,), components=pool, deadline="300ms"))
    assert hurried.proposed.retry == NONE
    write = proposals({**today, "idempotent": False}, profiles=(profile,), components=pool)
    assert "not idempotent" in why_not(write, "retry")


def test_a_monolith_gets_patterns_for_what_lies_outside_of_it() -> None:
    """Calls into a module have no clock; its own call to a provider gets timeout, breaker and bulkhead like any other."""
    outside = call("psp", "billing", rate="50/s", idempotent=False)
    components = {"billing": {"kind": "module", "concurrency": 40}, "psp": {"kind": "external"}}
    profile = measured("billing -> psp", 300, n=5000, errors=20)
    found = proposals(call("billing"), outside, components=components, profiles=(profile,), deadline="2s")
    assert one(found, "api -> billing").proposed is None
    made = one(found, "billing -> psp").proposed
    assert (made.timeout_s, retry(made), breaker(made).min_calls) == (0.8, None, 10)
    assert "not idempotent" in why_not(found, "retry", "billing -> psp")


SEEDS = st.integers(0, 2**32 - 1)


def planned(seed: int) -> tuple[System, dict[str, Any], Proposals]:
    """Proposals for a random system, with measurements of about half of its calls."""
    system = random_system(seed)
    profiles = random_profiles(seed, system)
    return system, profiles, propose(system, profiles)


@settings(max_examples=120, deadline=None)
@given(SEEDS)
def test_what_is_not_idempotent_is_never_tried_again(seed: int) -> None:
    """Whatever is configured today, no proposal retries a call that is not known to be idempotent."""
    system, _, found = planned(seed)
    for dependency in with_policies(system, found.policies).dependencies:
        proposal = one(found, dependency.subject)
        if proposal.proposed is not None and dependency.idempotent is not True:
            assert attempts(proposal.proposed) == 1


@settings(max_examples=120, deadline=None)
@given(SEEDS)
def test_no_proposed_call_takes_longer_than_its_deadline_leaves(seed: int) -> None:
    """Attempts × timeout + waits fit into what the deadline leaves, for every recommended timeout."""
    system, profiles, found = planned(seed)
    left = remaining(paths(with_policies(system, found.policies)), profiles)
    for proposal in found.policies:
        if proposal.advice is not None and proposal.advice.recommended_s is not None and proposal.dependency in left:
            assert call_worst_case_s(proposal.proposed) <= left[proposal.dependency].seconds + 1e-9


@settings(max_examples=120, deadline=None)
@given(SEEDS)
def test_bulkheads_of_one_component_never_exceed_its_pool(seed: int) -> None:
    """The sum of the proposed bulkheads of a caller is at most its workers."""
    system, _, found = planned(seed)
    known = paths(with_policies(system, found.policies))
    for component in system.components:
        calls = {d.subject: d for d in known.of_component.get(component.id, ()) if known.timed(d)}
        held = [pool.max_concurrent for d in calls.values() if (pool := bulkhead(d.policy)) is not None]
        assert component.workers is None or sum(held) <= component.workers


@settings(max_examples=120, deadline=None)
@given(SEEDS)
def test_proposed_breakers_can_be_reached_at_the_measured_rate(seed: int) -> None:
    """A breaker whose volume never comes together is not proposed."""
    system, _, found = planned(seed)
    known = paths(system)
    for dependency in system.dependencies:
        proposal = one(found, dependency.subject)
        rates = [usual_rate_of_one(known, d) for d in system.dependencies if d.subject == dependency.subject]
        made = breaker(proposal.proposed)
        if made is not None and None not in rates and made != breaker(dependency.policy):
            assert is_reachable(made, sum(rates))


@settings(max_examples=60, deadline=None)
@given(SEEDS)
def test_every_figure_has_a_ground_and_every_absence_a_reason(seed: int) -> None:
    """Data and rule stand beside each proposed figure; what is left out or open is named; nothing is left unsaid."""
    _, _, found = planned(seed)
    for proposal in found.policies:
        if proposal.proposed is None:
            assert proposal.reason
            continue
        figures = {
            "timeout": timeout_s(proposal.proposed),
            "retry": retry(proposal.proposed),
            "circuit_breaker": breaker(proposal.proposed),
            "bulkhead": bulkhead(proposal.proposed),
        }
        for pattern, value in figures.items():
            settled = pattern in proposal.grounds and proposal.grounds[pattern].data and proposal.grounds[pattern].rule
            left_out = any((o.dependency, o.pattern) == (proposal.dependency, pattern) for o in found.omitted)
            assert settled or left_out or proposal.needs, (proposal.dependency, pattern, value)
            assert value is None or settled or proposal.needs


@settings(max_examples=25, deadline=None)
@given(SEEDS)
def test_planning_twice_gives_the_same(seed: int) -> None:
    """Equal inputs, equal strategy, whatever the system."""
    system = random_system(seed)
    now = facts(system, *random_profiles(seed, system).values())
    found = run_checks(now)
    assert plan(now, found, (), ()) == plan(now, found, (), ())
