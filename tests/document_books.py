"""Small books, written by hand, for tests of the document and of the exporters."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

from auditkit.document import Book, Provenance
from auditkit.model.audit import (
    Action,
    AuditFacts,
    Decision,
    Experiment,
    Finding,
    Ground,
    Monitor,
    Omission,
    Person,
    PolicyProposal,
    Scenario,
    Strategy,
)
from auditkit.model.draft import Coverage
from auditkit.model.latency import Bounds, FalseTimeouts, Histogram, LatencyProfile, TimeoutAdvice
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import Policy, Question, System

HOSTILE = (
    "<script>alert(1)</script> {{ 7*7 }} {% x %} `tick` | #evil \x85 $(rm) =1+1 \u202eevil\u202c 🦊 'q' \"qq\" \\n " + "a" * 300
)
"""Everything at once that could break a format or be taken for markup."""


def shop_system() -> System:
    """A shop: an API with three calls, one degrading, a store that runs alone, a cause that takes two."""
    data = {
        "system": "shop",
        "components": [
            {"id": "api", "instances": 2, "concurrency": 50, "owner": "shop-team", "availability": "99.95%"},
            {"id": "recommendation", "instances": 2, "availability": "99.5%", "owner": "data-team"},
            {"id": "orders", "instances": 2, "availability": "99.9%"},
            {"id": "orders-db", "kind": "database", "instances": 1, "min_up": 1, "availability": "99.9%"},
            {"id": "mail", "kind": "external"},
        ],
        "dependencies": [
            {
                "from": "api:home",
                "to": "recommendation",
                "on_failure": "degrade",
                "rate": "200/s",
                "idempotent": True,
                "fallback": {"kind": "static", "serves": "popular items", "safe": True, "decided_by": "shop-team"},
                "policy": {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none"},
            },
            {
                "from": "api:order",
                "to": "orders",
                "on_failure": "fail",
                "rate": "10/s",
                "idempotent": False,
                "policy": {"timeout": "2s"},
            },
            {"from": "orders", "to": "orders-db", "on_failure": "fail", "rate": "10/s"},
            {"from": "orders", "to": "mail", "call": "async"},
        ],
        "common_causes": [{"id": "deploy", "kind": "deploy", "affects": ["api", "orders"]}],
        "journeys": [
            {"id": "home", "entry": "api:home", "deadline": "500ms", "slo": "99.9%", "value": 3},
            {"id": "order", "entry": "api:order", "deadline": "2s", "slo": "99%"},
        ],
    }
    return System.model_validate(data, context=FROM_FILE)


def shop_profile(call: str = "api -> recommendation", p99: float = 0.1) -> LatencyProfile:
    """6,000 answers of one call, half at 20 ms, the rest up to `p99`."""
    caller, callee = call.split(" -> ")
    counts = Histogram(lo_s=(0.02, p99), hi_s=(0.02, p99), counts=(5940, 60))
    point = {q: Bounds(point=v, lo=0.9 * v, hi=1.1 * v) for q, v in {"p50": 0.02, "p95": 0.02, "p99": p99, "p999": p99}.items()}
    return LatencyProfile(
        call=call,
        caller=caller,
        callee=callee,
        sources=("calls.csv",),
        ok=counts,
        n=6000,
        errors=3,
        timeouts=1,
        min_s=0.02,
        max_s=p99,
        mean_s=0.0208,
        start_s=1767225600.0,
        end_s=1767229200.0,
        slices=60,
        slice_s=60.0,
        **point,
    )


FULL = {
    "timeout": "300ms",
    "retry": {"max_attempts": 2, "backoff": "25ms", "multiplier": 2, "max_backoff": "100ms", "jitter": "full", "budget": "1%"},
    "circuit_breaker": {
        "failure_rate": "50%",
        "window": "10s",
        "min_calls": 20,
        "open_for": "30s",
        "growth": 2,
        "max_open": "5m",
        "half_open_calls": 3,
    },
    "bulkhead": {"max_concurrent": 12, "max_wait": "0s"},
}
"""A policy with every pattern in it."""


def policy(**settings: Any) -> Policy:
    """A policy as a file would say it."""
    return Policy.model_validate(settings, context=FROM_FILE)


def shop_strategy() -> Strategy:
    """What a plan could say of the shop: one call with everything, one refused, one left out, and a decision of each kind."""
    advice = TimeoutAdvice(
        call="api -> recommendation",
        n=6000,
        p50_s=0.02,
        p99=Bounds(point=0.1, lo=0.09, hi=0.11),
        seed_rule_s=(0.2, 0.3),
        recommended_s=0.3,
        grade="justified",
        false_timeout=FalseTimeouts(target=0.001, p=0.0, upper=0.0005),
        bound_by="seed",
        reason="3 x p99 of 100ms",
    )
    refused = TimeoutAdvice(
        call="api:order -> orders",
        n=187,
        grade="provisional",
        provisional_s=2.0,
        bound_by="samples",
        reason="187 samples; a p99 bound needs 299",
    )
    ground = Ground(data="6,000 samples", rule="3 x p99 of 100ms", uncertainty="at most 0.05 %", cost="cuts off 0 %")
    return Strategy(
        system="shop",
        findings=(
            Finding(
                check="single_point_of_failure",
                subject="orders-db",
                severity="critical",
                certainty="proven",
                title="instance orders-db alone stops order",
                evidence=("when it is down, order stops",),
                remedy="add a spare",
            ),
            Finding(
                check="unbounded_wait",
                subject="api:home -> recommendation",
                severity="high",
                certainty="proven",
                title="api:home -> recommendation waits without end",
                remedy="set a timeout",
            ),
        ),
        policies=(
            PolicyProposal(
                dependency="api:home -> recommendation",
                proposed=policy(**FULL),
                advice=advice,
                reason=advice.reason,
                adopted=True,
                grounds={"timeout": ground, "retry.max_attempts": ground, "circuit_breaker": ground, "bulkhead": ground},
            ),
            PolicyProposal(dependency="api:order -> orders", today=policy(timeout="2s"), advice=refused, reason=refused.reason),
        ),
        omitted=(Omission(dependency="orders -> orders-db", pattern="circuit_breaker", reason="local, fast and reliable"),),
        decisions=(
            Decision(
                about="policy api:home -> recommendation", choice="adopt", reason="measured", by="Ada", on=dt.date(2026, 3, 9)
            ),
            Decision(about="single_point_of_failure orders-db", choice="accept_risk", reason="until the move", by="Sam"),
        ),
        actions=(
            Action(
                title="Set a timeout of 300ms on api:home -> recommendation",
                subject="api:home -> recommendation",
                severity="high",
                removes=("unbounded_wait api:home -> recommendation",),
                effort="small",
            ),
        ),
        experiments=(
            Experiment(
                id="chaos-timeout-api-home-recommendation",
                claim="home answers although recommendation is slow",
                hypothesis="home answers within 500ms",
                scenario=Scenario(id="s1", fail=("recommendation",), mode="slow", duration_s=300.0),
                method="add 2 s of latency to recommendation",
                abort="home fails more than 1 %",
                rollback="remove the latency",
                subject="api:home -> recommendation",
                pattern="timeout",
            ),
        ),
        monitoring=(
            Monitor(
                subject="api:home -> recommendation", pattern="timeout", metric="share of calls timed out", alert="above 1 %"
            ),
        ),
        open_questions=(
            Question(
                id="q1",
                where="orders -> orders-db",
                what="Does orders -> orders-db have a timeout today?",
                flips=2,
                settles=("order is hung or failed when orders-db is slow",),
            ),
        ),
    )


def shop_book(**changes: Any) -> Book:
    """The shop's book, with fields replaced."""
    book = Book(
        system=shop_system(),
        facts=AuditFacts(
            title="The shop",
            scope="From the API down.",
            owner="shop-team",
            date=dt.date(2026, 3, 9),
            next_review=dt.date(2026, 9, 9),
            people=(Person(name="Ada Example", role="staff engineer"),),
        ),
        strategy=shop_strategy(),
        coverage=Coverage(components=5, by_confidence={"declared": 4}, grade="medium", reason="one call was never seen"),
        profiles={"api -> recommendation": shop_profile()},
        provenance=(Provenance(file="calls.csv", sha256="0" * 64, what="latency export"),),
        version="0.1.0",
        single_points="1 single point of failure proven: orders-db. Coverage is medium: there may be others.",
    )
    return replace(book, **changes)


