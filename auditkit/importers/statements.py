"""What sources say, before anybody is believed: items with the weight of their source, and what their values mean."""

from __future__ import annotations

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from typing import Any

from auditkit.model.draft import Item
from auditkit.model.system import CONFIDENCES, Evidence
from auditkit.units import parse_duration, parse_rate, parse_share

Key = tuple[Hashable, int]
"""What a thing is known by, and how many of that name came before it in one person's file."""


@dataclass(frozen=True, slots=True)
class Said:
    """One item, and how much its source counts."""

    item: Item
    by_person: bool
    position: int = 0
    standing: bool = False
    """From a source that was imported before and is not read now."""

    def rank(self, key: str) -> tuple[int, int]:
        """Smaller is stronger: an answer to just this question, then a person's file, then imports; last, defaults."""
        confidences = [entry.get("confidence") for entry in evidence_of(self.item)]
        if self.by_person:
            answered = any(e.get("confidence") == "asked" and e.get("locator") == key for e in evidence_of(self.item))
            return (0 if answered else 1), self.position
        if key in self.item.assumed:
            return 2, len(CONFIDENCES)
        return 2, min((CONFIDENCES.index(c) for c in confidences if c in CONFIDENCES), default=len(CONFIDENCES))


Groups = dict[Key, list[Said]]
"""Everything that is said, by what it is about."""


def value_at(item: Item, path: str) -> Any:
    """What an item says at a key, or at a key below one (`policy.timeout`); None where it says nothing."""
    value: Any = item.data
    for step in path.split(".", 1):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def meaning(value: Any) -> Any:
    """A raw value such that equal ones mean the same: `0.5s` and `500ms`, `[a]` and `a`."""
    if isinstance(value, Mapping):
        return {key: meaning(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return meaning(value[0]) if len(value) == 1 else [meaning(below) for below in value]
    if isinstance(value, str):
        for parse in (parse_duration, parse_rate, parse_share):
            try:
                return parse(value)
            except ValueError:
                continue
    return value


def evidence_of(item: Item) -> list[Mapping[str, Any]]:
    """The evidence of an item, as far as it has the right shape."""
    entries = item.data.get("evidence")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, (list, tuple)) else []


def evidence_nouns(item: Item) -> tuple[Evidence, ...]:
    """The same as nouns."""
    return tuple(
        Evidence(source=str(e.get("source", item.source)), locator=str(e.get("locator", "")), confidence=e["confidence"])
        for e in evidence_of(item)
        if e.get("confidence") in CONFIDENCES
    )


def title_of(item: Item) -> str:
    """How messages name an item: its id, or `from -> to`."""
    if "from" in item.data:
        return f"{item.data['from']} -> {'|'.join(str(target) for target in as_list(item.data.get('to')))}"
    return str(item.data.get("id", "an entry without id"))


def shown(value: Any) -> str:
    """A raw value in one line."""
    return value if isinstance(value, str) else json.dumps(value, default=str)


def as_list(value: Any) -> list[Any]:
    """One or several as a list; nothing as an empty one."""
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def canonical(value: Any) -> str:
    """One text for equal raw values, to compare and to sort by."""
    return json.dumps(value, sort_keys=True, default=str)
