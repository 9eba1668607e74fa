"""Envoy: timeouts and retries of routes, limits and outlier detection of clusters, of one caller's own proxy.

`num_retries` counts retries; `timeout` is of the whole call, `per_try_timeout` of one attempt. Thresholds hold for one proxy.
`connect_timeout` bounds only how long it takes to connect, for which the model has no place.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any, Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.figures import count, percent, seconds, whole
from auditkit.importers.mesh import ask_about_ejection, before_sending, envoy_waits, short_host
from auditkit.importers.settings import Reading, Setting, owner_of, retry_of
from auditkit.importers.shapes import below, text_of
from auditkit.importers.yaml_text import Node, parse_all
from auditkit.model.draft import Draft
from auditkit.model.noun import NONE
from auditkit.model.system import Bulkhead, CircuitBreaker, Policy

CANNOT_SAY: Final = ("Envoy's configuration does not say whose calls it carries, except by `node.cluster` or the file's place",)
_CLUSTERS: Final = re.compile(r"\b(?:clusters|virtual_hosts|dynamic_active_clusters)[\"']?\s*:")
_SIGNS: Final = re.compile(
    r"\b(?:cluster|connect_timeout|load_assignment|lb_policy|outlier_detection|circuit_breakers|retry_policy)[\"']?\s*:"
)
_KUBERNETES: Final = re.compile(r"^[\"'{ \t]*apiVersion[\"']?\s*:", re.MULTILINE)
_GENERIC: Final = frozenset({"envoy", "envoy-config", "bootstrap", "config", "clusters", "routes", "front-envoy", "envoy-dump"})
_OF_CLUSTERS: Final = frozenset({"lb_policy", "load_assignment", "connect_timeout", "outlier_detection"})
Path = tuple[str | int, ...]


@dataclass(frozen=True, slots=True)
class Part:
    """One cluster, or one route with what its virtual host says; and where."""

    data: Mapping[str, Any]
    path: Path
    around: Mapping[str, Any]

    @property
    def locator(self) -> str:
        """How evidence names it."""
        return ".".join(str(step) for step in self.path[-4:])


def detect(name: str, text: str) -> bool:
    """Whether a text looks like configuration of Envoy: a bootstrap, fragments of one, or a dump."""
    head = beginning(text, 500_000)
    return bool(_CLUSTERS.search(head) and _SIGNS.search(head)) and _KUBERNETES.search(head) is None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """A dependency of the proxy's owner on each cluster that a route leads to or that is limited."""
    reading = Reading()
    for node in parse_all(text, name):
        caller = text_of(below(node.value, "node", "cluster")) or owner_of(name, text, _GENERIC)
        _document(node, name, caller, reading)
    return reading.draft(name, CANNOT_SAY)


def _document(node: Node, name: str, caller: str | None, reading: Reading) -> None:
    parts = tuple(_parts(node.value))
    clusters = {text_of(part.data.get("name")): part for part in parts if "name" in part.data and not _action(part)}
    routes = [part for part in parts if _action(part)]
    if any(cluster.startswith("outbound|") for cluster in clusters):
        what = f"{name} is a dump of a mesh's proxy, which knows every service and calls few: import the mesh's own objects"
        reading.ask(f"envoy {name}", "", what, f"{name}:{node.line}")
    elif caller is None and (clusters or routes):
        what = f"{name} bounds calls, and does not say whose: state node.cluster, or name the folder for the caller"
        reading.ask(f"envoy {name}", "", what, f"{name}:{node.line}")
    elif caller is not None:
        made = _Proxy(node, name, caller, clusters, reading)
        made.routes(routes)
        for cluster in clusters.values():
            made.cluster(cluster)


def _parts(value: object) -> Iterator[Part]:
    """Every cluster and every route below a value, in the order of the text."""
    left: list[tuple[object, Path, Mapping[str, Any]]] = [(value, (), {})]
    while left:
        here, path, around = left.pop()
        if isinstance(here, Mapping):
            if _is_part(here, path):
                yield Part(here, path, around)
            inside = here if "routes" in here and "retry_policy" in here else around
            left += [(child, (*path, key), inside) for key, child in reversed(list(here.items()))]
        elif isinstance(here, list):
            left += [(child, (*path, index), around) for index, child in reversed(list(enumerate(here)))]


