"""The whole strategy as JSON, with its schema."""

from __future__ import annotations

import json

from auditkit.exporters.base import Exporter, Made
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.schema import json_schemas
from auditkit.model.system import System

SCHEMA = "strategy.schema.json"


def export(system: System, strategy: Strategy | None) -> Made:
    """`strategy.json` and the JSON Schema (draft 2020-12) that it keeps to. Durations and shares are text with a unit."""
    if strategy is None:
        return (), (Gap(where=system.system, what="nothing has been planned", remedy="run `auditkit plan`"),)
    data = strategy.model_dump(mode="json", by_alias=True, exclude_none=True)
    text = json.dumps(data, indent=2, ensure_ascii=True) + "\n"
    return (
        Artifact(path="strategy.json", content=text.encode(), title="The strategy, for programs"),
        Artifact(path=SCHEMA, content=json_schemas()[SCHEMA].encode(), title="JSON Schema of strategy.json"),
    ), ()


EXPORTER = Exporter(
    name="strategy_json",
    title="Strategy (JSON)",
    prose="Findings, proposals with their grounds, decisions, actions, experiments and what is left, for other programs.",
    export=export,
)
