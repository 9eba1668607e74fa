"""What must hold for every system: monotone, independent of order, least, bounded by its best and worst answers."""

from __future__ import annotations

import itertools
import random
from dataclasses import replace

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from random_systems import random_profiles, random_system, systems

from auditkit.engine import availability, blast_radius, cut_sets, questions, single_failures
from auditkit.engine.blast import cone_atoms
from auditkit.engine.cutsets import minimal_cuts, p_any
from auditkit.engine.reference import FAILED, felt, has_fallen, journey_state, solve
from auditkit.engine.resolving import Change, Resolver
from auditkit.engine.structure import build
from auditkit.model.failure import Range
from auditkit.model.system import System

steady = settings(max_examples=150, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])
modes = st.sampled_from(("down", "slow"))
assumes = st.sampled_from(("worst", "best"))
seeds = st.integers(0, 2**32 - 1)


def some_atoms(system: System, seed: int) -> tuple[str, ...]:
    names = [atom.id for atom in build(system).atoms]
    draw = random.Random(seed)
    return tuple(draw.sample(names, draw.randint(0, min(3, len(names)))))


@steady
@given(systems(), seeds, modes, assumes)
def test_one_more_failure_never_makes_anything_better(system: System, seed: int, mode: str, assume: str) -> None:
    """Neither a component, nor a journey (lateness included), nor the value lost."""
    profiles = random_profiles(seed, system)
    fewer = some_atoms(system, seed)
    more = {*fewer, random.Random(seed).choice([atom.id for atom in build(system).atoms])}
    less, worse = (blast_radius(system, fail, mode, assume, profiles) for fail in (fewer, more))  # type: ignore[arg-type]
    assert all(worse.components[id_] >= state for id_, state in less.components.items())
    assert all(worse.journeys[id_] >= state for id_, state in less.journeys.items())
    assert worse.value_lost >= less.value_lost
    shared = less.worst_case_s.keys() & worse.worst_case_s.keys()
    assert all(worse.worst_case_s[id_] >= less.worst_case_s[id_] - 1e-9 for id_ in shared)


@steady
@given(systems(), seeds)
def test_worst_answers_are_never_better_than_best_and_slow_never_better_than_down(system: System, seed: int) -> None:
    """Unknown facts are bounded from both sides; who hangs is at least as bad as who answers with an error."""
    fail = some_atoms(system, seed)
    profiles = random_profiles(seed, system)
    for mode in ("down", "slow"):
        worst, best = (blast_radius(system, fail, mode, assume, profiles) for assume in ("worst", "best"))  # type: ignore[arg-type]
        assert all(worst.components[id_] >= state for id_, state in best.components.items())
        assert all(worst.journeys[id_] >= state for id_, state in best.journeys.items())
    for assume in ("worst", "best"):
        down, slow = (blast_radius(system, fail, mode, assume, profiles) for mode in ("down", "slow"))  # type: ignore[arg-type]
        assert all(slow.components[id_] >= state for id_, state in down.components.items())
        assert all(slow.journeys[id_] >= state for id_, state in down.journeys.items())


@steady
@given(systems(), seeds, modes, assumes)
def test_the_order_of_the_file_does_not_matter(system: System, seed: int, mode: str, assume: str) -> None:
    """Components, dependencies and causes in any order give the same answer."""
    draw = random.Random(seed)
    shuffled = system.model_copy(
        update={
            name: tuple(draw.sample(getattr(system, name), len(getattr(system, name))))
            for name in ("components", "dependencies", "common_causes", "journeys")
        }
    )
    fail = some_atoms(system, seed)
    profiles = random_profiles(seed, system)
    one, other = (blast_radius(s, fail, mode, assume, profiles) for s in (system, shuffled))  # type: ignore[arg-type]
    assert (one.components, one.journeys, one.worst_case_s, one.value_lost) == (
        other.components, other.journeys, other.worst_case_s, other.value_lost,
    )  # fmt: skip
    assert set(one.assumptions) == set(other.assumptions)


