"""What does not fit together is not proposed: today's figure stays, and the plan says what would make room.

A caller must not give up before its callee does (an inversion). Where raising and tightening cannot prevent it, one change of two
is held back: a shorter timeout of the caller, or a longer one below it. Both then stay as they are today, so that a plan never
makes an inversion out of two timeouts that hold together now. The same holds for a longer timeout with which a slow callee would
take a pool that it leaves alone today. What has no timeout today gets one all the same, since waiting
without end is worse; where that one, or the caller of it, is too short for what goes on below, the plan asks for room.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from auditkit.checks import Facts
from auditkit.checks.shared_pool import by_callee, exhausts
from auditkit.model.paths import Paths, paths
from auditkit.model.policy import held_workers, timeout_s
from auditkit.model.system import Component, Dependency, System
from auditkit.patterns.deadline import Inversion, call_s, inversions, mean_s
from auditkit.planning.timeouts import Advices, overlaid, text

ALL, ALL_SLOW = "", " "
"""All callees of a component together, as no component is called: with healthy load, and without."""


@dataclass(frozen=True, slots=True)
class Fitted:
    """Timeouts that go together, by subject, and what would have to be settled for those that do not."""

    advices: Advices
    room: Mapping[str, str]


def hold_back(system: System, advices: Advices, held: Mapping[str, str]) -> Fitted:
    """The advices without those that would make a caller give up before its callee where it does not today.

    `held`: what is held back already, by subject, and why.
    """
    today = paths(system)
    known = {found.dependency.subject for found in inversions(today)}
    done, room = dict(advices), dict[str, str]()
    while True:
        for subject, why in held.items():
            done[subject] = done[subject].model_copy(update={"recommended_s": None, "reason": why, "bound_by": "deadline"})
            room[subject] = f"room for {subject}: {why}"
        planned = paths(overlaid(system, done))
        new = [found for found in inversions(planned) if found.dependency.subject not in known]
        held = {subject: why for found in new for subject, why in _held(today, planned, found, done)}
        if not held:
            break
    for found in new:
        room.setdefault(found.dependency.subject, room_for(found))
    return Fitted(done, room)


def room_for(found: Inversion, when: str = "") -> str:
    """What is asked for where a caller gives up before its callee does, and no setting can help."""
    subject, waits, below = found.dependency.subject, text(found.waits_s), text(found.below.seconds)
    why = f"{when}it gives up after {waits}, and {found.callee} may go on for {below}"
    return f"room for {subject}: {why}; a longer deadline, or shorter or parallel calls below"


def taking_pools(today: Facts, planned: Facts) -> dict[str, str]:
    """The calls whose longer timeout lets slow callees take a pool that they leave alone today, and that in words.

    Looked at are each callee alone and all of them together; of several calls the one that holds most more is held back.
    """
    found: dict[str, str] = {}
    for component in planned.system.components:
        before, now = _groups(today, component), _groups(planned, component)
        held = {d.subject: _held_by(today, component, d) for calls in before.values() for d in calls}
        waits = {d.subject: wait for calls in before.values() for d in calls if (wait := timeout_s(d.policy)) is not None}
        taken_today = {callee for callee, calls in before.items() if _is_taken(today, component, callee, calls)}
        for callee, calls in now.items():
            if callee in taken_today or not _is_taken(planned, component, callee, calls):
                continue
            grown = [d for d in calls if (timeout_s(d.policy) or 0.0) > waits.get(d.subject, math.inf) + 1e-12]
            if grown:
                most = max(grown, key=lambda d: (_held_by(planned, component, d) - held[d.subject], d.subject))
                who, longer = (
                    "all its callees, slow," if callee in (ALL, ALL_SLOW) else f"a slow {callee}",
                    text(timeout_s(most.policy) or 0.0),
                )
                first = "more workers, or a faster callee, first"
                found.setdefault(most.subject, f"{longer} would let {who} take all workers of {component.id}; {first}")
    return found


def _groups(facts: Facts, component: Component) -> dict[str, list[Dependency]]:
    """The calls of a component by callee, and all of them: with what they hold while healthy, and without."""
    calls = [d for d in facts.paths.of_component.get(component.id, ()) if facts.paths.timed(d)]
    return {**dict(by_callee(calls)), ALL: calls, ALL_SLOW: calls}


def _held_by(facts: Facts, component: Component, dependency: Dependency) -> float:
    """Workers of one instance that a call holds while all of its callees hang; what it holds while healthy at least.

    Its fallback's calls are left out: no plan changes them.
    """
    busy = (dependency.rate_per_s or 0.0) / component.running * (mean_s(dependency, facts.profiles) or 0.0)
    return max(busy, _held_when_slow(facts, component, dependency))


def _held_when_slow(facts: Facts, component: Component, dependency: Dependency) -> float:
    return len(dependency.to) * held_workers(dependency.policy, dependency.rate_per_s, component.running)


def _is_taken(facts: Facts, component: Component, callee: str, calls: Sequence[Dependency]) -> bool:
    if component.workers is None:
        return False
    if callee not in (ALL, ALL_SLOW):
        return exhausts(facts, component, _groups(facts, component)[ALL], calls)
    held = _held_by if callee == ALL else _held_when_slow
    return math.fsum(held(facts, component, d) for d in calls) > component.workers + 1e-9


def _held(today: Paths, planned: Paths, found: Inversion, done: Advices) -> Iterator[tuple[str, str]]:
    """What is held back for one inversion, and why: the caller's shorter timeout, else the longer ones of its callee's calls."""
    subject, waits, below = found.dependency.subject, text(found.waits_s), text(found.below.seconds)
    before = {d.subject: d for d in today.system.dependencies}
    now = timeout_s(before[subject].policy)
    first = "a longer deadline, or shorter or parallel calls below, first"
    if now is None:
        return
    if now > found.waits_s + 1e-12:
        yield subject, f"{waits} would be less than the {below} that {found.callee} may go on for; {first}"
        return
    calls = {d.subject: d for op in planned.operations(found.callee) for d in planned.outgoing(op) if planned.timed(d)}
    for name, call in calls.items():
        advice = done.get(name)
        if advice is not None and advice.recommended_s is not None and call_s(call) > call_s(before[name]) + 1e-12:
            yield name, f"{text(advice.recommended_s)} would outlast {subject}, which gives up after {waits}; {first}"
