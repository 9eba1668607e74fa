"""For each dependency: which settings it gets, from which data by which rule, what it does not get, what could not be decided."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from auditkit.checks import Facts
from auditkit.checks.wording import percent
from auditkit.model.audit import Choice, Decision, ExperimentResult, Ground, Omission, PolicyProposal
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.paths import Paths, alternatives, paths
from auditkit.model.policy import retry, timeout_s
from auditkit.model.system import Bulkhead, CircuitBreaker, Dependency, Fallback, Policy, Retry, System
from auditkit.patterns.fallback import open_points
from auditkit.planning.breakers import choose_breaker
from auditkit.planning.decided import FIGURES, changed, instead_of, with_decided
from auditkit.planning.experiments import standings
from auditkit.planning.fitting import fit_together
from auditkit.planning.held_back import taking_pools
from auditkit.planning.overlay import replace_policies
from auditkit.planning.pick import Pick, Plan
from auditkit.planning.pools import choose_bulkheads, policy_with
from auditkit.planning.retries import choose_retries, without_unsafe_retries
from auditkit.planning.timeouts import in_force, text


@dataclass(frozen=True, slots=True)
class Proposals:
    """A proposal for every dependency, in the order of the system, and what was left out on purpose."""

    policies: tuple[PolicyProposal, ...]
    omitted: tuple[Omission, ...]


def propose(
    system: System,
    profiles: Mapping[str, LatencyProfile],
    decisions: Sequence[Decision] = (),
    target: float | None = None,
    results: Sequence[ExperimentResult] = (),
) -> Proposals:
    """What every dependency should be given. `decisions` about `policy from -> to` say what people have adopted already.

    Timeouts first, then retries that fit into them, then pools and breakers for what is left.
    """
    choices = {decision.about: decision.choice for decision in decisions}
    instead = instead_of(tuple(decisions))
    one = _one_client_each(system)
    safe = {d.subject: policy for d in one.dependencies if (policy := without_unsafe_retries(d)) is not None}
    base = replace_policies(one, safe)
    held: dict[str, str] = {}
    while True:
        laid = _lay_out(base, one, profiles, target, held, choices, instead)
        more = taking_pools(Facts(system, profiles), Facts(laid.plan.paths.system, profiles))
        if not more.keys() - held.keys():
            break
        held |= more
    plan, timeouts, retries, pools = laid.plan, laid.timeouts, laid.retries, laid.pools
    breakers = {d.subject: choose_breaker(plan, d) for d in plan.paths.system.dependencies if plan.paths.timed(d)}
    policies: list[PolicyProposal] = []
    omitted: list[Omission] = []
    for dependency, planned in zip(system.dependencies, plan.paths.system.dependencies, strict=True):
        subject = dependency.subject
        if not plan.paths.is_ours(dependency.caller):
            policies.append(_of_users(plan.paths, dependency))
            short = f"{plan.paths.caller(dependency).id} calls for users, and its calls are not set here"
            omitted.append(Omission(dependency=subject, pattern="timeout", reason=policies[-1].reason))
            others = [pattern for pattern in (*FIGURES.values(), "fallback") if pattern != "timeout"]
            omitted += [Omission(dependency=subject, pattern=pattern, reason=short) for pattern in others]
            continue
        if subject not in timeouts:
            policies.append(_nothing(dependency))
            continue
        made = Made(timeouts[subject], retries[subject], breakers[subject], pools[subject])
        proposal = _proposal(dependency, planned, made, choices.get(f"policy {subject}"), results)
        policies.append(with_decided(proposal, instead.get(subject)))
        omitted.extend(_omissions(plan.paths, dependency, made))
    return Proposals(tuple(policies), tuple(omitted))


@dataclass(frozen=True, slots=True)
class _Layout:
    """Timeouts, retries and pools that were chosen, by subject, and the plan with all of them in force."""

    plan: Plan
    timeouts: Mapping[str, Timeout]
    retries: Mapping[str, Pick[Retry]]
    pools: Mapping[str, Pick[Bulkhead]]


def _lay_out(
    base: System,
    today: System,
    profiles: Mapping[str, LatencyProfile],
    target: float | None,
    held: Mapping[str, str],
    choices: Mapping[str, Choice],
    instead: Mapping[str, Decision],
) -> _Layout:
    """Timeouts that go together, then retries that fit into them, then pools for what is left."""
    fitted = fit_together(base, profiles, target, held)
    timeouts = {
        d.subject: timeout_of(d, fitted.advices[d.subject], fitted.room.get(d.subject))
        for d in base.dependencies
        if d.subject in fitted.advices
    }
    # what follows from a timeout follows from the one that somebody has decided
    counting = {
        subject: changed(in_force_of(made, choices.get(f"policy {subject}")), instead.get(subject))
        for subject, made in timeouts.items()
    }
    bounded = Plan(paths(replace_policies(base, counting)), profiles)
    plan, retries = choose_retries(bounded, {d.subject: retry(d.policy) for d in today.dependencies})
    pools = choose_bulkheads(plan)
    pooled = {d.subject: policy_with(_policy(d), pools[d.subject]) for d in plan.paths.system.dependencies if d.subject in pools}
    plan = replace(plan, paths=paths(replace_policies(plan.paths.system, pooled)))
    return _Layout(plan, timeouts, retries, pools)


def _one_client_each(system: System) -> System:
    """Two dependencies of one name are one client with one configuration: the first one's, idempotent only if both are."""
    first: dict[str, Dependency] = {}
    harmless: dict[str, bool | None] = {}
    for dependency in system.dependencies:
        first.setdefault(dependency.subject, dependency)
        known = harmless.setdefault(dependency.subject, dependency.idempotent)
        if known is True or dependency.idempotent is False:
            harmless[dependency.subject] = dependency.idempotent
    if len(first) == len(system.dependencies):
        return system
    dependencies = tuple(
        d.model_copy(update={"policy": first[d.subject].policy, "idempotent": harmless[d.subject]}) for d in system.dependencies
    )
    return system.model_copy(update={"dependencies": dependencies})


