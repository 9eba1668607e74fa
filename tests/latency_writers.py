"""Writes exports as each tool's documentation describes them, from calls whose truth is known."""

# ruff: noqa: E501  (records of log formats are long lines)
from __future__ import annotations

import datetime as dt
import itertools
import json
import math
import random
from dataclasses import dataclass

START = 1_700_000_000.0


@dataclass(frozen=True)
class Call:
    """One call: start in epoch seconds, duration in whole microseconds, outcome."""

    start: float
    us: int
    outcome: str


def calls(n: int = 1500, seed: int = 11) -> list[Call]:
    """Lognormal latencies of about 20 ms over 150 s; one in a hundred is an error, one in 250 a timeout at 1 s."""
    random.seed(seed)
    found = []
    for i in range(n):
        outcome = "timeout" if i % 250 == 7 else "error" if i % 100 == 3 else "ok"
        us = 1_000_000 if outcome == "timeout" else max(100, round(20_000 * math.exp(random.gauss(0, 0.6))))
        found.append(Call(START + i * 0.1, us, outcome))
    return found


def iso(seconds: float) -> str:
    return dt.datetime.fromtimestamp(seconds, dt.UTC).isoformat(timespec="microseconds").replace("+00:00", "Z")


def k6_json(found: list[Call]) -> str:
    """https://grafana.com/docs/k6: one metric line, then points; a point's time is when the call ended."""
    lines = [json.dumps({"type": "Metric", "data": {"type": "trend", "contains": "time"}, "metric": "http_req_duration"})]
    for c in found:
        tags = {"method": "GET", "url": "https://shop.example/cart?id=1", "name": "https://shop.example/cart?id=1", "status": "200",
                "expected_response": "true"}  # fmt: skip
        if c.outcome == "error":
            tags |= {"status": "503", "expected_response": "false", "error_code": "1503"}
        if c.outcome == "timeout":
            tags |= {"status": "0", "expected_response": "false", "error_code": "1050", "error": "request timeout"}
        data = {"time": iso(c.start + c.us / 1e6), "value": c.us / 1e3, "tags": tags}
        lines.append(json.dumps({"type": "Point", "data": data, "metric": "http_req_duration"}))
        lines.append(json.dumps({"type": "Point", "data": data | {"value": 1}, "metric": "http_reqs"}))
    return "\n".join(lines) + "\n"


def k6_csv(found: list[Call]) -> str:
    """The columns of k6's CSV output; http_reqs and others stand between."""
    lines = [
        "metric_name,timestamp,metric_value,check,error,error_code,expected_response,group,method,name,proto,scenario,service,"
        "status,subproto,tls_version,url,extra_tags"
    ]
    for c in found:
        code = {"ok": "", "error": "1503", "timeout": "1050"}[c.outcome]
        status = {"ok": "200", "error": "503", "timeout": "0"}[c.outcome]
        tail = f",,,{code},{str(c.outcome == 'ok').lower()},,GET,cart,HTTP/1.1,default,,{status},,,https://shop.example/cart,"
        lines.append(f"http_reqs,{int(c.start)},1.000000{tail}")
        lines.append(f"http_req_duration,{int(c.start)},{c.us / 1e3:.6f}{tail}")
    return "\n".join(lines) + "\n"


def vegeta_json(found: list[Call]) -> str:
    """vegeta encode --to json."""
    words = {"ok": (200, ""), "error": (503, "503 Service Unavailable"),
             "timeout": (0, 'Get "http://shop/cart": context deadline exceeded (Client.Timeout exceeded while awaiting headers)')}  # fmt: skip
    return "".join(
        json.dumps({"attack": "", "seq": i, "code": words[c.outcome][0], "timestamp": iso(c.start), "latency": c.us * 1000, "bytes_out": 0,
                    "bytes_in": 2, "error": words[c.outcome][1], "body": None, "method": "GET", "url": "http://shop/cart", "headers": None})
        + "\n"
        for i, c in enumerate(found)
    )  # fmt: skip


