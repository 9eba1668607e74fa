"""From what a user names (files, folders, patterns) to the files of an export, each with its source."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path

from auditkit.errors import InputError, Problem
from auditkit.latency.base import File, Head, Source, name_of, packed
from auditkit.latency.table import detect_source


def files_of(paths: Iterable[str | Path]) -> tuple[File, ...]:
    """All files that are named, in order of their names; a folder means all files in it. Raises `InputError`."""
    found: dict[Path, File] = {}
    problems = []
    for given in paths:
        path = Path(given)
        if path.is_dir():
            inside = sorted(p for p in path.rglob("*") if p.is_file() and not p.name.startswith("."))
        elif path.exists():
            inside = [path]
        else:
            inside = [Path(name) for name in sorted(glob.glob(str(given), recursive=True)) if Path(name).is_file()]
        if not inside:
            what = "holds no file" if path.is_dir() else "there is no such file"
            problems.append(Problem(str(given), what, "write the path of a latency export"))
        for file in inside:  # the same file by another way is the same calls
            found.setdefault(file.resolve(), File(file, str(file), path.is_dir()))
    if problems:
        raise InputError(problems)
    if not found:
        raise InputError.of("latency", "no file is named", "write the path of a latency export")
    return tuple(found.values())


def exports_of(files: Sequence[File], sources: Mapping[str, Source]) -> tuple[tuple[File, ...], tuple[str, ...]]:
    """The files that are read: those that were named, and of a folder those whose format is known. The others are said.

    Raises `InputError` where a folder holds nothing that is known.
    """
    others = [file for file in files if file.found and detect_source(_head(file), sources) is None]
    if not others:
        return tuple(files), ()
    names = ", ".join(file.path.name for file in others[:3]) + (f" and {len(others) - 3} more" if len(others) > 3 else "")
    where = str(others[0].path.parent)
    if len(others) == len(files):
        known = ", ".join(sorted(sources))
        raise InputError.of(where, f"holds no export that is known, only {names}", f"name a file and its --format: {known}")
    note = f"{where}: {names} {'is' if len(others) == 1 else 'are'} of no format that is known, and left out"
    return tuple(file for file in files if file not in others), (note,)


def _head(file: File) -> Head:
    raw = file.head()
    return Head(name_of(file.path), raw, "" if b"\0" in raw else raw.decode("utf-8-sig", "replace"))


def source_of(file: File, sources: Mapping[str, Source], format: str | None) -> Source:
    """Who reads a file: the format asked for, else the one that its content shows. Raises `InputError`."""
    known = ", ".join(sorted(sources))
    if format is not None:
        if format not in sources:
            raise InputError.of(file.name, f"unknown format {format!r}", f"known are {known}")
        file.head()
        return sources[format]
    head = _head(file)
    raw, source = head.raw, detect_source(head, sources)
    if source is None and (words := packed(raw)) is not None:
        what, _, remedy = words.partition(": ")
        raise InputError.of(file.name, what, remedy)
    if source is None:
        kind = "binary data" if b"\0" in raw or raw.count(b"\xff") > 8 else "text"
        raise InputError.of(file.name, f"is {kind} of no format that is known", f"name it with --format; known are {known}")
    return source
