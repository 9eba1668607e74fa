"""CSV of samples: one line a call."""

from __future__ import annotations

import csv
import lzma
from pathlib import Path

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.columns import roles_of, samples_of
from auditkit.latency.duck import quoted

_DELIMITERS = (",", ";", "\t", "|")


def header(line: str) -> tuple[str, list[str]]:
    """Delimiter and column names of a header line.

    >>> header("caller;callee;duration_ms")
    (';', ['caller', 'callee', 'duration_ms'])
    """
    delimiter = max(_DELIMITERS, key=line.count)
    return delimiter, [name.strip() for name in next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])]


def detect(head: Head) -> bool:
    """Whether the first line names a caller, a callee and a duration."""
    try:
        roles = roles_of(header(head.first_line)[1], {})
    except ValueError:
        return head.name.lower().endswith((".csv", ".tsv"))  # two durations: refused with a better message by `read`
    return {"caller", "callee", "duration"} <= set(roles)


def read(file: File, asked: Asked) -> Samples:
    """The file as text columns in DuckDB, mapped to samples and stored, because CSV is slow to read twice."""
    first = next((line for line in file.head().decode("utf-8", "replace").splitlines() if line.strip()), "")
    delimiter, names = header(first)
    if len(set(names)) < len(names):
        raise InputError.of(f"{file.name}:1", "names a column twice", "keep one of them")
    path = quoted([_plain(file, asked)])
    options = f"all_varchar=true, header=true, delim='{delimiter}', quote='\"', escape='\"', null_padding=false"
    table = asked.duck.view(f"read_csv({path}, {options})", file.name)
    mapped = samples_of(table, file.name, unit=asked.unit, columns=asked.columns)
    return Samples(asked.duck.keep(mapped, file.name))


def _plain(file: File, asked: Asked) -> Path:
    """The file itself, or unpacked where DuckDB does not know its compression. Raises `InputError` where that is damaged."""
    if file.path.suffix.lower() not in (".bz2", ".xz"):
        return file.path
    try:
        with file.open() as stream:
            return asked.duck.unpacked(stream)
    except (OSError, EOFError, lzma.LZMAError) as error:
        raise InputError.of(file.name, "is damaged, or cut off inside its compression", "copy it again") from error


SOURCE = Source(
    name="csv",
    title="CSV of samples: caller, callee, operation?, start, duration_<unit>, outcome?",
    unit="The unit is in the column's name (duration_ms) or is said with --unit; it is never guessed.",
    covers="What a duration covers is what the file's author measured; the caller's wait is what a timeout needs.",
    errors="The column outcome says ok, error or timeout; without it every line counts as ok.",
    detect=detect,
    read=read,
    side="unknown",
)