def vegeta_csv(found: list[Call]) -> str:
    """vegeta encode --to csv: no header."""
    words = {
        "ok": (200, ""),
        "error": (503, "503 Service Unavailable"),
        "timeout": (0, "net/http: timeout awaiting response headers"),
    }
    return "".join(
        f"{round(c.start * 1e9)},{words[c.outcome][0]},{c.us * 1000},0,2,{words[c.outcome][1]},,,{i},GET,http://shop/cart,\n"
        for i, c in enumerate(found)
    )


def jmeter_csv(found: list[Call]) -> str:
    """JMeter's default columns; whole milliseconds; a transaction around each call."""
    lines = ["timeStamp,elapsed,label,responseCode,responseMessage,threadName,dataType,success,failureMessage,bytes,sentBytes,"
             "grpThreads,allThreads,URL,Latency,IdleTime,Connect"]  # fmt: skip
    return "\n".join(lines + _jmeter_rows(found)) + "\n"


def jmeter_headless(found: list[Call]) -> str:
    return "\n".join(_jmeter_rows(found)) + "\n"


def _jmeter_rows(found: list[Call]) -> list[str]:
    words = {"ok": "200,OK", "error": "503,Service Unavailable",
             "timeout": "Non HTTP response code: java.net.SocketTimeoutException,Non HTTP response message: Read timed out"}  # fmt: skip
    rows = []
    for c in found:
        ms, ok = round(c.us / 1e3), str(c.outcome == "ok").lower()
        rows.append(
            f"{round(c.start * 1e3)},{ms},GET cart,{words[c.outcome]},T 1-1,text,{ok},,1,1,1,1,https://shop.example/cart,{ms - 1},0,0"
        )
        rows.append(f'{round(c.start * 1e3)},{ms + 9},All,200,"Number of samples in transaction : 1, number of failing samples : 0",'
                    f"T 1-1,,true,,1,1,1,1,null,{ms},0,0")  # fmt: skip
    return rows


def jmeter_xml(found: list[Call]) -> str:
    """Nested: a parent holds its child's time; only the child is a call."""
    words = {"ok": "200", "error": "503", "timeout": "Non HTTP response code: java.net.SocketTimeoutException"}
    body = "".join(
        f'<sample t="{round(c.us / 1e3) + 5}" ts="{round(c.start * 1e3)}" s="true" lb="All"><httpSample t="{round(c.us / 1e3)}" '
        f'ts="{round(c.start * 1e3)}" s="{str(c.outcome == "ok").lower()}" lb="GET cart" rc="{words[c.outcome]}" rm="x">'
        "<java.net.URL>https://shop.example/cart</java.net.URL></httpSample></sample>\n"
        for c in found
    )
    return f'<?xml version="1.0" encoding="UTF-8"?>\n<testResults version="1.2">\n{body}</testResults>\n'


def gatling(found: list[Call]) -> str:
    """Gatling 3.5: REQUEST, groups, name, start, end, status, message."""
    words = {
        "ok": "OK\t ",
        "error": "KO\tstatus.find.is(200), but actually found 503",
        "timeout": "KO\ti.g.h.c.i.RequestTimeoutException",
    }
    lines = ["RUN\tshop.Bench\tbench\t1700000000000\t \t3.5.0", "USER\tA\tSTART\t1700000000000"]
    lines += [
        f"REQUEST\t\tcart\t{round(c.start * 1e3)}\t{round(c.start * 1e3) + round(c.us / 1e3)}\t{words[c.outcome]}" for c in found
    ]
    return "\n".join(lines) + "\n"


def envoy(found: list[Call]) -> str:
    """Envoy's default format; whole milliseconds; UT is an upstream request timeout."""
    words = {"ok": "200 -", "error": "503 -", "timeout": "504 UT"}
    return "".join(
        f'[{iso(c.start)[:-4]}Z] "GET /cart?x=1 HTTP/1.1" {words[c.outcome]} 0 2 {round(c.us / 1e3)} {round(c.us / 1e3)} "-" "curl" "id" '
        f'"shop:8080" "10.0.0.3:8080"\n'
        for c in found
    )


