"""What holds in every simulated system, whatever its settings and faults; and what the plan's experiments show."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from cli import auditkit
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from auditkit.errors import InputError
from auditkit.model.system import System
from auditkit.simulation import Fault, Law, Setup, Users, run_once, run_seeds, series_of
from auditkit.simulation import columns as c

TARGETS = ("a", "b", "d", "zone-x", "db-host")
KINDS = ("slow_times", "slow_set", "slow_plus", "hang", "errors", "crash", "pool")
VALUES = {"slow_times": 20.0, "slow_set": 0.3, "slow_plus": 0.2, "errors": 0.6, "pool": 1.0}

policies = st.fixed_dictionaries(
    {
        "timeout": st.sampled_from(["none", "20ms", "100ms"]),
        "retry": st.sampled_from(
            ["none", {"max_attempts": 3}, {"max_attempts": 3, "backoff": "10ms", "jitter": "full", "budget": "10%"}]
        ),
        "circuit_breaker": st.sampled_from(
            ["none", {"failures": 3, "window": "1s", "open_for": "200ms"},
             {"failure_rate": "50%", "window": "1s", "min_calls": 5, "open_for": "300ms", "growth": 2, "half_open_calls": 2,
              "half_open": "gradual"}]
        ),
        "bulkhead": st.sampled_from(["none", {"max_concurrent": 2}, {"max_concurrent": 2, "max_wait": "15ms"}]),
    }
)  # fmt: skip
effects = st.sampled_from(
    [
        {"on_failure": "fail"},
        {"on_failure": "ignore"},
        {"on_failure": "degrade", "fallback": {"kind": "static"}},
        {"on_failure": "degrade", "fallback": {"kind": "cache", "alternatives": [{"to": "d", "policy": {"timeout": "30ms"}}]}},
        {"call": "async"},
    ]
)


@st.composite
def systems(draw: Any) -> System:
    """Two services over a database, some of them small, with any policy on each call; one of the calls goes to two of three."""
    dependencies = [
        {"from": "a", "to": "b", "stage": draw(st.sampled_from([1, 2])), "policy": draw(policies), **draw(effects)},
        {"from": "a", "to": "d", "stage": 1, "policy": draw(policies), **draw(effects)},
        {
            "from": "b",
            "to": ["d", "e", "f"],
            "at_least": draw(st.sampled_from([1, 2, 3])),
            "policy": draw(policies),
            "on_failure": "fail",
        },
    ]
    workers, queue = st.sampled_from([1, 3, "none"]), st.sampled_from([0, 4, "none"])
    sized = [{"id": x, "concurrency": draw(workers), "queue": draw(queue)} for x in "abdef"]
    sized[1] |= {
        "instances": 3,
        "placement": {"zone-x": 2, "zone-y": 1},
        "failover": draw(st.sampled_from(["automatic", "manual"])),
    }
    return System.model_validate(
        {
            "system": "any",
            "components": sized,
            "dependencies": dependencies,
            "common_causes": [{"id": "db-host", "affects": ["d", "e"]}],
            "journeys": [{"id": "j", "entry": "a", "rate": "60/s", "deadline": "200ms"}],
        }
    )


@st.composite
def faults(draw: Any) -> tuple[Fault, ...]:
    found = []
    for kind in draw(st.lists(st.sampled_from(KINDS), max_size=3)):
        start, length = draw(st.sampled_from([(0.5, 1.0), (1.0, 1.0), (1.2, 0.3)]))
        found.append(Fault(kind, draw(st.sampled_from(TARGETS)), start, length, VALUES.get(kind, 0.0)))
    if draw(st.booleans()):
        found.append(Fault("partition", "a -> b", 0.7, 0.8))
    if draw(st.booleans()):
        found.append(Fault("load", "*", 1.0, 0.5, 4.0))
    return tuple(found)


@settings(max_examples=120, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(system=systems(), wrong=faults(), seed=st.integers(0, 50), deadlines=st.booleans(), turns=st.booleans())
def test_every_request_ends_once_and_every_attempt_is_accounted_for(
    system: System, wrong: tuple[Fault, ...], seed: int, deadlines: bool, turns: bool
) -> None:
    """Every request has one end, every attempt one outcome, nothing is left over, and no more is busy than there is."""
    setup = Setup(
        seed=seed,
        duration_s=3.0,
        drain_s=400.0,
        faults=wrong,
        laws=dict.fromkeys("abdef", Law("exponential", 0.01)),
        propagate_deadlines=deadlines,
        balance="turns" if turns else "random",
    )
    out = run_once(system, {}, setup)
    assert set(np.unique(out.codes)) <= {c.OK, c.DEGRADED, c.ERROR}
    assert (out.latency_s >= 0).all()
    assert np.isfinite(out.latency_s).all()
    assert out.in_flight == 0
    total = out.tally.sum(axis=0)
    assert (total[:, c.T_ATTEMPTS] == total[:, [c.T_OK, c.T_ERRORS, c.T_TIMEOUTS]].sum(axis=1)).all()
    assert total[:, c.T_ATTEMPTS].sum() == out.attempts.sum()
    assert (
        total[:, c.T_ATTEMPTS] + total[:, c.T_POOL_FULL] + total[:, c.T_BREAKER_OPEN]
        <= total[:, c.T_CALLS] + total[:, c.T_RETRIES]
    ).all()
    for name, most, longest in zip(out.compiled.components, out.most_busy, out.longest_queue, strict=True):
        component = system.component(name)
        if isinstance(component.concurrency, int):
            assert most <= component.concurrency
        if isinstance(component.queue, int):
            assert longest <= component.queue
    again = run_once(system, {}, setup)
    assert out.codes.tobytes() == again.codes.tobytes()
    assert out.latency_s.tobytes() == again.latency_s.tobytes()
    assert out.tally.tobytes() == again.tally.tobytes()
    assert out.busy.tobytes() == again.busy.tobytes()


def chain(**policy: Any) -> System:
    """An API with ten workers over one service."""
    return System.model_validate(
        {
            "system": "chain",
            "components": [{"id": "api", "concurrency": 10, "queue": 10}, {"id": "s", "concurrency": "none"}],
            "dependencies": [
                {"from": "api", "to": "s", "on_failure": "degrade", "fallback": {"kind": "static"}, "policy": policy or "none"}
            ],
            "journeys": [{"id": "j", "entry": "api", "rate": "100/s", "deadline": "500ms"}],
        }
    )


def test_a_slow_callee_without_timeout_takes_every_worker_and_a_timeout_gives_them_back() -> None:
    """Thread exhaustion: the fallback is never reached, until somebody gives up waiting."""
    setup = Setup(duration_s=30.0, laws={"s": Law("constant", 0.02)}, faults=(Fault("hang", "s", 10.0, 10.0),))
    during = slice(1100, 1900)
    stuck = run_once(chain(), {}, setup)
    assert (stuck.codes[during] == c.ERROR).mean() > 0.95
    assert stuck.most_busy[0] == 10
    bounded = run_once(chain(timeout="50ms"), {}, setup)
    assert (bounded.codes[during] == c.DEGRADED).mean() > 0.95
    assert (stuck.start_s == bounded.start_s).all()


def test_a_breaker_stops_asking_and_asks_again_when_the_fault_is_over() -> None:
    """While the callee fails almost nobody asks it; afterwards all answers are full again."""
    breaker = {"failure_rate": "50%", "window": "2s", "min_calls": 10, "open_for": "1s", "half_open_calls": 2}
    setup = Setup(duration_s=40.0, laws={"s": Law("constant", 0.02)}, faults=(Fault("errors", "s", 10.0, 10.0, 1.0),))
    out = run_once(chain(timeout="50ms", circuit_breaker=breaker), {}, setup)
    assert 5 <= out.tally[c.DURING, 0, c.T_OPENINGS] <= 12
    assert out.tally[c.DURING, 0, c.T_ATTEMPTS] < 200  # of a thousand; half of a window has to fail before it opens
    assert (out.codes[out.start_s > 22.0] == c.OK).all()


def test_a_run_can_be_told_second_by_second() -> None:
    """Shares of each second add up to one, the breaker is seen open, and busy workers are those of Little's law."""
    breaker = {"failure_rate": "50%", "window": "2s", "min_calls": 10, "open_for": "1s", "half_open_calls": 2}
    setup = Setup(duration_s=30.0, laws={"s": Law("constant", 0.02)}, faults=(Fault("errors", "s", 10.0, 10.0, 1.0),))
    told = series_of(run_seeds(chain(timeout="50ms", circuit_breaker=breaker), {}, setup, 3), "proposed")
    seen = told.journeys[0]
    assert told.times_s == tuple(float(n) for n in range(30))
    assert told.fault_s == (10.0, 20.0)
    shares = np.array([seen.full, seen.degraded, seen.error, seen.late])
    assert shares.sum(axis=0) == pytest.approx(np.ones(30))
    assert set(seen.full[:10]) == {1.0}
    assert set(seen.degraded[10:20]) == {1.0}
    assert seen.p99_s[5] == pytest.approx(0.02)
    assert told.breakers[0].open[15] > 0.6
    assert told.breakers[0].open[5] == told.breakers[0].open[25] == 0.0
    busy = {b.component: b for b in told.busy}
    assert busy["api"].workers == 10
    assert np.mean(busy["api"].busy[:10]) == pytest.approx(100 * 0.02, rel=0.1)


