"""Several drafts -> one: the strongest evidence of each fact wins, what a person has said stays, contradictions are listed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import replace
from typing import Any, Final

from auditkit.importers.everybody import exported_names, spread, with_names
from auditkit.importers.layers import stack
from auditkit.importers.refined import absorb
from auditkit.importers.statements import (
    Groups,
    Key,
    Said,
    as_list,
    canonical,
    evidence_nouns,
    evidence_of,
    meaning,
    shown,
    title_of,
    value_at,
)
from auditkit.importers.yaml_write import same
from auditkit.model.draft import Conflict, Draft, Item
from auditkit.model.system import Question

_SECTIONS: Final = ("components", "dependencies", "common_causes", "journeys")
_IDENTITY: Final = frozenset({"id", "from", "to"})


def merge(
    drafts: Sequence[Draft], earlier: Sequence[Draft] = (), standing: Sequence[Draft] = ()
) -> tuple[Draft, tuple[Conflict, ...]]:
    """One draft of several, and where they contradict one another.

    Components, causes and journeys are the same by id, dependencies by caller and set of targets (`api` and `api:home` are
    different callers, and both stay). Of each fact the value with the strongest evidence is kept: a person's answer, then a
    person's file, then imports in the order of `CONFIDENCES`. A `service` that an import names is no fact, it is the default.
    All evidence is kept; that of a source which is read again is replaced. The order of `drafts` decides nothing, except
    between two files of persons: the one that is named first is the newer one, and wins.

    An import does not bring back what a person has refined: its plain call stands for nothing new where the person's file
    has it, from the same source or of the person's own, as one of several alternatives, at a single operation, or (unless
    it was observed) as a fallback; its policy holds for the refined calls. What holds for every caller of a component is said of
    each synchronous call that is known. Journeys that imports propose are left out where a person has confirmed any.

    `earlier` are former imports of the same sources: values in the person's file that come from them may be updated, and
    what they held but the person's file does not hold any more was deleted on purpose. `standing` are the settings of other
    sources that were imported before: where one layer (a library) and another below it (a mesh) both try a call again, that is
    put together and asked (`layers.py`).

    >>> def said(source, confidence, instances):
    ...     data = {"id": "api", "instances": instances, "evidence": [{"source": source, "confidence": confidence}]}
    ...     return Draft(source=source, components=(Item(data, source),))
    >>> merged, conflicts = merge([said("compose.yaml", "declared", 2), said("guess.csv", "inferred", 5)])
    >>> merged.components[0].data["instances"], conflicts[0].what, conflicts[0].dropped
    (2, 'api: instances', '5 (guess.csv)')
    """
    names = exported_names(drafts)
    drafts = _without_needless_proposals([with_names(draft, names) for draft in drafts])
    earlier, standing = ([with_names(draft, names) for draft in given] for given in (earlier, standing))
    known = {section: _grouped(earlier, section) for section in _SECTIONS}
    read_again = {draft.source for draft in drafts if not draft.by_person}
    conflicts: list[Conflict] = []
    merged: dict[str, dict[Key, Item]] = {}
    deleted: dict[Key, Item] = {}
    asked: tuple[Question, ...] = ()
    for section in _SECTIONS:
        groups = _grouped(drafts, section, standing if section == "dependencies" else ())
        formerly = set(known[section])
        if section == "dependencies":
            absorb(groups, known[section])
            asked = spread(drafts, groups, earlier, known[section])
            spread(standing, groups, (), known[section], are_standing=True)
            asked += stack(groups, known[section])
        merged[section] = {}
        for key, said in groups.items():
            item = _united(said, known[section].get(key, []), read_again, conflicts)
            if key in formerly and not any(s.by_person for s in said) and any(draft.by_person for draft in drafts):
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
        questions=_questions(ordered, earlier, asked),
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


def _grouped(drafts: Sequence[Draft], section: str, standing: Sequence[Draft] = ()) -> Groups:
    """Items by what they are about, a person's first. A person's file may hold one thing twice (the gate judges that)."""
    groups: Groups = {}
    ordered = sorted(drafts, key=lambda draft: not draft.by_person)
    for position, draft in enumerate((*ordered, *standing)):
        seen: Counter[Hashable] = Counter()
        for item in getattr(draft, section):
            name = _name(item)
            groups.setdefault((name, seen[name]), []).append(Said(item, draft.by_person, position, position >= len(ordered)))
            seen[name] += draft.by_person
    return groups


def _name(item: Item) -> Hashable:
    data = item.data
    if "from" in data or "to" in data:  # a dependency
        return canonical(data.get("from")), tuple(sorted(canonical(target) for target in as_list(data.get("to"))))
    return data["id"] if isinstance(data.get("id"), str) else canonical(data)


# ---------------------------------------------------------------------------------------------------- one thing, several sources


def _united(said: Sequence[Said], earlier: Sequence[Said], read_again: set[str], conflicts: list[Conflict]) -> Item:
    strongest = sorted(said, key=lambda s: (s.rank(""), s.item.source, canonical(dict(s.item.data))))
    base = strongest[0].item
    if len(said) == 1 and not (said[0].by_person and read_again):
        return base if said[0].by_person else _by_source(base)
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


def _facts(item: Item, said: Sequence[Said]) -> list[str]:
    """The keys of an item that state something; the figures of a policy are facts of their own where all policies have some."""
    split = all(isinstance(s.item.data["policy"], Mapping) for s in said if s.item.data.get("policy") not in (None, "unknown"))
    paths: list[str] = []
    for key, value in item.data.items():
        if key == "policy" and split and isinstance(value, Mapping) and value:
            paths += [f"policy.{below}" for below in value]
        elif key != "evidence":
            paths.append(key)
    return paths


def _decided(path: str, said: Sequence[Said], earlier: Sequence[Said], conflicts: list[Conflict]) -> tuple[Item, Any]:
    """Who is believed about one fact, and the value; everybody who says otherwise becomes a conflict."""
    stated = [(s, value) for s in said if (value := value_at(s.item, path)) not in (None, "unknown")]
    stated = [(s, value) for s, value in stated if s.by_person or not (path == "kind" and value == "service")] or stated
    fresh = [s for s, _ in stated if not s.by_person and any(s.item.source == e.item.source for e in earlier)]
    if fresh:
        stated = [
            (s, value) for s, value in stated if not (s.by_person and s.rank(path)[0] and _was_imported(path, value, earlier))
        ]
    if not stated:
        return next(((s.item, value_at(s.item, path)) for s in said if value_at(s.item, path) is not None), (said[0].item, None))
    stated.sort(key=lambda pair: (pair[0].rank(path), canonical(meaning(pair[1])), pair[0].item.source))
    winner, kept = stated[0]
    named = next((s.item for s in said if "from" in s.item.data or "id" in s.item.data), winner.item)
    for other, dropped in stated[1:]:
        if path not in _IDENTITY and not same(meaning(kept), meaning(dropped)):
            conflicts.append(
                Conflict(
                    where=other.item.where(path),
                    what=f"{title_of(named)}: {path}",
                    kept=f"{shown(kept)} ({winner.item.source})",
                    dropped=f"{shown(dropped)} ({other.item.source})",
                    evidence=evidence_nouns(other.item),
                )
            )
    return winner.item, kept


def _was_imported(path: str, value: Any, earlier: Sequence[Said]) -> bool:
    return any(same(meaning(value), meaning(value_at(e.item, path))) for e in earlier)


def _by_source(item: Item) -> Item:
    """Evidence of one source together, as it stands after a second import: reading the same files again changes nothing."""
    entries = evidence_of(item)
    places = {canonical(entry.get("source")): index for index, entry in reversed(list(enumerate(entries)))}
    if len(places) < 2 or len(entries) != len(item.data["evidence"]):
        return item
    ordered = sorted(entries, key=lambda entry: places[canonical(entry.get("source"))])
    return replace(item, data={**item.data, "evidence": ordered})


def _all_evidence(said: Sequence[Said], read_again: set[str], conflicts: list[Conflict]) -> list[Mapping[str, Any]]:
    """All evidence once, a person's first. What comes from a source that was read again is as that source says now."""
    now: dict[Any, list[Mapping[str, Any]]] = {}
    for s in said:
        for entry in () if s.by_person else evidence_of(s.item):
            now.setdefault(entry.get("source"), []).append(entry)
    spoken = set(now)
    found: list[Mapping[str, Any]] = []
    for s in said:
        for entry in evidence_of(s.item) if s.by_person else ():
            source = entry.get("source")
            found += now.pop(source, []) if source in spoken else [entry]
            if source in read_again and source not in spoken:
                what = f"{title_of(s.item)}: is not found in {source} any more"
                conflicts.append(Conflict(where=s.item.where(), what=what, kept="kept as it was", dropped=f"nothing ({source})"))
    found += [entry for entries in now.values() for entry in entries]
    return list({canonical(entry): entry for entry in found}.values())


