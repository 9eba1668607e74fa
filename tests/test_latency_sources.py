"""Every source against a truth: a server's own record beside real tools, and files written from documentation."""

from __future__ import annotations

import csv
import gzip
import math
from dataclasses import replace

import latency_writers as writers
import numpy as np
import pytest

from auditkit.errors import InputError
from auditkit.latency import SOURCES, measure
from auditkit.model.latency import LatencyProfile

FOUND = writers.calls()
OK = sorted(c.us / 1e6 for c in FOUND if c.outcome == "ok")
ERRORS, TIMEOUTS = (sum(c.outcome == o for c in FOUND) for o in ("error", "timeout"))

# name of the source, file, resolution in seconds (half a step of the format), does it tell timeouts, the call, options
FORMATS = [
    ("k6", "run.json", writers.k6_json, 1e-9, True, "k6 -> shop.example:GET /cart", {}),
    ("k6", "run.csv", writers.k6_csv, 1e-9, True, "k6 -> shop.example:cart", {}),
    ("vegeta", "run.json", writers.vegeta_json, 1e-9, True, "vegeta -> shop:GET /cart", {}),
    ("vegeta", "run.csv", writers.vegeta_csv, 1e-9, True, "vegeta -> shop:GET /cart", {}),
    ("jmeter", "run.jtl", writers.jmeter_csv, 0.0005, True, "jmeter -> shop.example:GET cart", {}),
    ("jmeter", "run.jtl", writers.jmeter_headless, 0.0005, True, "jmeter -> GET cart", {}),
    ("jmeter", "run.jtl", writers.jmeter_xml, 0.0005, True, "jmeter -> shop.example:GET cart", {}),
    ("gatling", "simulation.log", writers.gatling, 0.0005, True, "gatling -> cart", {}),
    ("locust", "raw.csv", writers.locust_raw, 1e-9, True, "locust -> /cart:GET", {}),
    ("access-log", "envoy.log", writers.envoy, 0.0005, True, "proxy -> shop:GET /cart", {}),
    ("access-log", "nginx.log", writers.nginx, 0.0005, True, "proxy -> shop:GET /cart",
     {"format": "access-log", "log_format": writers.NGINX}),
    ("alb", "alb.log", writers.alb, 0.0005, True, "edge -> shop:GET /cart", {}),
    ("otlp", "t.json", writers.otlp, 1e-9, True, "web -> shop:GET /cart", {}),
    ("otlp", "t.jsonl", lambda c: writers.otlp(c, lines=True), 1e-9, True, "web -> shop:GET /cart", {}),
    ("otlp", "old.json", lambda c: writers.otlp(c, old=True), 1e-9, True, "web -> shop:GET /cart", {}),
    ("jaeger", "j.json", writers.jaeger, 1e-9, True, "web -> shop:GET /cart", {}),
    ("zipkin", "z.json", writers.zipkin, 1e-9, True, "web -> shop:get /cart", {}),
    ("prometheus", "p.json", writers.prometheus, math.inf, True, "web -> shop", {}),
    ("prometheus", "n.json", writers.native, math.inf, True, "web -> shop", {}),
    ("fortio", "f.json", writers.fortio, math.inf, False, "fortio -> shop:/cart", {}),
    ("oha", "o.json", writers.oha, 1e-9, True, "oha -> o", {}),
    ("hgrm", "h.hgrm", writers.hgrm, 0.0005, None, "hdr -> h", {"unit": "ms"}),
    ("wrk", "w.txt", writers.wrk2, 0.006, None, "wrk -> shop:/cart", {}),
]  # fmt: skip


def rank(p: float, n: int) -> int:
    return math.ceil(round(p * n, 9))


