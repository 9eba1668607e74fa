"""Kubernetes YAML: workloads, the Services in front of them, and the addresses in their environment, arguments and files."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.errors import Problem
from auditkit.importers.base import Importer, ReadSibling, beginning, no_siblings
from auditkit.importers.kinds import kind_of
from auditkit.importers.kubernetes_entries import allowed_calls, blocked_calls, proposed_journeys
from auditkit.importers.kubernetes_environment import read_mentions, read_stores
from auditkit.importers.kubernetes_names import Names, Part, read_names, resolve
from auditkit.importers.kubernetes_objects import KubeObject, read_objects
from auditkit.importers.kubernetes_selectors import selected
from auditkit.importers.kubernetes_upkeep import DEGREES, about_limits, about_replicas, kept_apart, limits_of
from auditkit.importers.kubernetes_workloads import Workload, read_workloads
from auditkit.importers.mentions import Mention, question, settle
from auditkit.importers.meshes import mesh_settings
from auditkit.importers.shapes import below, text_of
from auditkit.model.draft import Draft, Item
from auditkit.model.system import Evidence, Question

CANNOT_SAY = (
    "Kubernetes YAML does not say what a caller does when a call fails, nor its timeouts, retries and rates",
    "Kubernetes YAML shows a call only where its address stands in the environment, the arguments or a mounted file",
    "Kubernetes YAML does not say on which machines and in which zones the pods end up, unless it binds them to one",
)
_API = re.compile(r"(?:^|[{,])\s*(?:-\s+)?[\"']?apiVersion[\"']?\s*:\s*[\"']?(?!backstage\.io)[\w.{]", re.MULTILINE)
_KIND = re.compile(r"(?:^|[{,])\s*(?:-\s+)?[\"']?kind[\"']?\s*:\s*[\"']?[A-Z{]", re.MULTILINE)


def detect(name: str, text: str) -> bool:
    """Whether a text looks like Kubernetes objects: both `apiVersion` and `kind` in it."""
    head = beginning(text)
    return bool(_API.search(head) and _KIND.search(head))


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The system that one text of Kubernetes objects describes; see `read_together`."""
    return read_together(((name, text),), read_sibling)


def read_together(files: Sequence[tuple[str, str]], read_sibling: ReadSibling = no_siblings) -> Draft:
    """The system that some files (name, text) describe together, as if they were one: a Service in one, its pods in another.

    Raises `InputError` on text that is no YAML, and where there is nothing but templates that nobody rendered; beside
    other files they are asked about. Objects of a wrong shape are left out and reported in `problems`.

    >>> draft = read_together([("pod.yaml", "{apiVersion: v1, kind: Pod, metadata: {name: web}, spec: {containers: []}}")])
    >>> draft.components[0].data["id"], draft.components[0].data["instances"]
    ('web', 1)
    """
    problems: list[Problem] = []
    unrendered: list[Problem] = []
    objects = read_objects(tuple(files), problems, unrendered)
    workloads = read_workloads(objects, problems)
    names = read_names(objects, workloads, problems)
    stores = read_stores(objects, workloads)
    mentions: list[Mention] = []
    questions: list[Question] = []
    for part in names.parts.values():
        for workload in part.workloads:
            named, asked = read_mentions(part.id, workload, stores, names, problems)
            mentions += named
            questions += asked
    dependencies, _ = settle(mentions, lambda mention: resolve(names, mention))
    known = frozenset((item.data["from"], to) for item in dependencies for to in _targets(item))
    allowed, asked_by_policy = allowed_calls(objects, names, known)
    dependencies, asked_by_address = settle((*mentions, *allowed), lambda mention: resolve(names, mention))
    components = tuple(_component(part) for part in names.parts.values())
    bounded = mesh_settings(objects, names)
    loads = {item.data["id"] for item in components if item.data["kind"] == "load-generator"}
    questions += asked_by_address
    questions += asked_by_policy
    questions += blocked_calls(objects, names, known)
    questions += _about_shared_volumes(names)
    questions += _about_instances(names)
    questions += about_limits(names)
    questions += about_replicas(names)
    questions += _about_disruption(objects, names)
    questions += _about_kustomization(objects)
    questions += bounded.questions
    questions += _about_templates(unrendered)
    return Draft(
        source=", ".join(name for name, _ in files),
        components=(*components, *(item for item in bounded.components if item.data["id"] not in names.parts)),
        dependencies=(*dependencies, *bounded.dependencies),
        for_every_caller=bounded.for_every_caller,
        journeys=proposed_journeys(objects, names, tuple(item for item in dependencies if item.data["from"] in loads)),
        questions=tuple({asked.id: asked for asked in reversed(questions)}.values())[::-1],
        cannot_say=CANNOT_SAY,
        problems=tuple(dict.fromkeys((*problems, *bounded.problems))),
    )


