"""What an audit folder holds, and how each of its files is read. Reading never changes anything."""

from __future__ import annotations

import json
from collections.abc import Collection, Iterator
from functools import lru_cache
from pathlib import Path
from typing import TypeVar

from pydantic import Field, ValidationError

from auditkit.errors import InputError, Problem
from auditkit.importers import load_yaml, read_nouns, validate
from auditkit.latency import from_parquet
from auditkit.model.audit import AuditFacts, Decision, DecisionFile, Strategy, TrialFile
from auditkit.model.draft import Conflict
from auditkit.model.latency import Profiles
from auditkit.model.noun import Noun
from auditkit.model.runs import RunFile
from auditkit.model.system import System
from auditkit.project.files import current, digest, read_input, read_text
from auditkit.spans import SPAN_FORMATS

SYSTEM = "system.yaml"
FACTS = "audit.yaml"
DECISIONS = "decisions.yaml"
STRATEGY = "strategy.yaml"
SOURCES = "sources/index.yaml"
IMPORTED = "sources/"
"""Where an import is kept; traces there are latency exports as well."""
EXPORTS = "latency/index.yaml"
TABLES = "latency/tables"
PROFILES = "latency/profiles.parquet"
MANIFEST = "out/manifest.json"
TRIALS = "out/simulation.json"
RUNS = "out/runs.json"
TUNING = "out/tuning.json"
TEMPLATE = "template.docx"
"""A Word file of one's own, whose styles and page the document takes over."""

N = TypeVar("N", bound=Noun)


class SourceRecord(Noun):
    """One imported file: its kept (redacted) copy, its format, the hash of the original, what its format cannot say."""

    file: str
    format: str
    sha256: str
    cannot_say: tuple[str, ...] = ()

    @property
    def name(self) -> str:
        """How evidence names it: its path below `sources`."""
        return self.file.removeprefix("sources/")


class SourceIndex(Noun):
    """All imports of an audit, and where they disagreed."""

    sources: tuple[SourceRecord, ...] = ()
    conflicts: tuple[Conflict, ...] = ()


class ExportRecord(Noun):
    """One latency export: its copy in the audit folder, and how to read it."""

    file: str
    sha256: str
    format: str | None = None
    unit: str | None = None
    log_format: str | None = None
    columns: dict[str, str] = Field(default_factory=dict)


class ExportIndex(Noun):
    """All latency exports of an audit."""

    exports: tuple[ExportRecord, ...] = ()


class Manifest(Noun):
    """What was generated, from which inputs: digests of the files written, and of what each step has read."""

    written: dict[str, str] = Field(default_factory=dict)
    steps: dict[str, str] = Field(default_factory=dict)


def is_audit(folder: Path) -> bool:
    """Whether `folder` is an audit folder."""
    return (folder / SYSTEM).is_file()


def require(folder: Path) -> None:
    """Raises `InputError` where `folder` is no audit folder."""
    if not is_audit(folder):
        exists = folder.exists()
        raise InputError.of(
            str(folder),
            f"holds no {SYSTEM}" if exists else "does not exist",
            f"start with: auditkit new {folder}   or: auditkit import FILE --into {folder}",
        )


@lru_cache(maxsize=8)
def _system(text: str, name: str) -> System:
    return validate(load_yaml(text, name))


def system(folder: Path) -> System:
    """The audited system, through the gate."""
    require(folder)
    path = folder / SYSTEM
    return _system(read_text(path), str(path))


def _noun(folder: Path, relative: str, kind: type[N]) -> N:
    path = folder / relative
    return read_nouns(read_text(path), str(path), kind) if path.is_file() else kind()


def facts(folder: Path) -> AuditFacts:
    """`audit.yaml`, or its defaults."""
    return _noun(folder, FACTS, AuditFacts)


def decisions(folder: Path) -> tuple[Decision, ...]:
    """What people have decided so far."""
    return _noun(folder, DECISIONS, DecisionFile).decisions


def sources(folder: Path) -> SourceIndex:
    """What was imported."""
    return _noun(folder, SOURCES, SourceIndex)


def exports(folder: Path) -> ExportIndex:
    """Which latency exports there are: files put into `latency/` by hand count as well, and so do imported traces.

    Of traces the redacted copy in `sources/` is read: no second one is kept, and none outlives the import that it came with.
    """
    index = _noun(folder, EXPORTS, ExportIndex)
    known = {record.file for record in index.exports}
    loose = sorted(
        path.relative_to(folder).as_posix()
        for path in (folder / "latency").glob("*")
        if path.is_file() and not path.name.startswith(".") and path.suffix not in {".py", ".md", ".yaml"}
    )
    added = [
        ExportRecord(file=name, sha256=current(folder / name) or "") for name in loose if name not in known and name != PROFILES
    ]
    return ExportIndex(exports=(*index.exports, *added, *_traces(folder, {record.sha256 for record in index.exports})))


def _traces(folder: Path, known: Collection[str]) -> Iterator[ExportRecord]:
    """The imported traces, but for those that were given as a latency export too (`known` digests)."""
    for source in sources(folder).sources:
        if source.format in SPAN_FORMATS and source.sha256 not in known and (folder / source.file).is_file():
            yield ExportRecord(file=source.file, sha256=source.sha256, format=source.format)


def profiles(folder: Path) -> Profiles:
    """The latency profiles by call name; empty before anything was measured."""
    path = folder / PROFILES
    if not path.is_file():
        return Profiles()
    content = read_input(path)
    return _profiles(digest(content), content, str(path))


@lru_cache(maxsize=4)
def _profiles(sha256: str, content: bytes, name: str) -> Profiles:
    try:
        return from_parquet(content)
    except (ValueError, KeyError, OSError) as error:
        raise InputError.of(name, "is damaged", "delete it and run: auditkit run") from error


def template(folder: Path) -> bytes | None:
    """The user's own Word file; None where there is none."""
    path = folder / TEMPLATE
    return read_input(path) if path.is_file() else None


def strategy(folder: Path) -> Strategy | None:
    """The strategy as last planned; None before `auditkit plan`."""
    path = folder / STRATEGY
    return read_nouns(read_text(path), str(path), Strategy) if path.is_file() else None


def trials(folder: Path) -> TrialFile:
    """What was simulated so far, whatever it rests on."""
    path = folder / TRIALS
    if not path.is_file():
        return TrialFile()
    try:
        return TrialFile.model_validate_json(read_text(path))
    except (ValueError, ValidationError) as error:
        raise InputError([Problem(str(path), "is damaged", "delete it, and run: auditkit simulate")]) from error


def runs(folder: Path) -> RunFile:
    """The simulated runs that are kept second by second, whatever they rest on."""
    path = folder / RUNS
    if not path.is_file():
        return RunFile()
    try:
        return RunFile.model_validate_json(read_text(path))
    except (ValueError, ValidationError) as error:
        raise InputError([Problem(str(path), "is damaged", "delete it, and run: auditkit simulate")]) from error


def manifest(folder: Path) -> Manifest:
    """What was generated so far."""
    path = folder / MANIFEST
    if not path.is_file():
        return Manifest()
    try:
        return Manifest.model_validate(json.loads(read_text(path)))
    except (ValueError, ValidationError) as error:
        raise InputError([Problem(str(path), "is damaged", "delete it; everything in out/ can be made again")]) from error
