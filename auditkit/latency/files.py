"""From what a user names (files, folders, patterns) to the files of an export, each with its source."""

from __future__ import annotations

import glob
from collections.abc import Iterable, Mapping
from pathlib import Path

from auditkit.errors import InputError, Problem
from auditkit.latency.base import File, Head, Source, name_of, packed
from auditkit.latency.table import detect_source


def files_of(paths: Iterable[str | Path]) -> tuple[File, ...]:
    """All files that are named, in order of their names; a folder means all files in it. Raises `InputError`."""
    found: dict[Path, Path] = {}
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
            problems.append(Problem(str(given), "there is no such file", "write the path of a latency export"))
        for file in inside:  # the same file by another way is the same calls
            found.setdefault(file.resolve(), file)
    if problems:
        raise InputError(problems)
    if not found:
        raise InputError.of("latency", "no file is named", "write the path of a latency export")
    return tuple(File(path, str(path)) for path in found.values())


def source_of(file: File, sources: Mapping[str, Source], format: str | None) -> Source:
    """Who reads a file: the format asked for, else the one that its content shows. Raises `InputError`."""
    known = ", ".join(sorted(sources))
    if format is not None:
        if format not in sources:
            raise InputError.of(file.name, f"unknown format {format!r}", f"known are {known}")
        file.head()
        return sources[format]
    raw = file.head()
    head = Head(name_of(file.path), raw, "" if b"\0" in raw else raw.decode("utf-8-sig", "replace"))
    source = detect_source(head, sources)
    if source is None and (words := packed(raw)) is not None:
        what, _, remedy = words.partition(": ")
        raise InputError.of(file.name, what, remedy)
    if source is None:
        kind = "binary data" if b"\0" in raw or raw.count(b"\xff") > 8 else "text"
        raise InputError.of(file.name, f"is {kind} of no format that is known", f"name it with --format; known are {known}")
    return source
