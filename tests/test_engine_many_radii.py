"""The blast radii of all single failures at once are those of each one told alone."""

from __future__ import annotations

import pytest
from random_systems import random_profiles, random_system

from auditkit.engine import blast_radius, single_failures
from auditkit.engine.structure import build


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
