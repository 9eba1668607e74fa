"""What runs: Deployments, StatefulSets, DaemonSets, Jobs, Pods with their containers, instances, probes and spread."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditkit.errors import Problem
from auditkit.importers.kinds import is_sidecar
from auditkit.importers.kubernetes_objects import KubeObject
from auditkit.importers.shapes import below, list_of, mapping_of, text_of

_TEMPLATE_AT: Final[Mapping[str, tuple[str, ...]]] = {
    "Deployment": ("spec", "template"),
    "StatefulSet": ("spec", "template"),
    "DaemonSet": ("spec", "template"),
    "ReplicaSet": ("spec", "template"),
    "ReplicationController": ("spec", "template"),
    "DeploymentConfig": ("spec", "template"),
    "Rollout": ("spec", "template"),
    "Job": ("spec", "template"),
    "CronJob": ("spec", "jobTemplate", "spec", "template"),
    "Pod": (),
}
_REPLICATED: Final = frozenset(
    {"Deployment", "StatefulSet", "ReplicaSet", "ReplicationController", "DeploymentConfig", "Rollout"}
)
_AUTOSCALERS: Final = {"HorizontalPodAutoscaler": ("minReplicas", 1), "ScaledObject": ("minReplicaCount", 0)}
"""Where each kind of autoscaler states its minimum, and what that is where it does not (KEDA scales to nothing)."""
DEFAULT_OF: Final = "the default of"
"""How `Workload.said` names the instances of which the file says nothing."""
_ID = re.compile(r"[A-Za-z0-9._-]{1,253}")
_ZONE_KEYS: Final = ("topology.kubernetes.io/zone", "failure-domain.beta.kubernetes.io/zone")


@dataclass(frozen=True, slots=True)
class Container:
    """One container of a pod. `path` leads to it inside its object; `starts` is True for init containers."""

    name: str
    image: str
    data: Mapping[str, Any]
    path: tuple[str | int, ...]
    starts: bool


@dataclass(frozen=True, slots=True)
class Workload:
    """One object that runs pods. `instances` is None where the file cannot say; `said` names what says it."""

    object: KubeObject
    labels: Mapping[str, str]
    containers: tuple[Container, ...]
    instances: int | None
    said: str
    pod: Mapping[str, Any]
    pod_path: tuple[str, ...]

    @property
    def name(self) -> str:
        """Name of the object."""
        return self.object.name

    @property
    def namespace(self) -> str | None:
        """Namespace, None where the file does not state one."""
        return self.object.namespace

    @property
    def main(self) -> Container | None:
        """The container that does the work: the first that is no sidecar and no init container."""
        running = [container for container in self.containers if not container.starts]
        return next((c for c in running if not is_sidecar(c.name, c.image)), running[0] if running else None)

    @property
    def is_job(self) -> bool:
        """Whether it runs to an end instead of serving."""
        return self.object.kind in ("Job", "CronJob")

    @property
    def is_probed(self) -> bool:
        """Whether any container that does the work has a probe."""
        probes = ("readinessProbe", "livenessProbe", "startupProbe")
        return any(c.data.get(probe) for c in self.containers if not c.starts for probe in probes)

    @property
    def zone(self) -> str | None:
        """The zone that all pods are bound to by the node selector, if they are."""
        return next(
            (text_of(below(self.pod, "nodeSelector", key)) for key in _ZONE_KEYS if below(self.pod, "nodeSelector", key)), None
        )


def read_workloads(objects: tuple[KubeObject, ...], problems: list[Problem]) -> tuple[Workload, ...]:
    """The workloads among some objects, with the instances that an autoscaler guarantees where there is one."""
    floors = _autoscaled(objects)
    found = []
    for thing in objects:
        knative = thing.kind == "Service" and thing.api.startswith("serving.knative.dev")
        if (thing.kind not in _TEMPLATE_AT and not knative) or not _named(thing, problems):
            continue
        path = _TEMPLATE_AT.get(thing.kind, ("spec", "template"))
        template = mapping_of(
            thing.at(*path), thing.where(*path), f"{'.'.join(path) or 'the pod'} of {thing.locator()}", problems
        )
        spec_path = (*path, "spec")
        pod = mapping_of(template.get("spec"), thing.where(*spec_path), f"the pod spec of {thing.locator()}", problems)
        labels = below(template, "metadata", "labels")
        instances, said = _instances(thing, floors, problems)
        found.append(
            Workload(
                object=thing,
                labels={key: text_of(value) for key, value in mapping_of(labels, thing.where(*path), "labels", problems).items()},
                containers=(
                    *_containers(thing, pod, (*spec_path, "initContainers"), True, problems),
                    *_containers(thing, pod, (*spec_path, "containers"), False, problems),
                ),
                instances=instances,
                said=said,
                pod=pod,
                pod_path=spec_path,
            )
        )
    return tuple(found)


def _named(thing: KubeObject, problems: list[Problem]) -> bool:
    if _ID.fullmatch(thing.name):
        return True
    what = f"{thing.kind} has the name {thing.name[:40]!r}" if thing.name else f"{thing.kind} has no name"
    problems.append(Problem(thing.where("metadata", "name"), what, "write metadata.name with letters, digits, '-' and '.'"))
    return False


def _containers(
    thing: KubeObject, pod: Mapping[str, Any], path: tuple[str, ...], starts: bool, problems: list[Problem]
) -> list[Container]:
    what = f"{path[-1]} of {thing.locator()}"
    found = []
    for index, item in enumerate(list_of(pod.get(path[-1]), thing.where(*path), what, problems)):
        data = mapping_of(item, thing.where(*path, index), f"{what}[{index}]", problems)
        name = text_of(data.get("name")) or str(index)
        # an init container that always restarts is a sidecar: it runs beside the others
        runs_on = text_of(data.get("restartPolicy")) == "Always"
        found.append(Container(name, text_of(data.get("image")), data, (*path, index), starts and not runs_on))
    return found


def _instances(
    thing: KubeObject, floors: Mapping[tuple[str | None, str, str], tuple[int, str]], problems: list[Problem]
) -> tuple[int | None, str]:
    floor = floors.get((thing.namespace, thing.kind, thing.name))
    if floor is not None:
        return floor
    if thing.kind == "Pod":
        return 1, "a Pod is one instance"
    if thing.kind not in _REPLICATED:
        return None, ""
    replicas = thing.at("spec", "replicas")
    if replicas is None:
        return 1, f"spec.replicas (1, {DEFAULT_OF} {thing.kind})"
    if isinstance(replicas, bool) or not isinstance(replicas, int) or replicas < 0:
        what = f"replicas of {thing.locator()} is {text_of(replicas)[:40]!r}, not a whole number"
        problems.append(Problem(thing.where("spec", "replicas"), what, "write for example 'replicas: 3'"))
        return None, ""
    return (replicas if replicas else None), f"spec.replicas ({replicas})"


def _autoscaled(objects: tuple[KubeObject, ...]) -> dict[tuple[str | None, str, str], tuple[int, str]]:
    """Fewest instances that an autoscaler keeps (of a HorizontalPodAutoscaler 1 where it does not say), by what it scales."""
    floors = {}
    for thing in objects:
        if thing.kind not in _AUTOSCALERS:
            continue
        key, otherwise = _AUTOSCALERS[thing.kind]
        least = thing.at("spec", key)
        least = otherwise if least is None else least
        if isinstance(least, int) and not isinstance(least, bool) and least >= 1:
            kind = text_of(thing.at("spec", "scaleTargetRef", "kind")) or "Deployment"
            target = (kind, text_of(thing.at("spec", "scaleTargetRef", "name")))
            floors[(thing.namespace, *target)] = (least, f"{key} of {thing.locator()} ({least})")
    return floors
