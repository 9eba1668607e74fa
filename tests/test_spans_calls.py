"""Calls found in spans: who waited for whom."""

from __future__ import annotations

import pytest

from auditkit.errors import InputError
from auditkit.spans import Span, calls, read_spans, span_csv, span_table, workload_name

HEADER = "TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration\n"


def rows(table):
    return [
        (r["caller"], r["callee"], r["operation"], round(r["duration_s"] * 1e3, 6), r["side"]) for r in table.table.to_pylist()
    ]


def test_the_callers_own_span_is_what_it_waited():
    """The client span (20 ms in web) counts, not the server span (15 ms in cart); inner spans are no calls."""
    text = HEADER + (
        "t,1,root,web-579b9bff58-t2dbm,Recv,1000000000,1100000000,100000\n"
        "t,2,1,web-579b9bff58-t2dbm,shop.Cart/Get,1010000000,1030000000,20000\n"
        "t,3,2,cart-579f59597d-wc2lz,grpc.shop.Cart/Get,1012000000,1027000000,15000\n"
        "t,4,3,cart-579f59597d-wc2lz,HGET,1013000000,1014000000,1000\n"
    )
    assert rows(calls(read_spans(text, "a.csv"))) == [("web", "cart", "shop.Cart/Get", 20.0, "client")]


def test_a_handler_that_calls_directly_leaves_only_the_callees_time():
    """Without a client span the parent is the whole handler: its duration is not the call's; the callee's own is taken."""
    text = HEADER + (
        "t,1,root,web-579b9bff58-t2dbm,Recv,0,100000000,100000\n"
        "t,2,1,cart-579f59597d-wc2lz,Get,10000000,25000000,15000\n"
        "t,3,1,user-579f59597d-wc2lz,Get,30000000,35000000,5000\n"
    )
    assert rows(calls(read_spans(text, "a.csv"))) == [
        ("web", "cart", "Get", 15.0, "server"),
        ("web", "user", "Get", 5.0, "server"),
    ]


def test_a_client_span_with_two_server_spans_is_one_call():
    """A retry inside one client span is one wait."""
    spans = [
        Span("t", "1", None, "web", "web", "GET", "client", 0, 50_000_000),
        Span("t", "2", "1", "cart", "cart", "/get", "server", 1, 10_000_000),
        Span("t", "3", "1", "cart", "cart", "/get", "server", 20_000_000, 10_000_000),
    ]
    assert rows(calls(span_table(spans))) == [("web", "cart", "/get", 50.0, "client")]


def test_a_client_span_without_answer_names_its_peer():
    """A database has no spans of its own; the client span says whom it asked."""
    spans = [Span("t", "1", None, "web", "web", "SELECT", "client", 0, 5_000_000, "ok", "orders-db")]
    assert rows(calls(span_table(spans))) == [("web", "orders-db", "SELECT", 5.0, "client")]


def test_spans_seen_twice_count_once():
    """Exports of neighbouring minutes repeat spans."""
    line = "t,1,root,web-579b9bff58-t2dbm,shop.Cart/Get,0,20000000,20000\nt,2,1,cart-579f59597d-wc2lz,Get,0,15000000,15000\n"
    assert len(calls(read_spans(HEADER + line + line, "a.csv"))) == 1


def test_damaged_lines_are_named():
    """Every unreadable line is told with its number; nothing is guessed."""
    with pytest.raises(InputError, match=r"a.csv:2  no readable span"):
        read_spans(HEADER + "t,1,root,web,x,12,\n", "a.csv")
    with pytest.raises(InputError, match="holds no span"):
        read_spans(HEADER, "a.csv")
    with pytest.raises(InputError, match="no trace export that is known"):
        read_spans("hello", "a.txt")


@pytest.mark.parametrize(
    ("pod", "workload"),
    [
        ("ts-gateway-service-6f6cfc45b-d9pnv", "ts-gateway-service"),
        ("frontend-579b9bff58-t2dbm", "frontend"),
        ("redis-cart-0", "redis-cart"),
        ("user-v1", "user-v1"),
        ("orders-db", "orders-db"),
        ("api-gateway-prod", "api-gateway-prod"),
    ],
)
def test_pods_are_reduced_to_workloads(pod, workload):
    """Names of Deployments and StatefulSets as Kubernetes makes them; ordinary names stay."""
    assert workload_name(pod) == workload


def test_online_boutique_calls(shared):
    """17_00_trace.csv: 5,525 calls, as many as spans that cross pods (counted with pandas), all along true dependencies."""
    text = (shared / "data/latency/traces_csv/17_00_trace.csv").read_text()
    found = calls(read_spans(text, "17_00_trace.csv"))
    assert len(found) == 5525
    pairs = {(r["caller"], r["callee"]) for r in found.table.to_pylist()}
    truth = (shared / "data/topologies/boutique/truth_edges.csv").read_text().splitlines()[1:]
    assert pairs <= {tuple(line.split(",")[:2]) for line in truth}
    assert set(found.table["side"].to_pylist()) == {"client"}
    counts: dict[tuple[str, str, str], int] = {}
    for r in found.table.to_pylist():
        key = (r["caller"], r["callee"], r["operation"])
        counts[key] = counts.get(key, 0) + 1
    assert counts["frontend", "productcatalogservice", "hipstershop.ProductCatalogService/GetProduct"] == 2289
    assert counts["frontend", "currencyservice", "hipstershop.CurrencyService/Convert"] == 1021
    assert counts["frontend", "adservice", "hipstershop.AdService/GetAds"] == 298


PLAIN_ROWS = (
    "a,b,root,p-7,,1,2", "a,b,,p,o,1,2\n\na,c,b,q,NULL,5,9", "a,b,None,p,NA,1,2\r", "a,b,x,p,o, 1,2", "a,b,x,p",
    "a,b,x,p,o,1,2,3",
    "", ",b,x,p,o,1,2", "a,b,x,p,o,,2", "a,b,x,p,o,1,99999999999999999999", "a,b,x,p,o,1_0,20", "a,b,x,p,o,0x1,2",
    "a,b,x,p,\ud800,1,2", "a,b,x,p,o,01,+2", "a,b,x,p,o,1.0,2", "a,b,x,p,\"o,\n1\",1,2", "   \na,b,x,p,o,1,2",
)  # fmt: skip


@pytest.mark.parametrize("rows", PLAIN_ROWS)
def test_a_span_csv_read_by_columns_is_what_it_is_row_by_row(rows, monkeypatch):
    """The fast way gives the same spans, or leaves the text, and what is wrong with it, to the careful one."""
    text = ",".join(span_csv.COLUMNS) + "\n" + rows + "\n"

    def answer():
        try:
            return span_csv.read(text, "s.csv").table.to_pylist()
        except InputError as error:
            return error.problems

    at_once = answer()
    monkeypatch.setattr(span_csv, "_at_once", lambda text, name: None)
    assert at_once == answer()