@pytest.mark.parametrize(("source", "name", "write", "step", "timeouts", "call", "options"), FORMATS)
def test_documented_formats_against_truth(tmp_path, source, name, write, step, timeouts, call, options):
    """Counts by outcome, smallest, largest, and every quantile inside its interval, from files written as documented."""
    path = tmp_path / name
    path.write_text(write(FOUND))
    assert options.get("format") or source == _detected(path)
    found = {p.call: p for p in measure([path], **options).profiles}
    profile = found[call]
    assert len(found) == 1
    assert profile.n == len(OK)
    late = TIMEOUTS if timeouts else 0
    assert profile.timeouts == late
    if timeouts is not None:
        assert profile.errors == ERRORS + (0 if timeouts else TIMEOUTS)
    if math.isfinite(step):
        assert profile.min_s == pytest.approx(OK[0], abs=step + 1e-9)
        assert profile.max_s == pytest.approx(OK[-1], abs=step + 1e-9)
    for p, bounds in ((0.5, profile.p50), (0.99, profile.p99)):
        truth = OK[rank(p, len(OK) + late) - 1]
        slack = step + 1e-9 if math.isfinite(step) else 1e-9
        assert bounds.lo - slack <= truth
        assert bounds.hi is None or bounds.hi >= truth - slack
        assert bounds.point >= truth - slack


def _detected(path) -> str:
    from auditkit.latency.base import File
    from auditkit.latency.files import source_of

    return source_of(File(path, path.name), SOURCES, None).name


TIMED = [f for f in FORMATS if f[0] not in ("oha", "hgrm", "wrk", "fortio", "prometheus")]


@pytest.mark.parametrize(("source", "name", "write", "step", "timeouts", "call", "options"), TIMED)
def test_start_times_are_read(tmp_path, source, name, write, step, timeouts, call, options):
    """First and last start to within the format's resolution (k6's CSV tells whole seconds of the end)."""
    path = tmp_path / name
    path.write_text(write(FOUND))
    (profile,) = measure([path], **options).profiles
    slack = 1.2 if name in ("run.csv", "nginx.log") else 0.01
    assert profile.start_s == pytest.approx(FOUND[0].start, abs=slack)
    assert profile.end_s == pytest.approx(FOUND[-1].start, abs=slack)


