"""Journeys of systems by diagrams: equal to the plain rules, exact where the plain search gives up."""

from __future__ import annotations

import itertools

import pytest
from failures_oracle import SITUATIONS, Situation
from few_cuts import small_cuts
from random_formulas import summed_probability
from random_systems import random_profiles, random_system

from auditkit.engine import exact, journeys
from auditkit.engine.arenas import Limits
from auditkit.engine.boolean import journey_formula
from auditkit.engine.counting import list_sets
from auditkit.engine.diagrams import draw, minimal_cut_sets
from auditkit.engine.fault_trees import read_fault_trees
from auditkit.engine.propagation import compile_structure, journey_states, scenarios
from auditkit.engine.reference import DEGRADED, FAILED, journey_state, solve
from auditkit.engine.structure import build
from auditkit.errors import InputError, LimitReached
from auditkit.model.failure import Range
from auditkit.model.system import System

CASES = [(mode, assume, state) for mode in ("down", "slow") for assume in ("worst", "best") for state in ("failed", "degraded")]


def by_diagram(structure: object, trip: object, mode: str, state: str) -> set[frozenset[str]]:
    return {frozenset(cut) for cut in list_sets(minimal_cut_sets(draw(journey_formula(structure, trip, mode, state))))}


@pytest.mark.parametrize("seed", range(150))
def test_diagrams_find_the_cut_sets_that_the_plain_rules_find(seed: int) -> None:
    """Every minimal cut set of every journey, in one of eight ways of asking per seed; every feature of a system is drawn."""
    system = random_system(seed)
    mode, assume, state = CASES[seed % len(CASES)]
    structure = build(system, random_profiles(seed, system), assume)
    for trip in structure.trips:
        expected = journeys.find_cuts(structure, trip, mode, state)
        named = {frozenset(structure.atoms[atom].id for atom in cut) for cut in expected.sets}
        found = by_diagram(structure, trip, mode, state)
        if expected.complete:
            assert found == named
        else:
            assert named <= found
            assert {cut for cut in found if len(cut) <= expected.order} == {cut for cut in named if len(cut) <= expected.order}


@pytest.mark.parametrize("seed", range(1000, 1040))
def test_every_single_pair_and_triple_is_found_and_no_other(seed: int) -> None:
    """Order by order against the plain rules: a set of up to three atoms fails the journey exactly if it holds a cut set."""
    system = random_system(seed, components=4)
    mode, assume, state = CASES[seed % len(CASES)]
    structure = build(system, random_profiles(seed, system), assume)
    threshold = FAILED if state == "failed" else DEGRADED
    found = [by_diagram(structure, trip, mode, state) for trip in structure.trips]
    for order in range(4):
        for failed in itertools.combinations(range(len(structure.atoms)), order):
            names = {structure.atoms[atom].id for atom in failed}
            states = solve(structure, failed, mode)
            for trip, cuts in zip(structure.trips, found, strict=True):
                assert any(cut <= names for cut in cuts) == (journey_state(trip, states) >= threshold), (names, trip.name)


@pytest.mark.parametrize("seed", range(2000, 2030))
def test_all_sets_of_atoms_of_small_systems_agree(seed: int) -> None:
    """Brute force: cut sets and availability from every set of atoms that there is (at most twelve atoms)."""
    system = random_system(seed, components=3)
    mode, assume, _ = CASES[seed % len(CASES)]
    structure = build(system, random_profiles(seed, system), assume)
    names = [atom.id for atom in structure.atoms]
    assert len(names) <= 12
    p_up = {atom.id: 0.9 if atom.p_up is None else atom.p_up for atom in structure.atoms}
    fails: dict[str, list[frozenset[str]]] = {trip.name: [] for trip in structure.trips}
    p_failed = dict.fromkeys(fails, 0.0)
    for bits in range(2 ** len(names)):
        failed = [atom for atom in range(len(names)) if bits >> atom & 1]
        states = solve(structure, failed, mode)
        p_set = 1.0
        for atom, name in enumerate(names):
            p_set *= 1 - p_up[name] if bits >> atom & 1 else p_up[name]
        for trip in structure.trips:
            if journey_state(trip, states) >= FAILED:
                fails[trip.name].append(frozenset(names[atom] for atom in failed))
                p_failed[trip.name] += p_set
    profiles = random_profiles(seed, system)
    for cuts in exact.cut_sets(system, mode=mode, assume=assume, assumed_availability=0.9, profiles=profiles):
        every = fails[cuts.journey]
        assert {frozenset(cut) for cut in cuts.sets} == {one for one in every if not any(other < one for other in every)}
        assert cuts.p_failed == pytest.approx(p_failed[cuts.journey], abs=1e-12)
        up = exact.availability(system, cuts.journey, mode=mode, assume=assume, assumed_availability=0.9, profiles=profiles)
        assert up == pytest.approx(1 - p_failed[cuts.journey], abs=1e-12)


