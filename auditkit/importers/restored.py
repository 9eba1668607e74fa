"""A map that we wrote ourselves into another format, read back: every fact as it was, with the new file as its evidence."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.errors import Problem
from auditkit.importers.dotted import unflat, value_of
from auditkit.model.draft import Draft, Item


@dataclass(frozen=True, slots=True)
class Kept:
    """One node (`ends` is its id) or edge (`ends` are the ids of its two nodes) with the facts that stand at it."""

    ends: tuple[str, ...]
    facts: Mapping[str, str]
    line: int | None = None


def restored(source: str, whole: Mapping[str, str], nodes: Iterable[Kept], edges: Iterable[Kept]) -> Draft:
    """The draft of a graph that holds facts of ours. Edges that state the same dependency are its alternatives."""
    problems: list[Problem] = []
    components = [_item({**unflat(node.facts), "id": node.ends[0]}, source, f"node {node.ends[0]}", node.line) for node in nodes]
    dependencies: dict[str, Item] = {}
    for edge in edges:
        data = {"from": edge.ends[0], "to": edge.ends[1], **unflat(edge.facts)}
        said = f"edge {edge.ends[0]} -> {edge.ends[1]}"
        dependencies.setdefault(repr((data["from"], data["to"])), _item(data, source, said, edge.line))
    lists = {key: _list(whole, key, source, problems) for key in ("common_causes", "journeys")}
    return Draft(
        source=source,
        system=whole.get("system"),
        components=tuple(components),
        dependencies=tuple(dependencies.values()),
        common_causes=tuple(_item(data, source, "common causes", None) for data in lists["common_causes"]),
        journeys=tuple(_item(data, source, "journeys", None) for data in lists["journeys"]),
        problems=tuple(problems),
    )


def _item(data: Mapping[str, Any], source: str, locator: str, line: int | None) -> Item:
    evidence = [{"source": source, "locator": locator, "confidence": "declared"}]
    return Item({**data, "evidence": evidence}, source, {} if line is None else {"": line})


def _list(whole: Mapping[str, str], key: str, source: str, problems: list[Problem]) -> list[dict[str, Any]]:
    value = value_of(whole[key]) if key in whole else []
    if isinstance(value, list) and all(isinstance(entry, dict) for entry in value):
        return value
    problems.append(Problem(source, f"auditkit.{key} is no list of mappings in JSON", "export it again"))
    return []
