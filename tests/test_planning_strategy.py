"""The strategy as a whole: decisions, actions, residual risk, experiments, monitoring, comparison of two audits."""

from __future__ import annotations

import datetime as dt
from typing import Any

import pytest
from small_worlds import EMPTY, facts, measured, world

from auditkit.checks import Facts, run_checks
from auditkit.model.audit import SEVERITIES, Decision, ExperimentResult, Strategy
from auditkit.model.system import Question
from auditkit.planning import compare, ground_of, plan, risk

OPEN = {"timeout": "none", "retry": "none", "circuit_breaker": "none", "bulkhead": "none"}
POOL = {"api": {"concurrency": 60, "owner": "shop-team", "queue": 500}}


def shop() -> Facts:
    """An API that asks an optional and a needed service, both without timeouts."""
    each = {"from": "api", "rate": "50/s", "idempotent": True, "policy": OPEN}
    ads = {"to": "ads", "on_failure": "degrade", "fallback": {"kind": "static", "serves": "nothing"}, "stage": 1}
    db = {"to": "db", "on_failure": "fail", "stage": 2}
    system = world([{**each, **ads}, {**each, **db}], POOL, deadline="1s", slo="99.9%")
    return facts(system, measured("api -> ads", 100), measured("api -> db", 100, n=9900, errors=100))


def strategy(now: Facts | None = None, decisions: tuple[Decision, ...] = (), **more: Any) -> Strategy:
    """The strategy of the shop, or of something else."""
    known = shop() if now is None else now
    return plan(known, run_checks(known), decisions, (), **more)


def decision(about: str, choice: str = "accept_risk", **more: Any) -> Decision:
    """Somebody's decision."""
    return Decision(about=about, choice=choice, reason="we know", by="Ada", **more)


def test_an_empty_system_has_an_empty_strategy() -> None:
    """No findings, no policies, no actions, no complaint."""
    made = strategy(Facts(EMPTY))
    assert (made.policies, made.actions, made.experiments, made.uncovered) == ((), (), (), ())


def test_actions_say_what_they_remove_and_by_how_much_the_risk_falls() -> None:
    """Bounding the optional call ends three findings and takes its share of the risk away."""
    made = strategy()
    action = next(a for a in made.actions if a.title.startswith("set api -> ads"))
    assert set(action.removes) >= {"unbounded_wait api -> ads", "single_point_of_failure ads"}
    assert action.risk_removed > 0
    assert action.owner == "shop-team"
    assert action.effort == "small"


def test_an_action_is_worth_what_the_failure_analysis_with_it_says() -> None:
    """Cut sets and availability are computed again with the change in force: 1 % of slow ads no longer stops anything."""
    system = shop().system
    known = {"ads": 0.99, "db": 0.999, "api": 1.0}
    components = tuple(c.model_copy(update={"availability": known[c.id]}) for c in system.components)
    now = Facts(system.model_copy(update={"components": components}), shop().profiles, coverage=shop().coverage)
    made = strategy(now)
    action = next(a for a in made.actions if a.title.startswith("set api -> ads"))
    assert action.single_points_removed == ("ads",)
    assert action.availability_gained == pytest.approx(0.01 * 0.999 / 2)  # half: only where it is slow, not where it is down
    slow = made.residual[1]
    assert (slow.cut_sets_before["buy"], slow.cut_sets_after["buy"]) == (3, 2)
    assert slow.p_failed_before["buy"] == pytest.approx(1 - 0.99 * 0.999)
    assert slow.p_failed_after["buy"] == pytest.approx(0.001)


def test_actions_are_ordered_by_risk_removed_per_effort() -> None:
    """A small change that removes much comes before a large one that removes as much."""
    weights = {"small": 1, "medium": 3, "large": 10}
    worth = [(a.risk_removed or 0) / weights[a.effort] for a in strategy().actions if a.status == "open"]
    assert worth == sorted(worth, reverse=True)
    assert worth[0] > 0


def test_what_is_too_much_to_try_is_counted_and_has_no_worth(monkeypatch: pytest.MonkeyPatch) -> None:
    """With work for two changes the gravest two are tried; the rest have no figure, and the plan says how many."""
    whole = strategy()
    now = shop()
    each = len(now.failures("down", "worst")) * len(now.system.dependencies)
    monkeypatch.setattr(risk, "MOST_WORK", 2 * each)
    made = strategy()
    known = [a for a in made.actions if a.risk_removed is not None]
    assert whole.untried == 0
    assert made.untried == len([a for a in whole.actions if a.removes or a.title.startswith("set ")]) - 2
    assert len(known) <= 2
    assert all(a.severity == max(whole.actions, key=lambda one: SEVERITIES.index(one.severity)).severity for a in known)
    assert {a.title for a in made.actions} == {a.title for a in whole.actions}


