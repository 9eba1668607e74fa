"""Files that a Compose service is given: configs, secrets and bind mounts, and the addresses in them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from auditkit.importers.addresses import Address, addresses_in_file, is_vocabulary
from auditkit.importers.compose_files import ComposeModel, ComposeService, Layer, joined
from auditkit.importers.mentions import Mention
from auditkit.importers.shapes import list_of, text_of

ReadFile = Callable[[str], str | None]
_SETTINGS: Final = re.compile(r"\.(?:conf|cfg|cnf|ini|json|ya?ml|toml|properties|env|xml|hcl|template|tmpl|vcl|ctmpl)$")
_MOST_IN_FOLDER: Final = 50


@dataclass(frozen=True, slots=True)
class MountedFile:
    """A file that a service is given: what it is called, what it holds, and what says so."""

    key: str
    text: str
    layer: Layer
    locator: str
    line: int
    secret: bool


def mounted_files(service: ComposeService, model: ComposeModel, read_file: ReadFile) -> Iterator[MountedFile]:
    """Files that a service is given by `configs`, `secrets` and bind mounts, as far as they can be read here."""
    for section in ("configs", "secrets"):
        for layer in service.stack(section):
            what = f"{section} of {service.name}"
            for index, item in enumerate(list_of(layer.data[section], layer.where(section), what, model.problems)):
                key = layer.filled(item.get("source") if isinstance(item, Mapping) else item).text
                store = model.stores.get((section, key))
                if store is None:
                    continue
                text = _content(store, read_file)
                if text:
                    line = layer.line(section, index)
                    yield MountedFile(key, text, layer, layer.locator(section, index), line, section == "secrets")
                elif section == "configs" and not store.data.keys() & {"content", "environment"}:
                    what = f"{service.name} is given the config {key}, which cannot be read here: which addresses does it hold?"
                    model.ask(f"mounted {service.name} {key}", service.name, what, layer.where(section, index))
    for layer in service.stack("volumes"):
        for index, item in enumerate(list_of(layer.data["volumes"], layer.where("volumes"), "volumes", model.problems)):
            path = _bound(layer, item)
            found = list(_held(path, layer, read_file)) if path else []
            if not found and _SETTINGS.search(path) and read_file(joined(layer, path)) is None:
                what = f"{service.name} is given {path}, which cannot be read here: which addresses does it hold?"
                model.ask(f"mounted {service.name} {path}", service.name, what, layer.where("volumes", index))
            for file, held in found:
                yield MountedFile(file, held, layer, layer.locator("volumes", index), layer.line("volumes", index), False)


def _held(path: str, layer: Layer, read_file: ReadFile) -> Iterator[tuple[str, str]]:
    """The file at a path, or the files in the folder there, as far as they may hold settings."""
    inside = read_file(joined(layer, path.rstrip("/")) + "/")
    if inside is None:
        names = [path]
    else:
        # what is built or written while running is no setting
        names = [f"{path.rstrip('/')}/{name}" for name in inside.split("\n") if _SETTINGS.search(name)][:_MOST_IN_FOLDER]
    for name in names:
        text = read_file(joined(layer, name))
        if text and len(text) < 1_000_000:
            yield name, text


def about_shared_volumes(services: Mapping[str, ComposeService], model: ComposeModel) -> None:
    """Asks about named volumes that several services use: they may fail together."""
    users: dict[str, dict[str, str]] = {}
    for service in services.values():
        for layer in service.stack("volumes"):
            items = layer.data["volumes"]
            for index, item in enumerate(items if isinstance(items, list) else ()):
                bound = isinstance(item, Mapping) and text_of(item.get("type")) not in ("", "volume")
                source = text_of(item.get("source")) if isinstance(item, Mapping) else text_of(item)
                name, colon, _ = layer.filled(source).text.partition(":")
                if name and not bound and (colon or isinstance(item, Mapping)) and not name.startswith((".", "/", "~")):
                    users.setdefault(name, {}).setdefault(service.name, layer.where("volumes", index))
    for name, places in users.items():
        if len(places) > 1:
            what = f"{', '.join(places)} use the same volume {name}: do they all fail with it?"
            model.ask(f"shared volume {name}", " -> ".join(places), what, next(iter(places.values())))


def _content(store: Layer, read_file: ReadFile) -> str:
    if "content" in store.data:
        return store.filled(store.data["content"]).text
    if "environment" in store.data:
        return store.variables.get(text_of(store.data["environment"]), "")
    path = store.filled(store.data.get("file")).text
    return (read_file(joined(store, path)) or "") if path and not path.startswith(("/", "~")) else ""


def _bound(layer: Layer, item: Any) -> str:
    """The relative path of a bind mount; empty for volumes, and for what lies elsewhere on the machine."""
    if isinstance(item, Mapping):
        path = layer.filled(item.get("source")).text if text_of(item.get("type")) == "bind" else ""
    else:
        path = layer.filled(item).text.partition(":")[0]
    return path if path.startswith("./") and len(path) > 2 else ""


def in_files(
    service: ComposeService, files: tuple[MountedFile, ...], shared: frozenset[str], model: ComposeModel
) -> Iterator[Mention]:
    """Addresses in the files of a service. A file that several services share does not say which of them calls: that is asked."""
    for file in files:
        addresses = addresses_in_file(file.text, file.key)
        if addresses and file.key in shared:
            what = f"{file.key} holds addresses and several services mount it{_strangers(file, addresses, model)}"
            what += ": which of them calls what?"
            model.ask(f"shared file {file.key}", service.name, what, f"{file.layer.source}:{file.line}")
            continue
        for row, address in addresses:
            locator = file.locator if file.secret else f"{file.locator} ({file.key}, line {row + 1})"
            told = f"in {file.key}"
            yield Mention(service.name, address, file.layer.source, locator, file.line, "configured", told, file.secret)


def _strangers(file: MountedFile, addresses: Sequence[tuple[int, Address]], model: ComposeModel) -> str:
    """Which hosts of a shared file are not deployed here; not of a secret, whose hosts are not told."""
    known = {name.lower() for name in model.services}
    hosts = dict.fromkeys(
        address.host for _, address in addresses if address.host not in known and not is_vocabulary(address.host)
    )
    if file.secret or not hosts:
        return ""
    more = f" and {len(hosts) - 5} more" if len(hosts) > 5 else ""
    return f"; it also names {', '.join(list(hosts)[:5])}{more}, which nothing here deploys"
