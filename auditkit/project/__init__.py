"""The audit folder: steps, what is stale, decisions, resume. The only place, with `cli`, that touches the disk."""

from __future__ import annotations

from auditkit.checks import explain, format_findings, reaches
from auditkit.model.audit import Severity
from auditkit.project.analysis import cut_sets_of
from auditkit.project.audit import Audit
from auditkit.project.choosing import Choice, choices, choose, take_back
from auditkit.project.comparing import diff
from auditkit.project.creating import new, samples
from auditkit.project.drift import Drift
from auditkit.project.exporting import Summary, Written
from auditkit.project.folder import is_audit
from auditkit.project.importing import Imported, import_files
from auditkit.project.lab import open_app, open_lab
from auditkit.project.measuring import How, timeouts, timeouts_of_table
from auditkit.project.schemas import schemas, write_schemas
from auditkit.project.settling import answered_with
from auditkit.project.steps import unmeasured
from auditkit.project.times import Times, period

__all__ = [
    "Audit",
    "Choice",
    "Drift",
    "How",
    "Imported",
    "Severity",
    "Summary",
    "Times",
    "Written",
    "answered_with",
    "choices",
    "choose",
    "cut_sets_of",
    "diff",
    "explain",
    "format_findings",
    "import_files",
    "is_audit",
    "new",
    "open_app",
    "open_lab",
    "period",
    "reaches",
    "samples",
    "schemas",
    "take_back",
    "timeouts",
    "timeouts_of_table",
    "unmeasured",
    "write_schemas",
]
