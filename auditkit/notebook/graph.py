"""The dependency graph as a pyvis network: one converter, positions given, no physics; and its stand-alone page.

Not pyvis' own `from_nx` and `generate_html`: the first knows nothing of operations, alternatives and states, the second's
page asks outside hosts for style sheets.
"""

from __future__ import annotations

import html
import json
from collections.abc import Mapping
from functools import lru_cache
from importlib.resources import files
from typing import TYPE_CHECKING

from auditkit.model.failure import State
from auditkit.model.paths import alternatives
from auditkit.model.system import Component, Dependency, System, split_target
from auditkit.notebook.appearance import ACCENT, INK, LOOKS, MUTED, NOT_OURS, STORES

if TYPE_CHECKING:
    from pyvis.network import Network

Positions = Mapping[str, tuple[float, float]]
"""Centre of each component, in pixels, x to the right and y downwards."""

OPTIONS: Mapping[str, object] = {
    "physics": {"enabled": False},
    "layout": {"improvedLayout": False},
    "nodes": {
        "font": {"size": 15, "face": "sans-serif", "color": INK},
        "borderWidth": 1.5,
        "borderWidthSelected": 4,
        "margin": 8,
    },
    "edges": {
        "arrows": {"to": {"enabled": True, "scaleFactor": 0.6}},
        "color": {"color": MUTED, "highlight": ACCENT, "hover": ACCENT},
        "font": {"size": 11, "color": INK, "strokeWidth": 4, "align": "middle"},
        "smooth": {"enabled": True, "type": "cubicBezier", "forceDirection": "vertical", "roundness": 0.4},
        "width": 1.4,
    },
    "interaction": {"hover": True, "tooltipDelay": 150, "multiselect": False, "zoomView": True, "keyboard": False},
}
"""Options of vis-network that every graph shares."""


def to_pyvis(
    system: System,
    layout: Positions,
    states: Mapping[str, State] | None = None,
    *,
    height: int = 520,
    labels: Mapping[str, str] | None = None,
) -> Network:
    r"""The system as a pyvis network: a node per component, an edge per dependency and target, at the given positions.

    `states` (component id -> state) colours the nodes and puts symbol and word into their labels; components without one
    stay grey. Operations are drawn at their component. Asynchronous calls are dashed, fallbacks dotted; `?` marks an unanswered
    on_failure. `labels` replaces names where something else is to be read.

    >>> from auditkit.model.system import Component, Dependency
    >>> shop = System(system="shop", components=(Component(id="web"), Component(id="db", kind="database")),
    ...     dependencies=(Dependency(caller="web:browse", to="db", on_failure="fail"),))
    >>> network = to_pyvis(shop, {"web": (0, 0), "db": (0, 90)}, {"db": State.FAILED})
    >>> [(node["id"], node["x"], node["y"], node["label"]) for node in network.nodes]
    [('web', 0.0, 0.0, 'web'), ('db', 0.0, 90.0, 'db\n✕ failed')]
    >>> [(edge["from"], edge["to"]) for edge in network.edges]
    [('web', 'db')]
    """
    from pyvis.network import Network

    network = Network(height=f"{height}px", width="100%", directed=True, notebook=False, cdn_resources="in_line")
    for component in system.components:
        x, y = layout[component.id]
        state = None if states is None else states.get(component.id)
        look, label = LOOKS[state], (labels or {}).get(component.id, component.id)
        network.add_node(
            component.id,
            label=label if state is None else f"{label}\n{look.symbol} {look.word}",
            shape="ellipse" if component.kind in STORES else "box",
            shapeProperties={"borderDashes": [5, 3] if component.kind in NOT_OURS else False, "borderRadius": 5},
            title=_about(component),
            color={"background": look.fill, "border": look.border, "highlight": {"background": look.fill, "border": ACCENT}},
            x=float(x),
            y=float(y),
            physics=False,
        )
    shown = {component.id for component in system.components}
    for number, dependency in enumerate(system.dependencies):
        caller = split_target(dependency.caller)[0]
        usual = [(target, _edge_label(dependency), dependency.call == "async") for target in dependency.to]
        instead = [(other.to, "fallback", [1, 4]) for other in alternatives(dependency)]
        for target, label, dashes in (*usual, *instead):
            callee = split_target(target)[0]
            if {caller, callee} <= shown:
                about = _about_call(dependency)
                network.add_edge(caller, callee, id=f"{number} {target} {label}", title=about, label=label, dashes=dashes)
    network.set_options(json.dumps(dict(OPTIONS)))
    return network


def _about(component: Component) -> str:
    parts = [component.id, component.kind]
    if component.instances is not None:
        parts.append(f"{component.instances} instances, {component.needed} must be up")
    if component.placement:
        parts.append(", ".join(f"{n} in {domain}" for domain, n in component.placement.items()))
    if component.owner:
        parts.append(f"owner {component.owner}")
    return "\n".join(parts)


def _about_call(dependency: Dependency) -> str:
    parts = [dependency.subject, f"{dependency.call}, on failure: {dependency.on_failure or 'nobody has said'}"]
    if dependency.evidence:
        parts.append(f"known by: {dependency.confidence}")
    return "\n".join(parts)


def _edge_label(dependency: Dependency) -> str:
    of = f"{dependency.needed} of {len(dependency.to)}" if len(dependency.to) > 1 else ""
    asked = "?" if dependency.on_failure is None and dependency.call == "sync" else ""
    return f"{of} {asked}".strip()


@lru_cache(maxsize=1)
def vis_network_js() -> str:
    """The vis-network file out of pyvis' own wheel; its licence (Apache-2.0 or MIT) stands at its top."""
    return (files("pyvis") / "lib" / "vis-9.1.2" / "vis-network.min.js").read_text(encoding="utf-8")


def graph_html(network: Network, title: str, alt: str) -> str:
    """A page of its own around a network: everything inside, no request to any host. `alt` says the picture in words."""
    data = json.dumps({"nodes": network.nodes, "edges": network.edges, "options": dict(OPTIONS)}, sort_keys=True)
    data = data.replace("<", "\\u003c")  # names come from strangers' files; nothing in them may end the script
    return _PAGE.format(
        title=html.escape(title),
        alt=html.escape(alt),
        height=html.escape(str(network.height)),
        vis=vis_network_js().replace("</script", "<\\/script"),
        data=data,
    )


_PAGE = """<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title}</title>
<style>
body {{ margin: 1rem; font: 16px/1.4 sans-serif; color: #1b1b1b; background: #fff }}
#graph {{ height: {height}; border: 1px solid #8c8c8c }}
div.vis-tooltip {{ position: absolute; padding: 4px 8px; background: #fff; border: 1px solid #595959; white-space: pre; font-size: 13px; pointer-events: none; z-index: 5 }}
</style>
</head>
<body>
<h1>{title}</h1>
<div id="graph" role="img" aria-label="{alt}"></div>
<p>{alt}</p>
<script>{vis}</script>
<script>
const data = {data};
new vis.Network(document.getElementById("graph"), {{ nodes: new vis.DataSet(data.nodes), edges: new vis.DataSet(data.edges) }}, data.options);
</script>
</body>
</html>
"""  # noqa: E501  one line of style is one thing
