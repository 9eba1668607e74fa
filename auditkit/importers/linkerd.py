"""Linkerd: timeouts, retries and failure accrual, from annotations of Services and routes and from ServiceProfiles.

`retry.linkerd.io/limit` counts retries; `timeout.linkerd.io/request` is of the whole call, `retry.linkerd.io/timeout` of one
attempt; a retry follows at once. Everything holds for every caller. Where a Service has a profile, its annotations of
timeouts and retries are ignored (linkerd.io/2/reference/retries, /timeouts).
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final

from auditkit.importers.base import Importer, ReadSibling, beginning
from auditkit.importers.block import Block
from auditkit.importers.figures import count, number, seconds, truth, whole
from auditkit.importers.kubernetes_objects import KubeObject, read_objects
from auditkit.importers.mesh import BY_NAME, Mesh
from auditkit.importers.settings import Reading, Setting, retry_of
from auditkit.importers.shapes import below, text_of
from auditkit.model.draft import Draft
from auditkit.model.system import CircuitBreaker, Policy

CANNOT_SAY: Final = ("Linkerd's settings do not say who calls a Service; they hold for every caller in the mesh",)
_SIGN: Final = re.compile(r"\b(?:retry|timeout|balancer)\.linkerd\.io/|apiVersion[\"']?\s*:\s*[\"']?linkerd\.io/")
_OTHERS: Final = re.compile(
    r"kind[\"']?\s*:\s*[\"']?(Deployment|StatefulSet|DaemonSet|Pod|Job|CronJob|ReplicaSet|Ingress|Gateway|ConfigMap|Secret)\b"
)
_GROUPS: Final = ("retry.linkerd.io/", "timeout.linkerd.io/")
_ACCRUAL: Final = "balancer.linkerd.io/failure-accrual"
_ROUTES: Final = frozenset({"HTTPRoute", "GRPCRoute"})
_EVERY_PATH: Final = frozenset({".*", "/.*", "^.*$", "^/.*$"})
_EMPTY: Final[Mapping[str, Any]] = {}


def detect(name: str, text: str) -> bool:
    """Whether a text holds settings of Linkerd, and no workloads (those are read as Kubernetes, settings included)."""
    head = beginning(text, 500_000)
    return _SIGN.search(head) is not None and "kind" in head and _OTHERS.search(head) is None


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The settings of one text of objects, where nothing is known of the workloads."""
    reading = Reading()
    settings(read_objects(((name, text),), reading.problems, []), BY_NAME, reading)
    return reading.draft(name, CANNOT_SAY)


def settings(objects: Iterable[KubeObject], mesh: Mesh, reading: Reading) -> None:
    """Everything that Linkerd's objects and annotations among `objects` set, into `reading`."""
    things = tuple(objects)
    profiled: set[str] = set()
    for thing in things:
        if thing.kind == "ServiceProfile" and thing.api.startswith("linkerd.io/"):
            callees = mesh.behind(thing.name, thing.namespace)
            profiled.update(callees)
            for callee in callees:
                _profile(thing, callee, reading)
    bounded: set[str] = set()
    for thing in things:
        if thing.kind in _ROUTES:
            for callee in _parents(thing, mesh):
                if callee not in profiled and _route(thing, callee, reading):
                    bounded.add(callee)
    for thing in things:
        if thing.kind == "Service":
            _service(thing, mesh, profiled, bounded, reading)


# ---------------------------------------------------------------------------------------------------- annotations


def _annotations(thing: KubeObject) -> Mapping[str, Any]:
    found = thing.at("metadata", "annotations")
    return found if isinstance(found, Mapping) else {}


def _block(thing: KubeObject, about: str, reading: Reading) -> Block:
    """The annotations of an object; a route's own timeouts stand beside them."""
    stated = _annotations(thing)

    def find(key: str) -> tuple[object, str, str] | None:
        value = stated.get(key)
        return None if value is None else (value, thing.where("metadata", "annotations", key), key)

    return Block(find, about, reading)


