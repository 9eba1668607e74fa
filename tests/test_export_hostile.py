"""`auditkit export` from end to end with the worst that a folder may hold: hostile words, odd names, a sudden end."""

from __future__ import annotations

import ast
import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any

import html5lib
import pytest
from cli import auditkit, tree
from ruamel.yaml import YAML

from auditkit.project.exporting import targets

BAD = "\"'|<b>{{7*7}}{% x %}`t` #evil $(rm) ${x} =1+1 \\n \u202eevil\u202c 🦊 */ --> ]]> <!-- @x [a](b) *b* &amp; %s {0} \x85 end"
NAMES = ("a.b-C_9", "n" * 128, "__init__", "-x", "..", "CON", "1", "null", "true")
POLICY = {
    "timeout": "200ms",
    "retry": {"max_attempts": 3, "backoff": "20ms", "budget": "5%"},
    "circuit_breaker": {"failure_rate": "50%", "window": "10s", "min_calls": 10, "open_for": "10s"},
    "bulkhead": {"max_concurrent": 5},
}


def folder_of(place: Path) -> Path:
    """An audit in which every text is hostile, and every name as odd as a name may be."""
    place.mkdir()
    served = {"kind": BAD, "serves": BAD, "reconcile": BAD, "decided_by": BAD, "safe": True}
    calls = [
        {"from": "api:x", "to": name, "on_failure": "degrade", "fallback": served, "rate": "5/s", "policy": POLICY}
        for name in NAMES
    ]
    components: list[dict[str, Any]] = [{"id": name, "owner": BAD} for name in NAMES]
    api = {"id": "api", "instances": 3, "min_up": 1, "failover": "automatic", "concurrency": 20, "owner": BAD}
    api["evidence"] = [{"source": BAD, "locator": BAD, "confidence": "declared"}]
    system = {
        "auditkit": 1,
        "system": BAD,
        "components": [api, *components],
        "dependencies": calls,
        "common_causes": [{"id": "cause", "kind": "other", "affects": ["api"]}],
        "journeys": [{"id": "j", "entry": "api:x", "deadline": "1s", "slo": "99.9%", "rate": "10/s"}],
    }
    facts = {
        "auditkit": 1,
        "title": BAD,
        "scope": BAD,
        "owner": BAD,
        "date": "2026-01-01",
        "people": [{"name": BAD, "role": BAD}],
    }
    decisions = [{"about": about, "choice": "adopt", "reason": BAD, "by": BAD} for about in (f"policy api:x -> {NAMES[0]}", BAD)]
    for name, data in (("system", system), ("audit", facts), ("decisions", {"auditkit": 1, "decisions": decisions})):
        with (place / f"{name}.yaml").open("w", encoding="utf-8") as file:
            YAML(typ="safe", pure=True).dump(data, file)
    return place


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The hostile audit, exported to every target there is."""
    place = folder_of(tmp_path_factory.mktemp("hostile") / "audit")
    ran = auditkit("export", place, "--to", ",".join(targets()))
    assert ran.code == 0, ran.err
    return place


def parsed(path: str, content: bytes) -> object:
    """The file as a program of its kind reads it; raises what that raises."""
    suffix = Path(path).suffix
    if suffix in (".yaml", ".yml"):
        return list(YAML(typ="safe", pure=True).load_all(content))
    if suffix == ".json":
        return json.loads(content)
    if suffix == ".py":
        return ast.parse(content)
    if suffix in (".svg", ".xml", ".graphml"):
        return ET.fromstring(content)
    if suffix == ".html":
        return html5lib.HTMLParser(strict=True).parse(content.decode())
    if suffix == ".csv":
        rows = list(csv.reader(io.StringIO(content.decode())))
        assert len({len(row) for row in rows}) == 1
        return rows
    return content


def test_every_file_is_read_by_a_program_of_its_kind(hostile: Path) -> None:
    """YAML, JSON, XML, HTML (strict), CSV and Python: nothing hostile breaks out of its place."""
    kinds = set()
    for path, content in tree(hostile / "out").items():
        parsed(path, content)
        kinds.add(Path(path).suffix)
    assert {".yaml", ".json", ".py", ".svg", ".xml", ".html", ".csv", ".md", ".pdf", ".docx", ".go", ".cs"} <= kinds


def test_nothing_turns_the_direction_of_writing_or_hides(hostile: Path) -> None:
    """Direction marks and control characters are spelled out, or escaped; the edge list keeps them, since it is read again."""
    for path, content in tree(hostile / "out").items():
        if Path(path).suffix not in (".pdf", ".docx") and not path.startswith("edge-list/"):
            assert not re.search("[\u202a-\u202e\x85\x00]", content.decode()), path


def test_no_file_leaves_its_folder_or_has_a_name_that_a_system_refuses(hostile: Path) -> None:
    """Names of files are small letters, digits and a few signs; no two differ in capitals only, none is reserved on Windows."""
    paths = list(tree(hostile / "out"))
    assert len({path.lower() for path in paths}) == len(paths)
    for path in paths:
        assert re.fullmatch(r"[A-Za-z0-9._/-]+", path), path
        assert not {part.split(".")[0].upper() for part in path.split("/")} & {"CON", "NUL", "AUX", "PRN", ""}, path
        assert ".." not in path


def test_exporting_it_again_changes_not_one_byte(hostile: Path) -> None:
    """In whichever order the targets are named, and however often."""
    before = tree(hostile)
    assert auditkit("export", hostile, "--to", ",".join((*reversed(targets()), "md", "md"))).code == 0
    document = {"out/strategy.md", "out/strategy.html", "out/strategy.pdf", "out/strategy.docx"}
    after = tree(hostile)
    assert {path for path in before if before[path] != after[path]} <= document | {"out/manifest.json"}
    assert auditkit("export", hostile, "--to", ",".join(targets())).code == 0
    assert tree(hostile) == before


SHOP = "auditkit: 1\nsystem: shop\ncomponents: [{id: api}, {id: db}]\ndependencies: [{from: api, to: db}]\n"


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A small audit, exported once."""
    place = tmp_path / "shop"
    place.mkdir()
    (place / "system.yaml").write_text(SHOP, encoding="utf-8")
    (place / "audit.yaml").write_text("auditkit: 1\ndate: 2026-01-01\n", encoding="utf-8")
    assert auditkit("export", place, "--to", "md,html").code == 0
    return place


