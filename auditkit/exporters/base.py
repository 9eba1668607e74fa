"""What an exporter is. Adding one is a file with an `Exporter`, and one line in `table.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import System

Made = tuple[tuple[Artifact, ...], tuple[Gap, ...]]
"""Files, and what the target cannot express, in words."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """Files of one target. `prose` says what they are for and how its semantics differ from the model's.

    `export(system, strategy)` returns artifacts and gaps; without a strategy it exports today's settings. Equal inputs give
    equal bytes. It never raises on a System that went through the gate.
    """

    name: str
    title: str
    prose: str
    export: Callable[[System, Strategy | None], Made]