@steady
@given(systems(), seeds, modes, assumes)
def test_the_answer_is_a_fixpoint_and_the_same_every_time(system: System, seed: int, mode: str, assume: str) -> None:
    """No rule makes anything worse any more; asking again changes nothing; failing an atom twice is failing it once."""
    structure = build(system, None, assume)  # type: ignore[arg-type]
    failed = [structure.atom(name) for name in some_atoms(system, seed)]
    states = solve(structure, failed, mode)  # type: ignore[arg-type]
    assert all(felt(link, states) <= states[link.caller] for link in structure.links)
    assert all(states[part.base] >= FAILED for part in structure.parts if has_fallen(part, frozenset(failed)))
    assert states == solve(structure, failed * 2, mode)  # type: ignore[arg-type]


@steady
@given(systems(), modes, assumes)
def test_nothing_fails_unless_something_is_failed(system: System, mode: str, assume: str) -> None:
    """Circles and open questions alone bring nobody down."""
    radius = blast_radius(system, [], mode, assume)  # type: ignore[arg-type]
    assert set(radius.components.values()) <= {"ok"}
    assert radius.value_lost == 0 or "late" in radius.journeys.values()


@settings(parent=steady, max_examples=60)
@given(systems(), modes, assumes)
def test_cut_sets_are_those_of_brute_force(system: System, mode: str, assume: str) -> None:
    """All minimal sets, for every combination of the atoms that can matter; the others never do."""
    structure = build(system, None, assume)  # type: ignore[arg-type]
    for trip, found in zip(structure.trips, cut_sets(system, mode=mode, assume=assume), strict=True):  # type: ignore[arg-type]
        atoms = range(len(structure.atoms)) if len(structure.atoms) <= 9 else cone_atoms(structure, trip, mode)  # type: ignore[arg-type]
        minimal: list[frozenset[int]] = []
        for order in range(min(len(atoms), 4) + 1):
            for chosen in map(frozenset, itertools.combinations(atoms, order)):
                is_cut = journey_state(trip, solve(structure, chosen, mode)) >= FAILED  # type: ignore[arg-type]
                if is_cut and not any(cut <= chosen for cut in minimal):
                    minimal.append(chosen)
        expected = sorted((tuple(sorted(structure.atoms[a].id for a in cut)) for cut in minimal), key=lambda c: (len(c), c))
        assert sorted((cut for cut in found.sets if len(cut) <= 4), key=lambda c: (len(c), c)) == expected
        assert not found.truncated


@settings(parent=steady, max_examples=60)
@given(systems())
def test_availability_is_the_sum_over_all_scenarios(system: System) -> None:
    """Each combination of failed atoms with its probability."""
    structure = build(system)
    for trip in structure.trips:
        atoms = cone_atoms(structure, trip, "down")
        if len(atoms) > 9:
            continue
        figure = availability(system, trip.name, assumed_availability=0.75)
        assert not isinstance(figure, Range)
        total = 0.0
        for states in itertools.product((True, False), repeat=len(atoms)):
            down = [atom for atom, up in zip(atoms, states, strict=True) if not up]
            p = 1.0
            for atom, up in zip(atoms, states, strict=True):
                p_up = structure.atoms[atom].p_up
                p *= (0.75 if p_up is None else p_up) if up else 1 - (0.75 if p_up is None else p_up)
            total += p if journey_state(trip, solve(structure, down, "down")) < FAILED else 0.0
        assert abs(figure - total) < 1e-12


@steady
@given(st.lists(st.frozensets(st.integers(0, 6), min_size=1, max_size=3), max_size=8), st.integers(0, 40))
def test_a_small_budget_is_told_and_loses_only_large_sets(cuts: list[frozenset[int]], budget: int) -> None:
    """Whatever the budget: what is called complete is complete, and otherwise nothing up to the stated order is missing."""
    minimal = {cut for cut in cuts if not any(other < cut for other in cuts)}
    found = minimal_cuts(lambda failed: any(cut <= failed for cut in cuts), range(7), max_asked=budget, max_order=2)
    if found.complete:
        assert set(found.sets) == minimal
    else:
        assert set(found.sets) >= {cut for cut in minimal if len(cut) <= (found.order or 0)}
        assert set(found.sets) <= minimal
    p = p_any(minimal, dict.fromkeys(range(7), 0.5))
    hit = sum(any(cut <= set(down) for cut in cuts) for n in range(8) for down in itertools.combinations(range(7), n))
    assert abs(p - hit / 128) < 1e-12


