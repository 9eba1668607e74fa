"""The blast radii of all single failures at once are those of each one told alone."""

from __future__ import annotations

import pytest
from random_systems import random_profiles, random_system

from auditkit.engine import blast_radius, single_failures
from auditkit.engine.structure import build
from auditkit.model.failure import BlastRadius
from auditkit.model.states import States


@pytest.mark.parametrize("mode", ["down", "slow"])
@pytest.mark.parametrize("ten", range(15))
def test_all_at_once_say_the_same_as_each_alone(ten: int, mode: str) -> None:
    """States, answer times (circles included), assumptions and their order; what does not change is not computed again."""
    for seed in range(ten * 10, ten * 10 + 10):
        system = random_system(seed)
        profiles = random_profiles(seed, system) if seed % 3 else None
        assume = ("worst", "best")[seed % 2]
        names = [atom.id for atom in build(system).atoms]
        alone = tuple(blast_radius(system, [name], mode, assume, profiles) for name in names)  # type: ignore[arg-type]
        assert single_failures(system, mode, assume, profiles) == alone, seed  # type: ignore[arg-type]


def test_many_radii_share_their_names_and_hold_a_byte_for_each_component() -> None:
    """10,000 scenarios of 10,000 components are 100 MB, not 10,000 dicts; read from JSON they are equal all the same."""
    system = random_system(3)
    first, *others = single_failures(system)
    assert isinstance(first.components, States)
    assert {len(r.components.codes) for r in (first, *others) if isinstance(r.components, States)} == {len(system.components)}
    assert all(isinstance(r.components, States) and r.components.names is first.components.names for r in others)
    read = BlastRadius.model_validate_json(first.model_dump_json())
    assert type(read.components) is dict
    assert (read, first) == (first, read)
