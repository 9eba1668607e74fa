"""What the readers of line formats share: rows to samples, percentiles to intervals, addresses to names."""

from __future__ import annotations

import datetime as dt
import math
import re
from collections.abc import Iterable, Sequence
from itertools import islice, pairwise
from typing import NamedTuple
from urllib.parse import urlsplit

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Percentiles, Samples

_CHUNK = 100_000


class Row(NamedTuple):
    """One call. `start_s` in epoch seconds, None where unknown; `duration_s` None where unreadable."""

    caller: str
    callee: str
    operation: str | None
    start_s: float | None
    duration_s: float | None
    outcome: str


class Bucket(NamedTuple):
    """`n` calls whose duration lies in `[lo_s, hi_s]`, that began at `start_s` (None where unknown)."""

    caller: str
    callee: str
    operation: str | None
    start_s: float | None
    outcome: str
    lo_s: float
    hi_s: float
    n: int


def samples(rows: Iterable[Row], file: File, asked: Asked, notes: Sequence[str] = ()) -> Samples:
    """Rows stored in DuckDB. Raises `InputError` where there is none. `notes` may be filled while the rows are read."""
    import pyarrow as pa

    text, number = pa.string(), pa.float64()
    schema = pa.schema(list(zip(Row._fields, (text, text, text, number, number, text), strict=True)))
    left = iter(rows)
    batches = []
    while chunk := list(islice(left, _CHUNK)):
        columns = [pa.array(list(column), kind) for column, kind in zip(zip(*chunk, strict=True), schema.types, strict=True)]
        batches.append(pa.record_batch(columns, schema=schema))
    if not batches:
        raise InputError.of(file.name, "holds no call", "export a window in which there was traffic")
    return Samples(asked.duck.keep(asked.duck.arrow(pa.Table.from_batches(batches)), file.name), tuple(notes))


def buckets(found: Iterable[Bucket], file: File, notes: Sequence[str] = ()) -> Buckets:
    """Intervals as a table. Raises `InputError` where nothing was counted, or an interval is none."""
    import pyarrow as pa

    rows = [row for row in found if row.n]
    wrong = next((row for row in rows if not (0 <= row.lo_s <= row.hi_s and math.isfinite(row.lo_s) and row.n > 0)), None)
    if wrong is not None:
        what = f"counts {wrong.n} calls between {wrong.lo_s:g} s and {wrong.hi_s:g} s, which cannot be"
        raise InputError.of(file.name, what, "is the file damaged?")
    if not rows:
        raise InputError.of(file.name, "holds no call", "export a window in which there was traffic")
    text, number = pa.string(), pa.float64()
    kinds = (text, text, text, number, text, number, number, pa.int64())
    columns = {
        name: pa.array(list(column), kind)
        for name, column, kind in zip(Bucket._fields, zip(*rows, strict=True), kinds, strict=True)
    }
    return Buckets(pa.table(columns), tuple(notes))


def percentiles(
    rows: Iterable[tuple[str, str, str | None, float | None, float | None]], file: File, notes: Sequence[str] = ()
) -> Percentiles:
    """Rows of caller, callee, operation, p50 and p99 in seconds. Raises `InputError` where there is none."""
    import pyarrow as pa

    found = list(rows)
    if not found:
        raise InputError.of(file.name, "holds no percentile", "export the columns p50 and p99 of each call")
    text, number = pa.string(), pa.float64()
    names, kinds = ("caller", "callee", "operation", "p50_s", "p99_s"), (text, text, text, number, number)
    columns = [pa.array(list(column), kind) for column, kind in zip(zip(*found, strict=True), kinds, strict=True)]
    return Percentiles(pa.table(dict(zip(names, columns, strict=True))), tuple(notes))


