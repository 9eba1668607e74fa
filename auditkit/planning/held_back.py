"""What does not fit together is not proposed: today's figure stays, and the plan says what would make room.

A caller must not give up before its callee does (an inversion). Where raising and tightening cannot prevent it, one change of two
is held back: a shorter timeout of the caller, or a longer one below it. Both then stay as they are today, so that a plan never
makes an inversion out of two timeouts that hold together now. What has no timeout today gets one all the same, since waiting
without end is worse; where that one, or the caller of it, is too short for what goes on below, the plan asks for room.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditkit.model.paths import Paths, paths
from auditkit.model.policy import timeout_s
from auditkit.model.system import System
from auditkit.patterns.deadline import Inversion, call_s, inversions
from auditkit.planning.timeouts import Advices, overlaid, text


@dataclass(frozen=True, slots=True)
class Fitted:
    """Timeouts that go together, by subject, and what would have to be settled for those that do not."""

    advices: Advices
    room: Mapping[str, str]


def hold_back(system: System, advices: Advices) -> Fitted:
    """The advices without those that would make a caller give up before its callee where it does not today."""
    today = paths(system)
    known = {found.dependency.subject for found in inversions(today)}
    done, room = dict(advices), dict[str, str]()
    while True:
        planned = paths(overlaid(system, done))
        new = [found for found in inversions(planned) if found.dependency.subject not in known]
        held = {subject: why for found in new for subject, why in _held(today, planned, found, done)}
        for subject, why in held.items():
            done[subject] = done[subject].model_copy(update={"recommended_s": None, "reason": why, "bound_by": "deadline"})
            room[subject] = f"room for {subject}: {why}"
        if not held:
            break
    for found in new:
        subject, waits, below = found.dependency.subject, text(found.waits_s), text(found.below.seconds)
        why = f"it gives up after {waits}, and {found.callee} may go on for {below}"
        room.setdefault(subject, f"room for {subject}: {why}; a longer deadline, or shorter or parallel calls below")
    return Fitted(done, room)


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
