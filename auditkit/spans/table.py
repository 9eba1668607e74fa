"""One table of spans for every trace format, and the names of workloads behind pods."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

SpanKind = Literal["client", "server", "producer", "consumer", "internal", "unknown"]
Outcome = Literal["ok", "error", "timeout"]

_HASH = "[bcdfghjklmnpqrstvwxz2456789]"  # Kubernetes names pods from this alphabet (k8s.io/apimachinery/pkg/util/rand)
_DEPLOYMENT = re.compile(rf"(?P<name>[a-z0-9][a-z0-9.-]*?)-(?:{_HASH}{{8,10}}|[0-9a-f]{{8,10}})-{_HASH}{{5}}")
_STATEFUL = re.compile(r"(?P<name>[a-z][a-z0-9.-]*?)-[0-9]{1,3}")
_DAEMON = re.compile(rf"(?P<name>[a-z0-9][a-z0-9.-]*?)-(?=[a-z0-9]*[0-9]){_HASH}{{5}}")


def workload_name(pod: str) -> str:
    """The workload behind the name of a pod: without the hashes of a Deployment or DaemonSet, without a StatefulSet's number.

    What does not look like a pod stays as it is.

    >>> workload_name("frontend-579b9bff58-t2dbm"), workload_name("ts-price-service-76846864d9-nmjz7")
    ('frontend', 'ts-price-service')
    >>> workload_name("redis-cart-0"), workload_name("fluentd-x7k2p"), workload_name("checkoutservice"), workload_name("user-v1")
    ('redis-cart', 'fluentd', 'checkoutservice', 'user-v1')
    """
    for pattern in (_DEPLOYMENT, _DAEMON, _STATEFUL):
        match = pattern.fullmatch(pod)
        if match:
            return match["name"]
    return pod


def as_id(name: str) -> str:
    """A name from telemetry with the characters of an id only, and no longer than one.

    >>> as_id("Order Service"), as_id("--")
    ('Order-Service', 'unnamed')
    """
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name).strip("-.")[:300] or "unnamed"


@dataclass(frozen=True, slots=True)
class Span:
    """One span. Times in nanoseconds since the epoch; `duration_ns` None where the format has none.

    `peer` is what the span itself says of the other side (`peer.service`, a database system, a remote address).
    """

    trace: str
    span: str
    parent: str | None
    workload: str
    pod: str
    operation: str
    kind: SpanKind
    start_ns: int | None
    duration_ns: int | None
    outcome: Outcome = "ok"
    peer: str | None = None


@dataclass(frozen=True, slots=True)
class SpanTable:
    """Spans as an Arrow table with the columns of `Span`, and what was noticed while reading."""

    table: Any
    notes: tuple[str, ...] = ()

    def __len__(self) -> int:
        return int(self.table.num_rows)


def arrow_schema() -> Any:
    """Column names and types of a span table."""
    import pyarrow as pa

    text, number = pa.string(), pa.int64()
    columns = {"trace": text, "span": text, "parent": text, "workload": text, "pod": text, "operation": text, "kind": text}
    return pa.schema([*columns.items(), ("start_ns", number), ("duration_ns", number), ("outcome", text), ("peer", text)])


def span_table(spans: Iterable[Span], notes: Iterable[str] = ()) -> SpanTable:
    """A table of these spans, in their order."""
    import pyarrow as pa

    rows = list(spans)
    schema = arrow_schema()
    columns = [[_fitting(getattr(row, field.name), pa.types.is_string(field.type)) for row in rows] for field in schema]
    return SpanTable(pa.table(columns, schema=schema), tuple(notes))


def _fitting(value: object, is_text: bool) -> object:
    """A value as the column can hold it: damaged exports have lists for names, and numbers beyond 64 bits."""
    if value is None or not is_text:
        return value if isinstance(value, int) and abs(value) < 2**63 else None
    return value if isinstance(value, str) and value.isprintable() else str(value).encode("utf-8", "replace").decode()
