"""Findings, decisions and questions -> `strategy.yaml`."""

from __future__ import annotations

from pathlib import Path

from auditkit.checks import run_checks
from auditkit.importers import update_yaml
from auditkit.model.audit import Strategy
from auditkit.planning import plan
from auditkit.project import analysis
from auditkit.project import folder as held
from auditkit.project.generated import write_generated


def plan_into(folder: Path) -> Strategy:
    """Plan the strategy anew from the folder as it is now, keep every decision, and write it down."""
    facts = analysis.check_facts(folder)
    strategy = plan(
        facts,
        run_checks(facts),
        held.decisions(folder),
        analysis.questions(folder),
        target=held.facts(folder).false_timeout_target,
    )
    write_generated(folder, {held.STRATEGY: update_yaml(None, strategy).encode()}, "plan")
    return strategy
