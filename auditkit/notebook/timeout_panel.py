"""The latency panel: choose a measured call, see its tail, move its timeout. The plain call: `audit.advices()`."""

from __future__ import annotations

import html
from typing import Any

import ipywidgets as widgets

from auditkit.document import Marks, tail_picture
from auditkit.model.latency import LatencyProfile, TimeoutAdvice, profiles_of
from auditkit.model.paths import paths
from auditkit.model.policy import backoffs_s, timeout_s, waiting_attempts
from auditkit.model.system import Dependency, System
from auditkit.notebook.panel import Panel
from auditkit.notebook.timeout_slider import Chain, timeout_slider
from auditkit.patterns.deadline import Left, remaining
from auditkit.patterns.timeout import TARGET, false_timeouts
from auditkit.project import Audit


def timeout_panel(audit: Audit, call: str | None = None) -> Panel:
    """A slider for the timeout of one call at a time. Parts: `call` (the choice), `slider`, `rate`, `picture`, `chain`.

    Without measured calls it says so. The parts named after the choice are those of the call shown first.
    """
    profiles, advices = audit.profiles, {advice.call: advice for advice in audit.advices()}
    calls = [name for name in profiles if name in advices and profiles[name].ok.total]
    if not calls:
        empty = widgets.HTML("<p>Nothing is measured yet: give a latency export to the panel above.</p>")
        return Panel(empty, {"message": empty})
    system = audit.system
    left = remaining(paths(system), profiles)
    most = max(calls, key=lambda name: profiles[name].n)
    choice = widgets.Dropdown(options=calls, value=call or most, description="Call", layout=widgets.Layout(width="30rem"))

    def made(name: str) -> Panel:
        dependency = dependency_of(system, profiles[name])
        budget = left.get(dependency.subject) if dependency else None
        return _slider(system, profiles[name], advices[name], dependency, budget)

    first = made(choice.value)
    place = widgets.VBox([first.box])

    def chosen(change: Any) -> None:
        place.children = (made(change["new"]).box,)

    choice.observe(chosen, "value")
    return Panel(widgets.VBox([choice, place]), {"call": choice, **first.parts})


def dependency_of(system: System, profile: LatencyProfile) -> Dependency | None:
    """The first synchronous dependency that a profile speaks for; None where it matches none."""
    named = {profile.call: profile}
    calls = (d for d in system.dependencies if d.call == "sync" and any(profiles_of(d, target, named) for target in d.to))
    return next(calls, None)


def _slider(
    system: System, profile: LatencyProfile, advice: TimeoutAdvice, dependency: Dependency | None, left: Left | None
) -> Panel:
    target = advice.false_timeout.target if advice.false_timeout else TARGET
    journey = next((j for j in system.journeys if left is not None and j.id == left.journey), None)
    deadline_s = journey.deadline_s if journey is not None and isinstance(journey.deadline_s, float) else None

    def chain(timeout_s: float) -> Chain:
        policy = dependency.policy if dependency else None
        times = waiting_attempts(policy)
        own = f"{profile.callee} at worst" + (f", {times} attempts" if times > 1 else "")
        longest = times * timeout_s + backoffs_s(policy)
        return (("everything else on the way, healthy (p99s)", left.others_s if left else 0.0), (own, longest))

    return timeout_slider(
        profile,
        advice,
        lambda timeout_s: false_timeouts(profile, timeout_s, target),
        chain if left is not None else None,
        deadline_s,
        timeout_s(dependency.policy) if dependency else None,
    )


def latency_picture(audit: Audit, call: str | None) -> widgets.HTML:
    """The tail of one measured call, with today's timeout and the recommended one; in words where nothing was measured."""
    if call is None:
        return widgets.HTML("<p>Nothing is measured yet.</p>")
    advice = next((advice for advice in audit.advices() if advice.call == call), None)
    profile = audit.profiles[call]
    if not profile.ok.total:
        return widgets.HTML(f"<p>Of {html.escape(call)} no answer was measured, only errors and timeouts.</p>")
    dependency = dependency_of(audit.system, profile)
    today_s = timeout_s(dependency.policy) if dependency else None
    marks = Marks(proposed_s=advice.recommended_s if advice else None, today_s=today_s)
    return widgets.HTML(tail_picture(profile, marks)[0])