def test_what_is_left_is_said_for_both_modes() -> None:
    """Slow ads no longer stop anything; the database still does, down and slow."""
    down, slow = strategy().residual
    assert (down.mode, slow.mode) == ("down", "slow")
    assert "ads" in slow.single_points_before
    assert "ads" not in slow.single_points_after
    assert "db" in down.single_points_after
    assert slow.mean_loss_after < slow.mean_loss_before


def test_decisions_are_kept_with_their_reason_and_change_the_status() -> None:
    """Accepting a risk leaves the finding and the reason in place, and moves the action to the end."""
    made = strategy(decisions=(decision("single_point_of_failure db"),))
    assert made.decisions[0].reason == "we know"
    assert "single_point_of_failure db" in {f.key for f in made.findings}
    assert [a.status for a in made.actions if a.removes == ("single_point_of_failure db",)] == ["accepted"]
    assert made.actions[-1].status == "accepted"


def test_a_declined_policy_is_not_in_force() -> None:
    """A deferred proposal stays in sight, and its findings stay open."""
    made = strategy(decisions=(decision("policy api -> ads", "defer"),))
    assert "unbounded_wait api -> ads" in {f.key for f in made.remaining}
    (proposal,) = [p for p in made.policies if p.declined]
    assert proposal.proposed.timeout_s == 0.3
    assert [a.status for a in made.actions if a.title.startswith("set api -> ads")] == ["deferred"]


def test_a_decision_is_reopened_when_its_ground_changes_or_its_time_is_over() -> None:
    """Graver than when it was taken; past its date; about something that is gone; a fresh one is left alone."""
    now = shop()
    findings = run_checks(now)
    about = "single_point_of_failure db"
    ground = ground_of(about, findings, strategy().policies)
    decisions = (
        decision(about, ground=ground),
        decision("unbounded_wait api -> db", ground="low, possible: it may wait"),
        decision("unbounded_wait api -> ads", until=dt.date(2026, 1, 1)),
        decision("unbounded_wait api -> gone"),
    )
    why = {r.about: r.why for r in strategy(decisions=decisions, on=dt.date(2026, 6, 1)).reopened}
    assert about not in why
    assert why["unbounded_wait api -> db"].startswith("its ground has changed: then low, possible")
    assert "held until 2026-01-01" in why["unbounded_wait api -> ads"]
    assert "no longer found" in why["unbounded_wait api -> gone"]


def test_a_policy_decision_is_reopened_when_the_proposal_changes() -> None:
    """The same dependency measured twice as slow gives another timeout."""
    about = "policy api -> ads"
    ground = ground_of(about, (), strategy().policies)
    kept = decision(about, "adopt", ground=ground)
    assert strategy(decisions=(kept,)).reopened == ()
    slower = Facts(shop().system, {"api -> ads": measured("api -> ads", 200)}, coverage=shop().coverage)
    assert "its ground has changed" in strategy(slower, decisions=(kept,)).reopened[0].why


def test_questions_are_at_most_ten_in_their_order() -> None:
    """What decides most is asked first."""
    questions = tuple(Question(id=f"q{i}", where="x", what="?", flips=20 - i) for i in range(15))
    assert plan(shop(), (), (), questions).open_questions == questions[:10]


def test_every_pattern_has_a_test_before_its_chaos_and_both_can_refute_it() -> None:
    """Bounds, fault, scope, abort, rollback and expectation are stated, in staging, under one id for each."""
    made = strategy()
    for pattern in ("timeout", "retry", "circuit_breaker", "fallback"):
        kinds = [e.kind for e in made.experiments if e.pattern == pattern]
        assert kinds[0] == "test"
        assert "chaos" in kinds
    assert len({e.id for e in made.experiments}) == len(made.experiments)
    for experiment in made.experiments:
        assert all((experiment.claim, experiment.hypothesis, experiment.method, experiment.abort, experiment.rollback))
        assert experiment.environment == "staging"
        assert experiment.expected
    chaos = next(e for e in made.experiments if e.pattern == "timeout" and e.kind == "chaos")
    assert chaos.hypothesis == "buy: errors at most 0.1 %, p99 within 1s"


