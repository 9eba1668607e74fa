"""Istio: timeouts, retries, limits and outlier detection, from VirtualServices and DestinationRules.

`attempts` of a VirtualService counts retries; `timeout` is of the whole call, `perTryTimeout` of one attempt. Envoy doubles
its waits up to ten times the first, with full jitter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from typing import Any, Final

from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.kubernetes_objects import KubeObject, read_objects
from auditkit.importers.mesh import BY_NAME, Mesh, envoy_waits
from auditkit.importers.settings import Reading, Setting, retry_of, seconds, whole
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.model.draft import Draft
from auditkit.model.noun import NONE
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy, Retry

CANNOT_SAY: Final = ("Istio's settings do not say who calls a host, except where they name the caller's labels",)
_API: Final = re.compile(r"apiVersion[\"']?\s*:\s*[\"']?networking\.istio\.io/")
_OTHERS: Final = re.compile(r"kind[\"']?\s*:\s*[\"']?(Deployment|StatefulSet|DaemonSet|Pod|Job|CronJob|ReplicaSet|Service)\b")
_PARTIAL: Final = ("uri", "scheme", "method", "authority", "headers", "withoutHeaders", "queryParams", "port")


def detect(name: str, text: str) -> bool:
    """Whether a text holds Istio's networking objects, and no workloads (those are read as Kubernetes, settings included)."""
    head = text[:500_000]
    return _API.search(head) is not None and _OTHERS.search(head) is None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The settings of one text of Istio objects, where nothing is known of the workloads."""
    reading = Reading()
    objects = read_objects(((name, text),), reading.problems, [])
    settings(objects, BY_NAME, reading)
    return reading.draft(name, CANNOT_SAY)


def settings(objects: Iterable[KubeObject], mesh: Mesh, reading: Reading) -> None:
    """Everything that Istio's objects among `objects` set, into `reading`."""
    for thing in objects:
        if not thing.api.startswith("networking.istio.io/"):
            continue
        if thing.kind == "VirtualService":
            _virtual_service(thing, mesh, reading)
        elif thing.kind == "DestinationRule":
            _destination_rule(thing, mesh, reading)


# ---------------------------------------------------------------------------------------------------- timeouts and retries


def _virtual_service(thing: KubeObject, mesh: Mesh, reading: Reading) -> None:
    """The routes of each caller; what holds for a part of the calls only is asked where it differs from what holds for all."""
    said: dict[tuple[str | None, str], list[tuple[bool, Setting]]] = {}
    gateways = [text_of(gateway) for gateway in _list(thing, reading, "spec", "gateways")]
    if gateways and "mesh" not in gateways:
        return  # holds for what comes in from outside, which is no call between components
    for index, route in enumerate(_list(thing, reading, "spec", "http")):
        policy = _route_policy(thing, route, index, reading)
        line, locator = thing.line("spec", "http", index), thing.locator(f"spec.http[{index}]")
        for target in _destinations(route):
            for caller, partial in _matched(thing, route, mesh):
                for callee in mesh.behind(target, thing.namespace):
                    setting = Setting(caller, callee, policy, thing.source, line, locator)
                    said.setdefault((caller, callee), []).append((partial, setting))
    for routes in said.values():
        general = next((setting for partial, setting in routes if not partial), routes[0][1])
        others = [setting for partial, setting in routes if partial and setting.policy != general.policy]
        reading.add(general)
        if others:
            what = (
                f"{thing.locator()} sets other timeouts or retries for some calls of {general.subject} than {general.locator}"
                f" ({', '.join(setting.locator.rpartition(' ')[2] for setting in others)}): which operations are they?"
            )
            reading.ask(f"routes {general.subject}", general.subject, what, f"{thing.source}:{others[0].line}")


def _destinations(route: object) -> list[str]:
    found = below(route, "route")
    hosts = [text_of(below(item, "destination", "host")) for item in found] if isinstance(found, list) else []
    return list(dict.fromkeys(host for host in hosts if host))


def _matched(thing: KubeObject, route: object, mesh: Mesh) -> Iterator[tuple[str | None, bool]]:
    """Whom a route is for (None: everybody), and whether it is for some of their calls only."""
    matches = below(route, "match")
    if not isinstance(matches, list) or not matches:
        yield None, False
        return
    for match in matches:
        partial = any(below(match, key) is not None for key in _PARTIAL)
        labels = below(match, "sourceLabels")
        if not isinstance(labels, dict) or not labels:
            yield None, partial
        for caller in mesh.labelled(_texts(labels), thing.namespace) if isinstance(labels, dict) else ():
            yield caller, partial