def test_users_who_wait_for_their_answer_send_less_when_it_is_slow() -> None:
    """A closed loop: throughput is users / (latency + thinking), by Little's law."""
    for latency in (0.1, 0.9):
        setup = Setup(duration_s=200.0, laws={"s": Law("constant", latency)}, users={"j": Users(5, 0.1)})
        out = run_once(chain(), {}, setup)
        assert len(out.codes) / 200.0 == pytest.approx(5 / (latency + 0.1), rel=0.04)


def test_a_fault_that_hits_nothing_is_an_error_in_words() -> None:
    """Every wrong target is named at once."""
    wrong = (Fault("crash", "nope", 1.0, 1.0), Fault("partition", "api -> nix", 1.0, 1.0))
    with pytest.raises(InputError) as caught:
        run_once(chain(), {}, Setup(faults=wrong))
    assert [p.what.split("'")[1] for p in caught.value.problems] == ["nope", "api -> nix"]


def test_a_fault_that_means_nothing_is_an_error_in_words() -> None:
    """Shares above one, no time at all, a crash that ramps up, a schedule that overlaps, load on no journey: all at once."""
    wrong = (
        Fault("errors", "s", 1.0, 1.0, 2.0),
        Fault("crash", "s", 1.0, 0.0),
        Fault("crash", "s", 1.0, 1.0, ramp_s=1.0),
        Fault("hang", "s", 1.0, 5.0, times=2, every_s=2.0),
        Fault("slow_times", "s", 1.0, 5.0, math.nan),
        Fault("load", "api", 1.0, 5.0, 2.0),
    )
    with pytest.raises(InputError) as caught:
        run_once(chain(), {}, Setup(faults=wrong))
    assert len(caught.value.problems) == len(wrong)


