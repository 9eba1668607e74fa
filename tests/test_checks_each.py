"""Every check, by its name in the table: the smallest world in which it fires, and the smallest change that silences it.

A check without its pair here fails the first test. The empty system stands in test_checks_first.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from small_worlds import facts, measured, world

from auditkit.checks import CHECKS, Facts
from auditkit.model.draft import Coverage

BOUNDED = {"timeout": "200ms", "retry": "none", "circuit_breaker": "none", "bulkhead": {"max_concurrent": 10}}
BREAKER = {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "10s", "growth": 2, "half_open_calls": 3}
FAST, SLOW, FAILING = measured("api -> db", 5), measured("api -> db", 100), measured("api -> db", 100, n=2700, errors=300)
ZONES = {"placement": {"zone-a": 1, "zone-b": 1}, "instances": 2, "min_up": 1}


def call(to: Any = "db", source: str = "api", **more: Any) -> dict[str, Any]:
    """One call of api to db that fails it, bounded by a timeout and a bulkhead unless told otherwise."""
    return {"from": source, "to": to, "policy": BOUNDED, "on_failure": "fail", **more}


def of(*dependencies: dict[str, Any], profiles: Any = (), components: Any = None, **journey: Any) -> Facts:
    """What a check looks at in a small world."""
    return facts(world(list(dependencies), components, **journey), *profiles)


def having(**settings: Any) -> dict[str, Any]:
    """The bounded policy with some settings replaced."""
    return {**BOUNDED, **settings}


def covered(grade: str) -> Facts:
    """A world of which so much is known."""
    known = Coverage(components=1, by_confidence={}, grade=grade, reason="nothing was seen in traffic")
    return facts(world([call()]), coverage=known)


def zoned(zone: str) -> Facts:
    """A fallback's cache in some zone, the callee that it stands in for in zone-a."""
    placed = {"api": ZONES, "db": {"placement": {"zone-a": 1}}, "redis": {"placement": {zone: 1}}}
    return of(call(on_failure="degrade", fallback={"kind": "cache", "alternatives": ["redis"]}), components=placed)


def shared(place: str) -> Facts:
    """Two redundant servers, the second of them in some zone."""
    return of(call(["a", "b"]), components={"a": {"placement": {"zone-a": 1}}, "b": {"placement": {place: 1}}})


def served(**fallback: Any) -> Facts:
    """A call that degrades to a fallback."""
    return of(call(on_failure="degrade", fallback=fallback))


def staged(*stages: int) -> Facts:
    """Slow calls that degrade, in some order, under a deadline of 500 ms."""
    static = {"on_failure": "degrade", "fallback": {"kind": "static"}, "rate": "10/s"}
    return of(*(call(f"s{i}", stage=s, **static) for i, s in enumerate(stages)), components=ROOM, deadline="500ms")


def layers(**retry: Any) -> Facts:
    """Three levels of calls, each tried again."""
    again = having(retry=retry)
    return of(call("b", policy=again), call("c", "b", policy=again), call("db", "c", policy=again))


def unused() -> Facts:
    """A world that no journey enters."""
    known = of(call())
    return replace(known, system=known.system.model_copy(update={"journeys": ()}))


ROOM = {"api": {"concurrency": 200}}
FREE = {"timeout": "200ms", "bulkhead": "none"}
IGNORED = {"on_failure": "ignore"}
STORE = {"db": {"kind": "database", "concurrency": 10}}