def _is_part(value: Mapping[str, Any], path: Path) -> bool:
    holder = next((step for step in reversed(path) if isinstance(step, str)), "")
    leads = bool(_names(value.get("route"))) or (holder == "routes" and "cluster" in value)
    return leads or ("name" in value and "weight" not in value and (holder == "clusters" or bool(_OF_CLUSTERS & set(value))))


def _action(part: Part) -> Mapping[str, Any]:
    """What a route does; empty for a cluster."""
    route = part.data.get("route")
    if isinstance(route, Mapping):
        return route
    return part.data if "cluster" in part.data else {}


def _names(action: object) -> tuple[str, ...]:
    """The clusters that a route leads to."""
    weighted = below(action, "weighted_clusters", "clusters")
    named = [below(action, "cluster"), *(below(item, "name") for item in (weighted if isinstance(weighted, list) else ()))]
    return tuple(dict.fromkeys(text for value in named if (text := text_of(value))))


def _callee(cluster: str, part: Part | None) -> str | None:
    """The component behind a cluster: the one host that it stands for, else its name; None for the proxy's own program."""
    hosts = {text_of(host) for host in _hosts(part.data.get("load_assignment") if part else None)} - {""}
    if len(hosts) != 1:
        return cluster
    (host,) = hosts
    try:
        return None if ip_address(host).is_loopback else cluster
    except ValueError:
        return None if host == "localhost" else short_host(host)[0]


def _hosts(assignment: object) -> Iterator[object]:
    for group in _items(below(assignment, "endpoints")):
        for endpoint in _items(below(group, "lb_endpoints")):
            yield below(endpoint, "endpoint", "address", "socket_address", "address")


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


@dataclass(frozen=True, slots=True)
class _Proxy:
    """What every setting of one proxy needs: whose it is, and where it stands."""

    node: Node
    source: str
    caller: str
    clusters: Mapping[str, Part]
    reading: Reading

    def where(self, part: Part, *below: str | int) -> str:
        return f"{self.source}:{self.node.line_of(*part.path, *below)}"

    def block(self, values: object, part: Part, *path: str | int) -> Block:
        """The dotted keys of one mapping."""

        def find(key: str) -> tuple[object, str, str] | None:
            value = below(values, *key.split("."))
            return None if value is None else (value, self.where(part, *path, *key.split(".")), key)

        return Block(find, f"{self.caller} -> {text_of(part.data.get('name'))}", self.reading)

    def add(self, part: Part, callee: str, policy: Policy, of: Block, assumed: frozenset[str] = frozenset()) -> Setting:
        line = self.node.line_of(*part.path)
        setting = Setting(self.caller, callee, policy, self.source, line, part.locator, None, tuple(of.taken), "Envoy", assumed)
        self.reading.add(setting)
        return setting

    # ------------------------------------------------------------------------------------------------ routes

    def routes(self, parts: list[Part]) -> None:
        """The route for all calls of a callee; one for some paths only is asked about where it differs."""
        said: dict[str, list[tuple[bool, Part, Policy, Block]]] = {}
        for part in parts:
            for name in _names(_action(part)):
                callee = _callee(name, self.clusters.get(name))
                if callee is not None:
                    said.setdefault(callee, []).append((_is_partial(part), part, *self._route(part, name)))
        for callee, found in said.items():
            _, part, policy, of = next((entry for entry in found if not entry[0]), found[0])
            assumed = frozenset({"timeout"}) if any(word.startswith("timeout ") for word in of.taken) else frozenset[str]()
            self.add(part, callee, policy, of, assumed)
            others = [entry for entry in found if entry[0] and entry[2] != policy]
            if others:
                subject = f"{self.caller} -> {callee}"
                what = f"{others[0][1].locator} sets other timeouts or retries for some calls of {subject}: which operations?"
                self.reading.ask(f"routes {subject}", subject, what, self.where(others[0][1]))

    def _route(self, part: Part, cluster: str) -> tuple[Policy, Block]:
        action = _action(part)
        path = ("route",) if action is not part.data else ()
        of = self.block(action, part, *path)
        retries = action.get("retry_policy") or part.around.get("retry_policy")
        again = Block(self.block(retries, part, *path, "retry_policy").find, of.about, self.reading, of.taken)
        retry = None
        if isinstance(retries, Mapping):
            more = again.get("num_retries", whole, "1")
            base = again.get("retry_back_off.base_interval", seconds, "25ms")
            longest = again.get("retry_back_off.max_interval", seconds)
            waits = envoy_waits(base, longest) if base else {}
            only, budget = before_sending(retries.get("retry_on")), self._budget(cluster)
            retry = None if more is None else retry_of(1 + more, only=only, budget=budget, **waits)
        whole_s = of.get("timeout", seconds, "15s")
        each_s = again.get("per_try_timeout", seconds) or None
        timeout = NONE if whole_s == 0 else self.reading.attempt_timeout(whole_s, each_s, retry, of.about, self.where(part))
        return Policy(timeout_s=timeout, retry=retry), of

    def _budget(self, cluster: str) -> float | None:
        part = self.clusters.get(cluster)
        budget = below(_threshold(part), "retry_budget") if part else None
        if part is None or not isinstance(budget, Mapping):
            return None
        of = self.block(budget, part, "circuit_breakers")
        return of.get("budget_percent.value", percent, "20")

    # ------------------------------------------------------------------------------------------------ clusters

    def cluster(self, part: Part) -> None:
        """Limits and outlier detection of one cluster."""
        callee = _callee(text_of(part.data.get("name")), part)
        if callee is None:
            return
        limits, found = _threshold(part), part.data.get("outlier_detection")
        of = self.block(limits, part, "circuit_breakers")
        pool = None
        if limits is not None:
            most = [of.get(key, whole, "1024") for key in ("max_connections", "max_requests")]
            pool = min((each for each in most if each), default=None)
        out = Block(self.block(found, part, "outlier_detection").find, of.about, self.reading, of.taken)
        cut = _breaker(out) if isinstance(found, Mapping) else None
        policy = Policy(bulkhead=None if pool is None else Bulkhead(max_concurrent=pool), circuit_breaker=cut)
        stated = any(below(limits, key) is not None for key in ("max_connections", "max_requests"))
        setting = self.add(part, callee, policy, of, frozenset[str]() if stated else frozenset({"bulkhead"}))
        ask_about_ejection(
            setting, below(found, "max_ejection_percent"), "Envoy", self.where(part, "outlier_detection"), self.reading
        )


