"""Audit picker and progress: which audits lie here, how far each is, and what comes next."""

from __future__ import annotations

import html
from pathlib import Path

import ipywidgets as widgets

from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import steps_table
from auditkit.notebook.panel import Panel, told
from auditkit.project import Audit

CHAPTERS = {
    "map": "01_map_the_system",
    "latency": "04_latency_to_timeouts",
    "plan": "07_strategy",
    "prove": "06_prove_it",
    "document": "07_strategy",
}
"""The notebook in which each step is done."""


def progress_panel(audit: Audit) -> Panel:
    """Steps of this audit, or of another one beside it: done, stale, open, and the notebook that does the next.

    The plain calls: `audit.steps()`, `see.open_audit("another-folder")`. Parts: `audit`, `refresh`, `table`, `message`.
    """
    here = audit.folder.resolve()
    beside = sorted(path.parent for path in here.parent.glob("*/system.yaml"))
    choice = widgets.Dropdown(
        options=[(str(path.name), str(path)) for path in dict.fromkeys([here, *beside])], value=str(here), description="Audit"
    )
    refresh = widgets.Button(description="Look again", tooltip="reads the folder as it is now")
    table, message = widgets.HTML(), widgets.HTML()

    def show() -> str | None:
        chosen = Audit.open(Path(choice.value))
        steps = chosen.steps()
        following = next((step for step in steps if step.condition != "done"), None)
        words = "Everything is done and up to date."
        if following is not None:
            words = f"Next: {following.title}, in {CHAPTERS[following.name]}."
        call = html.escape(f"audit = see.open_audit({str(choice.value)!r})")
        other = "" if Path(choice.value) == here else f"<p>To go on with it: <code>{call}</code></p>"
        table.value = table_html(steps_table(steps)) + f"<p>{html.escape(words)}</p>" + other
        return None

    choice.observe(lambda _: told(message, show), "value")
    refresh.on_click(lambda _: told(message, show))
    told(message, show)
    box = widgets.VBox([widgets.HBox([choice, refresh]), table, message])
    return Panel(box, {"audit": choice, "refresh": refresh, "table": table, "message": message})
