"""The pattern panel: what is proposed for each call, why, what it costs while healthy; taken or declined with a reason."""

from __future__ import annotations

import html

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.audit import PolicyProposal, Strategy
from auditkit.notebook.decisions_board import CHOICES
from auditkit.notebook.frames import frame, table_html
from auditkit.notebook.panel import Panel, offer, told
from auditkit.notebook.strategy_tables import policies_table
from auditkit.project import Audit


def pattern_panel(audit: Audit) -> Panel:
    """One dependency's proposal at a time. The plain call: `audit.decide("policy from -> to", choice, reason, by)`.

    Plans first where no strategy is there yet. Parts: `call`, `shown`, `choice`, `reason`, `by`, `go`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    call = widgets.Dropdown(description="Call", layout=wide)
    choice = widgets.ToggleButtons(options=CHOICES, value="adopt", description="Choice")
    reason = widgets.Textarea(description="Reason", placeholder="why; it stands in the document", layout=wide)
    by = widgets.Text(description="By", placeholder="your name")
    go = widgets.Button(description="Record the decision", button_style="primary", layout=widgets.Layout(width="12rem"))
    shown, message = widgets.HTML(), widgets.HTML()

    def strategy() -> Strategy:
        return audit.strategy or audit.plan()

    def show() -> str | None:
        planned = strategy()
        proposal = next((p for p in planned.policies if p.dependency == call.value), None)
        shown.value = "<p>Nothing is proposed yet.</p>" if proposal is None else proposal_html(proposal, planned)
        return None

    def fill() -> str | None:
        planned = [(f"{'✓ ' if p.adopted else ''}{p.dependency}", p.dependency) for p in strategy().policies]
        offer(call, planned or [("nothing is proposed yet", "")])
        return show()

    def record() -> str:
        if not call.value:
            raise InputError.of("Decision", "there is no proposal", "import a system first")
        subject = str(call.value)
        audit.decide(f"policy {subject}", choice.value, reason.value, by.value)
        audit.plan()
        reason.value = ""
        fill()
        return f"{subject}: {choice.value}. Saved in decisions.yaml, and planned again."

    call.observe(lambda _: told(message, show), "value")
    go.on_click(lambda _: told(message, record))
    told(message, fill)
    box = widgets.VBox([call, shown, choice, reason, widgets.HBox([by, go]), message])
    return Panel(box, {"call": call, "shown": shown, "choice": choice, "reason": reason, "by": by, "go": go, "message": message})


def proposal_html(proposal: PolicyProposal, strategy: Strategy) -> str:
    """One proposal with the grounds of its figures, and what is left out on purpose."""
    grounds = [(name, g.data, g.rule, g.uncertainty or "–", g.cost or "–") for name, g in proposal.grounds.items()]
    left_out = [(o.pattern, o.reason) for o in strategy.omitted if o.dependency == proposal.dependency]
    note = "<p>Provisional: it changes nothing until somebody adopts it.</p>" if proposal.provisional else ""
    why = f"<p>{html.escape(proposal.reason)}</p>" if proposal.reason else ""
    return (
        table_html(policies_table([proposal]))
        + note
        + (table_html(frame(("figure", "data", "rule", "uncertainty", "cost while healthy"), grounds)) if grounds else why)
        + (table_html(frame(("without", "because"), left_out)) if left_out else "")
    )
