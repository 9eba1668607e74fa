"""Blast radii as a table of colours, symbols and words: what fails, down and slow, against every journey."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.document.layouts import shown
from auditkit.document.looks import INK, MUTED, STATES
from auditkit.document.svg import drawing, element, label, words_of
from auditkit.document.view import View
from auditkit.model.failure import Mode, State

MOST_ATOMS = 40
MOST_JOURNEYS = 10
_ROW, _CELL, _NAME, _TOP = 22.0, 74.0, 210.0, 56.0
_MODES: tuple[Mode, ...] = ("down", "slow")


def heat_map(view: View, name: str = "blast-heat-map") -> tuple[str, str, str] | None:
    """SVG, title and description of the heat map; None where nothing is touched.

    Shows the failures that lose most; states are those under the worst answers to open questions.
    """
    journeys = [j.id for j in view.book.system.journeys][:MOST_JOURNEYS]
    atoms = [atom for atom in view.atoms if any(_state(view, atom, mode, j) > State.OK for mode in _MODES for j in journeys)]
    atoms = atoms[:MOST_ATOMS]
    if not atoms:
        return None
    width = _NAME + 2 * len(journeys) * _CELL + 24
    height = _TOP + len(atoms) * _ROW + 12
    parts = [*_head(journeys)]
    for row, atom in enumerate(atoms):
        y = _TOP + row * _ROW
        parts.append(label(_NAME - 8, y + 15, shown(atom), size=12, anchor="end"))
        for block, mode in enumerate(_MODES):
            for column, journey in enumerate(journeys):
                parts.append(_cell(_left(block, column, len(journeys)), y, _state(view, atom, mode, journey)))
    title = "Which failure does what to which journey"
    return drawing(name, width, height, title, _words(view, atoms, journeys), parts), title, _words(view, atoms, journeys)


def _state(view: View, atom: str, mode: Mode, journey: str) -> State:
    effect = view.effect(atom, mode)
    radius = (effect.worst or effect.best) if effect else None
    return State(radius.journeys.get(journey, State.OK)) if radius else State.OK


def _left(block: int, column: int, journeys: int) -> float:
    return _NAME + block * (journeys * _CELL + 12) + column * _CELL


def _head(journeys: Sequence[str]) -> list[str]:
    parts = []
    for block, words in enumerate(("when it is down", "when it is slow")):
        middle = _left(block, 0, len(journeys)) + len(journeys) * _CELL / 2
        parts.append(label(middle, 18, words, size=12, weight="600"))
        for column, journey in enumerate(journeys):
            x = _left(block, column, len(journeys)) + _CELL / 2
            parts.append(
                element("g", element("title", words_of(journey)) + label(x, 44, shown(journey, 11), size=11, fill=MUTED))
            )
    return parts


def _cell(x: float, y: float, state: State) -> str:
    look = STATES[state]
    if state == State.OK:
        return label(x + _CELL / 2, y + 15, "·", size=11, fill=MUTED)
    box = element("rect", x=x + 1, y=y + 1, width=_CELL - 2, height=_ROW - 2, rx=3, fill=look.fill, stroke=look.border)
    return box + label(x + _CELL / 2, y + 15, look.label, size=11, fill=INK)


def _words(view: View, atoms: Sequence[str], journeys: Sequence[str]) -> str:
    said = []
    for atom in atoms[:15]:
        for mode in _MODES:
            hit = [f"{j} {s.value}" for j in journeys if (s := _state(view, atom, mode, j)) != State.OK]
            if hit:
                said.append(f"{atom} {mode}: {', '.join(hit)}")
    more = f" And {len(atoms) - 15} more rows." if len(atoms) > 15 else ""
    return f"{len(atoms)} failures against {len(journeys)} journeys. {'; '.join(said)}.{more}"