def test_a_fault_can_grow_and_can_come_again() -> None:
    """Load that ramps to threefold in ten seconds and stays brings the requests of its integral; two spells fail twice."""
    setup = Setup(duration_s=30.0, laws={"s": Law("constant", 0.001)}, faults=(Fault("load", "j", 10.0, 20.0, 3.0, ramp_s=10.0),))
    out = run_once(chain(), {}, setup)
    assert len(out.codes) == pytest.approx(100 * (10 + 20 + 30), rel=0.05)
    assert ((out.start_s >= 14) & (out.start_s < 16)).sum() == pytest.approx(400, rel=0.15)
    again = Setup(
        duration_s=20.0, laws={"s": Law("constant", 0.001)}, faults=(Fault("crash", "s", 5.0, 1.0, times=2, every_s=5.0),)
    )
    worse = series_of([run_once(chain(), {}, again)]).journeys[0].degraded
    assert [n for n, share in enumerate(worse) if share > 0.9] == [5, 10]


def test_a_cache_serves_what_is_as_old_as_the_fault() -> None:
    """Answers served instead age with the outage; after `stale_after` all of them are too old, before it none."""
    system = chain()
    raw = system.model_dump(by_alias=True, exclude_none=True)
    raw["dependencies"][0]["fallback"] = {"kind": "cache", "stale_after": "4s"}
    setup = Setup(duration_s=30.0, laws={"s": Law("constant", 0.001)}, faults=(Fault("crash", "s", 10.0, 10.0),))
    out = run_once(System.model_validate(raw), {}, setup)
    old = out.stale == 1
    assert out.oldest_s[0] == pytest.approx(10.0, abs=0.2)
    assert out.start_s[old].min() == pytest.approx(14.0, abs=0.2)
    assert old.sum() == ((out.codes == c.DEGRADED) & (out.start_s > out.start_s[old].min() - 1e-9)).sum()
    assert out.tally[:, 0, c.T_STALE].sum() == old.sum()


def test_a_breaker_that_closes_gradually_spares_what_recovers() -> None:
    """After the trial calls a fixed breaker lets all calls through at once; a gradual one a growing share of them."""
    seen = {}
    for how in ("fixed", "gradual"):
        breaker = {
            "failure_rate": "50%",
            "window": "2s",
            "min_calls": 10,
            "open_for": "4s",
            "half_open_calls": 2,
            "half_open": how,
        }
        setup = Setup(duration_s=30.0, laws={"s": Law("constant", 0.02)}, faults=(Fault("errors", "s", 10.0, 4.0, 1.0),))
        told = series_of([run_once(chain(timeout="50ms", circuit_breaker=breaker), {}, setup)])
        seen[how] = told.journeys[0].degraded[15:22]
    assert max(seen["fixed"][2:]) == 0.0
    assert seen["gradual"][1] > seen["gradual"][2] > seen["gradual"][3] > 0.0
    assert seen["gradual"][-1] == 0.0


