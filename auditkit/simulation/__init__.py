"""Request-level simulation of a system under faults."""

from __future__ import annotations

from auditkit.model.runs import Series
from auditkit.simulation.experiments import run_seeds, setup_of
from auditkit.simulation.results import RunResult
from auditkit.simulation.run import Outcomes, run_once
from auditkit.simulation.series import series_of
from auditkit.simulation.setup import Budget, Fault, Law, Setup, Users
from auditkit.simulation.verification import Strategies, in_order, verify

__all__ = [
    "Budget",
    "Fault",
    "Law",
    "Outcomes",
    "RunResult",
    "Series",
    "Setup",
    "Strategies",
    "Users",
    "in_order",
    "run_once",
    "run_seeds",
    "series_of",
    "setup_of",
    "verify",
]
