"""Section 12: what no timeout, retry, breaker, bulkhead or fallback protects against, and what does."""

from __future__ import annotations

from auditkit.document.blocks import Block, Part, table, text
from auditkit.document.completeness import Missing
from auditkit.document.sections.words import gaps, names
from auditkit.document.view import View

_KINDS: tuple[tuple[str, frozenset[str], frozenset[str], str], ...] = (
    ("A bad deploy", frozenset({"deploy"}), frozenset(), "Canary releases, feature flags, a rollback that has been practised"),
    ("A wrong configuration", frozenset({"config"}), frozenset({"config"}), "Configuration that is reviewed, staged and rolled back like code; defaults that work without it"),
    ("An expired certificate", frozenset({"certificate"}), frozenset({"certificate"}), "Automatic renewal, and an alert weeks before the date"),
    ("Corrupted data", frozenset(), frozenset({"database", "cache", "queue"}), "Backups whose restore is tested, checks of what is written, an append-only record"),
    ("A loss of a zone or region", frozenset({"zone", "region"}), frozenset(), "Capacity to lose one, a switch that has been practised, data in both"),
    ("A provider's outage", frozenset({"provider"}), frozenset({"external"}), "A second provider, or a mode of the product without it; the contract's own objective"),
    ("A shared implementation's defect", frozenset({"implementation"}), frozenset(), "Different implementations where it matters, staged upgrades"),
    ("A quota or limit reached", frozenset({"quota"}), frozenset(), "Limits that are known, watched and raised in time; load shedding"),
    ("A name that does not resolve", frozenset(), frozenset({"dns"}), "Caching resolvers, longer lifetimes for what rarely changes"),
    ("More load than planned", frozenset(), frozenset({"gateway", "service"}), "Load tests, autoscaling with head room, admission control at the edge"),
    ("An error in the design", frozenset(), frozenset(), "Reviews, game days, and audits such as this one"),
    ("A mistake by a person", frozenset(), frozenset(), "Tools that ask before they destroy, least privilege, practised procedures"),
)  # fmt: skip


def uncovered(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """What happens all the same, what helps against it, and which parts of this system it concerns."""
    rows: list[tuple[Part, ...]] = []
    for what, causes, kinds, helps in _KINDS:
        concerned = sorted({c.id for c in view.book.system.common_causes if c.kind in causes})
        concerned += sorted({c.id for c in view.book.system.components if c.kind in kinds})
        rows.append((what, helps, names(concerned[:8], "the whole system" if not causes and not kinds else "–")))
    return [
        text("The patterns of sections 7 to 11 contain a dependency that is down or slow. They do not help against these:"),
        table("Not covered by patterns", ("What happens", "What helps", "Concerns here"), rows, widths=(1.6, 3.4, 3)),
        *gaps(empty, "uncovered"),
    ]
