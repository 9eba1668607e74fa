"""System, latencies and policies -> findings. One check a file, with the words that explain it."""

from auditkit.checks.base import Check, Facts
from auditkit.checks.formats import format_findings
from auditkit.checks.run import explain, in_order, reaches, run_checks
from auditkit.checks.single_point_of_failure import sentence_on_single_points
from auditkit.checks.table import CHECKS, all_checks

__all__ = [
    "CHECKS",
    "Check",
    "Facts",
    "all_checks",
    "explain",
    "format_findings",
    "in_order",
    "reaches",
    "run_checks",
    "sentence_on_single_points",
]
