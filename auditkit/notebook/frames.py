"""What all tables share: making a frame, and how figures read in it."""

from __future__ import annotations

import re
import textwrap
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


def interval(bounds: Bounds | None, cut_off_at_s: float | None = None) -> str:
    """A figure with its 95 % interval; where the data are cut off below it, only that it is no less.

    >>> interval(Bounds(point=0.1, lo=0.095, hi=0.11)), interval(Bounds(point=0.1, lo=0.095, hi=None))
    ('100ms [95ms, 110ms]', '100ms [95ms, no upper bound]')
    >>> interval(Bounds(point=1.0, lo=0.8, hi=None), cut_off_at_s=1.0)
    '≥ 1s'
    """
    if bounds is None:
        return "–"
    if cut_off_at_s is not None and bounds.point >= cut_off_at_s:
        return f"≥ {milliseconds(cut_off_at_s)}"
    upper = "no upper bound" if bounds.hi is None else milliseconds(bounds.hi)
    return f"{milliseconds(bounds.point)} [{milliseconds(bounds.lo)}, {upper}]"


def readable(text: str, width: int = 110) -> str:
    """Text with its lines broken between words: JupyterLab breaks what is printed wherever the line is full.

    >>> print(readable("- one two three", width=9))
    - one two
      three
    """
    lines = (
        textwrap.fill(line, width, subsequent_indent="  " if line.startswith("- ") else "", break_long_words=False)
        for line in text.splitlines()
    )
    return "\n".join(lines)


def size(count: int) -> str:
    """Bytes for reading.

    >>> size(452), size(286_500), size(1_095_800)
    ('0.5 kB', '286 kB', '1.1 MB')
    """
    unit, scale = ("MB", 1e6) if count >= 1e6 else ("kB", 1e3)
    return f"{count / scale:.0f} {unit}" if count / scale >= 10 else f"{count / scale:.1f} {unit}"


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


_LONG = re.compile(r"(?<![<\w.:/-])[A-Za-z][\w.:/-]{27,}(?![^<]*>)")
"""Names that would widen their column at the others' cost, such as `cart:shop.CartService/GetCart`: they may be broken."""


_LINE = "\u2028"
"""A line break on its way through pandas, which would write it as two letters."""


def _rows_html(table: pd.DataFrame) -> str:
    import pandas as pd

    # the style stands in each cell: JupyterLab drops style sheets from outputs
    cell = ' style="text-align:left;vertical-align:top;padding:.3em .7em .3em 0;line-height:1.3"'
    whole = table.reset_index() if table.index.name else table
    whole = whole.map(lambda value: value.replace("\n", _LINE) if isinstance(value, str) else value)
    with pd.option_context("display.max_colwidth", None):
        text = whole.to_html(border=0, index=False).replace(' style="text-align: right;"', "").replace(_LINE, "<br>")
    text = _LONG.sub(lambda name: re.sub(r"([:./])", r"\1<wbr>", name[0]), text)
    text = text.replace("-&gt;", '<span style="white-space:nowrap">-&gt;</span>')  # an arrow is not broken in two
    return text.replace("<td>", f"<td{cell}>").replace("<th>", f"<th{cell}>")
