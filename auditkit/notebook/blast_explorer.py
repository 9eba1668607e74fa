"""The blast-radius explorer: click a component, see what happens to everything when it is down, and when it is slow, and why."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Final

import ipywidgets as widgets

from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.model.system import System
from auditkit.notebook.appearance import LOOKS, state_chip
from auditkit.notebook.graph import OPTIONS, Positions
from auditkit.notebook.graph_widget import DependencyGraph, show_states
from auditkit.notebook.panel import Panel, told
from auditkit.notebook.radius_text import COLUMNS, Radii, Settings, radii_html, sentence
from auditkit.notebook.views import MOST, Grouping, around, group_labels, grouped, groups, part

Blast = Callable[[str, Mode], BlastRadius]


@dataclass(frozen=True, slots=True)
class Asked:
    """Where the explorer asks. `blast(atom, mode)` with today's settings, `proposed` with those of the plan, where there is one.

    `why(atom, journey, mode, settings)` says how the failure gets there; `arrange(system)` places.
    """

    arrange: Callable[[System], Positions]
    blast: Blast
    proposed: Blast | None = None
    why: Callable[[str, str, Mode, Settings], str] | None = None

    def radius(self, atom: str, mode: Mode, settings: Settings) -> BlastRadius:
        """One scenario."""
        return self.blast(atom, mode) if settings == "today" or self.proposed is None else self.proposed(atom, mode)


BESIDE: Final = 9
"""Components whose picture can be read with the table beside it; of more, it stands above the table."""


def blast_explorer(
    system: System,
    asked: Asked,
    *,
    mode: Mode = "down",
    selected: str = "",
    height: int = 480,
    by: Grouping = "owner",
    most: int = MOST,
) -> Panel:
    """Click a component, or choose its name: states of everything, down and slow, today and proposed, and why.

    The plain call beside it is `audit.blast_radius(fail=[atom], mode=mode)`. Above `most` components the picture starts with
    groups (`by` owner or zone); a click opens a group, a component is shown with its neighbours and what it reaches.
    Parts: `graph`, `atom`, `mode`, `settings`, `by`, `table`, `message`.
    """
    nodes = tuple(component.id for component in system.components)
    picture = _Picture(system, asked, DependencyGraph(options=dict(OPTIONS), height=height, names=list(nodes)), most, by)
    # what is no node can fail too: common causes and zones
    atoms = nodes + tuple(sorted(_other_atoms(system) - set(nodes)))
    atom = widgets.Dropdown(options=[("(nothing)", ""), *((name, name) for name in atoms)], value="", description="What fails")
    how = _toggle({"is down": "down", "is slow": "slow"}, mode, ["answers quickly with an error", "does not answer in time"])
    settings = _toggle(
        {"today": "today", "with the proposed settings": "proposed"}, "today", ["as it is configured", "as planned"]
    )
    settings.layout.display = None if asked.proposed is not None else "none"
    grouping = widgets.Dropdown(options=[("owner", "owner"), ("zone", "zone")], value=by, description="Groups by")
    table, message = widgets.HTML(), widgets.HTML()

    def show() -> None:
        named = atom.value
        picture.graph.selected = named if named in nodes else ""
        if not named:
            picture.overview()
            table.value = '<p style="padding-left:.8em">Click a component, or choose one above.</p>'
            return
        # the picture first: what was clicked answers at once, the other columns follow
        shown = asked.radius(named, how.value, settings.value)
        picture.scenario(shown)
        radii: Radii = {(settings.value, how.value): shown}
        table.value = radii_html(radii, shown)
        worst = max(shown.journeys, key=lambda journey: shown.journeys[journey].badness, default=None)
        why = "" if asked.why is None or worst is None else asked.why(named, worst, how.value, settings.value)
        for column, other in COLUMNS if asked.proposed is not None else COLUMNS[:2]:
            if (column, other) not in radii:
                radii[column, other] = asked.radius(named, other, column)
        table.value = radii_html(radii, shown, why)

    def clicked(change: Any) -> None:
        if change["new"] in nodes and change["new"] != atom.value:
            atom.value = change["new"]
        elif change["new"] in picture.members:
            picture.group(change["new"])

    def regrouped(change: Any) -> None:
        picture.group_by(change["new"])
        atom.value = ""
        show()

    picture.graph.observe(clicked, "selected")
    for part_ in (atom, how, settings):
        part_.observe(lambda _: told(message, show), "value")
    grouping.observe(lambda change: told(message, lambda: regrouped(change)), "value")
    atom.value = selected
    told(message, show)
    side = widgets.VBox(
        [table], layout=widgets.Layout(flex="3 1 36rem", min_width="0", overflow="auto", max_height=f"{height + 60}px")
    )
    # the table needs about 36rem in whole words; where both do not fit, it goes below
    beside = len(system.components) <= BESIDE  # a wider picture would be too small to read there
    picture.graph.layout = widgets.Layout(flex="2 1 22rem" if beside else "1 1 100%", min_width="0")
    bar = [atom, how, settings] + ([grouping] if picture.members else [])
    row = widgets.HBox([picture.graph, side], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([widgets.HBox(bar, layout=widgets.Layout(flex_flow="row wrap")), row, _legend(), message])
    parts = {"graph": picture.graph, "atom": atom, "mode": how, "settings": settings, "by": grouping}
    return Panel(box, {**parts, "table": table, "message": message})


@dataclass(slots=True)
class _Picture:
    """What the graph of the explorer shows: everything, groups, a group from inside, or a scenario."""

    system: System
    asked: Asked
    graph: DependencyGraph
    most: int
    by: Grouping
    whole: Positions | None = field(init=False)
    members: dict[str, tuple[str, ...]] = field(init=False)

    def __post_init__(self) -> None:
        self.whole = self.asked.arrange(self.system) if len(self.system.components) <= self.most else None
        self.group_by(self.by)

    def group_by(self, by: Grouping) -> None:
        self.members = {} if self.whole is not None else groups(self.system, by)

    def overview(self) -> None:
        self.graph.said = ""
        if self.whole is not None:
            show_states(self.graph, self.system, self.whole, None)
            return
        coarse = grouped(self.system, self.members)
        show_states(self.graph, coarse, self.asked.arrange(coarse), None, group_labels(self.members))

    def group(self, name: str) -> None:
        inside = part(self.system, around(self.system, self.members[name], most=self.most))
        show_states(self.graph, inside, self.asked.arrange(inside), None)
        self.graph.said = f"{name.removeprefix('group.')}: {len(self.members[name])} components, with whom they speak."

    def scenario(self, radius: BlastRadius) -> None:
        if self.whole is not None:
            show_states(self.graph, self.system, self.whole, radius.components)
        else:
            hit = [name for name, state in radius.components.items() if state > State.OK]
            centre = [name for name in radius.fail if name in radius.components] or hit[:1]
            shown = part(self.system, around(self.system, centre, hit, self.most))
            show_states(self.graph, shown, self.asked.arrange(shown), radius.components)
        self.graph.said = sentence(radius)


def _toggle(options: dict[str, str], value: str, tooltips: list[str]) -> Any:
    return widgets.ToggleButtons(options=list(options.items()), value=value, style={"button_width": "auto"}, tooltips=tooltips)


def _other_atoms(system: System) -> set[str]:
    causes = {cause.id for cause in system.common_causes}
    return causes | {domain for component in system.components for domain in component.placement or {}}


def _legend() -> widgets.HTML:
    return widgets.HTML("<p>" + " ".join(state_chip(state) for state in LOOKS if state is not None) + "</p>")
