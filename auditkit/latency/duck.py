"""Embedded DuckDB as the place where samples lie and expressions run: out of core, on all cores, nothing left behind.

Expressions are written in Ibis on tables that only have a name and a schema; here they are compiled to DuckDB's SQL and
run natively.
"""

from __future__ import annotations

import itertools
import math
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import numpy.typing as npt

from auditkit.errors import InputError

MEMORY_LIMIT = "800MB"
"""What DuckDB may hold in memory; beyond it, it works on disk."""


@dataclass(frozen=True, slots=True)
class Duck:
    """A private DuckDB database that ends with its context."""

    connection: Any
    folder: Path
    numbers: Iterator[int] = field(default_factory=itertools.count)

    def view(self, from_sql: str, where: str) -> Any:
        """An Ibis table over a FROM clause. Raises `InputError`, one line, where DuckDB cannot read it."""
        import duckdb

        name = f"v{next(self.numbers)}"
        try:
            self.connection.sql(f'CREATE VIEW "{name}" AS FROM {from_sql}')
            return self.table(name)
        except duckdb.Error as error:
            raise unreadable(where, error) from error

    def unpacked(self, stream: IO[bytes]) -> Path:
        """A file in the database's own folder with what a compressed stream holds, gone with the database."""
        path = self.folder / f"unpacked{next(self.numbers)}"
        with path.open("wb") as out:
            shutil.copyfileobj(stream, out, 1 << 20)
        return path

    def arrow(self, table: Any) -> Any:
        """An Ibis table over an Arrow table."""
        name = f"a{next(self.numbers)}"
        self.connection.register(name, table)
        return self.table(name)

    def enumeration(self, select: str) -> str:
        """The name of a new type that has the words of a query, in their order, as its values."""
        name = f"e{next(self.numbers)}"
        self.connection.sql(f'CREATE TYPE "{name}" AS ENUM ({select})')
        return name

    def keep(self, expression: Any, where: str) -> Any:
        """The result of an expression, stored, so that it is read from its file only once."""
        import duckdb

        name = f"t{next(self.numbers)}"
        try:
            self.connection.sql(f'CREATE TABLE "{name}" AS {self.sql(expression)}')
        except duckdb.Error as error:
            raise unreadable(where, error) from error
        return self.table(name)

    def run(self, expression: Any, where: str) -> Any:
        """The result of an expression as an Arrow table."""
        import duckdb

        try:
            return self.connection.sql(self.sql(expression)).to_arrow_table()
        except duckdb.Error as error:
            raise unreadable(where, error) from error

    def pieces(self, expression: Any, columns: Sequence[str], rows: int) -> Iterator[tuple[npt.NDArray[Any], ...]]:
        """Columns of numbers, so many rows at a time as they are read; nothing is held. Missing ones are NaN, or -1."""
        reader = self.connection.sql(self.sql(expression.select(*columns))).to_arrow_reader(rows)
        for batch in reader:
            yield tuple(_plain(column) for column in batch.columns)

    def table(self, name: str) -> Any:
        """The Ibis table of that name in this database."""
        import ibis

        schema = self.connection.sql(f'FROM "{name}" LIMIT 0').to_arrow_table().schema
        return ibis.table(ibis.Schema.from_pyarrow(schema), name=name)

    def sql(self, expression: Any) -> str:
        """DuckDB's SQL of an expression."""
        import ibis

        return str(ibis.to_sql(expression, dialect="duckdb"))


def _plain(column: Any) -> npt.NDArray[Any]:
    """An Arrow array of numbers as it lies in memory; what is missing becomes NaN, or -1."""
    import pyarrow as pa

    if column.null_count:
        column = column.fill_null(math.nan if pa.types.is_floating(column.type) else -1)
    found: npt.NDArray[Any] = column.to_numpy(zero_copy_only=True)
    return found


@contextmanager
def duck() -> Iterator[Duck]:
    """A DuckDB database in a temporary folder, removed at the end."""
    import duckdb

    with tempfile.TemporaryDirectory(prefix="auditkit-") as folder:
        config: dict[str, Any] = {
            "memory_limit": MEMORY_LIMIT,
            "temp_directory": str(Path(folder, "spill")),
            "preserve_insertion_order": "false",
        }
        with duckdb.connect(str(Path(folder, "samples.duckdb")), config=config) as connection:
            connection.sql("SET TimeZone = 'UTC'")
            yield Duck(connection, Path(folder))


def quoted(paths: Sequence[Path]) -> str:
    """A list of files as SQL, in which nothing is taken for a pattern.

    >>> quoted([Path("a'b.csv")])
    "['a''b.csv']"
    """
    plain = (str(path).replace("[", "[[]").replace("*", "[*]").replace("?", "[?]").replace("'", "''") for path in paths)
    return "[" + ", ".join(f"'{path}'" for path in plain) + "]"


_CSV_ERRORS = {"Invalid unicode": "is not UTF-8 text", "unterminated quote": "opens a quote that nothing closes"}


def unreadable(where: str, error: Exception) -> InputError:
    """DuckDB's complaint in one line, without the statement that it complains about."""
    text = str(error)
    if (line := re.search(r"CSV Error on Line: (\d+)", text)) is not None:
        what = next((words for sign, words in _CSV_ERRORS.items() if sign in text), "is no line of this table")
        counted = re.search(r"Expected Number of Columns: (\d+) Found: (\d+)", text)
        what = f"has {counted[2]} columns where the header has {counted[1]}" if counted else what
        remedy = "save it as UTF-8" if "UTF-8" in what else "is the file cut off, or a decimal comma not quoted?"
        return InputError.of(f"{where}:{line[1]}", what, remedy)
    lines = (line.strip() for line in text.partition("\nLINE ")[0].splitlines())
    said = [line for line in lines if line and not line.startswith(("^", "*"))]
    what = f"cannot be read: {' '.join(said)[:160]}"
    return InputError.of(where, what, "is the file damaged or of another format? name it with --format")