@dataclass(frozen=True, slots=True)
class Timeout:
    """The timeout of one call: policy with it, its ground, what it needs, whether it is provisional, and the advice behind it."""

    policy: Policy
    ground: Ground
    needs: tuple[str, ...]
    provisional: bool
    advice: TimeoutAdvice
    today: Policy


@dataclass(frozen=True, slots=True)
class Made:
    """All choices for one call."""

    timeout: Timeout
    retry: Pick[Retry]
    breaker: Pick[CircuitBreaker]
    pool: Pick[Bulkhead]


def in_force_of(made: Timeout, choice: Choice | None) -> Policy:
    """The policy that counts: a provisional timeout only where somebody has adopted it."""
    if choice == "adopt" or not made.provisional:
        return made.policy
    return made.policy.model_copy(update={"timeout_s": made.today.timeout_s})


def _policy(dependency: Dependency) -> Policy:
    return in_force(dependency, None)


def _proposal(
    dependency: Dependency, planned: Dependency, made: Made, choice: Choice | None, results: Sequence[ExperimentResult]
) -> PolicyProposal:
    today = _policy(dependency)
    policy = _policy(planned).model_copy(update={"timeout_s": made.timeout.policy.timeout_s})
    if made.breaker.value is not None:
        policy = policy.model_copy(update={"circuit_breaker": made.breaker.value})
    known = {"retry": made.retry.ground, "circuit_breaker": made.breaker.ground, "bulkhead": made.pool.ground}
    grounds = {"timeout": made.timeout.ground, **{name: ground for name, ground in known.items() if ground is not None}}
    answers = (f"what {dependency.caller} answers when this call fails (on_failure)",) if dependency.on_failure is None else ()
    fallback = tuple(f"fallback of {dependency.subject}: {question}" for question in open_points(dependency.fallback))
    unbounded = [a.to for a in alternatives(dependency) if timeout_s(a.policy) is None]
    fallback += tuple(f"a timeout of what the fallback of {dependency.subject} asks: {to}" for to in unbounded)
    patterns = (*made.retry.needs, *made.breaker.needs, *made.pool.needs)
    asked = tuple(dict.fromkeys((*made.timeout.needs, *patterns, *answers, *fallback)))
    standing, elsewhere = standings(dependency, policy, results, today)
    needs = [need for need in asked if not any(other.startswith(f"{need}:") for other in asked)]
    return PolicyProposal(
        dependency=dependency.subject,
        today=today,
        proposed=policy,
        provisional=made.timeout.provisional,
        grounds=grounds,
        advice=made.timeout.advice,
        reason=made.timeout.ground.rule,
        needs=tuple(needs),
        adopted=choice == "adopt",
        declined=choice in ("accept_risk", "defer"),
        standing=standing,
        elsewhere=elsewhere,
    )


def _omissions(known: Paths, dependency: Dependency, made: Made) -> Iterator[Omission]:
    reasons = {"retry": made.retry.why_not, "circuit_breaker": made.breaker.why_not, "bulkhead": made.pool.why_not}
    for pattern, reason in reasons.items():
        if reason:
            yield Omission(dependency=dependency.subject, pattern=pattern, reason=reason)
    if not isinstance(dependency.fallback, Fallback):
        yield Omission(dependency=dependency.subject, pattern="fallback", reason=_why_no_fallback(dependency))