def _targets(item: Item) -> list[str]:
    to = item.data["to"]
    return [to] if isinstance(to, str) else list(to)


def _component(part: Part) -> Item:
    """One component; several versions add their instances up, and each is evidence."""
    first = part.workloads[0]
    main = first.main
    kind, by = kind_of(part.id, main.image if main else "")
    if first.is_job and kind not in ("load-generator", "telemetry"):
        kind, by = "job", ""
    evidence = []
    for workload in part.workloads:
        thing = workload.object
        evidence.append({"source": thing.source, "locator": thing.locator(), "confidence": "declared"})
        if workload.said and workload.instances is not None:
            evidence.append({"source": thing.source, "locator": thing.locator(workload.said), "confidence": "declared"})
        if limits := limits_of(workload):
            said = f"resources.limits ({limits})"
            evidence.append({"source": thing.source, "locator": thing.locator(said), "confidence": "declared"})
    if by:
        said = f"kind {kind}, by its {'image' if by == 'image' else 'name'}"
        evidence.append({"source": first.object.source, "locator": first.object.locator(said), "confidence": "inferred"})
    data: dict[str, Any] = {"id": part.id, "kind": kind}
    counts = [workload.instances for workload in part.workloads]
    known = [count for count in counts if count is not None]
    if known and len(known) == len(counts):
        data["instances"] = sum(known)
        zones = [workload.zone for workload in part.workloads]
        if all(zone and re.fullmatch(r"[A-Za-z0-9._-]+", zone) for zone in zones):
            placement: dict[str, int] = {}
            for zone, count in zip(zones, known, strict=True):
                placement[str(zone)] = placement.get(str(zone), 0) + count
            data["placement"] = placement
    if not first.is_job:
        data["health_check"] = all(workload.is_probed for workload in part.workloads)
    data["evidence"] = evidence
    thing = first.object
    lines = {"": thing.line("metadata", "name"), "instances": thing.line("spec", "replicas")}
    return Item(data, thing.source, lines)


def _ask(workload: Workload, id: str, about: str, what: str, locator: str, line: int) -> Question:
    thing = workload.object
    evidence = Evidence(source=thing.source, locator=thing.locator(locator), confidence="declared")
    return question(id, about, what, f"{thing.source}:{line}", (evidence,))


def _about_instances(names: Names) -> Iterator[Question]:
    for part in names.parts.values():
        for workload in part.workloads:
            thing = workload.object
            if thing.kind == "DaemonSet":
                what = f"{part.id} is a DaemonSet, one instance on each machine: how many machines are there?"
                yield _ask(workload, f"instances {part.id}", part.id, what, "", thing.line("kind"))
            elif (
                thing.at("spec", "replicas") == 0
                and workload.instances is None
                and not isinstance(thing.at("spec", "replicas"), bool)
            ):
                what = f"{part.id} is scaled to 0 instances here: does it run at other times, and with how many?"
                yield _ask(workload, f"instances {part.id}", part.id, what, "spec.replicas (0)", thing.line("spec", "replicas"))
        yield from _about_versions(part)
        count = sum(workload.instances or 0 for workload in part.workloads)
        if count > 1 and not any(workload.zone for workload in part.workloads):
            first = part.workloads[0]
            kept = min((kept_apart(workload) for workload in part.workloads), key=DEGREES.index)
            what = f"{part.id} has {count} instances, and {kept}: how many are in each zone?"
            yield _ask(first, f"placement {part.id}", part.id, what, "spec.template.spec", first.object.line(*first.pod_path))


