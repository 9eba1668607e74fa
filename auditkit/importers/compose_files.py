"""Compose files -> services as stacks of layers: override order, `include`, `extends`, `.env`, each layer with its places.

A service is never merged into one mapping: each of its layers keeps the file and the lines it came from, so that evidence
names the file that really says it. Later layers win, as in Compose; `!reset` and `!override` cut off what lies below.
"""

from __future__ import annotations

import posixpath
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Final

from auditkit.errors import InputError, Problem
from auditkit.importers.base import ReadSibling
from auditkit.importers.compose_variables import Filled, fill, read_env_file
from auditkit.importers.mentions import question
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.importers.yaml_text import Node, parse_all
from auditkit.model.system import Evidence, Question

_OVERRIDES: Final[Mapping[str, tuple[str, ...]]] = {
    base + end: tuple(f"{base}.override{other}" for other in (".yml", ".yaml"))
    for base in ("docker-compose", "compose")
    for end in (".yml", ".yaml")
}
_MOST_SERVICES: Final = 20_000
_MOST_FILES: Final = 200


@dataclass(frozen=True, slots=True)
class Layer:
    """What one file says about one service (or one top-level entry). `folder` is where its relative paths begin."""

    name: str
    data: Mapping[str, Any]
    node: Node
    source: str
    text: str = field(repr=False)
    folder: str
    variables: Mapping[str, str] = field(repr=False)
    section: str = "services"

    def line(self, *path: str | int) -> int:
        """Line of what stands at a path below the service."""
        return self.node.line_of(*path)

    def where(self, *path: str | int) -> str:
        """`file:line` of what stands at a path below the service."""
        return f"{self.source}:{self.line(*path)}"

    def locator(self, *path: str | int) -> str:
        """The key path, from the top of the file."""
        return ".".join(str(step) for step in (self.section, self.name, *path))

    def filled(self, value: object) -> Filled:
        """A scalar with its variables filled in."""
        return fill(text_of(value), self.variables)

    def tag(self, *path: str) -> str:
        """`!reset` or `!override` where one stands at a path, else empty text."""
        node: Node | None = self.node
        for step in path:
            node = node.child(step) if node is not None else None
        if node is None:
            return ""
        return next((tag for tag in ("!reset", "!override") if self.text.startswith(tag, node.start)), "")


def joined(layer: Layer, path: str) -> str:
    """A path of a layer, relative to the first file."""
    return f"{layer.folder}/{path.removeprefix('./')}" if layer.folder else path.removeprefix("./")


@dataclass(frozen=True, slots=True)
class ComposeService:
    """One service: its layers, the weakest first."""

    name: str
    layers: tuple[Layer, ...]

    @property
    def top(self) -> Layer:
        """The layer that has the last word."""
        return self.layers[-1]

    def stack(self, key: str) -> tuple[Layer, ...]:
        """The layers that speak of a key, those cut off by `!reset` and `!override` left out."""
        kept: list[Layer] = []
        for layer in self.layers:
            if key not in layer.data:
                continue
            tag = layer.tag(key)
            kept = [] if tag else kept
            if tag != "!reset":
                kept.append(layer)
        return tuple(kept)

    def last(self, key: str) -> Layer | None:
        """The layer that decides a key which is replaced as a whole; None where nothing is said."""
        stack = self.stack(key)
        return stack[-1] if stack else None


@dataclass(slots=True)
class ComposeModel:
    """Everything that some Compose files say together; grows while they are read."""

    services: dict[str, list[Layer]] = field(default_factory=dict)
    stores: dict[tuple[str, str], Layer] = field(default_factory=dict)
    networks: set[str] = field(default_factory=set)
    variables: dict[str, str] = field(default_factory=dict)
    project: str = ""
    problems: list[Problem] = field(default_factory=list)
    questions: dict[str, Question] = field(default_factory=dict)
    files: int = 0
    parsed: dict[str, tuple[str, tuple[Node, ...]]] = field(default_factory=dict)

    def parse(self, name: str, text: str) -> tuple[Node, ...]:
        """The documents of a text; each text is parsed once."""
        if name not in self.parsed or self.parsed[name][0] != text:
            self.parsed[name] = (text, tuple(node for node in parse_all(text, name) if node.value is not None))
        return self.parsed[name][1]

    def complain(self, where: str, what: str, remedy: str) -> None:
        """Notes a problem once."""
        problem = Problem(where, what, remedy)
        if problem not in self.problems:
            self.problems.append(problem)

    def ask(self, id: str, about: str, what: str, place: str, evidence: tuple[Evidence, ...] = ()) -> None:
        """Notes a question about some components once."""
        self.questions.setdefault(id, question(id, about, what, place, evidence))