def _service(thing: KubeObject, mesh: Mesh, profiled: set[str], bounded: set[str], reading: Reading) -> None:
    stated = _annotations(thing)
    if not any(str(key).startswith((*_GROUPS, _ACCRUAL)) for key in stated):
        return
    for callee in mesh.behind(thing.name, thing.namespace):
        of = _block(thing, callee, reading)
        calls = Policy() if callee in profiled else _bounds(of, thing.where("metadata", "annotations"))
        policy = calls.model_copy(update={"circuit_breaker": _accrual(of, thing.where("metadata", "annotations"))})
        weak = frozenset({"timeout", "retry"}) if callee in bounded else frozenset[str]()  # a route's own come before them
        _add(thing, callee, policy, of, ("metadata", "annotations"), "metadata.annotations", reading, weak)
        if callee in profiled and any(str(key).startswith(_GROUPS) for key in stated):
            what = f"{thing.locator()} has annotations of timeouts or retries, void by its ServiceProfile: is that meant?"
            reading.ask(f"void {callee}", callee, what, thing.where("metadata", "annotations"))


def _bounds(of: Block, where: str, whole_s: float | None = None, each_s: float | None = None) -> Policy:
    """Timeout and retries by annotations, beside what a route's rule states itself."""
    retries = any(of.find(f"retry.linkerd.io/{key}") for key in ("http", "grpc", "limit", "timeout"))
    more = of.get("retry.linkerd.io/limit", whole, "1") if retries else None
    retry = retry_of(1 + (more or 1), backoff_s=0.0, jitter="none") if retries else None
    each = of.get("retry.linkerd.io/timeout", seconds) or each_s
    total = of.get("timeout.linkerd.io/request", seconds) or whole_s
    return Policy(timeout_s=of.reading.attempt_timeout(total or None, each or None, retry, of.about, where), retry=retry)


def _accrual(of: Block, where: str) -> CircuitBreaker | None:
    """The breaker of single endpoints: by failures in a row, with a pause that doubles."""
    mode = of.get(_ACCRUAL, text_of)
    if mode is None:
        return None
    if mode != "consecutive":
        of.reading.ask(f"accrual {of.about}", of.about, f"{_ACCRUAL} of {of.about} is {mode!r}: when does it open?", where)
        return None
    return CircuitBreaker(
        failures=of.get(f"{_ACCRUAL}-consecutive-max-failures", count, "7"),
        in_a_row=True,
        open_for_s=of.get(f"{_ACCRUAL}-consecutive-min-penalty", seconds, "1s"),
        growth=2.0,
        max_open_s=of.get(f"{_ACCRUAL}-consecutive-max-penalty", seconds, "60s"),
        half_open_calls=1,
    )


# ---------------------------------------------------------------------------------------------------- routes, profiles


def _parents(thing: KubeObject, mesh: Mesh) -> Iterator[str]:
    """Components behind the Services that a route belongs to; a route of a gateway is no call between components."""
    for parent in _items(thing.at("spec", "parentRefs")):
        if text_of(below(parent, "kind")) == "Service":
            namespace = text_of(below(parent, "namespace")) or thing.namespace
            yield from mesh.behind(text_of(below(parent, "name")), namespace)


def _route(thing: KubeObject, callee: str, reading: Reading) -> bool:
    """Whether a route bounds every call of its Service, before the Service's own annotations."""
    rules = _items(thing.at("spec", "rules")) or [_EMPTY]
    made = []
    for index, rule in enumerate(rules):
        where = thing.where("spec", "rules", index)
        of = _block(thing, callee, reading)
        whole_s = reading.figure(below(rule, "timeouts", "request"), where, "timeouts.request", seconds)
        each_s = reading.figure(below(rule, "timeouts", "backendRequest"), where, "timeouts.backendRequest", seconds)
        made.append((index, _is_partial(rule), _bounds(of, where, whole_s, each_s), of))
    general = next((entry for entry in made if not entry[1]), None)
    if general is not None:
        index, _, policy, of = general
        _add(thing, callee, policy, of, ("spec", "rules", index), f"spec.rules[{index}]", reading)
    others = [entry for entry in made if entry[1] and entry[2] not in (Policy(), general[2] if general else Policy())]
    if others:
        _ask_about_parts(thing, callee, ("spec", "rules", others[0][0]), reading)
    return general is not None and general[2] != Policy()