def between(n: int, marks: Sequence[tuple[float, float, float]]) -> list[tuple[float, float, int]]:
    """Counts between the percentiles of n values: `marks` are (share, lower, upper end of its value), ascending, the first
    with share 0 (the smallest value), the last with share 1 (the largest).

    The value of rank r lies between the marks around it; a mark's own rank counts below it.

    >>> between(100, [(0, 1, 1), (0.5, 10, 10), (0.99, 20, 20), (1, 30, 30)])
    [(1, 10, 50), (10, 20, 49), (20, 30, 1)]
    """
    found = []
    done = 0
    for (_, lo, _), (share, _, hi) in pairwise(marks):
        rank = n if share >= 1 else min(n, math.floor(round(share * n, 6)))
        if rank > done:
            found.append((min(lo, hi), hi, rank - done))
            done = rank
    return found


def target(url: str, method: str = "") -> tuple[str, str | None]:
    """Callee and operation of a URL: its host without port, and the method with the path, without query.

    >>> target("https://shop.example:8443/cart?id=7", "get"), target("/cart", "GET"), target("Login page")
    (('shop.example', 'GET /cart'), ('', 'GET /cart'), ('', 'Login page'))
    """
    parts = urlsplit(url)
    path = parts.path or "/"
    if not parts.hostname and not url.startswith("/"):
        return "", f"{method.upper()} {url}".strip() or None
    return parts.hostname or "", f"{method.upper()} {path}".strip().replace("|", "/")


def epoch(text: str) -> float | None:
    """Epoch seconds of an ISO 8601 time, or of a number whose size shows seconds to nanoseconds; None for anything else.

    >>> epoch("2014-02-24 07:42:21.256"), epoch("1547676357242"), epoch("2001/20/20 12:05:05.123")
    (1393227741.256, 1547676357.242, None)
    """
    text = text.strip()
    if re.fullmatch(r"[0-9]+(\.[0-9]+)?", text):
        digits = len(text.partition(".")[0])
        return float(text) / (1 if digits <= 11 else 1e3 if digits <= 14 else 1e6 if digits <= 17 else 1e9)
    fixed = re.sub(r"^(\d{4})/(\d{2})/(\d{2})", r"\1-\2-\3", text)
    fixed = re.sub(r"(\.\d{6})\d+", r"\1", fixed)
    try:
        time = dt.datetime.fromisoformat(fixed)
    except ValueError:
        return None
    return (time if time.tzinfo else time.replace(tzinfo=dt.UTC)).timestamp()


def number(text: object) -> float | None:
    """A finite number, or None."""
    try:
        value = float(str(text))
    except ValueError:
        return None
    return value if math.isfinite(value) else None


def whole(value: object) -> int:
    """A count. Raises `ValueError` for anything that is none: negative, broken, endless, or beyond what is counted.

    >>> whole("12"), whole(3.0)
    (12, 3)
    """
    found = number(value)
    if found is None or isinstance(value, bool) or found < 0 or found != math.floor(found) or found >= 2**53:
        raise ValueError(f"{value!r} is no count")
    return int(found)


_TIMED_OUT = re.compile(r"time[d_ -]?out|deadline exceeded|SocketTimeout|ConnectTimeout", re.IGNORECASE)


def outcome(status: str, message: str = "", failed: bool = False) -> str:
    """Outcome of an HTTP answer: an error message or a status of 400 and above is an error; what speaks of time, a timeout.

    >>> outcome("200"), outcome("503"), outcome("0", "net/http: request canceled (Client.Timeout exceeded)")
    ('ok', 'error', 'timeout')
    """
    if (failed or message) and _TIMED_OUT.search(message + " " + status):
        return "timeout"
    bad = failed or bool(message) or (status.isdigit() and not 100 <= int(status) < 400)
    return "error" if bad else "ok"


def stem(file: File) -> str:
    """A file's name without suffixes, which names what the file does not.

    >>> from pathlib import Path
    >>> stem(File(Path("runs/cart.run1.csv.gz"), ""))
    'cart.run1'
    """
    name = file.path.name
    while True:
        cut = re.sub(r"\.(gz|bz2|xz|zst|csv|tsv|txt|json|jsonl|ndjson|log|hlog|hgrm|jtl|xml|out)$", "", name, flags=re.IGNORECASE)
        if cut == name or not cut:
            return re.sub(r"\s+", "_", name)
        name = cut
