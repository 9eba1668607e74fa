"""Checks of patterns: each fires on the case it is for, and stays silent beside it. (The empty system: test_checks_first.)"""

from __future__ import annotations

from typing import Any

import pytest
from small_worlds import facts, measured, run, world

from auditkit.checks import CHECKS, run_checks
from auditkit.model.system import CommonCause

PLAIN = {"timeout": "200ms"}
TWICE = {"max_attempts": 2, "backoff": "50ms"}


def call(to: Any = "db", source: str = "api", **more: Any) -> dict[str, Any]:
    """One dependency of api, bounded unless told otherwise."""
    return {"from": source, "to": to, "policy": PLAIN, "on_failure": "fail", **more}


def found(
    name: str, *dependencies: dict[str, Any], profiles: tuple[Any, ...] = (), components: Any = None, **journey: Any
) -> Any:
    """What one check finds in a small world."""
    return run(CHECKS[name], world(list(dependencies), components, **journey), *profiles)


def subjects(findings: Any) -> list[str]:
    """Whom the findings are about."""
    return [f.subject for f in findings]


def retried(attempts: int, **more: Any) -> dict[str, Any]:
    """A policy with a timeout and so many attempts."""
    return {"timeout": "200ms", "retry": {"max_attempts": attempts, "backoff": "50ms", **more}}


def test_three_layers_of_four_attempts_are_64_calls() -> None:
    """numbers.yaml: worst case 64; the finding is at the last retried call and counts all levels."""
    layers = [call(to, source, policy=retried(4)) for source, to in (("api", "a"), ("a", "b"), ("b", "db"))]
    last = found("retry_amplification", *layers)[-1]
    assert last.subject == "b -> db"
    assert "64 calls" in last.title


def test_budgets_tame_amplification_and_one_retry_is_fine() -> None:
    """Three layers with budgets of 10 % are 1.331 calls; a single second attempt is two."""
    layers = [call(to, source, policy=retried(4, budget="10%")) for source, to in (("api", "a"), ("a", "b"), ("b", "db"))]
    assert found("retry_amplification", *layers) == ()
    assert found("retry_amplification", call(policy=retried(2))) == ()


def test_what_was_never_sent_amplifies_nothing_and_waits_once() -> None:
    """Four attempts before sending on three levels: one call at the bottom, and no caller is outlasted by refused attempts."""
    careful = retried(4, only="before_sending", backoff="1ms")
    below = {**careful, "timeout": "20ms"}
    calls = [call("mid", policy=careful), call("low", "mid", policy=below), call("db", "low", policy={**below, "timeout": "5ms"})]
    for name in ("retry_amplification", "timeout_inversion"):
        assert found(name, *calls) == ()


def test_retrying_in_a_circle_ends() -> None:
    """A component that calls itself over another is counted once."""
    assert found("retry_amplification", call("a", policy=retried(2)), call("api", "a", policy=retried(2))) != ()


@pytest.mark.parametrize(("idempotent", "certainty"), [("false", "proven"), ("unknown", "possible")])
def test_retrying_what_may_not_happen_twice(idempotent: str, certainty: str) -> None:
    """Not idempotent is proven, unknown is possible."""
    value = False if idempotent == "false" else "unknown"
    (finding,) = found("retry_without_idempotence", call(policy=retried(2), idempotent=value))
    assert finding.certainty == certainty


def test_retrying_an_idempotent_call_is_fine() -> None:
    """And so is a single attempt of anything."""
    assert found("retry_without_idempotence", call(policy=retried(2), idempotent=True), call("b", idempotent=False)) == ()


def test_retrying_only_what_was_never_sent_is_fine() -> None:
    """A write may be tried again after a refused connection."""
    careful = retried(2, only="before_sending")
    assert found("retry_without_idempotence", call(policy=careful, idempotent=False), call("b", policy=careful)) == ()