def _is_partial(rule: object) -> bool:
    """Whether a rule is for some calls only; one without matches, or for the prefix `/`, is for all."""
    matches = _items(below(rule, "matches"))
    return not any(
        isinstance(match, Mapping)
        and set(match) <= {"path"}
        and text_of(below(match, "path", "value")) in ("", "/")
        and text_of(below(match, "path", "type")) in ("", "PathPrefix")
        for match in matches or [_EMPTY]
    )


def _profile(thing: KubeObject, callee: str, reading: Reading) -> None:
    """The route of a ServiceProfile that is for every request; others bound parts of the calls, which is asked about."""
    routes = _items(thing.at("spec", "routes"))
    general = [i for i, route in enumerate(routes) if text_of(below(route, "condition", "pathRegex")) in _EVERY_PATH]
    for index in general[:1]:
        path, route = ("spec", "routes", index), routes[index]
        where = thing.where(*path)

        def find(key: str, route: object = route, where: str = where) -> tuple[object, str, str] | None:
            value = below(route, key)
            return None if value is None else (value, where, key)

        of = Block(find, callee, reading)
        policy = Policy(timeout_s=of.get("timeout", seconds, "10s") or None)
        _add(thing, callee, policy, of, path, f"spec.routes[{index}]", reading)
        if of.get("isRetryable", truth):
            _ask_about_budget(thing, callee, where, reading)
    others = [
        index
        for index, route in enumerate(routes)
        if index not in general and (below(route, "timeout") is not None or below(route, "isRetryable") is True)
    ]
    if others:
        _ask_about_parts(thing, callee, ("spec", "routes", others[0]), reading)


def _ask_about_budget(thing: KubeObject, callee: str, where: str, reading: Reading) -> None:
    """A profile retries as often as its budget allows; how many attempts that makes of one call, no file says."""
    budget = thing.at("spec", "retryBudget")
    share = reading.figure(below(budget, "retryRatio"), where, "retryRatio", number)
    least = reading.figure(below(budget, "minRetriesPerSecond"), where, "minRetriesPerSecond", whole)
    share, least = 0.2 if share is None else share, 10 if least is None else least
    what = (
        f"{thing.locator()} retries calls of {callee} without a limit on attempts, only with a budget ({share * 100:g} % more"
        f" requests, and {least} a second at least): how many attempts?"
    )
    reading.ask(f"attempts {callee}", callee, what, where)


def _ask_about_parts(thing: KubeObject, callee: str, path: tuple[str | int, ...], reading: Reading) -> None:
    what = f"{thing.locator()} sets timeouts or retries for some calls of {callee} only: which operations are they?"
    reading.ask(f"routes {callee}", callee, what, thing.where(*path))


def _add(
    thing: KubeObject,
    callee: str,
    policy: Policy,
    of: Block,
    path: tuple[str | int, ...],
    at: str,
    reading: Reading,
    weak: frozenset[str] = frozenset(),
) -> None:
    line, locator = thing.line(*path), thing.locator(at)
    reading.add(Setting(None, callee, policy, thing.source, line, locator, None, tuple(of.taken), "Linkerd", weak))


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


LINKERD: Final = Importer(
    name="linkerd",
    title="Linkerd (annotations, ServiceProfile)",
    prose=(
        "Timeouts, retries and failure accrual of Services, of routes that belong to one, and of ServiceProfiles become settings"
        " (declared) of every known call of it. `retry.linkerd.io/limit` counts retries, and one where it is absent and retries"
        " are on; failure accrual opens after 7 failures in a row for 1 s to 60 s where it does not say otherwise; a route of a"
        " profile without a timeout has 10 s (evidence `default of Linkerd`; linkerd.io/2/reference, Retries, Timeouts, Circuit"
        " Breaking, and tasks/configuring-timeouts). A profile limits retries by a budget only, so how many attempts they are is"
        " asked. " + CANNOT_SAY[0] + "."
    ),
    detect=detect,
    read=read,
    settings=True,
    joins="kubernetes",
)
