"""The pictures of the notebooks: each wires one audit folder to a graph. What they show is computed by the audit."""

from __future__ import annotations

from pathlib import Path

from auditkit import engine
from auditkit.model.failure import BlastRadius, Mode
from auditkit.model.system import System
from auditkit.notebook.blast_explorer import Asked, blast_explorer
from auditkit.notebook.graph import Positions, graph_html, to_pyvis
from auditkit.notebook.graph_widget import DependencyGraph, dependency_graph, describe
from auditkit.notebook.panel import Panel
from auditkit.notebook.radius_text import Settings
from auditkit.notebook.views import MOST, Grouping, group_labels, grouped, groups
from auditkit.planning import with_policies
from auditkit.project import Audit


def graph_panel(audit: Audit, height: int = 520, by: Grouping = "owner") -> DependencyGraph:
    """The dependency graph of an audit; `selected` holds what was clicked. Above 150 components, its groups by owner or zone."""
    system, labels = _shown(audit.system, by)
    return dependency_graph(system, positions(system), height=height, labels=labels)


def save_graph(audit: Audit, by: Grouping = "owner") -> Path:
    """Write the picture of `graph_panel` as one HTML page, `out/graph.html`, that asks no network. Returns where it is."""
    system, labels = _shown(audit.system, by)
    network = to_pyvis(system, positions(system), height=720, labels=labels)
    return audit.keep("graph.html", graph_html(network, f"{audit.system.system}: who calls whom", describe(system)))


def _shown(system: System, by: Grouping) -> tuple[System, dict[str, str]]:
    members = groups(system, by) if len(system.components) > MOST else {}
    return (grouped(system, members), group_labels(members)) if members else (system, {})


def blast_panel(audit: Audit, mode: Mode = "down", selected: str = "", by: Grouping = "owner") -> Panel:
    """The blast-radius explorer of an audit; beside today's settings the proposed ones, once there is a plan.

    The plain calls: `audit.blast_radius(fail=[…], mode=…)`, `audit.explain([…], journey, mode)`.
    """
    strategy = audit.strategy
    planned = None if strategy is None else with_policies(audit.system, strategy.policies)

    def proposed(atom: str, how: Mode) -> BlastRadius:
        return engine.blast_radius(planned or audit.system, [atom], how, "worst", audit.profiles)

    def why(atom: str, journey: str, how: Mode, settings: Settings) -> str:
        if settings == "today" or planned is None:
            return audit.explain([atom], journey, how).sentence
        return engine.explain(planned, [atom], journey, how, "worst", audit.profiles).sentence

    asked = Asked(
        arrange=positions,
        blast=lambda atom, how: audit.blast_radius(fail=[atom], mode=how),
        proposed=None if planned is None else proposed,
        why=why,
    )
    return blast_explorer(audit.system, asked, mode=mode, selected=selected, by=by)


def positions(system: System) -> Positions:
    """Where components stand: the layout that the document uses, too."""
    from auditkit.document import layout

    return layout(system).positions