def _threshold(part: Part) -> object:
    """The limits of normal calls; those of calls of high priority are others."""
    listed = _items(below(part.data, "circuit_breakers", "thresholds"))
    return next((each for each in listed if text_of(below(each, "priority")) in ("", "DEFAULT", "0")), None)


def _breaker(of: Block) -> CircuitBreaker | None:
    """By errors in a row where those eject, else by the share of failures of each host; nothing where neither does."""
    in_a_row = of.get("enforcing_consecutive_5xx", whole, "100")
    by_share = of.get("enforcing_failure_percentage", whole, "0")
    of.get("max_ejection_percent", whole, "10")
    open_for = of.get("base_ejection_time", seconds, "30s")
    longest = of.get("max_ejection_time", seconds, "300s")
    waits = {"open_for_s": open_for, "max_open_s": max(longest, open_for) if longest and open_for else longest}
    if in_a_row:
        return CircuitBreaker(failures=of.get("consecutive_5xx", count, "5"), in_a_row=True, **waits)
    if not by_share:
        return None
    return CircuitBreaker(
        failure_rate=of.get("failure_percentage_threshold", percent, "85"),
        window_s=of.get("interval", seconds, "10s"),
        min_calls=of.get("failure_percentage_request_volume", count, "50"),
        **waits,
    )


def _is_partial(part: Part) -> bool:
    """Whether a route is for some calls only."""
    match = part.data.get("match")
    return isinstance(match, Mapping) and (text_of(match.get("prefix")) != "/" or len(match) > 1)


ENVOY: Final = Importer(
    name="envoy",
    title="Envoy (clusters, routes)",
    prose=(
        "Routes and clusters of one proxy become settings (declared) of the calls of the component that `node.cluster`, the"
        " folder or the file (`envoy/CALLER.yaml`) names. `num_retries` counts retries; each attempt gets its `per_try_timeout`,"
        " or an equal part of the whole. A route without a timeout has Envoy's 15 s, a retry policy one retry after 25 ms, a"
        " block of thresholds 1024 calls, outlier detection 5 errors in a row, 30 s and 10 % of the hosts (evidence `default of"
        " Envoy`; its v3 API, RouteAction, RetryPolicy, CircuitBreakers, OutlierDetection); whether so few hosts are meant is"
        " asked. `connect_timeout` has no place here. " + CANNOT_SAY[0] + "."
    ),
    detect=detect,
    read=read,
    settings=True,
)
