"""Every command does what the table says, and every bad call ends with one line and exit code 2."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest
from cli import auditkit, tree

SHOP = """\
auditkit: 1
system: shop
components:
  - {id: api, instances: 2, concurrency: 50}   # two of them since March
  - {id: db, kind: database, instances: 1}
dependencies:
  - {from: api, to: db, on_failure: fail, rate: 100/s, evidence: [{source: interview, confidence: asked}]}
journeys:
  - {id: buy, entry: api, deadline: 500ms, slo: 99.9%}
"""


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "system.yaml").write_text(SHOP, encoding="utf-8")
    return folder


def samples(n: int) -> str:
    rows = "".join(f"api,db,{1_700_000_000 + i * 0.01:.2f},{20 + i % 100}\n" for i in range(n))
    return "caller,callee,start,duration_ms\n" + rows


def test_import_of_a_file_makes_the_audit_and_reports_it(tmp_path: Path) -> None:
    """Components, dependencies, questions, conflicts, proposed journeys, coverage."""
    (tmp_path / "edges.csv").write_text("from,to\nweb,api\napi,db\n", encoding="utf-8")
    ran = auditkit("import", tmp_path / "edges.csv", "--into", tmp_path / "audit", "--json")
    assert (ran.code, ran.err) == (0, "")
    report = ran.json
    assert sorted(report) == ["components", "conflicts", "coverage", "dependencies", "proposed_journeys", "questions"]
    assert [c["id"] for c in report["components"]] == ["api", "db", "web"]
    assert [(d["from"], d["to"], d["confidence"]) for d in report["dependencies"]] == [
        ("api", ["db"], "declared"),
        ("web", ["api"], "declared"),
    ]
    assert [j["entry"] for j in report["proposed_journeys"]] == ["web"]
    assert sorted(report["coverage"]) == ["by_confidence", "components", "grade", "unused_datastores", "without_dependency"]
    assert (tmp_path / "audit" / "sources" / "edges.csv").is_file()


def test_an_audit_that_begins_with_an_import_has_all_that_new_makes(tmp_path: Path) -> None:
    """The notebooks, the schemas that editors are led to, an audit.yaml to fill in; a second import leaves them alone."""
    (tmp_path / "edges.csv").write_text("from,to\nweb,api\n", encoding="utf-8")
    audit, made = tmp_path / "audit", tmp_path / "made"
    assert auditkit("new", made).code == 0
    assert auditkit("import", tmp_path / "edges.csv", "--into", audit).code == 0
    assert set(tree(made)) <= set(tree(audit))
    for file in ("system.yaml", "audit.yaml"):
        schema = (audit / file).read_text(encoding="utf-8").splitlines()[0].partition("$schema=")[2]
        assert json.loads((audit / schema).read_text(encoding="utf-8"))["title"].endswith(f"({file})")
    (audit / "audit.yaml").write_text("auditkit: 1\ntitle: mine\n", encoding="utf-8")
    (audit / "notebooks" / "99_reference.ipynb").unlink()
    assert auditkit("import", tmp_path / "edges.csv", "--into", audit).code == 0
    assert "mine" in (audit / "audit.yaml").read_text(encoding="utf-8")
    assert not (audit / "notebooks" / "99_reference.ipynb").exists()


def test_blast_radius_of_one_scenario_and_of_all_single_ones(shop: Path) -> None:
    """`--fail` given and not given."""
    one = auditkit("blast-radius", shop, "--fail", "db", "--json").json["scenarios"]
    assert sorted(one[0]) == ["assumptions", "components", "fail", "journeys", "mode", "value_lost", "worst_case_ms"]
    assert (one[0]["fail"], one[0]["journeys"], one[0]["value_lost"]) == (["db"], {"buy": "failed"}, 1.0)
    everything = auditkit("blast-radius", shop, "--json").json["scenarios"]
    assert [s["fail"] for s in everything] == [["api"], ["db"]]


def test_cut_sets_with_their_kinds(shop: Path) -> None:
    """The database has no spare; the two instances of the api have each other, but share the component's own fate."""
    journey = auditkit("cut-sets", shop, "--json").json["journeys"][0]
    assert journey["cut_sets"] == [["api"], ["db"]]
    assert (journey["count"], journey["truncated"]) == (2, False)
    assert journey["single_points"] == {"component": ["api", "db"], "instance": ["db"], "shared_cause": []}


