"""What one Compose service says: environment, command, networks, instances, health, start order."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from auditkit.credentials import names_credential
from auditkit.importers.address_names import names_an_address
from auditkit.importers.addresses import (
    Address,
    addresses_in_arguments,
    addresses_in_value,
    fill_shell,
    split_command,
)
from auditkit.importers.compose_files import ComposeModel, ComposeService, Layer, joined
from auditkit.importers.compose_mounts import ReadFile
from auditkit.importers.compose_variables import Filled, read_env_file
from auditkit.importers.mentions import Mention
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.model.system import Confidence, Evidence


@dataclass(frozen=True, slots=True)
class Variable:
    """One environment variable of a service. `text` is None where nothing says its value; `missing` names what would."""

    name: str
    text: str | None
    source: str
    line: int | None
    locator: str
    missing: tuple[str, ...] = ()


def image_of(service: ComposeService) -> str:
    """The image, with its variables filled in; empty where the service is built here."""
    layer = service.last("image")
    return layer.filled(layer.data["image"]).text if layer else ""


def environment(service: ComposeService, model: ComposeModel, read_file: ReadFile) -> dict[str, Variable]:
    """The environment of a service: `env_file` first, then `environment` in both its forms, later layers over earlier ones."""
    found: dict[str, Variable] = {}
    for layer in service.stack("env_file"):
        for path in _env_files(layer, model):
            text = read_file(joined(layer, path))
            locator = f"{path} (env_file of {layer.locator()})"
            if text is None:
                what = (
                    f"{service.name} takes its environment from {path}, which cannot be read here: which addresses does it hold?"
                )
                model.ask(f"env_file {service.name} {path}", service.name, what, layer.where("env_file"))
                continue
            held = read_env_file(text, layer.variables)
            found.update({name: Variable(name, value, path, None, f"{name} in {locator}") for name, value in held.items()})
    for layer in service.stack("environment"):
        for name, value, step in _pairs(layer, "environment", model):
            filled = Filled(layer.variables.get(name, ""), () if name in layer.variables else (name,)) if value is None else value
            text = None if value is None and filled.missing else filled.text
            line = layer.line("environment", step)
            found[name] = Variable(name, text, layer.source, line, layer.locator("environment", name), filled.missing)
    return found


def _env_files(layer: Layer, model: ComposeModel) -> Iterator[str]:
    value = layer.data["env_file"]
    for item in (
        [value] if isinstance(value, (str, Mapping)) else list_of(value, layer.where("env_file"), "env_file", model.problems)
    ):
        path = layer.filled(item.get("path") if isinstance(item, Mapping) else item).text
        if path:
            yield path


def _pairs(layer: Layer, key: str, model: ComposeModel) -> Iterator[tuple[str, Filled | None, str | int]]:
    """Name, value and step of a mapping, or of a list of `NAME=value`; a value of None is not given at all."""
    value = layer.data[key]
    if isinstance(value, list):
        for index, item in enumerate(value):
            name, sign, text = layer.filled(item).text.partition("=")
            if name:
                missing = layer.filled(item).missing
                yield name, (Filled(text, missing) if sign else None), index
        return
    what = f"{key} of {layer.name}"
    for name, item in mapping_of(value, layer.where(key), what, model.problems).items():
        yield name, (None if item is None else layer.filled(item)), name


def read_mentions(service: ComposeService, model: ComposeModel, read_file: ReadFile) -> list[Mention]:
    """Addresses in the environment and the command of a service."""
    mentions: list[Mention] = []
    values = environment(service, model, read_file)
    for value in values.values():
        addresses = addresses_in_value(value.text, value.name) if value.text else ()
        for address in addresses:
            told = f"in {value.name}"
            mentions.append(Mention(service.name, address, value.source, value.locator, value.line, "configured", told))
        if value.missing and not addresses and _would_be_address(value):
            nothing = ", ".join(value.missing)
            where = value.source if value.line is None else f"{value.source}:{value.line}"
            evidence = Evidence(source=value.source, locator=value.locator, confidence="configured")
            what = f"{service.name} takes {value.name} from {nothing}, which is set nowhere here: what does it name?"
            model.ask(f"value {service.name} {value.name}", service.name, what, where, (evidence,))
    known = {name: value.text for name, value in values.items() if value.text}
    for key in ("entrypoint", "command"):
        mentions += _in_command(service, key, known, model)
    return mentions


def _would_be_address(value: Variable) -> bool:
    if names_credential(value.name):
        return False
    return bool(names_an_address(value.name)) or "://" in (value.text or "")


def _in_command(service: ComposeService, key: str, known: Mapping[str, str], model: ComposeModel) -> Iterator[Mention]:
    layer = service.last(key)
    if layer is None:
        return
    value = layer.data[key]
    if value is None or isinstance(value, (str, int, float)):
        arguments: tuple[str, ...] = split_command(fill_shell(layer.filled(value).text, known))
        steps: list[tuple[str | int, ...]] = [(key,)] * len(arguments)
    else:
        items = list_of(value, layer.where(key), f"{key} of {service.name}", model.problems)
        arguments = tuple(fill_shell(layer.filled(item).text, known) for item in items)
        steps = [(key, index) for index in range(len(items))]
    for index, address in addresses_in_arguments(arguments):
        # a bare word behind an option that does not say what it is (`-h web`) is no more than a name that fits
        sure: Confidence = "inferred" if address.form == "word" else "configured"
        yield Mention(
            service.name, address, layer.source, layer.locator(*steps[index]), layer.line(*steps[index]), sure, f"in its {key}"
        )


def start_order(service: ComposeService, model: ComposeModel) -> Iterator[Mention]:
    """What a service is started after: `depends_on`, `links`, `volumes_from`, another service's network. Never more than that."""
    for key in ("depends_on", "links", "volumes_from", "network_mode"):
        for layer in service.stack(key) if key in ("depends_on", "links") else (service.last(key),):
            if layer is None:
                continue
            for target, step, said, required in _started_before(layer, key, model):
                to = () if target not in model.services else (target,)
                if not to and required:
                    what = f"{service.name} has {target} in {key}, and no such service is here: what is it, and is it called?"
                    model.ask(f"{key} {service.name} -> {target}", f"{service.name} -> {target}", what, layer.where(key, *step))
                elif to:
                    locator = layer.locator(key, target) + (f" ({said})" if said else "")
                    line = layer.line(key, *step)
                    address = Address(target.lower())
                    yield Mention(service.name, address, layer.source, locator, line, "ordering", f"in {key}", to=to)


