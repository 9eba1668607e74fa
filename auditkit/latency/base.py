"""What a latency source is: a format with its unit, what its durations cover, and how it is read.

Samples are an Ibis table with the columns `SAMPLE_COLUMNS`; formats that hold only counts in intervals give `Buckets`.
"""

from __future__ import annotations

import bz2
import gzip
import lzma
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from auditkit.errors import InputError
from auditkit.latency.duck import Duck
from auditkit.model.latency import Loop, Side

SAMPLE_COLUMNS = ("caller", "callee", "operation", "start_s", "duration_s", "outcome")
"""Columns of samples: three names (operation may be null), epoch seconds (may be null), seconds, `ok | error | timeout`."""

HEAD_BYTES = 65_536
BOM = b"\xef\xbb\xbf"
"""What some programs begin UTF-8 text with."""
_MOST_TEXT = 2_000_000_000


def _zstd(path: Path, mode: str) -> Any:
    import pyarrow as pa

    path.stat()  # so that a missing file is reported as such
    return pa.CompressedInputStream(pa.OSFile(str(path), mode), "zstd")


_OPENERS: Mapping[str, Callable[..., Any]] = {".gz": gzip.open, ".bz2": bz2.open, ".xz": lzma.open, ".zst": _zstd}
_MAGIC: Mapping[bytes, str] = {
    b"\x1f\x8b": "is compressed: give it the suffix .gz",
    b"BZh": "is compressed: give it the suffix .bz2",
    b"\xfd7zXZ": "is compressed: give it the suffix .xz",
    b"\x28\xb5\x2f\xfd": "is compressed: give it the suffix .zst",
    b"PK\x03\x04": "is a ZIP archive: unpack it",
    b"\xff\xfe": "is UTF-16 text: save it as UTF-8",
    b"\xfe\xff": "is UTF-16 text: save it as UTF-8",
}


@dataclass(frozen=True, slots=True)
class File:
    """One file of an export, decompressed by its suffix (.gz, .bz2, .xz, .zst). `name` is what errors call it."""

    path: Path
    name: str
    found: bool = False
    """Whether it was found in a folder, and named by nobody: it may be no export at all."""

    def open(self) -> IO[bytes]:
        """The file's bytes, decompressed."""
        opener = _OPENERS.get(self.path.suffix.lower())
        return opener(self.path, "rb") if opener else self.path.open("rb")

    def head(self) -> bytes:
        """The first 64 KiB. Raises `InputError` where the file cannot be read, is empty, or is damaged."""
        try:
            with self.open() as stream:
                head = stream.read(HEAD_BYTES)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise InputError.of(self.name, f"cannot be read: {_reason(error)}", "give a readable file") from error
        if not head.strip():
            raise InputError.of(self.name, "is empty", "export it again")
        return head

    def text(self) -> str:
        """All of it as UTF-8 text. Raises `InputError` for binary data and for damaged compression."""
        try:
            with self.open() as stream:
                data = stream.read(_MOST_TEXT + 1)
        except (OSError, EOFError, lzma.LZMAError) as error:
            raise InputError.of(self.name, f"cannot be read: {_reason(error)}", "is the file cut off?") from error
        if len(data) > _MOST_TEXT:
            raise InputError.of(self.name, "is larger than 2 GB of text", "split it, or convert it to Parquet")
        try:
            return data.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            raise InputError.of(self.name, "is not UTF-8 text", "is it binary? name the format with --format") from error

    def lines(self) -> Iterator[tuple[int, str]]:
        """Numbered lines without their ends; blank ones are left out."""
        for number, line in enumerate(self.text().splitlines(), start=1):
            if line.strip():
                yield number, line


@dataclass(frozen=True, slots=True)
class Head:
    """What detection may look at: the file's name (without compression suffix), its first bytes, and these as text."""

    name: str
    raw: bytes
    text: str

    @property
    def first_line(self) -> str:
        """The first line that is not blank."""
        return next((line.strip() for line in self.text.splitlines() if line.strip()), "")


@dataclass(frozen=True, slots=True)
class Asked:
    """What the user told beside the files: unit, columns by role, format string of an access log, and where to work."""

    duck: Duck
    unit: str | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    log_format: str | None = None


@dataclass(frozen=True, slots=True)
class Samples:
    """Single calls as an Ibis table with `SAMPLE_COLUMNS`, living in the `Duck` that was asked, or in another engine."""

    table: Any
    notes: tuple[str, ...] = ()
    side: Side | None = None


@dataclass(frozen=True, slots=True)
class Buckets:
    """Counts in intervals, as an Arrow table: caller, callee, operation, start_s, outcome, lo_s, hi_s, n."""

    table: Any
    notes: tuple[str, ...] = ()
    loop: Loop | None = None
    """Where this file tells it, and not its format."""


@dataclass(frozen=True, slots=True)
class Percentiles:
    """Percentile columns without counts, one row a call: caller, callee, operation, p50_s, p99_s (null where not told).

    Each is the largest of its slices, because percentiles cannot be averaged; there is no bound for it.
    """

    table: Any
    notes: tuple[str, ...] = ()


Reading = Samples | Buckets | Percentiles


@dataclass(frozen=True, slots=True)
class Source:
    """One format of latency exports, with what a reader of its numbers has to know."""

    name: str
    title: str
    unit: str
    """In which unit durations stand in it, and who says so."""
    covers: str
    """What a duration covers: client or server side, connecting included or not."""
    errors: str
    """How errors and timeouts are told from successes."""
    detect: Callable[[Head], bool]
    read: Callable[[File, Asked], Reading]
    side: Side = "unknown"
    loop: Loop = "unknown"
    written_in: str | None = None
    """The one unit of its durations (ns us ms s), where the format knows only one; `--unit` may not contradict it."""

    @property
    def prose(self) -> str:
        """All of it in sentences, for notebooks and help."""
        loops = {
            "open": "Calls come at their own times (open loop).",
            "closed": "A fixed number of users wait for each answer (closed loop): fewer calls are made while it is slow.",
            "unknown": "",
        }
        return " ".join(part for part in (f"{self.title}.", self.unit, self.covers, self.errors, loops[self.loop]) if part)


def _reason(error: BaseException) -> str:
    return (error.strerror if isinstance(error, OSError) and error.strerror else str(error) or "it is cut off").lower()


def packed(raw: bytes) -> str | None:
    r"""What the first bytes say of the whole, where nobody can read it so: compressed, or in another encoding.

    >>> packed(b"PK\x03\x04..."), packed(b"caller,callee")
    ('is a ZIP archive: unpack it', None)
    """
    return next((words for magic, words in _MAGIC.items() if raw.startswith(magic)), None)


def name_of(path: Path) -> str:
    """A file's name without its compression suffix.

    >>> name_of(Path("logs/run.csv.gz"))
    'run.csv'
    """
    return path.stem if path.suffix.lower() in _OPENERS else path.name
