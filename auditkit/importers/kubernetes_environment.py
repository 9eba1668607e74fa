"""What the containers of a workload are told: environment, arguments and mounted files, and the addresses in them.

Values of Secrets are searched for addresses and dropped at once: no evidence, question, error or log holds them.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from auditkit.errors import Problem
from auditkit.importers.address_names import names_an_address
from auditkit.importers.addresses import (
    Address,
    addresses_in_arguments,
    addresses_in_file,
    addresses_in_value,
    fill_shell,
)
from auditkit.importers.kubernetes_names import Names
from auditkit.importers.kubernetes_objects import KubeObject
from auditkit.importers.kubernetes_workloads import Container, Workload
from auditkit.importers.mentions import Mention, question
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.model.system import Confidence, Evidence, Question

_REFERENCE = re.compile(r"\$\$|\$\(([A-Za-z_][A-Za-z0-9_.-]*)\)")
_LONGEST: Final = 10_000
"""Longest value after references are filled in; a few references to one another could make gigabytes."""


@dataclass(frozen=True, slots=True)
class Value:
    """One value that a container is given. `text` is None where it lies in an object that is not among the files."""

    name: str
    text: str | None
    source: str
    line: int
    locator: str
    told: str
    secret: bool = False
    missing: str = "which is not among the files: what does it name?"


@dataclass(frozen=True, slots=True)
class Stores:
    """ConfigMaps and Secrets, and which of them are mounted by how many workloads."""

    objects: Mapping[tuple[str, str | None, str], KubeObject]
    mounted: Mapping[tuple[str, str | None, str], int]

    def find(self, kind: str, namespace: str | None, name: str) -> KubeObject | None:
        """The object of that name; one whose file states no namespace stands for any."""
        return self.objects.get((kind, namespace, name)) or self.objects.get((kind, None, name))


def read_stores(objects: tuple[KubeObject, ...], workloads: tuple[Workload, ...]) -> Stores:
    """The ConfigMaps and Secrets among some objects."""
    stores = {(o.kind, o.namespace, o.name): o for o in objects if o.kind in ("ConfigMap", "Secret")}
    found = Stores(stores, {})
    mounted: dict[tuple[str, str | None, str], int] = {}
    for workload in workloads:
        seen = {(store.kind, store.namespace, store.name) for store, _, _ in _mounts(workload, found, [])}
        for key in seen:
            mounted[key] = mounted.get(key, 0) + 1
    return Stores(stores, mounted)


def read_mentions(
    id: str, workload: Workload, stores: Stores, names: Names, problems: list[Problem]
) -> tuple[list[Mention], list[Question]]:
    """Everything a workload names, and what it reads from objects that are not here."""
    mentions: list[Mention] = []
    questions: list[Question] = []
    for container in workload.containers:
        confidence: Confidence = "ordering" if container.starts else "configured"
        values = _environment(workload, container, stores, names, problems)
        for value in values.values():
            if value.text is None:
                questions += _missing(id, value)
                continue
            mentions += [_mention(id, address, value, confidence) for address in addresses_in_value(value.text, value.name)]
        mentions += _arguments(id, workload, container, values, names, confidence, problems)
    mentions += _files(id, workload, stores, questions, problems)
    return mentions, questions


def _mention(id: str, address: Address, value: Value, confidence: Confidence) -> Mention:
    return Mention(id, address, value.source, value.locator, value.line, confidence, value.told, value.secret)


def _missing(id: str, value: Value) -> Iterator[Question]:
    if names_an_address(value.name):
        evidence = Evidence(source=value.source, locator=value.locator, confidence="configured")
        what = f"{id} reads {value.name} {value.told}, {value.missing}"
        yield question(f"value {id} {value.name}", id, what, f"{value.source}:{value.line}", (evidence,))


def _environment(
    workload: Workload, container: Container, stores: Stores, names: Names, problems: list[Problem]
) -> dict[str, Value]:
    thing, at = workload.object, f"containers.{container.name}"
    values: dict[str, Value] = {}
    path = (*container.path, "envFrom")
    for index, item in enumerate(list_of(container.data.get("envFrom"), thing.where(*path), f"envFrom of {at}", problems)):
        entry = mapping_of(item, thing.where(*path, index), f"envFrom[{index}] of {at}", problems)
        for kind, key in (("ConfigMap", "configMapRef"), ("Secret", "secretRef")):
            store = stores.find(kind, thing.namespace, text_of(below(entry, key, "name")))
            if store is None:
                continue
            for name, text, line in _entries(store, problems):
                full = text_of(entry.get("prefix")) + name
                values[full] = Value(
                    full, text, store.source, line, f"{store.locator(name)} in {thing.locator()}", f"in {full}", kind == "Secret"
                )
    path = (*container.path, "env")
    for index, item in enumerate(list_of(container.data.get("env"), thing.where(*path), f"env of {at}", problems)):
        entry = mapping_of(item, thing.where(*path, index), f"env[{index}] of {at}", problems)
        name = text_of(entry.get("name"))
        if not name:
            continue
        line = thing.line(*path, index, "value") if "value" in entry else thing.line(*path, index)
        locator = thing.locator(f"{at}.env.{name}")
        value = Value(name, _filled(text_of(entry.get("value")), values, names, thing), thing.source, line, locator, f"in {name}")
        for kind, key in (("ConfigMap", "configMapKeyRef"), ("Secret", "secretKeyRef")):
            reference = below(entry, "valueFrom", key)
            if reference is not None:
                value = _referred(
                    value, stores, kind, thing, text_of(below(reference, "name")), text_of(below(reference, "key")), problems
                )
        field = text_of(below(entry, "valueFrom", "fieldRef", "fieldPath"))
        if field == "status.hostIP":
            value = replace(
                value,
                text=None,
                told="from the address of the machine it runs on",
                missing="where an agent may run: what answers there?",
            )
        values[name] = value
    return values


def _referred(value: Value, stores: Stores, kind: str, thing: KubeObject, name: str, key: str, problems: list[Problem]) -> Value:
    store = stores.find(kind, thing.namespace, name)
    entry = next(((text, line) for found, text, line in _entries(store, problems) if found == key), None) if store else None
    if store is None or entry is None:
        return Value(value.name, None, value.source, value.line, value.locator, f"from {kind}/{name}", kind == "Secret")
    locator = f"{value.locator} from {store.locator(key)}"
    return Value(value.name, entry[0], value.source, value.line, locator, value.told, kind == "Secret")


def _entries(store: KubeObject, problems: list[Problem]) -> Iterator[tuple[str, str, int]]:
    """Key, value and line of what a ConfigMap or a Secret holds. A Secret's `data` is base64; what is not, is left out."""
    for field in ("data", "stringData"):
        place = store.where(field)
        for key, item in mapping_of(store.at(field), place, f"{field} of {store.locator()}", problems).items():
            text = text_of(item)
            if store.kind == "Secret" and field == "data":
                try:
                    text = base64.b64decode(text, validate=True).decode()
                except (binascii.Error, ValueError):
                    continue
            yield key, text, store.line(field, key)


