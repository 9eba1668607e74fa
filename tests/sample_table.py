"""The public samples of formats, read and counted: `make truth`, or `python tests/sample_table.py ../shared`.

Each file is read by its importer and, beside it, counted by a few lines of our own that know nothing of the importer: what a
format calls a component and a dependency, the calls it has counted, the operations it names. Both have to agree.
"""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from ruamel.yaml import YAML

from auditkit.importers import IMPORTERS, detect_format
from auditkit.importers.base import no_siblings


@dataclass(frozen=True)
class Counts:
    """What a file holds. `asked` are dependencies of which one end has no name; they are questions, not dependencies."""

    components: frozenset[str]
    dependencies: frozenset[tuple[str, str]]
    calls: int = 0
    operations: frozenset[str] = field(default_factory=frozenset)
    asked: int = 0


def _json(text: str) -> Any:
    return json.loads(text)


def _yaml(text: str) -> list[Any]:
    return [document for document in YAML(typ="safe").load_all(text) if document]


def jaeger_dependencies(text: str) -> Counts:
    """`{parent, child, callCount}`; calls of a service to itself are no dependencies."""
    rows = [row for row in _json(text) if row["parent"] != row["child"]]
    names = {row[end] for row in _json(text) for end in ("parent", "child")}
    return Counts(frozenset(names), frozenset((r["parent"], r["child"]) for r in rows), sum(r["callCount"] for r in rows))


def jaeger_trace(text: str) -> Counts:
    """Spans under a parent of another service are its calls; so are spans of a peer that no span answers."""
    found = _json(text)
    spans = {span["spanID"]: span for trace in found.get("data", [found]) for span in trace["spans"]}
    names = {key: p["serviceName"] for trace in found.get("data", [found]) for key, p in trace["processes"].items()}
    pairs: list[tuple[str, str, str]] = []
    for span in spans.values():
        tags = {tag["key"]: tag["value"] for tag in span["tags"]}
        above = [spans[ref["spanID"]] for ref in span["references"] if ref["spanID"] in spans]
        pairs += [(names[p["processID"]], names[span["processID"]], span["operationName"]) for p in above]
        if tags.get("span.kind") == "server" and "peer.service" in tags and not above:
            pairs.append((tags["peer.service"], names[span["processID"]], span["operationName"]))
    return _of_pairs(pairs, {names[span["processID"]] for span in spans.values()})


def otlp_trace(text: str) -> Counts:
    """The same in OTLP's words."""
    spans = {
        span["spanId"]: (service, span)
        for resource in _json(text)["resourceSpans"]
        for service in [_attributes(resource["resource"])["service.name"]]
        for scope in resource["scopeSpans"]
        for span in scope["spans"]
    }
    pairs: list[tuple[str, str, str]] = []
    for service, span in spans.values():
        above, peer = spans.get(span.get("parentSpanId", "")), _attributes(span).get("peer.service")
        if above:
            pairs.append((above[0], service, span["name"]))
        elif peer and span["kind"] in (2, "SPAN_KIND_SERVER"):
            pairs.append((peer, service, span["name"]))
    return _of_pairs(pairs, {service for service, _ in spans.values()})


def _attributes(of: Any) -> dict[str, Any]:
    return {item["key"]: item["value"].get("stringValue") for item in of.get("attributes", [])}


def _of_pairs(pairs: list[tuple[str, str, str]], services: set[str]) -> Counts:
    across = [(a, b, operation) for a, b, operation in pairs if a != b]
    return Counts(
        frozenset(services | {a for a, _, _ in across}),
        frozenset((a, b) for a, b, _ in across),
        len(across),
        frozenset(operation for _, _, operation in across),
    )


def kiali_graph(text: str) -> Counts:
    """Versions of an app are it; what has no name is no component; counts are rates over `duration`, of all but TCP."""
    graph = _json(text)
    nodes = {node["data"]["id"]: node["data"] for node in graph["elements"]["nodes"] if "isBox" not in node["data"]}
    names = {key: node.get("app") or node.get("service") or node.get("workload") for key, node in nodes.items()}
    calls: Counter[tuple[str, str]] = Counter()
    protocols, nameless = set(), 0
    for edge in (edge["data"] for edge in graph["elements"]["edges"]):
        pair, traffic = (names[edge["source"]], names[edge["target"]]), edge["traffic"]
        nameless += pair[1] == "unknown"
        if "unknown" not in pair and pair[0] != pair[1]:
            tcp = traffic["protocol"] == "tcp"
            calls[pair] += 0 if tcp else round(float(traffic["rates"][traffic["protocol"]]) * graph["duration"])
            protocols |= set() if tcp else {traffic["protocol"]}
    components = frozenset(names.values()) - {"unknown"}
    return Counts(components, frozenset(calls), calls.total(), frozenset(protocols), nameless)


