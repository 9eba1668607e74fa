"""Dependencies as Jaeger (`/api/dependencies`) and Zipkin (`/api/v2/dependencies`) add them up: caller, callee, count."""

from __future__ import annotations

from typing import Any, Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.shapes import text_of
from auditkit.importers.traffic import MAX_CALLS, Edge, Traffic, draft, not_too_long
from auditkit.model.draft import Draft
from auditkit.spans.json_text import items, mapping, the_document, whole

CANNOT_SAY: Final = ("counts of calls do not say who waits for whom, which operations are called, or in which window",)


def detect(name: str, text: str) -> bool:
    """Whether the text shows the keys of such a list."""
    head = text[:200_000]
    return head.lstrip()[:1] in ("[", "{") and all(f'"{key}"' in head for key in ("parent", "child", "callCount"))


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The system that these counts show; rare calls count as much as frequent ones.

    Zipkin leaves `errorCount` out where it is 0; Jaeger has none, so nothing is said about failures.
    Raises `InputError` where the text is no JSON or holds no such entry.
    """
    document = the_document(not_too_long(text, name), name)
    rows = [mapping(row) for row in items(document) or items(mapping(document).get("data"))]
    if len(rows) > 3 * MAX_CALLS:
        raise InputError.of(name, f"has {len(rows):,} entries; up to {3 * MAX_CALLS:,} are read", "export a part of the system")
    tells_errors = any("errorCount" in row for row in rows)
    edges = [edge for row in rows if (edge := _edge(row, tells_errors)) is not None]
    if not edges:
        raise InputError.of(
            name, "holds no entry with parent, child and callCount", "save it from a window in which there was traffic"
        )
    lost = len(rows) - len(edges)
    return draft(
        name,
        Traffic(
            edges=tuple(edges),
            workloads=tuple(dict.fromkeys(name for edge in edges for name in (edge.caller, edge.callee))),
            notes=(f"{lost} entries without parent, child or count are left out",) if lost else (),
        ),
        CANNOT_SAY,
    )


def _edge(row: Any, tells_errors: bool) -> Edge | None:
    caller, callee, count = text_of(row.get("parent")), text_of(row.get("child")), whole(row.get("callCount"))
    if not caller or not callee or count is None or not 0 <= count < 2**63:
        return None
    errors = whole(row.get("errorCount")) or 0
    return Edge(caller, callee, count, min(max(errors, 0), count) if tells_errors else None, None)


CALL_COUNTS: Final = Importer(
    name="call-counts",
    title="Jaeger or Zipkin dependencies",
    prose=(
        "Every pair of services becomes a dependency (observed) with its count, however rare; failures where Zipkin counts them."
        " It cannot say who waits, which operations are called, or what did not happen in the window."
    ),
    detect=detect,
    read=read,
)
