"""Structurizr workspaces as JSON (the API's form, which the DSL is compiled to)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from auditkit.errors import InputError, Problem
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.dotted import ours
from auditkit.importers.restored import Kept, restored
from auditkit.importers.shapes import below, text_of
from auditkit.importers.structurizr_dsl import DSL_SIGNS, read_dsl
from auditkit.importers.structurizr_model import CANNOT_SAY, Element, Instance, Model, Relation, Type, model_draft
from auditkit.importers.yaml_text import parse
from auditkit.model.draft import Draft

_CHILDREN: Final[Mapping[str, Type]] = {
    "people": "person",
    "softwareSystems": "system",
    "containers": "container",
    "components": "component",
    "customElements": "other",
    "deploymentNodes": "node",
    "children": "node",
    "infrastructureNodes": "infrastructure",
}
_INSTANCES: Final = {"containerInstances": "containerId", "softwareSystemInstances": "softwareSystemId"}


def _detect(name: str, text: str) -> bool:
    if text.lstrip("\ufeff \t\r\n").startswith("{"):
        return '"model"' in text and ('"softwareSystems"' in text or ('"people"' in text and '"views"' in text))
    return bool(DSL_SIGNS.search(text[:20_000]))


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    if not text.lstrip("\ufeff \t\r\n").startswith("{"):
        model, questions = read_dsl(text, name, read_sibling)
        return model_draft(name, model, questions)
    root = parse(text, name).value
    top = below(root, "model")
    if not isinstance(top, Mapping):
        raise InputError.of(f"{name}:1", "has no model", "export the whole workspace as JSON")
    problems: list[Problem] = []
    elements: list[Element] = []
    relations: list[Relation] = []
    instances: list[Instance] = []
    for element, relation, instance in _walk(top, None, 1, name, problems):
        elements += [element] if element else []
        relations += [relation] if relation else []
        instances += [instance] if instance else []
    keys = {element.key for element in elements} | {instance.key for instance in instances}
    for relation in relations:
        problems += [
            Problem(name, f"a relationship names the element {key!r}, which is not there", "export it again")
            for key in (relation.source, relation.destination)
            if key not in keys
        ]
    if len({element.key for element in elements}) < len(elements):
        problems.append(Problem(name, "two elements have the same id", "export it again"))
    if problems:
        raise InputError(dict.fromkeys(problems))
    whole = ours(_properties(top))
    if whole:
        return _ours(name, whole, elements, relations)
    return model_draft(name, Model(tuple(elements), tuple(relations), tuple(instances)))


_Found = tuple[Element | None, Relation | None, Instance | None]


def _walk(
    value: Mapping[str, Any], parent: str | None, times: int | None, name: str, problems: list[Problem]
) -> Iterator[_Found]:
    """Everything below one element. `times`: how often the deployment nodes around it exist, None where nobody can say."""
    for key, what in _CHILDREN.items():
        for raw in _mappings(value.get(key), key, name, problems):
            element = _element(raw, what, parent)
            if not element.key or not element.name:
                problems.append(Problem(name, f"an element of {key} has no id or no name", "export it again"))
                continue
            yield element, None, None
            yield from _relations(raw, element.key, name, problems)
            yield from _walk(raw, element.key, _product(times, raw.get("instances")), name, problems)
    for key, of in _INSTANCES.items():
        for raw in _mappings(value.get(key), key, name, problems):
            instance = Instance(text_of(raw.get("id")), text_of(raw.get(of)), text_of(raw.get("environment")), times)
            yield None, None, instance
            yield from _relations(raw, instance.key, name, problems)


def _element(raw: Mapping[str, Any], type: Type, parent: str | None) -> Element:
    tags = tuple(tag.strip() for tag in text_of(raw.get("tags")).split(",") if tag.strip())
    key, name, description, technology, location = (
        text_of(raw.get(key)) for key in ("id", "name", "description", "technology", "location")
    )
    return Element(key, type, name, parent, None, description, technology, tags, location, _properties(raw))


def _relations(raw: Mapping[str, Any], key: str, name: str, problems: list[Problem]) -> Iterator[_Found]:
    for said in _mappings(raw.get("relationships"), "relationships", name, problems):
        is_async = said.get("interactionStyle") == "Asynchronous"
        callee, description, technology = (text_of(said.get(k)) for k in ("destinationId", "description", "technology"))
        yield None, Relation(key, callee, description, technology, is_async, None, _properties(said)), None


def _properties(raw: Mapping[str, Any]) -> Mapping[str, Any]:
    found = raw.get("properties")
    return found if isinstance(found, Mapping) else {}


def _mappings(value: object, key: str, name: str, problems: list[Problem]) -> Sequence[Mapping[str, Any]]:
    entries = value if isinstance(value, list) else []
    if (value is not None and not isinstance(value, list)) or not all(isinstance(entry, Mapping) for entry in entries):
        problems.append(Problem(name, f"{key} is no list of elements", "export it again"))
    return [entry for entry in entries if isinstance(entry, Mapping)]


def _product(times: int | None, instances: object) -> int | None:
    said = text_of(instances) or "1"
    return times * int(said) if times is not None and said.isascii() and said.isdigit() and 0 < len(said) < 7 else None


def _ours(name: str, whole: Mapping[str, str], elements: Sequence[Element], relations: Sequence[Relation]) -> Draft:
    """What our own exporter wrote: the containers are the components, everything else stands in properties."""
    kept = [element for element in elements if ours(element.properties)]
    ids = {element.key: element.name for element in kept}
    inside = [r for r in relations if {r.source, r.destination} <= set(ids)]
    return restored(
        name,
        whole,
        (Kept((element.name,), ours(element.properties)) for element in kept),
        (Kept((ids[r.source], ids[r.destination]), ours(r.properties)) for r in inside),
    )


STRUCTURIZR: Final = Importer(
    name="structurizr",
    drawn=True,
    title="Structurizr (JSON or DSL)",
    prose=(
        "People, containers, software systems without containers and infrastructure nodes become components; the components of"
        " a container are its operations; relationships become dependencies (declared), asynchronous where the style or the"
        " tag says so. Instances are counted in the only environment, or the live one. A relationship between groupings that no"
        " finer one explains becomes a question. Views are not read, !include and extends only of files beside it. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
)
