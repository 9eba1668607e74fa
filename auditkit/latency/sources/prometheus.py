"""Prometheus range queries as JSON: cumulative classic buckets with their `le`, and native histograms."""

from __future__ import annotations

import itertools
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from auditkit.errors import InputError
from auditkit.latency.base import Asked, Buckets, File, Head, Source
from auditkit.latency.columns import PER_SECOND
from auditkit.latency.sources.rows import Bucket, buckets

_CALLERS = ("caller", "source_workload", "source_app", "source_service", "client", "client_name", "client_service_name")
_CALLEES = (
    "callee", "destination_workload", "destination_service_name", "destination_app", "server", "server_service_name",
    "peer_service", "service", "envoy_cluster_name", "upstream",
)  # fmt: skip
_OPERATIONS = ("operation", "grpc_method", "rpc_method", "route", "http_route", "handler", "uri", "path", "method")
_STATUSES = ("code", "status", "status_code", "response_code", "http_status_code", "grpc_code", "grpc_status")
_UNITS = (
    ("_milliseconds", "ms"),
    ("_ms", "ms"),
    ("_microseconds", "us"),
    ("_us", "us"),
    ("_nanoseconds", "ns"),
    ("_seconds", "s"),
)
Series = tuple[Mapping[str, str], Sequence[tuple[float, float]]]


def detect(head: Head) -> bool:
    """Whether it is the answer of a range query."""
    return (
        head.text.lstrip().startswith("{")
        and '"resultType"' in head.text
        and ('"le"' in head.text or '"histograms"' in head.text)
    )


def read(file: File, asked: Asked) -> Buckets:
    """Increases between scrapes, bucket by bucket; a counter that falls was reset and counts from zero."""
    try:
        data = json.loads(file.text())["data"]
        if data["resultType"] != "matrix":
            raise InputError.of(file.name, f"is a {data['resultType']}, not a matrix", "use query_range, or a range selector")
        series = [(dict(item["metric"]), item.get("values") or [], item.get("histograms") or []) for item in data["result"]]
    except (ValueError, KeyError, TypeError) as error:
        raise InputError.of(file.name, "is no complete answer of a range query", "is the file cut off?") from error
    notes: list[str] = []
    try:
        return buckets(_rows(series, file, asked, notes), file, notes)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError, OverflowError) as error:
        raise InputError.of(
            file.name, f"is no range query of histogram buckets: {error}", "query the _bucket counters"
        ) from error


def _rows(series: Sequence[tuple[dict[str, str], Any, Any]], file: File, asked: Asked, notes: list[str]) -> Iterator[Bucket]:
    groups: dict[tuple[tuple[str, str], ...], dict[float, dict[float, float]]] = {}
    falls, steps = 0, 0
    for metric, values, natives in series:
        unit = _unit(metric.get("__name__", ""), file, asked)
        labels = {key: word for key, word in metric.items() if key not in ("le", "__name__")}
        if natives:
            _refuse_rates(natives)
            yield from _native(labels, natives, PER_SECOND[unit])
            continue
        if "le" not in metric:
            raise ValueError("a series without the label le")
        points = [(float(when), float(value)) for when, value in values]
        if not all(math.isfinite(value) and 0 <= value < 2**53 for _, value in points):
            raise ValueError("a value that is no count")
        increases, fallen = _increases(points)
        falls, steps = falls + fallen, steps + len(increases)
        edge = float(str(metric["le"]).replace("+Inf", "inf")) / PER_SECOND[unit]
        groups.setdefault(tuple(sorted(labels.items())), {})[edge] = increases
    if steps > 20 and falls > 0.2 * steps:
        raise ValueError("its values fall as often as a rate does")
    if falls:
        notes.append(f"{falls} resets of counters")
    for named, edges in groups.items():
        yield from _classic(dict(named), edges)


def _unit(name: str, file: File, asked: Asked) -> str:
    stem = re.sub(r"_(bucket|count|sum)$", "", name)
    told = next((unit for ending, unit in _UNITS if stem.endswith(ending)), None) or asked.unit
    if asked.unit not in (None, told):
        raise InputError.of(file.name, f"the metric {name} is in {told}, not {asked.unit}", "leave --unit away")
    if told is None:
        raise InputError.of(
            file.name, f"the metric {name or 'without name'} does not tell its unit", "say it, for example --unit s"
        )
    return told


