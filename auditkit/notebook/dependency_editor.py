"""The dependency editor: what each call means to its caller, answered one by one or for many calls at once."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.system import Dependency, split_target
from auditkit.notebook.appearance import MUTED, WARNING
from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import dependencies_table
from auditkit.notebook.panel import Panel, told
from auditkit.project import Audit
from auditkit.units import parse_duration, parse_rate

LEAVE = "(as it is)"


def dependency_editor(audit: Audit) -> Panel:
    """Choose one or many dependencies and say what is known of them; what is left as it is stays. Figures are read while typed.

    The plain call: `audit.answer_all([("from -> to", key, value), …], by=…)`. Parts: `calls`, `only`, `on_failure`, `fallback`,
    `idempotent`, `rate`, `timeout`, `owner` (of what is called), `by`, `go`, `hint`, `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    only = widgets.Checkbox(description="only what nobody has answered", indent=False, value=False)
    calls = widgets.SelectMultiple(description="Calls", rows=8, layout=wide)
    on_failure = widgets.Dropdown(options=[LEAVE, "fail", "degrade", "ignore"], description="On failure")
    fallback = widgets.Text(description="Fallback", placeholder="what it serves instead; none, if there is none", layout=wide)
    idempotent = widgets.Dropdown(
        options=[(LEAVE, None), ("yes, twice is as once", True), ("no", False)], description="Idempotent"
    )
    rate = widgets.Text(description="Rate", placeholder="200/s at peak")
    timeout = widgets.Text(description="Timeout", placeholder="today's: 2s, or none")
    owner = widgets.Text(description="Owner", placeholder="team of what is called")
    by = widgets.Text(description="Says who", placeholder="a name or a team")
    go = widgets.Button(description="Save", button_style="primary")
    hint, table, message = widgets.HTML(), widgets.HTML(), widgets.HTML()

    def fill(_: Any = None) -> None:
        system = audit.system
        shown = [d for d in system.dependencies if unanswered(d) or not only.value]
        calls.options = [(f"{'? ' if unanswered(d) else '   '}{d.subject}", d.subject) for d in shown]
        table.value = table_html(dependencies_table(system, audit.profiles))

    def typed(_: Any = None) -> None:
        hint.value = _read_as([("Rate", rate.value, parse_rate), ("Timeout", timeout.value, parse_duration)])

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
        given, team = answers(), owner.value.strip()
        if not calls.value or not (given or team) or not by.value.strip():
            raise InputError.of("Answer", "is not complete", "choose calls, fill in at least one field, and say who says so")
        chosen = tuple(calls.value)
        told_all = [(subject, key, value) for subject in chosen for key, value in given.items()]
        named_calls = (d for d in audit.system.dependencies if d.subject in chosen)
        callees = dict.fromkeys(split_target(target)[0] for d in named_calls for target in d.to)
        told_all += [(callee, "owner", team) for callee in callees if team]
        audit.answer_all(told_all, by=by.value.strip())
        fill()
        for field in (fallback, rate, timeout, owner):
            field.value = ""
        on_failure.value, idempotent.value = LEAVE, None
        named = [*given, *(["owner"] if team else [])]
        return f"{', '.join(named)} saved for {len(chosen)} calls, says {by.value.strip()}."

    for field in (rate, timeout):
        field.observe(typed, "value")
    only.observe(fill, "value")
    go.on_click(lambda _: told(message, save))
    told(message, fill)
    flow = widgets.Layout(flex_flow="row wrap")
    fields = widgets.HBox([on_failure, idempotent, owner], layout=flow)
    box = widgets.VBox(
        [only, calls, fields, fallback, widgets.HBox([rate, timeout], layout=flow), hint, widgets.HBox([by, go]), message, table]
    )
    parts = {"calls": calls, "only": only, "on_failure": on_failure, "fallback": fallback, "idempotent": idempotent, "rate": rate}
    rest = {"timeout": timeout, "owner": owner, "by": by, "go": go, "hint": hint, "table": table, "message": message}
    return Panel(box, {**parts, **rest})


def unanswered(dependency: Dependency) -> bool:
    """Whether nobody has said yet what a synchronous call means to its caller."""
    return dependency.call == "sync" and dependency.on_failure is None


Parse = Callable[[str], float]


def _valid(field: str, text: str, parse: Parse) -> str:
    try:
        parse(text)
    except ValueError as error:
        raise InputError.of(field, str(error), "") from error
    return text


def _read_as(fields: list[tuple[str, str, Parse]]) -> str:
    """What was typed, as it will be read, or why it cannot be: told while it is typed."""
    said = []
    for field, text, parse in fields:
        if text.strip() in ("", "none"):
            continue
        try:
            parse(text.strip())
        except ValueError as error:
            said.append(f'<div role="status" style="color:{WARNING}">{field}: {html.escape(str(error))}</div>')
        else:
            said.append(f'<div role="status" style="color:{MUTED}">{field}: ✓ {html.escape(text.strip())}</div>')
    return "".join(said)