def _route_policy(thing: KubeObject, route: object, index: int, reading: Reading) -> Policy:
    where, subject = thing.where("spec", "http", index), thing.locator(f"spec.http[{index}]")
    retry = _retry(below(route, "retries"), reading, where)
    whole_s = reading.figure(below(route, "timeout"), where, "timeout", seconds)
    if whole_s == 0:
        return Policy(timeout_s=NONE, retry=retry)
    each_s = reading.figure(below(route, "retries", "perTryTimeout"), where, "perTryTimeout", seconds)
    return Policy(timeout_s=reading.attempt_timeout(whole_s, each_s or None, retry, subject, where), retry=retry)


def _retry(retries: object, reading: Reading, where: str) -> Retry | Nothing | None:
    if retries is None:
        return None  # Istio's own default, which the mesh's configuration may change
    more = reading.figure(below(retries, "attempts"), where, "attempts", whole) or 0
    base = reading.figure(below(retries, "backoff"), where, "backoff", seconds)
    waits = envoy_waits(base) if base else {}
    return retry_of(1 + more, **waits)


# ---------------------------------------------------------------------------------------------------- limits, outlier detection


def _destination_rule(thing: KubeObject, mesh: Mesh, reading: Reading) -> None:
    host, rules = text_of(thing.at("spec", "host")), thing.at("spec", "trafficPolicy")
    policy = _traffic_policy(thing, rules, reading)
    labels = thing.at("spec", "workloadSelector", "matchLabels")
    callers: tuple[str | None, ...] = mesh.labelled(_texts(labels), thing.namespace) if isinstance(labels, dict) else (None,)
    line = thing.line("spec", "trafficPolicy")
    for callee in mesh.behind(host, thing.namespace) if host else ():
        for caller in callers:
            reading.add(Setting(caller, callee, policy, thing.source, line, thing.locator("spec.trafficPolicy")))
        parts = [*_list(thing, reading, "spec", "subsets"), *_items(below(rules, "portLevelSettings"))]
        own = [part for part in parts if _has_own(part)]
        if own:
            what = f"{thing.locator()} has limits or outlier detection of their own for {len(own)} subsets or ports: what holds?"
            reading.ask(f"subsets {callee}", callee, what, thing.where("spec", "subsets"))


def _has_own(part: object) -> bool:
    inside = below(part, "trafficPolicy") or part
    return any(below(inside, key) is not None for key in ("connectionPool", "outlierDetection"))


def _traffic_policy(thing: KubeObject, rules: object, reading: Reading) -> Policy:
    pool, cut = _pool(thing, rules, reading), _breaker(thing, rules, reading)
    return Policy(bulkhead=None if pool is None else Bulkhead(max_concurrent=pool), circuit_breaker=cut)


def _pool(thing: KubeObject, rules: object, reading: Reading) -> int | None:
    """The tightest limit; HTTP/1.1 and HTTP/2 have one each."""
    path = ("spec", "trafficPolicy", "connectionPool")
    found = [
        reading.figure(below(rules, "connectionPool", *key), thing.where(*path, *key), key[1], whole)
        for key in (("tcp", "maxConnections"), ("http", "http2MaxRequests"))
    ]
    return min((limit for limit in found if limit), default=None)


def _breaker(thing: KubeObject, rules: object, reading: Reading) -> CircuitBreaker | Nothing | None:
    path = ("spec", "trafficPolicy", "outlierDetection")
    found = below(rules, "outlierDetection")
    if found is None:
        return None
    keys = ("consecutive5xxErrors", "consecutiveGatewayErrors", "consecutiveErrors")
    stated = [reading.figure(below(found, key), thing.where(*path, key), key, whole) for key in keys]
    if any(errors == 0 for errors in stated) and not any(stated):
        return NONE
    base = reading.figure(below(found, "baseEjectionTime"), thing.where(*path, "baseEjectionTime"), "baseEjectionTime", seconds)
    return CircuitBreaker(failures=next((errors for errors in stated if errors), None), open_for_s=base)


# ---------------------------------------------------------------------------------------------------- shapes


def _list(thing: KubeObject, reading: Reading, *path: str) -> list[Any]:
    return list_of(thing.at(*path), thing.where(*path), ".".join(path), reading.problems)


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _texts(labels: object) -> dict[str, str]:
    return {key: text_of(value) for key, value in mapping_of(labels, "", "", []).items()}


ISTIO: Final = Importer(
    name="istio",
    title="Istio (VirtualService, DestinationRule)",
    prose=(
        "Timeouts and retries of routes, limits and outlier detection become settings (declared) of the calls that they name by"
        " the caller's labels, or of every known call of their host. Retries are attempts less one; where only the whole call is"
        " bounded, each attempt gets an equal part. Consecutive errors of one host become a breaker by count. Istio's own default"
        " of two retries is in force where nothing is said, and stays a question. " + CANNOT_SAY[0] + "."
    ),
    detect=detect,
    read=read,
    joins="kubernetes",
)
