"""Findings and decisions -> the strategy, and what is left after it."""

from auditkit.planning.chains import JourneyChain, chains
from auditkit.planning.compare import Comparison, compare
from auditkit.planning.experiments import tested
from auditkit.planning.fitting import fit_together
from auditkit.planning.overlay import with_policies
from auditkit.planning.reopened import ground_of
from auditkit.planning.strategy import plan
from auditkit.planning.timeouts import advise_all, by_call

__all__ = [
    "Comparison",
    "JourneyChain",
    "advise_all",
    "by_call",
    "chains",
    "compare",
    "fit_together",
    "ground_of",
    "plan",
    "tested",
    "with_policies",
]
