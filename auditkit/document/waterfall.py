"""How a journey spends its deadline: the calls of its entry, stage after stage, healthy and at their worst."""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditkit.document.axes import TimeAxis
from auditkit.document.figures import duration
from auditkit.document.layouts import shown
from auditkit.document.looks import BLUE, INK, MUTED, VERMILLION
from auditkit.document.svg import drawing, element, label, words_of
from auditkit.document.view import View
from auditkit.model.latency import profiles_of
from auditkit.model.paths import stages
from auditkit.model.policy import call_worst_case_s
from auditkit.model.system import Dependency, Journey, Nothing, Policy
from auditkit.planning.overlay import settings

_NAME, _ROW, _TOP, _WIDTH = 250.0, 30.0, 30.0, 860.0


@dataclass(frozen=True, slots=True)
class Bar:
    """One call: when it starts at its worst, how long it takes when healthy (p99), and how long it can take."""

    call: str
    start_s: float
    healthy_s: float | None
    worst_s: float


def bars(view: View, journey: Journey) -> tuple[Bar, ...]:
    """The calls of a journey's entry with the settings that the plan puts into force, in the order in which they are made.

    Stages follow one another, calls of one stage run side by side. A call without a timeout can take for ever.
    """
    found: list[Bar] = []
    start = 0.0
    for group in stages(d for d in view.paths.outgoing(journey.entry) if view.paths.timed(d)):
        took = 0.0
        for dependency in group:
            worst = call_worst_case_s(_policy(view, dependency))
            healthy = _healthy(view, dependency)
            found.append(Bar(dependency.subject, start, healthy, worst))
            took = max(took, worst)
        start += took
    return tuple(found)


def _policy(view: View, dependency: Dependency) -> Policy | Nothing | None:
    proposal = view.proposals.get(dependency.subject)
    chosen = settings(proposal) if proposal else None
    return dependency.policy if chosen is None else chosen


def _healthy(view: View, dependency: Dependency) -> float | None:
    found = [p.p99.point for target in dependency.to for p in profiles_of(dependency, target, view.book.profiles)]
    return max(found) if found else None


def waterfall(view: View, journey: Journey, name: str) -> tuple[str, str, str] | None:
    """SVG, title and description; None where the entry calls nothing or the journey has no deadline."""
    shown_bars = bars(view, journey)
    if not shown_bars or not isinstance(journey.deadline_s, float):
        return None
    deadline = journey.deadline_s
    ends = [bar.start_s + bar.worst_s for bar in shown_bars if math.isfinite(bar.start_s + bar.worst_s)]
    axis = TimeAxis(0.0, max(deadline * 1.25, min(max(ends, default=0.0) * 1.05, deadline * 4)), _NAME, _WIDTH - 24, log=False)
    bottom = _TOP + len(shown_bars) * _ROW
    parts = axis.drawn(_TOP - 6, bottom)
    for index, bar in enumerate(shown_bars):
        parts += _drawn(bar, axis, _TOP + index * _ROW)
    x = axis.x(deadline)
    parts.append(element("line", x1=x, y1=_TOP - 12, x2=x, y2=bottom, stroke=VERMILLION, stroke_width=2.5))
    parts.append(label(x, _TOP - 16, f"deadline {duration(deadline)}", size=11, fill=VERMILLION, weight="600"))
    title = f"How {journey.id} spends its deadline when every call takes its longest"
    words = _words(shown_bars, deadline)
    return drawing(name, _WIDTH, bottom + 28, title, words, parts), title, words


def _drawn(bar: Bar, axis: TimeAxis, y: float) -> list[str]:
    parts = [
        element("g", element("title", words_of(bar.call)) + label(_NAME - 10, y + 19, shown(bar.call, 34), size=12, anchor="end"))
    ]
    if not math.isfinite(bar.start_s):
        return [*parts, label(axis.right, y + 19, "after a call without an end", size=11, anchor="end", fill=MUTED)]
    left, right = axis.x(bar.start_s), axis.x(bar.start_s + bar.worst_s)
    endless = not math.isfinite(bar.worst_s)
    fill, dash = ("#f9cdb8", "5 3") if endless else ("#d6e9f5", None)
    edge = VERMILLION if endless else BLUE
    parts.append(
        element("rect", x=left, y=y + 6, width=max(2.0, right - left), height=18, fill=fill, stroke=edge, stroke_dasharray=dash)
    )
    if bar.healthy_s is not None:
        healthy = min(bar.healthy_s, bar.worst_s)
        parts.append(element("rect", x=left, y=y + 11, width=max(2.0, axis.x(bar.start_s + healthy) - left), height=8, fill=BLUE))
    if endless:
        parts.append(label(right - 6, y + 19, "no timeout: without an end", size=11, anchor="end", fill=INK))
    return parts


def _at_most(value_s: float) -> str:
    return f"at most {duration(value_s)}" if math.isfinite(value_s) else "without an end"


def _words(shown_bars: tuple[Bar, ...], deadline: float) -> str:
    said = [
        f"{bar.call} from {duration(bar.start_s)}, p99 {duration(bar.healthy_s)}, {_at_most(bar.worst_s)}"
        if math.isfinite(bar.start_s)
        else f"{bar.call} after a call without an end"
        for bar in shown_bars
    ]
    end = max(bar.start_s + bar.worst_s for bar in shown_bars)
    verdict = "within" if end <= deadline else "beyond"
    return f"{'; '.join(said)}. All together {_at_most(end)}, {verdict} the deadline of {duration(deadline)}."