NGINX = '$remote_addr - $remote_user [$time_local] "$request" $status $body_bytes_sent "$http_referer" "$http_user_agent" ' \
        "$request_time $upstream_response_time $proxy_host"  # fmt: skip


def nginx(found: list[Call]) -> str:
    """A combined log with times; seconds to three digits; the line is written when the answer is sent."""
    words = {"ok": 200, "error": 502, "timeout": 504}
    lines = []
    for c in found:
        when = dt.datetime.fromtimestamp(c.start + c.us / 1e6, dt.UTC).strftime("%d/%b/%Y:%H:%M:%S +0000")
        lines.append(f'10.1.1.1 - - [{when}] "GET /cart?x=1 HTTP/1.1" {words[c.outcome]} 2 "-" "Mozilla/5.0 (X11)" '
                     f"{c.us / 1e6 + 0.001:.3f} {c.us / 1e6:.3f} shop")  # fmt: skip
    lines.append('10.1.1.1 - - [14/Nov/2023:22:13:20 +0000] "GET /static.css HTTP/1.1" 200 2 "-" "Mozilla" 0.000 - -')
    return "\n".join(lines) + "\n"


def alb(found: list[Call]) -> str:
    """ALB access log entries; a target that did not answer in time: 504, target times -1."""
    lines = []
    for c in found:
        end = iso(c.start + c.us / 1e6)
        times, status = {
            "ok": (f"0.000 {c.us / 1e6:.3f} 0.000", "200 200"), "error": (f"0.000 {c.us / 1e6:.3f} 0.000", "503 503"),
            "timeout": ("-1 -1 -1", "504 -"),
        }[c.outcome]  # fmt: skip
        lines.append(
            f'https {end} app/edge/50dc6c495c0c9188 192.168.131.39:2817 10.0.0.1:80 {times} {status} 34 366 "GET '
            f'https://shop.example:443/cart?x=1 HTTP/1.1" "curl/7.46.0" ECDHE-RSA TLSv1.2 '
            f"arn:aws:elasticloadbalancing:us-east-2:123456789012:targetgroup/shop/73e2d6bc24d8a067 "
            f'"Root=1-58337262" "shop.example" "arn:cert" 0 {iso(c.start)} "forward" "-" "-" "10.0.0.1:80" "200" "-" "-"'
        )
    return "\n".join(lines) + "\n"


EDGES = (0.005, 0.01, 0.02, 0.03, 0.05, 0.075, 0.1, 0.15, 0.25, 0.5, 1.0, math.inf)


def prometheus(found: list[Call], reset_at: int = 800) -> str:
    """query_range of cumulative buckets every 15 s; the process restarts once, so its counters fall to zero."""
    codes = {"ok": "200", "error": "503", "timeout": "504"}
    series: dict[tuple[str, float], list[list[object]]] = {(o, e): [[START, "0"]] for o in codes for e in EDGES}
    for step in range(1, 11):
        when = START + step * 15
        for (outcome, edge), values in series.items():
            first = reset_at if step * 150 > reset_at else 0
            seen = found[first : step * 150]
            values.append([when, str(sum(c.outcome == outcome and c.us / 1e6 <= edge for c in seen))])
        if step == 5:  # a scrape right before the restart, so that nothing is lost
            for (outcome, edge), values in series.items():
                values.append(
                    [
                        START + reset_at / 10 - 1e-3,
                        str(sum(c.outcome == outcome and c.us / 1e6 <= edge for c in found[:reset_at])),
                    ]
                )
    result = [
        {"metric": {"__name__": "http_client_request_duration_seconds_bucket", "le": "+Inf" if math.isinf(e) else str(e), "code": codes[o],
                    "caller": "web", "callee": "shop"}, "values": values}
        for (o, e), values in series.items()
    ]  # fmt: skip
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def native(found: list[Call]) -> str:
    """The same as native histograms of schema 3: buckets grow by 2^(1/8)."""
    codes = {"ok": "200", "error": "503", "timeout": "504"}
    result = []
    for outcome, code in codes.items():
        points = []
        for step in range(11):
            counts: dict[int, int] = {}
            for c in found[: step * 150]:
                if c.outcome == outcome:
                    index = math.ceil(math.log2(c.us / 1e6) * 8)
                    counts[index] = counts.get(index, 0) + 1
            rows = [[0, repr(2 ** ((i - 1) / 8)), repr(2 ** (i / 8)), str(n)] for i, n in sorted(counts.items())]
            points.append([START + step * 15, {"count": str(sum(counts.values())), "sum": "1", "buckets": rows}])
        metric = {"__name__": "http_client_request_duration_seconds", "code": code, "caller": "web", "callee": "shop"}
        result.append({"metric": metric, "histograms": points})
    return json.dumps({"status": "success", "data": {"resultType": "matrix", "result": result}})


