"""Settings of a service mesh, which stand in Kubernetes objects: who is meant by labels and by host names."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final

from auditkit.importers.kubernetes_names import Names, resolve_host, selects


@dataclass(frozen=True, slots=True)
class Mesh:
    """Whom a mesh's settings mean: components by the labels of their pods, and behind a host in a namespace."""

    labelled: Callable[[Mapping[str, str], str | None], tuple[str, ...]]
    behind: Callable[[str, str | None], tuple[str, ...]]


def _by_app(labels: Mapping[str, str], namespace: str | None) -> tuple[str, ...]:
    found = next((labels[key] for key in ("app", "app.kubernetes.io/name", "k8s-app", "service") if labels.get(key)), "")
    return (found,) if found else ()


def short_host(host: str, namespace: str | None = None) -> tuple[str, ...]:
    """A Service's own name where a host lies in the cluster, else the host itself.

    >>> short_host("orders.shop.svc.cluster.local"), short_host("api.pay.example")
    (('orders',), ('api.pay.example',))
    """
    labels = host.lower().rstrip(".").split(".")
    return (labels[0] if "svc" in labels[1:] else ".".join(labels),)


BY_NAME: Final = Mesh(_by_app, short_host)
"""Where only settings are known: a workload's label `app` is its component, and its Service has the same name."""


def in_cluster(names: Names) -> Mesh:
    """The same where the workloads and Services are known."""

    def labelled(labels: Mapping[str, str], namespace: str | None) -> tuple[str, ...]:
        found = [
            part.id
            for part in names.parts.values()
            if any(selects(labels, workload.labels) and workload.namespace == namespace for workload in part.workloads)
        ]
        return tuple(found) or _by_app(labels, namespace)

    def behind(host: str, namespace: str | None) -> tuple[str, ...]:
        return resolve_host(names, host, namespace).to or short_host(host)

    return Mesh(labelled, behind)


def envoy_waits(base_s: float, longest_s: float | None = None) -> dict[str, Any]:
    """How Envoy waits between attempts: twice as long each time, ten times the first at most, with full jitter.

    >>> envoy_waits(0.025)["max_backoff_s"]
    0.25
    """
    return {"backoff_s": base_s, "multiplier": 2.0, "max_backoff_s": longest_s or round(10 * base_s, 9), "jitter": "full"}
