"""What configuration exporters write down: calls with the settings that the plan puts into force, by pair of workloads."""

from __future__ import annotations

import json
import math
from collections.abc import Iterable
from dataclasses import dataclass, replace
from typing import Any

from auditkit.importers.mesh import envoy_waits
from auditkit.model.audit import Gap, Strategy
from auditkit.model.paths import paths
from auditkit.model.policy import attempts, call_worst_case_s, retry, timeout_s
from auditkit.model.system import CircuitBreaker, Policy, System, split_target
from auditkit.patterns.retry import may_repeat_work
from auditkit.planning import with_policies

NOT_HTTP = frozenset({"database", "cache", "queue"})
"""Kinds that speak protocols of their own; what works on HTTP requests does not see their calls."""
ENVOY_FIRST_WAIT_S = 0.025
"""How long Envoy waits before the first retry where nobody says otherwise."""


@dataclass(frozen=True, slots=True)
class Call:
    """Who calls whom, with which settings; `subjects` are the dependencies that this speaks for."""

    caller: str
    callee: str
    kind: str
    policy: Policy
    subjects: tuple[str, ...]

    @property
    def name(self) -> str:
        """How it is called in gaps: `caller -> callee`."""
        return f"{self.caller} -> {self.callee}"


def calls(system: System, strategy: Strategy | None, *, tells_sending: bool = False) -> tuple[tuple[Call, ...], tuple[Gap, ...]]:
    """One call for each pair of workloads that has any setting, sorted, and the gaps where one setting speaks for several.

    With a strategy the settings that it puts into force (a provisional timeout only where it was adopted), else today's.
    Where operations of one pair differ, the more patient settings are taken: they cut off no healthy call. A retry of errors
    before sending only is left out, with a gap, unless the target `tells_sending`: it might do work twice.
    """
    chosen = with_policies(system, strategy.policies) if strategy is not None else system
    known = paths(chosen)
    found: dict[tuple[str, str], list[tuple[str, Policy]]] = {}
    for dependency in chosen.dependencies:
        if not known.timed(dependency) or not isinstance(dependency.policy, Policy) or dependency.policy == Policy():
            continue
        caller = split_target(dependency.caller)[0]
        for target in dependency.to:
            found.setdefault((caller, split_target(target)[0]), []).append((dependency.subject, dependency.policy))
    made, gaps = [], list(_withheld(strategy))
    for (caller, callee), settings in sorted(found.items()):
        policy = most_patient(policy for _, policy in settings)
        call = Call(caller, callee, known.kind(callee), policy, tuple(subject for subject, _ in settings))
        if (again := retry(policy)) is not None and again.only is not None and not tells_sending:
            call = replace(call, policy=policy.model_copy(update={"retry": "none"}))
            gaps.append(_before_sending(call))
        made.append(call)
        if any(other != policy for _, other in settings):
            gaps.append(_one_for_several(call))
    return tuple(made), tuple(gaps)


def _withheld(strategy: Strategy | None) -> Iterable[Gap]:
    """What is proposed but not in force, because its own experiment fails in simulation."""
    for proposal in sorted(strategy.policies if strategy is not None else (), key=lambda p: p.dependency):
        for pattern, why in sorted(proposal.withheld.items()):
            if not (proposal.adopted or proposal.declined):
                what = f"its {pattern.replace('_', ' ')} is not exported as recommended, because {why}"
                yield Gap(where=proposal.dependency, what=what, remedy="today's setting stays; change the proposal, or adopt it")


def _before_sending(call: Call) -> Gap:
    return Gap(
        where=call.name,
        what="its retry is for errors before sending only, which this target does not tell apart; it is left out",
        remedy="write it in the caller's own client, for refused connections and unknown names",
    )