def _about_versions(part: Part) -> Iterator[Question]:
    if len(part.workloads) > 1:
        versions = ", ".join(workload.name for workload in part.workloads)
        what = f"{versions} are versions of {part.id} and counted as one component: do all of them call the same things?"
        yield _ask(part.workloads[0], f"versions {part.id}", part.id, what, "", part.workloads[0].object.line("metadata", "name"))


def _about_disruption(objects: tuple[KubeObject, ...], names: Names) -> Iterator[Question]:
    """A PodDisruptionBudget says how many its authors want up; how many are needed is a question that it makes worth asking."""
    for thing in objects:
        if thing.kind != "PodDisruptionBudget":
            continue
        for component in selected(thing.at("spec", "selector"), thing.namespace, names):
            rule = "minAvailable" if thing.at("spec", "minAvailable") is not None else "maxUnavailable"
            figure = text_of(thing.at("spec", rule))
            what = f"{thing.locator()} sets {rule} {figure} for {component}: how many of its instances must be up?"
            evidence = Evidence(source=thing.source, locator=thing.locator(f"spec.{rule}"), confidence="declared")
            yield question(f"min_up {component}", component, what, thing.where("spec", rule), (evidence,))


def _about_shared_volumes(names: Names) -> Iterator[Question]:
    """Volume claims that several components mount: they may fail together."""
    users: dict[tuple[str | None, str], list[Workload]] = {}
    owners: dict[tuple[str | None, str], list[str]] = {}
    for part in names.parts.values():
        for workload in part.workloads:
            volumes = workload.pod.get("volumes")
            for volume in volumes if isinstance(volumes, list) else ():
                claim = (workload.namespace, text_of(below(volume, "persistentVolumeClaim", "claimName")))
                if claim[1] and part.id not in owners.setdefault(claim, []):
                    owners[claim].append(part.id)
                    users.setdefault(claim, []).append(workload)
    for claim, parts in owners.items():
        if len(parts) > 1:
            first = users[claim][0]
            what = f"{', '.join(parts)} mount the same volume claim {claim[1]}: do they all fail with it?"
            yield _ask(
                first,
                f"shared volume {claim[1]}",
                " -> ".join(parts),
                what,
                "spec.volumes",
                first.object.line(*first.pod_path, "volumes"),
            )


def _about_kustomization(objects: tuple[KubeObject, ...]) -> Iterator[Question]:
    for thing in objects:
        if thing.kind == "Kustomization" and thing.api.startswith("kustomize."):
            what = (
                f"{thing.source} changes objects and was not applied: is what 'kubectl kustomize' prints the same as these files?"
            )
            yield question(f"kustomization {thing.source}", thing.source, what, thing.where())


def _about_templates(unrendered: list[Problem]) -> Iterator[Question]:
    """Templates beside files that could be read: one question for each folder of them."""
    folders: dict[str, list[Problem]] = {}
    for problem in unrendered:
        folders.setdefault(problem.where.rpartition(":")[0].rpartition("/")[0], []).append(problem)
    for folder, found in folders.items():
        first = found[0].where.rpartition(":")[0]
        what = (
            f"{folder or first} holds {len(found)} templates that nobody rendered" if len(found) > 1 else f"{first} is a template"
        )
        said = f"{what}: what do they deploy? 'helm template' prints it, to be imported"
        yield question(f"templates {folder or first}", folder or first, said, found[0].where)


KUBERNETES = Importer(
    name="kubernetes",
    title="Kubernetes YAML",
    prose=(
        "Deployments, StatefulSets, DaemonSets, Jobs and Pods become components, with replicas (an autoscaler's minimum where"
        " there is one), probes, limits and zones. Addresses in the environment (ConfigMaps and Secrets included, whose values"
        " are never kept), in arguments and in mounted files become dependencies (configured) where a Service here leads to a"
        " workload, and questions where nothing here answers. Init containers show start order only. What a NetworkPolicy allows"
        " is a second sign of a call (declared), alone a question. Ingresses, routes, exposed Services and load generators"
        " propose journeys."
        " Templates must be rendered first. " + ". ".join(CANNOT_SAY) + "."
    ),
    detect=detect,
    read=read,
    read_together=read_together,
)