def test_the_expected_observation_is_that_of_the_failure_analysis() -> None:
    """Without ads the page is degraded; without the database it fails."""
    made = strategy()
    expected = {
        e.subject: e.expected for e in made.experiments if e.pattern in ("fallback", "single_point") and e.kind == "chaos"
    }
    assert expected["api -> ads"] == "journeys: buy degraded"
    assert expected["db"].startswith("buy stops")


def result(pattern: str, day: dt.date, outcome: str, *, tested: str | None, kind: str = "chaos") -> ExperimentResult:
    """What came out of one experiment with api -> ads, and with which figures."""
    found = (e.id for e in strategy().experiments if (e.kind, e.pattern, e.subject) == (kind, pattern, "api -> ads"))
    return ExperimentResult.model_validate(
        {"experiment": next(found), "on": day, "outcome": outcome, "evidence": "run 7", "tested": tested}
    )


MARCH, APRIL = dt.date(2026, 3, 1), dt.date(2026, 4, 1)


def test_a_result_flows_back_into_what_the_strategy_says() -> None:
    """Designed, configured, tested, failed its test; and a tested fallback is no finding any more."""
    made = strategy()
    assert made.policies[0].standing == {"timeout": "designed", "circuit_breaker": "designed", "fallback": "configured"}
    run_with = {e.pattern: e.figures for e in made.experiments if e.subject == "api -> ads"}
    after = strategy(
        results=(
            result("fallback", MARCH, "held", tested=run_with["fallback"]),
            result("timeout", MARCH, "held", tested="timeout 300ms"),
            result("timeout", APRIL, "refuted", tested="timeout 300ms"),
        )
    )
    assert after.policies[0].standing["fallback"] == "tested"
    assert after.policies[0].standing["timeout"] == "failed its test"
    assert "untested_fallback api -> ads" not in {f.key for f in after.remaining}
    (shown,) = [e.result for e in after.experiments if (e.kind, e.pattern, e.subject) == ("chaos", "timeout", "api -> ads")]
    assert shown == "refuted on 2026-04-01: run 7"


@pytest.mark.parametrize(
    ("outcome", "tested", "standing", "words"),
    [
        ("held", "timeout 300ms", "tested", None),
        ("held", "timeout 400ms", "designed", "tested with other figures on 2026-03-01"),
        ("refuted", "timeout 400ms", "designed", "failed its test with other figures on 2026-03-01"),
        ("held", None, "designed", "tested on 2026-03-01, with figures that nobody wrote down"),
        ("refuted", None, "failed its test", None),
        ("inconclusive", "timeout 300ms", "designed", None),
    ],
)
def test_a_result_speaks_for_the_figures_that_it_tested(
    outcome: str, tested: str | None, standing: str, words: str | None
) -> None:
    """With other figures a pattern is what it was before; of unknown figures (older files) only bad news counts."""
    made = strategy(results=(result("timeout", MARCH, outcome, tested=tested),))
    assert made.policies[0].standing["timeout"] == standing
    assert made.policies[0].elsewhere.get("timeout") == words


def test_a_result_with_the_figures_in_force_outlives_a_later_one_with_others() -> None:
    """400 ms held in April, but the figure is 300 ms again, and that held in March."""
    march, april = (
        result("timeout", MARCH, "held", tested="timeout 300ms"),
        result("timeout", APRIL, "held", tested="timeout 400ms"),
    )
    made = strategy(results=(march, april))
    assert made.policies[0].standing["timeout"] == "tested"


def test_a_fallback_that_changed_is_untested_again() -> None:
    """What was tested served something else: the finding is back, and the experiment says with what it was run."""
    made = strategy(results=(result("fallback", MARCH, "held", tested="kind static"),))
    assert "untested_fallback api -> ads" in {f.key for f in made.remaining}
    (shown,) = [e.result for e in made.experiments if (e.kind, e.pattern, e.subject) == ("chaos", "fallback", "api -> ads")]
    assert shown == "held on 2026-03-01: run 7; with other figures: kind static"


