"""The dependency graph that answers clicks, and the blast-radius explorer around it. They show; what they show is passed in."""

from __future__ import annotations

import html
from collections.abc import Callable, Mapping
from importlib.resources import files
from typing import Any

import anywidget
import ipywidgets as widgets
import traitlets

from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.model.system import System
from auditkit.notebook.appearance import LOOKS, state_chip
from auditkit.notebook.graph import OPTIONS, Positions, to_pyvis, vis_network_js
from auditkit.notebook.panel import Panel, told
from auditkit.notebook.views import MOST, Grouping, around, group_labels, grouped, groups, part

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


def blast_explorer(
    system: System,
    arrange: Callable[[System], Positions],
    blast: Callable[[str, Mode], BlastRadius],
    *,
    mode: Mode = "down",
    selected: str = "",
    height: int = 480,
    by: Grouping = "owner",
    most: int = MOST,
) -> Panel:
    """Click a component, or choose its name: what happens to everything when it is down, or slow.

    `blast(atom, mode)` computes, `arrange(system)` places; the plain call beside it is `audit.blast_radius(fail=[atom],
    mode=mode)`. Above `most` components the picture starts with groups (`by` owner or zone); a click opens a group, a
    component is shown with its neighbours and what it reaches. Parts: `graph`, `atom`, `mode`, `table`, `message`.
    """
    nodes = tuple(component.id for component in system.components)
    graph = DependencyGraph(options=dict(OPTIONS), height=height, names=list(nodes))
    # what is no node can fail too: common causes and zones
    atoms = nodes + tuple(sorted(_other_atoms(system) - set(nodes)))
    atom = widgets.Dropdown(options=[("(nothing)", ""), *((name, name) for name in atoms)], value="", description="What fails")
    how = widgets.ToggleButtons(
        options=[("is down", "down"), ("is slow", "slow")],
        value=mode,
        style={"button_width": "6rem"},
        tooltips=["answers quickly with an error", "does not answer in time"],
    )
    table, message = widgets.HTML(), widgets.HTML()
    whole = arrange(system) if len(nodes) <= most else None
    members = {} if whole is not None else groups(system, by)

    def show() -> str | None:
        graph.selected = atom.value if atom.value in nodes else ""
        if not atom.value:
            _overview(graph, system, whole, members, arrange)
            table.value = "<p>Click a component, or choose one above.</p>"
            graph.said = ""
            return None
        radius = blast(atom.value, how.value)
        if whole is not None:
            show_states(graph, system, whole, radius.components)
        else:
            hit = [name for name, state in radius.components.items() if state > State.OK]
            shown = part(system, around(system, [n for n in radius.fail if n in nodes] or hit[:1], hit, most))
            show_states(graph, shown, arrange(shown), radius.components)
        table.value = radius_html(radius)
        graph.said = sentence(radius)
        return None

    def clicked(change: Any) -> None:
        if change["new"] in nodes and change["new"] != atom.value:
            atom.value = change["new"]
        elif change["new"] in members:
            inside = part(system, around(system, members[change["new"]], most=most))
            show_states(graph, inside, arrange(inside), None)
            graph.said = (
                f"{change['new'].removeprefix('group.')}: {len(members[change['new']])} components, with whom they speak."
            )

    graph.observe(clicked, "selected")
    atom.observe(lambda _: told(message, show), "value")
    how.observe(lambda _: told(message, show), "value")
    atom.value = selected
    told(message, show)
    side = widgets.VBox([table], layout=widgets.Layout(flex="1 1 22rem", overflow="auto", max_height=f"{height + 60}px"))
    graph.layout = widgets.Layout(flex="3 1 30rem", min_width="0")
    row = widgets.HBox([graph, side], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([widgets.HBox([atom, how], layout=widgets.Layout(flex_flow="row wrap")), row, _legend(), message])
    return Panel(box, {"graph": graph, "atom": atom, "mode": how, "table": table, "message": message})


def _overview(
    graph: DependencyGraph,
    system: System,
    whole: Positions | None,
    members: Mapping[str, tuple[str, ...]],
    arrange: Callable[[System], Positions],
) -> None:
    if whole is not None:
        show_states(graph, system, whole, None)
        return
    coarse = grouped(system, members)
    show_states(graph, coarse, arrange(coarse), None, group_labels(members))


def _other_atoms(system: System) -> set[str]:
    causes = {cause.id for cause in system.common_causes}
    return causes | {domain for component in system.components for domain in component.placement or {}}


def _legend() -> widgets.HTML:
    return widgets.HTML("<p>" + " ".join(state_chip(state) for state in LOOKS if state is not None) + "</p>")


def sentence(radius: BlastRadius) -> str:
    """One scenario in one sentence.

    >>> sentence(BlastRadius(fail=("db",), mode="slow", assume="worst", journeys={"buy": State.HUNG, "look": State.OK},
    ...     components={}, value_lost=0.75))
    'With db slow, buy is hung; 75 % of the value is lost.'
    """
    fails = " and ".join(radius.fail) or "nothing"
    hit = [f"{journey} is {state}" for journey, state in radius.journeys.items() if state > State.OK]
    lost = f"{radius.value_lost:.0%}".replace("%", " %")
    return f"With {fails} {radius.mode}, {', '.join(hit) if hit else 'every journey is ok'}; {lost} of the value is lost."


def radius_html(radius: BlastRadius) -> str:
    """One scenario as tables: journeys, components that it reaches, and what was assumed."""
    worst = {journey: f" ({seconds * 1000:.0f} ms at worst)" for journey, seconds in radius.worst_case_s.items()}
    journeys = _rows((name, state_chip(state) + worst.get(name, "")) for name, state in radius.journeys.items())
    hit = sorted((item for item in radius.components.items() if item[1] > State.OK), key=lambda item: (-item[1].badness, item[0]))
    components = _rows((name, state_chip(state)) for name, state in hit) if hit else "<p>No component beside it.</p>"
    assumed = "".join(f"<li>{html.escape(f'{item.where}: {item.what}')}</li>" for item in radius.assumptions)
    return (
        f"<p><b>{html.escape(sentence(radius))}</b></p><p>Journeys</p>{journeys}<p>Components that it reaches</p>{components}"
        + (f"<details><summary>{len(radius.assumptions)} assumptions</summary><ul>{assumed}</ul></details>" if assumed else "")
    )


def _rows(pairs: Any) -> str:
    rows = "".join(f'<tr><th scope="row" style="text-align:left">{html.escape(a)}</th><td>{b}</td></tr>' for a, b in pairs)
    return f'<table style="border-spacing:.6em .2em">{rows}</table>'
