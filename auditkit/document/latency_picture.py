"""Latencies of all measured calls on one axis, with their timeouts of today and as proposed."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.document.axes import TimeAxis, log_axis
from auditkit.document.figures import duration
from auditkit.document.layouts import shown
from auditkit.document.looks import BLUE, INK, MUTED, VERMILLION
from auditkit.document.svg import drawing, element, label, words_of
from auditkit.document.view import View
from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.policy import timeout_s

MOST = 30
_NAME, _ROW, _TOP, _WIDTH = 250.0, 34.0, 34.0, 860.0


@dataclass(frozen=True, slots=True)
class Measured:
    """One measured call with its timeout of today and the proposed one, in seconds."""

    call: str
    profile: LatencyProfile
    today_s: float | None
    proposed_s: float | None


def latency_picture(view: View, name: str = "latencies") -> tuple[str, str, str] | None:
    """SVG, title and description; None where nothing was measured."""
    rows = slowest(view)[:MOST]
    if not rows:
        return None
    times = [t for r in rows for t in (r.profile.min_s, r.profile.max_s, r.profile.p50.point, r.today_s, r.proposed_s) if t]
    axis = log_axis(times, _NAME, _WIDTH - 24)
    bottom = _TOP + len(rows) * _ROW
    parts = axis.drawn(_TOP - 6, bottom)
    for index, row in enumerate(rows):
        parts += _drawn(row, axis, _TOP + index * _ROW + _ROW / 2)
    parts += _legend(bottom + 38)
    title = "What calls take, and where they are cut off"
    words = " ".join(_words(row) for row in rows)
    return drawing(name, _WIDTH, bottom + 56, title, words, parts), title, words


def slowest(view: View) -> list[Measured]:
    """Every call of which an answer was measured, that with the largest p99 first."""
    found = []
    for dependency in view.calls:
        speaking = [p for target in dependency.to for p in profiles_of(dependency, target, view.book.profiles) if p.ok.total]
        if speaking:
            proposal = view.proposals.get(dependency.subject)
            proposed = timeout_s(proposal.proposed) if proposal else None
            widest = max(speaking, key=lambda profile: (profile.p99.point, profile.call))
            found.append(Measured(dependency.subject, widest, timeout_s(dependency.policy), proposed))
    return sorted(found, key=lambda row: (-row.profile.p99.point, row.call))


def _drawn(row: Measured, axis: TimeAxis, y: float) -> list[str]:
    profile = row.profile
    hi = profile.p99.hi if profile.p99.hi is not None else profile.max_s
    parts = [
        element(
            "g", element("title", words_of(_words(row))) + label(_NAME - 10, y + 4, shown(row.call, 34), size=12, anchor="end")
        ),
        _line(axis.x(profile.min_s), axis.x(profile.max_s), y, 1.2, MUTED),
        element(
            "rect",
            x=axis.x(profile.p50.point),
            y=y - 6,
            width=max(2.0, axis.x(profile.p99.point) - axis.x(profile.p50.point)),
            height=12,
            fill="#bcd9ea",
            stroke=BLUE,
        ),
        _line(axis.x(profile.p99.lo), axis.x(hi), y, 4, BLUE),
    ]
    if row.today_s:
        parts.append(_mark(axis.x(row.today_s), y, MUTED, "4 2"))
    if row.proposed_s:
        parts.append(_mark(axis.x(row.proposed_s), y, VERMILLION, None))
    return parts


def _line(x1: float, x2: float, y: float, width: float, colour: str) -> str:
    return element("line", x1=x1, y1=y, x2=x2, y2=y, stroke=colour, stroke_width=width)


def _mark(x: float, y: float, colour: str, dash: str | None) -> str:
    return element("line", x1=x, y1=y - 13, x2=x, y2=y + 13, stroke=colour, stroke_width=2.5, stroke_dasharray=dash)


def _legend(y: float) -> list[str]:
    x = 24.0
    parts = []
    for drawn, words in (
        (_line(x, x + 30, y, 1.2, MUTED), "shortest to longest"),
        (element("rect", x=x + 190, y=y - 6, width=30, height=12, fill="#bcd9ea", stroke=BLUE), "p50 to p99"),
        (_line(x + 330, x + 360, y, 4, BLUE), "95 % interval of p99"),
        (_mark(x + 545, y, MUTED, "4 2"), "timeout today"),
        (_mark(x + 690, y, VERMILLION, None), "timeout proposed"),
    ):
        at = float(drawn.split('x1="')[1].split('"')[0]) if 'x1="' in drawn else float(drawn.split('x="')[1].split('"')[0])
        parts += [
            drawn,
            label(at + (38 if 'stroke-width="2.5"' not in drawn else 10), y + 4, words, size=11, anchor="start", fill=INK),
        ]
    return parts


def _words(row: Measured) -> str:
    today = f"timeout today {duration(row.today_s)}" if row.today_s else "no timeout today"
    proposed = f", proposed {duration(row.proposed_s)}" if row.proposed_s else ""
    return f"{row.call}: p50 {duration(row.profile.p50.point)}, p99 {duration(row.profile.p99.point)}, {today}{proposed}."
