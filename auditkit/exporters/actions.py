"""The action plan as CSV, for a tracker or a spreadsheet."""

from __future__ import annotations

import csv
import io

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.text import one_line
from auditkit.model.audit import Action, Artifact, Gap, Strategy
from auditkit.model.system import System

COLUMNS = ("number", "title", "severity", "where", "owner", "effort", "status", "value_at_risk_removed", "ends_findings")
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


def export(system: System, strategy: Strategy | None) -> Made:
    """One row an action, in the order of the plan."""
    if strategy is None:
        return (), (
            Gap(where=system.system, what="nothing has been planned, so there is no action", remedy="run `auditkit plan`"),
        )
    out = io.StringIO(newline="")
    writer = csv.writer(out, lineterminator="\r\n")
    writer.writerow(COLUMNS)
    for number, action in enumerate(strategy.actions, start=1):
        writer.writerow([str(number), *(safe(cell) for cell in _cells(action))])
    artifact = Artifact(path="actions.csv", content=out.getvalue().encode(), title="Action plan, for a tracker")
    return (artifact,), ()


def _cells(action: Action) -> tuple[str, ...]:
    gain = "" if action.risk_removed is None else f"{action.risk_removed:.4g}"
    return (
        action.title,
        action.severity,
        action.subject,
        action.owner or "",
        action.effort or "",
        action.status,
        gain,
        "; ".join(action.removes),
    )


def safe(cell: str) -> str:
    """A cell that no spreadsheet takes for a formula (OWASP, CSV Injection): an apostrophe goes before what could start one.

    >>> safe("=1+1"), safe("api -> db"), safe("-5")
    ("'=1+1", 'api -> db', "'-5")
    """
    plain = one_line(cell, most=32_000)
    return f"'{plain}" if plain.startswith(_FORMULA) else plain


EXPORTER = Exporter(
    name="actions",
    title="Action plan (CSV)",
    prose="One row an action, in the order in which they pay, for the import of a tracker. Cells are safe in spreadsheets.",
    export=export,
)
