"""Latency exports -> `latency/profiles.parquet`, with copies of the exports beside it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from auditkit.errors import InputError
from auditkit.importers import update_yaml
from auditkit.latency import Measured, Unmatched, measure, to_parquet
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.system import System
from auditkit.planning import by_call
from auditkit.project import folder as held
from auditkit.project.files import digest_file, read_input, read_known
from auditkit.project.generated import write_generated
from auditkit.project.inputs import read

COPIED_UP_TO = 64 * 2**20
"""Larger exports, in bytes, stay where they are and are referred to by path and hash."""


@dataclass(frozen=True, slots=True)
class Measurement:
    """What was measured: profiles by call name, names that match no component, and what is to be said about it."""

    profiles: dict[str, LatencyProfile]
    unmatched: tuple[Unmatched, ...]
    warnings: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Taken:
    """Exports taken into an audit but not written yet: what was measured, and the files that go with it."""

    measurement: Measurement
    generated: Mapping[str, bytes]
    own: Mapping[str, bytes]
    expected: Mapping[str, str | None]


def measure_into(paths: Sequence[Path], folder: Path, format: str | None = None, unit: str | None = None) -> Measurement:
    """Take latency exports into an audit and measure all of its exports anew; without `paths`, those that it holds.

    Raises `InputError` where a file cannot be read as a latency export; nothing is written then.
    """
    taken = take(paths, folder, format, unit)
    write_generated(folder, taken.generated, ("latency",), taken.own, taken.expected)
    return taken.measurement


def take(paths: Sequence[Path], folder: Path, format: str | None = None, unit: str | None = None) -> Taken:
    """Everything that `measure_into` does, except writing."""
    held.require(folder)
    records = {record.file: record for record in held.exports(folder).exports}
    contents: dict[str, bytes] = {}
    places: dict[str, Path] = {}
    for path in paths:
        if not path.is_file():
            raise InputError.of(str(path), "does not exist" if not path.exists() else "is a folder", "name a file")
        inside = path.resolve().is_relative_to((folder / "latency").resolve())
        small = path.stat().st_size <= COPIED_UP_TO
        name = f"latency/{path.name}" if inside or small else str(path.resolve())
        if small and not inside:
            contents[name] = read_input(path)
        places[name] = path
        records[name] = held.ExportRecord(file=name, sha256=digest_file(path), format=format, unit=unit)
    if not records:
        raise InputError.of(str(folder / "latency"), "holds no latency export", "run: auditkit latency FILE --into DIR")
    ordered = [records[name] for name in sorted(records)]
    measured = _measure_all(ordered, places, folder)
    text, known = read_known(folder / held.EXPORTS)
    contents[held.EXPORTS] = update_yaml(text, held.ExportIndex(exports=tuple(ordered))).encode()
    parquet = to_parquet(measured.profiles.values())
    return Taken(measured, {held.PROFILES: parquet}, contents, {held.EXPORTS: known})


def _measure_all(records: Sequence[held.ExportRecord], places: dict[str, Path], folder: Path) -> Measurement:
    facts, components = held.facts(folder), [c.id for c in held.system(folder).components]
    groups: dict[tuple[str | None, str | None], list[Path]] = {}
    for record in records:
        groups.setdefault((record.format, record.unit), []).append(places.get(record.file, folder / record.file))
    profiles: dict[str, LatencyProfile] = {}
    warnings: list[str] = []
    unmatched: list[Unmatched] = []
    for (kind, unit), paths in groups.items():
        part: Measured = measure(paths, format=kind, unit=unit, names=facts.names, components=components)
        warnings.extend(part.warnings)
        unmatched.extend(part.unmatched)
        for profile in part.profiles:
            other = profiles.get(profile.call)
            if other is not None:
                smaller, larger = sorted((other, profile), key=lambda p: p.n)
                counts = f"the one with {larger.n} samples counts, not the one with {smaller.n}"
                warnings.append(f"{profile.call}: in exports of two kinds; {counts}")
                profile = larger
            profiles[profile.call] = profile
    return Measurement(dict(sorted(profiles.items())), tuple(dict.fromkeys(unmatched)), tuple(dict.fromkeys(warnings)))


@dataclass(frozen=True, slots=True)
class Timeouts:
    """What `auditkit latency` tells: advice for each call, and notes on names and data for the person at the terminal."""

    advices: tuple[TimeoutAdvice, ...]
    notes: tuple[str, ...]


def timeouts(paths: Sequence[Path], into: Path | None = None, format: str | None = None, unit: str | None = None) -> Timeouts:
    """Timeouts from latency exports; with `into` they are kept in that audit and fit its deadlines and pools."""
    if into is not None:
        measured = measure_into(paths, into, format, unit)
        advices = read(into).advices
    else:
        part = measure(paths, format=format, unit=unit)
        measured = Measurement({profile.call: profile for profile in part.profiles}, part.unmatched, part.warnings)
        advices = by_call(System(system="export"), measured.profiles)
    notes = [*measured.warnings, *(_unmatched(name) for name in measured.unmatched)] if into else list(measured.warnings)
    return Timeouts(advices, tuple(notes))


def _unmatched(name: Unmatched) -> str:
    near = f"; write under `names:` in audit.yaml what it is, perhaps {name.suggestions[0]!r}" if name.suggestions else ""
    return f"{name.name!r} in {name.calls} calls is no component of this system; its latencies are kept{near}"
