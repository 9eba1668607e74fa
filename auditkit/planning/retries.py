"""Which calls are tried again: idempotent ones, with errors that are worth it, where all attempts fit."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from auditkit.checks import Facts, retry_amplification, retry_storm_margin
from auditkit.checks.wording import percent, seconds
from auditkit.model.audit import Ground
from auditkit.model.latency import profiles_of
from auditkit.model.paths import paths
from auditkit.model.policy import call_worst_case_s, retry, timeout_s
from auditkit.model.system import Dependency, Policy, Retry
from auditkit.patterns import retry as pattern
from auditkit.patterns.deadline import remaining, span_of, worst_cases
from auditkit.patterns.observed import Errors, errors, is_light
from auditkit.planning.overlay import replace_policies
from auditkit.planning.pick import Pick, Plan
from auditkit.units import round_up


def without_unsafe_retries(dependency: Dependency) -> Policy | None:
    """Today's policy without a retry that might do the work twice; None where nothing has to change."""
    unsafe = pattern.may_repeat_work(retry(dependency.policy)) and not dependency.idempotent
    if not unsafe or not isinstance(dependency.policy, Policy):
        return None
    return dependency.policy.model_copy(update={"retry": "none"})


def choose_retries(plan: Plan, today: dict[str, Retry | None]) -> tuple[Plan, dict[str, Pick[Retry]]]:
    """A choice for each bounded call, and the plan with the chosen retries in force.

    `today`: what is configured now, by subject. Attempts are granted one dependency after another, so that together they
    neither miss a deadline nor outlast a caller.
    """
    left = {subject: span.seconds for subject, span in remaining(plan.paths, plan.profiles).items()}
    calls = {d.subject: d for d in plan.paths.system.dependencies if plan.paths.timed(d)}
    chosen: dict[str, Pick[Retry]] = {}
    for subject, dependency in calls.items():
        chosen[subject] = _choose(plan, dependency, today.get(subject), left.get(subject))
        value = chosen[subject].value
        if value is not None and (value != "none" or retry(dependency.policy) is not None):
            plan = _with(plan, {dependency.subject: dependency}, chosen)  # the next choice has to reckon with it
    return _with(plan, calls, chosen), chosen


def _with(plan: Plan, calls: Mapping[str, Dependency], chosen: Mapping[str, Pick[Retry]]) -> Plan:
    """The plan with what was chosen for these calls in force."""
    changed = {}
    for subject, dependency in calls.items():
        policy = dependency.policy if isinstance(dependency.policy, Policy) else Policy()
        value = chosen[subject].value
        if value is not None and policy.retry != value:
            changed[subject] = policy.model_copy(update={"retry": value})
    return replace(plan, paths=paths(replace_policies(plan.paths.system, changed))) if changed else plan


def _choose(plan: Plan, dependency: Dependency, today: Retry | None, left_s: float | None) -> Pick[Retry]:
    timeout = timeout_s(dependency.policy)
    why_not = _why_not(plan, dependency, today)
    if why_not:
        asked = f"whether {dependency.subject} may be repeated without harm (idempotent)"
        needs = (asked,) if dependency.idempotent is None else ()
        return Pick(value="none", why_not=why_not, needs=needs)
    if timeout is None:
        asked = f"a timeout of {dependency.subject}, before its retries count"
        return Pick(value=today, needs=(asked,) if today is not None else ())
    seen = errors(dependency, plan.profiles)
    wanted = min(today.max_attempts, pattern.MOST_ATTEMPTS) if today is not None else 2
    medians = [p.p50.point for to in dependency.to for p in profiles_of(dependency, to, plan.profiles) if p.n]
    backoff = _backoff(today, max(medians, default=timeout / 4))
    for attempts in range(wanted, 1, -1):
        made = Retry(
            max_attempts=attempts,
            backoff_s=backoff,
            multiplier=today.multiplier if today and today.multiplier and today.multiplier > 1 else pattern.MULTIPLIER,
            max_backoff_s=None if today is None else today.max_backoff_s,
            jitter="full",
            budget=today.budget if today and today.budget is not None else pattern.BUDGET,
            min_per_second=today.min_per_second if today and today.min_per_second is not None else pattern.MIN_PER_SECOND,
            only=None if today is None else today.only,
        )
        policy = Policy(timeout_s=timeout, retry=made)
        longest = call_worst_case_s(policy)
        if (left_s is None or longest <= left_s + 1e-12) and _outlasts_nobody(plan, dependency, made):
            if today is None and _feeds_a_storm(plan, dependency, made):
                return Pick(value="none", why_not="what lies below could not bear its attempts beside those of others")
            return Pick(value=made, ground=_ground(made, timeout, longest, left_s, seen))
    room = "its caller cannot wait longer" if left_s is None else f"{seconds(max(0.0, left_s))} are left of the deadline"
    return Pick(value="none", why_not=f"a second attempt does not fit: one takes {seconds(timeout)}, {room}")


