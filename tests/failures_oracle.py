"""Small systems, each with the answers that the meaning of a failure demands; worked out by hand.

Several are questions that published tools answer wrongly: replicas of the caller that are believed to survive the death of a
required database, impact that flows to callees instead of callers, fallbacks that are believed to help against a hang.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from auditkit.model.failure import Assume, Mode
from auditkit.model.system import System


@dataclass(frozen=True)
class Outcome:
    """What one scenario must do; only what is named is compared."""

    fail: tuple[str, ...]
    mode: Mode = "down"
    assume: Assume = "worst"
    journeys: dict[str, str] = field(default_factory=dict)
    components: dict[str, str] = field(default_factory=dict)
    worst_case_s: dict[str, float] = field(default_factory=dict)
    value_lost: float | None = None
    assumed_of: str | None = None


@dataclass(frozen=True)
class Situation:
    """A system, and what must come out of it."""

    title: str
    system: System
    outcomes: tuple[Outcome, ...] = ()
    cut_sets: dict[str, tuple[str, ...]] = field(default_factory=dict)
    """Journey -> its cut sets, each as atoms with blanks between."""
    single_points: dict[str, dict[str, str]] = field(default_factory=dict)
    availability: dict[str, float] = field(default_factory=dict)
    certainty: dict[str, dict[str, str]] = field(default_factory=dict)


def system(components: str | list[Any], dependencies: list[dict[str, Any]], journeys: dict[str, Any], causes: Any = ()) -> System:
    """A system from short forms: component ids in one text (or dicts), and journeys as `{id: entry}` (or dicts)."""
    listed = components.split() if isinstance(components, str) else components
    return System.model_validate(
        {
            "system": "situation",
            "components": [{"id": item} if isinstance(item, str) else item for item in listed],
            "dependencies": dependencies,
            "journeys": [
                {"id": id_, **({"entry": entry} if isinstance(entry, str) else entry)} for id_, entry in journeys.items()
            ],
            "common_causes": list(causes),
        }
    )


def call(
    route: str, on_failure: str | None = "fail", timeout: str | None = None, bulkhead: int | None = None, **more: Any
) -> dict[str, Any]:
    """A dependency from `caller > callee`, or `caller > first | second` for redundant ones."""
    caller, _, callees = route.partition(" > ")
    found: dict[str, Any] = {"from": caller, "to": callees.split(" | "), **more}
    if on_failure:
        found["on_failure"] = on_failure
    policy = dict(more.get("policy", {}))
    if timeout:
        policy["timeout"] = timeout
    if bulkhead:
        policy["bulkhead"] = {"max_concurrent": bulkhead}
    if policy:
        found["policy"] = policy
    return found


def stand_in(*alternatives: Any) -> dict[str, Any]:
    """A fallback that asks others."""
    return {"alternatives": list(alternatives)}


BREAKER = {"circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 20, "open_for": "30s"}}
TWICE = {"retry": {"max_attempts": 2, "backoff": "50ms"}}

SITUATIONS: tuple[Situation, ...] = (
    Situation(
        "spare instances of the caller do not help when the database that it needs dies",
        system(
            [{"id": "web", "instances": 3, "min_up": 1}, {"id": "db", "kind": "database", "instances": 1, "min_up": 1}],
            [call("web > db")],
            {"browse": "web"},
        ),
        (
            Outcome(("db",), journeys={"browse": "failed"}, components={"web": "failed"}),
            Outcome(("web",), journeys={"browse": "failed"}, components={"db": "ok"}),
        ),
        cut_sets={"browse": ("db", "web")},
        single_points={"browse": {"component": "db web", "instance": "db", "shared_cause": ""}},
    ),
    Situation(
        "one of two redundant servers may die, both may not",
        system("lb app1 app2", [call("lb > app1 | app2", at_least=1)], {"page": "lb"}),
        (Outcome(("app1",), journeys={"page": "ok"}), Outcome(("app1", "app2"), journeys={"page": "failed"})),
        cut_sets={"page": ("lb", "app1 app2")},
    ),
    Situation(
        "when everything is down, all value is lost",
        system("a b c", [call("a > b"), call("b > c")], {"one": {"entry": "a", "value": 2}, "two": "b"}),
        (Outcome(("a", "b", "c"), journeys={"one": "failed", "two": "failed"}, value_lost=1.0),),
    ),
    Situation(
        "a failure reaches callers, never callees, and an ignorable leaf reaches nobody",
        system(
            "s1 s2 s3 s4 s5 db audit-log",
            [*(call(f"s{n} > db") for n in range(1, 6)), call("s1 > s2"), call("s1 > audit-log", "ignore", "100ms", 4)],
            {"j1": "s1", "j3": "s3"},
        ),
        (
            Outcome(("db",), journeys={"j1": "failed", "j3": "failed"}),
            Outcome(("audit-log",), journeys={"j1": "ok", "j3": "ok"}),
            Outcome(("s3",), journeys={"j1": "ok", "j3": "failed"}, components={"db": "ok"}),
        ),
        cut_sets={"j1": ("db", "s1", "s2"), "j3": ("db", "s3")},
    ),
    Situation(
        "three sightings of a call make it no weaker than a million",
        system(
            "api refund",
            [
                call(
                    "api > refund",
                    evidence=[{"source": "traces.json", "locator": "3 spans", "confidence": "observed", "count": 3}],
                )
            ],
            {"order": "api"},
        ),
        cut_sets={"order": ("api", "refund")},
    ),
    Situation(
        "what two services share counts once in the availability",
        system(
            [
                {"id": "page", "availability": "100%"},
                {"id": "a", "availability": "99.9%"},
                {"id": "b", "availability": "99.9%"},
                {"id": "db", "availability": "99%"},
            ],
            [call("page > a"), call("page > b"), call("a > db"), call("b > db")],
            {"j": "page"},
        ),
        availability={"j": 0.98802099},
    ),
    Situation(
        "no fallback is reached by a call that never returns",
        system(
            [{"id": "api", "concurrency": 50}, "recommendations"],
            [call("api > recommendations", "degrade", rate="200/s", fallback={"kind": "static", "serves": "popular items"})],
            {"home": "api"},
        ),
        (
            Outcome(("recommendations",), journeys={"home": "degraded"}),
            Outcome(("recommendations",), "slow", journeys={"home": "hung"}),
        ),
    ),
    Situation(
        "without a timeout even an ignorable call hangs its caller",
        system("api telemetry", [call("api > telemetry", "ignore")], {"home": "api"}),
        (Outcome(("telemetry",), journeys={"home": "ok"}), Outcome(("telemetry",), "slow", journeys={"home": "hung"})),
    ),
    Situation(
        "80 held workers of 50 take down the operation that never makes the call; a bulkhead of 10 does not",
        system(
            [{"id": "api", "concurrency": 50}, "recommendations", "users"],
            [
                call("api:home > recommendations", "degrade", "200ms", rate="400/s"),
                call("api:account > users", "fail", "200ms", 10, rate="20/s"),
            ],
            {"home": "api:home", "account": "api:account"},
        ),
        (
            Outcome(("recommendations",), journeys={"home": "degraded", "account": "ok"}),
            Outcome(("recommendations",), "slow", journeys={"home": "hung", "account": "hung"}),
            Outcome(("users",), "slow", journeys={"home": "ok", "account": "failed"}),
        ),
    ),
    Situation(
        "a bulkhead contains the same call, and four workers need none",
        system(
            [{"id": "api", "concurrency": 50}, "recommendations", "reviews", "users"],
            [
                call("api:home > recommendations", "degrade", "200ms", 10, rate="400/s"),
                call("api:home > reviews", "ignore", "200ms", rate="20/s"),
                call("api:account > users", "fail", "200ms", rate="20/s"),
            ],
            {"home": "api:home", "account": "api:account"},
        ),
        (
            Outcome(("recommendations",), "slow", journeys={"home": "degraded", "account": "ok"}),
            Outcome(("reviews",), "slow", journeys={"home": "ok", "account": "ok"}),
        ),
    ),
    Situation(
        "a fallback in the same zone does not survive the zone",
        system(
            [
                {"id": "api", "instances": 2, "min_up": 1, "placement": {"zone-a": 1, "zone-b": 1}},
                {"id": "prices", "instances": 1, "placement": {"zone-a": 1}},
                {"id": "redis", "kind": "cache", "instances": 1, "placement": {"zone-a": 1}},
            ],
            [call("api > prices", "degrade", "1s", fallback={"kind": "cache", **stand_in("redis")})],
            {"quote": "api"},
        ),
        (
            Outcome(("prices",), journeys={"quote": "degraded"}),
            Outcome(("redis",), journeys={"quote": "ok"}),
            Outcome(("zone-a",), journeys={"quote": "failed"}),
            Outcome(("zone-b",), journeys={"quote": "ok"}),
        ),
        cut_sets={"quote": ("api", "zone-a", "prices redis")},
        single_points={"quote": {"component": "api", "instance": "", "shared_cause": "zone-a"}},
    ),
    Situation(
        "instances lost in several zones add up",
        system([{"id": "api", "instances": 5, "min_up": 3, "placement": {"z1": 2, "z2": 2, "z3": 1}}], [], {"j": "api"}),
        (Outcome(("z1",), journeys={"j": "ok"}), Outcome(("z1", "z3"), journeys={"j": "failed"})),
        cut_sets={"j": ("api", "z1 z2", "z1 z3", "z2 z3")},
    ),
    Situation(
        "a quorum of two survives one loss of three",
        system(
            [{"id": "api", "availability": "100%"}, *({"id": f"n{n}", "availability": "99%"} for n in (1, 2, 3))],
            [call("api > n1 | n2 | n3", at_least=2)],
            {"write": "api"},
        ),
        cut_sets={"write": ("api", "n1 n2", "n1 n3", "n2 n3")},
        availability={"write": 0.999702},
    ),
    Situation(
        "a circle stays up by itself, and falls when something pushes it",
        system("a b c", [call("a > b"), call("b > a"), call("b > c")], {"j": "a"}),
        (Outcome((), journeys={"j": "ok"}), Outcome(("c",), journeys={"j": "failed"}, components={"a": "failed", "b": "failed"})),
        cut_sets={"j": ("a", "b", "c")},
    ),
    Situation(
        "who listens to a queue does not touch the answer; the queue does",
        system(
            "api broker mailer", [call("api > broker", "fail", "1s"), call("broker > mailer", call="async")], {"order": "api"}
        ),
        (Outcome(("mailer",), "slow", journeys={"order": "ok"}), Outcome(("broker",), journeys={"order": "failed"})),
        cut_sets={"order": ("api", "broker")},
    ),
    Situation(
        "an open question counts as bad news, and is named",
        system("api ads", [call("api > ads", None)], {"page": "api"}),
        (Outcome(("ads",), journeys={"page": "failed"}, assumed_of="api -> ads"),),
    ),
    Situation(
        "two features that fall back on the same thing fall with it",
        system(
            "gw personal regional charts history",
            [
                call("gw > personal", "degrade", "1s", fallback=stand_in("regional", "charts")),
                call("gw > history", "degrade", "1s", fallback=stand_in("charts")),
            ],
            {"home": "gw"},
        ),
        cut_sets={"home": ("gw", "charts history", "charts personal regional")},
    ),
    Situation(
        "bulkheads do not separate two services whose databases share a cluster",
        system(
            "gw orders users orders-db users-db",
            [
                call("gw:order > orders", "fail", "1s", 10),
                call("gw:login > users", "fail", "1s", 10),
                call("orders > orders-db", "fail", "500ms", 10),
                call("users > users-db", "fail", "500ms", 10),
            ],
            {"order": "gw:order", "login": "gw:login"},
            [{"id": "pg-cluster", "kind": "shared-resource", "affects": ["orders-db", "users-db"]}],
        ),
        (
            Outcome(("orders-db",), "slow", journeys={"order": "failed", "login": "ok"}),
            Outcome(("pg-cluster",), "slow", journeys={"order": "failed", "login": "failed"}),
        ),
        cut_sets={"login": ("gw", "pg-cluster", "users", "users-db")},
    ),
    Situation(
        "too large a bulkhead, two calls that fit only apart, and a breaker alone contain nothing",
        system(
            [
                *({"id": id_, "concurrency": 50} for id_ in ("big", "pair", "lone")),
                {"id": "good", "concurrency": 50, "instances": 10},
                "x",
                "y",
            ],
            [
                call("big > x", "degrade", "200ms", 5000, rate="400/s"),
                call("pair > x", "degrade", "200ms", rate="200/s"),
                call("pair > y", "degrade", "200ms", rate="200/s"),
                call("lone > x", "degrade", "200ms", rate="400/s", policy=BREAKER),
                call("good > x", "degrade", "200ms", rate="400/s"),
            ],
            {id_: id_ for id_ in ("big", "pair", "lone", "good")},
        ),
        (
            Outcome(("x",), "slow", journeys={"big": "hung", "pair": "degraded", "lone": "hung", "good": "degraded"}),
            Outcome(("x", "y"), "slow", journeys={"pair": "hung", "good": "degraded"}),
        ),
    ),
    Situation(
        "three timeouts in a row pass the deadline, side by side they do not",
        system(
            [{"id": "api", "concurrency": 200}, "recommendations", "users", "inventory"],
            [
                *(
                    call(f"api:row > {to}", "degrade", "200ms", 10, rate="100/s", stage=stage)
                    for stage, to in enumerate(("recommendations", "users", "inventory"), start=1)
                ),
                call("api:fan > recommendations", "degrade", "200ms", 10, rate="100/s", stage=1, policy=TWICE),
                call("api:fan > users", "degrade", "200ms", 10, rate="100/s", stage=1),
                call("api:fan > inventory", "degrade", "200ms", 10, rate="100/s", stage=1),
            ],
            {"row": {"entry": "api:row", "deadline": "500ms"}, "fan": {"entry": "api:fan", "deadline": "500ms"}},
            [{"id": "shared-db", "kind": "shared-resource", "affects": ["recommendations", "users", "inventory"]}],
        ),
        (
            Outcome(
                ("recommendations",),
                "slow",
                journeys={"row": "degraded", "fan": "degraded"},
                worst_case_s={"row": 0.2, "fan": 0.45},
            ),
            Outcome(
                ("shared-db",),
                "slow",
                journeys={"row": "late", "fan": "degraded"},
                worst_case_s={"row": 0.6, "fan": 0.45},
                value_lost=0.5,
            ),
        ),
    ),
    Situation(
        "an order that nobody fulfils is no success",
        system(
            "api broker payments",
            [call("api > broker", "fail", "1s"), call("broker > payments", call="async")],
            {"order": {"entry": "api", "completes": ["payments"]}, "browse": "api"},
        ),
        (Outcome(("payments",), journeys={"order": "failed", "browse": "ok"}),),
        cut_sets={"order": ("api", "broker", "payments"), "browse": ("api", "broker")},
    ),
    Situation(
        "a fallback that hangs is worse than none",
        system(
            "gw prices redis gw2",
            [
                call("gw > prices", "degrade", "1s", 5, fallback=stand_in("redis")),
                call(
                    "gw2 > prices",
                    "degrade",
                    "1s",
                    5,
                    fallback=stand_in({"to": "redis", "policy": {"timeout": "50ms", "bulkhead": {"max_concurrent": 5}}}),
                ),
            ],
            {"one": "gw", "two": "gw2"},
        ),
        (
            Outcome(("redis",), "slow", journeys={"one": "ok", "two": "ok"}),
            Outcome(("prices",), "slow", journeys={"one": "degraded", "two": "degraded"}),
            Outcome(("prices", "redis"), "slow", journeys={"one": "hung", "two": "failed"}),
        ),
    ),
    Situation(
        "what an open question leaves open is said both ways",
        system("api ads db", [call("api > ads", None, "100ms", 5), call("api > db")], {"page": "api"}),
        (
            Outcome(("ads",), "down", "worst", journeys={"page": "failed"}),
            Outcome(("ads",), "down", "best", journeys={"page": "ok"}),
            Outcome(("db",), "slow", "worst", journeys={"page": "hung"}),
            Outcome(("db",), "slow", "best", journeys={"page": "failed"}),
        ),
        certainty={"page": {"api": "proven", "ads": "possible", "db": "proven"}},
    ),
)
