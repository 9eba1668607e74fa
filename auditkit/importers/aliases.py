"""One thing under several names: what a person has said to be the same is given one id."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auditkit.importers.statements import as_list
from auditkit.model.draft import Draft, Item


def renamed(draft: Draft, names: Mapping[str, str]) -> Draft:
    """The draft with other ids: `names` maps what a source calls a thing to the component that it is.

    Operations stay (`Cart:add` is `cart:add`), entries that become the same are united by `merge`, and a call of a thing to
    itself is dropped.

    >>> call = Item({"from": "Web", "to": "Cart:add"}, "t.json")
    >>> renamed(Draft("t.json", dependencies=(call,)), {"Web": "web", "Cart": "cart"}).dependencies[0].data
    {'from': 'web', 'to': 'cart:add'}
    """
    if not names:
        return draft
    dependencies = (_item(item, names) for item in draft.dependencies)
    return replace(
        draft,
        components=tuple(_item(item, names) for item in draft.components),
        dependencies=tuple(item for item in dependencies if not _calls_itself(item)),
        for_every_caller=tuple(_item(item, names) for item in draft.for_every_caller),
        common_causes=tuple(_item(item, names) for item in draft.common_causes),
        journeys=tuple(_item(item, names) for item in draft.journeys),
    )


def _item(item: Item, names: Mapping[str, str]) -> Item:
    data = {key: _named(value, names) if key in ("id", "from", "to", "entry", "completes", "affects") else value
            for key, value in item.data.items()}  # fmt: skip
    fallback = data.get("fallback")
    if isinstance(fallback, Mapping) and isinstance(fallback.get("alternatives"), list):
        others = [{**a, "to": _named(a.get("to"), names)} if isinstance(a, Mapping) else a for a in fallback["alternatives"]]
        data["fallback"] = {**fallback, "alternatives": others}
    return item if data == item.data else replace(item, data=data)


def _named(value: Any, names: Mapping[str, str]) -> Any:
    if isinstance(value, (list, tuple)):
        return list(dict.fromkeys(_named(entry, names) if isinstance(entry, str) else str(entry) for entry in value))
    if not isinstance(value, str):
        return value
    component, colon, operation = value.partition(":")
    return names.get(component, component) + colon + operation


def _calls_itself(item: Item) -> bool:
    return as_list(item.data.get("to")) == [item.data.get("from")]
