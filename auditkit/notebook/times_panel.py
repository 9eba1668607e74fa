"""Saying which times were normal. The plain call: `audit.measure(incidents=["2026-03-09T10:00/2026-03-09T10:30=deploy"])`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.frames import frame, table_html
from auditkit.notebook.panel import Panel, told
from auditkit.project import Audit

if TYPE_CHECKING:
    import pandas as pd

KINDS = (("not normal: leave it out", "incident"), ("normal: keep it", "normal"))


def times_table(audit: Audit) -> pd.DataFrame:
    """Times that somebody has called normal, or not; and how many slices of each call were left out."""
    facts = audit.facts
    said = [("not normal", p) for p in facts.incidents] + [("normal", p) for p in facts.normal_times]
    rows = [("all calls", kind, f"{p.start:%Y-%m-%d %H:%M} to {p.end:%Y-%m-%d %H:%M}", p.label or "–") for kind, p in said]
    rows += [
        (p.call, "left out", f"{p.left_out_slices} of {p.slices + p.left_out_slices} slices", "they stand apart, or were named")
        for p in audit.profiles.values()
        if p.left_out_slices
    ]
    return frame(("calls", "what", "when", "why"), rows)


def times_panel(audit: Audit) -> Panel:
    """Name a time that was normal, or was not; it is kept in `audit.yaml`, and everything is measured again.

    Parts: `kind`, `start`, `end`, `why`, `go`, `table`, `message`.
    """
    kind = widgets.ToggleButtons(options=KINDS, description="It was", style={"button_width": "12rem"})
    start = widgets.Text(description="From", placeholder="2026-03-09T10:00, in UTC")
    end = widgets.Text(description="To", placeholder="2026-03-09T10:30")
    why = widgets.Text(description="Why", placeholder="deploy, sale, test")
    go = widgets.Button(description="Measure again", button_style="primary", tooltip="keeps the time, measures everything anew")
    table, message = widgets.HTML(table_html(times_table(audit))), widgets.HTML()

    def act() -> str:
        if not why.value.strip():
            raise InputError.of("Time", "has no reason", "say why it was normal, or was not")
        times = [f"{start.value.strip()}/{end.value.strip()}={why.value.strip()}"]
        if kind.value == "incident":
            audit.measure(incidents=times)
        else:
            audit.measure(normal=times)
        table.value = table_html(times_table(audit))
        return f"{why.value.strip()}: kept in audit.yaml, and {len(audit.profiles)} calls are measured again."

    go.on_click(lambda _: told(message, act))
    row = widgets.Layout(flex_flow="row wrap")
    box = widgets.VBox([kind, widgets.HBox([start, end, why], layout=row), go, message, table])
    return Panel(box, {"kind": kind, "start": start, "end": end, "why": why, "go": go, "table": table, "message": message})
