"""CSV of percentiles that were computed elsewhere (Datadog, CloudWatch, dashboards): one row a time slice.

Percentiles of slices cannot be averaged into one of the whole; the largest slice is a conservative stand-in, and nothing
bounds it.
"""

from __future__ import annotations

import csv
import io
import re

from auditkit.errors import InputError
from auditkit.latency.base import Asked, File, Head, Percentiles, Source
from auditkit.latency.columns import PER_SECOND
from auditkit.latency.sources.csv_samples import header
from auditkit.latency.sources.rows import number, percentiles, stem

_PERCENTILE = re.compile(r"(?:^|[^a-z0-9])p?(?P<share>50|99)(?:th)?(?:[^0-9.]*?[_(\s](?P<unit>ns|us|ms|s)\)?)?$", re.IGNORECASE)
_CALLERS, _CALLEES = ("caller", "client", "source"), ("callee", "service", "name", "label", "labels", "loadbalancer")


def detect(head: Head) -> bool:
    """Whether a header names p99 as a whole word, and no duration."""
    names = header(head.first_line)[1]
    return len(names) > 1 and any(_share(name) == "99" for name in names) and not any(n.lower() == "duration" for n in names)


def read(file: File, asked: Asked) -> Percentiles:
    """The largest p50 and p99 of each call."""
    text = file.text()
    delimiter, names = header(text.split("\n", 1)[0])
    shares = {share: name for name in names if (share := _share(name))}
    units = {match["unit"].lower() for name in names if (match := _match(name)) and match["unit"]}
    if len(units) > 1:
        raise InputError.of(
            f"{file.name}:1", f"mixes the units {' and '.join(sorted(units))}", "export all percentiles in one unit"
        )
    unit = next(iter(units), None) or asked.unit
    if asked.unit not in (None, unit):
        raise InputError.of(f"{file.name}:1", f"its percentiles are in {unit}, not {asked.unit}", "leave --unit away")
    if unit is None:
        raise InputError.of(f"{file.name}:1", "does not tell the unit of its percentiles", "say it, for example --unit ms")
    found: dict[tuple[str, str], dict[str, float | None]] = {}
    rows = csv.DictReader(io.StringIO(text), fieldnames=names, delimiter=delimiter)
    next(rows, None)
    for row in rows:
        if None in row.values():
            raise InputError.of(f"{file.name}:{rows.line_num}", "has fewer columns than the header", "is the file cut off?")
        if None in row:
            raise InputError.of(f"{file.name}:{rows.line_num}", "has more columns than the header", "write a decimal point")
        lowered = {str(key).lower(): value for key, value in row.items() if key}
        caller = next((lowered[key] for key in _CALLERS if lowered.get(key)), asked.columns.get("caller") or "any")
        callee = next((lowered[key] for key in _CALLEES if lowered.get(key)), asked.columns.get("callee") or stem(file))
        figures = found.setdefault((caller, callee), {"50": None, "99": None})
        for share, name in shares.items():
            value = number(row.get(name))
            if value is not None:
                figures[share] = max(figures[share] or 0.0, value / PER_SECOND[unit])
    known = [(*call, None, f["50"], f["99"]) for call, f in found.items() if f["99"] is not None]
    return percentiles(known, file, ("percentiles of time slices: the largest is taken, none is averaged",))


def _match(name: str) -> re.Match[str] | None:
    return _PERCENTILE.search(name.strip())


def _share(name: str) -> str | None:
    """Which percentile a column holds.

    >>> _share("p99"), _share("TargetResponseTime p99"), _share("p99_ms"), _share("99th"), _share("p999"), _share("temp99")
    ('99', '99', '99', '99', None, None)
    """
    match = _match(name)
    return match["share"] if match else None


SOURCE = Source(
    name="percentiles",
    title="CSV of percentiles by time slice (Datadog, CloudWatch, dashboards)",
    unit="From the column's name (p99_ms), else asked for with --unit.",
    covers="What the dashboard measured.",
    errors="Not told.",
    detect=detect,
    read=read,
)