def _started_before(layer: Layer, key: str, model: ComposeModel) -> Iterator[tuple[str, tuple[str | int, ...], str, bool]]:
    value = layer.data[key]
    if key == "network_mode":
        mode = layer.filled(value).text
        if mode.startswith("service:"):
            yield mode.removeprefix("service:"), (), "shares its network", True
    elif key == "depends_on" and isinstance(value, Mapping):
        for name, how in value.items():
            yield text_of(name), (text_of(name),), text_of(below(how, "condition")), below(how, "required") is not False
    else:
        for index, item in enumerate(list_of(value, layer.where(key), f"{key} of {layer.name}", model.problems)):
            target = layer.filled(item).text.partition(":")[0]
            if target and target != "container":
                yield target, (index,), "", True


def link_names(service: ComposeService) -> Mapping[str, str]:
    """Names that only this service knows others by (`links: [db:database]`), each with its service."""
    names = {}
    for layer in service.stack("links"):
        for item in layer.data["links"] if isinstance(layer.data["links"], list) else ():
            target, _, alias = layer.filled(item).text.partition(":")
            if alias:
                names[alias.lower()] = target
    return names


def networks_of(service: ComposeService) -> frozenset[str]:
    """The networks that a service is on; `default` where it names none, none where it uses another's or the machine's."""
    if service.last("network_mode") is not None:
        return frozenset()
    names: set[str] = set()
    for layer in service.stack("networks"):
        value = layer.data["networks"]
        names.update(text_of(name) for name in (value if isinstance(value, (list, Mapping)) else ()))
    return frozenset(names - {""}) or frozenset({"default"})


def names_of(service: ComposeService) -> tuple[str, ...]:
    """The names under which other services reach this one: its own, `container_name`, aliases on its networks."""
    names = [service.name]
    layer = service.last("container_name")
    if layer is not None:
        names.append(layer.filled(layer.data["container_name"]).text)
    for layer in service.stack("networks"):
        value = layer.data["networks"]
        for how in value.values() if isinstance(value, Mapping) else ():
            aliases = below(how, "aliases")
            names += [layer.filled(alias).text for alias in aliases] if isinstance(aliases, list) else []
    return tuple(dict.fromkeys(name.lower() for name in names if name))


def instances_of(service: ComposeService, model: ComposeModel) -> tuple[int, Layer, str] | None:
    """How many run, where a file states it: `deploy.replicas` or `scale`."""
    for layer in reversed(service.layers):
        for path in (("deploy", "replicas"), ("scale",)):
            value = below(layer.data, *path)
            if value is None:
                continue
            text = layer.filled(value).text.strip()
            if text.isascii() and text.isdigit() and len(text) < 7:
                return int(text), layer, ".".join(path)
            if text:
                what = f"{'.'.join(path)} of {service.name} is {text[:40]!r}, not a whole number"
                model.complain(layer.where(*path), what, "write for example 3")
            return None
    return None


def health_check_of(service: ComposeService) -> bool | None:
    """Whether the service is probed: True or False where a file says so, None where only the image could."""
    for layer in reversed(service.stack("healthcheck")):
        check = layer.data["healthcheck"]
        if below(check, "disable") is True:
            return False
        test = below(check, "test")
        if isinstance(test, list) and test[:1] == ["NONE"]:
            return False
        if test:
            return True
    return None
