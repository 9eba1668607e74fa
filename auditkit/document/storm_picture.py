"""The map of retry storms: load against attempts, a panel for each queue. Always the same bytes; never colour alone."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from auditkit.document.figures import share
from auditkit.document.looks import BLUE, INK, MUTED, STATES, VERMILLION
from auditkit.document.svg import drawing, element, label
from auditkit.model.failure import State
from auditkit.simulation.storms import StormMap

_CELL, _ROW, _LEFT, _TOP, _GAP = 46.0, 24.0, 76.0, 74.0, 34.0
GOOD, BAD = STATES[State.OK], STATES[State.FAILED]


def storm_picture(found: StormMap, name: str = "storm-map") -> tuple[str, str, str]:
    """SVG, title and description of the map: a tick where users are served again, a cross where the retries keep it down.

    The dashed line is the closed form of an endless queue, load × attempts = 1; the blue line the load of today's peak.
    """
    loads = sorted({cell.load for cell in found.cells})
    tries = sorted({cell.attempts for cell in found.cells})
    rooms = list(dict.fromkeys(cell.queue for cell in found.cells))
    wide = len(tries) * _CELL
    width = _LEFT + len(rooms) * (wide + _GAP) + 12
    bottom = _TOP + len(loads) * _ROW
    parts = [label(12, 22, f"{found.call}: does it recover?", size=14, anchor="start", weight="600")]
    parts += [label(_LEFT - 8, _y(loads, load) + 16, share(load), size=11, anchor="end", fill=MUTED) for load in loads]
    parts.append(label(_LEFT - 8, _TOP - 8, "load", size=11, anchor="end", fill=MUTED))
    for n, room in enumerate(rooms):
        left = _LEFT + n * (wide + _GAP)
        parts.append(label(left + wide / 2, _TOP - 26, _room(room), size=12, weight="600"))
        parts += [label(left + (i + 0.5) * _CELL, _TOP - 8, str(t), size=11, fill=MUTED) for i, t in enumerate(tries)]
        boxes, symbols = zip(*_cells(found, room, loads, tries, left), strict=True)
        parts.extend(boxes)
        if room is None:
            parts.extend(_closed_form(loads, tries, left))
        if found.load is not None:
            parts.append(_line(left, left + wide, _between(loads, found.load), BLUE, None))
        parts.extend(symbols)
    parts.append(label(_LEFT, bottom + 20, f"{GOOD.symbol} served again   {BAD.symbol} stays down", size=11, anchor="start"))
    key: list[tuple[str, str | None, str]] = [(BLUE, None, "load at peak")] if found.load is not None else []
    key.append((VERMILLION, "5 3", "load × attempts = 1"))
    at = _LEFT + 190.0
    for colour, dashes, words in key:
        parts.append(_line(at, at + 24, bottom + 16, colour, dashes))
        parts.append(label(at + 30, bottom + 20, words, size=11, anchor="start"))
        at += 40 + 7 * len(words)
    parts.append(label(_LEFT, bottom + 40, "columns: attempts a call, without a budget", size=11, anchor="start", fill=MUTED))
    title = f"Where retries keep {found.call} down"
    words = _words(found, rooms)
    return drawing(name, max(width, at + 12), bottom + 54, title, words, parts), title, words


def _cells(
    found: StormMap, room: float | None, loads: Sequence[float], tries: Sequence[int], left: float
) -> Iterator[tuple[str, str]]:
    """Box and symbol of each cell, apart, so that lines lie between them."""
    for cell in found.cells:
        if cell.queue == room:
            look = GOOD if cell.recovers else BAD
            x, y = left + tries.index(cell.attempts) * _CELL, _y(loads, cell.load)
            box = element("rect", x=x + 1, y=y + 1, width=_CELL - 2, height=_ROW - 2, rx=3, fill=look.fill, stroke=look.border)
            yield box, label(x + _CELL / 2, y + 16, look.symbol, size=12, fill=INK)


def _closed_form(loads: Sequence[float], tries: Sequence[int], left: float) -> Iterator[str]:
    for i, t in enumerate(tries):
        if 1 / t <= loads[-1]:
            yield _line(left + i * _CELL, left + (i + 1) * _CELL, _between(loads, 1 / t), VERMILLION, "5 3")


def _y(loads: Sequence[float], load: float) -> float:
    """The upper edge of a row; the greatest load is on top."""
    return _TOP + (len(loads) - 1 - loads.index(load)) * _ROW


def _between(loads: Sequence[float], load: float) -> float:
    """Where a load lies between the rows, of which each stands for one load."""
    below = [n for n, known in enumerate(loads) if known <= load]
    n = below[-1] if below else -1
    if n < 0:
        place = load / loads[0] - 0.5
    elif n == len(loads) - 1:
        place = n + 0.5
    else:
        place = n + 0.5 + (load - loads[n]) / (loads[n + 1] - loads[n])
    return _TOP + (len(loads) - max(0.0, min(place, float(len(loads))))) * _ROW


def _line(x1: float, x2: float, y: float, colour: str, dashes: str | None) -> str:
    return element("line", x1=x1, x2=x2, y1=y, y2=y, stroke=colour, stroke_width=2, stroke_dasharray=dashes)


def _room(queue: float | None) -> str:
    return "endless queue" if queue is None else f"queue of {queue:g} a worker"


def _words(found: StormMap, rooms: Sequence[float | None]) -> str:
    told = []
    for room in rooms:
        columns = ", ".join(f"{safe.attempts}: {share(safe.load)}" for safe in found.safe if safe.queue == room)
        told.append(f"With {'an' if room is None else 'a'} {_room(room)} it recovers, by attempts, up to a load of {columns}.")
    if found.load is not None:
        told.append(f"At peak the load is {share(found.load)}.")
    return " ".join(told)
