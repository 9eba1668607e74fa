"""Several drafts -> one: the strongest evidence of each fact wins, what a person has said stays, contradictions are listed."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from auditkit.importers.yaml_write import same
from auditkit.model.draft import Conflict, Draft, Item
from auditkit.model.system import CONFIDENCES, Evidence, Question, split_target
from auditkit.units import parse_duration, parse_rate, parse_share

Key = tuple[Hashable, int]
Groups = dict[Key, list["_Said"]]
_SECTIONS: Final = ("components", "dependencies", "common_causes", "journeys")
_IDENTITY: Final = frozenset({"id", "from", "to"})


@dataclass(frozen=True, slots=True)
class _Said:
    """One item, and how much its source counts."""

    item: Item
    by_person: bool
    position: int = 0

    def rank(self, key: str) -> tuple[int, int]:
        """Smaller is stronger: an answer to just this question, then a person's file, then imports by their evidence."""
        confidences = [entry.get("confidence") for entry in _evidence(self.item)]
        if self.by_person:
            answered = any(e.get("confidence") == "asked" and e.get("locator") == key for e in _evidence(self.item))
            return (0 if answered else 1), self.position
        return 2, min((CONFIDENCES.index(c) for c in confidences if c in CONFIDENCES), default=len(CONFIDENCES))


def merge(drafts: Sequence[Draft], earlier: Sequence[Draft] = ()) -> tuple[Draft, tuple[Conflict, ...]]:
    """One draft of several, and where they contradict one another.

    Components, causes and journeys are the same by id, dependencies by caller and set of targets (`api` and `api:home` are
    different callers, and both stay). Of each fact the value with the strongest evidence is kept: a person's answer, then a
    person's file, then imports in the order of `CONFIDENCES`. A `service` that an import names is no fact, it is the default.
    All evidence is kept; that of a source which is read again is replaced. The order of `drafts` decides nothing, except
    between two files of persons: the one that is named first is the newer one, and wins.

    An import does not bring back what a person has refined: its plain call stands for nothing new where the person's file
    has it, from the same source or of the person's own, as one of several alternatives, at a single operation, or (unless
    it was observed) as a fallback. Journeys that imports propose are left out where a person has confirmed any.

    `earlier` are former imports of the same sources: values in the person's file that come from them may be updated, and
    what they held but the person's file does not hold any more was deleted on purpose.

    >>> def said(source, confidence, instances):
    ...     data = {"id": "api", "instances": instances, "evidence": [{"source": source, "confidence": confidence}]}
    ...     return Draft(source=source, components=(Item(data, source),))
    >>> merged, conflicts = merge([said("compose.yaml", "declared", 2), said("guess.csv", "inferred", 5)])
    >>> merged.components[0].data["instances"], conflicts[0].what, conflicts[0].dropped
    (2, 'api: instances', '5 (guess.csv)')
    """
    drafts = _without_needless_proposals(drafts)
    known = {section: _grouped(earlier, section) for section in _SECTIONS}
    read_again = {draft.source for draft in drafts if not draft.by_person}
    conflicts: list[Conflict] = []
    merged: dict[str, dict[Key, Item]] = {}
    deleted: dict[Key, Item] = {}
    for section in _SECTIONS:
        groups = _grouped(drafts, section)
        if section == "dependencies":
            _absorb(groups)
        merged[section] = {}
        for key, said in groups.items():
            item = _united(said, known[section].get(key, []), read_again, conflicts)
            if key in known[section] and not any(s.by_person for s in said) and any(draft.by_person for draft in drafts):
                deleted.update({key: item} if section == "components" else {})
            else:
                merged[section][key] = item
    _restore(merged, deleted)
    persons = [draft for draft in drafts if draft.by_person]
    ordered = [*persons, *sorted((d for d in drafts if not d.by_person), key=lambda draft: draft.source)]
    return Draft(
        source=ordered[0].source if ordered else "nothing",
        system=next((draft.system for draft in ordered if draft.system), None),
        components=tuple(merged["components"].values()),
        dependencies=tuple(merged["dependencies"].values()),
        common_causes=tuple(merged["common_causes"].values()),
        journeys=tuple(merged["journeys"].values()),
        questions=_questions(ordered),
        cannot_say=tuple(dict.fromkeys(text for draft in drafts for text in draft.cannot_say)),
        problems=tuple(dict.fromkeys(problem for draft in drafts for problem in draft.problems)),
    ), tuple(sorted(dict.fromkeys(conflicts), key=lambda conflict: (conflict.where, conflict.what, conflict.dropped)))


