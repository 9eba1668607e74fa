"""From exports to profiles: find the files, read them, reduce what they hold, describe each call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from auditkit.errors import InputError, Problem
from auditkit.latency.base import Asked, File, Samples, Source
from auditkit.latency.columns import PER_SECOND, samples_of
from auditkit.latency.counting import Counted, Part, count
from auditkit.latency.describe import Described, describe, from_percentiles
from auditkit.latency.duck import duck
from auditkit.latency.files import exports_of, files_of, source_of
from auditkit.latency.naming import Unmatched, unmatched
from auditkit.latency.normal import LeftOut, TimeRange
from auditkit.latency.reduce import Call
from auditkit.latency.table import SOURCES
from auditkit.model.latency import LatencyProfile
from auditkit.registry import with_entry_points


@dataclass(frozen=True, slots=True)
class Measured:
    """What the exports say: a profile for each call, in order of their names, and what a reader has to know."""

    profiles: tuple[LatencyProfile, ...]
    warnings: tuple[str, ...] = ()
    unmatched: tuple[Unmatched, ...] = ()
    left_out: tuple[LeftOut, ...] = ()


def measure(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    components: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    log_format: str | None = None,
    incidents: Sequence[TimeRange] = (),
    keep: Sequence[TimeRange] = (),
    select_normal: bool = True,
) -> Measured:
    """Profiles of all calls in some latency exports.

    `paths`: files, folders or patterns. `format`: name of a source in `SOURCES`, where the content does not show it.
    `unit`: ns, us, ms or s, where the file does not tell. `names`: rules from the export's names to components (see
    `rename`). `components`: ids of the system, to match against. `columns`: role -> column for tables with other names.
    `log_format`: format string of an access log. `incidents`: times that are not normal; `keep`: times that are, whatever is
    found; `select_normal=False` leaves nothing out. Raises `InputError` with one line for each file that cannot be used.
    """
    if unit is not None and unit not in PER_SECOND:
        raise InputError.of("--unit", f"unknown unit {unit!r}", f"write one of {', '.join(PER_SECOND)}")
    sources = with_entry_points(SOURCES, "latency", Source)
    with duck() as database:
        asked = Asked(database, unit, columns or {}, log_format)
        files, others = exports_of(files_of(paths), sources) if format is None else (files_of(paths), ())
        parts = _read_all(files, sources, format, asked)
        counted = count(database, parts, names or {}, components)
        described = describe(database, counted, incidents, keep, select_normal=select_normal)
    notes = dict.fromkeys(f"{part.file.path.name}: {note}" for part in parts for note in part.reading.notes)
    measured = _measured(counted, described, (*others, *notes), components)
    if measured.profiles and all(p.rejected and not p.n + p.errors + p.timeouts for p in measured.profiles):
        where = ", ".join(dict.fromkeys(str(part.file.path) for part in parts))
        raise InputError.of(where, "holds no duration that can be used", "write finite durations of zero or more")
    return measured


def measure_table(
    table: Any,
    *,
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    components: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    incidents: Sequence[TimeRange] = (),
    keep: Sequence[TimeRange] = (),
    select_normal: bool = True,
) -> Measured:
    """Profiles of all calls in an Ibis table, reduced by the engine that holds it (Spark, BigQuery, ClickHouse, DuckDB …).

    Only the reduction's small result comes here; quantiles are within the relative error of a bucket, 0.5 %. Options as in
    `measure`. Raises `InputError` for missing columns or units.
    """
    samples = samples_of(table, "table", unit=unit, columns=columns)
    part = Part(File(Path("table"), "table"), TABLE, Samples(samples))
    counted = count(Remote(), (part,), names or {}, components)
    described = describe(None, counted, incidents, keep, select_normal=select_normal)
    return _measured(counted, described, (), components)


_FILES = ("duckdb", "sqlite")
"""Engines whose URI is the path of a file."""


def connected(uri: str, table: str) -> Any:
    """The Ibis table of that name behind a connection string (`duckdb://file.duckdb`, `bigquery://…`). Raises `InputError`."""
    import warnings

    import ibis
    from ibis.common.exceptions import TableNotFound

    scheme, _, rest = uri.partition("://")
    file = Path(rest.partition("?")[0])
    if scheme in _FILES and rest and not file.exists():  # connecting would make it
        raise InputError.of("--connect", f"there is no database {str(file)!r}", "check the path in the URI")
    try:
        with warnings.catch_warnings():  # Ibis calls what DuckDB has renamed
            warnings.simplefilter("ignore", DeprecationWarning)
            return ibis.connect(uri).table(table)
    except TableNotFound as error:
        raise InputError.of("--table", f"{uri} holds no table {table!r}", "check its name, and its schema") from error
    except _engine_errors() as error:
        reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
        raise InputError.of(
            "--connect", f"cannot open {table!r}: {reason[:150]}", "check the URI, the table's name and the driver"
        ) from error


def _read_all(files: Sequence[File], sources: Mapping[str, Source], format: str | None, asked: Asked) -> tuple[Part, ...]:
    """Every file read, or the problems of all that cannot be."""
    parts, problems = [], list[Problem]()
    for file in files:
        try:
            source = source_of(file, sources, format)
            if asked.unit is not None and source.written_in not in (None, asked.unit):
                what = f"is in {source.written_in}, as {source.name} always is, not {asked.unit}"
                raise InputError.of(file.name, what, "leave --unit away, or name another --format")
            parts.append(Part(file, source, source.read(file, asked)))
        except InputError as error:
            problems.extend(error.problems[:1] if len(files) > 1 else error.problems)
    if problems:
        raise InputError(problems)
    return tuple(parts)


def _measured(counted: Counted, described: Described, notes: tuple[str, ...], components: Collection[str]) -> Measured:
    profiles = sorted((*described.profiles, *from_percentiles(counted)), key=lambda profile: profile.call)
    calls = [Call(profile.caller, profile.callee, profile.operation) for profile in profiles]
    warnings = (*notes, *described.notes, *_left_out(described.left_out), *_about(counted))
    return Measured(tuple(profiles), warnings, unmatched(calls, components), described.left_out)


@dataclass(frozen=True, slots=True)
class Remote:
    """The engine that an Ibis expression belongs to."""

    def run(self, expression: Any, where: str) -> Any:
        """The result as an Arrow table. Raises `InputError` where the engine refuses."""
        try:
            return expression.to_pyarrow()
        except _engine_errors() as error:
            reason = (str(error).strip().splitlines() or [type(error).__name__])[0]
            raise InputError.of(where, f"cannot be queried: {reason[:150]}", "check the table's columns and types") from error


def _engine_errors() -> tuple[type[Exception], ...]:
    import duckdb
    from ibis.common.exceptions import IbisError, TableNotFound

    return duckdb.Error, IbisError, TableNotFound, ValueError, ImportError, OSError


TABLE = Source(
    name="table",
    title="A table in a database, through Ibis",
    unit="From the column's name (duration_ms), or --unit.",
    covers="What the table's author measured.",
    errors="The column outcome says ok, error or timeout; without it every row counts as ok.",
    detect=lambda head: False,
    read=lambda file, asked: Samples(None),
)


def _left_out(items: Sequence[LeftOut]) -> tuple[str, ...]:
    """One line for each kind of reason; the list itself is in `Measured.left_out`."""
    kinds: dict[str, list[LeftOut]] = {}
    for item in items:
        kind, _, rest = item.reason.partition(": ")
        kinds.setdefault(item.reason if kind == "incident" else kind or rest, []).append(item)
    lines = []
    for kind, found in kinds.items():
        slices = len({item.start_s for item in found})
        calls = len({item.call for item in found if item.call is not None})
        whose = "all calls" if any(item.call is None for item in found) else f"{calls} calls" if calls > 1 else str(found[0].call)
        lines.append(f"{slices} time slices are not normal for {whose} and are left out ({kind}); p99 with them stands beside")
    return tuple(lines)


def _about(counted: Counted) -> tuple[str, ...]:
    """What holds for all calls together."""
    if counted.slice_s is None:
        return ("no start times: neither busy times nor incidents can be told apart, and rates are unknown",)
    return ()
