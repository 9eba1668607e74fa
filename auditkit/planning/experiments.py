"""For each claim of the strategy an experiment that could refute it; a result flows back into what the strategy says.

Before any chaos come tests: a breaker that has never tripped is unproven, and staging is where it should trip first. A
pattern is `designed` (proposed), `configured` (in force today), `tested` (its experiment held with the very figures), or `failed
its test`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence

from auditkit.checks import Facts
from auditkit.checks.single_point_of_failure import Stopped, single_points
from auditkit.checks.wording import listing, percent, seconds
from auditkit.model.audit import RETRY_ERRORS, Experiment, ExperimentResult, PolicyProposal, Scenario, Standing
from auditkit.model.failure import Mode, State
from auditkit.model.noun import Noun
from auditkit.model.policy import attempts, breaker, bulkhead, call_worst_case_s, timeout_s
from auditkit.model.system import Dependency, Fallback, Journey, Policy, System
from auditkit.planning.overlay import settings

LEAST_DELAY_S = 2.0
FAULT_S = 300.0
"""How long a fault lasts, in seconds: long enough for pools to fill and breakers to open, short enough to be watched."""

PATTERNS = ("timeout", "retry", "circuit_breaker", "bulkhead")


def experiments_for(
    facts: Facts, after: Facts, proposals: Sequence[PolicyProposal], results: Sequence[ExperimentResult] = ()
) -> tuple[Experiment, ...]:
    """Tests and chaos experiments for every proposed pattern, fallback and single point, each with its latest result.

    `facts` hold today's settings, `after` the proposed ones: what is expected is what the failure analysis says of those.
    """
    by_subject = {d.subject: d for d in facts.system.dependencies}
    made: dict[str, Experiment] = {}
    for proposal in proposals:
        policy = settings(proposal)
        dependency = by_subject.get(proposal.dependency)
        if policy is None or dependency is None:
            continue
        for experiment in _of_call(facts, after, dependency, policy):
            run_with = figures(dependency, policy, experiment.pattern)
            made.setdefault(experiment.id, experiment.model_copy(update={"figures": run_with}))
    for atom, stops in single_points(after).items():
        experiment = _of_single_point(facts, after, atom, stops)
        made.setdefault(experiment.id, experiment)
    return tuple(_with_result(experiment, results) for experiment in made.values())


def standings(
    dependency: Dependency, policy: Policy, results: Sequence[ExperimentResult], today: Policy | None
) -> tuple[dict[str, Standing], dict[str, str]]:
    """How far each pattern of a call has come, from the settings in force and from what experiments showed of these figures.

    Second, in words, what an experiment showed with other figures, or with figures that nobody wrote down.
    """
    found: dict[str, Standing] = {}
    elsewhere: dict[str, str] = {}
    patterns = [p for p in PATTERNS if figures(dependency, policy, p)]
    for pattern in [*patterns, *(["fallback"] if isinstance(dependency.fallback, Fallback) else [])]:
        now = figures(dependency, policy, pattern)
        configured = figures(dependency, today, pattern) == now
        known = _of(results, pattern, dependency.subject)
        last = _latest(known, now)
        if last is not None and last.outcome != "inconclusive":
            found[pattern] = "tested" if last.outcome == "held" else "failed its test"
            continue
        found[pattern] = "configured" if configured else "designed"
        if known and last is None:
            elsewhere[pattern] = _with_others(known[-1])
    return found, elsewhere


def tested(system_dependencies: Sequence[Dependency], results: Sequence[ExperimentResult]) -> frozenset[str]:
    """What experiments have shown to work with the figures that these dependencies have, as `Facts.tested` names it."""
    held = frozenset[str]()
    for dependency in system_dependencies:
        policy = dependency.policy if isinstance(dependency.policy, Policy) else None
        for pattern in (*PATTERNS, "fallback"):
            last = _latest(_of(results, pattern, dependency.subject), figures(dependency, policy, pattern))
            if last is not None and last.outcome == "held":
                held |= {f"{pattern} {dependency.subject}"}
    return held


def figures(dependency: Dependency, policy: Policy | None, pattern: str) -> str:
    """The settings of one pattern of a call as one line of text: what a result says that it tested. Empty where there are none.

    >>> call = Dependency.model_validate({"from": "a", "to": "b", "fallback": {"kind": "cache"}})
    >>> policy = Policy.model_validate({"timeout": 0.3, "retry": {"max_attempts": 2, "backoff": 0.05}})
    >>> [figures(call, policy, pattern) for pattern in ("timeout", "retry", "bulkhead", "fallback")]
    ['timeout 300ms', 'max_attempts 2, backoff 50ms', '', 'kind cache']
    """
    if pattern == "fallback":
        noun: Noun | None = dependency.fallback if isinstance(dependency.fallback, Fallback) else None
    elif pattern == "timeout":
        noun = None if timeout_s(policy) is None else Policy(timeout_s=timeout_s(policy))
    else:
        setting = None if policy is None else getattr(policy, pattern)
        noun = setting if isinstance(setting, Noun) else None
    if noun is None:
        return ""
    given = noun.model_dump(mode="json", by_alias=True, exclude_defaults=True, exclude_none=True)
    if not given:
        return "no details"
    return ", ".join(f"{key} {value if isinstance(value, str) else json.dumps(value)}" for key, value in given.items())


def _of(results: Sequence[ExperimentResult], pattern: str, subject: str) -> list[ExperimentResult]:
    """Results for one pattern of one call, the latest last; a refuted one of the same day counts more than one that held."""
    ids = {_id("chaos", pattern, subject), _id("test", pattern, subject)}
    return sorted((r for r in results if r.experiment in ids), key=lambda r: (r.on, r.outcome == "refuted"))


def _latest(known: Sequence[ExperimentResult], now: str) -> ExperimentResult | None:
    """The latest that speaks for these figures. With unknown figures only bad news does."""
    speaking = [r for r in known if r.tested == now or (r.tested is None and r.outcome == "refuted")]
    return speaking[-1] if speaking else None


_OUTCOME = {"held": "tested", "refuted": "failed its test", "inconclusive": "tested without a clear outcome"}


def _with_others(result: ExperimentResult) -> str:
    """What a result is worth that does not speak for the figures at hand."""
    if result.tested is None:
        return f"{_OUTCOME[result.outcome]} on {result.on.isoformat()}, with figures that nobody wrote down"
    return f"{_OUTCOME[result.outcome]} with other figures on {result.on.isoformat()}"


def _id(kind: str, pattern: str, subject: str) -> str:
    return re.sub(r"[^A-Za-z0-9._]+", "-", f"{kind}-{pattern}-{subject}").strip("-").replace("_", "-")


def _with_result(experiment: Experiment, results: Sequence[ExperimentResult]) -> Experiment:
    known = sorted((r for r in results if r.experiment == experiment.id), key=lambda r: (r.on, r.outcome == "refuted"))
    if not known:
        return experiment
    last = known[-1]
    words = f"{last.outcome} on {last.on.isoformat()}: {last.evidence}"
    if experiment.figures and last.tested is None:
        words += "; nobody wrote down with which figures"
    elif experiment.figures and last.tested != experiment.figures:
        words += f"; with other figures: {last.tested}"
    return experiment.model_copy(update={"outcome": last, "result": words})


def _of_call(facts: Facts, after: Facts, dependency: Dependency, policy: Policy) -> Iterator[Experiment]:
    """Per pattern of one call: the test that should exist, then the fault that should do no harm."""
    for pattern, claim, method in _tests(dependency, policy):
        yield _test(dependency, pattern, claim, method)
    delay_s = delay_of(after.system, _components(dependency))
    for pattern, mode, claim, fault, seen in _faults(dependency, policy, delay_s):
        expected = "; ".join(part for part in (seen, _expected(after, dependency, mode)) if part)
        yield _chaos(facts, after, dependency, pattern, mode, claim, fault, expected)


def _tests(dependency: Dependency, policy: Policy) -> Iterator[tuple[str, str, str]]:
    """Pattern, claim, method of each test."""
    subject, stub = dependency.subject, f"a stub of {_callee(dependency)}"
    timeout, pool, tries = timeout_s(policy), bulkhead(policy), attempts(policy)
    if timeout is not None:
        each, longest = seconds(timeout), seconds(call_worst_case_s(policy))
        method = f"{stub} that answers after {seconds(3 * timeout)}; assert that an attempt ends within {each}, the call within"
        yield "timeout", f"{subject} gives up after {each}", f"{method} {longest}, and that its connection is closed"
    if tries > 1:
        method = f"{stub} that fails; count attempts (at most {tries}), assert growing waits with jitter, and that the budget"
        claim = f"{subject} is tried {tries} times at most, and only where a second attempt is harmless"
        yield "retry", claim, f"{method} stops them; {stub} that fails once: the answer is full"
    if breaker(policy) is not None:
        method = f"{stub} that fails, then recovers; assert closed, open, half-open, closed, and the state in the metrics"
        yield "circuit_breaker", f"the breaker of {subject} opens, probes and closes again", method
    if pool is not None:
        most = pool.max_concurrent
        method = f"{stub} that never answers; send {2 * most} calls, assert {most} under way and the rest rejected"
        yield "bulkhead", f"at most {most} calls of {subject} are under way in one instance", method
    if _degrades(dependency):
        method = (
            f"{stub} that fails; assert that the answer holds {_serves(dependency)}, is marked as degraded, and tells its age"
        )
        yield "fallback", f"without {_callee(dependency)}, {dependency.caller} serves {_serves(dependency)}", method


def delay_of(system: System, components: Sequence[str]) -> float:
    """How late answers come in an experiment in mode slow, in seconds: twice the longest timeout in front of the components,

    so that every caller sees it; two seconds at least. Simulation and exported experiments use the same figure.
    """
    waits = [
        wait
        for dependency in system.dependencies
        if any(target.partition(":")[0] in components for target in dependency.to)
        and (wait := timeout_s(dependency.policy)) is not None
    ]
    return max(LEAST_DELAY_S, 2 * max(waits, default=0.0))


def _faults(dependency: Dependency, policy: Policy, delay_s: float) -> Iterator[tuple[str, Mode, str, str, str]]:
    """Pattern, mode, claim, fault and what should be seen beside the journeys' states, of each chaos experiment."""
    subject, callee = dependency.subject, _callee(dependency)
    timeout, pool = timeout_s(policy), bulkhead(policy)
    if timeout is not None:
        claim = f"a slow {callee} costs {dependency.caller} at most {seconds(call_worst_case_s(policy))} a call"
        yield "timeout", "slow", claim, f"delay every answer of {callee} by {seconds(delay_s)}", ""
    if attempts(policy) > 1:
        claim = f"retries of {subject} add no more load than their budget"
        fault = f"let {callee} answer {percent(RETRY_ERRORS)} of the calls with an error"
        yield "retry", "down", claim, fault, "retries stay within their budget"
    if breaker(policy) is not None:
        claim = f"the breaker of {subject} opens while {callee} fails, and closes afterwards"
        seen = f"calls to {callee} stop within one window and resume in steps"
        yield "circuit_breaker", "down", claim, f"let {callee} refuse all calls, then heal it", seen
    if pool is not None:
        claim = f"a slow {callee} holds no more than {pool.max_concurrent} workers of an instance"
        yield (
            "bulkhead",
            "slow",
            claim,
            f"delay every answer of {callee} by {seconds(delay_s)}",
            "busy workers stay below the pool",
        )
    if _degrades(dependency):
        claim = f"without {callee}, users get {_serves(dependency)}"
        yield "fallback", "down", claim, f"let {callee} refuse all calls", ""


