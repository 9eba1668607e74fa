"""Both shipped samples end with a complete plan that keeps what it promises."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from auditkit.checks import Facts, run_checks
from auditkit.engine import cut_sets
from auditkit.latency import measure
from auditkit.model.audit import Decision, Strategy
from auditkit.model.draft import Coverage
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.planning import advise_all, plan, with_policies
from auditkit.planning.policies import propose

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLES = ("worked-example", "flash-sale")


@lru_cache
def known(sample: str) -> Facts:
    """A sample as the checks see it."""
    text = (DATA / sample / "system.yaml").read_text()
    system = System.model_validate(YAML(typ="safe").load(text), context=FROM_FILE)
    profiles = {p.call: p for p in measure(sorted((DATA / sample / "latency").glob("*.csv"))).profiles}
    coverage = Coverage(components=len(system.components), by_confidence={}, grade="high")
    return Facts(system, profiles, advise_all(system, profiles), coverage)


@lru_cache
def planned(sample: str) -> Strategy:
    """Its strategy, without any decision."""
    return plan(known(sample), run_checks(known(sample)), (), ())


@pytest.mark.parametrize("sample", SAMPLES)
def test_no_dependency_is_without_a_decision_or_an_open_question(sample: str) -> None:
    """Each has a proposal; each of its patterns a ground, a reason against it, or something that it needs."""
    made = planned(sample)
    assert [p.dependency for p in made.policies] == [d.subject for d in known(sample).system.dependencies]
    left_out = {(o.dependency, o.pattern) for o in made.omitted}
    for proposal in made.policies:
        assert proposal.reason
        for pattern in ("timeout", "retry", "circuit_breaker", "bulkhead"):
            settled = pattern in proposal.grounds or (proposal.dependency, pattern) in left_out
            assert settled or proposal.needs or proposal.proposed is None


@pytest.mark.parametrize("sample", SAMPLES)
def test_every_figure_carries_data_rule_and_cost(sample: str) -> None:
    """No number without its ground."""
    for proposal in planned(sample).policies:
        for ground in proposal.grounds.values():
            assert ground.data
            assert ground.rule
            assert ground.uncertainty
            assert ground.cost


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_over_engineering_list_is_not_empty(sample: str) -> None:
    """Some call is local, fast and reliable, and gets a timeout and nothing else."""
    assert any("local, fast and reliable" in o.reason for o in planned(sample).omitted)


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_plan_removes_what_it_claims_and_adds_nothing(sample: str) -> None:
    """With all proposals in force the claimed findings are gone, and every finding that is left was there before."""
    made = planned(sample)
    left = {f.key for f in made.remaining}
    claimed = {key for a in made.actions if a.title.startswith("set ") for key in a.removes}
    assert len(claimed) >= 8
    assert not claimed & left
    assert {key for key in left - {f.key for f in made.findings} if not _only_uncovered(sample, key)} == set()
    assert {f.key for f in made.findings} - left == claimed


def _only_uncovered(sample: str, key: str) -> bool:
    """A pair that is found only once one of its members no longer suffices: each set of it stopped the journey before, too."""
    check, journey, *when = key.split(" ", 2)
    mode = "slow" if when else "down"
    system, profiles = known(sample).system, known(sample).profiles
    before, after = (
        cut_sets(one, journey, mode=mode, max_order=3, profiles=profiles)[0].sets
        for one in (system, with_policies(system, planned(sample).policies))
    )
    return check == "small_cut_set" and all(any(set(old) <= set(new) for old in before) for new in after)


@pytest.mark.parametrize("sample", SAMPLES)
def test_planning_again_changes_not_one_byte(sample: str) -> None:
    """The same inputs give the same text."""
    again = plan(known(sample), run_checks(known(sample)), (), ())
    assert again.model_dump_json() == planned(sample).model_dump_json()


@pytest.mark.parametrize("sample", SAMPLES)
def test_the_plan_leaves_less_risk_in_the_mode_that_hurts_most(sample: str) -> None:
    """Slow failures take less afterwards; what is down stays down, and the strategy says so."""
    down, slow = planned(sample).residual
    assert slow.mean_loss_after < slow.mean_loss_before
    assert set(slow.single_points_after) < set(slow.single_points_before)
    assert down.mean_loss_after <= down.mean_loss_before


def test_the_worked_examples_timeouts() -> None:
    """3 × p99 for the light tails, raised for the heavy one, refused for 187 samples, today's where data were cut off."""
    made = {p.dependency: p for p in planned("worked-example").policies}
    assert made["api:home -> recommendation"].proposed.timeout_s == 0.3
    assert made["api:home -> users"].proposed.timeout_s == 0.12
    heavy = made["api:home -> inventory:check"].advice
    assert heavy.bound_by == "false_timeout"
    loyalty = made["api:account -> loyalty"]
    assert loyalty.provisional
    assert any("187 samples" in need for need in loyalty.needs)
    kept = made["inventory:reserve -> warehouse"]
    assert kept.proposed.timeout_s == 1.0
    assert [p.dependency for p in made.values() if not p.changes] == [kept.dependency]  # it is as it was, and not counted


def test_the_flash_sales_lessons_are_in_its_plan() -> None:
    """The payment call fits its caller and its deadline, the naive retry is mended, one query is no redundancy."""
    made = planned("flash-sale")
    policies = {p.dependency: p for p in made.policies}
    payment = policies["order:place -> payment-api"]
    assert payment.advice.bound_by == "deadline"
    assert payment.proposed.retry == "none"
    assert any("idempotent" in need for need in payment.needs)
    cart = policies["web:cart -> cart"].proposed.retry
    assert cart.backoff_s > 0
    assert cart.budget == 0.01
    checks = {f.check for f in made.findings}
    assert {
        "redundancy_without_diversity",
        "ambiguous_write",
        "claimed_failover",
        "queue_backlog",
        "retry_amplification",
    } <= checks
    assert any("certificates" in u.risk for u in made.uncovered)


def test_adopting_a_place_to_start_makes_no_inversion() -> None:
    """The worked example's unmeasured database: everything adopted, nobody gives up before its callee."""
    now = known("worked-example")
    subjects = [p.dependency for p in propose(now.system, now.profiles).policies]
    adopted = [Decision(about=f"policy {s}", choice="adopt", reason="all of it", by="Ada") for s in subjects]
    made = propose(now.system, now.profiles, adopted)
    after = replace(now, system=with_policies(now.system, made.policies))
    assert "timeout_inversion" not in {f.check for f in run_checks(after)}
    assert next(p for p in made.policies if p.dependency == "inventory -> inventory-db").proposed.timeout_s == 0.25


def test_todays_timeout_is_judged_by_what_it_cuts_off() -> None:
    """43 of 2,490 calls ran into today's second: that is what it costs, and what its alert takes as healthy."""
    (made,) = [p for p in planned("worked-example").policies if p.dependency == "inventory:reserve -> warehouse"]
    assert made.advice.false_timeout.p == pytest.approx(43 / 2490)
    assert made.grounds["timeout"].cost.startswith("cuts off 1.7 % of the calls measured")
    (alert,) = [m.alert for m in planned("worked-example").monitoring if (m.subject, m.pattern) == (made.dependency, "timeout")]
    assert "healthy: at most 2.2 %" in alert
