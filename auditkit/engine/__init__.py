"""Failure analysis: mathematics on indices and bits inside, names at the rim."""

from auditkit.engine.blast import SinglePoint, blast_radius, single_failures, single_points
from auditkit.engine.ceiling import Ceiling, Cost, ceilings
from auditkit.engine.exact import availability, cut_sets, fault_tree_cut_sets, journey_fault_tree
from auditkit.engine.explain import Explanation, Step, explain, explain_all
from auditkit.engine.fault_trees import FaultTree, read_fault_trees
from auditkit.engine.networks import from_networkx, to_networkx
from auditkit.engine.redundancy import Defeat, FalseRedundancy, false_redundancies
from auditkit.engine.structure import Atom, atoms
from auditkit.engine.unknowns import questions

__all__ = [
    "Atom",
    "Ceiling",
    "Cost",
    "Defeat",
    "Explanation",
    "FalseRedundancy",
    "FaultTree",
    "SinglePoint",
    "Step",
    "atoms",
    "availability",
    "blast_radius",
    "ceilings",
    "cut_sets",
    "explain",
    "explain_all",
    "false_redundancies",
    "fault_tree_cut_sets",
    "from_networkx",
    "journey_fault_tree",
    "questions",
    "read_fault_trees",
    "single_failures",
    "single_points",
    "to_networkx",
]
