"""The plateau of each figure of a call: what every value loses beyond the best. Always the same bytes; never colour alone."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

from auditkit.document.figures import share
from auditkit.document.looks import INK, MUTED, STATES, VERMILLION
from auditkit.document.svg import drawing, element, label
from auditkit.model.failure import State
from auditkit.planning.tuning import in_words, said, title_of
from auditkit.simulation.tuning import MARGIN, Tried, Tuning

_WIDE, _HIGH, _LEFT, _TOP, _ACROSS = 420.0, 178.0, 66.0, 92.0, 2
_PLOT_W, _PLOT_H = 330.0, 96.0
_LEAST, _MOST = 1e-5, 1.0
_TICKS = (1e-5, 1e-4, 1e-3, 1e-2, 0.1, 1.0)
GOOD, BAD = STATES[State.OK], STATES[State.FAILED]


def tuning_picture(found: Sequence[Tuning], name: str = "tuning") -> tuple[str, str, str]:
    """SVG, title and description: a field for each figure of one call, in it every value that was tried.

    Heights are what a request loses beyond the best value (logarithmic, with its 95 % interval); green is the plateau, the dashed
    line what the closed form gives, the dotted one the loss that counts as none. Raises `IndexError` without a figure.
    """
    across = min(_ACROSS, len(found))
    rows = math.ceil(len(found) / across)
    width, height = across * _WIDE, _TOP + rows * _HIGH
    title = f"{found[0].dependency}: values as good as the best"
    parts = [label(16, 24, title, size=14, anchor="start", weight="600")]
    parts += _key(16, 46)
    for n, tuning in enumerate(found):
        parts += _field(tuning, _LEFT + n % across * _WIDE, _TOP + n // across * _HIGH)
    words = " ".join(f"{said(tuning).capitalize()}." for tuning in found)
    return drawing(name, width, height, title, words, parts), title, words


def _key(left: float, y: float) -> Iterator[str]:
    marks = f"{GOOD.symbol} plateau, as good as the best; {BAD.symbol} worse"
    told = f"height: what requests lose beyond the best, with its 95 % interval; {marks}"
    yield label(left, y, told, size=11, anchor="start")
    yield element("line", x1=left, x2=left + 24, y1=y + 14, y2=y + 14, stroke=VERMILLION, stroke_width=2, stroke_dasharray="5 3")
    yield label(left + 30, y + 18, "closed form", size=11, anchor="start")
    yield element("line", x1=left + 120, x2=left + 144, y1=y + 14, y2=y + 14, stroke=MUTED, stroke_dasharray="1 3")
    yield label(left + 150, y + 18, f"{share(MARGIN)} of requests: less does not count", size=11, anchor="start")


def _field(tuning: Tuning, left: float, top: float) -> Iterator[str]:
    values = [tried.value for tried in tuning.tried]
    step = _PLOT_W / len(values)
    yield label(left, top + 4, title_of(tuning.figure), size=12, anchor="start", weight="600")
    top += 16
    low, high = (values.index(end) for end in tuning.plateau)
    yield element(
        "rect", x=left + low * step, y=top, width=(high - low + 1) * step, height=_PLOT_H, fill=GOOD.fill, stroke=GOOD.border
    )
    for tick in _TICKS:
        yield element("line", x1=left, x2=left + _PLOT_W, y1=_y(top, tick), y2=_y(top, tick), stroke="#e3e6e8")
        if tick in _TICKS[1::2]:
            yield label(left - 6, _y(top, tick) + 4, share(tick), size=10, anchor="end", fill=MUTED)
    yield element(
        "line", x1=left, x2=left + _PLOT_W, y1=_y(top, MARGIN), y2=_y(top, MARGIN), stroke=MUTED, stroke_dasharray="1 3"
    )
    own = left + (values.index(tuning.closed_form) + 0.5) * step
    yield element("line", x1=own, x2=own, y1=top, y2=top + _PLOT_H, stroke=VERMILLION, stroke_width=2, stroke_dasharray="5 3")
    words = in_words(tuning.figure)
    for n, tried in enumerate(tuning.tried):
        x = left + (n + 0.5) * step
        yield from _value(tried, x, top)
        bold = "600" if tried.value == tuning.closed_form else ""
        yield label(x, top + _PLOT_H + 15, words(tried.value), size=10, weight=bold)
    yield label(left, top + _PLOT_H + 32, f"fault: {tuning.experiment}", size=10, anchor="start", fill=MUTED)


def _value(tried: Tried, x: float, top: float) -> Iterator[str]:
    look = GOOD if tried.as_good else BAD
    loss = tried.worse_by
    if loss.lo is not None and loss.hi is not None and loss.hi > _LEAST:
        yield element("line", x1=x, x2=x, y1=_y(top, loss.lo), y2=_y(top, loss.hi), stroke=look.border, stroke_width=2)
    y = _y(top, loss.mean)
    yield element("circle", cx=x, cy=y, r=7, fill="#ffffff", stroke=look.border, stroke_width=1.5)
    yield label(x, y + 4, look.symbol, size=10, fill=INK)


def _y(top: float, loss: float) -> float:
    """The height of a loss (0..1); what is below a thousandth of a percent stands at the bottom."""
    at = math.log10(max(_LEAST, min(_MOST, loss)) / _LEAST) / math.log10(_MOST / _LEAST)
    return top + 8 + (_PLOT_H - 16) * (1.0 - at)
