"""The cut-set browser: what fails together to fail a journey, by journey, size and name."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import ipywidgets as widgets

from auditkit.model.failure import CutSets, Mode
from auditkit.notebook.failure_tables import availability_table, cut_sets_table, single_points_table
from auditkit.notebook.frames import table_html
from auditkit.notebook.panel import Panel, told
from auditkit.project import Audit

SHOWN = 200
"""Sets that are shown at most; the count above the table is of all of them."""


def cut_set_panel(audit: Audit) -> Panel:
    """Browse the minimal cut sets of an audit. The plain call: `audit.cut_sets(journey, mode=…)`.

    Parts: `journey`, `mode`, `size`, `name`, `table`, `message`.
    """
    journeys = [journey.id for journey in audit.system.journeys]
    return cut_set_browser(journeys, lambda journey, mode: audit.cut_sets(journey, mode=mode))


def cut_set_browser(journeys: Sequence[str], sets: Callable[[str, Mode], Sequence[CutSets]]) -> Panel:
    """The browser over any source of cut sets."""
    journey = widgets.Dropdown(options=list(journeys), description="Journey")
    mode = widgets.ToggleButtons(options=[("down", "down"), ("slow", "slow")], value="down", style={"button_width": "6rem"})
    size = widgets.Dropdown(options=[("any size", 0), ("alone", 1), ("pairs", 2), ("triples", 3)], value=0, description="Size")
    name = widgets.Text(description="With", placeholder="part of a name")
    table, message = widgets.HTML(), widgets.HTML()

    def show() -> str | None:
        if journey.value is None:
            table.value = "<p>There is no journey yet.</p>"
            return None
        found = sets(journey.value, mode.value)
        kept = [chosen.model_copy(update={"sets": _matching(chosen, size.value, name.value.strip())}) for chosen in found]
        total = sum(len(chosen.sets) for chosen in kept)
        listed = [chosen.model_copy(update={"sets": chosen.sets[:SHOWN]}) for chosen in kept]
        more = f" The first {SHOWN} of them:" if total > SHOWN else ""
        table.value = (
            table_html(availability_table(found))
            + table_html(single_points_table(found))
            + f"<p>{total} sets match.{more}</p>"
            + (table_html(cut_sets_table(listed)) if total else "")
        )
        return None

    for part in (journey, mode, size, name):
        part.observe(lambda _: told(message, show), "value")
    told(message, show)
    bar = widgets.HBox([journey, mode, size, name], layout=widgets.Layout(flex_flow="row wrap"))
    parts = {"journey": journey, "mode": mode, "size": size, "name": name, "table": table, "message": message}
    return Panel(widgets.VBox([bar, message, table]), parts)


def _matching(sets: CutSets, size: int, name: str) -> tuple[tuple[str, ...], ...]:
    fits = (cut for cut in sets.sets if size in (0, len(cut)))
    return tuple(cut for cut in fits if not name or any(name in atom for atom in cut))
