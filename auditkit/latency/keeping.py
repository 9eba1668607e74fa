"""What an audit keeps of a latency export: the same calls under the same names, without credentials.

Exports hold the URLs that were asked, and these hold tokens. Nothing of a query is ever read from a URL, so none of its values
is kept; what a response said (bodies, headers, cookies) neither. A file in which nothing of the kind stands is kept as it is.
"""

from __future__ import annotations

import bz2
import csv
import gzip
import io
import lzma
import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path
from typing import IO, Any, Final

from auditkit.credentials import MARK, names_credential, without_queries, without_queries_in_name
from auditkit.errors import InputError
from auditkit.latency.base import File, Source, name_of
from auditkit.latency.files import source_of
from auditkit.latency.sources.csv_samples import header
from auditkit.latency.sources.parquet_samples import SOURCE as PARQUET_SOURCE
from auditkit.latency.table import SOURCES
from auditkit.registry import with_entry_points

_LOGS: Final = frozenset({"access-log", "alb", "ztunnel"})
"""Formats in which every `?` begins the query of a URL, with a scheme or without."""
_ANSWERS: Final = {
    "vegeta": (re.compile(r'"(body|headers)"\s*:\s*(?:"(?:[^"\\]|\\.)*"|\{[^{}]*\})'), r'"\1":null'),
    "jmeter": (
        re.compile(r"(<(responseData|responseHeader|requestHeader|cookies|queryString)\b[^>/]*>)[^<]+"),
        rf"\g<1>{MARK}",
    ),
}
"""What was sent and answered, by format: no reader looks at it."""
_VEGETA_CSV: Final = (6, 11)
"""Columns of body and headers, which are Base64, in Vegeta's CSV, which has no header."""
_BLOCK: Final = 500_000
_TABLES: Final = frozenset({"csv", "span-csv", "k6", "jmeter", "locust", "percentile-csv"})
_JSON_TRACES: Final = frozenset({"jaeger", "otlp", "zipkin"})


def kept(path: Path, format: str | None, redact: Callable[[str, str], str]) -> bytes | None:
    """The bytes to keep of an export: those of the file, where no credential stands in it. None where nobody can look into it.

    `format` as in `measure`. `redact` takes the credentials out of a document by its structure; it is asked for the spans of
    traces. Lines are read one by one, compressed files stay compressed. Raises `InputError` where the file cannot be read.
    """
    file = File(path, str(path))
    source = source_of(file, with_entry_points(SOURCES, "latency", Source), format).name
    try:
        if source == PARQUET_SOURCE.name:
            new = _parquet(path)
        elif b"\0" in file.head():
            return None
        else:
            new = _lines(file, source, redact)
        return path.read_bytes() if new is None else new
    except (OSError, EOFError, ValueError, lzma.LZMAError) as error:
        raise InputError.of(str(path), f"cannot be read: {error}", "is the file cut off?") from error


def _lines(file: File, source: str, redact: Callable[[str, str], str]) -> bytes | None:
    """The lines to keep, packed as the file is; None where all of them are as they were."""
    path, packed = file.path, io.BytesIO()
    changed = False
    with file.open() as stream, _compressed(path, packed) as out:
        lines: Iterable[bytes] = stream
        if source in _JSON_TRACES:
            whole = _decoded(stream.read())
            clean = redact(whole, name_of(path))
            lines, changed = [clean.encode("utf-8", "surrogateescape")], clean != whole
        for line, new in _cleaned(lines, source):
            changed = changed or new != line
            out.write(new.encode("utf-8", "surrogateescape"))
    return packed.getvalue() if changed else None


def _decoded(raw: bytes) -> str:
    return raw.decode("utf-8", "surrogateescape")


def _cleaned(lines: Iterable[bytes], source: str) -> Iterator[tuple[str, str]]:
    """Blocks of lines as they are and as they are kept; many lines at once, because most hold nothing of the kind."""
    block: list[str] = []
    without: list[str] = []
    size = 0
    for line, new in _without_answers(map(_decoded, lines), source):
        block.append(line)
        without.append(new)
        size += len(line)
        if size > _BLOCK:
            yield "".join(block), without_queries("".join(without), everywhere=source in _LOGS)
            block, without, size = [], [], 0
    yield "".join(block), without_queries("".join(without), everywhere=source in _LOGS)


