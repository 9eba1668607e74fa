"""Places to start for calls without data, shortened so that they go together with the timeouts above them once adopted."""

from __future__ import annotations

from auditkit.model.paths import Paths, paths
from auditkit.model.policy import backoffs_s, call_worst_case_s, timeout_s, waiting_attempts
from auditkit.model.system import System
from auditkit.patterns.deadline import Inversion, inversions, worst_cases
from auditkit.planning.held_back import Fitted, room_for
from auditkit.planning.overlay import replace_policies
from auditkit.planning.timeouts import in_force, overlaid, round_down, text

MOST_ROUNDS = 50


def fit_starts(system: System, fitted: Fitted) -> Fitted:
    """The same with shorter places to start where a caller would give up before its callee, as far as room is left.

    Where it is not, the plan asks for room: adopting them all would make an inversion.
    """
    advices = fitted.advices
    known = overlaid(system, advices)
    today = {found.dependency.subject for found in inversions(paths(known))}
    starts = {
        d.subject: advice.provisional_s
        for d in known.dependencies
        if timeout_s(d.policy) is None and (advice := advices.get(d.subject)) is not None and advice.provisional_s
    }
    patience: dict[str, str] = {}
    for _ in range(MOST_ROUNDS):  # a circle of calls would shorten itself for ever
        planned = paths(_starting(known, starts))
        new = [found for found in inversions(planned) if found.dependency.subject not in today]
        shorter = _shorter(planned, new, starts)
        if not shorter:
            break
        starts |= {subject: left for subject, (left, _) in shorter.items()}
        patience |= {subject: caller for subject, (_, caller) in shorter.items()}
    changed = {
        subject: advices[subject].model_copy(
            update={
                "provisional_s": starts[subject],
                "reason": f"{advices[subject].reason.partition('until then')[0]}until then {text(starts[subject])}, within what "
                f"{caller} waits",
            }
        )
        for subject, caller in patience.items()
    }
    last = [found for found in inversions(paths(_starting(known, starts))) if found.dependency.subject not in today]
    room = {found.dependency.subject: room_for(found, "with its start adopted ") for found in last}
    return Fitted(advices | changed, room | dict(fitted.room))


def _starting(system: System, starts: dict[str, float]) -> System:
    """The system with these places to start in force."""
    calls = [d for d in system.dependencies if d.subject in starts]
    return replace_policies(
        system, {d.subject: in_force(d, None).model_copy(update={"timeout_s": starts[d.subject]}) for d in calls}
    )


def _shorter(planned: Paths, new: list[Inversion], starts: dict[str, float]) -> dict[str, tuple[float, str]]:
    """Starts below these callers that can give way, each to what its caller leaves beside the other calls of the callee."""
    worst = worst_cases(planned)
    found: dict[str, tuple[float, str]] = {}
    for inversion in new:
        operations = [operation for operation in planned.operations(inversion.callee) if operation in worst]
        for operation, call in ((o, d) for o in operations for d in planned.outgoing(o) if d.subject in starts):
            others = worst[operation].seconds - call_worst_case_s(call.policy)
            left = round_down((inversion.waits_s - others - backoffs_s(call.policy)) / waiting_attempts(call.policy))
            if 0 < left < min(starts[call.subject], found.get(call.subject, (left + 1, ""))[0]):
                found[call.subject] = left, inversion.dependency.subject
    return found