def _increases(points: Sequence[tuple[float, float]]) -> tuple[dict[float, float], int]:
    """Increase up to each time after the first; how often the counter fell.

    >>> _increases([(0, 10), (15, 12), (30, 3)])
    ({15: 2, 30: 3}, 1)
    """
    found, falls = {}, 0
    for (_, before), (when, value) in itertools.pairwise(points):
        fell = value < before
        falls += fell
        found[when] = value if fell else value - before
    return found, falls


def _classic(labels: Mapping[str, str], edges: Mapping[float, Mapping[float, float]]) -> Iterator[Bucket]:
    caller, callee, operation, outcome = _names(labels)
    ordered = sorted(edges)
    if not ordered or not math.isinf(ordered[-1]):
        raise ValueError("a histogram without the bucket le=+Inf")
    before: dict[float, float] = {}
    times = sorted({when for edge in ordered for when in edges[edge]})
    for lo, edge in zip([0.0, *ordered], ordered, strict=False):
        for when in times:
            n = round(edges[edge].get(when, 0.0) - before.get(when, 0.0))
            if n > 0:
                yield Bucket(caller, callee, operation, when, outcome, lo, edge, n)
        before = {when: max(edges[edge].get(when, 0.0), before.get(when, 0.0)) for when in times}


def _native(labels: Mapping[str, str], points: Sequence[Any], per_second: float) -> Iterator[Bucket]:
    caller, callee, operation, outcome = _names(labels)
    before: dict[tuple[float, float], float] | None = None
    for when, histogram in points:
        now = {(float(lo), float(hi)): float(n) for _, lo, hi, n in histogram.get("buckets") or ()}
        if before is not None:
            fell = any(n < before.get(edge, 0.0) for edge, n in now.items()) or not set(before) <= set(now)
            for (lo, hi), n in now.items():
                more = round(n - (0.0 if fell else before.get((lo, hi), 0.0)))
                if more > 0:
                    yield Bucket(
                        caller, callee, operation, float(when), outcome, max(0.0, lo) / per_second, hi / per_second, more
                    )
        before = now


def _refuse_rates(points: Sequence[Any]) -> None:
    """A counter holds whole numbers of calls; `rate` and `increase` answer per second, or extrapolated: parts of calls.

    >>> _refuse_rates([[0, {"count": "0.25", "buckets": [[0, "0.1", "0.2", "0.25"]]}]])
    Traceback (most recent call last):
        ...
    ValueError: its counts are parts of calls, as of rate() or increase()
    """
    for _, histogram in points:
        counts = [histogram.get("count", 0), *(n for *_, n in histogram.get("buckets") or ())]
        if any(not float(n).is_integer() for n in counts):
            raise ValueError("its counts are parts of calls, as of rate() or increase()")


def _names(labels: Mapping[str, str]) -> tuple[str, str, str | None, str]:
    caller = next((labels[key] for key in _CALLERS if labels.get(key)), None)
    callee = next((labels[key] for key in _CALLEES if labels.get(key)), None)
    own = labels.get("job") or labels.get("app") or labels.get("instance") or "unknown"
    operation = next((labels[key] for key in _OPERATIONS if labels.get(key)), None)
    status = next((labels[key] for key in _STATUSES if labels.get(key)), "")
    late = status.upper().replace("_", "") in ("DEADLINEEXCEEDED",) or status == "504"
    bad = (status.isdigit() and int(status) >= 500) or status.lower() in ("5xx", "error") or _grpc_error(status)
    outcome = "timeout" if late else "error" if bad else "ok"
    if caller and not callee:
        return caller, own, operation, outcome
    return caller or ("any" if not callee else own), callee or own, operation, outcome


def _grpc_error(status: str) -> bool:
    return (
        bool(status) and status.isalpha() and status.upper() not in ("OK", "SUCCESS") and status.lower() not in ("true", "false")
    )


SOURCE = Source(
    name="prometheus",
    title="Prometheus range query as JSON (classic buckets, native histograms)",
    unit="From the metric's name (_seconds, _milliseconds), else asked for with --unit.",
    covers="What the metric measures: look whether its caller or its callee exports it. Quantiles are whole buckets.",
    errors="Labels such as code, status or grpc_code; 500 and above are errors, 504 and DEADLINE_EXCEEDED timeouts.",
    detect=detect,
    read=read,
)