def _ground(made: Retry, each_s: float, longest_s: float, left_s: float | None, seen: Errors | None) -> Ground:
    share, after = "errors were not measured", ""
    if seen is not None:
        share = f"{percent(seen.share)} errors in {seen.calls:,} calls"
        after = f"; if they were independent, {percent(seen.share**made.max_attempts)} would remain"
    needless = ""
    if seen is not None and seen.share < pattern.WORTH_SHARE:
        needless = "; it is there today, and nothing that was measured needs it"
    fits = "no deadline bounds it" if left_s is None else f"{seconds(left_s)} are left of the deadline"
    budget, each = percent(made.budget or 0.0), seconds(each_s)
    tried = f"of {each}" if made.only is None else f"(refused at once, or one of {each})"
    return Ground(
        data=f"{share}; {'idempotent' if made.only is None else 'only errors before sending are tried again'}",
        rule=f"{made.max_attempts} attempts {tried} with waits take {seconds(longest_s)} at most; {fits}; full jitter; "
        f"a budget of {budget} of the requests{needless}",
        uncertainty=f"errors may come together, then a retry helps less{after}",
        cost=f"at most {budget} more load; {seconds(longest_s)} instead of {each} when slow",
    )


def _backoff(today: Retry | None, p50_s: float) -> float:
    """Today's wait where there is one, else one median call."""
    if today is not None and today.backoff_s:
        return today.backoff_s
    return round_up(max(p50_s, 0.001))


def _why_not(plan: Plan, dependency: Dependency, today: Retry | None) -> str:
    """Why a call is not tried again, in words; empty where it may be."""
    harmless = dependency.idempotent or (today is not None and today.only is not None)
    if dependency.idempotent is False and not harmless:
        first = f"only errors before sending ({pattern.BEFORE_SENDING[0]}) could be tried again"
        return f"it is not idempotent: a second attempt might do the work twice; {first}"
    if dependency.idempotent is None and not harmless:
        return "nobody has said whether a second attempt is harmless"
    if is_light(plan.paths, dependency, plan.profiles):
        return "local, fast and reliable: a retry would cost more than it saves"
    if today is not None:
        return ""
    if dependency.on_failure is None:
        return "nobody has said what its failure does to its caller; a second attempt is for calls that fail it"
    if dependency.on_failure != "fail":
        return "a failure of this call does not fail its caller; a second attempt would only delay the answer"
    seen = errors(dependency, plan.profiles)
    if seen is None:
        return "no errors were measured that a second attempt could mend"
    if seen.share < pattern.WORTH_SHARE:
        return f"{seen.failed} of {seen.calls:,} calls failed: a second attempt has nothing to win"
    return ""


def _outlasts_nobody(plan: Plan, dependency: Dependency, made: Retry) -> bool:
    """Whether no caller above gives up earlier than the call and its neighbours may take with these attempts."""
    tried = _with(plan, {dependency.subject: dependency}, {dependency.subject: Pick(value=made)}).paths
    before, after = worst_cases(plan.paths), worst_cases(tried)
    for caller in tried.system.dependencies:
        patience = timeout_s(caller.policy)
        if patience is None or not tried.timed(caller):
            continue
        now = max(span_of(after, tried, to).seconds for to in caller.to)
        was = max(span_of(before, plan.paths, to).seconds for to in caller.to)
        if now > patience + 1e-9 and now > was + 1e-9:
            return False
    return True


def _feeds_a_storm(plan: Plan, dependency: Dependency, made: Retry) -> bool:
    """Whether these attempts would add a finding on retries that multiply, or on load that retries keep up."""
    tried = _with(plan, {dependency.subject: dependency}, {dependency.subject: Pick(value=made)}).paths.system
    before, after = (
        {f.key for check in (retry_amplification, retry_storm_margin) for f in check.run(Facts(system, plan.profiles))}
        for system in (plan.paths.system, tried)
    )
    return not after <= before
