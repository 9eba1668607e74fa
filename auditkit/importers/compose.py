"""Docker Compose: services, their start order, and the addresses in their environment, commands and files."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any

from auditkit.importers.base import Importer, ReadSibling, beginning, no_siblings
from auditkit.importers.compose_files import ComposeModel, ComposeService, read_model
from auditkit.importers.compose_mounts import about_shared_volumes, in_files, mounted_files
from auditkit.importers.compose_placement import about_placement, placement_evidence, placement_of
from auditkit.importers.compose_services import (
    health_check_of,
    image_of,
    instances_of,
    link_names,
    names_of,
    networks_of,
    read_mentions,
    start_order,
)
from auditkit.importers.compose_upkeep import about_upkeep, upkeep_evidence
from auditkit.importers.kinds import kind_of
from auditkit.importers.mentions import Mention, Resolved, settle
from auditkit.importers.shapes import list_of, text_of
from auditkit.model.draft import Draft, Item

CANNOT_SAY = (
    "Docker Compose does not say what a caller does when a call fails, nor its timeouts, retries and rates",
    "Docker Compose shows a call only where its address stands in the environment, the command or a mounted file;"
    " depends_on shows start order, not calls",
    "Docker Compose does not say on which machines and in which zones the containers run, unless it binds them to one",
)
_SERVICES = re.compile(r"^[\"']?services[\"']?\s*:", re.MULTILINE)
_INCLUDE = re.compile(r"^include\s*:", re.MULTILINE)
_LIKE_A_SERVICE = re.compile(
    r"(?:^\s+|[{,]\s*)[\"']?(image|build|extends|depends_on|command|environment)[\"']?\s*:", re.MULTILINE
)
_OBJECTS = re.compile(r"^apiVersion\s*:|^auditkit\s*:", re.MULTILINE)
_FILE = re.compile(r"(docker-|podman-)?compose[\w.-]*\.(ya?ml|json)|docker-stack[\w.-]*\.ya?ml", re.IGNORECASE)
_ID = re.compile(r"[A-Za-z0-9._-]{1,253}")


def detect(name: str, text: str) -> bool:
    """Whether a text looks like a Compose file: top-level `services` that are built or have images."""
    head = beginning(text)
    if _OBJECTS.search(head):
        return False
    by_name = _FILE.fullmatch(name.replace("\\", "/").rpartition("/")[2]) is not None
    if _SERVICES.search(head):
        return by_name or bool(_LIKE_A_SERVICE.search(head))
    return by_name and (bool(_INCLUDE.search(head)) or '"services"' in head)


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The system that one Compose file describes, with the files beside it that it needs; see `read_together`."""
    return read_together(((name, text),), read_sibling)


def read_together(files: Sequence[tuple[str, str]], read_sibling: ReadSibling = no_siblings) -> Draft:
    """The system that some Compose files (name, text) describe in override order: later ones win, as with `-f a -f b`.

    `.env`, `include`, `extends`, `env_file`, configs and mounted files are read through `read_sibling`, relative to the first
    file. Variables come from `.env` alone, so that the same files give the same system everywhere.
    Raises `InputError` on text that is no YAML or has no services; other mistakes are reported in `problems`.

    >>> draft = read_together([("compose.yaml", "services: {api: {environment: [DB=pg://db:5432]}, db: {image: postgres}}")])
    >>> [(item.data["from"], item.data["to"]) for item in draft.dependencies]
    [('api', 'db')]
    """
    model = read_model(tuple(files), read_sibling)
    services = _running(model)

    def read_file(path: str) -> str | None:
        return None if path.startswith(("/", "~")) or "://" in path else read_sibling(path)

    mounted = {service.name: tuple(mounted_files(service, model, read_file)) for service in services.values()}
    counts: dict[str, set[str]] = {}
    for name, held in mounted.items():
        for file in held:
            counts.setdefault(file.key, set()).add(name)
    shared = frozenset(key for key, users in counts.items() if len(users) > 1)
    mentions: list[Mention] = []
    for service in services.values():
        mentions += read_mentions(service, model, read_file)
        mentions += in_files(service, mounted[service.name], shared, model)
        mentions += [mention for mention in start_order(service, model) if mention.to[0] in services]
    about_shared_volumes(services, model)
    about_upkeep(services.values(), model)
    about_placement(services.values(), model)
    names = _Names(services, model)
    dependencies, questions = settle(mentions, names.resolve)
    components = tuple(_component(service, model) for service in services.values())
    loads = {item.data["id"] for item in components if item.data["kind"] == "load-generator"}
    return Draft(
        source=", ".join(name for name, _ in files),
        system=model.project or None,
        components=components,
        dependencies=dependencies,
        journeys=_journeys(tuple(item for item in dependencies if item.data["from"] in loads)),
        questions=(*model.questions.values(), *questions),
        cannot_say=CANNOT_SAY,
        problems=tuple(model.problems),
    )


def _running(model: ComposeModel) -> dict[str, ComposeService]:
    """The services that run: those without a profile, or with one that `.env` turns on. The others are asked about."""
    active = {name.strip() for name in model.variables.get("COMPOSE_PROFILES", "").split(",")}
    running: dict[str, ComposeService] = {}
    idle: dict[str, ComposeService] = {}
    for name, layers in model.services.items():
        service = ComposeService(name, tuple(layers))
        if not _ID.fullmatch(name):
            model.complain(service.top.where(), f"{name[:60]!r} is no name of a service", "use letters, digits, '.', '_' and '-'")
            continue
        profiles = _profiles(service, model)
        wanted = not profiles or "*" in active or bool(profiles & active)
        (running if wanted else idle)[name] = service
        if not wanted:
            said = ", ".join(sorted(profiles))
            what = f"{name} only runs with the profile {said}: is it part of the system that is audited?"
            model.ask(f"profile {name}", name, what, service.top.where("profiles"))
    return running or idle


