"""A slider for one call's timeout: what it would cost while everything is healthy follows live, and so does the deadline."""

from __future__ import annotations

import html
from collections.abc import Callable, Sequence
from dataclasses import replace

import ipywidgets as widgets

from auditkit.checks.wording import percent
from auditkit.document import Marks, tail_picture
from auditkit.model.latency import FalseTimeouts, LatencyProfile, TimeoutAdvice
from auditkit.notebook.appearance import ACCENT, INK, WARNING
from auditkit.notebook.frames import interval, milliseconds
from auditkit.notebook.panel import Panel, told
from auditkit.units import round_up

Chain = Sequence[tuple[str, float]]
"""What the caller waits for, one after another: name and longest time in seconds."""


def timeout_slider(
    profile: LatencyProfile,
    advice: TimeoutAdvice,
    rate: Callable[[float], FalseTimeouts],
    chain: Callable[[float], Chain] | None = None,
    deadline_s: float | None = None,
    today_s: float | None = None,
) -> Panel:
    """Move one call's timeout and see its false-timeout rate with its upper bound, and whether the deadline still holds.

    Today's timeout and the recommended one stand beside it in the picture. `rate(timeout_s)` and `chain(timeout_s)` compute;
    the plain call beside it is `audit.advices()`. Parts: `slider` (seconds), `rate`, `picture`, `chain`, `message`.
    """
    start = advice.recommended_s or advice.provisional_s or round_up(3 * profile.p99.point)
    low = min(round_up(profile.p50.point), start)
    high = max(round_up(10 * profile.p99.point), 2 * start)
    slider = widgets.SelectionSlider(
        options=_stops(low, high, start),
        value=start,
        description="Timeout",
        continuous_update=True,
        layout=widgets.Layout(width="36rem", max_width="100%"),
    )
    said, picture, waterfall, message = widgets.HTML(), widgets.HTML(), widgets.HTML(), widgets.HTML()

    marks = Marks(proposed_s=advice.recommended_s, today_s=today_s, deadline_s=deadline_s)

    def show() -> str | None:
        timeout_s = slider.value
        said.value = rate_html(timeout_s, rate(timeout_s), advice)
        picture.value = tail_picture(profile, replace(marks, tried_s=timeout_s), "slider")[0]
        waterfall.value = "" if chain is None else chain_svg(chain(timeout_s), deadline_s)
        return None

    slider.observe(lambda _: told(message, show), "value")
    told(message, show)
    title = widgets.HTML(f"<b>{html.escape(profile.call)}</b>: {profile.n} answers, p99 {interval(profile.p99)}")
    box = widgets.VBox([title, slider, said, picture, waterfall, message])
    return Panel(box, {"slider": slider, "rate": said, "picture": picture, "chain": waterfall, "message": message})


def _stops(low: float, high: float, start: float) -> list[tuple[str, float]]:
    """Values with two significant digits from low to high, about 5 % apart, and the start itself."""
    stops, value = {start}, low
    while value <= high:
        stops.add(round_up(value))
        value *= 1.05
    return [(milliseconds(stop), stop) for stop in sorted(stops)]


def rate_html(timeout_s: float, rate: FalseTimeouts, advice: TimeoutAdvice) -> str:
    """What a timeout costs while everything is healthy, in words."""
    within = rate.upper <= rate.target
    colour, verdict = (INK, "within") if within else (WARNING, "not proven to be within")
    beyond = advice.cut_off_at_s is not None and timeout_s >= advice.cut_off_at_s
    cut = f" The data end at {milliseconds(advice.cut_off_at_s)}: beyond it nothing is known." if beyond else ""
    advised = "refused" if advice.recommended_s is None else milliseconds(advice.recommended_s)
    seen = percent(rate.p) if rate.p else "none"
    return (
        f'<div role="status" aria-live="polite" style="color:{colour}">A timeout of <b>{milliseconds(timeout_s)}</b> cuts off '
        f"<b>{seen}</b> of the healthy calls measured, and at most <b>{percent(rate.upper)}</b> of all (95 % sure): "
        f"{verdict} the target of {percent(rate.target)}.{cut}</div>"
        f"<div>Advice: {advised}, {advice.grade}. {html.escape(advice.reason)}</div>"
    )


def chain_svg(chain: Chain, deadline_s: float | None) -> str:
    """What the caller waits for as bars, one after another, against its deadline."""
    total = sum(seconds for _, seconds in chain)
    full = max(total, deadline_s or 0.0, 1e-9) * 1.05
    parts, at = [], 0.0
    for row, (name, seconds) in enumerate(chain):
        left, width = 8 + at / full * 620, max(seconds / full * 620, 1)
        label = html.escape(f"{name}: {milliseconds(seconds)}")
        parts.append(
            f'<rect x="{left:.1f}" y="{row * 26 + 4}" width="{width:.1f}" height="18" fill="#d9ecf7" stroke="{ACCENT}"/>'
        )
        end, text_at = ("end", left + width) if left > 380 else ("start", left + 4)
        parts.append(f'<text x="{text_at:.1f}" y="{row * 26 + 17}" text-anchor="{end}" fill="{INK}">{label}</text>')
        at += seconds
    height = len(chain) * 26 + 28
    words = f"One after another: {milliseconds(total)}"
    if deadline_s is not None:
        verdict = "fits into" if total <= deadline_s else "misses"
        words += f", which {verdict} the deadline of {milliseconds(deadline_s)}"
        place = 8 + deadline_s / full * 620
        parts.append(f'<line x1="{place:.1f}" x2="{place:.1f}" y1="0" y2="{height - 24}" stroke="{WARNING}" stroke-width="2"/>')
    parts.append(f'<text x="8" y="{height - 8}" fill="{INK}">{html.escape(words)}.</text>')
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 640 {height}" role="img" aria-label="{html.escape(words)}" '
        f'style="max-width:640px;width:100%;background:#fff;font:12px sans-serif">{"".join(parts)}</svg>'
    )
