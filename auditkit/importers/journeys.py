"""Journeys proposed for an import that has none, so that its analysis is never empty. A person confirms or replaces them."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Final

from auditkit.importers.coverage import DATASTORES, targets
from auditkit.model.system import Evidence, Journey, System, split_target

DRIVERS: Final = frozenset({"load-generator", "client"})
"""Kinds that stand for users: what they call is what users touch."""
NEVER: Final = DATASTORES | DRIVERS | {"telemetry", "external", "dns", "certificate", "config", "network", "module"}
"""Kinds that are no entry for users."""


def propose_journeys(system: System, entries: Sequence[str] = ()) -> System:
    """The system, with journeys where it had none: one for each place where users seem to come in, marked `proposed`.

    These are, in this order and only the first that yields any: `entries` (what an importer knows: targets of ingresses,
    roots of traces), what load generators and clients call, components that nobody calls synchronously, and, where all
    call one another, those that reach most. Telemetry, datastores, load generators and external systems are never entries.

    >>> from auditkit.model.system import Component, Dependency
    >>> shop = System(
    ...     system="shop",
    ...     components=(Component(id="web"), Component(id="api"), Component(id="db", kind="database")),
    ...     dependencies=(Dependency(caller="web", to="api"), Dependency(caller="api", to="db")),
    ... )
    >>> [(journey.id, journey.entry, journey.proposed) for journey in propose_journeys(shop).journeys]
    [('web', 'web', True)]
    """
    if system.journeys:
        return system
    kinds = {component.id: component.kind for component in system.components}

    def allowed(found: Iterable[str]) -> list[str]:
        return [entry for entry in dict.fromkeys(found) if kinds.get(split_target(entry)[0], "telemetry") not in NEVER]

    given = [(entry, "traffic enters here") for entry in allowed(entries)]
    driven = {
        target: f"called by {dependency.caller}"
        for dependency in system.dependencies
        if kinds.get(split_target(dependency.caller)[0]) in DRIVERS
        for target in dependency.to
    }
    called = {
        split_target(target)[0]
        for dependency in system.dependencies
        if dependency.call == "sync" and split_target(dependency.caller)[0] not in {split_target(t)[0] for t in dependency.to}
        for target in targets(dependency)
    }
    uncalled = [
        (entry, "nobody is known to call it synchronously") for entry in allowed(name for name in kinds if name not in called)
    ]
    chosen = (
        given
        or [(entry, driven[entry]) for entry in allowed(driven)]
        or uncalled
        or [(entry, "it reaches most others") for entry in _reaching(system, allowed(kinds))]
    )
    taken: set[str] = set()
    journeys = tuple(_journey(entry, why, taken) for entry, why in chosen)
    return system.model_copy(update={"journeys": journeys})


def _journey(entry: str, why: str, taken: set[str]) -> Journey:
    component, operation = split_target(entry)
    base = re.sub(r"[^A-Za-z0-9._]+", "-", f"{component} {operation}").strip("-.") if operation else component
    name, number = base, 2
    while name in taken:
        name, number = f"{base}-{number}", number + 1
    taken.add(name)
    return Journey(
        id=name, entry=entry, proposed=True, evidence=(Evidence(source="auditkit", locator=why, confidence="inferred"),)
    )


def _reaching(system: System, ids: Sequence[str]) -> list[str]:
    """As few components as possible from which all others are reached; where every component is called by some other."""
    below: dict[str, set[str]] = {}
    for dependency in system.dependencies:
        below.setdefault(split_target(dependency.caller)[0], set()).update(
            split_target(target)[0] for target in targets(dependency)
        )
    import networkx as nx

    graph: nx.DiGraph[str] = nx.DiGraph()
    graph.add_nodes_from(sorted(ids))
    graph.add_edges_from((caller, callee) for caller in sorted(below) for callee in sorted(below[caller]))
    circles = nx.condensation(graph)  # whoever is in a circle reaches the same as all others in it
    chosen: list[str] = []
    reached: set[int] = set()
    for circle in nx.topological_sort(circles):
        entries = circles.nodes[circle]["members"] & set(ids)
        if circle not in reached and entries:
            chosen.append(min(entries))
            reached.add(circle)
        if circle in reached:
            reached.update(circles.successors(circle))
    return sorted(chosen)
