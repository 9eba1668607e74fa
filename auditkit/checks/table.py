"""The table of checks: a line for each. From outside, an entry point of the group `auditkit.checks` giving a `Check`."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.checks import low_coverage, single_point_of_failure, timeout_inversion, unbounded_wait, unknown_answer
from auditkit.checks.base import Check
from auditkit.registry import with_entry_points

CHECKS: Mapping[str, Check] = {
    "single_point_of_failure": single_point_of_failure.CHECK,
    "unbounded_wait": unbounded_wait.CHECK,
    "timeout_inversion": timeout_inversion.CHECK,
    "unknown_answer": unknown_answer.CHECK,
    "low_coverage": low_coverage.CHECK,
}
"""Our own checks, by name."""


def all_checks() -> dict[str, Check]:
    """Our own checks, and those that installed packages bring."""
    return with_entry_points(CHECKS, "checks", Check)
