"""Deadlines: how much time a call may take, given everything else that its journey still has to do.

Derivation. Sequential stages add up, parallel calls take the longest; the attempts of one call and the waits between them add
up as well. So a chain of calls, each with a sensible timeout, can still be longer than anybody waits:

- one call with a timeout of 200 ms, 2 attempts and 50 ms between them takes up to 450 ms;
- two of them one after the other take up to 900 ms and miss 500 ms; in parallel they take 450 ms and meet it;
- eight calls of up to 15 s one after another take 120 s: a caller that waits 55 s has long given up (an inversion).

>>> from auditkit.model.system import Retry
>>> one = call_worst_case_s(Policy(timeout_s=0.2, retry=Retry(max_attempts=2, backoff_s=0.05)))
>>> one, sequential_s([one, one]), parallel_s([one, one]), sequential_s([15.0] * 8)
(0.45, 0.9, 0.45, 120.0)

What is *left* for one call is the deadline of its journey minus what the rest of the way needs while healthy (its p99s): the
case of one slow callee. Where several may be slow at once, fixed timeouts cannot do both, be generous and fit: then calls
belong in parallel, or each call gets `min(its own timeout, what is left of the deadline − a reserve)`, a propagated deadline.

Cost while healthy: none; a deadline passed along is one header. Hazard: clocks; pass on a remaining duration, not a time of
day. Anti-patterns: a deadline that restarts at each hop; checking it only when the work is done. Not for work that nobody waits
for.

Sources: Betsy Beyer and others, Site Reliability Engineering, 2016, chapter 22 (deadline propagation); gRPC project, gRPC and
Deadlines, 2018.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.paths import Paths, alternatives, asked, stages
from auditkit.model.policy import backoffs_s, call_worst_case_s, held_workers, timeout_s, waiting_attempts
from auditkit.model.system import Dependency, Policy, split_target

Profiles = Mapping[str, LatencyProfile]


@dataclass(frozen=True, slots=True)
class Span:
    """How long something takes, in seconds, and which calls were left out of the sum because nothing is known of them."""

    seconds: float
    unknown: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Left:
    """What is left for one call, in seconds, on the journey that is strictest with it, and what the rest of the way takes."""

    seconds: float
    journey: str
    others_s: float
    unknown: tuple[str, ...] = ()


def sequential_s(times_s: Iterable[float]) -> float:
    """One after another: times add."""
    return round(math.fsum(times_s), 12)


def parallel_s(times_s: Iterable[float]) -> float:
    """At the same time: the longest counts; 0 for none."""
    return max(times_s, default=0.0)


def p99_s(dependency: Dependency, profiles: Profiles) -> float | None:
    """Healthy p99 of a call in seconds: the largest of its measured operations and targets; None where nothing was measured.

    Where an existing timeout cut the data off below, the cut counts: the true p99 is at least that.
    """
    found = [p for target in dependency.to for p in profiles_of(dependency, target, profiles)]
    return max((max(p.p99.point, p.p99.lo) for p in found if p.n), default=None)


def mean_s(dependency: Dependency, profiles: Profiles) -> float | None:
    """Healthy mean of a call in seconds, weighted by samples over its operations; None where nothing was measured."""
    found = [p for target in dependency.to for p in profiles_of(dependency, target, profiles) if p.n]
    samples = sum(p.n for p in found)
    return math.fsum(p.mean_s * p.n for p in found) / samples if samples else None


def call_s(dependency: Dependency) -> float:
    """Longest time of one call with its fallback's calls after it, in seconds; infinite where one of them has no timeout.

    >>> call_s(Dependency.model_validate({"from": "a", "to": "b", "policy": {"timeout": "1s"},
    ...     "fallback": {"alternatives": [{"to": "c", "policy": {"timeout": "50ms"}}]}}))
    1.05
    """
    return sequential_s([call_worst_case_s(dependency.policy), *(call_worst_case_s(a.policy) for a in alternatives(dependency))])


def worst_cases(paths: Paths) -> dict[str, Span]:
    """Longest time each operation waits for its calls when all of them are slow: stages add, parallel calls take the maximum.

    A call without timeout counts with what its callee itself waits at least, and is named in `unknown`; a component met
    again on the way counts 0.
    """
    return _callees_first(paths, _worst_of)


def healthy_times(paths: Paths, profiles: Profiles) -> dict[str, Span]:
    """Time each operation waits for its calls while all are healthy (p99s); unmeasured ones count with what lies below."""
    return _callees_first(paths, lambda dependency, below: _healthy_of(dependency, below, profiles))


def span_of(spans: Mapping[str, Span], paths: Paths, target: str) -> Span:
    """The span of a name: of a bare component, that of its slowest operation."""
    found = [spans[operation] for operation in paths.operations(target) if operation in spans]
    slowest = max(found, key=lambda span: span.seconds, default=Span(0.0))
    return Span(slowest.seconds, _named(found))


@dataclass(frozen=True, slots=True)
class Inversion:
    """A call that gives up before its callee does: how long it waits, in seconds, its slowest callee, and what that may take."""

    dependency: Dependency
    waits_s: float
    callee: str
    below: Span


def inversions(paths: Paths) -> Iterator[Inversion]:
    """The calls whose timeout is shorter than what their callee may wait for its own calls, in the order of the system."""
    worst = worst_cases(paths)
    for dependency in paths.system.dependencies:
        waits = timeout_s(dependency.policy)
        if waits is None or not paths.timed(dependency):
            continue
        callee = max(dependency.to, key=lambda target: span_of(worst, paths, target).seconds)
        below = span_of(worst, paths, callee)
        if below.seconds > waits + 1e-9:
            yield Inversion(dependency, waits, callee, below)


Cost = Callable[[Dependency, Span], Span]


def _callees_first(paths: Paths, cost: Cost) -> dict[str, Span]:
    """Stages added up for each operation, from the bottom upwards; `cost` gets a call and the span of its callees."""
    spans: dict[str, Span] = {}
    for operation in reversed(downwards(paths)):
        spans[operation] = _sum(_groups(paths, operation, spans, cost))
    return spans


def _groups(paths: Paths, operation: str, spans: Mapping[str, Span], cost: Cost) -> list[Span]:
    """One span for each stage of an operation."""
    return [
        _longest([cost(d, _longest([span_of(spans, paths, t) for t in d.to])) if paths.timed(d) else Span(0.0) for d in group])
        for group in stages(paths.outgoing(operation))
    ]


def _sum(spans: Sequence[Span]) -> Span:
    return Span(sequential_s(span.seconds for span in spans), _named(spans))


def _longest(spans: Sequence[Span]) -> Span:
    return Span(parallel_s(span.seconds for span in spans), _named(spans))


def _named(spans: Iterable[Span]) -> tuple[str, ...]:
    """The first ten calls of which nothing is known; more would be read by nobody, and grow with the square of the system."""
    return tuple(dict.fromkeys(u for span in spans for u in span.unknown))[:10]


def _worst_of(dependency: Dependency, below: Span) -> Span:
    own = call_s(dependency)
    if math.isfinite(own):
        return Span(own)
    bounded = call_worst_case_s(dependency.policy)
    seconds = bounded if math.isfinite(bounded) else below.seconds
    return Span(seconds, _named([Span(0.0, (dependency.subject,)), below]))


def _healthy_of(dependency: Dependency, below: Span, profiles: Profiles) -> Span:
    measured = p99_s(dependency, profiles)
    return Span(measured) if measured is not None else Span(below.seconds, _named([Span(0.0, (dependency.subject,)), below]))


def remaining(paths: Paths, profiles: Profiles) -> dict[str, Left]:
    """What is left for each synchronous call (by `subject`), on its strictest journey; calls under no deadline are not in it.

    On the way down from the entry each operation has as long as its journey's deadline minus the healthy time of all other
    stages. A component that calls itself over others is entered once.

    >>> from auditkit.model.paths import paths
    >>> from auditkit.model.system import System
    >>> shop = System.model_validate({"system": "s", "components": [{"id": "api"}, {"id": "b"}, {"id": "c"}],
    ...     "dependencies": [{"from": "api", "to": "b"}, {"from": "b", "to": "c"}],
    ...     "journeys": [{"id": "j", "entry": "api", "deadline": "500ms"}]})
    >>> {call: left.seconds for call, left in remaining(paths(shop), {}).items()}
    {'api -> b': 0.5, 'b -> c': 0.5}
    """
    budgets: dict[str, Left] = {}
    for journey in paths.system.journeys:
        if not isinstance(journey.deadline_s, float):
            continue
        for operation in paths.operations(journey.entry):
            _tighten(budgets, operation, Left(journey.deadline_s, journey.id, 0.0))
    left: dict[str, Left] = {}
    order = downwards(paths)
    place = {operation: index for index, operation in enumerate(order)}
    below_s = healthy_times(paths, profiles)
    for operation in order:
        budget = budgets.get(operation)
        if budget is None:
            continue
        groups = stages(paths.outgoing(operation))
        spans = _groups(paths, operation, below_s, lambda d, below: _healthy_of(d, below, profiles))
        for index, group in enumerate(groups):
            rest = _sum(spans[:index] + spans[index + 1 :])
            for dependency in group:
                after = math.fsum(t for a in alternatives(dependency) if math.isfinite(t := call_worst_case_s(a.policy)))
                others = rest.seconds + after
                unknown = _named([Span(0.0, budget.unknown), rest])
                own = Left(round(budget.seconds - others, 12), budget.journey, round(budget.others_s + others, 12), unknown)
                _tighten(left, dependency.subject, own)
                for target in asked(dependency):
                    for below in paths.operations(target):
                        if place.get(below, -1) > place[operation]:
                            _tighten(budgets, below, own)
    return left


def _tighten(known: dict[str, Left], key: str, new: Left) -> None:
    if key not in known or new.seconds < known[key].seconds:
        known[key] = new


def downwards(paths: Paths) -> tuple[str, ...]:
    """All operations, callers before callees (in a cycle, in the order in which it is entered from the journeys)."""
    entries = [op for journey in paths.system.journeys for op in paths.operations(journey.entry)]
    done: dict[str, None] = {}
    entered: set[str] = set()
    for start in (*entries, *(d.caller for d in paths.system.dependencies)):
        stack: list[tuple[str, bool]] = [(start, False)]
        while stack:
            operation, leaving = stack.pop()
            if leaving:
                done[operation] = None
            elif operation not in entered:
                entered.add(operation)
                stack.append((operation, True))
                calls = [d for d in paths.outgoing(operation) if d.call == "sync"]
                below = [op for d in calls for target in asked(d) for op in paths.operations(target)]
                stack.extend((op, False) for op in reversed(below))
    return tuple(reversed(done))


def pool_fit_s(paths: Paths, dependency: Dependency, profiles: Profiles) -> float | None:
    """Longest timeout of a call with which its caller's workers still suffice while the callee hangs, in seconds.

    `(workers − what the caller's other calls hold on average) / (rate of one instance)`, shared among the attempts. None
    where a bulkhead bounds the call anyway, or where rate or workers are unknown (then nothing can be said).
    """
    caller = paths.caller(dependency)
    rate = dependency.rate_per_s
    bounded = math.isfinite(held_workers(_without_timeout(dependency), rate, caller.running))
    if caller.workers is None or not rate or bounded:
        return None
    others = math.fsum(
        d.rate_per_s / caller.running * (mean_s(d, profiles) or 0.0)
        for d in paths.of_component.get(split_target(dependency.caller)[0], ())
        if d is not dependency and d.call == "sync" and d.rate_per_s
    )
    held_s = (caller.workers - others) / (rate / caller.running)
    return max(0.0, (held_s - backoffs_s(dependency.policy)) / waiting_attempts(dependency.policy))


def _without_timeout(dependency: Dependency) -> Policy | None:
    return dependency.policy.model_copy(update={"timeout_s": None}) if isinstance(dependency.policy, Policy) else None
