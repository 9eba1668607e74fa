"""Istio: timeouts, retries, limits and outlier detection, from VirtualServices and DestinationRules.

`attempts` of a VirtualService counts retries; `timeout` is of the whole call, `perTryTimeout` of one attempt. Envoy doubles
its waits up to ten times the first, with full jitter.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from typing import Any, Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.figures import percent, seconds, whole
from auditkit.importers.kubernetes_objects import KubeObject, read_objects
from auditkit.importers.mesh import BY_NAME, Mesh, ask_about_ejection, before_sending, envoy_waits
from auditkit.importers.settings import Reading, Setting, retry_of
from auditkit.importers.shapes import below, list_of, mapping_of, text_of
from auditkit.model.draft import Draft
from auditkit.model.noun import NONE
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy

CANNOT_SAY: Final = ("Istio's settings do not say who calls a host, except where they name the caller's labels",)
_API: Final = re.compile(r"apiVersion[\"']?\s*:\s*[\"']?networking\.istio\.io/")
_OTHERS: Final = re.compile(r"kind[\"']?\s*:\s*[\"']?(Deployment|StatefulSet|DaemonSet|Pod|Job|CronJob|ReplicaSet|Service)\b")
_PARTIAL: Final = ("uri", "scheme", "method", "authority", "headers", "withoutHeaders", "queryParams", "port")


def detect(name: str, text: str) -> bool:
    """Whether a text holds Istio's networking objects, and no workloads (those are read as Kubernetes, settings included)."""
    head = beginning(text, 500_000)
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
    _ask_about_faults(thing, reading)
    gateways = [text_of(gateway) for gateway in _list(thing, reading, "spec", "gateways")]
    if gateways and "mesh" not in gateways:
        return  # holds for what comes in from outside, which is no call between components
    for index, route in enumerate(_list(thing, reading, "spec", "http")):
        found = _route_setting(thing, route, index, reading)
        for target in _destinations(route):
            for caller, partial in _matched(thing, route, mesh):
                for callee in mesh.behind(target, thing.namespace):
                    said.setdefault((caller, callee), []).append((partial, replace(found, caller=caller, callee=callee)))
    named = {callee for caller, callee in said if caller is not None}
    for (caller, callee), routes in said.items():
        general = next((setting for partial, setting in routes if not partial), routes[0][1])
        others = [setting for partial, setting in routes if partial and setting.policy != general.policy]
        reading.add(general)
        if caller is not None or callee not in named:
            _ask_about_retries(general, reading)
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


def _route_setting(thing: KubeObject, route: object, index: int, reading: Reading) -> Setting:
    """What one route sets; caller and callee are filled in by those that it is for."""
    path = ("spec", "http", index)
    where, locator = thing.where(*path), thing.locator(f"spec.http[{index}]")
    retries = below(route, "retries")
    of = Block(lambda key: None if below(retries, key) is None else (below(retries, key), where, key), locator, reading)
    more = of.get("attempts", whole, "2") if retries is None or below(retries, "attempts") is not None else 0
    base = of.get("backoff", seconds, "25ms" if more else None)
    only = before_sending(below(retries, "retryOn"))
    retry = None if more is None else retry_of(1 + more, only=only, **(envoy_waits(base) if base else {}))
    whole_s = reading.figure(below(route, "timeout"), where, "timeout", seconds)
    each_s = reading.figure(below(retries, "perTryTimeout"), where, "perTryTimeout", seconds)
    timeout = NONE if whole_s == 0 else reading.attempt_timeout(whole_s, each_s or None, retry, locator, where)
    assumed = frozenset({"retry"}) if retries is None else frozenset[str]()
    policy = Policy(timeout_s=timeout, retry=retry)
    line = thing.line(*path)
    return Setting(None, "", policy, thing.source, line, locator, None, tuple(of.taken), "Istio", assumed)


def _ask_about_retries(setting: Setting, reading: Reading) -> None:
    """Istio tries again on its own account: a trap where work must not be done twice."""
    if "retry" in setting.assumed:
        what = (
            "no VirtualService says anything of retries of {calls}, so Istio tries twice more (its default): may the work be done"
            " twice, and is that meant?"
        )
        reading.trap("retries", setting.subject, what, f"{setting.source}:{setting.line}")