@pytest.mark.parametrize(("rate", "fires"), [(48, False), (52, True)])
def test_a_storm_needs_load_times_attempts_above_capacity(rate: float, fires: bool) -> None:
    """numbers.yaml: at 24 % utilisation three retries recover, at 26 % they do not (10 workers, 50 ms a call)."""
    profile = measured("api -> db", 100)
    service_s = profile.mean_s
    rate_per_s = f"{rate / 20 / service_s:.6f}/s"
    findings = found(
        "retry_storm_margin",
        call(policy=retried(4), rate=rate_per_s),
        profiles=(profile,),
        components={"db": {"concurrency": 10}},
    )
    assert subjects(findings) == (["db"] if fires else [])


def breaking(**settings: Any) -> dict[str, Any]:
    """A policy with a breaker."""
    return {"timeout": "200ms", "circuit_breaker": settings}


def test_five_failures_in_thirty_seconds_trip_a_healthy_breaker() -> None:
    """numbers.yaml: 200 calls a second, 0.1 % errors: 71.5 % of all windows; at 20 a second it holds."""
    profile = measured("api -> db", n=9990, errors=10)
    policy = breaking(failures=5, window="30s")
    (finding,) = found("breaker_trips_when_healthy", call(policy=policy, rate="200/s"), profiles=(profile,))
    assert "72 %" in finding.title
    assert finding.certainty == "proven"
    assert found("breaker_trips_when_healthy", call(policy=policy, rate="20/s"), profiles=(profile,)) == ()


def test_a_breaker_whose_volume_is_never_reached() -> None:
    """100 calls in 10 s at 2 a second never come together; at 20 they do."""
    policy = breaking(failure_rate="50%", window="10s", min_calls=100)
    (finding,) = found("breaker_cannot_trip", call(policy=policy, rate="2/s"))
    assert finding.certainty == "proven"
    assert found("breaker_cannot_trip", call(policy=policy, rate="20/s")) == ()


def test_a_breaker_left_to_its_librarys_default_may_never_open() -> None:
    """Nobody has set a volume: possible."""
    assert [f.certainty for f in found("breaker_cannot_trip", call(policy=breaking(failure_rate="50%"), rate="2/s"))] == [
        "possible"
    ]


def test_a_slow_call_threshold_above_the_timeout_never_counts() -> None:
    """A call that ends after 200 ms is never one of 300 ms."""
    policy = breaking(slow_call="300ms", slow_call_rate="50%", window="10s", min_calls=5)
    assert "ends by its timeout" in found("breaker_cannot_trip", call(policy=policy, rate="20/s"))[0].evidence[0]


def test_a_dead_threshold_for_slow_calls_is_told_beside_a_living_one_for_failures() -> None:
    """The breaker may open by failures, never by slowness: possible; a threshold below the timeout is silent."""
    both = {"failure_rate": "50%", "window": "10s", "min_calls": 5, "slow_call_rate": "50%"}
    (finding,) = found("breaker_cannot_trip", call(policy=breaking(**both, slow_call="300ms"), rate="20/s"))
    assert (finding.certainty, "never counts" in finding.evidence[0]) == ("possible", True)
    assert found("breaker_cannot_trip", call(policy=breaking(**both, slow_call="100ms"), rate="20/s")) == ()


def test_breakers_that_come_back_together() -> None:
    """Fixed cooldown, no ramp, three instances: a herd; growing time or trial calls mend it; one instance is no herd."""
    three = {"api": {"instances": 3}}
    fixed = breaking(failure_rate="50%", open_for="30s", growth=1)
    assert subjects(found("breaker_herd", call(policy=fixed), components=three)) == ["api -> db"]
    assert found("breaker_herd", call(policy=breaking(failure_rate="50%", growth=2)), components=three) == ()
    assert found("breaker_herd", call(policy=breaking(failure_rate="50%", half_open_calls=3)), components=three) == ()
    assert found("breaker_herd", call(policy=fixed)) == ()


def held(places: int) -> dict[str, Any]:
    """A policy with a bulkhead."""
    return {"timeout": "200ms", "bulkhead": {"max_concurrent": places}}


def test_a_pool_of_ten_at_a_mean_load_of_six_rejects_healthy_calls() -> None:
    """numbers.yaml: 4.3 % are rejected by 10 places; 15 suffice."""
    profile = measured("api -> db", 60)
    rate = f"{6 / profile.mean_s:.9f}/s"
    (finding,) = found("bulkhead_starvation", call(policy=held(10), rate=rate), profiles=(profile,))
    assert "4.3 %" in finding.title
    assert finding.remedy.startswith("15 places")
    assert found("bulkhead_starvation", call(policy=held(15), rate=rate), profiles=(profile,)) == ()


