"""What the README shows is what comes out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli import auditkit

README = (Path(__file__).resolve().parent.parent / "README.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("readme") / "my-audit"
    assert auditkit("new", folder, "--sample", "worked-example").code == 0
    return folder


def shown(command: str) -> list[str]:
    """The lines that stand in the README below a command, without the paths of an audit."""
    block = re.search(rf"^\$ {re.escape(command)}\n(.*?)^```", README, re.MULTILINE | re.DOTALL)
    assert block, f"the README shows no {command}"
    return [line for line in block[1].splitlines() if "my-audit" not in line]


@pytest.mark.parametrize(
    ("command", "arguments"),
    [
        ("make audit", ["run"]),
        ("auditkit blast-radius my-audit --fail recommendation", ["blast-radius", "--fail", "recommendation"]),
        (
            "auditkit blast-radius my-audit --fail recommendation --mode slow",
            ["blast-radius", "--fail", "recommendation", "--mode", "slow"],
        ),
        ("auditkit latency my-audit/latency/api.csv", ["latency"]),
        ('auditkit storms my-audit "api:home -> users"', ["storms", "api:home -> users"]),
    ],
)
def test_the_readme_shows_what_comes_out(command: str, arguments: list[str], sample: Path) -> None:
    """Each quoted line, up to white space; `…` stands for what is left out."""
    what = sample / "latency" / "api.csv" if arguments == ["latency"] else sample
    ran = auditkit(arguments[0], what, *arguments[1:])
    assert ran.code == 0, ran.err
    said = " ".join(ran.out.split())
    for line in shown(command):
        pieces = (re.escape(" ".join(piece.split())) for piece in line.split("…"))
        assert re.search(r"[^\n]*".join(pieces), said), line
