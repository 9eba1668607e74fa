"""Outbound calls seen in spans: who waited for whom, for how long, as the caller felt it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from auditkit.spans.table import SpanTable

# A span is the caller's own span of a call ("client span") where it says so, or, in formats that tell no kinds, where all
# its children are answered by one other workload. Of a call without such a span only the callee's time is known. Whoever
# sends to a queue or takes from it uses the queue, besides what lies behind it; how long a message is worked on is no wait.
_QUERY = r"""
WITH span AS (
    SELECT *, regexp_matches(operation, '(^| )(send|publish)$') AS sends FROM (
        SELECT *, row_number() OVER (PARTITION BY trace, span, kind, start_ns ORDER BY duration_ns DESC, operation) AS copy
        FROM spans
    ) WHERE copy = 1
),
pair AS (
    SELECT p.trace, p.span AS parent, p.workload AS caller, c.workload AS callee, p.kind AS parent_kind, c.kind AS child_kind,
           p.operation AS parent_operation, c.operation AS child_operation, c.span AS child, p.sends,
           p.start_ns AS parent_start, p.duration_ns AS parent_duration, p.outcome AS parent_outcome, p.pod AS caller_pod,
           c.start_ns AS child_start, c.duration_ns AS child_duration, c.outcome AS child_outcome,
           p.workload <> c.workload AS crosses
    FROM span c JOIN span p ON p.trace = c.trace AND p.span = c.parent
    WHERE NOT (p.span = c.span AND p.kind = c.kind)
),
family AS (
    SELECT trace, parent, parent_kind, bool_and(crosses) AS all_cross, count(DISTINCT callee) AS callees
    FROM pair GROUP BY ALL
),
seen AS (
    SELECT pair.*, CASE WHEN pair.parent_kind IN ('client', 'producer') THEN true
                        WHEN pair.parent_kind = 'unknown' THEN all_cross AND callees = 1
                        ELSE false END AS waited
    FROM pair JOIN family USING (trace, parent, parent_kind) WHERE crosses
),
both_sides AS (
    SELECT caller, callee, min(parent_operation) AS client_operation, min(child_operation) AS server_operation,
           any_value(parent_start) AS start_ns, any_value(parent_duration) AS duration_ns,
           any_value(parent_outcome) AS outcome, 'client' AS side,
           bool_or(parent_kind = 'producer' OR child_kind = 'consumer' OR sends) AS later, min(child) AS child
    FROM seen WHERE waited GROUP BY trace, parent, caller, callee, parent_kind
),
callee_only AS (
    SELECT caller, callee, NULL AS client_operation, child_operation AS server_operation, child_start AS start_ns,
           child_duration AS duration_ns, child_outcome AS outcome, 'server' AS side,
           child_kind = 'consumer' AS later, child
    FROM seen WHERE NOT waited AND child_kind <> 'internal'
),
to_peer AS (
    SELECT s.workload AS caller, s.peer AS callee, s.operation AS client_operation, NULL AS server_operation, s.start_ns,
           CASE WHEN s.kind <> 'consumer' THEN s.duration_ns END AS duration_ns, s.outcome,
           CASE WHEN s.kind = 'consumer' THEN 'server' ELSE 'client' END AS side, s.kind <> 'client' AS later, s.span AS child
    FROM span s
    WHERE s.kind IN ('client', 'producer', 'consumer') AND s.peer IS NOT NULL AND s.peer <> s.workload
      AND (s.kind <> 'client' OR NOT EXISTS (FROM seen WHERE seen.trace = s.trace AND seen.parent = s.span AND waited))
),
from_peer AS (
    SELECT s.peer AS caller, s.workload AS callee, NULL AS client_operation, s.operation AS server_operation, s.start_ns,
           s.duration_ns, s.outcome, 'server' AS side, false AS later, s.span AS child
    FROM span s
    WHERE s.kind = 'server' AND s.peer IS NOT NULL AND s.peer <> s.workload
      AND NOT EXISTS (FROM span p WHERE p.trace = s.trace AND p.span = s.parent)
)
FROM both_sides UNION ALL FROM callee_only UNION ALL FROM to_peer UNION ALL FROM from_peer
ORDER BY start_ns, caller, callee, child
"""


_NOWHERE = """
SELECT workload, operation, count(*) AS n FROM spans s
WHERE s.kind IN ('client', 'producer') AND s.peer IS NULL
  AND NOT EXISTS (FROM spans c WHERE c.trace = s.trace AND c.parent = s.span)
GROUP BY ALL ORDER BY workload, n DESC, operation
"""
"""Calls that name nobody, and that nobody answered in these traces."""


@dataclass(frozen=True, slots=True)
class CallTable:
    """Calls as an Arrow table, ordered by start.

    Columns: caller, callee, operation, start_s, duration_s (null where unknown), outcome (ok | error | timeout),
    side (`client`: what the caller waited; `server`: only the callee's own time is known), call (sync | async).
    """

    table: Any
    notes: tuple[str, ...] = ()
    nowhere: tuple[tuple[str, str, int], ...] = ()
    """Workload, operation and number of the calls of which the traces do not say whom they went to."""

    def __len__(self) -> int:
        return int(self.table.num_rows)


def operation_name(client: str | None, server: str | None) -> str | None:
    """One name for an operation from what both sides call it.

    Remote procedures lose a leading slash and `grpc.`; the route of an HTTP server gets the method of its client.

    >>> operation_name("hipstershop.AdService/GetAds", "/hipstershop.AdService/GetAds")
    'hipstershop.AdService/GetAds'
    >>> operation_name("HTTP GET", "/api/v1/users/{id}"), operation_name(None, "POST /orders"), operation_name("redis get", None)
    ('GET /api/v1/users/{id}', 'POST /orders', 'redis get')
    """
    name = server or client
    if name is None:
        return None
    if client and client.startswith("HTTP ") and name.startswith("/"):
        return f"{client.removeprefix('HTTP ')} {name}".strip()
    plain = name.removeprefix("grpc.").removeprefix("/")
    service, slash, method = plain.partition("/")
    is_procedure = bool(slash) and "." in service and "/" not in method and " " not in service
    return (plain if is_procedure else name).replace("|", "/") or None


def calls(spans: SpanTable) -> CallTable:
    """The calls between workloads in a table of spans; calls of a workload to itself are not dependencies and are left out."""
    import duckdb
    import pyarrow as pa
    import pyarrow.compute as pc

    with duckdb.connect() as connection:
        connection.register("spans", spans.table)
        found = connection.sql(_QUERY).to_arrow_table()
        lost = connection.sql(_NOWHERE).fetchall()
    names: dict[tuple[str | None, str | None], str | None] = {}
    operations = []
    for pair in zip(found["client_operation"].to_pylist(), found["server_operation"].to_pylist(), strict=True):
        if pair not in names:
            names[pair] = operation_name(*pair)
        operations.append(names[pair])
    table = pa.table(
        {
            "caller": found["caller"],
            "callee": found["callee"],
            "operation": pa.array(operations, pa.string()),
            "start_s": pc.divide(pc.cast(found["start_ns"], pa.float64(), safe=False), 1e9),
            "duration_s": pc.divide(pc.cast(found["duration_ns"], pa.float64(), safe=False), 1e9),
            "outcome": found["outcome"],
            "side": found["side"],
            "call": pc.if_else(found["later"], "async", "sync"),
        }
    )
    nowhere = tuple((str(caller), str(operation or ""), int(n)) for caller, operation, n in lost)
    return CallTable(table, spans.notes, nowhere)
