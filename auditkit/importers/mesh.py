"""Settings of a service mesh: who is meant by labels and by host names, and what holds wherever Envoy makes the calls."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, Final, Literal

from auditkit.importers.kubernetes_names import Names, resolve_host, selects
from auditkit.importers.settings import Reading, Setting
from auditkit.importers.shapes import text_of
from auditkit.model.system import CircuitBreaker

_NOTHING_SENT: Final = frozenset({"connect-failure", "refused-stream"})


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


def before_sending(retry_on: object) -> Literal["before_sending"] | None:
    """Whether Envoy tries again only where nothing can have been sent.

    >>> before_sending("connect-failure, refused-stream"), before_sending("5xx,connect-failure")
    ('before_sending', None)
    """
    named = {word.strip() for word in text_of(retry_on).split(",")} - {""}
    return "before_sending" if named and named <= _NOTHING_SENT else None


def ask_about_ejection(setting: Setting, share: float | None, library: str, where: str, reading: Reading) -> None:
    """Outlier detection that may eject hardly anybody, because nobody said how many: a trap where all hosts fail together."""
    if isinstance(setting.policy.circuit_breaker, CircuitBreaker) and share is None:
        what = (
            f"outlier detection of {{calls}} ejects at most 10 % of the hosts ({library}'s default): with fewer than twenty, one"
            " sick host at most, and all others are still called: is that meant?"
        )
        reading.trap("ejection", setting.subject, what, where)
