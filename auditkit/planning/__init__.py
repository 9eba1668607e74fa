"""Findings and decisions -> the strategy, and what is left after it."""

from auditkit.planning.overlay import with_policies
from auditkit.planning.strategy import plan
from auditkit.planning.timeouts import advise_all, by_call

__all__ = ["advise_all", "by_call", "plan", "with_policies"]