def _profiles(service: ComposeService, model: ComposeModel) -> set[str]:
    found: set[str] = set()
    for layer in service.stack("profiles"):
        items = list_of(layer.data["profiles"], layer.where("profiles"), f"profiles of {service.name}", model.problems)
        found.update(layer.filled(item).text for item in items)
    return found - {""}


class _Names:
    """What a host means for a service. Kept together because every lookup needs the same three tables."""

    def __init__(self, services: Mapping[str, ComposeService], model: ComposeModel) -> None:
        self.model, self.services = model, services
        self.networks = {name: self._networks(service, 0) for name, service in services.items()}
        self.links = {name: link_names(service) for name, service in services.items()}
        self.by_name: dict[str, list[str]] = {}
        for service in services.values():
            for name in names_of(service):
                self.by_name.setdefault(name, []).append(service.name)
        self.hostnames = {
            layer.filled(layer.data["hostname"]).text.lower(): service.name
            for service in services.values()
            if (layer := service.last("hostname")) is not None
        }

    def _networks(self, service: ComposeService, depth: int) -> frozenset[str]:
        layer = service.last("network_mode")
        mode = layer.filled(layer.data["network_mode"]).text if layer else ""
        host = self.services.get(mode.removeprefix("service:")) if mode.startswith("service:") else None
        return self._networks(host, depth + 1) if host is not None and depth < 20 else networks_of(service)

    def resolve(self, mention: Mention) -> Resolved:
        host = mention.address.host
        linked = self.links.get(mention.caller, {}).get(host)
        if linked in self.services:
            return Resolved((str(linked),))
        found = self.by_name.get(host) or self.by_name.get(self._bare(host))
        if not found:
            return self._unknown(host)
        near = [name for name in found if self.networks[mention.caller] & self.networks[name] or name == mention.caller]
        if not near:
            callee = ", ".join(found)
            doubt = f"{mention.caller} names {callee} ({mention.told}) but shares no network with it: does it reach it?"
            return Resolved((), doubt, True)
        return Resolved(tuple(near))

    def _bare(self, host: str) -> str:
        """A service's name inside `project-service-1` and `service.network`."""
        project = re.escape(self.model.project.lower())
        numbered = re.fullmatch(rf"{project}[-_](.+)[-_][0-9]+", host) if project else None
        if numbered:
            return numbered[1]
        first, _, rest = host.partition(".")
        return first if rest and (rest in self.model.networks or rest == f"{self.model.project}_default") else host

    def _unknown(self, host: str) -> Resolved:
        if host in self.hostnames:
            doubt = f"{host} is the hostname of {self.hostnames[host]}, which other containers cannot look up: is it called?"
            return Resolved((), doubt, True, f"hostname {host}")
        idle = next((name for name in self.model.services if name.lower() == host), None)
        if idle is not None:
            doubt = f"{host} only runs with a profile that is not turned on: is it called?"
            return Resolved((), doubt, True, f"idle {host}")
        return Resolved()


def _component(service: ComposeService, model: ComposeModel) -> Item:
    image = image_of(service)
    kind, by = kind_of(service.name, image)
    first = service.top
    evidence = [{"source": layer.source, "locator": layer.locator(), "confidence": "declared"} for layer in service.layers]
    data: dict[str, Any] = {"id": service.name, "kind": kind}
    lines = {"": first.line()}
    stated = instances_of(service, model)
    if stated is not None:
        count, layer, path = stated
        evidence.append({"source": layer.source, "locator": layer.locator(f"{path} ({count})"), "confidence": "declared"})
        lines["instances"] = layer.line(*path.split("."))
        if count >= 1:
            data["instances"] = count
            if placement := placement_of(service, count, model):
                data["placement"] = placement
        else:
            what = f"{service.name} is scaled to 0 instances here: does it run at other times, and with how many?"
            model.ask(f"instances {service.name}", service.name, what, layer.where(*path.split(".")))
    checked = health_check_of(service)
    if checked is not None:
        data["health_check"] = checked
    evidence += (*placement_evidence(service, model), *upkeep_evidence(service))
    if by:
        locator = first.locator(f"kind {kind}, by its {by}")
        evidence.append({"source": first.source, "locator": locator, "confidence": "inferred"})
    data["evidence"] = [item for index, item in enumerate(evidence) if item not in evidence[:index]]
    return Item(data, first.source, lines)


def _journeys(loads: tuple[Item, ...]) -> tuple[Item, ...]:
    """A proposed journey for each component that a load generator calls."""
    found: dict[str, Item] = {}
    for item in loads:
        target = text_of(item.data["to"])
        if target:
            evidence = [*(found[target].data["evidence"] if target in found else ()), *item.data["evidence"]]
            data = {"id": target, "entry": target, "proposed": True, "evidence": evidence}
            found[target] = Item(data, item.source, item.lines)
    return tuple(found.values())


COMPOSE = Importer(
    name="compose",
    title="Docker Compose",
    prose=(
        "Services become components, with the instances, placement, health checks, restarts and limits that are stated. Addresses"
        " in the environment, the command, configs, secrets (whose values are never kept) and mounted files become dependencies"
        " (configured) where a service of that name is on the same network, and questions where nothing here answers. depends_on"
        " and links show start order only (ordering). Overrides, .env, include, extends and profiles are followed. Load"
        " generators propose journeys. " + ". ".join(CANNOT_SAY) + "."
    ),
    detect=detect,
    read=read,
    read_together=read_together,
)
