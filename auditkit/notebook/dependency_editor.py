"""The dependency editor: what each call means to its caller, answered one by one or for many calls at once."""

from __future__ import annotations

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.system import Dependency
from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import dependencies_table
from auditkit.notebook.panel import Panel, told
from auditkit.project import Audit
from auditkit.units import parse_duration, parse_rate

LEAVE = "(as it is)"


def dependency_editor(audit: Audit) -> Panel:
    """Choose one or many dependencies and say what is known of them; what is left as it is stays.

    The plain call: `audit.answer("from -> to", key, value, by=…)`. Parts: `calls`, `on_failure`, `fallback`, `idempotent`,
    `rate`, `timeout`, `by`, `go`, `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    calls = widgets.SelectMultiple(description="Calls", rows=8, layout=wide)
    on_failure = widgets.Dropdown(options=[LEAVE, "fail", "degrade", "ignore"], description="On failure")
    fallback = widgets.Text(description="Fallback", placeholder="what it serves instead; none, if there is none")
    idempotent = widgets.Dropdown(
        options=[(LEAVE, None), ("yes, twice is as once", True), ("no", False)], description="Idempotent"
    )
    rate = widgets.Text(description="Rate", placeholder="200/s at peak")
    timeout = widgets.Text(description="Timeout", placeholder="today's: 2s, or none")
    by = widgets.Text(description="Says who", placeholder="a name or a team")
    go = widgets.Button(description="Save", button_style="primary")
    table, message = widgets.HTML(), widgets.HTML()

    def fill() -> None:
        system = audit.system
        calls.options = [(f"{'? ' if unanswered(d) else '   '}{d.subject}", d.subject) for d in system.dependencies]
        table.value = table_html(dependencies_table(system))

    def answers() -> dict[str, object]:
        given: dict[str, object] = {}
        if on_failure.value != LEAVE:
            given["on_failure"] = on_failure.value
        if fallback.value.strip():
            said = fallback.value.strip()
            given["fallback"] = "none" if said == "none" else {"serves": said}
        if idempotent.value is not None:
            given["idempotent"] = idempotent.value
        if rate.value.strip():
            given["rate"] = _valid("Rate", rate.value.strip(), parse_rate)
        if timeout.value.strip():
            said = timeout.value.strip()
            given["policy.timeout"] = said if said == "none" else _valid("Timeout", said, parse_duration)
        return given

    def save() -> str:
        given = answers()
        if not calls.value or not given or not by.value.strip():
            raise InputError.of("Answer", "is not complete", "choose calls, fill in at least one field, and say who says so")
        chosen = tuple(calls.value)
        for subject in chosen:
            for key, value in given.items():
                audit.answer(subject, key, value, by=by.value.strip())
        fill()
        return f"{', '.join(given)} saved for {len(chosen)} calls, says {by.value.strip()}."

    go.on_click(lambda _: told(message, save))
    told(message, lambda: fill())
    fields = widgets.HBox([on_failure, idempotent, rate, timeout], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([calls, fields, fallback, widgets.HBox([by, go]), message, table])
    parts = {"calls": calls, "on_failure": on_failure, "fallback": fallback, "idempotent": idempotent, "rate": rate}
    return Panel(box, {**parts, "timeout": timeout, "by": by, "go": go, "table": table, "message": message})


def unanswered(dependency: Dependency) -> bool:
    """Whether nobody has said yet what a synchronous call means to its caller."""
    return dependency.call == "sync" and dependency.on_failure is None


def _valid(field: str, text: str, parse: object) -> str:
    assert callable(parse)
    try:
        parse(text)
    except ValueError as error:
        raise InputError.of(field, str(error), "") from error
    return text