def _restore(merged: dict[str, dict[Key, Item]], deleted: Mapping[Key, Item]) -> None:
    """A deleted component comes back where something that was not deleted names it."""
    text = canonical([[dict(item.data) for item in merged[section].values()] for section in _SECTIONS[1:]])
    for key, item in deleted.items():
        if f'"{item.data.get("id")}"' in text or f'"{item.data.get("id")}:' in text:
            merged["components"][key] = item


def _questions(ordered: Sequence[Draft], earlier: Sequence[Draft], asked: tuple[Question, ...]) -> tuple[Question, ...]:
    """Every question once: an answered one as it was answered, an open one as its source asks it now.

    What a source asked the last time and does not ask any more is settled by the source itself; what it asked the last time
    and a person's file does not hold any more was deleted on purpose.
    """
    asked_now = {question.id for draft in ordered if not draft.by_person for question in draft.questions}
    asked_now |= {question.id for question in asked}
    asked_before = {question.id for draft in earlier for question in draft.questions}
    kept = {question.id for draft in ordered if draft.by_person for question in draft.questions}
    deleted = asked_before - kept if any(draft.by_person for draft in ordered) else set[str]()
    found: dict[str, Question] = {}
    persons: set[str] = set()
    for draft in ordered:
        for question in draft.questions:
            if question.id in deleted:
                continue
            if draft.by_person:
                if question.answer is None and question.id in asked_before - asked_now:
                    continue
                persons |= {question.id} if question.answer is None else set()
            elif question.id in persons:
                persons.remove(question.id)
                found[question.id] = question
            found.setdefault(question.id, question)
    for question in asked:
        if question.id not in deleted:
            found.setdefault(question.id, question)
    return tuple(found.values())