def test_check_exits_with_1_at_the_threshold_only(shop: Path) -> None:
    """So that it can stand in a pipeline."""
    found = auditkit("check", shop, "--json")
    assert found.code == 0
    assert {f["check"] for f in found.json["findings"]} >= {"single_point_of_failure", "unbounded_wait"}
    assert sorted(found.json["findings"][0]) == ["certainty", "check", "evidence", "remedy", "severity", "subject", "title"]
    assert auditkit("check", shop, "--fail-on", "low").code == 1


def test_latency_alone_and_into_an_audit(shop: Path, tmp_path: Path) -> None:
    """The same calls either way; profiles and the export are kept only in the audit."""
    export = tmp_path / "export.csv"
    export.write_text(samples(3000), encoding="utf-8")
    before = tree(shop)
    alone = auditkit("latency", export, "--json")
    assert tree(shop) == before
    call = alone.json["calls"][0]
    assert (call["call"], call["n"], call["p99_ms"]["point"], call["grade"]) == ("api -> db", 3000, 118, "justified")
    assert call["recommended_ms"] == 360  # 3 x 118 = 354, rounded up to two digits
    assert auditkit("latency", export, "--into", shop).code == 0
    assert {"latency/export.csv", "latency/profiles.parquet"} <= set(tree(shop))


def test_the_whole_path_headless(shop: Path, tmp_path: Path) -> None:
    """`run` plans and writes the document; a second run changes not one byte."""
    export = tmp_path / "export.csv"
    export.write_text(samples(400), encoding="utf-8")
    auditkit("latency", export, "--into", shop)
    ran = auditkit("run", shop)
    assert ran.code == 0, ran.err
    assert "strategy.html" in ran.out
    first = tree(shop)
    assert {"strategy.yaml", "out/strategy.md", "out/strategy.html"} <= set(first)
    assert auditkit("run", shop).code == 0
    assert tree(shop) == first


