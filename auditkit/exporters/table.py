"""Everything that `auditkit export --to` can write beside the document."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.exporters import actions, strategy_json
from auditkit.exporters.base import Exporter
from auditkit.registry import with_entry_points

EXPORTERS: Mapping[str, Exporter] = {
    "actions": actions.EXPORTER,
    "strategy_json": strategy_json.EXPORTER,
}
"""By the name that `--to` takes."""


def all_exporters() -> dict[str, Exporter]:
    """Ours, and those that installed packages offer under the entry point group `auditkit.exporters`."""
    return with_entry_points(EXPORTERS, "exporters", Exporter)
