"""Before a merge: names as our own exports write them mean the components they were made from, and a setting that holds for
every caller is handed to each call that is known.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from auditkit.importers.mentions import question
from auditkit.importers.statements import Groups, Said, as_list, evidence_nouns, evidence_of
from auditkit.model.draft import Draft, Item
from auditkit.model.label import label
from auditkit.model.system import CONFIDENCES, Question, split_target


def exported_names(drafts: Sequence[Draft]) -> dict[str, str]:
    """Components by the label that our exports give them, where it is not their id."""
    ids = (item.data.get("id") for draft in drafts for item in draft.components)
    return {label(name): name for name in ids if isinstance(name, str) and label(name) != name}


def with_names(draft: Draft, names: Mapping[str, str]) -> Draft:
    """A draft whose labels are put back to the ids that they were made from."""
    if draft.by_person or not names:
        return draft
    return replace(
        draft,
        components=tuple(_renamed(item, names) for item in draft.components),
        dependencies=tuple(_renamed(item, names) for item in draft.dependencies),
        for_every_caller=tuple(_renamed(item, names) for item in draft.for_every_caller),
    )


def _renamed(item: Item, names: Mapping[str, str]) -> Item:
    changed: dict[str, Any] = {}
    for key in ("id", "from", "to"):
        value = item.data.get(key)
        meant = [_meant(target, names) for target in value] if isinstance(value, list) else _meant(value, names)
        if meant != value:
            changed[key] = meant
    return replace(item, data={**item.data, **changed}) if changed else item


def _meant(target: Any, names: Mapping[str, str]) -> Any:
    if not isinstance(target, str):
        return target
    component, operation = split_target(target)
    known = names.get(component, component)
    return known if operation is None else f"{known}:{operation}"


def spread(
    drafts: Sequence[Draft], groups: Groups, earlier: Sequence[Draft], known: Groups, are_standing: bool = False
) -> tuple[Question, ...]:
    """Add what holds for every caller to what is said of each synchronous call; where there is none, who calls is asked.

    A caller for whom the same source says something of its own is left out. `known` is what `earlier` drafts said of each call.
    """
    everybody = [item for draft in drafts for item in draft.for_every_caller]
    uncalled = [item for item in everybody if not _add(item, groups, groups, are_standing=are_standing)]
    for draft in earlier:
        for item in draft.for_every_caller:
            _add(item, groups, known, of_persons=True)
    return tuple(_who_calls(item) for item in uncalled)


def _add(item: Item, groups: Groups, into: Groups, of_persons: bool = False, are_standing: bool = False) -> bool:
    """Whether any call is known that it holds for."""
    found = False
    for key, said in groups.items():
        first = said[0].item.data
        if not any(_means(item, target) for target in as_list(first.get("to"))) or first.get("call") == "async":
            continue
        found = True
        own = any("policy" in s.item.data and s.item.source == item.source and not s.by_person for s in into.get(key, []))
        if not own and (any(s.by_person for s in said) or not of_persons):
            data = {"policy": item.data["policy"], "evidence": _no_stronger(item, said)}
            into[key] = [*into.get(key, []), Said(replace(item, data=data), by_person=False, standing=are_standing)]
    return found


def _no_stronger(item: Item, said: Sequence[Said]) -> list[dict[str, Any]]:
    """The evidence of a setting for everybody, no stronger than what shows the call: it says how calls are bounded, not that
    there is one.
    """
    known = [e.get("confidence") for s in said for e in evidence_of(s.item) if e.get("source") != item.source]
    strongest = min((CONFIDENCES.index(name) for name in known if name in CONFIDENCES), default=0)
    return [
        {**entry, "confidence": CONFIDENCES[max(strongest, CONFIDENCES.index(entry["confidence"]))]}
        for entry in evidence_of(item)
    ]


def _means(item: Item, target: Any) -> bool:
    """Whether a setting for a component or an operation holds for calls of a target."""
    to = item.data["to"]
    return isinstance(target, str) and (target == to or split_target(target)[0] == to)


def _who_calls(item: Item) -> Question:
    to = str(item.data["to"])
    locator = next((str(entry.get("locator", "")) for entry in evidence_of(item)), "")
    what = f"{locator} bounds every call of {to}, and no call of it is known: who calls it?"
    return question(f"callers {to}", to, what, item.where(), evidence_nouns(item))