@pytest.mark.parametrize("command", [("plan",), ("run",), ("export", "--to", "md")])
def test_a_map_that_was_cut_short_replaces_no_plan(shop: Path, command: tuple[str, ...]) -> None:
    """What is left of `system.yaml` reads as a system of nothing: one line, and the plan, its history and its document stay."""
    assert auditkit("run", shop).code == 0
    text = (shop / "system.yaml").read_text(encoding="utf-8")
    (shop / "system.yaml").write_text(text[: text.index("components")], encoding="utf-8")
    before = tree(shop)
    ran = auditkit(command[0], shop, *command[1:])
    assert ran.code == 2
    assert "system.yaml  lists no component any more" in ran.err
    assert tree(shop) == before


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (["blast-radius", "nowhere"], "does not exist"),
        (["simulate", "nowhere"], "does not exist"),
        (["tune", "nowhere", "a -> b"], "does not exist"),
        (["check", "."], "holds no system.yaml"),
        (["import", "nothing.yaml", "--into", "a"], "does not exist"),
        (["latency", "nothing.csv"], "no such file"),
        (["explain", "single_point"], "single_point_of_failure"),
        (["new", "a", "--sample", "wrong"], "worked-example"),
        (["check", "a", "--format", "xml"], "'sarif'"),
        (["cut-sets", "a", "--max-order", "0"], "greater than or equal to 1"),
        (["blast-radius"], "Missing argument 'DIR'"),
        (["lattency"], "Did you mean 'latency'?"),
    ],
)
def test_a_bad_call_gets_one_line_with_a_remedy(
    arguments: list[str], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Never a traceback, exit code 2, and nothing is made."""
    monkeypatch.chdir(tmp_path)
    ran = auditkit(*arguments)
    assert ran.code == 2
    assert says in ran.err
    assert len(ran.err.strip().splitlines()) == 1
    assert tree(tmp_path) == {}


def test_a_pipe_with_forced_colours_is_no_narrow_terminal(shop: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Jupyter sets FORCE_COLOR in every kernel, many CI systems as well: tables keep their 160 columns."""
    plain = auditkit("blast-radius", shop).out
    monkeypatch.setenv("FORCE_COLOR", "1")
    forced = auditkit("blast-radius", shop).out
    assert re.sub("\x1b\\[[0-9;]*m", "", forced) == plain


def test_an_unknown_component_is_named_with_the_nearest(shop: Path) -> None:
    """`--fail bd`."""
    ran = auditkit("blast-radius", shop, "--fail", "bd")
    assert ran.code == 2
    assert "'db'" in ran.err


def test_damaged_input_leaves_the_audit_as_it_was(shop: Path, tmp_path: Path) -> None:
    """Import, latency, check and run on damaged files."""
    (tmp_path / "bad.yaml").write_text("components: [{id: x, instances: -1}\n", encoding="utf-8")
    (tmp_path / "bad.csv").write_bytes(b"\x00\x01\x02PNG\xff")
    before = tree(shop)
    assert auditkit("import", tmp_path / "bad.yaml", "--into", shop).code == 2
    assert auditkit("latency", tmp_path / "bad.csv", "--into", shop).code == 2
    assert tree(shop) == before
    (shop / "system.yaml").write_text(SHOP.replace("to: db", "to: dbs"), encoding="utf-8")
    before = tree(shop)
    for command in ("check", "plan", "run", "export", "blast-radius", "cut-sets"):
        ran = auditkit(command, shop)
        assert ran.code == 2, command
        assert "system.yaml:7" in ran.err
        assert "'db'" in ran.err
    assert tree(shop) == before


def test_a_document_edited_by_hand_is_not_overwritten(shop: Path) -> None:
    """Somebody corrected a sentence in it; the next export says so and touches nothing."""
    auditkit("run", shop)
    (shop / "out/strategy.md").write_text("my own words", encoding="utf-8")
    (shop / "system.yaml").write_text(SHOP.replace("99.9%", "99%"), encoding="utf-8")
    before = tree(shop)
    ran = auditkit("export", shop)
    assert ran.code == 2
    assert "strategy.md  was edited by hand" in ran.err
    assert tree(shop) == before


def test_what_a_person_wrote_survives_an_import(shop: Path, tmp_path: Path) -> None:
    """Answers and comments of `system.yaml` stay when traces or manifests are merged in."""
    (tmp_path / "edges.csv").write_text("from,to\napi,db\napi,redis\n", encoding="utf-8")
    assert auditkit("import", tmp_path / "edges.csv", "--into", shop).code == 0
    text = (shop / "system.yaml").read_text(encoding="utf-8")
    assert "# two of them since March" in text
    assert "rate: 100/s" in text
    assert "redis" in text


def test_explain_prints_a_checks_own_prose() -> None:
    """Why it matters, how it is decided, how to mend it, when it is wrong."""
    ran = auditkit("explain", "unbounded_wait")
    assert ran.code == 0
    assert "timeout" in ran.out


def test_schema_is_json_that_validates_the_native_file(tmp_path: Path) -> None:
    """The published schemas are real ones."""
    schemas = json.loads(auditkit("schema").out)
    assert {"system.schema.json", "audit.schema.json", "decisions.schema.json"} <= set(schemas)


def test_a_manifest_that_changed_updates_what_it_said_and_nothing_else(tmp_path: Path) -> None:
    """Read again, a source corrects its own facts; a person's answer and a person's deletion stay."""
    export = tmp_path / "compose.yaml"
    services = "services:\n  api: {image: api, environment: [DB=db:5432, CACHE=redis:6379], deploy: {replicas: 2}}\n"
    export.write_text(services + "  db: {image: postgres}\n  redis: {image: redis}\n", encoding="utf-8")
    audit = tmp_path / "audit"
    assert auditkit("import", export, "--into", audit).code == 0
    path = audit / "system.yaml"
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace("    to: db\n", "    to: db\n    on_failure: fail  # said the team\n"), encoding="utf-8")
    export.write_text(export.read_text(encoding="utf-8").replace("replicas: 2", "replicas: 5"), encoding="utf-8")
    again = auditkit("import", export, "--into", audit, "--json")
    assert again.code == 0, again.err
    assert {c["id"]: c["instances"] for c in again.json["components"]}["api"] == 5
    assert again.json["conflicts"] == []
    assert "on_failure: fail  # said the team" in path.read_text(encoding="utf-8")


