"""Alerts and dashboard: promtool accepts the rules, their own tests pass, and a planted fault is rejected."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest
from document_books import FULL
from exporters_inputs import boutique, everything, sample, two
from ruamel.yaml import YAML

from auditkit.exporters import EXPORTERS
from auditkit.exporters.alerts import DIALECTS


@pytest.fixture(params=["worked-example", "flash-sale", "boutique", "odd names"])
def inputs(request, shared):
    """Both samples, Online Boutique, and a system with names that labels have to change."""
    if request.param == "odd names":
        return two(**FULL)
    system = boutique(shared) if request.param == "boutique" else sample(request.param)
    return system, everything(system)


@pytest.fixture
def promtool() -> str:
    program = shutil.which("promtool")
    if program is None:
        pytest.skip("no promtool here (Debian: prometheus); the rules are checked by their form in the other tests")
    return program


def run(*command: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, cwd=cwd, capture_output=True, text=True, check=False, timeout=120)


def written(target: str, inputs, folder: Path) -> list[Path]:
    paths = []
    for artifact in EXPORTERS[target].export(*inputs)[0]:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
        paths.append(path)
    return paths


def test_promtool_accepts_the_rules_and_their_tests_pass(inputs, promtool, tmp_path):
    """`promtool check rules` and `promtool test rules`: each alert fires on its series, and is silent without data."""
    files = written("prometheus", inputs, tmp_path)
    assert len(files) == 2 * len(DIALECTS)
    for path in files:
        kind = ("check", "rules") if path.name.endswith(".rules.yaml") else ("test", "rules")
        done = run(promtool, *kind, path.name, cwd=path.parent)
        assert done.returncode == 0, done.stdout + done.stderr


def test_promtool_rejects_a_planted_fault(promtool, tmp_path):
    """A rule that does not parse, and an alert whose threshold was moved, are both noticed."""
    files = {path.name: path for path in written("prometheus", two(**FULL), tmp_path)}
    rules, tests = files["resilience4j.rules.yaml"], files["resilience4j.tests.yaml"]
    good = rules.read_text()
    rules.write_text(good.replace("sum(rate(", "sum(rate((", 1))
    assert run(promtool, "check", "rules", rules.name, cwd=rules.parent).returncode != 0
    rules.write_text(good.replace("== 1", "== 2"))
    assert run(promtool, "test", "rules", tests.name, cwd=tests.parent).returncode != 0


def test_every_pattern_has_an_alert():
    """Timeout, retry, breaker, bulkhead, p99 and fallback are watched, with the caller and the callee as labels."""
    system, strategy = two(**FULL)
    found = {}
    for artifact in EXPORTERS["prometheus"].export(system, strategy)[0]:
        if artifact.path.endswith(".rules.yaml"):
            for group in YAML(typ="safe").load(artifact.content.decode())["groups"]:
                found |= {rule["alert"]: rule for rule in group["rules"] if "alert" in rule}
    assert set(found) == {
        "BulkheadNearlyFull", "BulkheadRejects", "CallTimesOut", "CircuitBreakerOpen", "FallbackServed", "HostsEjected",
        "P99NearTimeout", "RetriesAboveBudget",
    }  # fmt: skip
    assert all(re.fullmatch(r"orders-v2-[0-9a-f]{6}", rule["labels"]["callee"]) for rule in found.values())


def test_the_dashboard_has_a_panel_for_each_pattern(inputs):
    """Unique ids, nothing overlaps, every query names its data source by the variable."""
    (artifact,) = EXPORTERS["grafana"].export(*inputs)[0]
    board = json.loads(artifact.content)
    panels = board["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    titles = {panel["title"] for panel in panels}
    wanted = {
        "p99 against timeout",
        "Share of calls timed out",
        "Share of calls retried",
        "Breaker state",
        "Bulkhead in use",
        "Answers from the fallback",
    }
    assert wanted <= titles
    cells = [
        (x, y)
        for panel in panels
        for x in range(panel["gridPos"]["x"], panel["gridPos"]["x"] + panel["gridPos"]["w"])
        for y in range(panel["gridPos"]["y"], panel["gridPos"]["y"] + panel["gridPos"]["h"])
    ]
    assert len(cells) == len(set(cells))
    assert all(target["datasource"]["uid"] == "${datasource}" for panel in panels for target in panel.get("targets", ()))
