"""Taking files in: into the map, with what was found and what it leaves open; or as latencies."""

from __future__ import annotations

import html
from collections.abc import Sequence
from pathlib import Path

import ipywidgets as widgets

from auditkit.model.system import System
from auditkit.notebook.file_panel import file_panel
from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import coverage_table
from auditkit.notebook.panel import Panel
from auditkit.notebook.questions_panel import questions_panel
from auditkit.project import Audit

MAPS, LATENCIES = ".yaml,.yml,.json,.csv", ".csv,.json,.jsonl,.parquet,.log,.gz"
"""Endings that the choosers offer."""


def import_panel(audit: Audit) -> Panel:
    """Take files into the map, see what was found and how much is known, answer what is open.

    The plain call: `audit.import_files([…])`. Parts: those of the file chooser, and `questions` (a panel of its own).
    """
    found: list[str] = []

    def take(files: Sequence[Path]) -> str:
        before = audit.system
        audit.import_files(files)
        after = audit.system
        found[:] = news(before, after)
        questions["again"].click()
        folded.selected_index = 0
        return f"{len(after.components)} components and {len(after.dependencies)} dependencies are known now."

    def shown() -> str:
        listed = "".join(f"<li>{html.escape(line)}</li>" for line in found)
        return (f"<p>What was found</p><ul>{listed}</ul>" if listed else "") + table_html(coverage_table(audit.coverage()))

    questions = questions_panel(audit)
    chooser = file_panel(take, MAPS, shown)
    folded = widgets.Accordion([questions.box], titles=("What is still to be answered",), selected_index=None)
    return Panel(widgets.VBox([chooser.box, folded]), {**chooser.parts, "questions": questions})


def news(before: System, after: System) -> list[str]:
    """What an import has added: components and calls, by name.

    >>> from auditkit.model.system import Component
    >>> news(System(system="s"), System(system="s", components=(Component(id="web"), Component(id="db"))))
    ['2 new components: web, db', 'no new dependency', 'no new journey']
    """

    def new(what: str, old: Sequence[str], now: Sequence[str]) -> str:
        added = [name for name in now if name not in set(old)]
        names = ", ".join(added[:12]) + (" …" if len(added) > 12 else "")
        return f"{len(added)} new {what if len(added) == 1 else _many(what)}: {names}" if added else f"no new {what}"

    return [
        new("component", [c.id for c in before.components], [c.id for c in after.components]),
        new("dependency", [d.subject for d in before.dependencies], [d.subject for d in after.dependencies]),
        new("journey", [j.id for j in before.journeys], [j.id for j in after.journeys]),
    ]


def _many(what: str) -> str:
    return what[:-1] + "ies" if what.endswith("cy") else what + "s"


def measure_panel(audit: Audit) -> Panel:
    """Take latency exports in. The plain call: `audit.measure([…])`. Parts as in `file_panel`."""
    said: list[str] = []

    def take(files: Sequence[Path]) -> str:
        measured = audit.measure(files)
        said[:] = [*(f"No component of that name: {name}" for name in measured.unmatched), *measured.warnings]
        return f"{len(audit.profiles)} calls are measured now."

    return file_panel(take, LATENCIES, lambda: "".join(f"<div>{html.escape(line)}</div>" for line in said))
