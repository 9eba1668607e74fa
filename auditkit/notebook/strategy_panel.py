"""The strategy panel: what the strategy still lacks, which formats to write, and links to what was written."""

from __future__ import annotations

import html
import os
from pathlib import Path
from urllib.parse import quote

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.frames import table_html
from auditkit.notebook.panel import Panel, told
from auditkit.notebook.strategy_tables import gaps_table, missing_table
from auditkit.project import Audit, Written
from auditkit.project.exporting import targets


def strategy_panel(audit: Audit) -> Panel:
    """Choose formats and write them. The plain call: `audit.export(to=(…))`.

    Parts: `formats`, `go`, `standing`, `links`, `message`.
    """
    known = targets()
    formats = widgets.SelectMultiple(
        options=known,
        value=tuple(name for name in ("md", "html") if name in known),
        description="Formats",
        rows=min(max(len(known), 3), 8),
    )
    go = widgets.Button(description="Write", button_style="primary", tooltip="plans where that is stale, then writes into out/")
    standing, links, message = widgets.HTML(), widgets.Output(), widgets.HTML()

    def stand() -> None:
        rows = "".join(f"<li>{html.escape(f'{step.title}: {step.condition} {step.note}'.strip())}</li>" for step in audit.steps())
        strategy = audit.strategy
        waiting = 0 if strategy is None else sum(not policy.adopted for policy in strategy.policies)
        asked = len(audit.questions())
        empty = audit.missing()
        slots = f"<details><summary>{len(empty)} slots without evidence</summary>{table_html(missing_table(empty))}</details>"
        open_ = "1 question is open" if asked == 1 else f"{asked} questions are open"
        counts = f"<li>{waiting} proposals wait for a decision</li><li>{open_}</li><li>{slots}</li>"
        standing.value = f'<ul style="line-height:1.5">{rows}{counts}</ul>'

    def write() -> str:
        if not formats.value:
            raise InputError.of("Formats", "none is chosen", f"choose from: {', '.join(known)}")
        written = audit.export(to=tuple(formats.value))
        # an output, not an HTML widget: JupyterLab turns links in outputs into links to the files of its server
        data = {"text/html": links_html(audit.folder, written), "text/plain": "\n".join(file.path for file in written.artifacts)}
        links.outputs = ({"output_type": "display_data", "data": data, "metadata": {}},)
        stand()
        return f"{len(written.artifacts)} files written."

    go.on_click(lambda _: told(message, write))
    told(message, lambda: stand())
    box = widgets.VBox([standing, formats, go, message, links])
    return Panel(box, {"formats": formats, "go": go, "standing": standing, "links": links, "message": message})


def links_html(folder: Path, written: Written) -> str:
    """Links to written files, relative to the notebook that shows them, and what the targets cannot express."""
    here = Path.cwd()
    app = os.environ.get("VOILA_BASE_URL")

    def link(path: str) -> str:
        if app is not None:  # Voila serves files at an address of its own, from the audit folder on
            return f"{app}voila/files/{quote(path)}"
        return quote(Path(os.path.relpath((folder / path).resolve(), here.resolve())).as_posix())

    items = "".join(
        f'<li><a href="{link(file.path)}" target="_blank" rel="noopener">{html.escape(file.path)}</a> '
        f"{html.escape(file.title)}</li>"
        for file in written.artifacts
    )
    gaps = f"<p>What the targets cannot express</p>{table_html(gaps_table(written))}" if written.gaps else ""
    return f"<ul>{items}</ul>{gaps}"
