"""What an audit keeps of a latency export: the same calls under the same names, and none of the credentials in its URLs."""

from __future__ import annotations

import base64
import gzip
import json
from pathlib import Path

import latency_writers as writers
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from audit_texts import said_below
from cli import auditkit

from auditkit.importers import redact
from auditkit.latency import kept, measure

WORDS = ("hunter2-Zq9", "s3cr3t-Xw7,b", "ghp_0123456789abcdefghij0123", "Zx81page")
CALLS = writers.calls(60)
QUERY = f"?page={WORDS[3]}&token={WORDS[1]}"
URL = f"https://u:{WORDS[0]}@shop.example/cart{QUERY}"
BODY = base64.b64encode(f"token={WORDS[0]}".encode()).decode()


def _vegeta() -> str:
    lines = [json.loads(line) for line in writers.vegeta_json(CALLS).splitlines()]
    for line in lines:
        line |= {"url": URL, "body": BODY, "headers": {"Set-Cookie": [f"session={WORDS[0]}"]}}
    return "".join(json.dumps(line).replace("&", "\\u0026") + "\n" for line in lines)


def _k6() -> str:
    return writers.k6_json(CALLS).replace("https://shop.example/cart?id=1", URL)


def _samples() -> str:
    rows = [f'web,shop,"POST {URL} db_password:{WORDS[0]}",{c.start},{c.us},{WORDS[0]}' for c in CALLS]
    return "\n".join(["caller,callee,operation,start,duration_us,auth_token", *rows]) + "\n"


def _jaeger() -> str:
    secret = {"key": "db.password", "type": "string", "value": WORDS[0]}
    traces = json.loads(writers.jaeger(CALLS))
    for trace in traces["data"]:
        for span in trace["spans"]:
            span.setdefault("tags", []).extend([secret, {"key": "http.url", "type": "string", "value": URL}])
    return json.dumps(traces)


EXPORTS = {
    "k6.json": _k6(),
    "k6.csv": writers.k6_csv(CALLS).replace("https://shop.example/cart", f'"{URL}"'),
    "vegeta.json": _vegeta(),
    "vegeta.csv": "".join(
        f"{int(c.start * 1e9)},200,{c.us * 1000},0,2,,{BODY},,{n},GET,\"{URL}\",{BODY}\n" for n, c in enumerate(CALLS)
    ),
    "run.jtl": writers.jmeter_xml(CALLS).replace("https://shop.example/cart", URL.replace("&", "&amp;")),
    "raw.csv": writers.locust_raw(CALLS).replace("/cart", f"\"/cart?op=add&token={WORDS[1]}\""),
    "envoy.log": writers.envoy(CALLS).replace("/cart", f"/cart{QUERY}"),
    "alb.log": writers.alb(CALLS).replace("/cart", f"/cart{QUERY}"),
    "samples.csv": _samples(),
    "traces.json": _jaeger(),
}  # fmt: skip


def _leaks(text: str) -> list[str]:
    return [word for word in (*WORDS, BODY) if word in text]


@pytest.mark.parametrize("name", EXPORTS)
def test_a_kept_copy_holds_the_same_calls_and_no_credential(name: str, tmp_path: Path) -> None:
    """Of load tools, logs, tables and traces; keeping the copy once more changes nothing."""
    path = tmp_path / name
    path.write_text(EXPORTS[name])
    assert _leaks(EXPORTS[name])
    copy = kept(path, None, redact)
    assert copy is not None
    assert _leaks(copy.decode()) == []
    before = measure([path])
    path.write_bytes(copy)
    assert measure([path]).profiles == before.profiles
    assert kept(path, None, redact) == copy
    assert _leaks(repr(before)) == []


def test_an_audit_holds_none_of_them_and_says_none(tmp_path: Path) -> None:
    """No file of the audit, no line of the commands, no text of a Parquet file; its nested columns go."""
    source = tmp_path / "source"
    source.mkdir()
    for name, text in EXPORTS.items():
        (source / name).write_text(text)
    (source / "packed.csv.gz").write_bytes(gzip.compress(_samples().encode()))
    table = {
        "caller": ["web"] * 60, "callee": ["shop"] * 60, "operation": [f"GET {URL}"] * 60, "start": [c.start for c in CALLS],
        "duration_us": [c.us for c in CALLS], "api_key": [WORDS[0]] * 60, "headers": [[f"Cookie: {WORDS[0]}"]] * 60,
    }  # fmt: skip
    pq.write_table(pa.table(table), source / "s.parquet")
    folder = tmp_path / "audit"
    (tmp_path / "edges.csv").write_text("from,to\nweb,shop\n")
    said = [auditkit("import", tmp_path / "edges.csv", "--into", folder)]
    said += [auditkit("latency", file, "--into", folder) for file in sorted(source.iterdir())]
    said += [auditkit("latency", folder), auditkit("latency", folder, "--json"), auditkit("run", folder)]
    assert [ran.code for ran in said] == [0] * len(said)
    assert [word for ran in said for word in _leaks(ran.out + ran.err)] == []
    copies = sorted(path.name for path in (folder / "latency").iterdir())
    assert {*EXPORTS, "packed.csv.gz", "s.parquet"} <= set(copies)
    parquet = pq.read_table(folder / "latency/s.parquet")
    assert parquet.column_names == ["caller", "callee", "operation", "start", "duration_us", "api_key"]
    unpacked = gzip.decompress((folder / "latency/packed.csv.gz").read_bytes()).decode()
    told = {**said_below(folder), "parquet": repr(parquet.to_pydict()), "packed": unpacked}
    told |= {"profiles": repr(pq.read_table(folder / "latency/profiles.parquet").to_pydict())}
    assert [(where, word) for where, text in told.items() for word in _leaks(text)] == []


def test_what_holds_no_credential_is_kept_byte_for_byte(tmp_path: Path) -> None:
    """Also its compression, and line ends of another system."""
    path = tmp_path / "s.csv.gz"
    path.write_bytes(
        gzip.compress(b"caller,callee,operation,start,duration_ms\r\nweb,shop,GET /cart?op=add,1700000000,12\r\n", 1)
    )
    assert kept(path, None, redact) == path.read_bytes()


def test_an_export_that_cannot_be_read_does_not_tell_what_stands_in_it(tmp_path: Path) -> None:
    """One line, with its place."""
    path = tmp_path / "s.csv"
    path.write_text(f"caller,callee,start,duration_ms,outcome\nweb,shop,1700000000,12,'password: {WORDS[0]}'\n")
    for arguments in ((path,), ("--connect", f"postgres://u:{WORDS[0]}@127.0.0.1:1/x", "--table", "t")):
        ran = auditkit("latency", *arguments)
        assert (ran.code, _leaks(ran.out + ran.err)) == (2, [])
