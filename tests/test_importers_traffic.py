"""Service graphs that a tool has added up (Jaeger and Zipkin dependencies, Kiali), and queues seen in traces."""

from __future__ import annotations

import json
from dataclasses import replace

import pytest
from mutations import damaged_json, damaged_text, outcome

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft

COUNTS = [
    {"parent": "web", "child": "cart", "callCount": 30_489, "errorCount": 12},
    {"parent": "cart", "child": "redis", "callCount": 1},
]
"""As Zipkin answers `/api/v2/dependencies`: `errorCount` is left out where it is 0."""


def _node(id, type="app", namespace="shop", **data):
    return {"data": {"id": id, "nodeType": type, "namespace": namespace, **data}}


def _edge(source, target, protocol="http", **rates):
    return {"data": {"id": source + target, "source": source, "target": target,
                     "traffic": {"protocol": protocol, "rates": rates}}}  # fmt: skip


KIALI = {
    "timestamp": 1_523_364_075, "duration": 600, "graphType": "versionedApp",
    "elements": {
        "nodes": [
            _node("b", "box", app="reviews", isBox="app"),
            _node("u", "unknown", namespace="unknown", app="unknown"),
            _node("w", app="web", version="v1", isRoot=True),
            _node("s", "service", service="reviews-svc"),
            _node("r1", app="reviews", version="v1", destServices=[{"name": "reviews-svc"}]),
            _node("r2", app="reviews", version="v2", destServices=[{"name": "reviews-svc"}]),
            _node("x", "service", service="pay", isServiceEntry={"location": "MESH_EXTERNAL", "hosts": ["api.pay.example.com"]}),
            _node("n", "service", namespace="unknown", service="unknown"),
            _node("c1", app="cache"), _node("c2", app="cache", namespace="other"),
        ],
        "edges": [
            _edge("u", "w", http="2.00"), _edge("w", "s", http="30.00", http5xx="3.00"), _edge("s", "r1", http="10.00"),
            _edge("s", "r2", http="20.00"), _edge("r1", "x", "grpc", grpc="0.01"), _edge("r2", "n", http="4.00"),
            _edge("r2", "c1", "tcp", tcp="800.00"), _edge("r1", "c2", "tcp", tcp="8.00"),
        ],
    },
}  # fmt: skip


def _read(value):
    text = json.dumps(value)
    draft = IMPORTERS[detect_format("seen.json", text)].read(text, "seen.json", no_siblings)
    validate(replace(merge([draft])[0], system="shop"))
    return draft


def _told(draft):
    return {f"{d.data['from']} -> {d.data['to']}": d.data["evidence"][0]["locator"] for d in draft.dependencies}


def test_counted_dependencies_are_observed_however_rare():
    """One call is a call; whether it waits is not told, so nothing is said of it."""
    draft = _read(COUNTS)
    assert _told(draft) == {"web -> cart": "30489 calls, 12 of them failed", "cart -> redis": "1 call, none failed"}
    assert [d.data["evidence"][0]["count"] for d in draft.dependencies] == [1, 30_489]
    assert all("call" not in d.data for d in draft.dependencies)
    assert {c.data["id"]: c.data["kind"] for c in draft.components}["redis"] == "cache"


def test_without_any_error_count_nothing_is_said_about_failures():
    """Jaeger's list, bare or as its API wraps it, has none."""
    bare = [{key: row[key] for key in ("parent", "child", "callCount")} for row in COUNTS]
    expected = {"web -> cart": "30489 calls", "cart -> redis": "1 call"}
    assert _told(_read(bare)) == _told(_read({"data": bare, "total": 2})) == expected


def test_a_kiali_graph_gives_its_calls_with_counts_and_failures():
    """Versions are one component, the service drawn in front of them is it; what is outside the mesh is external."""
    draft = _read(KIALI)
    assert _told(draft) == {
        "web -> reviews": "18000 calls, 1800 of them failed, 30/s seen: http",
        "reviews -> api.pay.example.com": "6 calls, none failed, 0.01/s seen: grpc",
        "reviews -> shop.cache": "seen, 800 bytes a second over TCP",
        "reviews -> other.cache": "seen, 8 bytes a second over TCP",
    }
    assert {c.data["id"]: c.data["kind"] for c in draft.components}["api.pay.example.com"] == "external"
    assert [journey.data["entry"] for journey in draft.journeys] == ["web"]


def test_what_the_mesh_could_not_name_is_asked():
    """An edge to `unknown` is no dependency, and is not lost either."""
    assert [asked.id for asked in _read(KIALI).questions] == ["nameless reviews"]


