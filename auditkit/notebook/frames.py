"""What all tables share: making a frame, and how figures read in it."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

from auditkit.model.latency import Bounds

if TYPE_CHECKING:
    import pandas as pd

UNKNOWN = "?"
"""Nobody has told."""


def frame(columns: Sequence[str], rows: Iterable[Sequence[object]], index: str | None = None) -> pd.DataFrame:
    """Rows as a pandas frame, with one column as its index where wanted."""
    import pandas as pd

    frame = pd.DataFrame([list(row) for row in rows], columns=list(columns))
    return frame if index is None else frame.set_index(index)


def milliseconds(seconds: float | None) -> str:
    """A duration for reading, three significant digits.

    >>> milliseconds(0.10012), milliseconds(0.00784), milliseconds(2.4), milliseconds(None)
    ('100ms', '7.84ms', '2.4s', '–')
    """
    if seconds is None:
        return "–"
    scale, unit = (1, "s") if seconds >= 1 else (1e3, "ms") if seconds >= 1e-3 or seconds == 0 else (1e6, "us")
    return f"{float(f'{seconds * scale:.3g}'):g}{unit}"


def interval(bounds: Bounds | None) -> str:
    """A figure with its 95 % interval.

    >>> interval(Bounds(point=0.1, lo=0.095, hi=0.11)), interval(Bounds(point=0.1, lo=0.095, hi=None))
    ('100ms [95ms, 110ms]', '100ms [95ms, no upper bound]')
    """
    if bounds is None:
        return "–"
    upper = "no upper bound" if bounds.hi is None else milliseconds(bounds.hi)
    return f"{milliseconds(bounds.point)} [{milliseconds(bounds.lo)}, {upper}]"


AT_ONCE = 12
"""Rows that are read without a click: of a longer table the first ten, and the others folded away below them."""


def table_html(table: pd.DataFrame) -> str:
    """A table as HTML, whole sentences aligned for reading; of a long one the first rows, the others folded away."""
    if table.empty:
        return "<p>None.</p>"
    if len(table) <= AT_ONCE:
        return _rows_html(table)
    rest = table.iloc[AT_ONCE - 2 :]
    return f"{_rows_html(table.iloc[: AT_ONCE - 2])}<details><summary>{len(rest)} more</summary>{_rows_html(rest)}</details>"


def _rows_html(table: pd.DataFrame) -> str:
    import pandas as pd

    # the style stands in each cell: JupyterLab drops style sheets from outputs
    cell = ' style="text-align:left;vertical-align:top;padding:.3em .7em .3em 0;line-height:1.3"'
    whole = table.reset_index() if table.index.name else table
    with pd.option_context("display.max_colwidth", None):
        text = whole.to_html(border=0, index=False).replace(' style="text-align: right;"', "")
    return text.replace("<td>", f"<td{cell}>").replace("<th>", f"<th{cell}>")
