"""How wide the columns of a table are where nobody lays them out for us: no word is broken that could stand whole."""

from __future__ import annotations

import re
from collections.abc import Sequence

from auditkit.document.blocks import Rich, Run, Table

MOST_LETTERS = 26
"""Longer words are broken, however wide the page is: a name of 300 letters is not worth the other columns."""
_WIDE, _WIDER = 0.62, 0.75
"""Mean width of a letter of a wide sans-serif, plain and bold, as a share of its size: what a program has that lacks ours."""


def widths(table: Table, usable: float, size: float, margin: float) -> tuple[float, ...]:
    """Widths in the unit of `usable`, in which `size` of the letters and `margin` on both sides of a cell are given too.

    They stand to each other as the table says, but no column is narrower than its longest word, as long as all fit.

    >>> from auditkit.document.blocks import table
    >>> narrow = table("t", ("No.", "Availability"), [("1", "99 %")], widths=(9, 1))
    >>> [round(width) for width in widths(narrow, 200, 8, 6)]
    [122, 78]
    """
    floors = [_floor(table, column, size) + margin for column in range(len(table.head))]
    total = sum(floors)
    if total >= usable:
        return tuple(usable * floor / total for floor in floors)
    found = [0.0] * len(floors)
    open_, left = set(range(len(floors))), usable
    while open_:
        shares = sum(table.widths[column] for column in open_)
        narrow = {column for column in open_ if left * table.widths[column] / shares < floors[column]}
        for column in narrow or open_:
            found[column] = floors[column] if narrow else left * table.widths[column] / shares
        left -= sum(floors[column] for column in narrow)
        open_ = open_ - narrow if narrow else set()
    return tuple(found)


def _floor(table: Table, column: int, size: float) -> float:
    cells: Sequence[Rich] = [row.cells[column] for row in table.rows]
    longest = max((_longest(run) for cell in cells for run in cell), default=0.0)
    return size * max(_letters(table.head[column]) * _WIDER, longest)


def _longest(run: Run) -> float:
    return _letters(run.text) * (_WIDER if run.style == "strong" else _WIDE)


def _letters(text: str) -> int:
    """Letters of the longest piece that has no place to break: blanks, and behind hyphens."""
    return min(MOST_LETTERS, max(map(len, re.split(r"\s|(?<=-)(?=\w)", text))))
