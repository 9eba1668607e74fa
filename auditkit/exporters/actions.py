"""The action plan as CSV, for any tracker that takes rows."""

from __future__ import annotations

import csv
import io
from typing import Final

from auditkit.exporters.base import Exported, Exporter
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import System

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r")
"""A cell that begins so is a formula to a spreadsheet."""


def _cell(text: str) -> str:
    return f"'{text}" if text.startswith(_FORMULA) else text


def _export(system: System, strategy: Strategy | None) -> Exported:
    if strategy is None:
        return (), (Gap(where="action plan", what="there is no strategy yet", remedy="run: auditkit plan DIR"),)
    out = io.StringIO(newline="")
    rows = csv.writer(out, lineterminator="\r\n")
    rows.writerow(["rank", "title", "subject", "severity", "status", "owner", "effort", "ends findings"])
    for rank, action in enumerate(strategy.actions, 1):
        told = (action.title, action.subject, action.severity, action.status, action.owner or "", action.effort or "")
        rows.writerow([rank, *map(_cell, told), _cell("; ".join(action.removes))])
    return (Artifact(path="actions.csv", content=out.getvalue().encode("utf-8-sig"), title="Action plan"),), ()


ACTIONS: Final = Exporter(
    name="actions",
    title="Action plan (CSV)",
    prose="One row an action, in the order of the plan. Cells that a spreadsheet would take for a formula begin with an apostrophe.",
    export=_export,
)