def read_model(files: tuple[tuple[str, str], ...], read_sibling: ReadSibling) -> ComposeModel:
    """The model of some Compose files in override order, with the `.env` beside them and all that they include and extend.

    A single file of the default name brings its `*.override.*` with it, as `docker compose up` does.
    Raises `InputError` on text that is no YAML or has no services.
    """
    model = ComposeModel()
    environment = _sibling(".env", read_sibling)
    model.variables = read_env_file(environment, {}) if environment else {}
    files = (*files, *_override(files, read_sibling))
    for name, text in files:
        _read_file(model, name, text, "", model.variables, read_sibling, (), own_services=len(files) == 1)
    return model


def _sibling(path: str, read_sibling: ReadSibling) -> str | None:
    return None if path.startswith("/") or "://" in path else read_sibling(path)


def _override(files: tuple[tuple[str, str], ...], read_sibling: ReadSibling) -> tuple[tuple[str, str], ...]:
    if len(files) != 1:
        return ()
    folder, _, name = files[0][0].rpartition("/")
    for other in _OVERRIDES.get(name, ()):
        text = read_sibling(other)
        if text is not None:
            return ((f"{folder}/{other}" if folder else other, text),)
    return ()


def _read_file(
    model: ComposeModel,
    name: str,
    text: str,
    folder: str,
    variables: Mapping[str, str],
    read_sibling: ReadSibling,
    stack: tuple[str, ...],
    own_services: bool = False,
) -> None:
    model.files += 1
    if model.files > _MOST_FILES:
        model.complain(name, f"is one of more than {_MOST_FILES} files that are read together", "import a smaller part")
        return
    documents = model.parse(name, text)
    for node in documents:
        top = mapping_of(node.value, f"{name}:{node.line}", "the file", model.problems)
        model.project = text_of(top.get("name")) or model.project
        _include(
            model, name, top, node, folder, variables, read_sibling, (*stack, posixpath.join(folder, posixpath.basename(name)))
        )
        _stores(model, name, text, top, node, folder, variables)
        services = mapping_of(top.get("services"), f"{name}:{node.line_of('services')}", "services", model.problems)
        holder = node.child("services")
        if len(services) > _MOST_SERVICES:
            what = f"has {len(services):,} services; Compose is read up to {_MOST_SERVICES:,}"
            raise InputError.of(name, what, "import a smaller part")
        for service, value in services.items():
            data = mapping_of(
                value, f"{name}:{node.line_of('services', service)}", f"the service {service[:60]!r}", model.problems
            )
            child = (holder.child(service) if holder is not None else None) or node
            layer = Layer(service, data, child, name, text, folder, variables)
            _check_variables(model, layer, data, ())
            base = _extended(model, layer, read_sibling, (f"{name}|{service}",))
            model.services.setdefault(service, []).extend((*base, layer))
        if own_services and "services" not in top and "include" not in top:
            raise InputError.of(f"{name}:1", "has no services", "give a Compose file with a top-level 'services:'")
    if own_services and not documents:
        raise InputError.of(f"{name}:1", "is empty", "give a Compose file with a top-level 'services:'")


def _check_variables(model: ComposeModel, layer: Layer, value: object, path: tuple[str | int, ...]) -> None:
    """Reports what Compose would refuse to fill in."""
    if isinstance(value, str):
        wrong = fill(value, layer.variables).wrong
        if wrong:
            where = layer.locator(*path)
            model.complain(layer.where(*path), f"{where} {wrong}", "write ${NAME} or ${NAME:-default}, and $$ for a dollar sign")
    elif isinstance(value, Mapping):
        for key, item in value.items():
            _check_variables(model, layer, item, (*path, text_of(key)))
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_variables(model, layer, item, (*path, index))