def refused(*arguments: str | Path) -> str:
    """What a bad call says: one line or several, each with its place; exit code 2, no traceback."""
    ran = auditkit(*arguments)
    assert ran.code == 2, (ran.out, ran.err)
    assert "Traceback" not in ran.err
    return ran.err


@pytest.mark.parametrize("to", ["", ",", "nonsense", "md,nonsense", "MD"])
def test_a_target_that_there_is_not_is_refused_with_those_there_are(to: str, shop: Path) -> None:
    """Nothing is written, not even the targets that there are."""
    before = tree(shop)
    assert "choose from: md, html, pdf" in refused("export", shop, "--to", to)
    assert tree(shop) == before


@pytest.mark.parametrize("place", ["out", "out/strategy.md", "history", "history/2026-01-01.json", "strategy.yaml"])
def test_something_else_where_a_file_or_a_folder_belongs_is_said(place: str, shop: Path) -> None:
    """A file where a folder belongs, or the other way round: one line, and everything else as it was."""
    path = shop / place
    if path.is_dir():
        for inside in sorted(path.rglob("*"), reverse=True):
            inside.unlink()
        path.rmdir()
        path.write_text("in the way", encoding="utf-8")
    else:
        path.unlink(missing_ok=True)
        path.mkdir()
    before = tree(shop)
    message = refused("export", shop, "--to", "md,html,docx")
    assert message.count("\n") == 1, message
    assert str(shop) in message
    assert tree(shop) == before
    assert not list(shop.rglob("*.part"))


@pytest.mark.parametrize("content", [b"\xff\xfe\x00", b"a: [", b"- 1\n- 2\n", b""])
def test_deployed_files_that_cannot_be_read_are_said_or_compared(content: bytes, tmp_path: Path) -> None:
    """Broken YAML, no UTF-8, a list where a mapping belongs, nothing: one line with the file, or a drift; no traceback."""
    shop = folder_of(tmp_path / "audit")
    deployed = tmp_path / "deployed" / "istio"
    deployed.mkdir(parents=True)
    (deployed / "virtual-services.yaml").write_bytes(content)
    ran = auditkit("export", shop, "--to", "istio", "--check", tmp_path / "deployed")
    assert ran.code in (1, 2)
    assert "Traceback" not in ran.err
    assert "virtual-services.yaml" in ran.out + ran.err
    assert not (shop / "out").exists()


def test_an_export_that_is_killed_leaves_the_old_files_or_the_new_ones(shop: Path) -> None:
    """Killed at any moment: no half of a change, and the next export finishes or begins anew."""
    old = tree(shop)
    (shop / "system.yaml").write_text(SHOP.replace("{id: db}", "{id: db, instances: 2}"), encoding="utf-8")
    changed = tree(shop)
    for wait in (0.6, 0.9, 1.2, 1.5):
        process = subprocess.Popen(
            [sys.executable, "-m", "auditkit", "export", str(shop), "--to", "md,html"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1"},
        )
        time.sleep(wait)
        process.send_signal(signal.SIGKILL)
        process.wait()
        now = {path: content for path, content in tree(shop).items() if not path.endswith(".part")}
        if ".auditkit.journal" not in now:
            assert now == changed or (now["out/strategy.md"] != old["out/strategy.md"]) == (
                now["out/strategy.html"] != old["out/strategy.html"]
            )
    assert auditkit("export", shop, "--to", "md,html").code == 0
    assert not list(shop.rglob("*.part"))
    assert not (shop / ".auditkit.journal").exists()


@pytest.mark.parametrize("command", ["run", "check", "plan", "export --to edge-list,istio", "cut-sets", "blast-radius"])
def test_nothing_hostile_reaches_the_terminal(command: str, tmp_path: Path) -> None:
    """Escape sequences in a stranger's file move no cursor and clear no screen; direction marks are spelled out."""
    place = tmp_path / "shop"
    place.mkdir()
    text = SHOP.replace("system: shop", 'system: "s\\x1b[2J\\u202ex"').replace("{id: api}", '{id: api, owner: "o\\x1b[31m"}')
    (place / "system.yaml").write_text(f"{text}journeys: [{{id: j, entry: api}}]\n", encoding="utf-8")
    name, *options = command.split()
    ran = auditkit(name, place, *options)
    assert ran.code == 0, ran.err
    assert not re.search("[\x1b\u202e]", ran.out + ran.err)
