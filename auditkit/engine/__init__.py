"""Failure analysis: mathematics on indices and bits inside, names at the rim."""

from auditkit.engine.blast import SinglePoint, blast_radius, single_failures, single_points
from auditkit.engine.journeys import availability, cut_sets
from auditkit.engine.structure import Atom, atoms
from auditkit.engine.unknowns import questions

__all__ = [
    "Atom",
    "SinglePoint",
    "atoms",
    "availability",
    "blast_radius",
    "cut_sets",
    "questions",
    "single_failures",
    "single_points",
]
