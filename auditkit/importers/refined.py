"""What a person has refined stays refined: an import does not bring back the plain form of a call."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.importers.statements import Groups, Key, Said, as_list, evidence_of
from auditkit.model.draft import Item
from auditkit.model.system import split_target


def absorb(groups: Groups) -> None:
    """Take out imported calls that a person's file has in a finer form; their evidence goes to that form."""
    persons: dict[Any, list[Key]] = {}
    for key, said in groups.items():
        if said[0].by_person:
            persons.setdefault(_component(said[0].item), []).append(key)
    for key in [key for key, said in groups.items() if not said[0].by_person]:
        candidates = persons.get(_component(groups[key][0].item), [])
        finer = [own for own in candidates if all(_refines(groups[own][0].item, s.item) for s in groups[key])]
        if finer:
            bare = [
                Said(Item({"evidence": evidence_of(s.item)}, s.item.source, s.item.lines), by_person=False)
                for s in groups.pop(key)
            ]
            for own in finer:
                groups[own] = [*groups[own], *bare]


def _component(item: Item) -> Any:
    caller = item.data.get("from")
    return split_target(caller)[0] if isinstance(caller, str) else None


def _refines(own: Item, imported: Item) -> bool:
    """Whether a person's dependency says what an imported one says, and more."""
    sources = {entry.get("source") for entry in evidence_of(own) if entry.get("confidence") != "asked"}
    if sources and not sources & {entry.get("source") for entry in evidence_of(imported)}:
        return False
    if not _covers(own.data.get("from"), imported.data.get("from")):
        return False
    fallback = own.data.get("fallback")
    observed = any(entry.get("confidence") == "observed" for entry in evidence_of(imported))
    alternatives = [] if observed or not isinstance(fallback, Mapping) else as_list(fallback.get("alternatives"))
    named = [*as_list(own.data.get("to")), *(a.get("to") if isinstance(a, Mapping) else a for a in alternatives)]
    targets = as_list(imported.data.get("to"))
    return len(targets) == 1 and any(_covers(target, targets[0]) for target in named)


def _covers(own: Any, imported: Any) -> bool:
    if not isinstance(own, str) or not isinstance(imported, str):
        return False
    return own == imported or split_target(own)[0] == imported
