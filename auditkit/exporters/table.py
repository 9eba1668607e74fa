"""All targets that a strategy is exported to. Adding one is a file with an `Exporter` and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditkit.exporters.actions import ACTIONS
from auditkit.exporters.base import Exporter
from auditkit.registry import with_entry_points

EXPORTERS: Final[Mapping[str, Exporter]] = {
    ACTIONS.name: ACTIONS,
}
"""Our own targets."""


def exporters() -> dict[str, Exporter]:
    """Our own targets, and those that installed packages offer as entry points of the group `auditkit.exporters`."""
    return with_entry_points(EXPORTERS, "exporters", Exporter)