def _callee(dependency: Dependency) -> str:
    return " or ".join(dependency.to)


def _degrades(dependency: Dependency) -> bool:
    return dependency.on_failure == "degrade" and isinstance(dependency.fallback, Fallback)


def _serves(dependency: Dependency) -> str:
    fallback = dependency.fallback
    return (fallback.serves or fallback.kind or "the fallback") if isinstance(fallback, Fallback) else "the fallback"


def _expected(after: Facts, dependency: Dependency, mode: Mode) -> str:
    """What the failure analysis of the proposed settings says: the observation that the experiment can contradict."""
    callee = dependency.to[0].partition(":")[0]
    for radius in after.failures(mode, "worst"):
        if radius.fail == (callee,):
            states = [f"{journey} {state}" for journey, state in radius.journeys.items() if state != State.OK]
            return f"journeys: {listing(states)}" if states else "all journeys stay ok"
    return "not analysed"


def _test(dependency: Dependency, pattern: str, claim: str, method: str) -> Experiment:
    subject = dependency.subject
    return Experiment(
        id=_id("test", pattern, subject),
        claim=claim,
        hypothesis="the assertions hold in the test suite, on every change",
        scenario=Scenario(id=_id("test", pattern, subject), fail=_components(dependency), mode="down"),
        method=f"unit or integration test with {method}",
        abort="the test fails",
        rollback="none: nothing is deployed",
        subject=subject,
        pattern=pattern,
        kind="test",
        expected="all assertions hold",
    )