@pytest.mark.parametrize("ten", range(20))
def test_propagation_and_diagrams_find_the_same_small_sets(ten: int) -> None:
    """Orders one to three of 200 systems; and with at most twelve atoms, all minimal sets among all sets that there are."""
    for seed in range(4000 + ten * 10, 4010 + ten * 10):
        system = random_system(seed)
        mode, assume, state = CASES[seed % len(CASES)]
        structure = build(system, random_profiles(seed, system), assume)
        names = [atom.id for atom in structure.atoms]
        found = [by_diagram(structure, trip, mode, state) for trip in structure.trips]
        for trip, cuts in zip(structure.trips, found, strict=True):
            small = {frozenset(names[atom] for atom in cut) for cut in small_cuts(structure, trip, mode, state)}
            assert {cut for cut in cuts if len(cut) <= 3} == small, (seed, trip.name)
        if len(names) > 12:
            continue
        every = [[atom for atom in range(len(names)) if bits >> atom & 1] for bits in range(2 ** len(names))]
        solved = journey_states(compile_structure(structure, mode), scenarios(every))
        for trip, cuts, column in zip(structure.trips, found, solved.T, strict=True):
            fails = column >= (FAILED if state == "failed" else DEGRADED)
            minimal = [s for n, s in enumerate(every) if fails[n] and not any(fails[n & ~(1 << atom)] for atom in s)]
            assert cuts == {frozenset(names[atom] for atom in one) for one in minimal}, (seed, trip.name)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.title)
def test_known_situations_have_their_known_answers(situation: Situation) -> None:
    """The same systems, sets, kinds of single points and availabilities as for the plain engine."""
    for journey, expected in situation.cut_sets.items():
        (found,) = exact.cut_sets(situation.system, journey)
        assert {frozenset(cut) for cut in found.sets} == {frozenset(text.split()) for text in expected}
        assert [len(cut) for cut in found.sets] == sorted(len(cut) for cut in found.sets)
        assert (found.count, found.truncated) == (len(expected), False)
    for journey, kinds in situation.single_points.items():
        (found,) = exact.cut_sets(situation.system, journey)
        assert found.single_points.model_dump() == {kind: tuple(names.split()) for kind, names in kinds.items()}
    for journey, expected in situation.availability.items():
        assert exact.availability(situation.system, journey) == pytest.approx(expected, abs=1e-12)


def ladder(steps: int) -> System:
    """Each step needs one of two, each of which needs one of the next two."""
    components = [{"id": "top", "availability": 1.0}]
    dependencies = []
    for step in range(steps):
        pair = [f"a{step}", f"b{step}"]
        components += [{"id": name, "availability": 0.99} for name in pair]
        callers = ["top"] if step == 0 else [f"a{step - 1}", f"b{step - 1}"]
        dependencies += [{"from": caller, "to": pair, "on_failure": "fail"} for caller in callers]
    data = {"system": "ladder", "components": components, "dependencies": dependencies, "journeys": [{"id": "j", "entry": "top"}]}
    return System.model_validate(data)


def test_count_and_probability_cover_what_is_not_listed() -> None:
    """Forty steps with one pair each; and sixty members that each fail in two ways, 2**60 ways together."""
    (found,) = exact.cut_sets(ladder(40), max_order=2)
    assert (found.count, len(found.sets), found.truncated) == (41, 41, False)
    wide = System.model_validate(
        {
            "system": "wide",
            "components": [{"id": "top", "availability": 1.0}, *({"id": f"{n}-{m}"} for n in range(60) for m in range(3))],
            "dependencies": [
                {"from": "top", "to": [f"{n}-{m}" for n in range(60)], "at_least": 1, "on_failure": "fail"} for m in range(3)
            ]
            + [{"from": f"{n}-0", "to": f"{n}-1", "on_failure": "fail"} for n in range(60)],
            "journeys": [{"id": "j", "entry": "top"}],
        }
    )
    (found,) = exact.cut_sets(wide, max_order=1, assumed_availability=0.5)
    assert found.count == 1 + 2 + (2**60 - 1)
    assert (found.sets, found.truncated) == ((("top",),), True)


