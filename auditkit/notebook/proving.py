"""Today's settings beside the proposed ones: the same failures, judged by the same analysis."""

from __future__ import annotations

from typing import TYPE_CHECKING

from auditkit.engine import single_failures
from auditkit.model.failure import BlastRadius, Mode
from auditkit.notebook.failure_tables import journeys_hit
from auditkit.notebook.frames import frame
from auditkit.planning import with_policies
from auditkit.project import Audit

if TYPE_CHECKING:
    import pandas as pd


def proposed_failures(audit: Audit, mode: Mode = "slow") -> tuple[BlastRadius, ...]:
    """What each single failure does with the proposed settings in force. Plans first where no strategy is there yet."""
    strategy = audit.strategy or audit.plan()
    return single_failures(with_policies(audit.system, strategy.policies), mode, "worst", audit.profiles)


def today_and_proposed(audit: Audit, mode: Mode = "slow") -> pd.DataFrame:
    """Each single failure under both settings, the most improved first; what no setting changes stays in the list."""
    after = {radius.fail: radius for radius in proposed_failures(audit, mode)}
    pairs = [(radius, after[radius.fail]) for radius in audit.single_failures(mode=mode) if radius.fail in after]
    pairs.sort(key=lambda pair: (pair[1].value_lost - pair[0].value_lost, pair[0].fail))
    return frame(
        ("fails", "today", "with the proposed settings", "value lost today", "proposed"),
        ((" + ".join(a.fail), journeys_hit(a), journeys_hit(b), f"{a.value_lost:.0%}", f"{b.value_lost:.0%}") for a, b in pairs),
        "fails",
    )
