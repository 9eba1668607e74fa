"""Traces as a source of the map: calls with their counts, who waits, what is outside, and where requests begin."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from cli import auditkit
from importer_seeds import SEEDS
from mutations import damaged_json, damaged_text, outcome

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, detect_format, merge
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft


def _tags(**tags):
    return [{"key": key.replace("_", "."), "value": value} for key, value in tags.items()]


def _span(id, process, operation, parent=None, kind="server", relation="CHILD_OF", at=0, **tags):
    references = [{"refType": relation, "traceID": "t", "spanID": parent}] if parent else []
    return {
        "traceID": "t", "spanID": id, "operationName": operation, "startTime": 1_700_000_000_000_000 + at, "duration": 900,
        "references": references, "tags": _tags(span_kind=kind, **tags), "processID": process,
    }  # fmt: skip


PROCESSES = {p: {"serviceName": name} for p, name in {"p1": "web", "p2": "Order Service", "p3": "mailer"}.items()}
SPANS = [
    _span("1", "p1", "GET /"),
    _span("2", "p1", "POST /orders", "1", "client"),
    _span("3", "p2", "/orders", "2", error=True),
    _span("4", "p2", "SELECT", "3", "client", db_system="postgresql"),
    _span("5", "p2", "charge", "3", "client", server_address="api.payments.example.com"),
    _span("6", "p2", "ask", "3", "client", peer_service="loyalty"),
    _span("7", "p2", "orders send", "3", "producer", messaging_system="events"),
    _span("8", "p3", "mail", "3", "server", "FOLLOWS_FROM"),
]
JAEGER = {"data": [{"traceID": "t", "spans": SPANS, "processes": PROCESSES}]}
ROWS = "".join(
    f"t,{at},{parent},{pod},op,{at}000,{at}500\n" for at, parent, pod in ((1, "root", "web"), (2, 1, "cart"), (3, 2, "db"))
)
CSV = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano\n" + ROWS
ZIPKIN = [
    {"traceId": "a", "id": "1", "name": "get /", "kind": "SERVER", "timestamp": 1_000_000, "duration": 90,
     "localEndpoint": {"serviceName": "web"}},
    {"traceId": "a", "id": "2", "parentId": "1", "name": "get", "kind": "CLIENT", "timestamp": 1_000_010, "duration": 50,
     "localEndpoint": {"serviceName": "web"}, "remoteEndpoint": {"serviceName": "redis"}, "tags": {"error": "refused"}},
]  # fmt: skip
OTLP = {
    "resourceSpans": [
        {
            "resource": {"attributes": [{"key": "service.name", "value": {"stringValue": "web"}}]},
            "scopeSpans": [
                {
                    "spans": [
                        {"traceId": "a", "spanId": "1", "name": "GET /", "kind": 2, "startTimeUnixNano": "1000",
                         "endTimeUnixNano": "9000"},
                        {"traceId": "a", "spanId": "2", "parentSpanId": "1", "name": "GET", "kind": 3,
                         "startTimeUnixNano": "2000",
                         "endTimeUnixNano": "4000", "status": {"code": 2},
                         "attributes": [{"key": "db.system", "value": {"stringValue": "mongodb"}}]},
                    ]
                }
            ],
        }
    ]
}  # fmt: skip
TEXTS = {"jaeger": json.dumps(JAEGER), "zipkin": json.dumps(ZIPKIN), "otlp": json.dumps(OTLP), "span-csv": CSV}


def _read(text: str) -> Draft:
    name = "seen.json"
    return IMPORTERS[detect_format(name, text)].read(text, name, no_siblings)


def _calls(draft: Draft):
    return {(d.data["from"], d.data["to"]): (d.data["call"], d.data["evidence"][0]["count"]) for d in draft.dependencies}


def test_each_pair_is_one_observed_dependency_with_its_count():
    """Databases, providers and queues have no spans; what follows from a span, or is sent to a queue, nobody waits for."""
    assert _calls(_read(TEXTS["jaeger"])) == {
        ("web", "Order-Service"): ("sync", 1),
        ("Order-Service", "postgresql"): ("sync", 1),
        ("Order-Service", "api.payments.example.com"): ("sync", 1),
        ("Order-Service", "loyalty"): ("sync", 1),
        ("Order-Service", "events"): ("async", 1),
        ("Order-Service", "mailer"): ("async", 1),
    }


def test_what_sends_no_spans_is_told_by_its_name_or_asked_for():
    """A database system, a queue, a public host are known; `loyalty` could be anything, so it is a question."""
    draft = _read(TEXTS["jaeger"])
    kinds = {item.data["id"]: item.data["kind"] for item in draft.components}
    assert kinds["postgresql"] == "database"
    assert kinds["events"] == "queue"
    assert kinds["api.payments.example.com"] == "external"
    assert [asked.where for asked in draft.questions] == ["loyalty"]


def test_requests_begin_where_a_trace_has_its_root():
    """The root is proposed as a journey, which a person confirms."""
    assert [(item.data["entry"], item.data["proposed"]) for item in _read(TEXTS["jaeger"]).journeys] == [("web", True)]


def test_of_a_load_generator_what_it_calls_is_the_entry():
    """A load generator stands for users; it is no part of what they want."""
    text = TEXTS["span-csv"].replace(",web,", ",loadgenerator,")
    assert [item.data["entry"] for item in _read(text).journeys] == ["cart"]


def test_failures_are_counted_where_the_format_tells_them_and_never_denied_where_it_does_not():
    """Span CSV knows no errors, so it does not say that none failed."""
    locators = {form: _read(text).dependencies[0].data["evidence"][0]["locator"] for form, text in TEXTS.items()}
    assert locators["zipkin"] == "1 call, 1 of them failed: get"
    assert locators["otlp"] == "1 call, 1 of them failed: GET"
    assert locators["span-csv"] == "1 call: op"


def test_traffic_and_a_compose_file_together_know_more_than_either():
    """Compose has the address of the database, traffic the call that no address shows; what both say has both as evidence."""
    compose = "services:\n  web: {image: shop/web, environment: {CART_URL: 'http://cart:80'}}\n  cart: {image: shop/cart,"
    compose += " environment: {DB: 'redis://sessions:6379'}}\n  sessions: {image: redis}\n"
    static = IMPORTERS["compose"].read(compose, "compose.yaml", no_siblings)
    merged, conflicts = merge([static, _read(CSV)])
    found = {(d.data["from"], d.data["to"]): {e["confidence"] for e in d.data["evidence"]} for d in merged.dependencies}
    assert found == {
        ("web", "cart"): {"configured", "observed"},
        ("cart", "sessions"): {"configured"},
        ("cart", "db"): {"observed"},
    }
    assert not conflicts


@pytest.mark.parametrize("form", TEXTS)
def test_damaged_traces_give_a_draft_or_words(form):
    """A few hundred shapes that no tracer writes, of each format."""
    value = {"jaeger": JAEGER, "zipkin": ZIPKIN, "otlp": OTLP}.get(form)
    texts = damaged_text(CSV, 100) if value is None else [*damaged_json(value, 60), *damaged_text(TEXTS[form], 15)]
    results = [outcome(IMPORTERS[form], text, "x.json") for text in texts]
    assert any(isinstance(result, Draft) for result in results)
    assert any(isinstance(result, str) for result in results)


def test_a_trace_of_one_service_shows_no_dependency_and_is_no_error():
    """It proves that the service exists."""
    draft = _read(json.dumps([ZIPKIN[0]]))
    assert [item.data["id"] for item in draft.components] == ["web"]
    assert not draft.dependencies
    with pytest.raises(InputError, match="version 1"):
        _read('[{"traceId": "a", "id": "1", "binaryAnnotations": []}]')


def test_a_call_that_names_nobody_is_a_question():
    """A callee without tracing leaves a hole in the map: who it is has to be asked, and no dependency is made up."""
    paid, cached = _span("2", "p1", "pay", "1", "client"), _span("3", "p1", "get", "1", "client", peer_service="redis")
    trace = {"traceID": "t", "spans": [_span("1", "p1", "GET /"), paid, cached], "processes": PROCESSES}
    found = IMPORTERS["jaeger"].read(json.dumps({"data": [trace]}), "t.json", no_siblings)
    assert [(d.data["from"], d.data["to"]) for d in found.dependencies] == [("web", "redis")]
    asked = [q.what for q in found.questions if q.id == "called web"]
    assert asked == ["Whom does web call by 'pay'? 1 call in the traces name nobody, and nobody answered there (t.json)"]


def test_traces_in_which_every_call_failed_end_in_a_document(tmp_path: Path) -> None:
    """No answer, no tail to draw: it once ended the run in a traceback."""
    text = SEEDS["zipkin"][1]
    (tmp_path / "traces.json").write_text(text)
    assert auditkit("import", tmp_path / "traces.json", "--into", tmp_path / "audit").code == 0
    ran = auditkit("run", tmp_path / "audit", "--json")
    assert (ran.code, ran.err) == (0, "")
