"""The fast engine gives what the plain one gives."""

from __future__ import annotations

import itertools
import random

import numpy as np
import pytest
from failures_oracle import SITUATIONS
from few_cuts import small_cuts
from random_systems import random_profiles, random_system

from auditkit.engine import many, propagation
from auditkit.engine.journeys import find_cuts
from auditkit.engine.propagation import Scenarios, compile_structure
from auditkit.engine.reference import journey_state, solve
from auditkit.engine.structure import Structure, build
from auditkit.errors import LimitReached
from auditkit.model.failure import Assume, Mode
from auditkit.model.system import System

MODES: tuple[Mode, ...] = ("down", "slow")
ASSUMES: tuple[Assume, ...] = ("worst", "best")


def some_scenarios(structure: Structure, seed: int) -> list[tuple[int, ...]]:
    """Nothing, every atom alone, and a few larger sets."""
    draw = random.Random(seed)
    atoms = range(len(structure.atoms))
    larger = [tuple(draw.sample(atoms, draw.randint(2, min(4, len(atoms))))) for _ in range(6)]
    return [(), *((atom,) for atom in atoms), *larger]


def assert_equal(structure: Structure, mode: Mode, sets: list[tuple[int, ...]], title: str) -> None:
    compiled = compile_structure(structure, mode)
    given = propagation.scenarios(sets)
    expected = np.array([solve(structure, failed, mode) for failed in sets], np.uint8).reshape(len(sets), -1)
    found = propagation.states(compiled, given)
    assert (found == expected).all(), (title, mode, sets[int(np.argwhere((found != expected).any(axis=1))[0])])
    wholes = expected[:, [part.whole for part in structure.parts]]
    tally = propagation.counts(compiled, given)
    for plane, count in enumerate(tally, start=1):
        assert count.tolist() == (wholes >= plane).sum(axis=1).tolist(), title
    trips = [[journey_state(trip, row) for trip in structure.trips] for row in expected]
    assert propagation.journey_states(compiled, given).tolist() == trips


@pytest.mark.parametrize("hundred", range(20))
def test_states_equal_the_reference_on_random_systems(hundred: int) -> None:
    """2,000 systems with every feature, circles included; both modes, and one of the two answers to open questions each."""
    for seed in range(hundred * 100, hundred * 100 + 100):
        system = random_system(seed)
        assume = ASSUMES[seed // 2 % 2]
        structure = build(system, random_profiles(seed, system) if seed % 2 else None, assume)
        for mode in MODES:
            assert_equal(structure, mode, some_scenarios(structure, seed), f"random_system({seed}), {assume}")


@pytest.mark.parametrize("seed", range(6))
def test_states_equal_the_reference_on_larger_systems(seed: int) -> None:
    """Larger circles, more scenarios than one block holds."""
    structure = build(random_system(seed, components=25))
    pairs = list(itertools.combinations(range(len(structure.atoms)), 2))
    sets = [*some_scenarios(structure, seed), *random.Random(seed).sample(pairs, min(600, len(pairs)))]
    for mode in MODES:
        assert_equal(structure, mode, sets, f"25 components, seed {seed}")


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.title)
def test_known_systems_come_out_the_same(situation: object) -> None:
    """Each scenario of the oracle, and all pairs."""
    for assume in ASSUMES:
        structure = build(situation.system, None, assume)  # type: ignore[attr-defined]
        for mode in MODES:
            pairs = list(itertools.combinations(range(len(structure.atoms)), 2))
            assert_equal(structure, mode, [*some_scenarios(structure, 0), *pairs], situation.title)  # type: ignore[attr-defined]


def ring(count: int) -> System:
    """A circle of required calls, with a tail that it depends on."""
    ids = [f"c{n}" for n in range(count)]
    dependencies = [{"from": a, "to": b, "on_failure": "fail"} for a, b in zip(ids, [*ids[1:], ids[0]], strict=True)]
    components = [{"id": id_} for id_ in [*ids, "tail"]]
    return System.model_validate(
        {
            "system": "ring",
            "components": components,
            "dependencies": [*dependencies, {"from": ids[3], "to": "tail", "on_failure": "fail"}],
        }
    )


def test_a_large_circle_falls_as_one() -> None:
    """2,000 components that need one another: any of them, and what they need, takes all of them."""
    compiled = compile_structure(build(ring(2000)), "down")
    tally = propagation.affected(compiled, propagation.singles(compiled))
    assert tally.tolist() == [2000] * 2000 + [2001]


