"""From any table with a column for each role to samples: names are mapped, units are told or refused, never guessed."""

from __future__ import annotations

import difflib
import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditkit.errors import InputError, Problem

PER_SECOND: Mapping[str, float] = {"ns": 1e9, "us": 1e6, "ms": 1e3, "s": 1.0}
"""How many of a unit are a second."""

ROLES = ("caller", "callee", "operation", "start", "duration", "outcome")
_WITH_UNIT = re.compile(r"(?P<role>duration|start)_(?P<unit>ns|us|ms|s)", re.IGNORECASE)
_LATEST_S = 4.1e9  # the year 2100 in epoch seconds: a larger figure is milliseconds or finer
_EARLIEST_S = 6.3e8  # the year 1990
_LONGEST_RUN_S = 2e6  # 23 days: times that count from the start of a run
_LONGEST_SPAN_S = 6.3e8  # 20 years


def roles_of(names: Sequence[str], asked: Mapping[str, str]) -> dict[str, str]:
    """Which column plays which role, by its own name or as asked.

    >>> roles_of(["caller", "callee", "start", "duration_ms"], {})
    {'caller': 'caller', 'callee': 'callee', 'start': 'start', 'duration': 'duration_ms'}
    >>> roles_of(["src", "callee", "ms"], {"caller": "src", "duration": "ms"})
    {'caller': 'src', 'callee': 'callee', 'duration': 'ms'}
    """
    found: dict[str, list[str]] = {role: [] for role in ROLES}
    for name in names:
        lowered = name.strip().lower()
        match = _WITH_UNIT.fullmatch(lowered)
        role = match["role"] if match else lowered
        if role in found:
            found[role].append(name)
    twice = [role for role, columns in found.items() if len(columns) > 1 and role not in asked]
    if twice:
        raise ValueError("; ".join(f"{' and '.join(found[role])} both look like the {role}" for role in twice))
    return {role: asked.get(role) or columns[0] for role, columns in found.items() if role in asked or columns}


def unit_of(column: str, asked: str | None) -> str | None:
    """The unit that a column's name tells, else the one asked for; None where nobody says.

    >>> unit_of("duration_ms", None), unit_of("elapsed", "us"), unit_of("duration", None)
    ('ms', 'us', None)
    """
    match = re.search(r"_(ns|us|ms|s)$", column.strip().lower())
    return match[1] if match else asked


def samples_of(table: Any, where: str, *, unit: str | None = None, columns: Mapping[str, str] | None = None) -> Any:
    """An Ibis table as samples with `SAMPLE_COLUMNS`. Text columns are read as numbers or ISO 8601 times (UTC without a zone).

    Raises `InputError` with all problems: a missing column, a unit that nobody tells, two columns for one role.
    """
    import ibis

    try:
        roles = roles_of(table.columns, columns or {})
    except ValueError as error:
        raise InputError.of(where, str(error), "keep one, or map the role: --column duration=<column>") from error
    problems = [
        Problem(where, f"no column {column!r} for the {role}", f"the columns are {', '.join(table.columns)}")
        for role, column in roles.items()
        if column not in table.columns
    ]
    missing = [role for role in ("caller", "callee", "duration") if role not in roles]
    if len(missing) == 3 and not columns:
        what = f"is no table of samples: its columns are {', '.join(map(str, table.columns))[:120]}"
        raise InputError.of(where, what, "name them caller, callee and duration_ms, or map each: --column caller=<column>")
    for role in ("caller", "callee", "duration"):
        if role not in roles:
            near = difflib.get_close_matches(role, [str(name).lower() for name in table.columns], n=1)
            hint = f"is it {near[0]!r}? " if near else ""
            wanted = "duration_ms" if role == "duration" else role
            problems.append(
                Problem(where, f"no column for the {role}", f"{hint}name it {wanted}, or map it: --column {role}=<column>")
            )
    if unit is not None and unit not in PER_SECOND:
        problems.append(Problem(where, f"unknown unit {unit!r}", f"write one of {', '.join(PER_SECOND)}"))
    if not problems and unit_of(roles["duration"], unit) is None:
        problems.append(
            Problem(where, f"the column {roles['duration']!r} does not tell its unit", "name it duration_ms, or say --unit ms")
        )
    if problems:
        raise InputError(problems)
    name = unit_of(roles["duration"], unit)
    assert name is not None  # refused above
    if unit is not None and unit != name:
        raise InputError.of(where, f"the column {roles['duration']!r} is in {name}, not {unit}", "leave --unit away")
    text = ibis.null().cast("string")
    return table.select(
        caller=_text(table, roles["caller"]),
        callee=_text(table, roles["callee"]),
        operation=_text(table, roles["operation"]).nullif("") if "operation" in roles else text,
        start_s=seconds_of(table, roles["start"]) if "start" in roles else ibis.null().cast("float64"),
        duration_s=_number(table[roles["duration"]]) / PER_SECOND[name],
        outcome=_text(table, roles["outcome"]).lower() if "outcome" in roles else ibis.literal("ok"),
    )


def without_nan(samples: Any) -> Any:
    """Samples in which a time that is no number is missing, as NaN in a file of pandas; endless ones too.

    Asked by arithmetic: DuckDB answers `isnan` and comparisons from the statistics of a Parquet file, which know no NaN.
    """
    import ibis

    none = ibis.null().cast("float64")
    values = {name: samples[name] for name in ("start_s", "duration_s")}
    return samples.mutate(**{name: ibis.ifelse(value - value == 0, value, none) for name, value in values.items()})


def _text(table: Any, column: str) -> Any:
    return table[column].cast("string").strip()


def _number(column: Any) -> Any:
    return column.try_cast("float64") if column.type().is_string() else column.cast("float64")


def seconds_of(table: Any, column: str) -> Any:
    """A column of times as epoch seconds: timestamps, numbers in the unit of the column's name, or ISO 8601."""
    import ibis

    value, kind = table[column], table[column].type()
    if kind.is_timestamp():
        return value.cast("timestamp").epoch_seconds().cast("float64")
    number = _number(value) / PER_SECOND[unit_of(column, None) or "s"]
    if not kind.is_string():
        return number
    return ibis.coalesce(number, value.try_cast("timestamp('UTC')").epoch_seconds().cast("float64"))


def wrong_times(earliest_s: float | None, latest_s: float | None) -> str | None:
    """Why start times in "seconds" cannot be right, in words; None where they can. Run times from 0 on are fine.

    >>> wrong_times(0.5, 3600.0), wrong_times(1.7e9, 1.7e9), wrong_times(1.7e8, 1.7e8)
    (None, None, 'has start times before the year 1990')
    """
    if earliest_s is None or latest_s is None:
        return None
    if latest_s > _LATEST_S:
        return "has start times after the year 2100"
    if _LONGEST_RUN_S < latest_s < _EARLIEST_S:
        return "has start times before the year 1990"
    if latest_s - earliest_s > _LONGEST_SPAN_S:
        return "has start times many years apart, as if in two units"
    return None