def _why_no_fallback(dependency: Dependency) -> str:
    callee = " or ".join(dependency.to)
    return {
        "fail": f"{dependency.caller} has no answer without {callee}; what to serve instead is for its owner to decide",
        "ignore": f"{dependency.caller} answers the same without {callee}",
        "degrade": "it is said to degrade, and nobody has said to what",
        None: "nobody has said what happens when it fails; that comes first",
    }[dependency.on_failure]


def _nothing(dependency: Dependency) -> PolicyProposal:
    needs: tuple[str, ...] = ()
    if dependency.call == "async" and dependency.buffer is None:
        needs = (f"buffer of {dependency.subject}: size, and what happens when it is full",)
    return PolicyProposal(dependency=dependency.subject, today=_policy(dependency), reason=_why_nothing(dependency), needs=needs)


def _of_users(known: Paths, dependency: Dependency) -> PolicyProposal:
    """A call that users make, or what stands for them: nobody here sets it, so it is bounded and refused where it arrives."""
    caller, callee = known.caller(dependency), " or ".join(dependency.to)
    what = "a load generator that stands for users" if caller.kind == "load-generator" else "a program of users"
    reason = f"{caller.id} is {what}: its calls are not set here. Journeys' deadlines bound what users wait for, and {callee} "
    unbounded = [j.id for j in known.system.journeys if j.entry in (*dependency.to, dependency.caller) and j.deadline_s is None]
    needs = [f"deadline of journey {journey}" for journey in unbounded]
    needs += [f"whether {caller.id} is a program of yours (its owner)"] if caller.kind == "client" else []
    return PolicyProposal(
        dependency=dependency.subject,
        today=_policy(dependency),
        reason=f"{reason}sheds what it cannot answer in time",
        needs=tuple(needs),
    )


def _why_nothing(dependency: Dependency) -> str:
    if dependency.call == "async":
        return "asynchronous: nobody waits for the answer, so nothing bounds it; what matters is its buffer"
    return "nobody waits for it with a clock: it holds or it does not"


def timeout_of(dependency: Dependency, advice: TimeoutAdvice, room: str | None = None) -> Timeout:
    """The timeout that the advice justifies, or today's where it does not, with the figure's ground.

    `room`: what would have to be settled for it to go together with the other timeouts.
    """
    now, today = timeout_s(dependency.policy), _policy(dependency)
    policy = in_force(dependency, advice)
    data = f"{advice.n:,} samples of {advice.call}" if advice.n else f"{dependency.subject} was not measured"
    if advice.p99 is not None:
        upper = "no upper bound" if advice.p99.hi is None else text(advice.p99.hi)
        data += f"; p99 {text(advice.p99.point)} [{text(advice.p99.lo)}, {upper}]"
    if advice.recommended_s is not None:
        ground = Ground(data=data, rule=advice.reason, uncertainty=_uncertainty(advice), cost=advice.cost)
        return Timeout(policy, ground, () if room is None else (room,), False, advice, today)
    needs = (f"latencies of {dependency.subject}: {advice.reason.partition(';')[0]}" if room is None else room,)
    if now is not None:
        why = advice.reason.partition("; until then")[0]
        ground = _unproven(data, f"today's {text(now)} stays: {why}")
        if advice.false_timeout is not None:
            share = advice.false_timeout
            cost = f"cuts off {percent(share.p)} of the calls measured, at most {percent(share.upper)} (95 %)"
            ground = ground.model_copy(update={"uncertainty": _uncertainty(advice), "cost": cost})
        return Timeout(policy, ground, needs, False, advice, today)
    ground = _unproven(data, advice.reason)
    if advice.provisional_s is None:
        return Timeout(policy, ground, needs, False, advice, today)
    start = policy.model_copy(update={"timeout_s": advice.provisional_s})
    return Timeout(start, ground, needs, True, advice, today)


def _unproven(data: str, rule: str) -> Ground:
    return Ground(data=data, rule=rule, uncertainty="no bound exists", cost="unknown until it is measured")


def _uncertainty(advice: TimeoutAdvice) -> str:
    share = advice.false_timeout
    if share is None:
        return ""
    within = "within" if share.upper <= share.target else "above"
    seen, most = percent(share.p), percent(share.upper)
    return f"false timeouts {seen}, at most {most} with 95 % confidence; {within} the target of {percent(share.target)}"
