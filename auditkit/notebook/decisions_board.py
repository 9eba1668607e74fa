"""The decisions board: findings and proposals that wait for somebody, and what was decided, with its reason."""

from __future__ import annotations

import datetime as dt
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.frames import table_html
from auditkit.notebook.panel import Panel, offer, told
from auditkit.notebook.strategy_tables import decisions_table
from auditkit.project import Audit

CHOICES = (("do it", "adopt"), ("live with the risk", "accept_risk"), ("later", "defer"))


def decisions_board(audit: Audit) -> Panel:
    """Decide about a finding or a proposed policy, or take a decision back; each needs a reason and a name.

    The plain calls: `audit.decide(about, choice, reason, by)` and `audit.withdraw(about)`. Parts: `about`, `choice`, `reason`,
    `by`, `until`, `go`, `made`, `withdraw`, `table`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    about = widgets.Dropdown(description="About", layout=wide)
    choice = widgets.ToggleButtons(options=CHOICES, value="adopt", description="Choice")
    reason = widgets.Textarea(description="Reason", placeholder="why; it stands in the document", layout=wide)
    by = widgets.Text(description="By", placeholder="your name")
    until = widgets.DatePicker(description="Until")
    go = widgets.Button(description="Record the decision", button_style="primary", layout=widgets.Layout(width="12rem"))
    made = widgets.Dropdown(description="Made", layout=wide)
    withdraw = widgets.Button(description="Take it back")
    table, message = widgets.HTML(), widgets.HTML()

    def fill() -> None:
        decisions = audit.decisions
        decided = {decision.about for decision in decisions}
        open_findings = [(f"{f.severity}: {f.title}", f.key) for f in audit.findings() if f.key not in decided]
        strategy = audit.strategy
        proposals = () if strategy is None else strategy.policies
        ready = [(f"policy: {p.dependency}", f"policy {p.dependency}") for p in proposals if p.proposed is not None]
        waiting = open_findings + [item for item in ready if item[1] not in decided]
        offer(about, waiting or [("nothing waits for a decision", "")])
        offer(made, [(f"{d.choice}: {d.about}", d.about) for d in decisions] or [("nothing was decided yet", "")])
        table.value = table_html(decisions_table(decisions)) if decisions else "<p>Nothing was decided yet.</p>"

    def record() -> str:
        if not about.value:
            raise InputError.of("Decision", "there is nothing to decide about", "run the checks, or plan")
        named = str(about.value)
        audit.decide(named, choice.value, reason.value, by.value, until=_day(until.value))
        reason.value = ""
        fill()
        return f"{named}: {choice.value}. Saved in decisions.yaml."

    def take_back() -> str:
        named = str(made.value)
        audit.withdraw(named)
        fill()
        return f"{named}: taken back."

    go.on_click(lambda _: told(message, record))
    withdraw.on_click(lambda _: told(message, take_back))
    told(message, lambda: fill())
    last = widgets.HBox([made, withdraw], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([about, choice, reason, widgets.HBox([by, until]), go, message, last, table])
    parts = {"about": about, "choice": choice, "reason": reason, "by": by, "until": until, "go": go}
    return Panel(box, {**parts, "made": made, "withdraw": withdraw, "table": table, "message": message})


def _day(value: Any) -> dt.date | None:
    return value if isinstance(value, dt.date) else None
