"""What a person has refined stays refined: an import does not bring back the plain form of a call."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from auditkit.importers.statements import Groups, Key, Said, as_list, evidence_of
from auditkit.model.draft import Item
from auditkit.model.system import split_target


def absorb(groups: Groups, known: Groups) -> None:
    """Take out imported calls that a person's file has in a finer form; their policy and evidence go to that form.

    `known` is what earlier imports said of each call; what they said of the plain call, they said of the finer ones.
    """
    persons: dict[Any, list[Key]] = {}
    for key, said in groups.items():
        if said[0].by_person:
            persons.setdefault(_component(said[0].item), []).append(key)
    for key in [key for key, said in groups.items() if not said[0].by_person]:
        candidates = persons.get(_component(groups[key][0].item), [])
        finer = [own for own in candidates if all(_refines(groups[own][0].item, s.item) for s in groups[key])]
        if finer:
            said, before = groups.pop(key), known.get(key, [])
            for own in finer:
                groups[own] = [*groups[own], *(_kept(s, groups[own][0]) for s in said)]
                if before:
                    known[own] = [*known.get(own, []), *(_kept(s, groups[own][0]) for s in before)]


def _kept(imported: Said, own: Said) -> Said:
    """What an imported call tells of a finer one: how it is bounded (unless it is a fallback there), and the evidence."""
    called = {target for to in as_list(own.item.data.get("to")) for target in (to, split_target(to)[0])}
    keys = ("evidence", "policy") if called & set(as_list(imported.item.data.get("to"))) else ("evidence",)
    data = {key: imported.item.data[key] for key in keys if key in imported.item.data}
    return replace(imported, item=replace(imported.item, data=data))


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
