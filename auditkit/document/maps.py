"""Which map a document shows: every component while they fit, a map of domains and its neighbourhoods above that."""

from __future__ import annotations

from auditkit.document.blocks import Picture
from auditkit.document.pictures import dependency_svg, describe
from auditkit.model.system import System

MOST = 60
"""Components up to which one map shows them all."""


def map_pictures(system: System) -> list[Picture]:
    """The pictures of section 3."""
    title = f"Who calls whom in {system.system}"
    return [Picture("dependency-map", dependency_svg(system, name="dependency-map", title=title), title, describe(system))]
