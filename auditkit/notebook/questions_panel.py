"""Answering questions in place: each answer goes into the file with the name of whoever gave it, and can be taken back."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.system import Question
from auditkit.notebook.frames import table_html
from auditkit.notebook.map_tables import questions_table
from auditkit.notebook.panel import Panel, offer, told
from auditkit.project import Audit, answered_with

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

NOTHING = Question(id="", where="", what="")


def questions_panel(audit: Audit, limit: int = 10) -> Panel:
    """Answer one question after the other in place; the plain call that does the same stands below the buttons.

    `yes` and `no` answer whether a call exists, or two names mean one thing; `go` saves a fact (`key`, `value`) or an answer
    in words; `later` puts the question behind the others; `undo` takes the last answer back. Parts: those, `question`, `by`,
    `again` (reads the folder as it is now), `plain`, `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    question = widgets.Dropdown(description="Question", layout=wide)
    yes = widgets.Button(description="Yes", tooltip="it is so: the call exists, or both names mean one thing")
    no = widgets.Button(description="No", tooltip="it is not so; no import asks again")
    later = widgets.Button(description="Later", tooltip="show the next question; this one comes back after the others")
    undo = widgets.Button(description="Undo", tooltip="take the last answer back", disabled=True)
    key = widgets.Combobox(description="Key", options=[*CHOICES, *EXAMPLES], placeholder="on_failure")
    value = widgets.Combobox(description="Answer", placeholder="for example degrade, 200ms, 200/s")
    by = widgets.Text(description="Says who", placeholder="a name or a team")
    go = widgets.Button(description="Save the answer", button_style="primary")
    again = widgets.Button(description="Look again", tooltip="reads the folder as it is now")
    plain, table, message = widgets.HTML(), widgets.HTML(), widgets.HTML()
    open_: dict[str, Question] = {}
    put_off: list[str] = []
    taken_back: list[Callable[[], None]] = []

    def asked() -> Question:
        return open_.get(str(question.value), NOTHING)

    def fill() -> None:
        everything = audit.questions()
        first = [item for item in everything if item.id not in put_off]
        listed = (first + [item for item in everything if item.id in put_off])[:limit]
        open_.clear()
        open_.update({item.id: item for item in listed})
        offer(question, [(f"{item.where}: {item.what}", item.id) for item in listed] or [("nothing is open", "")])
        table.value = table_html(questions_table(listed)) if listed else "<p>No question is open.</p>"
        look()

    def look(_: Any = None) -> None:
        how = answered_with(asked().id) if asked().id else "fact"
        yes.disabled = no.disabled = how != "yes or no"
        go.disabled = later.disabled = not asked().id
        named = asked().id.split(" ")[0]
        key.value = KEYS.get(named, "" if how != "fact" else named)
        value.value = ""
        show()

    def show(_: Any = None) -> None:
        value.options = CHOICES.get(key.value, ())
        value.placeholder = EXAMPLES.get(key.value, " or ".join(value.options) or "in words, or as it stands in the file")
        plain.value = f"<code>{html.escape(call(asked(), key.value, value.value, by.value))}</code>" if asked().id else ""

    def save(act: Callable[[], object], said: str) -> str:
        if not asked().id or not by.value.strip():
            raise InputError.of("Answer", "is not complete", "choose a question, give an answer, and say who gives it")
        before = audit.answers()
        act()
        after = audit.answers()
        taken_back[:] = [lambda: audit.put_back(before, after)]
        undo.disabled = False
        fill()
        return f"{said}, says {by.value.strip()}. Saved in system.yaml."

    def settle(answer: str) -> str:
        item = asked()
        return save(lambda: audit.settle(item.id, answer, by=by.value.strip()), f"{item.where}: {answer}")

    def write() -> str:
        item, about, given = asked(), key.value, value.value.strip()
        if not given:
            raise InputError.of("Answer", "is not complete", "choose a question, give an answer, and say who gives it")
        if not about:
            return settle(given)
        said = f"{item.where}: {about} is {given}"
        return save(lambda: audit.answer(item.where, about, figure(given), by=by.value.strip()), said)

    def put_later() -> str:
        put_off[:] = [*(name for name in put_off if name != asked().id), asked().id]
        fill()
        question.value = next(iter(open_))
        return "Put off; it comes back after the others."

    def take_back() -> str:
        taken_back.pop()()
        undo.disabled = True
        fill()
        return "The last answer is taken back; the files are as they were before it."

    question.observe(look, "value")
    for field in (key, value, by):
        field.observe(show, "value")
    yes.on_click(lambda _: told(message, lambda: settle("yes")))
    no.on_click(lambda _: told(message, lambda: settle("no")))
    later.on_click(lambda _: told(message, put_later))
    undo.on_click(lambda _: told(message, take_back))
    go.on_click(lambda _: told(message, write))
    again.on_click(lambda _: told(message, fill))
    told(message, fill)
    row = widgets.Layout(flex_flow="row wrap")
    buttons = widgets.HBox([yes, no, go, later, undo, again], layout=row)
    box = widgets.VBox([question, widgets.HBox([by, key, value], layout=row), buttons, plain, message, table])
    parts = {"question": question, "yes": yes, "no": no, "later": later, "undo": undo, "key": key, "value": value, "by": by}
    return Panel(box, {**parts, "go": go, "again": again, "plain": plain, "table": table, "message": message})


def figure(text: str) -> object:
    """What somebody wrote, as the file takes it.

    >>> figure("200"), figure("yes"), figure("200ms")
    (200, True, '200ms')
    """
    given: object = {"yes": True, "no": False}.get(text, text)
    return int(text) if text.isdigit() else given


def call(asked: Question, key: str, value: str, by: str) -> str:
    """The plain call that answers a question; what is not filled in yet stands as an ellipsis.

    >>> print(call(Question(id="confirm web -> db", where="web -> db", what="?"), "", "", "ann"))
    audit.settle('confirm web -> db', 'yes', by='ann')  # or 'no'
    >>> print(call(Question(id="timeout web -> db", where="web -> db", what="?"), "policy.timeout", "2s", ""))
    audit.answer('web -> db', 'policy.timeout', '2s', by=…)
    """
    who = repr(by.strip()) if by.strip() else "…"
    given = repr(figure(value.strip())) if value.strip() else "…"
    if key and (value.strip() or answered_with(asked.id) == "fact"):
        return f"audit.answer({asked.where!r}, {key!r}, {given}, by={who})"
    if answered_with(asked.id) == "yes or no":
        return f"audit.settle({asked.id!r}, 'yes', by={who})  # or 'no'"
    return f"audit.settle({asked.id!r}, {given}, by={who})"
