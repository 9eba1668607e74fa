"""What keeps a Compose service running: its restart policy, and limits that keep the services of one machine apart."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from typing import Final

from auditkit.importers.compose_files import ComposeModel, ComposeService, Layer
from auditkit.importers.shapes import below, text_of

Path = tuple[str, ...]
_RESTARTS: Final[tuple[Path, ...]] = (("deploy", "restart_policy", "condition"), ("restart",))
_LIMITS: Final[tuple[Path, ...]] = (("deploy", "resources", "limits"), ("mem_limit",), ("cpus",), ("cpu_quota",))
_MODE: Final = ("deploy", "mode")
_NEVER: Final = frozenset({"no", "none", "false"})
SHOWN: Final = 5
"""How many names a question lists."""


def upkeep_evidence(service: ComposeService) -> Iterator[dict[str, str]]:
    """What the file states of restarts and limits, as evidence of the component."""
    for path in (*_RESTARTS, *_LIMITS):
        found = _stated(service, path)
        if found is not None:
            layer, said = found
            yield {"source": layer.source, "locator": layer.locator(f"{'.'.join(path)} ({said})"), "confidence": "declared"}


def about_upkeep(services: Collection[ComposeService], model: ComposeModel) -> None:
    """Asks how many machines a service runs on, what restarts it, and what holds it where only others have limits."""
    for service in services:
        if (everywhere := _stated(service, _MODE)) is not None and everywhere[1].startswith("global"):
            what = f"{service.name} runs once on each machine (deploy.mode: {everywhere[1]}): how many machines are there?"
            model.ask(f"instances {service.name}", service.name, what, everywhere[0].where(*_MODE))
    limited: list[str] = []
    free: list[ComposeService] = []
    for service in services:
        for path in _RESTARTS:
            found = _stated(service, path)
            if found is not None and found[1] in _NEVER:
                what = f"{service.name} is not restarted when it ends ({'.'.join(path)}: {found[1]}): what brings it back?"
                model.ask(f"restart {service.name}", service.name, what, found[0].where(*path))
                break
        if any(_stated(service, path) for path in _LIMITS):
            limited.append(service.name)
        else:
            free.append(service)
    if limited and free:
        names = ", ".join(service.name for service in free[:SHOWN]) + (
            f" and {len(free) - SHOWN} more" if len(free) > SHOWN else ""
        )
        what = (
            f"{limited[0]} has limits of memory or processors, and {names} not: can one of them starve the others of a machine?"
        )
        model.ask("limits", "", what, free[0].top.where())


def _stated(service: ComposeService, path: Path) -> tuple[Layer, str] | None:
    """The layer that states what stands at a path, and what it says in one line."""
    for layer in reversed(service.stack(path[0])):
        value = below(layer.data, *path)
        if isinstance(value, Mapping):
            said = ", ".join(f"{key} {layer.filled(figure).text}" for key, figure in value.items() if text_of(figure))
        else:
            said = layer.filled(value).text if value is not None else ""
        if said:
            return layer, said[:80]
    return None
