"""The map as GraphML, for graph tools (yEd, Gephi, networkx); the graphml importer reads it back."""

from __future__ import annotations

import re

from auditkit.exporters.base import Exporter, Made
from auditkit.importers.dotted import PREFIX, flat, whole
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import System, split_target

_NOT_IN_XML = re.compile(r"[^\t\n\r -\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def export(system: System, strategy: Strategy | None) -> Made:
    """`graphml/system.graphml`: a node for each component, an edge for each target of a dependency."""
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph()
    graph.graph.update({key: _xml(value) for key, value in whole(system).items()})
    for component in system.components:
        facts = {f"{PREFIX}{key}": _xml(value) for key, value in flat(component).items() if key != "id"}
        graph.add_node(component.id, label=component.id, **facts)
    for number, dependency in enumerate(system.dependencies):
        facts = {f"{PREFIX}{key}": _xml(value) for key, value in flat(dependency).items()}
        for target in dependency.to:
            pair = split_target(dependency.caller)[0], split_target(target)[0]
            graph.add_edge(*pair, key=f"{number}-{target}", **facts)
    text = "\n".join(nx.generate_graphml(graph)) + "\n"
    made = Artifact(path="graphml/system.graphml", content=text.encode("utf-8", "replace"), title="The map (GraphML)")
    gaps = [Gap(where=system.system, what=f"{len(system.questions)} open questions have no place in a graph")]
    return (made,), tuple(gaps if system.questions else ())


def _xml(text: str) -> str:
    return _NOT_IN_XML.sub("\ufffd", text)


EXPORTER = Exporter(
    name="graphml",
    title="Map (GraphML)",
    prose=(
        "The map as it is today for graph tools: components are nodes, calls are edges (one for each alternative), their facts"
        " attributes that begin with auditkit. The importer graphml reads all of it back but evidence and open questions."
    ),
    export=export,
)