def _chaos(
    facts: Facts, after: Facts, dependency: Dependency, pattern: str, mode: Mode, claim: str, fault: str, expected: str
) -> Experiment:
    subject = dependency.subject
    touched, name = facts.journeys_of(dependency), _id("chaos", pattern, subject)
    steady, back = _expected_to_stay(after, _components(dependency), mode)
    caller, length = dependency.caller.partition(":")[0], seconds(FAULT_S)
    return Experiment(
        id=name,
        claim=claim,
        hypothesis=_hypothesis(steady, back),
        scenario=_scenario(after.system, name, _components(dependency), mode),
        method=f"after the test of the same name has passed: in staging under normal load, {fault}, for {length}",
        abort=_abort([j for j in facts.system.journeys if j in touched or j in back]),
        rollback=f"remove the fault; restart {caller} where it does not recover within {length}",
        subject=subject,
        pattern=pattern,
        expected=expected,
        steady=tuple(j.id for j in steady),
        back=tuple(j.id for j in back),
    )


def _expected_to_stay(after: Facts, atoms: Sequence[str], mode: Mode) -> tuple[list[Journey], list[Journey]]:
    """Journeys that the failure analysis of the proposed settings leaves ok or degraded, and those that it stops.

    Only the former can be bounded while the fault lasts: no setting makes a call succeed whose callee is gone.
    """
    stopped: set[str] = set()
    for radius in after.failures(mode, "worst"):
        if set(radius.fail) <= set(atoms):
            stopped |= {name for name, state in radius.journeys.items() if state not in (State.OK, State.DEGRADED)}
    journeys = after.system.journeys
    return [j for j in journeys if j.id not in stopped], [j for j in journeys if j.id in stopped]


