"""From exports to profiles: find the files, read them, reduce what they hold, describe each call."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditkit.errors import InputError, Problem
from auditkit.latency.base import Asked, File, Source
from auditkit.latency.columns import PER_SECOND
from auditkit.latency.counting import Counted, Part, count
from auditkit.latency.describe import describe, from_percentiles
from auditkit.latency.duck import duck
from auditkit.latency.files import files_of, source_of
from auditkit.latency.naming import Unmatched, unmatched
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


def measure(
    paths: Sequence[str | Path],
    *,
    format: str | None = None,
    unit: str | None = None,
    names: Mapping[str, str] | None = None,
    components: Collection[str] = (),
    columns: Mapping[str, str] | None = None,
    log_format: str | None = None,
) -> Measured:
    """Profiles of all calls in some latency exports.

    `paths`: files, folders or patterns. `format`: name of a source in `SOURCES`, where the content does not show it.
    `unit`: ns, us, ms or s, where the file does not tell. `names`: rules from the export's names to components (see
    `rename`). `components`: ids of the system, to match against. `columns`: role -> column for tables with other names.
    `log_format`: format string of an access log. Raises `InputError` with one line for each file that cannot be used.
    """
    if unit is not None and unit not in PER_SECOND:
        raise InputError.of("--unit", f"unknown unit {unit!r}", f"write one of {', '.join(PER_SECOND)}")
    sources = with_entry_points(SOURCES, "latency", Source)
    with duck() as database:
        asked = Asked(database, unit, columns or {}, log_format)
        parts = _read_all(files_of(paths), sources, format, asked)
        counted = count(database, parts, names or {}, components)
        profiles = describe(database, counted) + from_percentiles(counted)
    calls = [Call(profile.caller, profile.callee, profile.operation) for profile in profiles]
    notes = dict.fromkeys(f"{part.file.name}: {note}" for part in parts for note in part.reading.notes)
    return Measured(tuple(sorted(profiles, key=lambda p: p.call)), (*notes, *_about(counted)), unmatched(calls, components))


def _read_all(files: Sequence[File], sources: Mapping[str, Source], format: str | None, asked: Asked) -> tuple[Part, ...]:
    """Every file read, or the problems of all that cannot be."""
    parts, problems = [], list[Problem]()
    for file in files:
        try:
            source = source_of(file, sources, format)
            parts.append(Part(file, source, source.read(file, asked)))
        except InputError as error:
            problems.extend(error.problems[:1] if len(files) > 1 else error.problems)
    if problems:
        raise InputError(problems)
    return tuple(parts)


def _about(counted: Counted) -> tuple[str, ...]:
    """What holds for all calls together."""
    if counted.slice_s is None:
        return ("no start times: neither busy times nor incidents can be told apart, and rates are unknown",)
    return ()
