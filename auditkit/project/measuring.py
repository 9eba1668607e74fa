"""Latency exports -> `latency/profiles.parquet`, with copies of the exports beside it. Imported traces are exports as well."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

from auditkit.credentials import no_credentials_in_errors, without_quoted
from auditkit.errors import InputError
from auditkit.importers import gaps, redact, update_yaml
from auditkit.importers.gaps import MEASURED
from auditkit.latency import (
    Measured,
    Unmatched,
    connected,
    from_parquet,
    measure,
    measure_table,
    to_parquet,
)
from auditkit.latency import kept as kept_copy
from auditkit.model.audit import AuditFacts
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.system import System
from auditkit.planning import by_call
from auditkit.project import folder as held
from auditkit.project.files import digest_file, files_of, free_name, read_input, read_known
from auditkit.project.generated import write_generated
from auditkit.project.inputs import read
from auditkit.project.times import Times, marked, ranges

COPIED_UP_TO = 64 * 2**20
"""Larger exports, in bytes, stay where they are and are referred to by path and hash."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured: profiles by call name, names that match no component, and what is to be said about it."""

    profiles: dict[str, LatencyProfile]
    unmatched: tuple[Unmatched, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class How:
    """How to read an export where its content does not say: format, unit (ns us ms s), access log format, role -> column."""

    format: str | None = None
    unit: str | None = None
    log_format: str | None = None
    columns: tuple[tuple[str, str], ...] = ()


@dataclass(frozen=True, slots=True)
class Taken:
    """Exports taken into an audit but not written yet: what was measured, and the files that go with it."""

    measurement: Measurement
    generated: Mapping[str, bytes]
    own: Mapping[str, bytes]
    expected: Mapping[str, str | None]


def measure_into(paths: Sequence[Path], folder: Path, how: How | None = None, times: Times | None = None) -> Measurement:
    """Take latency exports into an audit and measure all of its exports anew; without `paths`, those that it holds.

    `times` that a person calls normal, or not, are kept in `audit.yaml` and hold for all of them. Copies are kept without
    credentials; exports that are larger, or that nobody can look into, are referred to.

    Raises `InputError` where a file cannot be read as a latency export; nothing is written then.
    """
    with no_credentials_in_errors():
        taken = take(paths, folder, how, times=times)
    write_generated(folder, taken.generated, ("latency",), taken.own, taken.expected)
    return taken.measurement


def take(
    paths: Sequence[Path],
    folder: Path,
    how: How | None = None,
    tables: Mapping[str, Measured] | None = None,
    times: Times | None = None,
) -> Taken:
    """Everything that `measure_into` does, except writing. `tables` are measured already, where they lie."""
    held.require(folder)
    how = how or How()
    records = {record.file: record for record in held.exports(folder).exports}
    contents: dict[str, bytes] = {}
    places: dict[str, Path] = {}
    for path in files_of(paths):
        inside = path.resolve().is_relative_to((folder / "latency").resolve())
        small = path.stat().st_size <= COPIED_UP_TO
        sha256 = digest_file(path)
        if inside or not small:
            name = f"latency/{path.name}" if inside else str(path.resolve())
        else:
            name = _copy_name(path.name, sha256, records)
            if name.startswith(held.IMPORTED):
                continue  # it was imported for the map, and its copy there is measured anyway
            copy = kept_copy(path, how.format, redact)
            if copy is None:
                name = str(path.resolve())
            else:
                contents[name] = copy
        places[name] = path
        records[name] = held.ExportRecord(
            file=name,
            sha256=sha256,
            format=how.format,
            unit=how.unit,
            log_format=how.log_format,
            columns=dict(how.columns),
        )
    kept = {path.name: path for path in sorted((folder / held.TABLES).glob("*.parquet"))}
    if not records and not kept and not tables:
        raise InputError.of(str(folder / "latency"), "holds no latency export", "run: auditkit latency FILE --into DIR")
    generated = {f"{held.TABLES}/{name}.parquet": to_parquet(part.profiles) for name, part in (tables or {}).items()}
    ordered = [records[name] for name in sorted(records)]
    former = [from_parquet(read_input(path)) for name, path in kept.items() if f"{held.TABLES}/{name}" not in generated]
    facts = marked(held.facts(folder), times or Times())
    measured = _measure_all(
        ordered, places, facts, folder, (*(tables or {}).values(), *(Measured(tuple(p.values())) for p in former))
    )
    text, known = read_known(folder / held.EXPORTS)
    listed = tuple(record for record in ordered if not record.file.startswith(held.IMPORTED))
    if listed or text is not None:
        contents[held.EXPORTS] = update_yaml(text, held.ExportIndex(exports=listed)).encode()
    generated[held.PROFILES] = to_parquet(measured.profiles.values())
    expected = {held.EXPORTS: known}
    if times:
        said, expected[held.FACTS] = read_known(folder / held.FACTS)
        contents[held.FACTS] = update_yaml(said, facts).encode()
    return Taken(measured, generated, contents, expected)


def _copy_name(name: str, sha256: str, records: Mapping[str, held.ExportRecord]) -> str:
    """Where a copy goes: two recordings of one name are two files, the same recording taken in again is one."""
    inside = ("latency/", held.IMPORTED)
    known = [record.file for record in records.values() if record.sha256 == sha256 and record.file.startswith(inside)]
    if known:
        return known[0]
    taken = {*records, held.EXPORTS, held.PROFILES, held.TABLES}
    return "latency/" + free_name(name, {path.removeprefix("latency/") for path in taken})


def _measure_all(
    records: Sequence[held.ExportRecord], places: Mapping[str, Path], facts: AuditFacts, folder: Path, others: Sequence[Measured]
) -> Measurement:
    components = [c.id for c in held.system(folder).components]

    def measured(paths: Sequence[Path], how: How) -> Measured:
        return measure(
            paths,
            format=how.format,
            unit=how.unit,
            log_format=how.log_format,
            columns=dict(how.columns),
            names=facts.names,
            components=components,
            incidents=ranges(facts.incidents),
            keep=ranges(facts.normal_times),
        )

    groups: dict[tuple[How, bool], list[Path]] = {}
    for record in records:
        how = How(record.format, record.unit, record.log_format, tuple(sorted(record.columns.items())))
        place = places.get(record.file, folder / record.file)
        groups.setdefault((how, record.file.startswith(held.IMPORTED)), []).append(place)
    parts = [
        _as_far_as_readable(paths, partial(measured, how=how)) if traces else measured(paths, how)
        for (how, traces), paths in groups.items()
    ]
    return _joined((*parts, *others))


def _as_far_as_readable(paths: Sequence[Path], measured: Callable[[Sequence[Path]], Measured]) -> Measured:
    """Traces that were given for the map: one that holds nothing to be measured is told of, and stops nobody."""
    try:
        return measured(paths)
    except InputError as error:
        if len(paths) == 1:
            return Measured((), tuple(f"{paths[0].name}: no latencies are taken from it, it {p.what}" for p in error.problems))
    alone = {path: _as_far_as_readable([path], measured) for path in paths}
    some = [path for path, found in alone.items() if found.profiles]
    notes = tuple(note for found in alone.values() if not found.profiles for note in found.warnings)
    together = measured(some) if some else Measured(())
    return replace(together, warnings=(*together.warnings, *notes))


def _joined(parts: Sequence[Measured]) -> Measurement:
    """Several measurements as one. Of a call in several of them the one with most samples counts, and that is said."""
    profiles: dict[str, LatencyProfile] = {}
    warnings: list[str] = []
    for part in parts:
        warnings.extend(map(without_quoted, part.warnings))
        for profile in part.profiles:
            other = profiles.get(profile.call)
            if other is None:
                profiles[profile.call] = profile
                continue
            smaller, larger = sorted((other, profile), key=lambda p: p.n)
            counts = f"the one with {larger.n} samples counts, not the one with {smaller.n}"
            warnings.append(f"{profile.call}: in exports of two kinds; {counts}")
            profiles[profile.call] = larger
    unmatched = dict.fromkeys(name for part in parts for name in part.unmatched)
    return Measurement(dict(sorted(profiles.items())), tuple(unmatched), tuple(dict.fromkeys(warnings)))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What `auditkit latency` tells: advice for each call, and notes on names and data for the person at the terminal."""

    advices: tuple[TimeoutAdvice, ...]
    notes: tuple[str, ...]


def timeouts(paths: Sequence[Path], into: Path | None = None, how: How | None = None, times: Times | None = None) -> Timeouts:
    """Timeouts from latency exports; with `into` they are kept in that audit and fit its deadlines and pools.

    `times` are those that a person calls normal, or not; with `into` they are kept in `audit.yaml`.
    """
    how, times = how or How(), times or Times()
    if into is not None:
        return _of_audit(into, measure_into(paths, into, how, times))
    with no_credentials_in_errors():
        part = measure(
            paths,
            format=how.format,
            unit=how.unit,
            log_format=how.log_format,
            columns=dict(how.columns),
            incidents=ranges(times.incidents),
            keep=ranges(times.normal),
        )
    return _alone(_joined([part]))


def timeouts_of_table(
    uri: str, table: str, into: Path | None = None, how: How | None = None, times: Times | None = None
) -> Timeouts:
    """The same for a table of a database or warehouse, reduced there; the audit keeps the profiles, not the connection."""
    how = how or How()
    facts = marked(AuditFacts() if into is None else held.facts(into), times or Times())
    with no_credentials_in_errors():  # a URI may hold a password
        part = measure_table(
            connected(uri, table),
            unit=how.unit,
            columns=dict(how.columns),
            names=facts.names,
            components=() if into is None else [c.id for c in held.system(into).components],
            incidents=ranges(facts.incidents),
            keep=ranges(facts.normal_times),
        )
    if into is None:
        return _alone(_joined([part]))
    taken = take((), into, how, {re.sub(r"[^A-Za-z0-9._-]+", "-", table): part}, times)
    write_generated(into, taken.generated, ("latency",), taken.own, taken.expected)
    return _of_audit(into, taken.measurement)


def _alone(measured: Measurement) -> Timeouts:
    return Timeouts(by_call(System(system="export"), measured.profiles), measured.warnings)


def _of_audit(folder: Path, measured: Measurement) -> Timeouts:
    known = read(folder)
    asked = [q.what for q in gaps(known.system, known.profiles) if q.id.startswith(MEASURED)]
    return Timeouts(known.advices, (*measured.warnings, *map(_unmatched, measured.unmatched), *asked))


def _unmatched(name: Unmatched) -> str:
    near = f"; write under `names:` in audit.yaml what it is, perhaps {name.suggestions[0]!r}" if name.suggestions else ""
    return f"{name.name!r} in {name.calls} calls is no component of this system; its latencies are kept{near}"