def test_unknown_availabilities_give_a_range_and_no_importance() -> None:
    """Best: what is unknown never fails. Worst: it always does."""
    system = System.model_validate(
        {
            "system": "s",
            "components": [{"id": "api", "availability": 0.99}, {"id": "db"}],
            "dependencies": [{"from": "api", "to": "db", "on_failure": "fail"}],
            "journeys": [{"id": "j", "entry": "api"}],
        }
    )
    (found,) = exact.cut_sets(system)
    assert isinstance(found.p_failed, Range)
    assert (found.p_failed.best, found.p_failed.worst) == (pytest.approx(0.01), 1.0)
    assert [(item.atom, item.birnbaum) for item in found.importance] == [("api", None), ("db", None)]
    (known,) = exact.cut_sets(system, assumed_availability=0.9)
    assert known.p_failed == pytest.approx(1 - 0.99 * 0.9)
    assert [item.atom for item in known.importance] == ["db", "api"]


@pytest.mark.parametrize("seed", range(3000, 3020))
def test_a_journey_written_as_a_fault_tree_keeps_its_meaning(seed: int) -> None:
    """Exported and read back, it has the same cut sets and the same probability, circles included."""
    system = random_system(seed)
    for cuts in exact.cut_sets(system, mode="slow", assumed_availability=0.9):
        text = exact.journey_fault_tree(system, cuts.journey, mode="slow", assumed_availability=0.9)
        (tree,) = read_fault_trees(text, "journey.xml")
        again = exact.fault_tree_cut_sets(tree)
        assert (again.journey, again.sets, again.count) == (cuts.journey, cuts.sets, cuts.count)
        assert again.p_failed == pytest.approx(cuts.p_failed, rel=1e-12)
        if len(tree.formula.variables) <= 8:
            assert again.p_failed == pytest.approx(summed_probability(tree.formula, dict(tree.probabilities)), rel=1e-9)


def test_a_tree_with_negations_is_refused_with_its_probability() -> None:
    """The name, the reason, and the figure that can be given."""
    text = """<opsa-mef><define-gate name="top"><xor><basic-event name="a"/><basic-event name="b"/></xor></define-gate>
    <define-basic-event name="a"><float value="0.5"/></define-basic-event>
    <define-basic-event name="b"><float value="0.5"/></define-basic-event></opsa-mef>"""
    (tree,) = read_fault_trees(text, "tree.xml")
    with pytest.raises(InputError, match=r"top  minimal cut sets are not defined .* which is 0\.5"):
        exact.fault_tree_cut_sets(tree)


def test_an_unknown_journey_is_an_error_with_those_that_exist() -> None:
    """As everywhere."""
    with pytest.raises(InputError, match="give one of: j"):
        exact.cut_sets(ladder(2), "jj")


def test_where_no_diagram_fits_the_sets_of_low_order_are_complete_and_the_rest_is_not_claimed() -> None:
    """Count and probability are None, the list says up to which order it is complete, and it is the right one."""
    system = ladder(30)
    (whole,) = exact.cut_sets(system)
    (part,) = exact.cut_sets(system, limits=Limits(nodes=40), assumed_availability=0.9)
    assert (whole.count, part.count, part.p_failed, part.importance, part.truncated) == (31, None, None, (), True)
    assert part.sets == tuple(cut for cut in whole.sets if len(cut) <= part.max_order)
    assert part.single_points.component == ("top",)
    with pytest.raises(LimitReached):
        exact.availability(system, "j", limits=Limits(nodes=40))


def test_an_unknown_availability_that_decides_nothing_is_no_crash() -> None:
    """Found by planning: an atom that the simplified function does not depend on had no probability."""
    for mode in ("down", "slow"):
        for found in exact.cut_sets(random_system(23558127), mode=mode, max_order=3):
            assert found.count is not None
