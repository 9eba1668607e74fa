"""What changed from one audit to another."""

from __future__ import annotations

from pathlib import Path

from auditkit.planning import Comparison, compare
from auditkit.project.inputs import read


def diff(old: Path, new: Path) -> Comparison:
    """Findings, settings and risk of two audit folders compared, both judged as their files are now."""
    return compare(read(old).whole, read(new).whole)
