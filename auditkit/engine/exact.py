"""Minimal cut sets, probability, importance and availability of journeys, exact by decision diagrams, in names."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import accumulate
from typing import Final, Literal

from auditkit.engine.analysis import refusal
from auditkit.engine.arenas import Limits
from auditkit.engine.assumptions import cone, of_places
from auditkit.engine.blast import Profiles, split_kinds
from auditkit.engine.boolean import journey_formula
from auditkit.engine.counting import count_by_order, list_sets
from auditkit.engine.diagrams import Diagram, draw, minimal_cut_sets
from auditkit.engine.fault_tree_text import write_fault_tree
from auditkit.engine.fault_trees import FaultTree
from auditkit.engine.formula import Formula
from auditkit.engine.importance import importances, probability_range
from auditkit.engine.short_cuts import short_cut_sets
from auditkit.engine.structure import Structure, build, find_trip
from auditkit.errors import LimitReached
from auditkit.model.failure import Assume, CutSets, Mode, Range, SinglePoints
from auditkit.model.system import System

MOST_NAMED: Final = 100_000
"""How many cut sets of one journey are listed; where there are more, those of the largest orders are only counted."""

JOURNEY_LIMITS: Final = Limits(nodes=1 << 20)
"""A million nodes (a few seconds): a limit that is the same on every machine, so that the same inputs give the same answer."""

CutState = Literal["failed", "degraded"]


def cut_sets(
    system: System,
    journey: str | None = None,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    state: CutState = "failed",
    max_order: int | None = None,
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
    limits: Limits | None = None,
) -> tuple[CutSets, ...]:
    """The minimal cut sets of one journey, or of each: sets of atoms that bring it down together, no part of which does.

    `state` says what counts: `failed` (or hung), or `degraded` (or worse); lateness does not. Sets are sorted by size, then the
    likelier first (an unknown availability counts as none), then by name. `count`, `p_failed` (of the journey being in that
    state) and importance are exact and cover all sets, whatever `max_order`; `truncated` says that the list leaves out larger
    sets, for `max_order` or because there are more than 100,000. Unknown availabilities make `p_failed` a range, unless
    `assumed_availability` (0..1) stands in for them.

    Where a journey is too entangled for a diagram within `limits` (default: a million nodes), `count` and `p_failed` are None,
    and the list is complete up to the order stated in `max_order`, which is 3 at most.

    Raises `InputError` for an unknown journey, `LimitReached` where not even single points could be found.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "lb"}, {"id": "app1"}, {"id": "app2"}],
    ...     "dependencies": [{"from": "lb", "to": ["app1", "app2"], "on_failure": "fail"}],
    ...     "journeys": [{"id": "page", "entry": "lb"}]})
    >>> page, = cut_sets(system, max_order=1, assumed_availability=0.9)
    >>> page.sets, page.truncated, page.count, round(page.p_failed, 4)
    ((('lb',),), True, 2, 0.109)
    """
    structure = build(system, profiles, assume)
    p_down = _p_down(structure, assumed_availability)
    found = []
    limits = limits or JOURNEY_LIMITS
    for trip in structure.trips if journey is None else (find_trip(structure, journey),):
        formula = journey_formula(structure, trip, mode, state)
        base = CutSets(
            journey=trip.name,
            mode=mode,
            assume=assume,
            state=state,
            sets=(),
            max_order=max_order,
            assumptions=of_places(structure, cone(structure, (trip.entry, *trip.completes), mode), mode, assume),
        )
        try:
            filled = _filled(base, draw(formula, limits), p_down, limits, system)
        except LimitReached:
            filled = _short(base, formula, p_down, limits, system)
        found.append(filled)
    return tuple(found)


def availability(
    system: System,
    journey: str,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
    limits: Limits | None = None,
) -> float | Range:
    """The probability that a journey is neither failed nor hung, exact; atoms fail independently, each in that mode.

    Unknown availabilities count 0 and 1, which gives a range, unless `assumed_availability` (0..1) stands in for them.
    Raises `InputError` for an unknown journey, `LimitReached` where time or memory end before the answer.

    >>> system = System.model_validate({"system": "s", "components": [{"id": "api", "availability": 1.0}, *(
    ...     {"id": f"n{i}", "availability": 0.99} for i in range(3))],
    ...     "dependencies": [{"from": "api", "to": ["n0", "n1", "n2"], "at_least": 2, "on_failure": "fail"}],
    ...     "journeys": [{"id": "write", "entry": "api"}]})
    >>> round(availability(system, "write"), 9)
    0.999702
    """
    structure = build(system, profiles, assume)
    diagram = draw(journey_formula(structure, find_trip(structure, journey), mode), limits or JOURNEY_LIMITS)
    p_failed = probability_range(diagram, _p_down(structure, assumed_availability))
    if isinstance(p_failed, Range):
        return Range(best=1.0 - p_failed.best, worst=1.0 - p_failed.worst)
    return 1.0 - p_failed


def fault_tree_cut_sets(tree: FaultTree, *, max_order: int | None = None, limits: Limits | None = None) -> CutSets:
    """The analysis of a fault tree in the form of a journey's: the journey is the top gate.

    Raises `InputError` for a tree with not or xor gates, stating its exact probability; `LimitReached` as `cut_sets` does.

    >>> from auditkit.engine.fault_trees import read_fault_trees
    >>> tree, = read_fault_trees('''<opsa-mef><define-gate name="top"><basic-event name="pump"/></define-gate>
    ... <define-basic-event name="pump"><float value="0.01"/></define-basic-event></opsa-mef>''', "pump.xml")
    >>> found = fault_tree_cut_sets(tree)
    >>> found.journey, found.sets, found.count, found.p_failed
    ('top', (('pump',),), 1, 0.01)
    """
    diagram = draw(tree.formula, limits)
    if not diagram.coherent:
        raise refusal(tree.name, probability_range(diagram, tree.probabilities))
    base = CutSets(journey=tree.name, mode="down", assume="worst", sets=(), max_order=max_order)
    return _filled(base, diagram, tree.probabilities, limits, None)


def journey_fault_tree(
    system: System,
    journey: str,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    state: CutState = "failed",
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
) -> str:
    """A journey's failure as an Open-PSA fault tree, so that anybody can check our answers with their own tool.

    Raises `InputError` for an unknown journey, `LimitReached` where circles of dependencies are too long to be written out.

    >>> system = System.model_validate({"system": "shop", "components": [{"id": "api", "availability": 0.999}],
    ...     "journeys": [{"id": "home", "entry": "api"}]})
    >>> '<define-gate name="home"><basic-event name="api"/></define-gate>' in journey_fault_tree(system, "home")
    True
    """
    structure = build(system, profiles, assume)
    formula = journey_formula(structure, find_trip(structure, journey), mode, state)
    return write_fault_tree(journey, formula, _p_down(structure, assumed_availability))


def _filled(
    base: CutSets, diagram: Diagram, p_down: Mapping[str, float], limits: Limits | None, system: System | None
) -> CutSets:
    """Everything that the diagram tells, added to what is known without it."""
    cuts = minimal_cut_sets(diagram, limits)
    by_order = count_by_order(cuts)
    listable = max(1, sum(total <= MOST_NAMED for total in accumulate(by_order)) - 1)
    wanted = len(by_order) - 1 if base.max_order is None else base.max_order
    sets = list_sets(cuts, min(wanted, listable), p_down)
    singles = [cut[0] for cut in list_sets(cuts, 1) if cut]
    return base.model_copy(
        update={
            "sets": sets,
            "truncated": min(wanted, listable) < len(by_order) - 1,
            "count": sum(by_order),
            "p_failed": probability_range(diagram, p_down),
            "single_points": SinglePoints(component=tuple(sorted(singles))) if system is None else split_kinds(system, singles),
            "importance": importances(diagram, p_down),
        }
    )


def _short(base: CutSets, formula: Formula, p_down: Mapping[str, float], limits: Limits, system: System) -> CutSets:
    """What can be said without a diagram: the cut sets up to the highest order, of three at most, that the limits allow."""
    highest = 3 if base.max_order is None else min(3, base.max_order)
    for order in range(highest, 0, -1):
        try:
            cuts = short_cut_sets(formula, order, limits)
        except LimitReached:
            if order == 1:
                raise
            continue
        sets = list_sets(cuts, order, p_down)
        singles = [cut[0] for cut in sets if len(cut) == 1]
        update = {"sets": sets, "max_order": order, "truncated": True, "single_points": split_kinds(system, singles)}
        return base.model_copy(update=update)
    return base.model_copy(update={"truncated": True})


def _p_down(structure: Structure, assumed_availability: float | None) -> dict[str, float]:
    """Probabilities of failure of the atoms for which one is known or assumed."""
    p_up = {atom.id: assumed_availability if atom.p_up is None else atom.p_up for atom in structure.atoms}
    return {name: 1.0 - p for name, p in p_up.items() if p is not None}
