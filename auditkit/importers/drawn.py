"""Boxes and arrows, in whatever language they are drawn or listed -> a Draft. What a box is called becomes its id."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from auditkit.errors import Problem
from auditkit.importers.kinds import kind_by_name
from auditkit.importers.traffic import component_id
from auditkit.model.draft import Draft, Item
from auditkit.model.system import ComponentKind, Confidence, Question

CANNOT_SAY: Final = (
    "a diagram or catalogue is what somebody meant the system to be; whether it is still true only traffic can tell",
    "a diagram or catalogue does not say what a caller does when a call fails, nor how long it waits",
)


@dataclass(frozen=True, slots=True)
class Box:
    """One thing that can fail. `key` is how its source refers to it, `name` what people call it.

    `kind` is what the source states; without it the words of `hint` (a technology, a shape) and of the name are asked, and
    what they say is `inferred`. `within` tells equal names apart. `facts` are further keys of a component.
    """

    key: str
    name: str
    source: str
    locator: str
    line: int | None = None
    kind: ComponentKind | None = None
    hint: str = ""
    within: str = ""
    facts: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrow:
    """One call, between the keys of two boxes, or of a part of a box (its operation). `facts` are keys of a dependency."""

    caller: str
    callee: str
    source: str
    locator: str
    line: int | None = None
    is_async: bool = False
    caller_part: str = ""
    callee_part: str = ""
    confidence: Confidence = "declared"
    facts: Mapping[str, Any] = field(default_factory=dict)


def draft(
    source: str,
    boxes: Sequence[Box],
    arrows: Iterable[Arrow],
    questions: Iterable[Question] = (),
    cannot_say: Iterable[str] = (),
    journeys: Iterable[Item] = (),
    problems: Iterable[Problem] = (),
    system: str | None = None,
) -> Draft:
    """The system that is drawn: one dependency for each pair, with the evidence of all its arrows.

    An arrow from a box to itself is no dependency; a call waits as soon as one of its arrows does. Arrows whose ends are
    no boxes are the caller's mistake (`KeyError`).

    >>> shop = [Box("a", "Web Shop", "d.mmd", "a"), Box("b", "orders", "d.mmd", "b", hint="PostgreSQL 16")]
    >>> found = draft("d.mmd", shop, [Arrow("a", "b", "d.mmd", "a --> b", 3)])
    >>> [(item.data["id"], item.data.get("kind")) for item in found.components]
    [('Web-Shop', None), ('orders', 'database')]
    >>> found.dependencies[0].data["from"], found.dependencies[0].data["to"], found.dependencies[0].where()
    ('Web-Shop', 'orders', 'd.mmd:3')
    """
    ids = names(boxes)
    pairs: dict[tuple[str, str], list[Arrow]] = {}
    for arrow in arrows:
        pair = _target(ids[arrow.caller], arrow.caller_part), _target(ids[arrow.callee], arrow.callee_part)
        if pair[0] != pair[1]:
            pairs.setdefault(pair, []).append(arrow)
    return Draft(
        source=source,
        system=system,
        components=tuple(_component(box, ids[box.key]) for box in boxes),
        dependencies=tuple(_dependency(caller, callee, same) for (caller, callee), same in pairs.items()),
        journeys=tuple(journeys),
        questions=tuple({asked.id: asked for asked in questions}.values()),
        cannot_say=(*CANNOT_SAY, *cannot_say),
        problems=tuple(problems),
    )


def names(boxes: Sequence[Box]) -> dict[str, str]:
    """The id of each box, by its key: its name, where needed with what it stands in, where needed with its key.

    >>> twice = [Box("1", "db", "m", "", within="orders"), Box("2", "db", "m", "", within="users"), Box("3", "web", "m", "")]
    >>> names(twice)
    {'1': 'orders.db', '2': 'users.db', '3': 'web'}
    """
    ways = (
        [component_id(box.name) for box in boxes],
        [component_id(f"{box.within}.{box.name}" if box.within else box.name) for box in boxes],
        [component_id(f"{box.name}.{box.key}") for box in boxes],
    )
    counts = [_counted(way) for way in ways]
    found: dict[str, str] = {}
    taken: set[str] = set()
    for index, box in enumerate(boxes):
        alone = (way[index] for way, count in zip(ways, counts, strict=True) if count[way[index]] == 1)
        free = wanted = next(alone, ways[2][index])
        number = 2
        while free in taken:
            free, number = f"{wanted[:290]}-{number}", number + 1
        taken.add(free)
        found[box.key] = free
    return found


def name_of(key: str, label: str) -> str:
    """What a drawn box is called: its key where that reads as a name, else its label.

    >>> name_of("orders", "Order service"), name_of("A", "Order service"), name_of("node12", "Orders<br/>v2"), name_of("A", "")
    ('orders', 'Order service', 'Orders', 'A')
    """
    first = next((line for line in re.split(r"(?:<br\s*/?>|\\[nlr]|[\r\n])+", label) if line.strip()), "")
    plain = re.sub(r"<[^<>]*>", "", first).strip()
    numbered = re.fullmatch(r"(?:n|node|box|item|id|v|s|e|x)?[-_]?[0-9]+(?:::?[a-z]*[0-9]+)*", key, re.IGNORECASE)
    speaks = re.search(r"[^\W\d_]{3}", key) and not numbered
    return key if speaks or not plain else plain


def cylinder(name: str) -> ComponentKind | None:
    """What a cylinder of this name is: a database, unless the name says of itself that it is a cache or a queue.

    >>> cylinder("orders"), cylinder("redis")
    ('database', None)
    """
    return None if kind_by_name(name) in ("cache", "queue") else "database"


def part(name: str) -> str:
    """A name as that of an operation.

    >>> part("Sign In | v2")
    'Sign In - v2'
    """
    return re.sub(r"[\s|]+", lambda found: " - " if "|" in found[0] else " ", name).strip(" :")[:250]


def _counted(names: Iterable[str]) -> dict[str, int]:
    found: dict[str, int] = {}
    for name in names:
        found[name] = found.get(name, 0) + 1
    return found


def _target(id: str, part: str) -> str:
    return f"{id}:{part}" if part else id


def _component(box: Box, id: str) -> Item:
    evidence = [{"source": box.source, "locator": box.locator, "confidence": "declared"}]
    kind: str | None = box.kind
    if kind is None:
        kind, said = _kind(box)
        if said:
            evidence.append({"source": box.source, "locator": f"kind {kind}, by {said}", "confidence": "inferred"})
    data: dict[str, Any] = {"id": id}
    if kind and kind != "service":
        data["kind"] = kind
    data |= {key: value for key, value in box.facts.items() if value is not None}
    return Item({**data, "evidence": evidence}, box.source, {} if box.line is None else {"": box.line})


def _kind(box: Box) -> tuple[ComponentKind, str]:
    """What the words beside a box say, else its name; of a longer text only stores and queues count, a client has words too."""
    words = (kind_by_name(word) for word in re.split(r"[\s,;/()]+", box.hint))
    by_hint = kind_by_name(box.hint) or next((kind for kind in words if kind in ("database", "cache", "queue")), None)
    for kind, said in ((by_hint, "what stands with it"), (kind_by_name(box.name), "its name")):
        if kind and kind != "service":
            return kind, said
    return "service", ""


def _dependency(caller: str, callee: str, arrows: Sequence[Arrow]) -> Item:
    evidence = [{"source": a.source, "locator": a.locator, "confidence": a.confidence} for a in arrows]
    data: dict[str, Any] = {"from": caller, "to": callee}
    if all(arrow.is_async for arrow in arrows):
        data["call"] = "async"
    for arrow in reversed(arrows):
        data |= {key: value for key, value in arrow.facts.items() if value is not None}
    unique = [entry for index, entry in enumerate(evidence) if entry not in evidence[:index]]
    first = arrows[0]
    return Item({**data, "evidence": unique}, first.source, {} if first.line is None else {"": first.line})