def test_diff_says_what_is_new_and_what_is_gone(shop: Path, tmp_path: Path) -> None:
    """A timeout was set and a replica added; a new optional call came without a timeout."""
    later = tmp_path / "later"
    later.mkdir()
    text = SHOP.replace("on_failure: fail, rate", "on_failure: fail, policy: {timeout: 200ms}, rate")
    added = "  - {id: ads, instances: 2}\ndependencies:\n  - {from: api, to: ads, on_failure: ignore, policy: none}\n"
    (later / "system.yaml").write_text(text.replace("dependencies:\n", added), encoding="utf-8")
    ran = auditkit("diff", shop, later, "--json")
    assert ran.code == 0, ran.err
    assert sorted(ran.json) == ["changed", "gone", "new", "risk", "settings"]
    assert ("unbounded_wait", "api -> ads") in {(f["check"], f["subject"]) for f in ran.json["new"]}
    assert ("unbounded_wait", "api -> db") in {(f["check"], f["subject"]) for f in ran.json["gone"]}
    assert {"dependency": "api -> db", "setting": "timeout", "where": "today", "before": None, "after": "200ms"} in ran.json[
        "settings"
    ]
    assert auditkit("diff", shop, later, "--fail-on-new", "low").code == 1
    same = auditkit("diff", shop, shop, "--fail-on-new", "info", "--json")
    assert (same.code, same.json["new"], same.json["settings"]) == (0, [], [])


def test_findings_go_into_pipelines_as_sarif_and_as_annotations(shop: Path) -> None:
    """Formats that code hosts show."""
    sarif = json.loads(auditkit("check", shop, "--format", "sarif").out)
    assert sarif["version"] == "2.1.0"
    assert sarif["runs"][0]["results"]
    assert auditkit("check", shop, "--format", "github").out.startswith("::")


@pytest.mark.parametrize("sample", ["worked-example", "flash-sale"])
def test_planning_and_running_again_changes_not_one_byte(sample: str, tmp_path: Path) -> None:
    """Once everything is measured, planning, running and planning again leave the folder as it is."""
    folder = tmp_path / "audit"
    assert auditkit("new", folder, "--sample", sample).code == 0
    assert auditkit("run", folder).code == 0
    before = tree(folder)
    for command in ("plan", "run", "plan"):
        assert auditkit(command, folder).code == 0
        assert tree(folder) == before


def test_planning_before_measuring_says_so(tmp_path: Path) -> None:
    """Exports lie there unmeasured: the plan is made without them, and tells how to measure."""
    folder = tmp_path / "audit"
    auditkit("new", folder, "--sample", "worked-example")
    assert "not measured yet" in auditkit("plan", folder).err
    auditkit("run", folder)
    assert "not measured yet" not in auditkit("plan", folder).err