def test_random_systems_use_every_feature() -> None:
    """What is compared on random systems must occur in them."""
    drawn = [random_system(seed) for seed in range(300)]
    dependencies = [dependency for system in drawn for dependency in system.dependencies]
    assert {d.call for d in dependencies} == {"sync", "async"}
    assert {d.on_failure for d in dependencies} == {"fail", "degrade", "ignore", None}
    assert {len(d.to) > 1 for d in dependencies} == {":" in d.caller for d in dependencies} == {True, False}
    states = {
        (mode, assume): {state for s in drawn[:100] for r in single_failures(s, mode, assume) for state in r.journeys.values()}  # type: ignore[arg-type]
        for mode in ("down", "slow")
        for assume in ("worst", "best")
    }
    assert states["down", "worst"] == states["down", "best"] == {"ok", "degraded", "failed"}
    assert states["slow", "worst"] == states["slow", "best"] == {"ok", "degraded", "failed", "hung", "late"}


@settings(parent=steady, max_examples=40)
@given(systems())
def test_a_question_that_flips_nothing_alone_can_be_answered_either_way(system: System) -> None:
    """Ranked by what they flip; ids are unique; where worst and best differ, some question is open."""
    asked = questions(system)
    assert [q.flips for q in asked] == sorted((q.flips for q in asked), reverse=True)
    assert len({q.id for q in asked}) == len(asked)
    differs = any(
        worst.journeys != best.journeys
        for mode in ("down", "slow")
        for worst, best in zip(single_failures(system, mode), single_failures(system, mode, "best"), strict=True)  # type: ignore[arg-type]
    )
    assert asked or not differs


@settings(parent=steady, max_examples=80)
@given(systems(), seeds, assumes)
def test_solving_again_after_a_change_is_solving_the_changed_structure(system: System, seed: int, assume: str) -> None:
    """One link or component at a time gets its other answers; circles included."""
    structure = build(system, None, assume)  # type: ignore[arg-type]
    other = build(system, None, "best" if assume == "worst" else "worst")
    failed = [structure.atom(name) for name in some_atoms(system, seed)]
    resolver = Resolver(structure)
    for mode in ("down", "slow"):
        states = solve(structure, failed, mode)  # type: ignore[arg-type]
        for index, link in enumerate(other.links):
            links = (*structure.links[:index], link, *structure.links[index + 1 :])
            expected = solve(replace(structure, links=links), failed, mode)  # type: ignore[arg-type]
            assert tuple(resolver.solve(states, failed, mode, Change({index: link}, {}))) == expected  # type: ignore[arg-type]
        for index, part in enumerate(other.parts):
            parts = (*structure.parts[:index], part, *structure.parts[index + 1 :])
            expected = solve(replace(structure, parts=parts), failed, mode)  # type: ignore[arg-type]
            assert tuple(resolver.solve(states, failed, mode, Change({}, {index: part}))) == expected  # type: ignore[arg-type]


def test_a_system_asked_about_again_answers_as_at_first() -> None:
    """What is kept of the system asked about last never answers for another one, other profiles, or the other assumption."""
    one = System.model_validate(
        {"system": "one", "components": [{"id": "web"}, {"id": "db"}], "dependencies": [{"from": "web", "to": "db"}],
         "journeys": [{"id": "page", "entry": "web"}]}
    )  # fmt: skip
    other = one.model_copy(update={"dependencies": ()})
    expected = {(name, assume): blast_radius(system, ["db"], assume=assume).journeys["page"]
                for name, system in (("one", one), ("other", other)) for assume in ("worst", "best")}  # fmt: skip
    assert expected == {("one", "worst"): "failed", ("one", "best"): "ok", ("other", "worst"): "ok", ("other", "best"): "ok"}
    for name, system in (("one", one), ("other", other), ("one", one), ("one", one.model_copy()), ("other", other)):
        for assume in ("best", "worst"):
            assert blast_radius(system, ["db"], assume=assume).journeys["page"] == expected[name, assume]
