"""The map as a Structurizr workspace (JSON), to be drawn by its tools; the structurizr importer reads it back."""

from __future__ import annotations

import json
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.importers.dotted import PREFIX, flat, whole
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.system import Component, System, split_target


def export(system: System, strategy: Strategy | None) -> Made:
    """`structurizr/workspace.json`: clients are people, all else containers of one software system, calls relationships."""
    keys = {component.id: str(number) for number, component in enumerate(system.components, start=2)}
    people = [_element(c, keys, system) for c in system.components if c.kind == "client"]
    containers = [_element(c, keys, system) for c in system.components if c.kind != "client"]
    shop = {"id": "1", "name": system.system, "tags": "Element,Software System", "containers": containers}
    model = {"people": people, "softwareSystems": [shop], "properties": whole(system)}
    workspace = {"name": system.system, "description": "Exported by auditkit.", "model": model, "views": {}}
    content = json.dumps(workspace, indent=2, ensure_ascii=True).encode() + b"\n"
    gaps = [Gap(where=system.system, what=f"{len(system.questions)} open questions have no place in a workspace")]
    made = Artifact(path="structurizr/workspace.json", content=content, title="The map (Structurizr JSON)")
    return (made,), tuple(gaps if system.questions else ())


def _element(component: Component, keys: dict[str, str], system: System) -> dict[str, Any]:
    tags = "Element,Person" if component.kind == "client" else f"Element,Container,{component.kind}"
    relationships = [
        {
            "id": f"{number}-{at}",
            "sourceId": keys[component.id],
            "destinationId": keys[split_target(target)[0]],
            "description": d.subject,
            "tags": "Relationship",
            "interactionStyle": "Asynchronous" if d.call == "async" else "Synchronous",
            "properties": {f"{PREFIX}{key}": value for key, value in flat(d).items()},
        }
        for number, d in enumerate(system.dependencies, start=len(keys) + 2)
        if split_target(d.caller)[0] == component.id
        for at, target in enumerate(d.to)
    ]
    facts = {f"{PREFIX}{key}": value for key, value in flat(component).items() if key != "id"}
    made = {"id": keys[component.id], "name": component.id, "tags": tags, "properties": facts, "relationships": relationships}
    return made if component.kind == "client" else {**made, "technology": component.kind}


EXPORTER = Exporter(
    name="structurizr",
    title="Map (Structurizr JSON)",
    prose=(
        "The map as it is today for Structurizr's tools: one software system, whose containers are the components (clients are"
        " people), and a relationship for each call; all facts are properties that begin with auditkit. The importer structurizr"
        " reads all of it back but evidence and open questions. No views: add them, or let the tools make default ones."
    ),
    export=export,
)