def by_callee(found: Iterable[Call]) -> tuple[tuple[Call, ...], tuple[Gap, ...]]:
    """One call for each callee, for targets that cannot tell callers apart; `caller` is then everybody (`*`)."""
    groups: dict[str, list[Call]] = {}
    for call in found:
        groups.setdefault(call.callee, []).append(call)
    made, gaps = [], []
    for callee, group in sorted(groups.items()):
        policy = most_patient(call.policy for call in group)
        subjects = tuple(subject for call in group for subject in call.subjects)
        made.append(Call("*", callee, group[0].kind, policy, subjects))
        if any(call.policy != policy for call in group):
            gaps.append(_one_for_several(made[-1]))
    return tuple(made), tuple(gaps)


def most_patient(policies: Iterable[Policy]) -> Policy:
    """The policy under which a call may take longest; ties go to the first in a fixed order.

    It retries only where all do, and no more than each: a call that may not be repeated shares the place.
    """
    known = tuple(policies)
    longest = max(known, key=lambda policy: (call_worst_case_s(policy), attempts(policy), _text(policy)))
    careful = min(known, key=lambda policy: (attempts(policy), may_repeat_work(retry(policy)), _text(policy)))
    tries = "none" if attempts(careful) == 1 and attempts(longest) > 1 else careful.retry
    same = (attempts(longest), longest.retry) == (attempts(careful), careful.retry) or attempts(longest) == 1
    return longest if same else longest.model_copy(update={"retry": tries})


def _text(policy: Policy) -> str:
    return json.dumps(policy.model_dump(mode="json", by_alias=True), sort_keys=True)


def _one_for_several(call: Call) -> Gap:
    timeout = timeout_s(call.policy)
    taken = "no timeout" if timeout is None else f"a timeout of {milliseconds(timeout)}ms"
    return Gap(
        where=call.name,
        what=f"{len(call.subjects)} dependencies with different settings share one place; the most patient hold for all, "
        f"retries only where all have them ({taken}): {', '.join(call.subjects)}",
        remedy="set the stricter ones in the caller's own client",
    )


def http_only(found: Iterable[Call], target: str) -> tuple[tuple[Call, ...], tuple[Gap, ...]]:
    """Those calls that a target which works on HTTP requests can see, and a gap for each of the others."""
    seen = tuple(found)
    gaps = tuple(
        Gap(
            where=call.name,
            what=f"{call.callee} is a {call.kind}: its protocol is not HTTP, so {target} does not see single calls",
            remedy="set timeout, retries and pool in the client library of the caller",
        )
        for call in seen
        if call.kind in NOT_HTTP
    )
    return tuple(call for call in seen if call.kind not in NOT_HTTP), gaps


def milliseconds(seconds: float) -> int:
    """Whole milliseconds, rounded up and at least one: rounding down would cut off more than was justified.

    >>> milliseconds(0.3), milliseconds(0.0001), milliseconds(0.1 + 0.2)
    (300, 1, 300)
    """
    return max(1, math.ceil(round(seconds * 1000, 6)))


def consecutive(breaker: CircuitBreaker) -> int:
    """Consecutive errors that stand in for a breaker by rate: as many failures as its smallest window needs, at least two.

    >>> consecutive(CircuitBreaker(failure_rate=0.5, min_calls=20)), consecutive(CircuitBreaker(failures=5))
    (10, 5)
    """
    if breaker.failures is not None:
        return breaker.failures
    return max(2, math.ceil((breaker.failure_rate or 0.5) * (breaker.min_calls or 10)))


def whole_by_envoy_s(policy: Policy) -> float:
    """Longest time of a whole call in seconds where Envoy does the waiting between attempts; infinite without a timeout.

    >>> from auditkit.model.system import Retry
    >>> whole_by_envoy_s(Policy(timeout_s=0.1, retry=Retry(max_attempts=3, backoff_s=0.01)))
    0.33
    """
    settings = retry(policy)
    if settings is None:
        return call_worst_case_s(policy)
    waits = envoy_waits(settings.backoff_s or ENVOY_FIRST_WAIT_S, settings.max_backoff_s)
    return call_worst_case_s(policy.model_copy(update={"retry": settings.model_copy(update=waits)}))


def compact(data: dict[str, Any]) -> dict[str, Any]:
    """A mapping without what is not set; keys keep their order."""
    return {key: value for key, value in data.items() if value is not None and value != {}}
