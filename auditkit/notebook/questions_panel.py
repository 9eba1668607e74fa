"""Answering questions in place: each answer goes into the file with the name of whoever gave it."""

from __future__ import annotations

from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import questions_table
from auditkit.notebook.panel import Panel, offer, told
from auditkit.project import Audit

CHOICES: dict[str, tuple[str, ...]] = {
    "on_failure": ("fail", "degrade", "ignore"),
    "idempotent": ("yes", "no"),
    "call": ("sync", "async"),
    "failover": ("automatic", "manual"),
}
"""What a question about a key can be answered with; other keys take text with a unit, as in the file."""

KEYS: dict[str, str] = {"timeout": "policy.timeout", "confirm": "call"}
"""Where the answer to a question stands in the file, unless it is called the same; who says how a call is made confirms it."""

EXAMPLES: dict[str, str] = {
    "policy.timeout": "2s, or none",
    "rate": "200/s",
    "concurrency": "200",
    "min_up": "2",
    "deadline": "500ms",
}
"""How an answer is written."""


def questions_panel(audit: Audit, limit: int = 10) -> Panel:
    """Answer a question in place. The plain call: `audit.answer(where, key, value, by=…)`.

    Parts: `question`, `key`, `value`, `by`, `go`, `again` (reads the folder as it is now), `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    question = widgets.Dropdown(description="Question", layout=wide)
    key = widgets.Combobox(description="Key", options=[*CHOICES, *EXAMPLES], placeholder="on_failure")
    value = widgets.Combobox(description="Answer", placeholder="for example degrade, 200ms, 200/s")
    by = widgets.Text(description="Says who", placeholder="a name or a team")
    go = widgets.Button(description="Save the answer", button_style="primary")
    again = widgets.Button(description="Look again", tooltip="reads the folder as it is now")
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
        value.placeholder = EXAMPLES.get(change["new"], " or ".join(value.options) or "as it stands in the file")

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
    again.on_click(lambda _: told(message, fill))
    told(message, fill)
    fields = widgets.HBox([key, value, by], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([question, fields, widgets.HBox([go, again]), message, table])
    parts = {"question": question, "key": key, "value": value, "by": by, "go": go, "again": again}
    return Panel(box, {**parts, "table": table, "message": message})
