"""What all tests share."""

from __future__ import annotations

from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent


@pytest.fixture(scope="session")
def shared() -> Path:
    """The folder of oracles and real data that may stand beside the project."""
    folder = ROOT.parent / "shared"
    if not (folder / "DESIGN.md").exists():
        pytest.skip("no ../shared beside the project: real inputs are not here; the facts typed into the other tests hold")
    return folder


@pytest.fixture(autouse=True)
def a_plain_pipe(monkeypatch):
    """What a command prints does not depend on who asks: readline sets COLUMNS in xdist's workers, Jupyter sets FORCE_COLOR."""
    for name in ("COLUMNS", "LINES", "FORCE_COLOR"):
        monkeypatch.delenv(name, raising=False)
