"""The panels of the notebooks: each wires one audit folder to one widget. What they show is computed by the audit."""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.failure import Mode
from auditkit.model.system import System
from auditkit.notebook.frames import table_html
from auditkit.notebook.graph import Positions
from auditkit.notebook.graph_widget import DependencyGraph, blast_explorer, dependency_graph
from auditkit.notebook.map_tables import coverage_table, questions_table
from auditkit.notebook.panel import Panel, offer, told
from auditkit.notebook.views import MOST, group_labels, grouped, groups
from auditkit.project import Audit


def graph_panel(audit: Audit, height: int = 520) -> DependencyGraph:
    """The dependency graph of an audit; `selected` holds what was clicked. Above 150 components, its groups by owner."""
    system = audit.system
    members = groups(system) if len(system.components) > MOST else {}
    shown = grouped(system, members) if members else system
    return dependency_graph(shown, positions(shown), height=height, labels=group_labels(members))


def blast_panel(audit: Audit, mode: Mode = "down", selected: str = "") -> Panel:
    """The blast-radius explorer of an audit. The plain call: `audit.blast_radius(fail=[…], mode=…)`."""
    return blast_explorer(
        audit.system, positions, lambda atom, how: audit.blast_radius(fail=[atom], mode=how), mode=mode, selected=selected
    )


def import_panel(audit: Audit) -> Panel:
    """Take files into the map. The plain call: `audit.import_files([…])`. Parts: `paths`, `upload`, `go`, `result`, `message`."""

    def take(files: Sequence[Path]) -> str:
        audit.import_files(files)
        system = audit.system
        return f"{len(system.components)} components and {len(system.dependencies)} dependencies are known now."

    return file_panel(take, ".yaml,.yml,.json,.csv", lambda: table_html(coverage_table(audit.coverage())))


def measure_panel(audit: Audit) -> Panel:
    """Take latency exports in. The plain call: `audit.measure([…])`. Parts as in `import_panel`."""

    def take(files: Sequence[Path]) -> str:
        audit.measure(files)
        return f"{len(audit.profiles)} calls are measured now."

    return file_panel(take, ".csv,.json,.parquet,.log,.gz", lambda: "")


def file_panel(take: Callable[[Sequence[Path]], str], accept: str, shown: Callable[[], str]) -> Panel:
    """Choose files by path or by upload, and hand them to `take`; what it says is shown, and so is a refusal."""
    paths = widgets.Textarea(
        placeholder="paths of files on this machine, one a line",
        description="Files",
        layout=widgets.Layout(width="40rem", max_width="100%"),
    )
    upload = widgets.FileUpload(accept=accept, multiple=True, description="Upload")
    go = widgets.Button(description="Take them in", button_style="primary", tooltip="reads the files and saves what they say")
    result, message = widgets.HTML(shown()), widgets.HTML()

    def act() -> str:
        with tempfile.TemporaryDirectory() as place:
            files = [Path(line.strip()).expanduser() for line in paths.value.splitlines() if line.strip()]
            for item in upload.value:
                copy = Path(place) / Path(item["name"]).name
                copy.write_bytes(bytes(item["content"]))
                files.append(copy)
            if not files:
                raise InputError.of("Files", "nothing was chosen", "write a path, or upload a file")
            said = take(files)
        upload.value = ()
        result.value = shown()
        return said

    go.on_click(lambda _: told(message, act))
    box = widgets.VBox([paths, widgets.HBox([upload, go]), message, result])
    return Panel(box, {"paths": paths, "upload": upload, "go": go, "result": result, "message": message})


CHOICES: dict[str, tuple[str, ...]] = {
    "on_failure": ("fail", "degrade", "ignore"),
    "idempotent": ("yes", "no"),
    "call": ("sync", "async"),
    "failover": ("automatic", "manual"),
}
"""What a question about a key can be answered with; other keys take text with a unit, as in the file."""


KEYS: dict[str, str] = {"timeout": "policy.timeout"}
"""Where the answer to a question stands in the file, unless it is called the same."""


def questions_panel(audit: Audit, limit: int = 10) -> Panel:
    """Answer a question in place. The plain call: `audit.answer(where, key, value, by=…)`.

    Parts: `question`, `key`, `value`, `by`, `go`, `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    question = widgets.Dropdown(description="Question", layout=wide)
    key = widgets.Combobox(
        description="Key",
        options=[*CHOICES, "policy.timeout", "rate", "concurrency", "min_up", "deadline"],
        placeholder="on_failure",
    )
    value = widgets.Combobox(description="Answer", placeholder="for example degrade, 200ms, 200/s")
    by = widgets.Text(description="Says who", placeholder="a name or a team")
    go = widgets.Button(description="Save the answer", button_style="primary")
    table, message = widgets.HTML(), widgets.HTML()

    def fill() -> None:
        asked = audit.questions(limit=limit)
        listed = [(f"{item.where}: {item.what}", (item.where, item.id)) for item in asked]
        offer(question, listed or [("nothing is open", ("", ""))])
        table.value = table_html(questions_table(asked)) if asked else "<p>No question is open.</p>"

    def asked_about(_: Any) -> None:
        named = str(question.value[1]).split(" ")[0] if question.value else ""
        key.value = KEYS.get(named, named)

    def offered(change: Any) -> None:
        value.options = CHOICES.get(change["new"], ())

    def act() -> str:
        where = question.value[0] if question.value else ""
        if not where or not key.value or not value.value or not by.value.strip():
            raise InputError.of("Answer", "is not complete", "choose a question, and give key, answer and who says so")
        given: object = {"yes": True, "no": False}.get(value.value, value.value)
        audit.answer(where, key.value, int(str(given)) if str(given).isdigit() else given, by=by.value.strip())
        said = f"{where}: {key.value} is {value.value}, says {by.value.strip()}. Saved in system.yaml."
        value.value = ""
        fill()
        return said

    question.observe(asked_about, "value")
    key.observe(offered, "value")
    go.on_click(lambda _: told(message, act))
    fill()
    box = widgets.VBox(
        [question, widgets.HBox([key, value], layout=widgets.Layout(flex_flow="row wrap")), by, go, message, table]
    )
    return Panel(box, {"question": question, "key": key, "value": value, "by": by, "go": go, "table": table, "message": message})


def positions(system: System) -> Positions:
    """Where components stand: the layout that the document uses, too."""
    from auditkit.document import layout

    return layout(system).positions
