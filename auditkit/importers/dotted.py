"""Facts of a noun as dotted keys with one text each (`policy.timeout` = `2s`): for tables, and for properties of a graph."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from auditkit.importers.yaml_text import plain_value
from auditkit.model.noun import Noun
from auditkit.model.system import CommonCause, Component, Journey, System

PREFIX: Final = "auditkit."
"""What our own properties begin with in formats that allow any: they are read strictly, those of others with care."""
_WHOLE: Final = frozenset({"placement"})


def flat(noun: Noun) -> dict[str, str]:
    """Every stated fact of a noun, its evidence left out. What is no single value stands as JSON.

    >>> from auditkit.model.system import Component, Dependency, Policy
    >>> flat(Component(id="api", instances=3, placement={"zone-a": 2, "zone-b": 1}))
    {'id': 'api', 'kind': 'service', 'instances': '3', 'placement': '{"zone-a": 2, "zone-b": 1}'}
    >>> flat(Dependency(caller="api", to=("db", "replica"), policy=Policy(timeout_s=2)))
    {'from': 'api', 'to': '["db", "replica"]', 'policy.timeout': '2s'}
    """
    data = noun.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, exclude={"evidence"})
    if isinstance(noun, Component):
        data = {"id": noun.id, "kind": noun.kind} | data  # stated even where it is the default: a name may suggest another
    return dict(_pairs(data, ""))


def _pairs(data: Mapping[str, Any], prefix: str) -> Iterator[tuple[str, str]]:
    for key, value in data.items():
        if isinstance(value, dict) and key not in _WHOLE and value:
            yield from _pairs(value, f"{prefix}{key}.")
        else:
            yield f"{prefix}{key}", _text(value)


def _text(value: Any) -> str:
    if isinstance(value, str) and plain_value(value) == value and value[:1] not in ('"', "[", "{") and value == value.strip():
        return value
    return json.dumps(value, ensure_ascii=False)


def unflat(facts: Mapping[str, str]) -> dict[str, Any]:
    """The nested data that some dotted keys stand for.

    >>> unflat({"policy.timeout": "2s", "policy.retry.max_attempts": "3", "to": '["a", "b"]', "stage": "2"})
    {'policy': {'timeout': '2s', 'retry': {'max_attempts': 3}}, 'to': ['a', 'b'], 'stage': 2}
    """
    data: dict[str, Any] = {}
    for path, text in facts.items():
        *outer, last = path.split(".")
        inside = data
        for step in outer:
            below = inside.setdefault(step, {})
            if not isinstance(below, dict):
                below = inside[step] = {}
            inside = below
        inside[last] = value_of(text)
    return data


def value_of(text: str) -> Any:
    """One value: JSON where it looks like a list, a mapping or quoted text, else what the plain text means in YAML."""
    if text[:1] in ('"', "[", "{"):
        try:
            return json.loads(text)
        except (ValueError, RecursionError):
            return text
    return plain_value(text)


def ours(properties: Mapping[str, Any]) -> dict[str, str]:
    """Those properties of a thing that are facts of ours, without the prefix."""
    return {key.removeprefix(PREFIX): str(value) for key, value in properties.items() if str(key).startswith(PREFIX)}


def whole(system: System) -> dict[str, str]:
    """What belongs to no component and no dependency: the name, common causes and journeys."""
    lists: Iterable[tuple[str, tuple[CommonCause | Journey, ...]]] = (
        ("common_causes", system.common_causes),
        ("journeys", system.journeys),
    )
    found = {f"{PREFIX}system": system.system}
    for key, nouns in lists:
        if nouns:
            dumped = [
                noun.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_defaults=True, exclude={"evidence"})
                for noun in nouns
            ]
            found[f"{PREFIX}{key}"] = json.dumps(dumped, ensure_ascii=False)
    return found