def _filled(text: str, values: Mapping[str, Value], names: Names, thing: KubeObject) -> str:
    """`$(NAME)` filled in from what came before, and from the variables that the cluster sets for each Service."""

    def value_of(match: re.Match[str]) -> str:
        name = match[1]
        if name is None:
            return "$"
        if name in values:
            return "" if values[name].secret else values[name].text or ""
        if name.endswith("_SERVICE_HOST"):
            service = name.removesuffix("_SERVICE_HOST").lower().replace("_", "-")
            if (thing.namespace, service) in names.services:
                return service
        return match[0]

    return _REFERENCE.sub(value_of, text)[:_LONGEST] if "$" in text else text


def _arguments(
    id: str,
    workload: Workload,
    container: Container,
    values: Mapping[str, Value],
    names: Names,
    confidence: Confidence,
    problems: list[Problem],
) -> Iterator[Mention]:
    thing = workload.object
    arguments: list[str] = []
    places: list[tuple[str, int]] = []
    known = {name: value.text for name, value in values.items() if value.text and not value.secret}
    for field in ("command", "args"):
        what = f"{field} of {thing.locator(container.name)}"
        for index, item in enumerate(list_of(container.data.get(field), thing.where(*container.path, field), what, problems)):
            arguments.append(fill_shell(_filled(text_of(item), values, names, thing), known))
            places.append((f"{field}[{index}]", thing.line(*container.path, field, index)))
    for index, address in addresses_in_arguments(arguments):
        place, line = places[index]
        locator = thing.locator(f"containers.{container.name}.{place}")
        # a bare word behind an option that does not say what it is (`-h web`) is no more than a name that fits
        sure: Confidence = "inferred" if address.form == "word" and confidence == "configured" else confidence
        yield Mention(id, address, thing.source, locator, line, sure, f"in its {place.partition('[')[0]}")


def _mounts(workload: Workload, stores: Stores, problems: list[Problem]) -> Iterator[tuple[KubeObject, str, Any]]:
    """ConfigMaps and Secrets that a workload mounts as files: the object, the volume's name, and the chosen keys."""
    thing, path = workload.object, (*workload.pod_path, "volumes")
    for index, item in enumerate(
        list_of(workload.pod.get("volumes"), thing.where(*path), f"volumes of {thing.locator()}", problems)
    ):
        volume = mapping_of(item, thing.where(*path, index), f"volumes[{index}] of {thing.locator()}", problems)
        projected = below(volume, "projected", "sources")
        for source in (volume, *(projected if isinstance(projected, list) else ())):
            for kind, key, field in (("ConfigMap", "configMap", "name"), ("Secret", "secret", "secretName")):
                held = below(source, key)
                name = text_of(below(held, field)) or text_of(below(held, "name"))
                store = stores.find(kind, thing.namespace, name) if name else None
                if store is not None:
                    yield store, text_of(volume.get("name")), below(held, "items")


def _files(id: str, workload: Workload, stores: Stores, questions: list[Question], problems: list[Problem]) -> Iterator[Mention]:
    """Addresses in mounted files. A file that several workloads share does not say which of them calls: that is asked."""
    for store, _, items in _mounts(workload, stores, problems):
        chosen = {text_of(below(item, "key")) for item in items} if isinstance(items, list) else None
        shared = stores.mounted.get((store.kind, store.namespace, store.name), 0) > 1
        for key, text, line in _entries(store, []):
            if chosen is not None and key not in chosen:
                continue
            told = f"in the file {key} of {store.locator()}"
            found = addresses_in_file(text, key)
            if shared and found:
                questions.append(_shared(id, store, key, line))
                continue
            for row, address in found:
                locator = f"{store.locator(key)} mounted by {workload.object.locator()}"
                at = line if store.kind == "Secret" or "\n" not in text else line + 1 + row
                yield Mention(id, address, store.source, locator, at, "configured", told, store.kind == "Secret")


def _shared(id: str, store: KubeObject, key: str, line: int) -> Question:
    what = f"the file {key} of {store.locator()} holds addresses and several workloads mount it: which of them calls what?"
    evidence = Evidence(source=store.source, locator=store.locator(key), confidence="configured")
    return question(f"shared file {store.locator(key)}", id, what, f"{store.source}:{line}", (evidence,))
