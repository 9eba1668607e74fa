"""Where requests enter a cluster, as proposed journeys; and what NetworkPolicies allow, as a second sign of a call."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Final

from auditkit.importers.addresses import Address
from auditkit.importers.kubernetes_names import Names, resolve_host
from auditkit.importers.kubernetes_objects import KubeObject
from auditkit.importers.kubernetes_selectors import selected
from auditkit.importers.mentions import Mention, question
from auditkit.importers.shapes import below, text_of
from auditkit.model.draft import Item
from auditkit.model.system import Evidence, Question

_ROUTES: Final = frozenset({"HTTPRoute", "GRPCRoute", "TLSRoute", "TCPRoute", "UDPRoute"})


def proposed_journeys(objects: tuple[KubeObject, ...], names: Names, loads: tuple[Item, ...]) -> tuple[Item, ...]:
    """A journey for each component that an Ingress, a route, an exposed Service or a load generator (`loads`) points at.

    They are marked `proposed` until a person confirms them.
    """
    entries: dict[str, list[tuple[dict[str, str], str, int | None]]] = {}
    for thing in objects:
        for host, namespace, line, what in _entered(thing):
            for component in resolve_host(names, host, namespace).to:
                evidence = {"source": thing.source, "locator": thing.locator(what), "confidence": "declared"}
                entries.setdefault(component, []).append((evidence, thing.source, line))
    for item in loads:
        target = item.data["to"]
        if isinstance(target, str):
            entries.setdefault(target, []).extend((found, item.source, item.lines.get("")) for found in item.data["evidence"])
    return tuple(
        Item(
            {"id": entry, "entry": entry, "proposed": True, "evidence": _distinct([evidence for evidence, _, _ in found])},
            found[0][1],
            {} if found[0][2] is None else {"": found[0][2]},
        )
        for entry, found in entries.items()
    )


def _distinct(evidence: list[dict[str, str]]) -> list[dict[str, str]]:
    return [item for index, item in enumerate(evidence) if item not in evidence[:index]]


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []


def _entered(thing: KubeObject) -> Iterator[tuple[str, str | None, int, str]]:
    """Host, namespace, line and locator of what one object lets in from outside."""
    if thing.kind == "Ingress":
        spec = thing.at("spec")
        for backend in (below(spec, "defaultBackend"), below(spec, "backend")):
            yield from _backend(thing, backend, "spec.defaultBackend")
        for i, rule in enumerate(_items(below(spec, "rules"))):
            for j, path in enumerate(_items(below(rule, "http", "paths"))):
                yield from _backend(thing, below(path, "backend"), f"spec.rules[{i}].http.paths[{j}]")
    elif thing.kind in _ROUTES and not _is_of_a_mesh(thing):
        for i, rule in enumerate(_items(thing.at("spec", "rules"))):
            for backend in _items(below(rule, "backendRefs")):
                if text_of(below(backend, "kind")) in ("", "Service"):
                    namespace = text_of(below(backend, "namespace")) or thing.namespace
                    yield text_of(below(backend, "name")), namespace, thing.line("spec", "rules", i), f"spec.rules[{i}]"
    elif thing.kind == "Route" and thing.api.startswith("route.openshift.io"):
        yield text_of(thing.at("spec", "to", "name")), thing.namespace, thing.line("spec", "to"), "spec.to"
    elif thing.kind == "VirtualService":
        if any(text_of(gateway) != "mesh" for gateway in _items(thing.at("spec", "gateways"))):
            for protocol in ("http", "tls", "tcp"):
                for i, rule in enumerate(_items(thing.at("spec", protocol))):
                    for route in _items(below(rule, "route")):
                        host = text_of(below(route, "destination", "host"))
                        yield host, thing.namespace, thing.line("spec", protocol, i), f"spec.{protocol}[{i}]"
    elif thing.kind == "Service" and text_of(thing.at("spec", "type")) in ("LoadBalancer", "NodePort"):
        kind = text_of(thing.at("spec", "type"))
        yield thing.name, thing.namespace, thing.line("spec", "type"), f"spec.type ({kind})"


def _is_of_a_mesh(route: KubeObject) -> bool:
    """Whether a route belongs to Services only: it bounds calls inside, and nothing enters by it."""
    parents = _items(route.at("spec", "parentRefs"))
    return bool(parents) and all(text_of(below(parent, "kind")) == "Service" for parent in parents)


def _backend(thing: KubeObject, backend: object, what: str) -> Iterator[tuple[str, str | None, int, str]]:
    name = text_of(below(backend, "service", "name")) or text_of(below(backend, "serviceName"))
    if name:
        yield name, thing.namespace, thing.line("spec"), what


def allowed_calls(
    objects: tuple[KubeObject, ...], names: Names, known: frozenset[tuple[str, str]]
) -> tuple[tuple[Mention, ...], tuple[Question, ...]]:
    """Calls that NetworkPolicies allow between named components.

    Together with another sign (`known`) that is `declared` evidence of the call; alone it only permits it, which is asked.
    """
    mentions: list[Mention] = []
    questions: dict[tuple[str, str], Question] = {}
    for thing in objects:
        if thing.kind != "NetworkPolicy":
            continue
        for caller, callee, what, line in _allowed(thing, names):
            if caller == callee:
                continue
            locator = thing.locator(what)
            if (caller, callee) in known:
                address = Address(callee)
                mentions.append(
                    Mention(caller, address, thing.source, locator, line, "declared", f"in {thing.locator()}", to=(callee,))
                )
            else:
                said = f"{thing.locator()} allows {caller} to call {callee}, and nothing else shows that it does: does it?"
                evidence = Evidence(source=thing.source, locator=locator, confidence="inferred")
                asked = question(
                    f"allowed {caller} -> {callee}", f"{caller} -> {callee}", said, f"{thing.source}:{line}", (evidence,)
                )
                questions.setdefault((caller, callee), asked)
    return tuple(mentions), tuple(questions.values())


def blocked_calls(objects: tuple[KubeObject, ...], names: Names, known: frozenset[tuple[str, str]]) -> Iterator[Question]:
    """Calls that something shows (`known`) and that the NetworkPolicies of the callee do not let in."""
    let_in: dict[str, set[str] | None] = {}
    policies: dict[str, KubeObject] = {}
    for thing in objects:
        if thing.kind != "NetworkPolicy" or not _is_about_ingress(thing):
            continue
        everyone = not any(below(thing.at("spec", "podSelector"), key) for key in ("matchLabels", "matchExpressions"))
        own = _all_in(thing.namespace, names) if everyone else selected(thing.at("spec", "podSelector"), thing.namespace, names)
        callers = _callers(thing, names)
        for callee in own:
            before = let_in.get(callee, set())
            let_in[callee] = None if before is None or callers is None else before | callers
            policies.setdefault(callee, thing)
    for caller, callee in sorted(known):
        allowed = let_in.get(callee)
        if allowed is not None and callee in let_in and caller not in allowed:
            thing = policies[callee]
            evidence = Evidence(source=thing.source, locator=thing.locator("spec.ingress"), confidence="declared")
            what = f"{caller} names {callee}, and no NetworkPolicy of {callee} lets it in: is that call made, or blocked?"
            yield question(f"blocked {caller} -> {callee}", f"{caller} -> {callee}", what, thing.where("spec"), (evidence,))


def _is_about_ingress(thing: KubeObject) -> bool:
    types = thing.at("spec", "policyTypes")
    return "Ingress" in types if isinstance(types, list) else True


def _all_in(namespace: str | None, names: Names) -> tuple[str, ...]:
    return tuple(part.id for part in names.parts.values() if part.namespace == namespace)


def _callers(thing: KubeObject, names: Names) -> set[str] | None:
    """Who a policy lets in; None where it lets in more than can be told from labels."""
    found: set[str] = set()
    for rule in _items(thing.at("spec", "ingress")):
        peers = below(rule, "from")
        if not isinstance(peers, list) or not peers:
            return None
        for peer in peers:
            let_in = selected(below(peer, "podSelector"), thing.namespace, names, below(peer, "namespaceSelector") is not None)
            if not let_in:
                return None
            found.update(let_in)
    return found


def _allowed(thing: KubeObject, names: Names) -> Iterator[tuple[str, str, str, int]]:
    own = selected(thing.at("spec", "podSelector"), thing.namespace, names)
    if not own:
        return
    for direction, side in (("ingress", "from"), ("egress", "to")):
        for i, rule in enumerate(_items(thing.at("spec", direction))):
            for peer in _items(below(rule, side)):
                if below(peer, "podSelector") is None:
                    continue
                anywhere = below(peer, "namespaceSelector") is not None
                for other in selected(below(peer, "podSelector"), thing.namespace, names, anywhere):
                    for mine in own:
                        pair = (other, mine) if direction == "ingress" else (mine, other)
                        yield (*pair, f"spec.{direction}[{i}].{side}", thing.line("spec", direction, i))