def test_monitoring_watches_each_pattern_with_its_own_threshold() -> None:
    """p99 at 0.8 of the timeout, the retry budget, the breaker's state; with what makes one request readable."""
    watched = {(m.subject, m.pattern): m for m in strategy().monitoring}
    assert "p99 above 240ms" in watched["api -> ads", "timeout"].alert
    assert "budget of 1 %" in watched["api -> db", "retry"].alert
    assert ("api -> ads", "circuit_breaker") in watched
    assert "span: http.request.resend_count" in watched["api -> db", "retry"].seen


def test_what_no_pattern_covers_is_listed_with_what_does() -> None:
    """Bad deploys and more demand than planned are named for this system; what it does not have is not."""
    risks = {u.risk: u for u in strategy().uncovered}
    assert any("deploy" in risk for risk in risks)
    assert not any("certificate" in risk for risk in risks)
    assert all(u.instead and u.where for u in risks.values())


def test_a_queue_that_only_holds_latecomers_is_advised_against() -> None:
    """A callee whose full queue answers after 2.6 s, for callers that wait 1 s: shed load."""
    calls = [{"from": "api", "to": "db", "on_failure": "fail", "policy": OPEN}]
    system = world(calls, {"db": {"concurrency": 10, "queue": 500}}, deadline="1s")
    titles = [a.title for a in strategy(facts(system, measured("api -> db", 100))).actions]
    assert any(title.startswith("shed load at db") for title in titles)


def test_a_queue_behind_users_is_judged_by_their_journeys_deadline() -> None:
    """A load generator's call is under no deadline, the journey that it plays is: 1 s, with 20 workers of 100 ms."""
    system = world(
        [{"from": "load", "to": "api", "rate": "100/s"}],
        {"load": {"kind": "load-generator"}, "api": {"concurrency": 20, "queue": 1000}},
        deadline="1s",
    )
    made = strategy(facts(system, measured("load -> api", 200)))
    assert any(a.title.startswith("shed load at api: a full queue of 1000") for a in made.actions)


def test_reads_and_writes_of_one_callee_get_pools_of_their_own() -> None:
    """One caller reads and writes one callee: advice names both; two reads get none."""
    read, write = ({"from": f"api:{way}", "to": f"db:{way}", "on_failure": "fail", "policy": OPEN} for way in ("read", "write"))
    apart = strategy(facts(world([{**read, "idempotent": True}, {**write, "idempotent": False}])))
    (title,) = [a.title for a in apart.actions if a.title.startswith("give the calls of api to db")]
    assert "by reading and writing: api:read -> db:read and api:write -> db:write" in title
    same = strategy(facts(world([{**read, "idempotent": True}, {**write, "idempotent": True}])))
    assert not any(a.title.startswith("give the calls") for a in same.actions)


def test_equal_audits_compare_as_equal() -> None:
    """Nothing new, gone, changed or set."""
    same = compare(strategy(), strategy())
    assert (same.new, same.gone, same.changed, same.settings) == ((), (), (), ())
    assert same.risk.before == same.risk.after


def test_comparing_two_audits_tells_what_changed() -> None:
    """A timeout set since: its findings are gone, the setting is named, the risk is lower; the other way round it is new."""
    system = shop().system
    ads = system.dependencies[0].model_copy(update={"policy": strategy().policies[0].proposed})
    bounded = system.model_copy(update={"dependencies": (ads, system.dependencies[1])})
    mended = Facts(bounded, shop().profiles, coverage=shop().coverage)
    change = compare(strategy(), strategy(mended))
    assert "unbounded_wait api -> ads" in {f.key for f in change.gone}
    assert ("api -> ads", "timeout", "none", "300ms") in {
        (s.dependency, s.setting, s.before, s.after) for s in change.settings if s.where == "today"
    }
    assert change.risk.after.mean_loss < change.risk.before.mean_loss
    assert "ads" in change.risk.before.single_points
    assert not change.has_new("low")
    assert compare(strategy(mended), strategy()).has_new("high")


@pytest.mark.parametrize(("severity", "expected"), [("high", True), ("critical", False)])
def test_a_finding_that_got_graver_counts_as_new(severity: str, expected: bool) -> None:
    """From medium to high: new at the threshold high, not at critical."""
    finding = next(f for f in run_checks(shop()) if f.check == "unbounded_wait")
    old = Strategy(system="s", findings=(finding.model_copy(update={"severity": "medium"}),))
    new = Strategy(system="s", findings=(finding.model_copy(update={"severity": "high"}),))
    change = compare(old, new)
    assert (len(change.changed), change.new) == (1, ())
    assert change.has_new(severity) is expected