def _without_answers(lines: Iterable[str], source: str) -> Iterator[tuple[str, str]]:
    """Each line, and what is left of it without bodies, headers, and columns that are called like a credential."""
    answers = _ANSWERS.get(source)
    secret: Sequence[int] = ()
    delimiter, first = ",", True
    for line in lines:
        has_header = source in _TABLES and not line.lstrip("\ufeff ").startswith(("{", "<"))
        if first and source == "vegeta" and not line.lstrip("\ufeff ").startswith("{"):
            secret = _VEGETA_CSV
        elif first and has_header:
            delimiter, names = header(line)
            secret = [at for at, name in enumerate(names) if names_credential(name)]
        new = answers[0].sub(answers[1], line) if answers else line
        yield line, _blanked(new, delimiter, secret) if secret and not (first and has_header) else new
        first = False


def _blanked(line: str, delimiter: str, columns: Sequence[int]) -> str:
    """A line of a table without what stands in some columns."""
    fields = next(csv.reader([line], delimiter=delimiter), [])
    end = line[len(line.rstrip("\r\n")) :]
    told = io.StringIO()
    emptied = ["" if at in columns else field.rstrip("\r\n") for at, field in enumerate(fields)]
    csv.writer(told, delimiter=delimiter, lineterminator=end).writerow(emptied)
    return told.getvalue() if any(fields[at : at + 1] not in ([], [""]) for at in columns) else line


def _compressed(path: Path, into: IO[bytes]) -> Any:
    """A stream that packs as the file's suffix says."""
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return gzip.GzipFile(filename="", mode="wb", fileobj=into, mtime=0, compresslevel=6)
    if suffix == ".bz2":
        return bz2.BZ2File(into, "wb")
    if suffix == ".xz":
        return lzma.LZMAFile(into, "wb")
    if suffix == ".zst":
        import pyarrow as pa

        return pa.CompressedOutputStream(pa.PythonFile(_Open(into), mode="w"), "zstd")
    return _Open(into)


class _Open(io.RawIOBase):
    """A stream that stays open when those that write to it are closed."""

    def __init__(self, below: IO[bytes]) -> None:
        self.below = below

    def writable(self) -> bool:
        return True

    def write(self, data: Any) -> int:
        return self.below.write(data)


def _parquet(path: Path) -> bytes | None:
    """Texts are cleaned by their distinct values; columns with parts of their own (headers, tags) are read by nobody and go."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    out = io.BytesIO()
    with pq.ParquetFile(path) as file:
        schema = file.schema_arrow
        flat = [field.name for field in schema if not pa.types.is_nested(field.type) and not pa.types.is_binary(field.type)]
        changed = len(flat) < len(schema)
        kinds = {name: pa.string() for name in flat if _is_decoded(schema.field(name).type)}
        made = pa.schema([pa.field(name, kinds.get(name, schema.field(name).type)) for name in flat])
        with pq.ParquetWriter(out, made, compression="zstd") as writer:
            for batch in file.iter_batches(columns=flat):
                columns = []
                for name in flat:
                    column = batch.column(name)
                    if name in kinds:
                        column, other = _texts(column, names_credential(name))
                        changed = changed or other
                    columns.append(column)
                writer.write_batch(pa.record_batch(columns, schema=made))
    return out.getvalue() if changed else None


def _is_decoded(kind: Any) -> bool:
    import pyarrow as pa

    value = kind.value_type if pa.types.is_dictionary(kind) else kind
    return bool(pa.types.is_string(value) or pa.types.is_large_string(value))


def _texts(column: Any, whole: bool) -> tuple[Any, bool]:
    """A column of texts, cleaned, and whether that changed anything."""
    import pyarrow as pa

    coded = column.cast(pa.string()).dictionary_encode()
    words = coded.dictionary.to_pylist()
    new = [None if word is None else MARK if whole and word else without_queries_in_name(word) for word in words]
    return pa.array(new, pa.string()).take(coded.indices), new != words
