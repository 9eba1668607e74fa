"""Names in a cluster: which workloads are one component, and which component answers under a host name."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.errors import Problem
from auditkit.importers.kubernetes_objects import KubeObject
from auditkit.importers.kubernetes_workloads import Workload
from auditkit.importers.mentions import Mention, Resolved
from auditkit.importers.shapes import mapping_of, text_of

_VERSION = re.compile(r"v?[0-9]+(?:[.-][0-9]+)*|stable|canary|blue|green|baseline|preview|primary|main|next|latest|beta")
_POD = re.compile(r"(.+)-[0-9]+")


@dataclass(frozen=True, slots=True)
class Part:
    """One component: the workloads that are versions of one another, mostly a single one."""

    id: str
    workloads: tuple[Workload, ...]

    @property
    def namespace(self) -> str | None:
        """Namespace of its workloads."""
        return self.workloads[0].namespace


@dataclass(frozen=True, slots=True)
class KubeService:
    """A Service and the components behind it. `stands_for` is the host of an ExternalName."""

    object: KubeObject
    parts: tuple[str, ...]
    stands_for: str


@dataclass(frozen=True, slots=True)
class Names:
    """Everything that a host name can mean inside the cluster."""

    parts: Mapping[str, Part]
    services: Mapping[tuple[str | None, str], KubeService]
    addresses: Mapping[str, KubeService]
    by_workload: Mapping[tuple[str | None, str], str]
    by_label: Mapping[tuple[str, str], tuple[Part, ...]]

    def selected(self, selector: Mapping[str, str], namespace: str | None, anywhere: bool = False) -> tuple[str, ...]:
        """Components that have pods with these labels, in one namespace or anywhere; an empty selector names none."""
        candidates = self.by_label.get(next(iter(selector.items()), ("", "")), ())
        return tuple(
            part.id
            for part in candidates
            if any((anywhere or w.namespace == namespace) and selects(selector, w.labels) for w in part.workloads)
        )


def selects(selector: Mapping[str, str], labels: Mapping[str, str]) -> bool:
    """Whether a selector matches labels; an empty one matches nothing, as for a Service.

    >>> selects({"app": "web"}, {"app": "web", "version": "v1"}), selects({}, {"app": "web"})
    (True, False)
    """
    return bool(selector) and all(labels.get(key) == value for key, value in selector.items())


def read_names(objects: tuple[KubeObject, ...], workloads: tuple[Workload, ...], problems: list[Problem]) -> Names:
    """Components and the Services in front of them."""
    services = [
        thing for thing in objects if thing.kind == "Service" and not thing.api.startswith("serving.knative.dev") and thing.name
    ]
    selected: dict[int, list[Workload]] = {}
    by_label: dict[tuple[str | None, str, str], list[Workload]] = {}
    for workload in workloads:
        for label, value in workload.labels.items():
            by_label.setdefault((workload.namespace, label, value), []).append(workload)
    for index, service in enumerate(services):
        selector = {
            key: text_of(value)
            for key, value in mapping_of(
                service.at("spec", "selector"),
                service.where("spec", "selector"),
                f"the selector of {service.locator()}",
                problems,
            ).items()
        }
        first = next(iter(selector.items()), ("", ""))
        candidates = by_label.get((service.namespace, *first), [])
        selected[index] = [workload for workload in candidates if not workload.is_job and selects(selector, workload.labels)]
    ids = _ids(workloads, services, selected)
    parts: dict[str, Part] = {}
    for workload in workloads:
        name = ids[workload.object.key]
        parts[name] = Part(name, (*(parts[name].workloads if name in parts else ()), workload))
    made: dict[tuple[str | None, str], KubeService] = {}
    for index, service in enumerate(services):
        behind = tuple(dict.fromkeys(ids[workload.object.key] for workload in selected[index]))
        stands_for = text_of(service.at("spec", "externalName")) if service.at("spec", "type") == "ExternalName" else ""
        made[(service.namespace, service.name.lower())] = KubeService(service, behind, stands_for.lower().rstrip("."))
    addresses = {text_of(service.object.at("spec", "clusterIP")): service for service in made.values()}
    by_workload = {
        (workload.namespace, workload.name.lower()): ids[workload.object.key] for workload in workloads if not workload.is_job
    }
    labelled: dict[tuple[str, str], dict[str, Part]] = {}
    for part in parts.values():
        for workload in part.workloads:
            for pair in workload.labels.items():
                labelled.setdefault(pair, {})[part.id] = part
    return Names(
        parts,
        made,
        {ip: service for ip, service in addresses.items() if ip not in ("", "None")},
        by_workload,
        {label: tuple(found.values()) for label, found in labelled.items()},
    )


def _ids(
    workloads: tuple[Workload, ...], services: list[KubeObject], selected: Mapping[int, list[Workload]]
) -> dict[tuple[str, str, str | None, str], str]:
    """Component of each workload: its name; the Service's name for versions of one thing (`reviews-v1`, `reviews-v2`)."""
    names: dict[tuple[str, str, str | None, str], str] = {workload.object.key: workload.name for workload in workloads}
    for index, service in enumerate(services):
        if all(_is_version(workload, service.name) for workload in selected[index]):
            names.update({workload.object.key: service.name for workload in selected[index]})
    spaces: dict[str, set[str | None]] = {}
    kinds: dict[tuple[str | None, str], set[bool]] = {}
    for workload in workloads:
        name = names[workload.object.key]
        spaces.setdefault(name, set()).add(workload.namespace)
        kinds.setdefault((workload.namespace, name), set()).add(workload.is_job)
    ids = {}
    for workload in workloads:
        name = names[workload.object.key]
        unique = f"{workload.namespace}.{name}" if len(spaces[name]) > 1 and workload.namespace else name
        # a Job named like the Deployment that it prepares is a component of its own
        ids[workload.object.key] = f"{unique}-job" if workload.is_job and len(kinds[(workload.namespace, name)]) > 1 else unique
    return ids


