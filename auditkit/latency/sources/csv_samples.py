"""CSV of samples: one line a call."""

from __future__ import annotations

import csv
import lzma
from collections.abc import Sequence
from pathlib import Path

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.columns import roles_of, samples_of, without_nan
from auditkit.latency.duck import quoted
from auditkit.latency.readable import readable

_DELIMITERS = (",", ";", "\t", "|")


def header(line: str) -> tuple[str, list[str]]:
    """Delimiter and column names of a header line.

    >>> header("caller;callee;duration_ms")
    (';', ['caller', 'callee', 'duration_ms'])
    """
    delimiter = max(_DELIMITERS, key=line.count)
    names = [name.strip() for name in next(csv.reader([line.lstrip("\ufeff")], delimiter=delimiter), [])]
    return delimiter, [name or f"column{place}" for place, name in enumerate(names, start=1)]


def detect(head: Head) -> bool:
    """Whether the first line names a caller, a callee and a duration."""
    try:
        roles = roles_of(header(head.first_line)[1], {})
    except ValueError:
        return head.name.lower().endswith((".csv", ".tsv"))  # two durations: refused with a better message by `read`
    return {"caller", "callee", "duration"} <= set(roles)


def read(file: File, asked: Asked) -> Samples:
    """The file as text columns in DuckDB, mapped to samples and stored, because CSV is slow to read twice."""
    head = file.head()
    if b"\0" in head:
        raise InputError.of(file.name, "is binary data", "name its format with --format, or export text")
    lines = head.decode("utf-8", "replace").splitlines()
    blank = next((number for number, line in enumerate(lines) if line.strip()), 0)
    delimiter, names = header(lines[blank])
    if len({name.lower() for name in names}) < len(names):
        raise InputError.of(f"{file.name}:{blank + 1}", "names a column twice", "keep one of them")
    table = asked.duck.view(f"read_csv({quoted([_plain(file, asked)])}, {_options(delimiter, names, blank)})", file.name)
    repeated = table[names[0]].strip() == names[0]  # a header in the midst, where files were put together
    rows = table.filter(~repeated.fill_null(False))
    mapped = samples_of(rows, file.name, unit=asked.unit, columns=asked.columns)
    kept = asked.duck.keep(without_nan(mapped), file.name)
    return Samples(kept, readable(asked, rows, kept, file.name))


def _options(delimiter: str, names: Sequence[str], blank: int) -> str:
    """How DuckDB is to read the file: nothing is guessed, because what it takes for no line of the table it leaves out."""
    columns = ", ".join(f"'{name.replace(chr(39), chr(39) * 2)}': 'VARCHAR'" for name in names)
    form = f"delim='{delimiter}', quote='\"', escape='\"', null_padding=false"
    return f"auto_detect=false, columns={{{columns}}}, header=true, skip={blank}, {form}"


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