def _without_needless_proposals(drafts: Sequence[Draft]) -> list[Draft]:
    confirmed = any(draft.by_person and any(not item.data.get("proposed") for item in draft.journeys) for draft in drafts)
    if not confirmed:
        return list(drafts)
    return [
        draft
        if draft.by_person
        else replace(draft, journeys=tuple(item for item in draft.journeys if not item.data.get("proposed")))
        for draft in drafts
    ]


def _grouped(drafts: Iterable[Draft], section: str) -> Groups:
    """Items by what they are about, a person's first. A person's file may hold one thing twice (the gate judges that)."""
    groups: Groups = {}
    for position, draft in enumerate(sorted(drafts, key=lambda draft: not draft.by_person)):
        seen: Counter[Hashable] = Counter()
        for item in getattr(draft, section):
            name = _name(item)
            groups.setdefault((name, seen[name]), []).append(_Said(item, draft.by_person, position))
            seen[name] += draft.by_person
    return groups


def _name(item: Item) -> Hashable:
    data = item.data
    if "from" in data or "to" in data:  # a dependency
        return _canonical(data.get("from")), tuple(sorted(_canonical(target) for target in _list(data.get("to"))))
    return data["id"] if isinstance(data.get("id"), str) else _canonical(data)


# ---------------------------------------------------------------------------------------------------- one thing, several sources


def _united(said: Sequence[_Said], earlier: Sequence[_Said], read_again: set[str], conflicts: list[Conflict]) -> Item:
    strongest = sorted(said, key=lambda s: (s.rank(""), s.item.source, _canonical(dict(s.item.data))))
    base = strongest[0].item
    if len(said) == 1 and not (said[0].by_person and read_again):
        return base
    data: dict[str, Any] = {}
    merged: dict[str, Item] = {}
    for path in dict.fromkeys(path for s in strongest for path in _facts(s.item, strongest)):
        winner, value = _decided(path, strongest, earlier, conflicts)
        if winner is not base:
            merged[path] = winner
        head, _, rest = path.partition(".")
        if rest:
            data[head] = {**data.get(head, {}), rest: value}
        else:
            data[path] = value
    evidence = _all_evidence(strongest, read_again, conflicts)
    if evidence:
        data["evidence"] = evidence
    return Item(data, base.source, base.lines, merged)


def _facts(item: Item, said: Sequence[_Said]) -> list[str]:
    """The keys of an item that state something; the figures of a policy are facts of their own where all policies have some."""
    split = all(isinstance(s.item.data["policy"], Mapping) for s in said if s.item.data.get("policy") not in (None, "unknown"))
    paths: list[str] = []
    for key, value in item.data.items():
        if key == "policy" and split and isinstance(value, Mapping) and value:
            paths += [f"policy.{below}" for below in value]
        elif key != "evidence":
            paths.append(key)
    return paths


def _decided(path: str, said: Sequence[_Said], earlier: Sequence[_Said], conflicts: list[Conflict]) -> tuple[Item, Any]:
    """Who is believed about one fact, and the value; everybody who says otherwise becomes a conflict."""
    stated = [(s, value) for s in said if (value := _value(s.item, path)) not in (None, "unknown")]
    stated = [(s, value) for s, value in stated if s.by_person or not (path == "kind" and value == "service")] or stated
    fresh = [s for s, _ in stated if not s.by_person and any(s.item.source == e.item.source for e in earlier)]
    if fresh:
        stated = [
            (s, value) for s, value in stated if not (s.by_person and s.rank(path)[0] and _was_imported(path, value, earlier))
        ]
    if not stated:
        return next(((s.item, _value(s.item, path)) for s in said if _value(s.item, path) is not None), (said[0].item, None))
    stated.sort(key=lambda pair: (pair[0].rank(path), _canonical(_meaning(pair[1])), pair[0].item.source))
    winner, kept = stated[0]
    for other, dropped in stated[1:]:
        if path not in _IDENTITY and not same(_meaning(kept), _meaning(dropped)):
            conflicts.append(
                Conflict(
                    where=other.item.where(path),
                    what=f"{_title(other.item)}: {path}",
                    kept=f"{_shown(kept)} ({winner.item.source})",
                    dropped=f"{_shown(dropped)} ({other.item.source})",
                    evidence=_nouns(other.item),
                )
            )
    return winner.item, kept


def _was_imported(path: str, value: Any, earlier: Sequence[_Said]) -> bool:
    return any(same(_meaning(value), _meaning(_value(e.item, path))) for e in earlier)


