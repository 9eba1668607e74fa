"""Section 12: what no timeout, retry, breaker, bulkhead or fallback protects against, and what does."""

from __future__ import annotations

from dataclasses import dataclass

from auditkit.document.blocks import Block, Part, table, text
from auditkit.document.completeness import Missing
from auditkit.document.sections.words import gaps, names
from auditkit.document.view import View


@dataclass(frozen=True, slots=True)
class _Threat:
    """What happens, what helps, and which kinds of common causes and components it concerns; neither: the whole system."""

    what: str
    helps: str
    causes: frozenset[str] = frozenset()
    kinds: frozenset[str] = frozenset()


_THREATS = (
    _Threat("A bad deploy", "Canary releases, feature flags, a rollback that has been practised", frozenset({"deploy"})),
    _Threat(
        "A wrong configuration",
        "Configuration that is reviewed, staged and rolled back like code; defaults that work without it",
        frozenset({"config"}),
        frozenset({"config"}),
    ),
    _Threat(
        "An expired certificate",
        "Automatic renewal, and an alert weeks before the date",
        frozenset({"certificate"}),
        frozenset({"certificate"}),
    ),
    _Threat(
        "Corrupted data",
        "Backups whose restore is tested, checks of what is written, an append-only record",
        kinds=frozenset({"database", "queue"}),
    ),
    _Threat(
        "The loss of a zone or region",
        "Capacity to lose one, a switch that has been practised, data in both",
        frozenset({"zone", "region"}),
    ),
    _Threat(
        "A provider's outage",
        "A second provider, or a mode of the product without it; an objective in the contract",
        frozenset({"provider"}),
        frozenset({"external"}),
    ),
    _Threat(
        "A defect that several parts share",
        "Different implementations where it matters; upgrades one after another",
        frozenset({"implementation", "shared-resource"}),
    ),
    _Threat("A quota used up", "Limits that are known, watched and raised in time; load shedding", frozenset({"quota"})),
    _Threat(
        "A name that does not resolve", "Caching resolvers; longer lifetimes for what rarely changes", kinds=frozenset({"dns"})
    ),
    _Threat("More load than planned", "Load tests, autoscaling with head room, admission control at the edge"),
    _Threat("An error in the design", "Reviews, game days, and audits such as this one"),
    _Threat("A mistake by a person", "Tools that ask before they destroy, least privilege, practised procedures"),
)


def uncovered(view: View, empty: tuple[Missing, ...]) -> list[Block]:
    """What happens all the same, what helps against it, and which parts of this system it concerns."""
    planned = view.book.strategy.uncovered
    rows: list[tuple[Part, ...]] = [(u.risk, u.instead, names(u.where, "the whole system")) for u in planned]
    rows = rows or [(threat.what, threat.helps, _concerned(view, threat)) for threat in _THREATS]
    return [
        text("The patterns of sections 7 to 11 contain a dependency that is down or slow. They do not help against these:"),
        table("Not covered by patterns", ("What happens", "What helps", "Concerns here"), rows, widths=(1.6, 3.4, 3)),
        *gaps(empty, "uncovered"),
    ]


def _concerned(view: View, threat: _Threat) -> Part:
    if not threat.causes and not threat.kinds:
        return "the whole system"
    found = sorted(c.id for c in view.book.system.common_causes if c.kind in threat.causes)
    found += sorted(c.id for c in view.book.system.components if c.kind in threat.kinds)
    return names(found[:8], "nothing that is described")