def test_what_nobody_told_is_named_as_an_assumption() -> None:
    """Unknown workers, latencies, effects and rates are assumed in words, never in silence."""
    unknown = System.model_validate(
        {
            "system": "u",
            "components": [{"id": "x"}],
            "dependencies": [{"from": "x", "to": "y"}],
            "journeys": [{"id": "j", "entry": "x"}],
        }
    )
    said = {f"{a.where}: {a.what}" for a in run_once(unknown, {}, Setup(duration_s=5.0)).compiled.assumptions}
    assert said == {
        "journey j: rate unknown: 1 a second, for want of any",
        "x: workers unknown: as many as it takes",
        "y: workers unknown: as many as it takes",
        "x -> y: what its failure does is unknown: the answer fails",
        "x -> y: latency unknown: 5 ms",
    }


def test_a_call_that_hangs_is_not_tried_again_where_only_refused_ones_are() -> None:
    """Three attempts, but only before sending: one attempt a call while the callee hangs."""
    tries = {}
    for only in ({}, {"only": "before_sending"}):
        again = {"max_attempts": 3, "backoff": "10ms", **only}
        setup = Setup(duration_s=20.0, laws={"s": Law("constant", 0.02)}, faults=(Fault("hang", "s", 5.0, 10.0),))
        run = run_once(chain(timeout="50ms", retry=again), {}, setup)
        tries[bool(only)] = int(run.attempts.max())
    assert tries == {False: 3, True: 1}


def test_the_plan_is_proven_or_refuted_from_the_command_line(tmp_path: Path) -> None:
    """On the worked example: a slow recommendation service stops the home page today and not with the proposed settings."""
    assert auditkit("new", tmp_path / "shop", "--sample", "worked-example").code == 0
    assert auditkit("run", tmp_path / "shop").code == 0
    name = "chaos-timeout-api-home-recommendation"
    ran = auditkit("simulate", tmp_path / "shop", "--experiment", name, "--seed", "3", "--json")
    assert ran.code == 0
    runs = ran.json["runs"]
    verdicts = {r["settings"]: r["verdict"] for r in runs}
    assert {r["experiment"] for r in runs} == {name}
    assert (verdicts["today"], verdicts["proposed"]) == ("fails", "holds")
    assert verdicts["without api:home -> recommendation"] == "fails"
    assert verdicts["without api:order -> users"] == "holds"
    today, proposed = (r["journeys"]["home"]["phases"]["during"] for r in runs[:2])
    assert today["error"]["mean"] + today["late"]["mean"] > 0.99
    assert proposed["degraded"]["mean"] > 0.98
    assert auditkit("simulate", tmp_path / "shop", "--experiment", name, "--seed", "3", "--json").out == ran.out
    shown = auditkit("simulate", tmp_path / "shop", "--experiment", name)
    assert "Assumed" in shown.out
    assert auditkit("simulate", tmp_path / "shop", "--experiment", "nix").code == 2


@pytest.mark.parametrize(
    ("fault", "again"),
    [
        (Fault("crash", "s", 10.0, 10.0), True),  # nobody listens: nothing was sent
        (Fault("errors", "s", 10.0, 10.0, 1.0), False),  # it has answered, so it has been asked
        (Fault("hang", "s", 10.0, 10.0), False),  # it may be at work
        (Fault("partition", "api -> s", 10.0, 10.0), False),  # the request may have arrived, only the answer is missing
    ],
)
def test_a_retry_before_sending_repeats_only_what_cannot_have_been_done(fault: Fault, again: bool) -> None:
    """`only: before_sending`: refused connections are tried again; errors, timeouts and lost calls are not."""
    setup = Setup(duration_s=40.0, laws={"s": Law("constant", 0.02)}, faults=(fault,))
    careful, free = (
        run_once(chain(timeout="50ms", retry={"max_attempts": 3, **only}), {}, setup) for only in ({"only": "before_sending"}, {})
    )
    retries = careful.tally[c.DURING, 0, c.T_RETRIES]
    assert free.tally[c.DURING, 0, c.T_RETRIES] > 1000
    assert retries == (free.tally[c.DURING, 0, c.T_RETRIES] if again else 0)


def test_what_was_under_way_in_a_crash_is_not_repeated_before_sending() -> None:
    """Calls that are being worked on as it crashes are lost, not refused: they are tried again only without `only`."""
    setup = Setup(duration_s=40.0, laws={"s": Law("constant", 0.5)}, faults=(Fault("crash", "s", 10.0, 0.001),))
    lost = {}
    for name, only in (("careful", {"only": "before_sending"}), ("free", {})):
        out = run_once(chain(timeout="2s", retry={"max_attempts": 2, "backoff": "10ms", **only}), {}, setup)
        lost[name] = tuple(int(out.tally[:, 0, column].sum()) for column in (c.T_ERRORS, c.T_RETRIES))
    assert lost["free"] == (10, 10)  # ten workers, ten calls
    assert lost["careful"] == (20, 10)  # the ten are given up; the ten that were waiting come next, are refused, and tried again