def otlp(found: list[Call], *, lines: bool = False, old: bool = False) -> str:
    """OTLP: a client span in web, a server span in shop; times as text; old key names where asked."""
    scope = "instrumentationLibrarySpans" if old else "scopeSpans"
    documents = []
    for i, c in enumerate(found):
        begin = round(c.start * 1e9)
        code = {"ok": 200, "error": 503}.get(c.outcome)
        about = (
            [{"key": "http.status_code" if old else "http.response.status_code", "value": {"intValue": str(code)}}]
            if code
            else []
        )
        if c.outcome == "timeout":
            about.append({"key": "error.type", "value": {"stringValue": "java.util.concurrent.TimeoutException"}})
        client = {"traceId": f"{i:032x}", "spanId": f"{i:016x}", "name": "GET", "kind": "SPAN_KIND_CLIENT" if old else 3,
                  "startTimeUnixNano": str(begin), "endTimeUnixNano": str(begin + c.us * 1000), "attributes": about,
                  "status": {} if c.outcome == "ok" else {"code": 2}}  # fmt: skip
        server = {"traceId": f"{i:032x}", "spanId": f"f{i:015x}", "parentSpanId": f"{i:016x}", "name": "GET /cart",
                  "kind": 2, "startTimeUnixNano": str(begin + 10_000), "endTimeUnixNano": str(begin + c.us * 900)}  # fmt: skip
        documents.append({"resourceSpans": [_resource("web", client, scope), _resource("shop", server, scope)]})
    if lines:
        return "".join(json.dumps(d) + "\n" for d in documents)
    return json.dumps({"resourceSpans": [r for d in documents for r in d["resourceSpans"]]})


def _resource(service: str, span: dict[str, object], scope: str) -> dict[str, object]:
    name = {"key": "service.name", "value": {"stringValue": service}}
    return {"resource": {"attributes": [name]}, scope: [{"spans": [span]}]}


def jaeger(found: list[Call]) -> str:
    """Jaeger's query API: one trace a call."""
    data = []
    for i, c in enumerate(found):
        begin = round(c.start * 1e6)
        tags = [{"key": "span.kind", "type": "string", "value": "client"}]
        if c.outcome == "error":
            tags.append({"key": "error", "type": "bool", "value": True})
        if c.outcome == "timeout":
            tags.append({"key": "rpc.grpc.status_code", "type": "int64", "value": 4})
        spans = [
            {"traceID": f"t{i}", "spanID": f"c{i}", "operationName": "GET", "references": [], "startTime": begin, "duration": c.us,
             "tags": tags, "processID": "p1"},
            {"traceID": f"t{i}", "spanID": f"s{i}", "operationName": "GET /cart", "startTime": begin + 5, "duration": max(1, c.us - 50),
             "references": [{"refType": "CHILD_OF", "traceID": f"t{i}", "spanID": f"c{i}"}],
             "tags": [{"key": "span.kind", "type": "string", "value": "server"}], "processID": "p2"},
        ]  # fmt: skip
        data.append(
            {"traceID": f"t{i}", "spans": spans, "processes": {"p1": {"serviceName": "web"}, "p2": {"serviceName": "shop"}}}
        )
    return json.dumps({"data": data})


