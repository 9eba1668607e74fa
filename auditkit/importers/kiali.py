"""Kiali's graph JSON (`/api/namespaces/graph`, or the graph page's debug information): who calls whom in a mesh, how often."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.mentions import question
from auditkit.importers.shapes import below, text_of
from auditkit.importers.traffic import Edge, Traffic, component_id, draft, not_too_long
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind, Evidence, Question
from auditkit.spans.json_text import items, mapping, the_document
from auditkit.units import format_rate

CANNOT_SAY: Final = ("Kiali shows the rates of one window, not single calls, and nothing that bypasses the mesh's proxies",)
_NAMES: Final = {"service": ("service", "app", "workload"), "": ("app", "service", "workload")}
_NOBODY: Final = frozenset({"", "unknown"})
_TOTALS: Final = ("http", "grpc")
_FAILED: Final = {"http": ("http4xx", "http5xx", "httpNoResponse"), "grpc": ("grpcErr", "grpcNoResponse")}


def detect(name: str, text: str) -> bool:
    """Whether the text shows the keys of a Kiali graph."""
    head = text[:200_000]
    return head.lstrip()[:1] == "{" and all(f'"{key}"' in head for key in ("graphType", "elements", "nodeType"))


def read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    """The system that a graph shows. Versions and workloads of one app are one component; a service in front of one app is it.

    Raises `InputError` where the text is no JSON or holds no graph.
    """
    document = mapping(the_document(not_too_long(text, name), name))
    nodes = {text_of(node.get("id")): node for node in _entries(document, "nodes") if text_of(node.get("nodeType")) != "box"}
    raw = list(_entries(document, "edges"))
    if not nodes:
        raise InputError.of(name, "holds no node of a Kiali graph", "save the graph of a window in which there was traffic")
    known = _names(nodes, raw)
    duration_s = _number(document.get("duration"))
    calls: dict[tuple[str, str], list[Mapping[str, Any]]] = {}
    entries, nameless = Counter[str](), dict[str, list[Mapping[str, Any]]]()
    for data in raw:
        source, target = text_of(data.get("source")), text_of(data.get("target"))
        if source in known and target in known:
            calls.setdefault((known[source], known[target]), []).append(data)
        elif source in known:
            nameless.setdefault(known[source], []).append(data)
        elif target in known:
            entries[known[target]] += _edge("", known[target], [data], duration_s).count or 0
    for key, node in nodes.items():
        if node.get("isRoot") is True and key in known:
            entries[known[key]] += 0
    kinds: dict[str, ComponentKind] = {
        known[key]: "external" for key, node in nodes.items() if key in known and _is_outside_the_mesh(node)
    }
    seen = Traffic(
        edges=tuple(_edge(*pair, same, duration_s) for pair, same in calls.items()),
        workloads=tuple(dict.fromkeys(known.values())),
        entries=entries,
        kinds=kinds,
    )
    found = draft(name, seen, CANNOT_SAY)
    lost = (_nameless(name, component_id(caller), _edge(caller, "", same, duration_s).count) for caller, same in nameless.items())
    return replace(found, questions=(*found.questions, *lost))


def _nameless(source: str, caller: str, count: int | None) -> Question:
    evidence = Evidence(source=source, locator=f"edge of {caller} to unknown", confidence="observed", count=count)
    what = f"{caller} calls something that the mesh could not name: what is it?"
    return question(f"nameless {caller}", caller, what, source, (evidence,))


def _entries(document: Mapping[str, Any], key: str) -> Iterator[Mapping[str, Any]]:
    for entry in items(below(document, "elements", key)):
        yield mapping(mapping(entry).get("data"))


@dataclass(frozen=True, slots=True)
class _Name:
    """What a node is called, and in which namespace."""

    plain: str
    namespace: str


def _names(nodes: Mapping[str, Mapping[str, Any]], edges: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """The component of each node that has a name. Two of one name in different namespaces are told apart by them."""
    found = {key: name for key, node in nodes.items() if (name := _name(node)) is not None}
    behind: dict[str, set[_Name]] = {}
    for data in edges:
        source, target = text_of(data.get("source")), text_of(data.get("target"))
        if text_of(nodes.get(source, {}).get("nodeType")) == "service" and target in found:
            behind.setdefault(source, set()).add(found[target])
    served: dict[_Name, set[str]] = {}
    for key, name in found.items():
        served.setdefault(name, set()).update(text_of(below(to, "name")) for to in items(nodes[key].get("destServices")))
    if any(text_of(node.get("nodeType")) != "service" for node in nodes.values()):
        for key, targets in behind.items():
            # a service that was drawn in front of its only app is that app
            if len(targets) == 1 and key in found and found[key].plain in served[next(iter(targets))]:
                found[key] = next(iter(targets))
    spaces: dict[str, set[str]] = {}
    for name in found.values():
        spaces.setdefault(component_id(name.plain), set()).add(name.namespace)
    return {
        key: f"{name.namespace}.{name.plain}" if len(spaces[component_id(name.plain)]) > 1 else name.plain
        for key, name in found.items()
    }


def _name(node: Mapping[str, Any]) -> _Name | None:
    """None for what the mesh could not name."""
    kind = text_of(node.get("nodeType"))
    if kind == "unknown":
        return None
    hosts = items(below(node.get("isServiceEntry"), "hosts"))
    if hosts and text_of(hosts[0]):
        return _Name(text_of(hosts[0]), "")
    named = (text_of(node.get(key)) for key in _NAMES.get(kind, _NAMES[""]))
    plain = next((text for text in named if text not in _NOBODY), None)
    return None if plain is None else _Name(plain, text_of(node.get("namespace")))


def _is_outside_the_mesh(node: Mapping[str, Any]) -> bool:
    entry = node.get("isServiceEntry")
    return text_of(entry) == "MESH_EXTERNAL" or text_of(below(entry, "location")) == "MESH_EXTERNAL"


def _edge(caller: str, callee: str, same: Sequence[Mapping[str, Any]], duration_s: float) -> Edge:
    """Counts are rates times the window; bytes over TCP are no calls and have none."""
    traffic = [mapping(data.get("traffic")) for data in same]
    rates = [mapping(entry.get("rates")) for entry in traffic]
    total = sum(_number(rate.get(key)) for rate in rates for key in _TOTALS)
    failed = sum(_number(rate.get(key)) for rate in rates for keys in _FAILED.values() for key in keys)
    over_tcp = sum(_number(rate.get("tcp")) for rate in rates)
    slowest_ms = max(_number(data.get("responseTime")) for data in same)
    said = [f"{format_rate(total)} seen"] if total else []
    said += [f"{over_tcp:g} bytes a second over TCP"] if over_tcp else []
    said += [f"answered in {slowest_ms:g} ms"] if slowest_ms else []
    counted = bool(total and duration_s)
    return Edge(
        caller,
        callee,
        count=round(total * duration_s) if counted else None,
        errors=round(failed * duration_s) if counted else None,
        is_async=None,
        operations=tuple(dict.fromkeys(text for entry in traffic if (text := text_of(entry.get("protocol"))) in _TOTALS)),
        also=", ".join(said),
    )


def _number(value: object) -> float:
    """A figure, also as text; 0 where there is none that can be meant."""
    try:
        found = float(value) if isinstance(value, (int, float, str)) and not isinstance(value, bool) else 0.0
    except (ValueError, OverflowError):
        return 0.0
    return found if 0 <= found < 1e15 else 0.0


KIALI: Final = Importer(
    name="kiali",
    title="Kiali graph JSON",
    prose=(
        "Every edge between two nodes that the mesh could name becomes a dependency (observed), with its count in the window"
        " (rate times duration), failures and response time. Versions and workloads of one app are one component; hosts outside"
        " the mesh are external; traffic of unknown origin proposes journeys. It cannot say whether a call waits, what a caller"
        " does when it fails, or what bypasses the mesh."
    ),
    detect=detect,
    read=read,
)
