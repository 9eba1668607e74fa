"""Traces that are given for the map leave their latencies behind: `auditkit latency` needs no file after the import."""

from __future__ import annotations

import json
from pathlib import Path

from cli import auditkit, tree

from auditkit import notebook as see
from auditkit.project import Audit


def span(number: int, id: str, process: str, parent: str | None, kind: str, took_us: int, **tags: str) -> dict[str, object]:
    return {
        "traceID": f"t{number}", "spanID": f"{number}{id}", "operationName": "GET /orders", "processID": process,
        "startTime": 1_700_000_000_000_000 + number * 100_000, "duration": took_us,
        "references": [{"refType": "CHILD_OF", "traceID": f"t{number}", "spanID": f"{number}{parent}"}] if parent else [],
        "tags": [{"key": key.replace("_", "."), "value": value} for key, value in {"span_kind": kind, **tags}.items()],
    }  # fmt: skip


def jaeger(requests: int, took_us: int = 20_000, kind: str = "client") -> str:
    """Web calls the order service, which asks a database: each request one trace."""
    processes = {"p1": {"serviceName": "web"}, "p2": {"serviceName": "Order Service"}}
    traces = [
        {
            "traceID": f"t{n}",
            "processes": processes,
            "spans": [
                span(n, "a", "p1", None, "server", took_us + 9_000),
                span(n, "b", "p1", "a", kind, took_us + n % 50 * 100, http_url="http://orders/?token=hunter2"),
                span(n, "c", "p2", "b", "server" if kind == "client" else "consumer", took_us - 1_000),
                span(n, "d", "p2", "c", kind, 3_000, db_system="postgresql"),
            ],
        }
        for n in range(requests)
    ]
    return json.dumps({"data": traces})


def imported(tmp_path: Path, text: str, name: str = "traces.json") -> Path:
    (tmp_path / name).write_text(text, encoding="utf-8")
    ran = auditkit("import", tmp_path / name, "--into", tmp_path / "audit")
    assert ran.code == 0, ran.err
    return tmp_path / "audit"


def calls(audit: Path) -> dict[str, dict[str, object]]:
    ran = auditkit("latency", audit, "--json")
    assert ran.code == 0, ran.err
    return {call["call"]: call for call in ran.json["calls"]}


def test_timeouts_follow_from_imported_traces_without_naming_them_again(tmp_path: Path) -> None:
    """Import, then `auditkit latency DIR`: every call by the names of the map, with a timeout where the data justify one."""
    audit = imported(tmp_path, jaeger(400))
    (tmp_path / "traces.json").unlink()
    found = calls(audit)
    assert [(call, c["n"], c["grade"]) for call, c in sorted(found.items())] == [
        ("Order-Service -> postgresql:GET /orders", 400, "seed"),
        ("web -> Order-Service:GET /orders", 400, "seed"),
    ]
    assert found["web -> Order-Service:GET /orders"]["recommended_ms"] == 75.0
    strategy = auditkit("plan", audit, "--json").json
    assert {p["dependency"] for p in strategy["policies"] if p["proposed"]["timeout"]} == {
        "web -> Order-Service",
        "Order-Service -> postgresql",
    }


def test_the_import_says_what_it_measured(tmp_path: Path) -> None:
    """The report of the import counts the calls whose latencies are known now, and names the command that shows them."""
    (tmp_path / "traces.json").write_text(jaeger(20), encoding="utf-8")
    said = auditkit("import", tmp_path / "traces.json", "--into", tmp_path / "audit").out
    assert "the latencies of 2 calls are known now; timeouts: auditkit latency" in said


def test_no_second_copy_of_traces_is_kept_and_no_secret_in_it(tmp_path: Path) -> None:
    """The redacted copy in `sources/` is what is measured; giving the same file as a latency export adds nothing."""
    audit = imported(tmp_path, jaeger(300))
    before = calls(audit)
    again = auditkit("latency", tmp_path / "traces.json", "--into", audit, "--json")
    assert again.code == 0
    assert {c["call"]: c for c in again.json["calls"]} == before
    assert [name for name in tree(audit) if name.startswith(("sources/", "latency/"))] == [
        "latency/profiles.parquet",
        "sources/index.yaml",
        "sources/traces.json",
    ]
    assert not any(b"hunter2" in content for content in tree(audit).values())


def test_traces_imported_again_replace_what_they_said_of_latencies(tmp_path: Path) -> None:
    """A newer recording under the same name is measured in place of the old one, not added to it."""
    audit = imported(tmp_path, jaeger(300))
    assert calls(audit)["web -> Order-Service:GET /orders"]["p50_ms"] == 22.4
    imported(tmp_path, jaeger(310, took_us=40_000))
    now = calls(audit)["web -> Order-Service:GET /orders"]
    assert (now["n"], now["p50_ms"]) == (310, 42.4)


def test_traces_without_a_call_that_waits_are_told_of_and_stop_nothing(tmp_path: Path) -> None:
    """Messages only: the map is written, the report says why there are no latencies, and other exports can still be measured."""
    (tmp_path / "events.json").write_text(jaeger(20, kind="producer").replace("postgresql", "mysql"), encoding="utf-8")
    said = auditkit("import", tmp_path / "events.json", "--into", tmp_path / "audit")
    assert said.code == 0
    assert "events.json: no latencies are taken from it" in said.out
    rows = "".join(f"web,Order-Service,{1_700_000_000 + n},{20 + n % 9}\n" for n in range(300))
    (tmp_path / "more.csv").write_text("caller,callee,start,duration_ms\n" + rows, encoding="utf-8")
    assert auditkit("latency", tmp_path / "more.csv", "--into", tmp_path / "audit").code == 0
    imported(tmp_path, jaeger(310))
    assert calls(tmp_path / "audit")["web -> Order-Service:GET /orders"]["n"] == 310
    assert "web -> Order-Service:GET /orders" in {tried.call for tried in Audit.open(tmp_path / "audit").back_test().tried}


def test_the_workbook_lists_and_measures_imported_traces(tmp_path: Path) -> None:
    """Notebook 04 shows them among the exports, and its plain cell measures them with their own format."""
    audit = Audit.open(imported(tmp_path, jaeger(300)))
    assert list(see.exports_table(audit).index) == ["sources/traces.json"]
    assert see.measure_exports(audit).startswith("2 calls measured from 1 files.")


def test_latency_without_anything_to_measure_says_what_to_name(tmp_path: Path) -> None:
    """Nothing named, half a connection, or both files and a connection: one line with the place and the way out."""
    for arguments, place in (
        ((), "auditkit latency  names nothing to measure"),
        (("--connect", "duckdb://x"), "auditkit latency --connect  needs --table NAME as well"),
        (("--table", "t"), "auditkit latency --table  needs --connect URI as well"),
        (("a.csv", "--connect", "duckdb://x", "--table", "t"), "auditkit latency --connect  cannot go with files"),
    ):
        ran = auditkit("latency", *arguments)
        assert ran.code == 2
        assert ran.err.startswith(place)
        assert ran.err.count("\n") == 1
