"""Running checks, and explaining them."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

from auditkit.checks.base import Facts
from auditkit.checks.table import all_checks
from auditkit.errors import InputError
from auditkit.model.audit import SEVERITIES, Finding, Severity


def run_checks(facts: Facts) -> tuple[Finding, ...]:
    """The findings of all checks, the gravest first, then by check and subject: the same for equal facts.

    >>> from auditkit.model.system import System
    >>> run_checks(Facts(System(system="nothing")))
    ()
    """
    found = [finding for check in all_checks().values() for finding in check.run(facts)]
    unique = {finding.key: finding for finding in sorted(found, key=in_order, reverse=True)}
    return tuple(sorted(unique.values(), key=in_order))


def in_order(finding: Finding) -> tuple[int, str, str, str]:
    """Sort key of findings: the gravest first, proven before possible, then by name."""
    proven = "0" if finding.certainty == "proven" else "1"
    return -SEVERITIES.index(finding.severity), finding.check, finding.subject, proven


def reaches(findings: Iterable[Finding], threshold: Severity) -> bool:
    """Whether any finding is at least as grave as the threshold."""
    return any(SEVERITIES.index(f.severity) >= SEVERITIES.index(threshold) for f in findings)


def explain(name: str) -> str:
    """All that a check says of itself. Raises `InputError` on an unknown name, with the nearest known one."""
    checks = all_checks()
    check = checks.get(name)
    if check is None:
        near = difflib.get_close_matches(name, checks, n=1, cutoff=0.5)
        known = f"write {near[0]!r}" if near else f"choose one of: {', '.join(sorted(checks))}"
        raise InputError.of("explain", f"there is no check {name!r}", known)
    parts = [
        ("Why it matters", check.why),
        ("How it is decided", check.how),
        ("How to mend it", check.remedy),
        ("When it is a false alarm", check.false_alarm),
        ("Sources", "\n".join(check.sources)),
    ]
    return "\n\n".join([f"{check.name}: {check.title}", *(f"{head}\n{text}" for head, text in parts if text)])