def test_the_number_of_threads_changes_nothing() -> None:
    """Blocks are independent of one another."""
    structure = build(random_system(3, components=30))
    compiled = compile_structure(structure, "slow")
    given = propagation.combinations(range(len(structure.atoms)), 3)
    one, many = (propagation.counts(compiled, given, threads) for threads in (1, 4))
    assert len(given) > 2 * propagation.LANES
    assert (one == many).all()


@pytest.mark.parametrize(("count", "order"), [(5, 1), (5, 2), (6, 3), (2, 3), (1, 2), (0, 1)])
def test_combinations_are_all_sets_of_one_size(count: int, order: int) -> None:
    """As itertools has them, in its order."""
    given = propagation.combinations(range(10, 10 + count), order)
    sets = [tuple(given.atoms[a:b].tolist()) for a, b in itertools.pairwise(given.first)]
    assert sets == list(itertools.combinations(range(10, 10 + count), order))


def test_random_scenarios_repeat_and_follow_their_probabilities() -> None:
    """The same seed draws the same; shares lie within five standard deviations; certain and impossible failures are so."""
    p_down = [0.0, 1.0, 0.5, 0.01]
    one, again, other = (propagation.drawn(p_down, 20_000, seed) for seed in (1, 1, 2))
    assert (one.atoms == again.atoms).all()
    assert len(one.atoms) != len(other.atoms) or (one.atoms != other.atoms).any()
    share = np.bincount(one.atoms, minlength=4) / 20_000
    assert (share[0], share[1]) == (0.0, 1.0)
    assert abs(share[2] - 0.5) < 5 * (0.25 / 20_000) ** 0.5
    assert abs(share[3] - 0.01) < 5 * (0.0099 / 20_000) ** 0.5


def test_random_scenarios_estimate_the_exact_availability() -> None:
    """A quorum of two in three: 0.999702 exactly."""
    situation = next(s for s in SITUATIONS if s.availability == {"write": 0.999702})
    structure = build(situation.system)
    compiled = compile_structure(structure, "down")
    given = propagation.drawn([1 - (atom.p_up or 0.0) for atom in structure.atoms], 400_000, seed=7)
    up = (propagation.journey_states(compiled, given)[:, 0] < 2).mean()
    assert abs(up - 0.999702) < 5 * (0.999702 * 0.000298 / 400_000) ** 0.5


def test_nothing_to_do_is_done() -> None:
    """No scenario, no component."""
    compiled = compile_structure(build(System(system="empty")), "slow")
    assert propagation.states(compiled, propagation.scenarios([()])).shape == (1, 0)
    assert len(propagation.affected(compiled, Scenarios(np.zeros(1, np.int64), np.zeros(0, np.int32)))) == 0


@pytest.mark.parametrize("seed", range(40))
def test_small_cut_sets_are_those_of_the_plain_search(seed: int) -> None:
    """Orders one to three, failed or degraded, both modes; nothing larger, nothing missing."""
    structure = build(random_system(seed, components=4 + seed % 4))
    for mode in MODES:
        for trip in structure.trips:
            state = ("failed", "degraded")[seed % 2]
            plain = find_cuts(structure, trip, mode, state)  # type: ignore[arg-type]
            expected = sorted((tuple(sorted(cut)) for cut in plain.sets if len(cut) <= 3), key=lambda cut: (len(cut), cut))
            assert list(small_cuts(structure, trip, mode, state)) == expected  # type: ignore[arg-type]
            assert small_cuts(structure, trip, mode, state, order=2) == tuple(c for c in expected if len(c) <= 2)  # type: ignore[arg-type]


def test_too_many_triples_are_refused_in_words() -> None:
    """1,100 atoms of which no single one suffices."""
    ids = [f"n{n}" for n in range(1100)]
    links = [{"from": "api", "to": ids, "on_failure": "fail"}]
    components = [{"id": id_} for id_ in ["api", *ids]]
    journeys = [{"id": "home", "entry": "api"}]
    data = {"system": "wide", "components": components, "dependencies": links, "journeys": journeys}
    structure = build(System.model_validate(data))
    assert small_cuts(structure, structure.trips[0], "down", order=2) == ((0,),)
    with pytest.raises(LimitReached, match="sets of 3 atoms"):
        small_cuts(structure, structure.trips[0], "down")


def test_many_scenarios_give_the_same_by_either_engine(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the work counts as little or as much."""
    for seed in range(30):
        structure = build(random_system(seed))
        sets = some_scenarios(structure, seed)
        for mode in MODES:
            plain = [tuple(states) for states in many.solve_many(structure, sets, mode)]
            with monkeypatch.context() as patch:
                patch.setattr(many, "LITTLE_WORK", 0)
                assert [tuple(states) for states in many.solve_many(structure, sets, mode)] == plain