def test_bulkheads_that_promise_more_than_the_pool() -> None:
    """Two of 40 out of 60 workers; two of 30 fit."""
    sixty = {"api": {"concurrency": 60}}
    two = [call("a", policy=held(40)), call("b", policy=held(40))]
    assert subjects(found("bulkhead_starvation", *two, components=sixty)) == ["api"]
    assert found("bulkhead_starvation", call("a", policy=held(30)), call("b", policy=held(30)), components=sixty) == ()


def test_calls_that_nobody_waits_for_promise_no_workers() -> None:
    """A bulkhead of an asynchronous call takes nothing from the pool of those who wait."""
    held = {"policy": {"timeout": "200ms", "bulkhead": {"max_concurrent": 10}}}
    calls = [{"from": "api", "to": "db", **held}, {"from": "api", "to": "mail", "call": "async", **held}]
    assert run(CHECKS["bulkhead_starvation"], world(calls, {"api": {"concurrency": 10}})) == ()


def test_one_slow_callee_takes_the_whole_pool() -> None:
    """oracles, exhaustion: 400/s × 0.2 s = 80 of 50 workers; a bulkhead of 10 contains it; ten instances do as well."""
    fifty = {"api": {"concurrency": 50}}
    (finding,) = found("shared_pool", call(rate="400/s"), components=fifty)
    assert (finding.subject, finding.certainty) == ("api", "proven")
    assert "80 of 50 workers" in finding.evidence[0]
    assert found("shared_pool", call(rate="400/s", policy=held(10)), components=fifty) == ()
    assert found("shared_pool", call(rate="400/s"), components={"api": {"concurrency": 50, "instances": 10}}) == ()


def test_an_unknown_rate_makes_exhaustion_possible_only() -> None:
    """What nobody has told is not good news, but no proof either."""
    assert [f.certainty for f in found("shared_pool", call(), components={"api": {"concurrency": 50}})] == ["possible"]


def test_two_callers_of_one_store_are_not_separated_by_bulkheads() -> None:
    """One store, or two stores on one cluster, under several callers."""
    both = [call("a"), call("b"), call("db", "a", policy=held(10)), call("db", "b", policy=held(10))]
    (finding,) = found("bulkhead_over_shared_dependency", *both, components={"db": {"kind": "database"}})
    assert finding.subject == "db"
    assert found("bulkhead_over_shared_dependency", call("db"), components={"db": {"kind": "database"}}) == ()
    apart = world([call("a"), call("b"), call("adb", "a"), call("bdb", "b")])
    joined = apart.model_copy(update={"common_causes": (CommonCause(id="pg", kind="shared-resource", affects=("adb", "bdb")),)})
    assert subjects(run(CHECKS["bulkhead_over_shared_dependency"], joined)) == ["pg"]
    assert run(CHECKS["bulkhead_over_shared_dependency"], apart) == ()


def test_degrading_to_nothing_is_no_fallback() -> None:
    """Stated as none it is proven, unknown it is possible; one that serves something is fine."""
    stated = found("missing_fallback", call(on_failure="degrade", fallback="none"))
    unknown = found("missing_fallback", call(on_failure="degrade"))
    assert [f.certainty for f in (*stated, *unknown)] == ["proven", "possible"]
    assert found("missing_fallback", call(on_failure="degrade", fallback={"kind": "static"})) == ()


def test_an_objective_cannot_exceed_what_it_needs() -> None:
    """99.9 % over a callee of 99.5 % needs a fallback; over one of 99.99 % it does not; an external one of unknown figure may."""
    for availability, expected in (("99.5%", ["proven"]), ("99.99%", [])):
        callee = {"db": {"availability": availability}}
        assert [f.certainty for f in found("missing_fallback", call(), components=callee, slo="99.9%")] == expected
    assert [f.certainty for f in found("missing_fallback", call(), components={"db": {"kind": "external"}}, slo="99%")] == [
        "possible"
    ]