@pytest.mark.parametrize(("source", "name", "write", "step", "timeouts", "call", "options"), FORMATS)
def test_truncated_exports_get_one_line_or_say_less(tmp_path, source, name, write, step, timeouts, call, options):
    """Cut off in the middle of a record: one line of error; never a traceback, never more calls than there are."""
    text = write(FOUND)
    path = tmp_path / name
    path.write_text(text[: len(text) // 2 - 3])
    problems, calls = (), 0
    try:
        calls = sum(p.n for p in measure([path], **{"format": source, **options}).profiles)
    except InputError as error:
        problems = error.problems
    assert len(problems) <= 1
    assert calls <= len(OK) // 2 + 1
    assert all(name in problem.where for problem in problems)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_wrong_formats_get_one_line(tmp_path, source):
    """A file of another format, or binary data, under each format's name: one line."""
    for name, content in (("letter.txt", b"Dear reader,\nthis is no export.\n"), ("noise.bin", bytes(range(256)) * 99)):
        path = tmp_path / name
        path.write_bytes(content)
        with pytest.raises(InputError) as error:
            measure([path], format=source, unit="ms")
        assert len(error.value.problems) == 1
        assert name in str(error.value)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_every_source_tells_what_its_numbers_are(source):
    """Unit, what a duration covers, and how errors are told, in sentences."""
    about = SOURCES[source]
    assert about.unit
    assert about.covers
    assert about.errors
    assert about.title in about.prose


def test_binary_gatling_logs_are_refused_with_a_hint(tmp_path):
    """Gatling 3.12 and newer write binary logs."""
    path = tmp_path / "simulation.log"
    path.write_bytes(b"\x00\x00\x00\x00\x063.12.0" + bytes(100))
    with pytest.raises(InputError, match=r"Gatling 3\.12 or newer"):
        measure([path])


def test_zipkin_version_1_is_refused_in_words(tmp_path):
    """Version 1 has binary annotations."""
    path = tmp_path / "v1.json"
    path.write_text('[{"traceId": "1", "id": "2", "name": "get", "annotations": [], "binaryAnnotations": []}]')
    with pytest.raises(InputError, match="Zipkin version 1"):
        measure([path])


def test_units_that_a_format_lacks_are_asked_for(tmp_path):
    """Histogram logs and percentile text hold bare numbers."""
    path = tmp_path / "h.hgrm"
    path.write_text(writers.hgrm(FOUND))
    with pytest.raises(InputError, match="--unit"):
        measure([path])


def test_a_rate_is_no_counter(tmp_path):
    """Values that fall as often as they rise are a rate() and are refused."""
    import json

    values = [[i * 15, str(5 + (-1) ** i)] for i in range(50)]
    metric = {"__name__": "x_seconds_bucket"}
    series = [{"metric": metric | {"le": le}, "values": values} for le in ("0.1", "+Inf")]
    path = tmp_path / "rate.json"
    path.write_text(json.dumps({"status": "success", "data": {"resultType": "matrix", "result": series}}))
    with pytest.raises(InputError, match="as often as a rate"):
        measure([path])


def test_a_rate_of_native_histograms_is_no_counter(tmp_path):
    """query_range of rate(x_seconds[1m]): parts of calls a second, which are refused and not rounded to none or many."""
    import json

    counts = json.loads(writers.native(FOUND))
    for series in counts["data"]["result"]:
        for _, histogram in series["histograms"]:
            histogram["count"] = str(float(histogram["count"]) / 60)
            histogram["buckets"] = [[rule, lo, hi, str(float(n) / 60)] for rule, lo, hi, n in histogram["buckets"]]
    path = tmp_path / "rate.json"
    path.write_text(json.dumps(counts))
    with pytest.raises(InputError, match="parts of calls, as of rate"):
        measure([path])


def test_a_quantile_in_prometheus_buckets_is_the_whole_bucket(tmp_path):
    """numbers.yaml, prometheus_buckets: [lower, upper] of the bucket; in +Inf it is the last edge or more."""
    path = tmp_path / "p.json"
    path.write_text(writers.prometheus(FOUND))
    (profile,) = measure([path]).profiles
    truth = OK[rank(0.99, len(OK) + TIMEOUTS) - 1]
    assert profile.p99.point == min(edge for edge in writers.EDGES if edge >= truth)
    slow = [writers.Call(c.start, c.us + 5_000_000, "ok") for c in FOUND]
    path.write_text(writers.prometheus(slow))
    (profile,) = measure([path]).profiles
    assert (profile.p99.point, profile.p99.hi) == (1.0, None)


def test_percentile_columns_are_never_averaged(tmp_path):
    """The largest slice stands in, nothing bounds it; mixed units are refused."""
    path = tmp_path / "dashboard.csv"
    path.write_text("time,service,p50_ms,p99_ms\n1,cart,10,100\n2,cart,12,300\n3,cart,11,120\n")
    (profile,) = measure([path]).profiles
    assert (profile.n, profile.p50.point, profile.p99.point, profile.p99.hi) == (0, 0.012, 0.3, None)
    path.write_text("time,service,p50_us,p99_ms\n1,cart,10,100\n")
    with pytest.raises(InputError, match="mixes the units"):
        measure([path])


def server(shared, name: str, path: str) -> dict[str, list[float]]:
    """What the server itself recorded for one path: milliseconds by status."""
    found: dict[str, list[float]] = {"200": [], "503": []}
    with (shared / "data/latency/generated" / name).open() as stream:
        for row in csv.DictReader(stream):
            if row["path"] == path:
                found[row["status"]].append(float(row["ms"]))
    return {status: sorted(values) for status, values in found.items()}


def one(shared, path: str, **options) -> LatencyProfile:
    (profile,) = measure([shared / "data/latency" / path], **options).profiles
    return profile


def test_ab_against_the_servers_record(shared):
    """3,000 requests; the client waits at most a few ms longer than the server works; ab cannot tell its 17 errors."""
    profile, truth = one(shared, "generated/ab_g.tsv"), server(shared, "server_truth_abwrkhey.csv", "/ab")
    every = sorted(truth["200"] + truth["503"])
    assert profile.n == len(every) == 3000
    assert 0 <= profile.p50.point * 1e3 - every[rank(0.5, 3000) - 1] < 1.5
    assert 0 <= profile.p99.point * 1e3 - every[rank(0.99, 3000) - 1] < 1.5
    assert 0 <= profile.max_s * 1e3 - every[-1] < 1.5


def test_hey_against_the_servers_record(shared):
    """2,977 answers and 23 errors, exactly; latencies within a millisecond."""
    profile, truth = one(shared, "generated/hey.csv"), server(shared, "server_truth_abwrkhey.csv", "/hey")
    assert (profile.n, profile.errors) == (len(truth["200"]), len(truth["503"])) == (2977, 23)
    for p, bounds in ((0.5, profile.p50), (0.99, profile.p99)):
        assert 0 <= bounds.point * 1e3 - truth["200"][rank(p, 2977) - 1] < 1
    assert 0 <= profile.max_s * 1e3 - truth["200"][-1] < 1


def test_wrk_against_the_servers_record(shared):
    """3,417 requests counted by wrk, 17 of them errors; the server saw ten more that wrk had begun; p99 within 1 ms."""
    profile, truth = one(shared, "generated/wrk_stdout.txt"), server(shared, "server_truth_abwrkhey.csv", "/wrk")
    assert (profile.n, profile.errors) == (3400, 17)
    assert len(truth["503"]) == 17
    every = sorted(truth["200"] + truth["503"])
    assert profile.p99.lo * 1e3 - 1 <= every[rank(0.99, len(every)) - 1] <= profile.p99.point * 1e3 + 1
    assert profile.max_s * 1e3 == pytest.approx(every[-1], abs=1)


def test_locust_against_the_servers_record(shared):
    """Failures exactly; the statistics' quantiles agree with Locust's own list of requests within their rounding."""
    raw = {p.callee: p for p in measure([shared / "data/latency/generated/locust_requests_raw.csv"]).profiles}
    stats = {p.callee: p for p in measure([shared / "data/latency/generated/locust_stats.csv"]).profiles}
    for path, failures in (("/cart", 5), ("/items", 6)):
        truth = server(shared, "server_truth.csv", path)
        assert raw[path].errors == stats[path].errors == len(truth["503"]) == failures
        assert 0 <= len(truth["200"]) - raw[path].n <= 25
        assert raw[path].max_s >= truth["200"][-1] / 1e3 - 1e-3
        assert raw[path].max_s == pytest.approx(stats[path].max_s, abs=1e-9)
        assert stats[path].p99.lo <= raw[path].p99.point <= (stats[path].p99.hi or math.inf)
        assert stats[path].p50.lo - 1e-3 <= raw[path].p50.point <= stats[path].p50.point + 1e-3


@pytest.mark.parametrize(
    ("name", "n"), [("jHiccup-2.0.1.logV0.hlog", 61256), ("ycsb.logV1.hlog", 300056), ("jHiccup-2.0.7S.logV2.hlog", 48761)]
)
def test_histogram_logs_of_three_encodings(shared, name, n):
    """Counts as in HdrHistogram's own HistogramLogReaderWriterTest.java; maxima as the logs' column Interval_Max tells them."""
    path = shared / "data/latency/hdrhistogram" / name
    profile = one(shared, f"hdrhistogram/{name}", unit="ns", select_normal=False)
    assert profile.n == n
    told_ms = [float(line.split(",")[2]) for line in path.read_text().splitlines() if "HIST" in line and line[0].isdigit()]
    assert profile.max_s * 1e3 == pytest.approx(max(told_ms), rel=0.01)


def test_the_older_encodings_agree_with_the_library(shared):
    """V2 through our own reading of its intervals has the library's total, and tags become operations."""
    found = measure([shared / "data/latency/hdrhistogram/tagged-Log.logV2.hlog"], unit="ns").profiles
    assert [(p.operation, p.n) for p in found] == [(None, 16145), ("A", 16145)]
    assert found[0].p99 == found[1].p99


@pytest.mark.parametrize(
    ("name", "requests"),
    [("simulation-1.log.gz", 2464), ("simulation-v2.3.log", 1000), ("simulation-v3.2.log.gz", 16095),
     ("simulation-v3.5.log.gz", 16095), ("simulation-v3.10.log.gz", 16029)],
)  # fmt: skip
def test_gatling_samples(shared, name, requests):
    """All REQUEST records of real logs of five versions (counted with grep)."""
    path = shared / "data/latency/gatling" / name
    profiles = measure([path], select_normal=False).profiles
    assert sum(p.n + p.errors + p.timeouts for p in profiles) == requests
    text = gzip.decompress(path.read_bytes()).decode() if name.endswith(".gz") else path.read_text()
    times = [f for line in text.splitlines() if "REQUEST" in (f := line.split("\t"))]
    first = min(int(next(x for x in f if x.isdigit() and len(x) == 13)) for f in times)
    assert min(p.start_s for p in profiles if p.start_s) == first / 1e3


@pytest.mark.parametrize(
    ("name", "n", "errors", "largest_s"),
    [
        ("JMeterResults.jtl", 8, 0, 15.902),
        ("whitespace-followed-by-xml.jtl", 8, 0, 15.902),
        ("JMeterResultsTenSamples.jtl", 10, 0, 0.010),
        ("JMeterResultsMultiLevel.jtl", 10, 0, 0.645),
        ("filewithtransactions.csv", 210, 0, None),
        ("multiLineCSV.jtl", 1, 1, 1.898),
        ("JMeterCsvResults2.csv", 3, 0, 2.204),
        ("JMeterPublisher_formatted_timeStamp.csv", 2, 1, 2.0),
    ],
)
def test_jmeter_samples(shared, name, n, errors, largest_s):
    """Real results: samples, errors and the longest; 103 transactions of 313 rows are not counted twice."""
    profiles = measure([shared / "data/latency/jmeter" / name]).profiles
    assert sum(p.n for p in profiles) == n
    assert sum(p.errors for p in profiles) == errors
    if largest_s is not None:
        assert max(p.max_s for p in profiles) == largest_s


def test_trace_samples(shared):
    """DeathStarBench's 20 compose-post traces cross services 11 times each; Zipkin's samples keep their calls."""
    profiles = measure([shared / "data/latency/jaeger/traces-1695947455229.json"]).profiles
    assert [p.n for p in profiles] == [20] * 11
    found = measure([shared / "data/latency/zipkin/smartthings-mobile-web-install.json"])
    assert sum(p.n + p.errors + p.rejected for p in found.profiles) == 376
    assert any("175 spans have no duration" in note for note in found.warnings)


def test_wrk2_calls_at_its_own_times(tmp_path):
    """wrk waits for answers (closed loop); wrk2 counts from when a call was due, so nothing is warned of."""
    loops = []
    for write in (writers.wrk, writers.wrk2):
        path = tmp_path / "w.txt"
        path.write_text(write(writers.calls(600)))
        (profile,) = measure([path]).profiles
        loops.append((profile.loop, any("coordinated omission" in warning for warning in profile.warnings)))
    assert loops == [("closed", True), ("open", False)]


def test_ztunnel_sample(shared):
    """28 lines; where both sides logged a connection, the caller's lines count."""
    found = measure([shared / "data/latency/accesslog/ztunnel.log"])
    assert sum(p.n for p in found.profiles) < 28
    reviews = [p for p in found.profiles if p.caller == "productpage-v1"]
    assert reviews


def test_traces_that_were_chosen_by_their_end_are_called_so(tmp_path):
    """The collector's tail sampling records its policy: quantiles of such traces are too high, and that is advised."""
    path = tmp_path / "t.json"
    path.write_text(writers.otlp(FOUND))
    assert not any("chosen by how they ended" in note for note in measure([path]).warnings)
    mark = '"attributes": [{"key": "tailsampling.policy", "value": {"stringValue": "slow"}}, '
    path.write_text(writers.otlp(FOUND).replace('"attributes": [{"key": "http', mark + '{"key": "http'))
    assert any("chosen by how they ended" in note and "at random" in note for note in measure([path]).warnings)


def test_traces_that_set_in_at_a_round_duration_are_asked_about(tmp_path):
    """A latency policy keeps traces of 20 ms and more; without it nothing is said."""
    random, path = np.random.default_rng(5), tmp_path / "t.json"
    every = [replace(FOUND[0], us=int(us), outcome="ok") for us in random.exponential(20_000, 3000) + 1]
    path.write_text(writers.jaeger(every))
    assert not any("chosen by latency" in note for note in measure([path]).warnings)
    path.write_text(writers.jaeger([call for call in every if call.us >= 20_000]))
    assert any("no whole trace is shorter than 20ms: chosen by latency?" in note for note in measure([path]).warnings)