def hostile_book() -> Book:
    """The shop, with hostile text wherever the model lets text stand."""
    book = shop_book()
    bad = HOSTILE
    system = book.system
    target = "api:" + bad.replace("|", "/").replace(" ", "_", 1)
    dependency = system.dependencies[0].model_copy(update={"caller": target})
    component = system.components[0].model_copy(update={"owner": bad})
    journey = system.journeys[0].model_copy(update={"entry": target})
    system = system.model_copy(
        update={
            "system": bad,
            "components": (component, *system.components[1:]),
            "dependencies": (dependency, *system.dependencies[1:]),
            "journeys": (journey, *system.journeys[1:]),
        }
    )
    strategy = book.strategy
    finding = strategy.findings[0].model_copy(update={"title": bad, "remedy": bad, "evidence": (bad, "\x00\x1b[31m")})
    proposal = strategy.policies[0].model_copy(update={"dependency": dependency.subject, "reason": bad})
    decision = Decision(about=bad, choice="accept_risk", reason=bad, by=bad)
    experiment = strategy.experiments[0].model_copy(update={"claim": bad, "method": bad, "abort": bad})
    strategy = strategy.model_copy(
        update={
            "system": bad,
            "findings": (finding, *strategy.findings[1:]),
            "policies": (proposal, *strategy.policies[1:]),
            "decisions": (*strategy.decisions, decision),
            "experiments": (experiment,),
            "actions": (
                strategy.actions[0].model_copy(update={"title": bad, "owner": "=HYPERLINK(0)", "subject": dependency.subject}),
            ),
            "open_questions": (Question(id="q", where=bad, what=bad, flips=1, settles=(bad,)),),
        }
    )
    facts = book.facts.model_copy(update={"title": bad, "scope": bad, "people": (Person(name=bad, role=bad),)})
    profile = shop_profile().model_copy(update={"warnings": (bad,), "sources": (bad,)})
    return replace(
        book,
        system=system,
        strategy=strategy,
        facts=facts,
        profiles={profile.call: profile},
        provenance=(Provenance(file=bad, sha256="0" * 64, what=bad),),
        single_points=bad,
        changes=(bad,),
    )
