"""Everything that a folder says, tables in Parquet included: what a search for planted words has to look through."""

from __future__ import annotations

import gzip
import io
import zipfile
from pathlib import Path

import pyarrow.parquet as parquet


def said_in(content: bytes, name: str) -> str:
    """The text of one file: of a table its names and values, of an archive (Word, Excel) all that is packed in it."""
    if name.endswith(".parquet"):
        table = parquet.read_table(io.BytesIO(content))
        return f"{table.schema}\n{table.to_pydict()}"
    if content.startswith(b"PK\x03\x04"):
        with zipfile.ZipFile(io.BytesIO(content)) as packed:
            return "\n".join(said_in(packed.read(part), part) for part in packed.namelist())
    if content.startswith(b"\x1f\x8b"):
        content = gzip.decompress(content)
    return content.decode("utf-8", "replace")


def said_below(folder: Path) -> dict[str, str]:
    """The text of every file of a folder, by its path."""
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    return {path.relative_to(folder).as_posix(): said_in(path.read_bytes(), path.name) for path in files}