def test_a_fallback_in_the_same_zone_shares_its_fate() -> None:
    """oracles, shared-fate: zone-a takes prices and redis; with redis elsewhere nothing does."""

    def place(zone: str) -> Any:
        components = {
            "api": {"instances": 2, "min_up": 1, "placement": {"zone-a": 1, "zone-b": 1}},
            "prices": {"instances": 1, "placement": {"zone-a": 1}},
            "redis": {"kind": "cache", "instances": 1, "placement": {zone: 1}},
        }
        priced = call("prices", on_failure="degrade", fallback={"kind": "cache", "alternatives": ["redis"]})
        return found("fallback_shares_fate", priced, components=components)

    (finding,) = place("zone-a")
    assert finding.title.startswith("zone-a alone takes prices and its fallback redis")
    assert place("zone-b") == ()


def test_a_fallback_may_be_worse_than_nothing() -> None:
    """Unsafe is proven; a cache without an age and an assumption without a reconciliation are possible; settled is silent."""
    unsafe = found("stale_fallback", call(on_failure="degrade", fallback={"serves": "old balance", "safe": False}))
    old = found("stale_fallback", call(on_failure="degrade", fallback={"kind": "cache"}))
    guess = found("stale_fallback", call(on_failure="degrade", fallback={"serves": "in stock (an assumption)"}))
    assert [f.certainty for f in (*unsafe, *old, *guess)] == ["proven", "possible", "possible"]
    settled = {"kind": "cache", "stale_after": "5m", "safe": True}
    assert found("stale_fallback", call(on_failure="degrade", fallback=settled)) == ()


def test_a_fallback_is_untested_until_an_experiment_held() -> None:
    """A recorded result silences it."""
    system = world([call(on_failure="degrade", fallback={"kind": "static"})])
    assert subjects(run(CHECKS["untested_fallback"], system)) == ["api -> db"]
    assert run(CHECKS["untested_fallback"], system, tested=frozenset({"fallback api -> db"})) == ()


def test_a_local_fast_reliable_call_needs_a_timeout_and_nothing_else() -> None:
    """A cache of one's own with p99 2 ms and a retry is over-engineered; slow, shared, failing or plain ones are not."""
    cache = {"db": {"kind": "cache"}}
    fast = measured("api -> db", 2)
    name = "over_engineered"
    assert subjects(found(name, call(policy=retried(2)), profiles=(fast,), components=cache)) == ["api -> db"]
    assert found(name, call(), profiles=(fast,), components=cache) == ()
    assert found(name, call(policy=retried(2)), profiles=(measured("api -> db", 200),), components=cache) == ()
    assert found(name, call(policy=retried(2)), profiles=(measured("api -> db", 2, errors=30),), components=cache) == ()
    shared = [call(policy=retried(2)), call("b"), call("db", "b")]
    assert found(name, *shared, profiles=(fast,), components=cache) == ()


def test_a_deadline_that_health_misses() -> None:
    """300 ms and 300 ms in a row do not fit into 500 ms; in parallel they do."""
    profiles = (measured("api -> a", 300), measured("api -> b", 300))
    row = [call("a", stage=1), call("b", stage=2)]
    assert subjects(found("deadline_too_tight", *row, profiles=profiles, deadline="500ms")) == ["buy"]
    fan = [call("a", stage=1), call("b", stage=1)]
    assert found("deadline_too_tight", *fan, profiles=profiles, deadline="500ms") == ()


def test_three_slow_calls_in_a_row_miss_the_deadline_although_each_has_a_fallback() -> None:
    """oracles, late: 3 × 200 ms against 500 ms; in one stage they fit."""

    def three(stages: tuple[int, int, int]) -> Any:
        bounded = {"timeout": "200ms", "bulkhead": {"max_concurrent": 10}}
        calls = [
            call(to, stage=stage, on_failure="degrade", fallback={"kind": "static"}, rate="100/s", policy=bounded)
            for to, stage in zip("abc", stages, strict=True)
        ]
        return found("deadline_missed_when_slow", *calls, components={"api": {"concurrency": 200}}, deadline="500ms")

    (finding,) = three((1, 2, 3))
    assert finding.title == "buy misses its 500ms when its calls are slow together"
    assert "600ms" in " ".join(finding.evidence)
    assert three((1, 1, 1)) == ()


