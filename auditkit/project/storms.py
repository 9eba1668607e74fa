"""The map of retry storms of one call, with the plan's settings; kept in `out/tuning.json`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from auditkit.document.storm_picture import storm_picture
from auditkit.errors import InputError
from auditkit.planning import with_policies
from auditkit.planning.storms import callee_of
from auditkit.project.inputs import read
from auditkit.project.kept_tuning import keep
from auditkit.simulation.storms import StormMap, storm_map


def storms(
    place: Path, dependency: str, *, seed: int = 1, progress: Callable[[int, int], None] = lambda done, of: None
) -> StormMap:
    """At which loads, attempts and queues the callee of `from -> to` stays down after its trigger has gone.

    The settings are those of the plan as designed. Raises `InputError` for what the map needs and nobody has told.
    """
    inputs = read(place)
    proposed = with_policies(inputs.system, replace(inputs, trials=()).strategy.policies)
    found = storm_map(callee_of(proposed, inputs.profiles, dependency), seed=seed, progress=progress)
    keep(place, storms=[found])
    return found


def draw(found: StormMap, file: Path) -> None:
    """Write the map as a picture. Raises `InputError` where the file cannot be written."""
    try:
        file.write_bytes(storm_picture(found)[0].encode())
    except OSError as error:
        raise InputError.of(
            str(file), f"cannot be written: {error.strerror}", "name a file in a folder that you may write to"
        ) from error
