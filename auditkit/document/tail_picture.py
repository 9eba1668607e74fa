"""The tail of one call: the share of answers that take longer than a time, both axes logarithmic, with its timeouts.

It is the empirical distribution upside down: on a linear axis the last per cent, which is all that a timeout is about, would
be a line at the top. The workbook and the document show the same picture.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Final

from auditkit.document.figures import bounds, duration
from auditkit.document.looks import BLUE, GREEN, INK, MUTED, VERMILLION
from auditkit.document.svg import drawing, element, label
from auditkit.model.latency import LatencyProfile

WIDTH: Final = 640.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 16.0, 16.0, 278.0
_STEPS: Final = 240
_GRID, _BAND = "#e4e4e4", "#d9ecf7"


@dataclass(frozen=True, slots=True)
class Marks:
    """Times in seconds that stand in the picture as upright lines; None where there is none."""

    tried_s: float | None = None
    """A timeout that somebody is trying out."""
    proposed_s: float | None = None
    today_s: float | None = None
    deadline_s: float | None = None


Line = tuple[float, str, str | None, str]
"""Where an upright line stands (seconds), its colour, its dashes, its words."""


def tail_picture(profile: LatencyProfile, marks: Marks | None = None, name: str = "") -> tuple[str, str, str]:
    """SVG, title and description. `name` tells it apart from other pictures in one page.

    Of each bucket the upper end counts, so that it never looks faster than the data; calls that were given up on take longer
    than all. Raises `ValueError` where no answer was measured.
    """
    if not profile.ok.total:
        raise ValueError(f"nothing was measured of {profile.call}")
    lines = _lines(profile, marks or Marks())
    floor = 10.0 ** math.floor(math.log10(0.5 / (profile.ok.total + profile.timeouts)))
    times = [profile.max_s, *(at for at, *_ in lines)]
    low = max(min(profile.p50.point, profile.p99.lo, *(at for at, *_ in lines)) / 3, 1e-7)
    high = max(*times, profile.p99.hi or 0.0, profile.p99.point, low) * 1.5

    def x(time_s: float) -> float:
        return _LEFT + math.log(min(max(time_s, low), high) / low) / math.log(high / low) * (WIDTH - _LEFT - _RIGHT)

    def y(share: float) -> float:
        return _TOP + math.log10(max(share, floor)) / math.log10(floor) * (_BOTTOM - _TOP)

    points = survival(profile)
    kept = points[:: max(1, len(points) // _STEPS)] + points[-1:]
    path = f"M {_LEFT:g} {y(1):.1f} " + " ".join(f"H {x(t):.1f} V {y(share):.1f}" for t, share in kept)
    left, right = x(profile.p99.lo), x(high if profile.p99.hi is None else profile.p99.hi)
    parts = [
        element("rect", x=left, y=_TOP, width=max(right - left, 1), height=_BOTTOM - _TOP, fill=_BAND),
        *_axes(low, high, floor, x, y),
        element("path", d=path, fill="none", stroke=INK, stroke_width=2),
        *(_upright(x(at), _TOP, _BOTTOM, colour, dashes) for at, colour, dashes, _ in lines),
        *_legend(profile, lines),
    ]
    title = f"{profile.call}: {profile.n:,} answers, and the share of them that takes longer"
    said = [f"p50 {duration(profile.p50.point)}, p99 {bounds(profile.p99)}", *(words for *_, words in lines)]
    words = f"{profile.call}: {'; '.join(said)}."
    name = name or "tail-" + re.sub(r"[^A-Za-z0-9]+", "-", profile.call)
    return drawing(name, WIDTH, _height(lines), title, words, parts), title, words


def survival(profile: LatencyProfile) -> tuple[tuple[float, float], ...]:
    """(time, share of calls that take longer) in ascending times."""
    total = profile.ok.total + profile.timeouts
    points, left = [], total
    for hi, count in sorted(zip(profile.ok.hi_s, profile.ok.counts, strict=True)):
        left -= count
        points.append((hi, left / total))
    return tuple(points)


def _lines(profile: LatencyProfile, marks: Marks) -> list[Line]:
    every = (
        (marks.tried_s, BLUE, None, "timeout tried here"),
        (marks.proposed_s, GREEN, "10 3 2 3", "timeout proposed"),
        (marks.today_s, VERMILLION, "7 4", "timeout today"),
        (marks.deadline_s, INK, "2 2", "deadline of the journey"),
        (profile.cut_off_at_s, MUTED, "2 5", "nothing is known beyond"),
    )
    return [(at, colour, dashes, f"{words} {duration(at)}") for at, colour, dashes, words in every if at and math.isfinite(at)]


def _upright(x: float, top: float, bottom: float, colour: str, dashes: str | None) -> str:
    return element("line", x1=x, x2=x, y1=top, y2=bottom, stroke=colour, stroke_width=2.5, stroke_dasharray=dashes)


def _axes(low: float, high: float, floor: float, x: Callable[[float], float], y: Callable[[float], float]) -> Iterator[str]:
    for step in range(math.floor(math.log10(low)), math.floor(math.log10(high)) + 1):
        for factor in (1, 2, 5):
            at = factor * 10.0**step
            if low <= at <= high:
                yield element("line", x1=x(at), x2=x(at), y1=_TOP, y2=_BOTTOM, stroke=_GRID)
                yield label(x(at), _BOTTOM + 16, duration(at), size=12)
    for power in range(round(-math.log10(floor)) + 1):
        at = y(10.0**-power)
        yield element("line", x1=_LEFT, x2=WIDTH - _RIGHT, y1=at, y2=at, stroke=_GRID)
        yield label(_LEFT - 6, at + 4, f"{10.0 ** (2 - power):g} %", size=12, anchor="end")
    yield label((_LEFT + WIDTH - _RIGHT) / 2, _BOTTOM + 34, "time until the answer (logarithmic)", size=12)


def _legend(profile: LatencyProfile, lines: list[Line]) -> Iterator[str]:
    """What the band and the lines are, two in a row, below the picture: there no label lies on a line."""
    for index, (colour, dashes, words) in enumerate(
        ((None, None, f"p99 {bounds(profile.p99)}"), *((colour, dashes, words) for _, colour, dashes, words in lines))
    ):
        left, middle = (24.0 if index % 2 == 0 else 340.0), _BOTTOM + 58 + index // 2 * 20
        if colour is None:
            yield element("rect", x=left, y=middle - 7, width=24, height=14, fill=_BAND)
        else:
            yield element(
                "line", x1=left, x2=left + 24, y1=middle, y2=middle, stroke=colour, stroke_width=2.5, stroke_dasharray=dashes
            )
        yield label(left + 32, middle + 4, words, size=12, anchor="start")


def _height(lines: list[Line]) -> float:
    return _BOTTOM + 58 + len(lines) // 2 * 20 + 16