def _is_version(workload: Workload, service: str) -> bool:
    if workload.name == service:
        return True
    suffix = workload.name.removeprefix(f"{service}-")
    version = workload.labels.get("version", "")
    return suffix != workload.name and (_VERSION.fullmatch(suffix) is not None or (version != "" and suffix == version))


def resolve(names: Names, mention: Mention) -> Resolved:
    """What a host means for the component that names it: all spellings of a Service or of a pod behind one."""
    part = names.parts.get(mention.caller)
    return _resolve(names, mention.address.host, part.namespace if part else None, 0)


def resolve_host(names: Names, host: str, namespace: str | None) -> Resolved:
    """What a host means in a namespace."""
    return _resolve(names, host.lower().rstrip("."), namespace, 0)


def _resolve(names: Names, host: str, namespace: str | None, depth: int) -> Resolved:
    by_address = names.addresses.get(host)
    if by_address is not None:
        return _behind(names, by_address, depth)
    for path, space, sure in _readings(host, namespace):
        service = _service(names, path[-1], space, sure)
        if service is None:
            continue
        if len(path) == 1:
            return _behind(names, service, depth)
        pod = _POD.fullmatch(path[0])
        if pod is not None:
            stateful = names.by_workload.get((service.object.namespace, pod[1]))
            return Resolved((stateful,)) if stateful in service.parts and stateful else Resolved()
    if "." not in host:
        return _without_service(names, host, namespace)
    return Resolved()


def _readings(host: str, namespace: str | None) -> list[tuple[tuple[str, ...], str | None, bool]]:
    """What the labels of a host can mean: (pod?, service), namespace, and whether the host says surely that it is inside."""
    labels = host.split(".")
    if "svc" in labels[1:]:
        inside = labels[: labels.index("svc", 1)]
        return [(tuple(inside[:-1]), inside[-1], True)] if 2 <= len(inside) <= 3 else []
    if len(labels) == 1:
        return [((host,), namespace, True)]
    if len(labels) == 2:
        return [((labels[0],), labels[1], False), ((labels[0], labels[1]), namespace, True)]
    return [((labels[0], labels[1]), labels[2], False)] if len(labels) == 3 else []


def _service(names: Names, name: str, space: str | None, sure: bool) -> KubeService | None:
    exact = names.services.get((space, name))
    if exact is not None:
        return exact
    # a file that states no namespace may be applied in any; a public domain (`paypal.com`) must not match by its first label
    if sure or space == "default":
        return names.services.get((None, name))
    return None


def _behind(names: Names, service: KubeService, depth: int) -> Resolved:
    thing = service.object
    if service.stands_for:
        target = _resolve(names, service.stands_for, thing.namespace, depth + 1) if depth < 5 else Resolved()
        outside = f"{thing.locator()} stands for {service.stands_for}, which is not deployed here: what is it, and is it called?"
        return target if target.to else Resolved((), outside, True, f"external {service.stands_for}")
    if not service.parts:
        why = "has no selector" if not thing.at("spec", "selector") else "selects no workload that is here"
        return Resolved((), f"{thing.locator()} {why}: what answers behind it?", True, f"behind {thing.name}")
    if len(service.parts) > 1:
        doubt = f"{thing.locator()} selects {', '.join(service.parts)}: are they interchangeable for its callers?"
        return Resolved(service.parts, doubt, False, f"behind {thing.name}")
    return Resolved(service.parts)


def _without_service(names: Names, host: str, namespace: str | None) -> Resolved:
    workload = names.by_workload.get((namespace, host))
    if workload is not None:
        doubt = f"{workload} is called by its name, but no Service {host} is among the files: is there one?"
        return Resolved((workload,), doubt, False, f"service {host}")
    elsewhere = sorted(space for (space, name) in names.services if name == host and space)
    if elsewhere:
        said = namespace or "no stated namespace"
        there = ", ".join(elsewhere)
        doubt = f"{host} is deployed in namespace {there}, and the caller in {said} uses its short name: does it reach it?"
        return Resolved((), doubt, True)
    return Resolved()