def _include(
    model: ComposeModel,
    name: str,
    top: Mapping[str, Any],
    node: Node,
    folder: str,
    variables: Mapping[str, str],
    read_sibling: ReadSibling,
    stack: tuple[str, ...],
) -> None:
    where = f"{name}:{node.line_of('include')}"
    for index, entry in enumerate(list_of(top.get("include"), where, "include", model.problems)):
        where = f"{name}:{node.line_of('include', index)}"
        long = {"path": entry} if isinstance(entry, str) else mapping_of(entry, where, f"include[{index}]", model.problems)
        paths = [fill(path, variables).text for path in _texts(long.get("path"))]
        if not paths:
            continue
        first = _join(folder, paths[0])
        project = (
            _join(folder, text_of(long.get("project_directory"))) if long.get("project_directory") else posixpath.dirname(first)
        )
        held: dict[str, str] = {}
        for file in _texts(long.get("env_file")) or [posixpath.relpath(_join(project, ".env"), folder or ".")]:
            held.update(read_env_file(_sibling(_join(folder, file), read_sibling) or "", variables))
        inner = {**held, **variables}
        for path in paths:
            target = _join(folder, path)
            if target in stack:
                model.complain(where, f"includes {path}, which includes this file again", "remove one of the two")
                continue
            text = _sibling(target, read_sibling)
            if text is None:
                model.ask(f"include {path}", path, f"{path} is included and cannot be read here: what does it deploy?", where)
                continue
            _read_file(model, target, text, project, inner, read_sibling, (*stack, target))


def _texts(value: object) -> list[str]:
    return (
        [value]
        if isinstance(value, str)
        else [text_of(item) for item in value if text_of(item)]
        if isinstance(value, list)
        else []
    )


def _join(folder: str, path: str) -> str:
    return posixpath.normpath(posixpath.join(folder, path)) if not path.startswith("/") and "://" not in path else path


def _stores(
    model: ComposeModel, name: str, text: str, top: Mapping[str, Any], node: Node, folder: str, variables: Mapping[str, str]
) -> None:
    for section in ("configs", "secrets"):
        where = f"{name}:{node.line_of(section)}"
        holder = node.child(section)
        for key, value in mapping_of(top.get(section), where, section, model.problems).items():
            data = mapping_of(value, where, f"{section}.{key}", model.problems)
            child = (holder.child(key) if holder is not None else None) or node
            model.stores[(section, key)] = Layer(key, data, child, name, text, folder, variables, section)
    networks = mapping_of(top.get("networks"), f"{name}:{node.line_of('networks')}", "networks", model.problems)
    model.networks.update(networks)


def _extended(model: ComposeModel, layer: Layer, read_sibling: ReadSibling, stack: tuple[str, ...]) -> tuple[Layer, ...]:
    """The layers that a service takes over with `extends`, the weakest first. What it says itself comes after them."""
    extends = layer.data.get("extends")
    if extends is None or layer.tag("extends") == "!reset":
        return ()
    where = layer.where("extends")
    long = {"service": extends} if isinstance(extends, str) else mapping_of(extends, where, "extends", model.problems)
    service, file = layer.filled(long.get("service")).text, layer.filled(long.get("file")).text
    target = _join(layer.folder, file) if file else layer.source
    text = _sibling(target, read_sibling) if file else layer.text
    if not service:
        return ()
    if text is None:
        what = f"{layer.name} extends {service} of {file}, which cannot be read here: what does it add?"
        model.ask(f"extends {layer.name}", layer.name, what, where)
        return ()
    folder = posixpath.dirname(target) if file else layer.folder
    mark = f"{target}|{service}"
    if mark in stack or len(stack) > 50:
        model.complain(where, f"{layer.name} extends {service}, which extends it again", "remove one of the two")
        return ()
    for node in model.parse(target, text):
        data = below(node.value, "services", service)
        if isinstance(data, Mapping):
            holder = node.child("services")
            child = (holder.child(service) if holder is not None else None) or node
            found = {text_of(key): value for key, value in data.items()}
            base = Layer(service, found, child, target, text, folder, layer.variables)
            return (*_extended(model, base, read_sibling, (*stack, mark)), base)
    model.complain(where, f"{layer.name} extends {service}, which is not in {target}", "name a service of that file")
    return ()