def _hypothesis(steady: Sequence[Journey], back: Sequence[Journey]) -> str:
    """What stays within which bounds, and what is as before once the fault is over."""
    words = [_steady(steady)] if steady or not back else []
    if back:
        words.append(f"{listing(j.id for j in back)} as before within a minute of the fault's end")
    return "; ".join(words)


def _components(dependency: Dependency) -> tuple[str, ...]:
    return tuple(dict.fromkeys(target.partition(":")[0] for target in dependency.to))


def _steady(touched: Sequence[Journey]) -> str:
    """Measurable bounds of normal, for the journeys that an experiment touches."""
    bounds = []
    for journey in touched:
        slo = percent(1 - journey.slo) if isinstance(journey.slo, float) else "1 %"
        within = f", p99 within {seconds(journey.deadline_s)}" if isinstance(journey.deadline_s, float) else ""
        bounds.append(f"{journey.id}: errors at most {slo}{within}")
    return "; ".join(bounds) if bounds else "error share and p99 of the caller within their range of the last week"


def _abort(touched: Sequence[Journey]) -> str:
    """When to stop: what may suffer is named, those that the fault stops as well as those that make the call."""
    if not touched:
        return "error share of the caller above 5 % for 1 minute outside the experiment's scope"
    return f"any journey outside {listing(j.id for j in touched)} leaves its bounds for 1 minute, or a real user is affected"


def _scenario(system: System, name: str, atoms: tuple[str, ...], mode: Mode) -> Scenario:
    causes = {cause.id: cause.affects for cause in system.common_causes}
    placed = {c.id for c in system.components if any(atom in (c.placement or {}) for atom in atoms)}
    hit = [*placed, *(name for atom in atoms for name in causes.get(atom, (atom,)))]
    late = delay_of(system, hit) if mode == "slow" else None
    return Scenario(id=name, fail=atoms, mode=mode, duration_s=FAULT_S, delay_s=late, load=1.0)


def _of_single_point(facts: Facts, after: Facts, atom: str, stops: Sequence[Stopped]) -> Experiment:
    """What the analysis says of a single point, put to the test: it could be wrong, and then the model is."""
    mode: Mode = "down" if any(stop.mode == "down" for stop in stops) else "slow"
    stop = next(s for s in stops if s.mode == mode)
    ids = (*stop.proven, *stop.possible)
    back = [j for j in facts.system.journeys if j.id in ids]
    steady = [j for j in facts.system.journeys if j.id not in ids]
    causes = {c.id: c.affects for c in facts.system.common_causes}
    scenario = _scenario(after.system, _id("chaos", "single-point", atom), (atom,), mode)
    late = (
        "" if scenario.delay_s is None else f"delay {'all' if atom in causes else 'its'} answers by {seconds(scenario.delay_s)}"
    )
    fault = late or (f"fail {listing(causes[atom])} together" if atom in causes else "stop it")
    return Experiment(
        id=_id("chaos", "single-point", atom),
        claim=f"the loss of {atom} stops {listing(ids)}, and is noticed and ended within the time that the owners accept",
        hypothesis=_hypothesis(steady, back),
        scenario=scenario,
        method=f"in staging, announced: {atom}: {fault} for {seconds(FAULT_S)}; measure time to alert and time to recover",
        steady=tuple(j.id for j in steady),
        back=tuple(j.id for j in back),
        abort="recovery takes longer than the owners accept, or anything outside staging is touched",
        rollback=f"restore {atom}; if it does not come back, the restore procedure is the finding",
        subject=atom,
        pattern="single_point",
        expected=f"{listing(ids)} {'stops' if len(ids) == 1 else 'stop'}, everything else goes on, and an alert names {atom}",
    )
