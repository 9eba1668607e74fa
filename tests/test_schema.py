"""JSON Schemas: what an editor marks is what the gate refuses, as far as a schema can say it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from jsonschema import Draft202012Validator
from random_systems import random_system

from auditkit.importers import dump_yaml, update_yaml
from auditkit.importers.dump import SCHEMAS
from auditkit.importers.yaml_text import parse
from auditkit.model.audit import AuditFacts, Decision, DecisionFile, Strategy
from auditkit.model.schema import FILES, json_schemas

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="module")
def schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("schemas")
    for name, text in json_schemas().items():
        (folder / name).write_text(text, encoding="utf-8")
    return folder


def check(*arguments: str | Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "check_jsonschema", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def valid(name: str, text: str) -> bool:
    schema = json.loads(json_schemas()[f"{name}.schema.json"])
    return Draft202012Validator(schema).is_valid(parse(text, name).value)


def test_the_schemas_are_schemas(schemas: Path) -> None:
    """Of their dialect, each with its name and a title."""
    found = check("--check-metaschema", *sorted(schemas.iterdir()))
    assert found.returncode == 0, found.stdout + found.stderr
    for name, text in json_schemas().items():
        assert json.loads(text)["$id"] == name
        assert json.loads(text)["title"].startswith("auditkit: ")


def test_new_files_name_the_schema_that_there_is() -> None:
    """The first line of a file leads an editor to it."""
    assert set(SCHEMAS.values()) == set(FILES)


def test_files_that_the_gate_takes_are_valid(schemas: Path, tmp_path: Path) -> None:
    """Short forms, `unknown`, `none`, and whatever random systems hold; and our own samples."""
    hand = tmp_path / "hand.yaml"
    hand.write_text(
        "# yaml-language-server: $schema=schemas/system.schema.json\nauditkit: 1\nsystem: shop\n"
        "components:\n  - {id: a, min_up: unknown, placement: {z: 1}, availability: 0.999}\n"
        "  - {id: b, kind: unknown, concurrency: none}\n"
        "dependencies:\n"
        "  - {from: a, to: b, on_failure: unknown, policy: none}\n"
        "  - {from: 'a:x', to: [a, b], at_least: 1, rate: 200/s, policy: {timeout: 1m30s, retry: unknown},\n"
        "     fallback: {alternatives: b}}\n"
        "journeys: [{id: j, entry: a, completes: b, slo: 99.9%, deadline: 0.5s, value: 3}]\n",
        encoding="utf-8",
    )
    files = [hand, *sorted((ROOT / "data").glob("*/system.yaml"))]
    for seed in range(5):
        files.append(tmp_path / f"random-{seed}.yaml")
        files[-1].write_text(dump_yaml(random_system(seed)), encoding="utf-8")
    found = check("--schemafile", schemas / "system.schema.json", *files)
    assert found.returncode == 0, found.stdout + found.stderr


@pytest.mark.parametrize(
    "entry",
    [
        *("components: [{id: a, instance: 3}]", "components: [{id: a b}]", "components: [{id: a, kind: databse}]"),
        *("dependencies: [{from: a, to: b, policy: {timeout: 200}}]", "dependencies: [{from: a, to: []}]"),
        *("journeys: [{id: j}]", "auditkit: one"),
    ],
)
def test_mistakes_are_marked_in_the_editor_already(entry: str) -> None:
    """What a schema can say."""
    assert not valid("system", f"system: shop\n{entry}\n")


def test_the_other_files_are_valid_as_well() -> None:
    """As we write them."""
    decisions = (Decision(about="a", choice="adopt", reason="r", by="b"),)
    assert valid("audit", update_yaml(None, AuditFacts(title="x", assumed_availability=0.999)))
    assert valid("decisions", update_yaml(None, DecisionFile(decisions=decisions)))
    assert valid("strategy", update_yaml(None, Strategy(system="shop")))
