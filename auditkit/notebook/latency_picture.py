"""One call's latencies as a picture: the share of answers that take longer than a time, both axes logarithmic.

It is the empirical distribution upside down: on a linear axis the last per cent, which is all that a timeout is about, would
be a line at the top.
"""

from __future__ import annotations

import html
import math

from auditkit.model.latency import LatencyProfile
from auditkit.notebook.appearance import ACCENT, INK, MUTED, WARNING
from auditkit.notebook.frames import milliseconds

WIDTH, HEIGHT = 640, 300
_LEFT, _RIGHT, _TOP, _BOTTOM = 64, 16, 16, 44
_STEPS = 240


def survival(profile: LatencyProfile) -> tuple[tuple[float, float], ...]:
    """(time, share of calls that take longer) in ascending times; calls that were given up on take longer than all.

    Of each bucket the upper end counts, so that the picture never looks faster than the data.
    """
    total = profile.n + profile.timeouts
    points, left = [], total
    for hi, count in zip(profile.ok.hi_s, profile.ok.counts, strict=True):
        left -= count
        points.append((hi, left / total if total else 0.0))
    return tuple(points)


def latency_svg(profile: LatencyProfile, timeout_s: float | None = None, deadline_s: float | None = None) -> str:
    """The picture as SVG text, with an alternative text: p99 with its interval, the cut-off, a timeout, a deadline."""
    points = survival(profile)
    floor = 10 ** math.floor(math.log10(0.5 / max(profile.n + profile.timeouts, 1)))
    marks = [t for t in (timeout_s, deadline_s, profile.cut_off_at_s, profile.max_s) if t]
    low = max(min(profile.p50.point, *marks, profile.p99.lo) / 3, 1e-7)
    high = max(*marks, profile.p99.hi or 0.0, profile.p99.point) * 1.5

    def x(time_s: float) -> float:
        place = math.log(min(max(time_s, low), high) / low) / math.log(high / low)
        return _LEFT + place * (WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _TOP + math.log10(max(share, floor)) / math.log10(floor) * (HEIGHT - _TOP - _BOTTOM)

    kept = points[:: max(1, len(points) // _STEPS)] + points[-1:]
    line = f"M {_LEFT} {y(1):.1f} " + " ".join(f"H {x(t):.1f} V {y(share):.1f}" for t, share in kept)
    parts = [*_axes(low, high, floor, x, y), f'<path d="{line}" fill="none" stroke="{INK}" stroke-width="2"/>']
    parts.insert(0, _band(x(profile.p99.lo), x(high if profile.p99.hi is None else profile.p99.hi), "p99, 95 % interval"))
    if profile.cut_off_at_s is not None:
        parts.append(
            _upright(x(profile.cut_off_at_s), MUTED, "2 3", f"nothing is known beyond {milliseconds(profile.cut_off_at_s)}", 58)
        )
    if deadline_s is not None:
        parts.append(_upright(x(deadline_s), WARNING, "8 4", f"deadline {milliseconds(deadline_s)}", 40))
    if timeout_s is not None:
        parts.append(_upright(x(timeout_s), ACCENT, "", f"timeout {milliseconds(timeout_s)}", 22))
    words = html.escape(
        f"Share of answers of {profile.call} that take longer than a time; p99 {milliseconds(profile.p99.point)}."
    )
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" role="img" aria-label="{words}" '
        f'style="max-width:{WIDTH}px;width:100%;background:#fff;font:12px sans-serif">'
        f"<title>{words}</title>{''.join(parts)}</svg>"
    )


def _axes(low: float, high: float, floor: float, x: object, y: object) -> list[str]:
    assert callable(x)
    assert callable(y)
    parts = []
    for step in range(math.ceil(math.log10(low)), math.floor(math.log10(high)) + 1):
        for factor in (1, 2, 5):
            if low <= factor * 10.0**step <= high:
                at, label = x(factor * 10.0**step), milliseconds(factor * 10.0**step)
                parts.append(f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}" stroke="#e4e4e4"/>')
                parts.append(f'<text x="{at:.1f}" y="{HEIGHT - _BOTTOM + 16}" text-anchor="middle" fill="{INK}">{label}</text>')
    for power in range(round(-math.log10(floor)) + 1):
        at = y(10.0**-power)
        parts.append(f'<line x1="{_LEFT}" x2="{WIDTH - _RIGHT}" y1="{at:.1f}" y2="{at:.1f}" stroke="#e4e4e4"/>')
        parts.append(f'<text x="{_LEFT - 6}" y="{at + 4:.1f}" text-anchor="end" fill="{INK}">{10.0 ** (2 - power):g} %</text>')
    middle = (_LEFT + WIDTH - _RIGHT) / 2
    parts.append(
        f'<text x="{middle}" y="{HEIGHT - 8}" text-anchor="middle" fill="{INK}">time until the answer (logarithmic)</text>'
    )
    return parts


def _band(left: float, right: float, label: str) -> str:
    return (
        f'<rect x="{left:.1f}" width="{max(right - left, 1):.1f}" y="{_TOP}" height="{HEIGHT - _TOP - _BOTTOM}" fill="#d9ecf7"/>'
        + (f'<text x="{left - 4:.1f}" y="{HEIGHT - _BOTTOM - 6}" text-anchor="end" fill="{MUTED}">{label}</text>')
    )


def _upright(at: float, colour: str, dashes: str, label: str, top: int) -> str:
    end = "end" if at > WIDTH * 0.8 else "start"
    return (
        f'<line x1="{at:.1f}" x2="{at:.1f}" y1="{_TOP}" y2="{HEIGHT - _BOTTOM}" stroke="{colour}" stroke-width="2" '
        f'stroke-dasharray="{dashes}"/><text x="{at + (-5 if end == "end" else 5):.1f}" y="{top + 8}" text-anchor="{end}" '
        f'fill="{colour}" stroke="#fff" stroke-width="3" paint-order="stroke">{html.escape(label)}</text>'
    )