def test_drift_is_what_differs_in_meaning(tmp_path: Path) -> None:
    """Deployed as exported: none. Reordered and with a comment: none. One timeout changed: that one, with both values."""
    audit, deployed = tmp_path / "audit", tmp_path / "deployed"
    assert auditkit("new", audit, "--sample", "worked-example").code == 0
    written = auditkit("export", audit, "--to", "istio", "--json")
    assert written.code == 0, written.err
    deployed.mkdir()
    files = [audit / a["path"] for a in written.json["artifacts"] if a["path"].endswith(".yaml")]
    for file in files:
        (deployed / file.name).write_text("# deployed on Monday\n" + file.read_text(encoding="utf-8"), encoding="utf-8")
    before = tree(tmp_path)
    assert auditkit("export", audit, "--to", "istio", "--check", deployed, "--json").json["drift"] == []
    changed = next(file for file in files if "timeout: " in file.read_text(encoding="utf-8"))
    text = (deployed / changed.name).read_text(encoding="utf-8")
    start = text.index("timeout: ")
    end = text.index("\n", start)
    (deployed / changed.name).write_text(text[:start] + "timeout: 77s" + text[end:], encoding="utf-8")
    ran = auditkit("export", audit, "--to", "istio", "--check", deployed, "--json")
    assert ran.code == 1
    (only,) = ran.json["drift"]
    assert (only["deployed"], only["key"].rpartition(".")[2]) == ("77s", "timeout")
    (deployed / changed.name).write_text(text, encoding="utf-8")
    assert tree(tmp_path) == before
    assert auditkit("export", audit, "--to", "istio", "--check", tmp_path / "nowhere").code == 2


def test_a_table_is_measured_where_it_lies(shop: Path, tmp_path: Path) -> None:
    """A DuckDB file through its URI gives what the CSV gives; the audit keeps the profiles, and keeps them over a re-run."""
    import duckdb

    export = tmp_path / "export.csv"
    export.write_text(samples(3000), encoding="utf-8")
    with duckdb.connect(str(tmp_path / "lake.duckdb")) as lake:
        lake.sql(f"CREATE TABLE calls AS SELECT * FROM read_csv('{export}')")
    uri = f"duckdb://{tmp_path / 'lake.duckdb'}"
    remote = auditkit("latency", "--connect", uri, "--table", "calls", "--into", shop, "--json")
    assert remote.code == 0, remote.err
    (call,) = remote.json["calls"]
    assert (call["call"], call["n"]) == ("api -> db", 3000)
    assert call["p99_ms"]["point"] == pytest.approx(118, rel=0.005)
    assert auditkit("run", shop).code == 0
    assert b"lake.duckdb" not in b"".join(tree(shop).values())
    assert auditkit("latency", "--connect", uri).code == 2
    assert auditkit("latency", "--connect", uri, "--table", "nothing").code == 2


def test_incidents_of_the_audit_are_left_out(shop: Path, tmp_path: Path) -> None:
    """Ten minutes at 10 times the latency, labelled in `audit.yaml`, do not count; the terminal says so."""
    rows = [f"api,db,{1_700_000_000 + i},{(200 if 1800 <= i < 2400 else 20) + i % 7}\n" for i in range(7200)]
    export = tmp_path / "day.csv"
    export.write_text("caller,callee,start,duration_ms\n" + "".join(rows), encoding="utf-8")
    (shop / "audit.yaml").write_text(
        "incidents:\n  - {from: 2023-11-14T22:43:20Z, to: 2023-11-14T22:53:20Z, label: disk was full}\n", encoding="utf-8"
    )
    ran = auditkit("latency", export, "--into", shop, "--json")
    assert ran.code == 0, ran.err
    assert ran.json["calls"][0]["p99_ms"]["point"] == 26
    assert "disk was full" in ran.err