def test_replicas_with_one_cause_are_redundant_on_paper() -> None:
    """One query on all replicas; a cause that leaves enough is fine."""
    system = world([call(["r1", "r2", "r3"], at_least=1)])
    name = "redundancy_without_diversity"
    assert run(CHECKS[name], system) == ()
    for affects, expected in ((("r1", "r2", "r3"), ["api -> r1|r2|r3"]), (("r1", "r2"), [])):
        cause = CommonCause(id="query", kind="implementation", affects=affects)
        assert subjects(run(CHECKS[name], system.model_copy(update={"common_causes": (cause,)}))) == expected


def test_replicas_in_one_place_are_redundant_on_paper() -> None:
    """All of them in zone-a only."""
    one = {"r1": {"placement": {"zone-a": 1}, "instances": 1}, "r2": {"placement": {"zone-a": 1}, "instances": 1}}
    assert subjects(found("redundancy_without_diversity", call(["r1", "r2"]), components=one)) == ["api -> r1|r2"]
    two = {**one, "r2": {"placement": {"zone-b": 1}, "instances": 1}}
    assert found("redundancy_without_diversity", call(["r1", "r2"]), components=two) == ()


@pytest.mark.parametrize(("failover", "expected"), [("manual", ["proven"]), ("unknown", ["possible"]), ("automatic", [])])
def test_a_spare_that_somebody_has_to_switch_to(failover: str, expected: list[str]) -> None:
    """Manual is proven, unknown is possible, automatic is silent; without a spare there is nothing to switch."""
    spare = {"db": {"instances": 2, "min_up": 1, "failover": failover}}
    assert [f.certainty for f in found("claimed_failover", call(), components=spare)] == expected
    assert found("claimed_failover", call(), components={"db": {"instances": 1, "failover": failover}}) == ()


def test_a_write_that_may_have_happened() -> None:
    """Not idempotent is proven; an external call of unknown kind is possible; a reconciliation or idempotence silences it."""
    assert [f.certainty for f in found("ambiguous_write", call(idempotent=False))] == ["proven"]
    assert [f.certainty for f in found("ambiguous_write", call(), components={"db": {"kind": "external"}})] == ["possible"]
    assert found("ambiguous_write", call(idempotent=True), call("b")) == ()
    assert found("ambiguous_write", call(idempotent=False, fallback={"reconcile": "nightly job"})) == ()


def queued(**more: Any) -> dict[str, Any]:
    """An asynchronous call."""
    return {"from": "api", "to": "worker", "call": "async", **more}


def test_how_long_a_buffer_lasts() -> None:
    """50,000 at 60 a second are full in a quarter of an hour; two million last a night; unknown is possible, none is silent."""
    short = found("queue_backlog", queued(rate="60/s", buffer={"size": 50000, "when_full": "block"}))
    assert short[0].certainty == "proven"
    assert "833s" in short[0].title
    assert "callers wait" in short[0].title
    assert found("queue_backlog", queued(rate="60/s", buffer={"size": 2_000_000, "when_full": "drop"})) == ()
    assert [f.certainty for f in found("queue_backlog", queued())] == ["possible"]
    assert found("queue_backlog", queued(buffer="none")) == ()


def test_articles_settings_are_judged_at_two_hundred_a_second() -> None:
    """200 ms, 5 failures in 30 s, a pool of 10, one retry after 50 ms: the breaker trips and the pool rejects while healthy."""
    profile = measured("api -> db", 60, n=9990, errors=10)
    rate = 6 / profile.mean_s
    policy = {
        "timeout": "200ms",
        "retry": {"max_attempts": 2, "backoff": "50ms"},
        "circuit_breaker": {"failures": 5, "window": "30s", "open_for": "30s"},
        "bulkhead": {"max_concurrent": 10},
    }
    system = world([call(policy=policy, rate=f"{rate:.6f}/s", idempotent=True)], {"api": {"concurrency": 60}})
    checks = {f.check: f.title for f in run_checks(facts(system, profile))}
    assert 180 < rate < 220
    assert "4.3 %" in checks["bulkhead_starvation"]
    assert "breaker_trips_when_healthy" in checks
