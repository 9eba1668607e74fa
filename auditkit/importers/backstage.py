"""Backstage catalogues: entities of `catalog-info.yaml`, what they depend on, and which APIs they provide and consume."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditkit.errors import Problem
from auditkit.importers.base import Importer, ReadSibling, beginning, no_siblings
from auditkit.importers.drawn import Arrow, Box, draft
from auditkit.importers.mentions import question
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.importers.yaml_text import Node, parse_all
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind, Evidence, Question

CANNOT_SAY: Final = ("a catalogue does not say how many instances run, nor where",)
_API: Final = re.compile(r"""^[ \t]*+["']?apiVersion["']?:\s*["']?backstage\.io/""", re.MULTILINE)
_REFERENCE: Final = re.compile(r"(?:(?P<kind>[^:/]+):)?(?:(?P<space>[^:/]+)/)?(?P<name>[^:/]+)")
_UNSURE: Final = ("deprecated", "experimental")
_NEEDS: Final = ("dependsOn", "dependencyOf", "providesApis", "consumesApis")


@dataclass(frozen=True, slots=True)
class _Entity:
    """One entity; `key` is its full reference, `kind:namespace/name` in lower case."""

    key: str
    kind: str
    name: str
    spec: Mapping[str, Any]
    source: str
    node: Node

    def line(self, *path: str | int) -> int:
        return self.node.line_of(*path)


def _detect(name: str, text: str) -> bool:
    return bool(_API.search(beginning(text)))


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    return read_together(((name, text),), read_sibling)


def read_together(files: Sequence[tuple[str, str]], read_sibling: ReadSibling = no_siblings) -> Draft:
    r"""The system that some catalogue files (name, text) describe together: an API in one, who consumes it in another.

    Raises `InputError` on text that is no YAML; entities of a wrong shape are left out and reported in `problems`.

    >>> text = "apiVersion: backstage.io/v1alpha1\nkind: Component\nmetadata: {name: web}\nspec: {dependsOn: [resource:db]}"
    >>> [(item.data["from"], item.data["to"]) for item in read_together([("c.yaml", text)]).dependencies]
    [('web', 'db')]
    """
    problems: list[Problem] = []
    entities: dict[str, _Entity] = {}
    for source, text in files:
        for node in parse_all(text, source):
            entity = _entity(node, source, problems)
            if entity and entity.key in entities:
                other = entities[entity.key]
                what = f"{entity.key} is described twice, first at {other.source}:{other.line()}"
                problems.append(Problem(f"{source}:{entity.line()}", what, "keep one of them"))
            elif entity:
                entities[entity.key] = entity
    boxes = {key: _box(entity) for key, entity in entities.items() if entity.kind in ("component", "resource")}
    questions: list[Question] = [asked for entity in entities.values() for asked in _about_lifecycle(entity)]
    arrows: list[Arrow] = []
    providers = _providers(entities, problems)
    for entity in entities.values():
        if entity.key in boxes:
            for need in _NEEDS:
                for reference, line in _references(entity, need, problems):
                    _use(entity, need, reference, line, (boxes, arrows, questions), entities, providers)
    name = files[0][0] if files else "catalog"
    return draft(name, tuple(boxes.values()), arrows, questions, CANNOT_SAY, (), problems)


def _entity(node: Node, source: str, problems: list[Problem]) -> _Entity | None:
    where = f"{source}:{node.line}"
    value = mapping_of(node.value, where, "an entity", problems)
    if not text_of(value.get("apiVersion")).startswith("backstage.io/"):
        return None
    kind = text_of(value.get("kind")).lower()
    name = text_of(below(value, "metadata", "name"))
    space = text_of(below(value, "metadata", "namespace")) or "default"
    if not kind or not name:
        problems.append(Problem(where, "an entity has no kind or no metadata.name", "write both"))
        return None
    spec = mapping_of(value.get("spec"), f"{source}:{node.line_of('spec')}", "spec", problems)
    return _Entity(f"{kind}:{space}/{name}".lower(), kind, name, spec, source, node)


def _box(entity: _Entity) -> Box:
    sort = text_of(entity.spec.get("type"))
    lifecycle = text_of(entity.spec.get("lifecycle"))
    said = ", ".join(text for text in (f"{entity.kind} {entity.name}", sort, lifecycle) if text)
    kind: ComponentKind | None = "module" if sort.lower() == "library" else None
    owner = text_of(entity.spec.get("owner"))
    found = _REFERENCE.fullmatch(owner)
    facts = {"owner": (found["name"] if found else owner) or None}
    hint = sort if entity.kind == "resource" else ""
    return Box(entity.key, entity.name, entity.source, said, entity.line("metadata", "name"), kind, hint, facts=facts)


def _providers(entities: Mapping[str, _Entity], problems: list[Problem]) -> dict[str, list[str]]:
    """Who provides each API, by its reference."""
    found: dict[str, list[str]] = {}
    for entity in entities.values():
        for reference, _ in _references(entity, "providesApis", problems):
            found.setdefault(_full(reference, "api"), []).append(entity.key)
    return found


def _references(entity: _Entity, key: str, problems: list[Problem]) -> Iterator[tuple[str, int]]:
    where = f"{entity.source}:{entity.line('spec', key)}"
    for index, value in enumerate(list_of(entity.spec.get(key), where, key, problems)):
        line = entity.line("spec", key, index)
        if _REFERENCE.fullmatch(text_of(value)):
            yield text_of(value), line
        else:
            problems.append(Problem(f"{entity.source}:{line}", f"{key} names no entity", "write kind:namespace/name"))


def _full(reference: str, usual: str) -> str:
    found = _REFERENCE.fullmatch(reference)
    assert found is not None  # checked where references are read
    return f"{found['kind'] or usual}:{found['space'] or 'default'}/{found['name']}".lower()


_Made = tuple[dict[str, Box], list[Arrow], list[Question]]


def _use(
    entity: _Entity,
    need: str,
    reference: str,
    line: int,
    made: _Made,
    entities: Mapping[str, _Entity],
    providers: Mapping[str, Sequence[str]],
) -> None:
    """What one entry of `dependsOn`, `dependencyOf` or `consumesApis` means."""
    boxes, arrows, questions = made
    if need == "providesApis":
        return
    key = _full(reference, "api" if need == "consumesApis" else "component")
    locator = f"{entity.kind} {entity.name}, spec.{need}: {reference}"
    evidence = Evidence(source=entity.source, locator=locator, confidence="declared")
    place = f"{entity.source}:{line}"
    if key.startswith("api:"):
        offered = [provider for provider in providers.get(key, ()) if provider in boxes and provider != entity.key]
        if len(offered) != 1 and entity.key not in providers.get(key, ()):
            who = f"which {', '.join(entities[p].name for p in offered)} provide" if offered else "which nobody here provides"
            what = f"{entity.name} consumes {reference}, {who}: whom does it call?"
            questions.append(question(f"api {entity.key} {key}", entity.name, what, place, (evidence,)))
            return
        is_async = key in entities and text_of(entities[key].spec.get("type")).lower() == "asyncapi"
        arrows += [Arrow(entity.key, other, entity.source, locator, line, is_async) for other in offered]
    elif key.startswith(("component:", "resource:")):
        if key not in boxes:
            name = key.rpartition("/")[2]
            boxes[key] = Box(key, name, entity.source, locator, line)
            what = f"{entity.name} depends on {reference}, which no file here describes: what is it?"
            questions.append(question(f"entity {key}", name, what, place, (evidence,)))
        ends = (key, entity.key) if need == "dependencyOf" else (entity.key, key)
        arrows.append(Arrow(*ends, entity.source, locator, line))
    else:
        what = f"{entity.name} depends on {reference}, which is nothing that runs: on which part of it?"
        questions.append(question(f"part {entity.key} {key}", entity.name, what, place, (evidence,)))


def _about_lifecycle(entity: _Entity) -> Iterator[Question]:
    stage = text_of(entity.spec.get("lifecycle")).lower()
    if entity.kind in ("component", "resource") and stage in _UNSURE:
        evidence = Evidence(source=entity.source, locator=f"{entity.kind} {entity.name}, lifecycle", confidence="declared")
        what = f"{entity.name} is {stage}: does it run, and is it part of what is audited?"
        place = f"{entity.source}:{entity.line('spec', 'lifecycle')}"
        yield question(f"lifecycle {entity.key}", entity.name, what, place, (evidence,))


BACKSTAGE: Final = Importer(
    name="backstage",
    drawn=True,
    title="Backstage catalogue",
    prose=(
        "Components and Resources become components with their owner; dependsOn and dependencyOf become dependencies, and so does"
        " an API that is consumed where exactly one entity provides it (declared; asynchronous for AsyncAPI). An API that nobody"
        " or several provide, an entity that no file describes, and what is deprecated or experimental become questions; a"
        " library is a module. Files are read together. Systems, domains, groups and subcomponentOf say nothing of calls. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
    read_together=read_together,
)
