"""The model of a Structurizr workspace, from its JSON or its DSL alike -> a Draft.

What can fail on its own are people, containers, software systems without containers, and infrastructure. The components of
a container are its operations. A relationship that is drawn between groupings is not a call of anything in particular.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from auditkit.importers.drawn import Arrow, Box, draft, part
from auditkit.importers.mentions import question
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind, Evidence, Question

Type = Literal["person", "system", "container", "component", "node", "infrastructure", "other"]
CANNOT_SAY: Final = ("a Structurizr model does not say in which zones instances run, nor what users need most",)
_LIVE: Final = re.compile(r"live|prod(uction)?|default", re.IGNORECASE)
_OUTSIDE: Final = frozenset({"external", "external system"})


@dataclass(frozen=True, slots=True)
class Element:
    """One element of the model. `parent` is the key of what it stands in."""

    key: str
    type: Type
    name: str
    parent: str | None = None
    line: int | None = None
    description: str = ""
    technology: str = ""
    tags: tuple[str, ...] = ()
    location: str = ""
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Relation:
    """One relationship, between the keys of two elements."""

    source: str
    destination: str
    description: str = ""
    technology: str = ""
    is_async: bool = False
    line: int | None = None
    properties: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Instance:
    """A container or software system as deployed: `count` None where it is a range or no number."""

    key: str
    of: str
    environment: str
    count: int | None = 1


@dataclass(frozen=True, slots=True)
class Model:
    """Everything that a workspace says of the system itself; its views add nothing."""

    elements: tuple[Element, ...]
    relations: tuple[Relation, ...]
    instances: tuple[Instance, ...] = ()


def model_draft(source: str, model: Model, more: Sequence[Question] = (), notes: Sequence[str] = ()) -> Draft:
    """The draft of a model: no element and no relationship is dropped without a question or a finer one in its place."""
    elements = {element.key: element for element in model.elements}
    parents = {element.parent for element in model.elements if element.type == "container"}
    boxes = [
        _box(source, element, model, elements)
        for element in model.elements
        if element.type in ("person", "container", "infrastructure", "other")
        or (element.type == "system" and element.key not in parents)
    ]
    known = {box.key for box in boxes}
    instance_of = {instance.key: instance.of for instance in model.instances}
    arrows: list[Arrow] = []
    coarse: list[Relation] = []
    for relation in model.relations:
        ends = [instance_of.get(key, key) for key in (relation.source, relation.destination)]
        found = [_end(key, elements) for key in ends]
        if all(box in known for box, _ in found):
            arrows.append(_arrow(source, relation, found, ends, elements))
        else:
            coarse.append(relation)
    finer = [(_above(r.source, elements), _above(r.destination, elements)) for r in model.relations if r not in coarse]
    left = [r for r in coarse if not any(r.source in a and r.destination in b for a, b in finer)]
    questions = (*more, *(_which(source, r, elements, instance_of) for r in left), *_about_instances(source, model, elements))
    return draft(source, boxes, arrows, questions, (*CANNOT_SAY, *notes))


def _end(key: str, elements: Mapping[str, Element]) -> tuple[str, str]:
    """The box that an end of a relationship is, and the operation of it."""
    element = elements.get(key)
    if element is not None and element.type == "component" and element.parent is not None:
        return element.parent, part(element.name)
    return key, ""


def _above(key: str, elements: Mapping[str, Element]) -> set[str]:
    """An element and all that it stands in."""
    found: set[str] = set()
    at: str | None = key
    while at is not None and at not in found:
        found.add(at)
        at = elements[at].parent if at in elements else None
    return found


def _box(source: str, element: Element, model: Model, elements: Mapping[str, Element]) -> Box:
    tags = [tag for tag in element.tags if tag.lower() not in ("element", "container", "software system", "person")]
    kind: ComponentKind | None = "client" if element.type == "person" else None
    if element.type == "system" and (element.location == "External" or _OUTSIDE & {tag.lower() for tag in tags}):
        kind = "external"
    within = elements[element.parent].name if element.parent is not None and element.parent in elements else ""
    said = f"{element.type} {element.name!r}" + (f" ({element.technology})" if element.technology else "")
    facts = {"instances": _instances(model, element.key)}
    hint = element.technology or " ".join(tags)
    return Box(element.key, element.name, source, said[:300], element.line, kind, hint, within, facts)


def _environment(model: Model) -> str | None:
    """The one environment that is audited: the only one, or the only one that is called live or production."""
    names = list(dict.fromkeys(instance.environment for instance in model.instances))
    live = [name for name in names if _LIVE.fullmatch(name)]
    return names[0] if len(names) == 1 else live[0] if len(live) == 1 else None


def _instances(model: Model, key: str) -> int | None:
    environment = _environment(model)
    counts = [instance.count for instance in model.instances if instance.of == key and instance.environment == environment]
    known = [count for count in counts if count is not None]
    return sum(known) if known and len(known) == len(counts) else None


def _arrow(
    source: str,
    relation: Relation,
    found: Sequence[tuple[str, str]],
    ends: Sequence[str],
    elements: Mapping[str, Element],
) -> Arrow:
    said = f"{_name(ends[0], elements)} -> {_name(ends[1], elements)}"
    told = ", ".join(text for text in (relation.description, relation.technology) if text)
    to_person = elements[ends[1]].type == "person"  # nobody waits for a person
    return Arrow(
        found[0][0],
        found[1][0],
        source,
        (f"{said}: {told}" if told else said)[:300],
        relation.line,
        relation.is_async or to_person,
        found[0][1],
        found[1][1],
    )


def _name(key: str, elements: Mapping[str, Element]) -> str:
    return elements[key].name if key in elements else key


def _which(source: str, relation: Relation, elements: Mapping[str, Element], instance_of: Mapping[str, str]) -> Question:
    one, other = (_name(instance_of.get(key, key), elements) for key in (relation.source, relation.destination))
    told = f" ({relation.description})" if relation.description else ""
    evidence = Evidence(source=source, locator=f"{one} -> {other}"[:300], confidence="declared")
    place = source if relation.line is None else f"{source}:{relation.line}"
    what = f"{one} -> {other}{told} joins what is only a grouping here: which of their parts call each other?"
    return question(f"parts {one} -> {other}", f"{one} -> {other}", what, place, (evidence,))


def _about_instances(source: str, model: Model, elements: Mapping[str, Element]) -> Iterator[Question]:
    names = sorted({instance.environment for instance in model.instances})
    if len(names) > 1 and _environment(model) is None:
        what = f"{', '.join(names)} are deployment environments: which of them is audited, and how many of each run there?"
        yield question("environment", source, what, source)
    for instance in model.instances:
        if instance.count is None and instance.environment == _environment(model):
            what = f"{_name(instance.of, elements)} is deployed a variable number of times: how many run at least?"
            yield question(f"instances {instance.of}", _name(instance.of, elements), what, source)
