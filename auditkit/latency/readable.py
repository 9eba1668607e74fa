"""Whether a table of samples was understood: durations that are no numbers, times that are none, ends that contradict both.

A few bad rows are counted and left out; a column that is mostly unreadable, or that its own table contradicts, is a
misunderstanding (a decimal comma, a unit in the cells, milliseconds called seconds), from which no figure may come.
"""

from __future__ import annotations

import math
import re
from typing import Any

from auditkit.errors import InputError
from auditkit.latency.base import Asked
from auditkit.latency.columns import PER_SECOND, roles_of, seconds_of, unit_of
from auditkit.units import say_duration

_MOST_BAD = 0.1
"""Share of durations that may be no numbers before the column as a whole is not understood."""
_FEW_BAD = 5
_END = re.compile(r"end(_time)?(_(ns|us|ms|s))?", re.IGNORECASE)
_APART = 3.0
"""Mean durations further apart than this factor are in two units, or of two things."""


def readable(asked: Asked, table: Any, kept: Any, where: str) -> tuple[str, ...]:
    """Notes about a text table that was kept as samples. Raises `InputError` where it was not understood."""
    bad = kept.duration_s.isnull()
    counts = kept.agg(n=kept.count(), bad=bad.sum(), undated=kept.start_s.isnull().sum())
    (row,) = asked.duck.run(counts, where).to_pylist()
    roles = roles_of(table.columns, asked.columns)
    if row["bad"] and row["bad"] > max(_FEW_BAD, _MOST_BAD * row["n"]):
        shown = _example(asked, table, roles["duration"], table[roles["duration"]].try_cast("float64").isnull(), where)
        what = f"holds {row['bad']} durations of {row['n']} that are no numbers{shown}"
        raise InputError.of(where, what, "write plain numbers in the unit of the column, with a decimal point")
    agree(asked, table, where)
    if "start" not in roles or not row["undated"]:
        return ()
    shown = _example(asked, table, roles["start"], seconds_of(table, roles["start"]).isnull(), where)
    return (f"{row['undated']} start times are not readable{shown}: write ISO 8601 or epoch seconds",)


def agree(asked: Asked, table: Any, where: str) -> None:
    """Refuses a table whose start and end say something else than its durations. Without an end there is nothing to say."""
    roles = roles_of(table.columns, asked.columns)
    end = next((name for name in table.columns if _END.fullmatch(name.strip())), None)
    unit = unit_of(roles["duration"], asked.unit)
    if end is None or "start" not in roles or unit is None:
        return
    text = table[roles["duration"]]
    told = (text.try_cast("float64") if text.type().is_string() else text.cast("float64")) / PER_SECOND[unit]
    spans = table.select(told=told, start=seconds_of(table, roles["start"]), end=seconds_of(table, end))
    spans = spans.filter(spans.told >= 0, spans.end.notnull(), spans.start.notnull())
    took = spans.end - spans.start
    means = spans.agg(n=spans.count(), told=spans.told.mean(), took=took.mean(), whole=(spans.start == spans.start.floor()).all())
    (row,) = asked.duck.run(means, where).to_pylist()
    if not row["n"]:
        return
    step = 1.0 if row["whole"] else 0.001  # what rounding alone may put between them
    slack = 3 * step / math.sqrt(row["n"])
    least, most = sorted((abs(row["told"]), abs(row["took"])))
    if most - least > slack and most > _APART * least:
        what = f"{roles['duration']} is {say_duration(row['told'])} on average, but {end} comes {_said(row['took'])} the start"
        raise InputError.of(where, what, "is a unit wrong? name each column's own: start_ms, end_ms, duration_s")


def _said(seconds: float) -> str:
    return f"{say_duration(abs(seconds))} {'after' if seconds >= 0 else 'before'}"


def _example(asked: Asked, table: Any, column: str, wrong: Any, where: str) -> str:
    """One cell that is not understood, in words; nothing where all of them are empty."""
    cells = table.filter(wrong & table[column].notnull() & (table[column].strip() != "")).select(cell=table[column]).limit(1)
    found = asked.duck.run(cells, where)["cell"].to_pylist()
    return f", such as {found[0][:40]!r}" if found else ""
