"""The dependency graph that answers clicks: vis-network out of pyvis' own wheel, in an anywidget. What it shows is passed in."""

from __future__ import annotations

from collections.abc import Mapping
from importlib.resources import files
from typing import Any

import anywidget
import traitlets

from auditkit.model.failure import State
from auditkit.model.system import System
from auditkit.notebook.graph import OPTIONS, Positions, to_pyvis, vis_network_js

_HERE = files("auditkit.notebook")
# vis-network comes as UMD; given its own exports it neither looks for a module loader nor leaves a global behind
_BEFORE, _AFTER = "const vis = {};\n(function (exports, module, define) {\n", "\n}).call(globalThis, vis, {}, undefined);\n"


class DependencyGraph(anywidget.AnyWidget):
    """vis-network in a notebook: nodes and edges go in, the id of the component that was clicked or typed comes out."""

    _esm = _BEFORE + vis_network_js() + _AFTER + (_HERE / "graph_widget.js").read_text(encoding="utf-8")
    _css = (_HERE / "graph_widget.css").read_text(encoding="utf-8")

    nodes: Any = traitlets.List().tag(sync=True)
    edges: Any = traitlets.List().tag(sync=True)
    names: Any = traitlets.List().tag(sync=True)
    options = traitlets.Dict().tag(sync=True)
    selected = traitlets.Unicode("").tag(sync=True)
    description = traitlets.Unicode("").tag(sync=True)
    said = traitlets.Unicode("").tag(sync=True)
    height = traitlets.Int(520).tag(sync=True)


def dependency_graph(
    system: System,
    layout: Positions,
    states: Mapping[str, State] | None = None,
    *,
    height: int = 520,
    labels: Mapping[str, str] | None = None,
) -> DependencyGraph:
    """The graph of a system as a widget; `selected` follows the clicks."""
    graph = DependencyGraph(options=dict(OPTIONS), height=height, names=[component.id for component in system.components])
    show_states(graph, system, layout, states, labels)
    return graph


def show_states(
    graph: DependencyGraph,
    system: System,
    layout: Positions,
    states: Mapping[str, State] | None,
    labels: Mapping[str, str] | None = None,
) -> None:
    """Redraw a graph: only what differs is sent to the browser and changed there."""
    network = to_pyvis(system, layout, states, height=graph.height, labels=labels)
    with graph.hold_sync():
        graph.nodes, graph.edges = network.nodes, network.edges
        graph.description = describe(system, states)


def describe(system: System, states: Mapping[str, State] | None = None) -> str:
    """The picture in words, for those who do not see it."""
    text = f"Dependency graph of {system.system}: {len(system.components)} components, {len(system.dependencies)} dependencies."
    if states is None:
        return text
    hit = sorted(f"{name} {states[name]}" for name in states if states[name] > State.OK)
    return f"{text} {'; '.join(hit) if hit else 'Everything is ok'}."