def _ask_about_faults(thing: KubeObject, reading: Reading) -> None:
    """Faults injected on purpose: part of an experiment, or left over from one."""
    for index, route in enumerate(_list(thing, reading, "spec", "http")):
        kinds = [kind for kind in ("delay", "abort") if below(route, "fault", kind) is not None]
        if kinds:
            host, locator = " and ".join(_destinations(route)) or "its host", thing.locator(f"spec.http[{index}].fault")
            what = f"{locator} makes calls of {host} fail on purpose ({' and '.join(kinds)}): is that meant, or left over?"
            reading.ask(f"faults {host}", host, what, thing.where("spec", "http", index, "fault"))


# ---------------------------------------------------------------------------------------------------- limits, outlier detection


def _destination_rule(thing: KubeObject, mesh: Mesh, reading: Reading) -> None:
    host, rules = text_of(thing.at("spec", "host")), thing.at("spec", "trafficPolicy")
    taken: list[str] = []
    policy = _traffic_policy(thing, rules, reading, taken)
    labels = thing.at("spec", "workloadSelector", "matchLabels")
    callers: tuple[str | None, ...] = mesh.labelled(_texts(labels), thing.namespace) if isinstance(labels, dict) else (None,)
    line, locator = thing.line("spec", "trafficPolicy"), thing.locator("spec.trafficPolicy")
    for callee in mesh.behind(host, thing.namespace) if host else ():
        for caller in callers:
            setting = Setting(caller, callee, policy, thing.source, line, locator, None, tuple(taken), "Istio")
            reading.add(setting)
            share = below(rules, "outlierDetection", "maxEjectionPercent")
            ask_about_ejection(setting, share, "Istio", thing.where("spec", "trafficPolicy", "outlierDetection"), reading)
        parts = [*_list(thing, reading, "spec", "subsets"), *_items(below(rules, "portLevelSettings"))]
        own = [part for part in parts if _has_own(part)]
        if own:
            what = f"{thing.locator()} has limits or outlier detection of their own for {len(own)} subsets or ports: what holds?"
            reading.ask(f"subsets {callee}", callee, what, thing.where("spec", "subsets"))


def _has_own(part: object) -> bool:
    inside = below(part, "trafficPolicy") or part
    return any(below(inside, key) is not None for key in ("connectionPool", "outlierDetection"))


def _traffic_policy(thing: KubeObject, rules: object, reading: Reading, taken: list[str]) -> Policy:
    pool, cut = _pool(thing, rules, reading), _breaker(thing, rules, reading, taken)
    return Policy(bulkhead=None if pool is None else Bulkhead(max_concurrent=pool), circuit_breaker=cut)


def _pool(thing: KubeObject, rules: object, reading: Reading) -> int | None:
    """The tightest limit; HTTP/1.1 and HTTP/2 have one each."""
    path = ("spec", "trafficPolicy", "connectionPool")
    found = [
        reading.figure(below(rules, "connectionPool", *key), thing.where(*path, *key), key[1], whole)
        for key in (("tcp", "maxConnections"), ("http", "http2MaxRequests"))
    ]
    return min((limit for limit in found if limit), default=None)


def _breaker(thing: KubeObject, rules: object, reading: Reading, taken: list[str]) -> CircuitBreaker | Nothing | None:
    path = ("spec", "trafficPolicy", "outlierDetection")
    found = below(rules, "outlierDetection")
    if found is None:
        return None

    def find(key: str) -> tuple[object, str, str] | None:
        value = below(found, key)
        return None if value is None else (value, thing.where(*path, key), key)

    of = Block(find, thing.locator(), reading, taken)
    old, gateway = of.get("consecutiveErrors", whole), of.get("consecutiveGatewayErrors", whole)
    errors = of.get("consecutive5xxErrors", whole, None if old is not None or gateway else "5")
    counts = (errors, gateway, old)
    if any(count == 0 for count in counts) and not any(counts):
        return NONE
    of.get("maxEjectionPercent", percent, "10")
    failures = next((count for count in counts if count), None)
    return CircuitBreaker(failures=failures, in_a_row=True, open_for_s=of.get("baseEjectionTime", seconds, "30s"))


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
        " bounded, each attempt gets an equal part. Consecutive errors of one host become a breaker by count. A route that says"
        " nothing of retries has Istio's default, two of them with waits from 25 ms (evidence `default of Istio`), and outlier"
        " detection counts 5 errors, ejects for 30 s, and at most 10 % of the hosts, where it does not say otherwise; whether"
        " that is meant is asked (istio.io/latest/docs, Traffic Management, and Destination Rule). Istio's timeout is off where"
        " none is set; that leaves the caller's own, and so stays a question. A fault that a route injects is asked about. "
        + CANNOT_SAY[0]
        + "."
    ),
    detect=detect,
    read=read,
    settings=True,
    joins="kubernetes",
)