def isotope_graph(text: str) -> Counts:
    """Services, and whom their scripts call, however deep."""

    def called(value: object) -> Iterator[str]:
        if isinstance(value, list):
            for step in value:
                yield from called(step)
        elif isinstance(value, dict) and "call" in value:
            yield value["call"]["service"] if isinstance(value["call"], dict) else value["call"]

    (graph,) = _yaml(text)
    services = graph["services"]
    pairs = {(service["name"], callee) for service in services for callee in called(service.get("script", []))}
    return Counts(frozenset(service["name"] for service in services), frozenset(pairs))


def istio_rules(text: str) -> Counts:
    """Hosts that routes inside the mesh lead to; each is a dependency of whoever calls it."""
    hosts = {
        route["destination"]["host"]
        for thing in _yaml(text)
        if thing["kind"] == "VirtualService" and "mesh" in thing["spec"].get("gateways", ["mesh"])
        for rule in thing["spec"].get("http", [])
        for route in rule.get("route", [])
    }
    return Counts(frozenset(), frozenset(("*", host) for host in hosts))


_UI: Final = "jaeger/packages/jaeger-ui/src"
COUNTED: Final[tuple[tuple[str, Callable[[str], Counts]], ...]] = (
    (f"formats/{_UI}/components/DependencyGraph/sample_data/*.json", jaeger_dependencies),
    (f"formats/{_UI}/components/TracePage/TraceGraph/testTrace.json", jaeger_trace),
    (f"formats/{_UI}/utils/fixtures/otlp2jaeger-out.json", jaeger_trace),
    (f"formats/{_UI}/utils/fixtures/otlp2jaeger-in.json", otlp_trace),
    ("formats/otlp/examples/trace.json", otlp_trace),
    ("formats/kiali/graph/api/testdata/*.expected", kiali_graph),
    ("bookinfo/samples/bookinfo/networking/*.yaml", istio_rules),
    ("isotope/isotope/example-topologies/*.yaml", isotope_graph),
)
"""The samples below `../shared/data/topologies`, and who counts them."""


def read(text: str, name: str) -> Counts:
    """What our importer makes of a file, in the same nouns."""
    draft = IMPORTERS[detect_format(name, text)].read(text, name, no_siblings)
    evidence = [item.data["evidence"][0] for item in draft.dependencies]
    named = [entry["locator"].split(": ")[-1] for entry in evidence if ": " in entry["locator"]]
    return Counts(
        frozenset(item.data["id"] for item in draft.components),
        frozenset(
            (item.data.get("from", "*"), to)
            for item in (*draft.dependencies, *draft.for_every_caller)
            for to in ([item.data["to"]] if isinstance(item.data["to"], str) else item.data["to"])
        ),
        sum(entry.get("count", 0) for entry in evidence),
        frozenset(operation for names in named for operation in names.split(", ")),
        sum(question.id.startswith("nameless") for question in draft.questions),
    )


def both(topologies: Path) -> Iterator[tuple[str, Counts, Counts]]:
    """Of each sample its name, what was read, and what was counted."""
    for pattern, count in COUNTED:
        for path in sorted(topologies.glob(pattern)):
            text = path.read_text(encoding="utf-8")
            yield path.name, read(text, path.name), count(text)


def main() -> int:
    """Prints a row a file, as read/counted; exit code 0 where both agree everywhere."""
    wrong = 0
    print(f"{'file':46}{'components':>14}{'dependencies':>14}{'calls':>22}{'operations':>12}{'asked':>7}")
    for name, ours, own in both(Path(sys.argv[1] if len(sys.argv) > 1 else "../shared") / "data/topologies"):
        cells = [f"{a}/{b}" for a, b in zip(_sizes(ours), _sizes(own), strict=True)]
        told = "" if ours == own else "  NOT THE SAME"
        print(f"{name:46}{cells[0]:>14}{cells[1]:>14}{cells[2]:>22}{cells[3]:>12}{cells[4]:>7}{told}")
        wrong += ours != own
    return int(wrong > 0)


def _sizes(counts: Counts) -> tuple[int, ...]:
    return len(counts.components), len(counts.dependencies), counts.calls, len(counts.operations), counts.asked


if __name__ == "__main__":
    sys.exit(main())