def _all_evidence(said: Sequence[_Said], read_again: set[str], conflicts: list[Conflict]) -> list[Mapping[str, Any]]:
    """All evidence once, a person's first. What comes from a source that was read again is as that source says now."""
    now: dict[Any, list[Mapping[str, Any]]] = {}
    for s in said:
        for entry in () if s.by_person else _evidence(s.item):
            now.setdefault(entry.get("source"), []).append(entry)
    spoken = set(now)
    found: list[Mapping[str, Any]] = []
    for s in said:
        for entry in _evidence(s.item) if s.by_person else ():
            source = entry.get("source")
            found += now.pop(source, []) if source in spoken else [entry]
            if source in read_again and source not in spoken:
                what = f"{_title(s.item)}: is not found in {source} any more"
                conflicts.append(Conflict(where=s.item.where(), what=what, kept="kept as it was", dropped=f"nothing ({source})"))
    found += [entry for entries in now.values() for entry in entries]
    return list({_canonical(entry): entry for entry in found}.values())


# ---------------------------------------------------------------------------------------------------- what a person has refined


def _absorb(groups: Groups) -> None:
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
                _Said(Item({"evidence": _evidence(s.item)}, s.item.source, s.item.lines), by_person=False)
                for s in groups.pop(key)
            ]
            for own in finer:
                groups[own] = [*groups[own], *bare]


def _component(item: Item) -> Any:
    caller = item.data.get("from")
    return split_target(caller)[0] if isinstance(caller, str) else None


def _refines(own: Item, imported: Item) -> bool:
    """Whether a person's dependency says what an imported one says, and more."""
    sources = {entry.get("source") for entry in _evidence(own) if entry.get("confidence") != "asked"}
    if sources and not sources & {entry.get("source") for entry in _evidence(imported)}:
        return False
    if not _covers(own.data.get("from"), imported.data.get("from")):
        return False
    fallback = own.data.get("fallback")
    observed = any(entry.get("confidence") == "observed" for entry in _evidence(imported))
    alternatives = [] if observed or not isinstance(fallback, Mapping) else _list(fallback.get("alternatives"))
    named = [*_list(own.data.get("to")), *(a.get("to") if isinstance(a, Mapping) else a for a in alternatives)]
    targets = _list(imported.data.get("to"))
    return len(targets) == 1 and any(_covers(target, targets[0]) for target in named)


def _covers(own: Any, imported: Any) -> bool:
    if not isinstance(own, str) or not isinstance(imported, str):
        return False
    return own == imported or split_target(own)[0] == imported


def _restore(merged: dict[str, dict[Key, Item]], deleted: Mapping[Key, Item]) -> None:
    """A deleted component comes back where something that was not deleted names it."""
    text = _canonical([[dict(item.data) for item in merged[section].values()] for section in _SECTIONS[1:]])
    for key, item in deleted.items():
        if f'"{item.data.get("id")}"' in text or f'"{item.data.get("id")}:' in text:
            merged["components"][key] = item


# ---------------------------------------------------------------------------------------------------- small things


def _questions(ordered: Sequence[Draft]) -> tuple[Question, ...]:
    found: dict[str, Question] = {}
    for draft in ordered:
        for question in draft.questions:
            found.setdefault(question.id, question)
    return tuple(found.values())


def _value(item: Item, path: str) -> Any:
    value: Any = item.data
    for step in path.split(".", 1):
        value = value.get(step) if isinstance(value, Mapping) else None
    return value


def _meaning(value: Any) -> Any:
    """A raw value such that equal ones mean the same: `0.5s` and `500ms`, `[a]` and `a`."""
    if isinstance(value, Mapping):
        return {key: _meaning(below) for key, below in value.items()}
    if isinstance(value, (list, tuple)):
        return _meaning(value[0]) if len(value) == 1 else [_meaning(below) for below in value]
    if isinstance(value, str):
        for parse in (parse_duration, parse_rate, parse_share):
            try:
                return parse(value)
            except ValueError:
                continue
    return value


def _evidence(item: Item) -> list[Mapping[str, Any]]:
    entries = item.data.get("evidence")
    return [entry for entry in entries if isinstance(entry, Mapping)] if isinstance(entries, (list, tuple)) else []


def _nouns(item: Item) -> tuple[Evidence, ...]:
    return tuple(
        Evidence(source=str(e.get("source", item.source)), locator=str(e.get("locator", "")), confidence=e["confidence"])
        for e in _evidence(item)
        if e.get("confidence") in CONFIDENCES
    )


def _title(item: Item) -> str:
    if "from" in item.data:
        return f"{item.data['from']} -> {'|'.join(str(target) for target in _list(item.data.get('to')))}"
    return str(item.data.get("id", "an entry without id"))


def _shown(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value, default=str)


def _list(value: Any) -> list[Any]:
    return list(value) if isinstance(value, (list, tuple)) else [] if value is None else [value]


def _canonical(value: Any) -> str:
    return json.dumps(value, sort_keys=True, default=str)