def zipkin(found: list[Call]) -> str:
    """Zipkin v2 with shared span ids: both halves of a call have one id."""
    spans = []
    for i, c in enumerate(found):
        begin = round(c.start * 1e6)
        tags = {"ok": {}, "error": {"error": "503"}, "timeout": {"error": "read timed out"}}[c.outcome]
        both = {"traceId": f"{i:016x}", "id": f"{i:016x}", "name": "get /cart"}
        spans.append(
            both | {"kind": "CLIENT", "timestamp": begin, "duration": c.us, "localEndpoint": {"serviceName": "web"}, "tags": tags}
        )
        spans.append(both | {"kind": "SERVER", "timestamp": begin + 5, "duration": max(1, c.us - 50), "shared": True,
                             "localEndpoint": {"serviceName": "shop"}})  # fmt: skip
    return json.dumps(spans)


def locust_raw(found: list[Call]) -> str:
    words = {"ok": "", "error": "HTTPError('503 Server Error')", "timeout": "ReadTimeout('Read timed out.')"}
    rows = [f'{c.start},GET,/cart,{c.us / 1e3},"{words[c.outcome]}"' for c in found]
    return "start_time,method,name,response_time_ms,exception\n" + "\n".join(rows) + "\n"


def fortio(found: list[Call]) -> str:
    """fortio -json: intervals of its own, errors apart in newer versions."""

    def data(values: list[float]) -> dict[str, object]:
        edges = [0.0, *[e for e in EDGES if not math.isinf(e)], 2.0]
        pairs = itertools.pairwise(edges)
        rows = [{"Start": a, "End": b, "Percent": 0, "Count": sum(a < v <= b for v in values)} for a, b in pairs]
        return {
            "Count": len(values),
            "Min": min(values),
            "Max": max(values),
            "Sum": sum(values),
            "Data": [r for r in rows if r["Count"]],
        }

    bad = [c.us / 1e6 for c in found if c.outcome != "ok"]
    good = len(found) - len(bad)
    return json.dumps({
        "RunType": "HTTP", "StartTime": "2023-11-14T22:13:20Z", "RequestedQPS": "10", "ActualQPS": 10, "ActualDuration": 150e9,
        "NumThreads": 4, "DurationHistogram": data([c.us / 1e6 for c in found]), "ErrorsDurationHistogram": data(bad),
        "RetCodes": {"200": good, "503": len(bad)}, "URL": "http://shop:8080/cart",
    })  # fmt: skip


def oha(found: list[Call]) -> str:
    """oha --output-format json: percentiles by index floor(p*n) of all answers; lost calls apart."""
    answered = sorted(c.us / 1e6 for c in found if c.outcome == "ok")
    shares = {f"p{p:g}": answered[int(p / 100 * len(answered))] for p in (10, 25, 50, 75, 90, 95, 99, 99.9)}
    errors, late = (sum(c.outcome == o for c in found) for o in ("error", "timeout"))
    return json.dumps({
        "summary": {"successRate": 1, "total": 150, "slowest": answered[-1], "fastest": answered[0], "average": 0.02},
        "responseTimeHistogram": {"0.1": 3}, "latencyPercentiles": shares | {"p99.99": None}, "statusCodeDistribution": {"200": len(answered)},
        "errorDistribution": {"connection refused": errors, "request timeout": late, "aborted due to deadline": 4},
    })  # fmt: skip


def hgrm(found: list[Call]) -> str:
    """HdrHistogram's percentile output in milliseconds, every tenth of a percent."""
    values = sorted(c.us / 1e3 for c in found if c.outcome == "ok")
    n = len(values)
    lines = ["       Value     Percentile TotalCount 1/(1-Percentile)", ""]
    for rank in sorted({1, *(math.ceil(n * k / 1000) for k in range(1, 1001))}):
        share = rank / n
        lines.append(f"{values[rank - 1]:12.3f} {share:2.12f} {rank:10d} {1 / (1 - share) if rank < n else math.inf:14.2f}")
    lines += ["#[Mean    =       25.000, StdDeviation   =       10.000]", f"#[Max     = {values[-1]:12.3f}, Total count    = {n:12d}]",
              "#[Buckets =           27, SubBuckets     =         2048]"]  # fmt: skip
    return "\n".join(lines) + "\n"


