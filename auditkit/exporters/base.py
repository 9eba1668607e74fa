"""What an exporter is. Adding one is one file with an `Exporter`, and one line in `table.py`."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import System

Exported = tuple[tuple[Artifact, ...], tuple[Gap, ...]]
"""The files of one target, and what that target cannot express."""


@dataclass(frozen=True, slots=True)
class Exporter:
    """One target: `title` in a list, `prose` for those who want to know what its files do and how they were converted.

    `export(system, strategy)` gets today's system and, where there is one, its strategy; it touches no disk.
    """

    name: str
    title: str
    prose: str
    export: Callable[[System, Strategy | None], Exported]