def test_times_are_named_on_the_command_line(shop: Path, tmp_path: Path) -> None:
    """An incident is left out, alone and in an audit, which keeps it; a time that ends before it starts is refused."""
    rows = [f"api,db,{1_700_000_000 + i},{(200 if 1800 <= i < 2400 else 20) + i % 7}\n" for i in range(7200)]
    export = tmp_path / "day.csv"
    export.write_text("caller,callee,start,duration_ms\n" + "".join(rows), encoding="utf-8")
    full = "2023-11-14T22:43:20/2023-11-14T22:53:20=disk was full"
    for more in ((), ("--into", shop)):
        ran = auditkit("latency", export, *more, "--incident", full, "--json")
        assert ran.json["calls"][0]["p99_ms"]["point"] == 26
        assert "disk was full" in ran.err
    assert "disk was full" in (shop / "audit.yaml").read_text(encoding="utf-8")
    assert auditkit("latency", export, "--normal", full, "--json").json["calls"][0]["p99_ms"]["point"] > 200
    before = tree(shop)
    for wrong in ("2023-11-14T22:53/2023-11-14T22:43", "yesterday", "a/b"):
        refused = auditkit("latency", export, "--into", shop, "--incident", wrong)
        assert (refused.code, refused.err.count("\n")) == (2, 1)
        assert "2026-03-09T10:00/2026-03-09T10:30=deploy" in refused.err
    assert tree(shop) == before


def test_two_recordings_of_one_name_are_both_kept(shop: Path, tmp_path: Path) -> None:
    """`trace.csv` of two days, and one that is called like a file of ours: nothing is lost, nothing collides."""
    for day, callee in (("mon", "db"), ("tue", "cache")):
        (tmp_path / day).mkdir()
        text = samples(400).replace(",db,", f",{callee},")
        (tmp_path / day / "trace.csv").write_text(text, encoding="utf-8")
    (tmp_path / "index.yaml").write_text(samples(400).replace(",db,", ",disk,"), encoding="utf-8")
    assert auditkit("latency", tmp_path / "mon/trace.csv", tmp_path / "tue/trace.csv", "--into", shop).code == 0
    again = auditkit("latency", tmp_path / "index.yaml", tmp_path / "mon/trace.csv", "--into", shop, "--json")
    assert again.code == 0, again.err
    assert [call["call"] for call in again.json["calls"]] == ["api -> cache", "api -> db", "api -> disk"]
    assert auditkit("run", shop).code == 0


@pytest.mark.parametrize("name", ["a: b", "123", "true", "#x", "null", "with space"])
def test_an_audit_may_have_any_name_that_a_folder_may_have(name: str, tmp_path: Path) -> None:
    """The name goes into `system.yaml`, where some names mean something else."""
    assert auditkit("new", tmp_path / name).code == 0
    assert auditkit("check", tmp_path / name).code == 0


def test_half_a_character_is_refused_at_the_door(shop: Path) -> None:
    """YAML can escape what no file can hold."""
    (shop / "system.yaml").write_text(SHOP.replace("system: shop", 'system: "\\ud800"'), encoding="utf-8")
    ran = auditkit("run", shop)
    assert ran.code == 2
    assert "half a character" in ran.err


def test_an_export_without_a_usable_duration_is_refused(shop: Path, tmp_path: Path) -> None:
    """Not a number, infinite, beyond all numbers: one line, and the audit is as it was."""
    export = tmp_path / "odd.csv"
    export.write_text("caller,callee,start,duration_ms\napi,db,1,nan\napi,db,2,inf\napi,db,3,1e400\n", encoding="utf-8")
    before = tree(shop)
    ran = auditkit("latency", export, "--into", shop)
    assert ran.code == 2
    assert len(ran.err.strip().splitlines()) == 1
    assert tree(shop) == before


@pytest.mark.parametrize("content", [b"PAR1 this is no parquet PAR1", b'caller,callee,duration_ms\n"api,db,1\n', b""])
def test_a_damaged_export_gets_one_line(content: bytes, tmp_path: Path) -> None:
    """Whatever the reader below has to say about it."""
    for name in ("x.parquet", "x.csv"):
        (tmp_path / name).write_bytes(content)
        ran = auditkit("latency", tmp_path / name)
        assert ran.code == 2, name
        assert len(ran.err.strip().splitlines()) == 1, ran.err
        assert "SELECT" not in ran.err
        assert "VIEW" not in ran.err