def wrk2(found: list[Call]) -> str:
    """wrk2 --latency: short distribution, then the detailed spectrum in milliseconds."""
    values = sorted(c.us / 1e3 for c in found if c.outcome == "ok")
    errors = sum(c.outcome == "error" for c in found)
    return (
        "Running 3m test @ http://shop:8080/cart\n  1 threads and 10 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
        f"    Latency    24.00ms   16.00ms {values[-1]:.2f}ms   91.89%\n    Req/Sec   571.40     74.01   696.00     68.33%\n"
        f"  Latency Distribution (HdrHistogram - Recorded Latency)\n"
        + "".join(f"{p:7.3f}%   {values[math.ceil(len(values) * p / 100) - 1]:.2f}ms\n" for p in (50, 75, 90, 99, 99.9, 99.99))
        + "\n"
        "  Detailed Percentile spectrum:\n"
        + hgrm(found)
        + f"----------------------------------------------------------\n  {len(values) + errors} requests in 2.50m, 1MB read\n"
        f"  Non-2xx or 3xx responses: {errors}\nRequests/sec:     10.00\n"
    )


def span_csv(found: list[Call]) -> str:
    """Nezha's columns: a span of the caller around one of the callee; Duration in whole microseconds."""
    lines = ["TraceID,SpanID,ParentID,PodName,OperationName,StartTimeUnixNano,EndTimeUnixNano,Duration"]
    for i, c in enumerate(found):
        begin, us = round(c.start * 1e9), c.us
        lines.append(f"t{i},c{i},root,web-579b9bff58-t2dbm,GET,{begin},{begin + us * 1000},{us}")
        lines.append(f"t{i},s{i},c{i},shop-579f59597d-wc2lz,GET /cart,{begin + 1000},{begin + us * 1000 - 1000},{us - 2}")
    return "\n".join(lines) + "\n"


def samples_csv(found: list[Call]) -> str:
    rows = (f"web,shop,GET /cart,{c.start},{c.us / 1e3},{c.outcome}" for c in found)
    return "caller,callee,operation,start,duration_ms,outcome\n" + "\n".join(rows) + "\n"


def samples_parquet(found: list[Call]) -> bytes:
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    columns = {"caller": ["web"] * len(found), "callee": ["shop"] * len(found), "operation": ["GET /cart"] * len(found),
               "start": [c.start for c in found], "duration_us": [c.us for c in found], "outcome": [c.outcome for c in found]}  # fmt: skip
    stream = io.BytesIO()
    pq.write_table(pa.table(columns), stream)
    return stream.getvalue()


def hlog(found: list[Call]) -> str:
    """A V2 histogram log in microseconds, one interval every 15 s, by the library itself."""
    from hdrh.histogram import HdrHistogram

    lines = ["#[Histogram log format version 1.3]", f"#[StartTime: {START:.3f} (seconds since epoch)]",
             '"StartTimestamp","Interval_Length","Interval_Max","Interval_Compressed_Histogram"']  # fmt: skip
    for step in range(0, len(found), 150):
        histogram = HdrHistogram(1, 3_600_000_000, 3)
        for c in found[step : step + 150]:
            if c.outcome == "ok":
                histogram.record_value(c.us)
        largest = histogram.get_max_value() / 1e6
        lines.append(f"{found[step].start - START:.3f},15.000,{largest:.3f},{histogram.encode().decode()}")
    return "\n".join(lines) + "\n"


