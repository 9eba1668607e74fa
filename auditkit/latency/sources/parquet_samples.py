"""Parquet of samples: one row a call, read in place and out of core."""

from __future__ import annotations

from auditkit.latency.base import Asked, File, Head, Samples, Source
from auditkit.latency.columns import samples_of, without_nan
from auditkit.latency.duck import quoted
from auditkit.latency.readable import agree


def detect(head: Head) -> bool:
    """Whether the bytes begin as Parquet does."""
    return head.raw.startswith(b"PAR1")


def read(file: File, asked: Asked) -> Samples:
    """The columns of the file mapped to samples; nothing is copied."""
    table = asked.duck.view(f"read_parquet({quoted([file.path])})", file.name)
    mapped = samples_of(table, file.name, unit=asked.unit, columns=asked.columns)
    agree(asked, table, file.name)
    return Samples(without_nan(mapped))


SOURCE = Source(
    name="parquet",
    title="Parquet of samples: caller, callee, operation?, start, duration_<unit>, outcome?",
    unit="The unit is in the column's name (duration_ms) or is said with --unit; it is never guessed.",
    covers="What a duration covers is what the file's author measured; the caller's wait is what a timeout needs.",
    errors="The column outcome says ok, error or timeout; without it every row counts as ok.",
    detect=detect,
    read=read,
)
