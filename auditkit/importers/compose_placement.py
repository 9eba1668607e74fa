"""Where the instances of a Compose service run: rules that bind them to one place, and what keeps them apart in a swarm."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from typing import Any, Final

from auditkit.importers.compose_files import ComposeModel, ComposeService, Layer
from auditkit.importers.compose_services import instances_of
from auditkit.importers.shapes import below, list_of
from auditkit.model.system import Evidence

_BOUND: Final = re.compile(
    r"\s*(node\.hostname|node\.id|(?:node|engine)\.labels\.([\w./-]{1,200}))\s*==\s*([A-Za-z0-9._-]{1,200})\s*"
)
_PLACE: Final = re.compile(r"zone|region|rack|datacenter|(^|[._/-])(az|dc|site|host|room)([._/-]|$)", re.IGNORECASE)
"""Labels of machines that name where these stand; any other label says what they are for."""


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule of `deploy.placement`, as a layer states it; `path` leads there."""

    layer: Layer
    path: tuple[str | int, ...]
    text: str


def placement_of(service: ComposeService, count: int | None, model: ComposeModel) -> dict[str, int] | None:
    """All `count` instances in the one zone, or on the one machine, that a constraint binds them to; None where none does."""
    found = [match for rule in _constraints(service, model) if (match := _BOUND.fullmatch(rule.text))]
    places = [match[3] for match in found if match[2] and _PLACE.search(match[2])] or [m[3] for m in found if not m[2]]
    return {places[0]: count} if places and count else None


def placement_evidence(service: ComposeService, model: ComposeModel) -> Iterator[dict[str, str]]:
    """Each rule of placement as evidence of the component."""
    for rule in (*_constraints(service, model), *_preferences(service, model), *_most_per_machine(service)):
        keys = ".".join(str(step) for step in rule.path if isinstance(step, str))
        yield {
            "source": rule.layer.source,
            "locator": rule.layer.locator(f"{keys} ({rule.text[:80]})"),
            "confidence": "declared",
        }


def about_placement(services: Collection[ComposeService], model: ComposeModel) -> None:
    """Asks where the instances of a service run, where there are several and no constraint binds them to one place."""
    for service in services:
        stated = instances_of(service, model)
        if stated is None or stated[0] < 2 or placement_of(service, stated[0], model):
            continue
        count, layer, path = stated
        rule, kept = _kept_apart(service, count, model)
        what = f"{service.name} has {count} instances, and {kept}: how many are in each zone?"
        where, locator = layer.where(*path.split(".")), layer.locator(path)
        if rule is not None:
            where, locator = rule.layer.where(*rule.path), rule.layer.locator(*rule.path)
        evidence = Evidence(source=(rule.layer if rule else layer).source, locator=locator, confidence="declared")
        model.ask(f"placement {service.name}", service.name, what, where, (evidence,))


def _kept_apart(service: ComposeService, count: int, model: ComposeModel) -> tuple[Rule | None, str]:
    """How far a service's instances are kept apart, and by which rule; the preferences of a swarm bind nobody."""
    for rule in _most_per_machine(service):
        most = int(rule.text)
        if most < count:
            machines = -(-count // most)
            return rule, f"max_replicas_per_node ({most}) spreads them over {machines} machines or more, which may share a zone"
    for rule in _preferences(service, model):
        return rule, f"a preference ({rule.text}) spreads them only as far as there is room"
    return None, "nothing keeps them on different machines or zones"


def _constraints(service: ComposeService, model: ComposeModel) -> list[Rule]:
    return [
        Rule(layer, path, layer.filled(item).text.strip())
        for layer, path, item in _listed(service, "constraints", model)
        if isinstance(item, str)
    ]


def _preferences(service: ComposeService, model: ComposeModel) -> list[Rule]:
    found = ((layer, path, below(item, "spread")) for layer, path, item in _listed(service, "preferences", model))
    return [Rule(layer, path, f"spread: {text}") for layer, path, item in found if (text := layer.filled(item).text.strip())]


def _most_per_machine(service: ComposeService) -> list[Rule]:
    """How many a machine takes at most, as the last layer says; 0 is no limit."""
    path = ("deploy", "placement", "max_replicas_per_node")
    for layer in reversed(service.stack("deploy")):
        value = below(layer.data, *path)
        if value is not None:
            text = layer.filled(value).text.strip()
            return [Rule(layer, path, text)] if re.fullmatch(r"[1-9][0-9]{0,5}", text) else []
    return []


def _listed(service: ComposeService, key: str, model: ComposeModel) -> Iterator[tuple[Layer, tuple[str | int, ...], Any]]:
    """The items of a list below `deploy.placement`; those of all layers count, as Compose adds lists up."""
    for layer in service.stack("deploy"):
        path = ("deploy", "placement", key)
        found = list_of(below(layer.data, *path), layer.where(*path), f"{key} of {service.name}", model.problems)
        for index, item in enumerate(found):
            yield layer, (*path, index), item