def hey(found: list[Call]) -> str:
    header = "response-time,DNS+dialup,DNS,Request-write,Response-delay,Response-read,status-code,offset"
    codes = {"ok": 200, "error": 503, "timeout": 504}
    rows = (
        f"{c.us / 1e6:.4f},0.0001,0.0000,0.0001,{c.us / 1e6:.4f},0.0000,{codes[c.outcome]},{c.start - START:.4f}" for c in found
    )
    return "\n".join([header, *rows]) + "\n"


def ab(found: list[Call]) -> str:
    rows = (f"{dt.datetime.fromtimestamp(int(c.start), dt.UTC):%a %b %d %H:%M:%S %Y}\t{int(c.start)}\t0\t{round(c.us / 1e3)}\t"
            f"{round(c.us / 1e3)}\t{round(c.us / 1e3)}" for c in found)  # fmt: skip
    return "starttime\tseconds\tctime\tdtime\tttime\twait\n" + "\n".join(rows) + "\n"


def wrk(found: list[Call]) -> str:
    values = sorted(c.us / 1e3 for c in found)
    shares = "\n".join(f"     {p}%   {values[math.ceil(len(values) * p / 100) - 1]:.2f}ms" for p in (50, 75, 90, 99))
    return (
        "Running 3m test @ http://shop:8080/cart\n  1 threads and 10 connections\n  Thread Stats   Avg      Stdev     Max   +/- Stdev\n"
        f"    Latency    24.00ms   16.00ms {values[-1]:.2f}ms   91.89%\n    Req/Sec   571.40     74.01   696.00     68.33%\n"
        f"  Latency Distribution\n{shares}\n  {len(found)} requests in 2.50m, 1MB read\nRequests/sec:     10.00\n"
    )


def ztunnel(found: list[Call]) -> str:
    return "".join(
        f"{iso(c.start + c.us / 1e6)}\tinfo\taccess\tconnection complete\tsrc.addr=10.0.0.1:1 src.workload=web-579b9bff58-t2dbm "
        f'dst.addr=10.0.0.2:15008 dst.service=shop.ns.svc.cluster.local dst.workload=shop-579f59597d-wc2lz direction="outbound" '
        f'bytes_sent=200 bytes_recv=603 duration="{round(c.us / 1e3)}ms"\n'
        for c in found
    )


def dashboard(found: list[Call]) -> str:
    """Percentiles by time slice, as a dashboard exports them."""
    rows = []
    for step in range(0, len(found), 150):
        values = sorted(c.us / 1e3 for c in found[step : step + 150] if c.outcome == "ok")
        rows.append(
            f"{found[step].start:.0f},shop,{values[len(values) // 2]:.3f},{values[math.ceil(0.99 * len(values)) - 1]:.3f}"
        )
    return "time,service,p50_ms,p99_ms\n" + "\n".join(rows) + "\n"


ONE_OF_EACH = {
    "parquet": ("s.parquet", samples_parquet), "span-csv": ("spans.csv", span_csv), "jaeger": ("j.json", jaeger),
    "otlp": ("t.json", otlp), "zipkin": ("z.json", zipkin), "hdr": ("h.hlog", hlog), "wrk": ("w.txt", wrk), "hgrm": ("h.hgrm", hgrm),
    "k6": ("k6.json", k6_json), "jmeter": ("run.jtl", jmeter_csv), "locust": ("raw.csv", locust_raw),
    "gatling": ("simulation.log", gatling), "vegeta": ("v.json", vegeta_json), "ab": ("ab.tsv", ab), "hey": ("hey.csv", hey),
    "oha": ("oha.json", oha), "fortio": ("f.json", fortio), "prometheus": ("p.json", prometheus), "alb": ("alb.log", alb),
    "ztunnel": ("ztunnel.log", ztunnel), "access-log": ("envoy.log", envoy), "csv": ("s.csv", samples_csv),
    "percentiles": ("dashboard.csv", dashboard),
}  # fmt: skip
"""One file for each source of the table: its name, and who writes it."""
UNIT_ASKED = {"hdr": "us", "hgrm": "ms"}
"""Formats that do not tell their unit."""
