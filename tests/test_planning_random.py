"""What applying a plan may never do, on random systems: add a finding, keep one that it claims to remove, change by itself."""

from __future__ import annotations

import random
from dataclasses import replace
from functools import cache

import pytest
from random_systems import random_profiles, random_system
from small_worlds import facts

from auditkit.checks import Facts, run_checks
from auditkit.engine import cut_sets
from auditkit.model.audit import Decision, Finding, Strategy
from auditkit.model.policy import timeout_s
from auditkit.model.system import CircuitBreaker, Policy, System
from auditkit.patterns.deadline import span_of, worst_cases
from auditkit.planning import plan, with_policies
from auditkit.planning.policies import Proposals, propose

BREAKERS = (
    {"failure_rate": 0.5, "window": 10.0, "min_calls": 20, "open_for": 30.0, "growth": 2.0, "half_open_calls": 3},
    {"failures": 5, "window": 30.0, "open_for": 30.0},
    {"failure_rate": 0.5, "window": 10.0, "min_calls": 100, "open_for": 5.0, "slow_call": 0.25, "half_open_calls": 5},
    {"failure_rate": 0.1, "window": 2.0, "min_calls": 10},
)


def world_of(seed: int) -> Facts:
    """A random system with one dependency of each name, breakers, answers about repeating, and latencies with errors."""
    draw = random.Random(seed)
    system = random_system(seed)
    by_subject = {d.subject: d for d in system.dependencies}
    dependencies = []
    for dependency in by_subject.values():
        given: dict[str, object] = {"idempotent": draw.choice((True, False, None, None))}
        if isinstance(dependency.policy, Policy) and draw.random() < 0.3:
            made = CircuitBreaker.model_validate(draw.choice(BREAKERS))
            given["policy"] = dependency.policy.model_copy(update={"circuit_breaker": made})
        dependencies.append(dependency.model_copy(update=given))
    profiles = random_profiles(seed, system).values()
    measured = [profile.model_copy(update={"errors": draw.choice((0, 0, 1, 20, 200))}) for profile in profiles]
    return facts(system.model_copy(update={"dependencies": tuple(dependencies)}), *measured)


@cache
def applied(seed: int) -> tuple[Facts, Proposals, Facts]:
    """A random system as it is, what is proposed, and the system with all of that in force."""
    now = world_of(seed)
    proposals = propose(now.system, now.profiles)
    return now, proposals, replace(now, system=with_policies(now.system, proposals.policies))


@pytest.mark.parametrize("tens", range(6))
def test_applying_a_plan_adds_no_finding(tens: int) -> None:
    """Of the 60 systems none has a finding that was not there; three kinds may follow from a graver one that is gone."""
    for seed in range(tens * 10, tens * 10 + 10):
        now, proposals, after = applied(seed)
        before = {f.key for f in run_checks(now)}
        left = run_checks(after)
        new = [f for f in left if f.key not in before]
        keys = {f.key for f in left}
        assert [f.key for f in new if not follows(f, now, after, before - keys, proposals)] == [], seed


@pytest.mark.parametrize("tens", range(3))
def test_adopting_every_place_to_start_adds_no_finding_either(tens: int) -> None:
    """Also what is provisional goes together once people adopt it, or the plan asks for room beforehand."""
    for seed in range(tens * 10, tens * 10 + 10):
        now, first, _ = applied(seed)
        adopted = [Decision(about=f"policy {p.dependency}", choice="adopt", reason="all", by="Ada") for p in first.policies]
        made = propose(now.system, now.profiles, adopted)
        after = replace(now, system=with_policies(now.system, made.policies))
        before, left = {f.key for f in run_checks(now)}, run_checks(after)
        gone = before - {f.key for f in left}
        assert [f.key for f in left if f.key not in before and not follows(f, now, after, gone, made)] == [], seed


def follows(finding: Finding, now: Facts, after: Facts, gone: set[str], proposals: Proposals) -> bool:
    """Whether a finding is what is left of a graver one, and the plan asks for what would remove it as well."""
    asked = {need for p in proposals.policies for need in p.needs}
    if finding.check == "timeout_inversion":
        return waited_without_end(finding.subject, now) and any(n.startswith(f"room for {finding.subject}: ") for n in asked)
    if finding.check == "bulkhead_starvation":
        caller = finding.subject.partition(" -> ")[0].partition(":")[0]
        promised = f"bulkhead_starvation {caller}" in gone
        return promised and any(n.startswith("a pool of at least ") and f" of {caller}, now" in n for n in asked)
    return finding.check == "small_cut_set" and only_uncovered(finding.subject, now, after)


def waited_without_end(subject: str, now: Facts) -> bool:
    """A call that nothing bounded, or whose callee waited for one: it now ends, though earlier than what goes on below."""
    worst = worst_cases(now.paths)
    calls = [d for d in now.system.dependencies if d.subject == subject]
    return any(timeout_s(d.policy) is None or any(span_of(worst, now.paths, to).unknown for to in d.to) for d in calls)


def only_uncovered(subject: str, now: Facts, after: Facts) -> bool:
    """A pair that is found only once one of its members no longer suffices: each set of it stopped the journey before, too."""
    journey, _, when = subject.partition(" ")

    def sets(system: System) -> tuple[tuple[str, ...], ...]:
        return cut_sets(system, journey, mode="slow" if when else "down", max_order=3, profiles=now.profiles)[0].sets

    before = sets(now.system)
    return all(any(set(old) <= set(new) for old in before) for new in sets(after.system))


@cache
def planned(seed: int) -> tuple[tuple[Finding, ...], Strategy]:
    """Today's findings and the whole plan of a random system."""
    now = world_of(seed)
    found = run_checks(now)
    return found, plan(now, found, (), ())


@pytest.mark.parametrize("seed", range(100, 108))
def test_what_a_plan_claims_to_remove_is_gone(seed: int) -> None:
    """With all proposals in force no claimed finding is left, and whatever has gone is claimed by some action."""
    found, made = planned(seed)
    left = {f.key for f in made.remaining}
    claimed = {key for action in made.actions if action.title.startswith("set ") for key in action.removes}
    assert not claimed & left
    assert {f.key for f in found} - left == claimed


@pytest.mark.parametrize("seed", range(100, 108))
def test_planning_a_random_system_again_changes_not_one_byte(seed: int) -> None:
    """The same system, made anew, gives the same text."""
    now = world_of(seed)
    assert plan(now, run_checks(now), (), ()).model_dump_json() == planned(seed)[1].model_dump_json()
