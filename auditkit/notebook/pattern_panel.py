"""The pattern panel: what is proposed for each call, why, what it costs; accepted, changed or declined with a reason."""

from __future__ import annotations

import html
from collections.abc import Callable
from typing import Any

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.model.audit import PolicyProposal, Strategy
from auditkit.model.system import Bulkhead, Policy
from auditkit.notebook.decisions_board import CHOICES
from auditkit.notebook.frames import frame, table_html
from auditkit.notebook.panel import Panel, offer, told
from auditkit.notebook.strategy_tables import policies_table
from auditkit.project import Audit
from auditkit.units import format_duration, parse_duration


def pattern_panel(audit: Audit) -> Panel:
    """One dependency's proposal at a time. The plain call: `audit.decide("policy from -> to", choice, reason, by, instead=…)`.

    Plans first where no strategy is there yet. A figure written into `timeout` or `at_once` (calls under way at once) is adopted
    instead of the proposed one. Parts: `call`, `shown`, `choice`, `timeout`, `at_once`, `reason`, `by`, `go`, `message`.
    """
    wide = widgets.Layout(width="46rem", max_width="100%")
    call = widgets.Dropdown(description="Call", layout=wide)
    choice = widgets.ToggleButtons(options=CHOICES, value="adopt", description="Choice")
    narrow = widgets.Layout(width="26rem", max_width="100%")
    timeout, at_once = (widgets.Text(description=what, layout=narrow) for what in ("Timeout", "At once"))
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
        policy = None if proposal is None else proposal.proposed
        timeout.value = at_once.value = ""
        timeout.placeholder = f"as proposed: {_timeout(policy)}; or another, 250ms"
        at_once.placeholder = f"as proposed: {_at_once(policy)}; or another, 20"
        return None

    def fill() -> str | None:
        planned = [(f"{'✓ ' if p.adopted else ''}{p.dependency}", p.dependency) for p in strategy().policies]
        offer(call, planned or [("nothing is proposed yet", "")])
        return show()

    def record() -> str:
        if not call.value:
            raise InputError.of("Decision", "there is no proposal", "import a system first")
        subject, instead = str(call.value), changes(timeout.value, at_once.value)
        audit.decide(f"policy {subject}", choice.value, reason.value, by.value, instead=instead)
        audit.plan()
        reason.value = ""
        fill()
        return f"{subject}: {choice.value}{', changed' if instead else ''}. Saved in decisions.yaml, and planned again."

    call.observe(lambda _: told(message, show), "value")
    go.on_click(lambda _: told(message, record))
    told(message, fill)
    change = widgets.HBox([timeout, at_once], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([call, shown, choice, widgets.Label("Change, where you know better:"), change, reason, by, go, message])
    parts = {"call": call, "shown": shown, "choice": choice, "timeout": timeout, "at_once": at_once, "reason": reason}
    return Panel(box, {**parts, "by": by, "go": go, "message": message})


def changes(timeout: str, at_once: str) -> Policy | None:
    """The settings that somebody wrote in place of the proposed ones; None where nothing was written.

    >>> changes("250ms", "").timeout_s, changes("", "20").bulkhead.max_concurrent, changes("", " ")
    (0.25, 20, None)
    """
    waits = _figure("Timeout", timeout, parse_duration, "write a duration with its unit, such as 250ms")
    calls = _figure("At once", at_once, int, "write a whole number of calls, such as 20")
    if waits is None and calls is None:
        return None
    if calls is not None and calls < 1:
        raise InputError.of("At once", "is less than one call", "write a whole number of calls, such as 20")
    return Policy(timeout_s=waits, bulkhead=None if calls is None else Bulkhead(max_concurrent=calls, max_wait_s=0.0))


def _figure(field: str, text: str, parse: Callable[[str], Any], remedy: str) -> Any:
    if not text.strip():
        return None
    try:
        return parse(text.strip())
    except ValueError as error:
        raise InputError.of(field, f"cannot be read: {text.strip()!r}", remedy) from error


def _timeout(policy: Policy | None) -> str:
    waits = None if policy is None else policy.timeout_s
    return format_duration(waits) if isinstance(waits, float) else "none"


def _at_once(policy: Policy | None) -> str:
    pool = None if policy is None else policy.bulkhead
    return str(pool.max_concurrent) if isinstance(pool, Bulkhead) else "no bulkhead"


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