PAIRS: dict[str, tuple[Callable[[], Facts], Callable[[], Facts]]] = {
    "single_point_of_failure": (lambda: of(call()), unused),
    "small_cut_set": (lambda: of(call(["a", "b"])), lambda: of(call(["a", "b"], **IGNORED))),
    "shared_fate": (lambda: shared("zone-a"), lambda: shared("zone-b")),
    "false_redundancy": (
        lambda: of(call(["a", "b"]), call("db", "a"), call("db", "b")),
        lambda: of(call(["a", "b"]), call("d1", "a"), call("d2", "b")),
    ),
    "hard_need_of_optional": (lambda: of(call(**IGNORED, policy={"timeout": "none"})), lambda: of(call(**IGNORED))),
    "dependency_cycle": (lambda: of(call("b"), call("api", "b")), lambda: of(call("b"), call("c", "b"))),
    "slo_ceiling": (
        lambda: of(call(), components={"api": {"availability": "99.9%"}, "db": {"availability": "99%"}}, slo="99.9%"),
        lambda: of(call(), components={"api": {"availability": "99.99%"}, "db": {"availability": "99.99%"}}, slo="99.9%"),
    ),
    "unbounded_wait": (lambda: of(call(policy={"timeout": "none"})), lambda: of(call())),
    "timeout_inversion": (
        lambda: of(call("mid"), call("db", "mid", policy=having(timeout="300ms"))),
        lambda: of(call("mid"), call("db", "mid", policy=having(timeout="100ms"))),
    ),
    "unknown_answer": (lambda: of(call(on_failure="unknown")), lambda: of(call())),
    "low_coverage": (lambda: covered("low"), lambda: covered("high")),
    "shared_pool": (
        lambda: of(call(policy=FREE, rate="100/s"), components={"api": {"concurrency": 10}}),
        lambda: of(call(policy=FREE, rate="100/s"), components={"api": {"concurrency": 30}}),
    ),
    "deadline_too_tight": (
        lambda: of(call(), profiles=(SLOW,), deadline="50ms"),
        lambda: of(call(), profiles=(SLOW,), deadline="500ms"),
    ),
    "deadline_missed_when_slow": (lambda: staged(1, 2, 3), lambda: staged(1, 1, 1)),
    "retry_without_idempotence": (
        lambda: of(call(policy=having(retry={"max_attempts": 2}), idempotent=False)),
        lambda: of(call(policy=having(retry={"max_attempts": 2}), idempotent=True)),
    ),
    "retry_amplification": (
        lambda: layers(max_attempts=3),
        lambda: layers(max_attempts=3, budget="1%"),
    ),
    "retry_storm_margin": (
        lambda: of(call(policy=having(retry={"max_attempts": 4}), rate="60/s"), profiles=(SLOW,), components=STORE),
        lambda: of(call(policy=having(retry={"max_attempts": 4}), rate="40/s"), profiles=(SLOW,), components=STORE),
    ),
    "breaker_trips_when_healthy": (
        lambda: of(call(policy=having(circuit_breaker={"failures": 5, "window": "30s"}), rate="10/s"), profiles=(FAILING,)),
        lambda: of(call(policy=having(circuit_breaker=BREAKER), rate="10/s"), profiles=(FAILING,)),
    ),
    "breaker_cannot_trip": (
        lambda: of(call(policy=having(circuit_breaker=BREAKER), rate="1/s")),
        lambda: of(call(policy=having(circuit_breaker=BREAKER), rate="10/s")),
    ),
    "breaker_herd": (
        lambda: of(
            call(policy=having(circuit_breaker={"failures": 5, "window": "10s", "open_for": "30s"}), rate="10/s"),
            components={"api": {"instances": 4}},
        ),
        lambda: of(call(policy=having(circuit_breaker=BREAKER), rate="10/s"), components={"api": {"instances": 4}}),
    ),
    "bulkhead_starvation": (
        lambda: of(call(rate="120/s"), profiles=(SLOW,)),
        lambda: of(call(rate="20/s"), profiles=(SLOW,)),
    ),
    "bulkhead_over_shared_dependency": (
        lambda: of(call("a"), call("b"), call("db", "a"), call("db", "b"), components=STORE),
        lambda: of(call("a"), call("b"), call("d1", "a"), call("d2", "b")),
    ),
    "missing_fallback": (lambda: of(call(on_failure="degrade")), lambda: served(kind="static")),
    "fallback_shares_fate": (lambda: zoned("zone-a"), lambda: zoned("zone-b")),
    "stale_fallback": (
        lambda: served(kind="cache", safe=False),
        lambda: served(kind="cache", safe=True, stale_after="5m", decided_by="ada"),
    ),
    "untested_fallback": (
        lambda: served(kind="static"),
        lambda: facts(world([call(on_failure="degrade", fallback={"kind": "static"})]), tested=frozenset({"fallback api -> db"})),
    ),
    "ambiguous_write": (lambda: of(call(idempotent=False)), lambda: of(call(idempotent=True))),
    "queue_backlog": (
        lambda: of(call(call="async", rate="100/s", buffer={"size": 100, "when_full": "drop"})),
        lambda: of(call(call="async", rate="100/s", buffer={"size": 10_000_000, "when_full": "drop"})),
    ),
    "redundancy_without_diversity": (lambda: shared("zone-a"), lambda: shared("zone-b")),
    "claimed_failover": (
        lambda: of(call(), components={"db": {"instances": 2, "min_up": 1, "failover": "manual"}}),
        lambda: of(call(), components={"db": {"instances": 2, "min_up": 1, "failover": "automatic"}}),
    ),
    "over_engineered": (
        lambda: of(call(policy=having(retry={"max_attempts": 2})), profiles=(FAST,), components={"db": {"kind": "database"}}),
        lambda: of(call(policy=having(retry={"max_attempts": 2})), profiles=(SLOW,), components={"db": {"kind": "database"}}),
    ),
}


def test_every_check_has_its_pair_and_no_pair_is_left_over() -> None:
    """Whoever adds a check adds a world in which it fires, and one in which it does not."""
    assert set(PAIRS) == set(CHECKS)


@pytest.mark.parametrize("name", CHECKS)
def test_it_fires_where_it_should(name: str) -> None:
    """There is a finding of this check, about something in the world, with evidence and a remedy."""
    findings = tuple(CHECKS[name].run(PAIRS[name][0]()))
    assert findings
    assert all(f.check == name and f.title and f.evidence and f.remedy for f in findings)


@pytest.mark.parametrize("name", CHECKS)
def test_it_is_silent_beside_it(name: str) -> None:
    """The smallest change silences it."""
    assert tuple(CHECKS[name].run(PAIRS[name][1]())) == ()