@pytest.mark.parametrize("graph", ["service", "workload", "versioned_app"])
def test_kialis_own_samples_are_read_without_loss(shared, graph):
    """Three drawings of one Bookinfo give the same eight calls; the two nodes without a name are an entry and a question."""
    path = shared / f"data/topologies/formats/kiali/graph/api/testdata/test_{graph}_graph.expected"
    draft = _read(json.loads(path.read_text()))
    assert {call: told.partition(" seen")[0] for call, told in _told(draft).items()} == {
        "ingressgateway -> productpage": "60000 calls, none failed, 100/s",
        "ingressgateway -> tcp": "seen, 300 bytes a second over TCP",
        "productpage -> details": "48000 calls, 24000 of them failed, 80/s",
        "productpage -> reviews": "36000 calls, none failed, 60/s",
        "productpage -> tcp": "seen, 62 bytes a second over TCP",
        "reviews -> deposit": "30000 calls, none failed, 50/s",
        "reviews -> pricing": "12000 calls, none failed, 20/s",
        "reviews -> ratings": "36000 calls, 12000 of them failed, 60/s",
    }
    assert [asked.id for asked in draft.questions] == ["nameless reviews"]
    assert {"productpage", "tcp"} <= {journey.data["entry"] for journey in draft.journeys}


@pytest.mark.parametrize(("sample", "components"), [("small", 8), ("large", 1238)])
def test_jaegers_own_samples_are_read_without_loss(shared, sample, components):
    """Every pair of the file with its count, calls of a service to itself aside."""
    ui = "packages/jaeger-ui/src/components/DependencyGraph/sample_data"
    rows = json.loads((shared / f"data/topologies/formats/jaeger/{ui}/{sample}.json").read_text())
    draft = _read(rows)
    counts = {(d.data["from"], d.data["to"]): d.data["evidence"][0]["count"] for d in draft.dependencies}
    expected: dict[tuple[str, str], int] = {}
    for row in rows:
        if row["parent"] != row["child"]:
            pair = row["parent"], row["child"]
            expected[pair] = expected.get(pair, 0) + row["callCount"]
    assert counts == expected
    assert len(draft.components) == components


def test_the_otlp_sample_names_the_caller_that_sent_no_spans(shared):
    """A server span that names its peer shows a call, though the client's own span is missing."""
    folder = shared / "data/topologies/formats/jaeger/packages/jaeger-ui/src/utils/fixtures"
    for name in ("otlp2jaeger-in.json", "otlp2jaeger-out.json"):
        draft = _read(json.loads((folder / name).read_text()))
        assert list(_told(draft)) == ["telemetrygen-client -> telemetrygen"]


def _span(id, service, kind, parent="", **attributes):
    listed = [{"key": key.replace("_", "."), "value": {"stringValue": value}} for key, value in attributes.items()]
    return {
        "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": service}}]},
        "scopeSpans": [{"spans": [{"traceId": "t", "spanId": id, "parentSpanId": parent, "name": "orders", "kind": kind,
                                   "startTimeUnixNano": "1000", "endTimeUnixNano": "5000", "attributes": listed}]}],
    }  # fmt: skip


def test_both_ends_of_a_queue_use_the_queue():
    """The sender does not wait for the receiver; both need the broker, which has no spans of its own."""
    spans = [
        _span("1", "orders", 4, messaging_system="kafka"),
        _span("2", "mailer", 5, "1", messaging_system="kafka"),
        _span("3", "audit", 5, messaging_system="kafka"),
    ]
    draft = _read({"resourceSpans": spans})
    assert {(d.data["from"], d.data["to"]): d.data["call"] for d in draft.dependencies} == {
        ("orders", "mailer"): "async",
        ("orders", "kafka"): "async",
        ("mailer", "kafka"): "async",
        ("audit", "kafka"): "async",
    }
    assert {c.data["id"]: c.data["kind"] for c in draft.components}["kafka"] == "queue"


@pytest.mark.parametrize(("form", "value"), [("call-counts", COUNTS), ("kiali", KIALI)])
def test_damaged_graphs_give_a_draft_or_words(form, value):
    """A few hundred shapes that no tool writes."""
    texts = [*damaged_json(value, 250), *damaged_text(json.dumps(value), 50)]
    results = [outcome(IMPORTERS[form], text, "x.json") for text in texts]
    assert any(isinstance(result, Draft) for result in results)
    assert any(isinstance(result, str) for result in results)


def test_an_empty_graph_is_refused_in_words():
    """Nothing was seen; that is no system."""
    with pytest.raises(InputError, match="holds no node of a Kiali graph"):
        IMPORTERS["kiali"].read('{"graphType": "app", "elements": {}}', "g.json", no_siblings)
    with pytest.raises(InputError, match="holds no entry with parent, child and callCount"):
        IMPORTERS["call-counts"].read("[]", "d.json", no_siblings)
