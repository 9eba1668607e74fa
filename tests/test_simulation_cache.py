"""Machine code that is kept on disk belongs to the source that it was made from, all of it."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import auditkit

ASK = "from auditkit.simulation import draws; print(draws.uniform(1, 2))"


def ask(root: Path, cache: Path) -> float:
    """What a draw is, in a process of its own that keeps its machine code in `cache`."""
    environment = {**os.environ, "PYTHONPATH": str(root), "NUMBA_CACHE_DIR": str(cache)}
    done = subprocess.run([sys.executable, "-c", ASK], env=environment, capture_output=True, text=True, check=True, cwd=root)
    return float(done.stdout)


def test_code_that_was_kept_is_made_anew_once_any_part_of_a_kernel_changes(tmp_path: Path) -> None:
    """An installer gives files one date, so a new version may look as old as the last one; and a kernel has several files."""
    package = tmp_path / "auditkit"
    shutil.copytree(Path(auditkit.__file__).parent, package, ignore=shutil.ignore_patterns("__pycache__"))
    before = ask(tmp_path, tmp_path / "cache")
    kept = sorted((tmp_path / "cache").rglob("*.nbi"))
    stamps = {file: file.stat().st_mtime_ns for file in kept}
    assert ask(tmp_path, tmp_path / "cache") == before
    assert {file: file.stat().st_mtime_ns for file in kept} == stamps  # used, not made again
    part = package / "simulation" / "kernel_guards.py"
    part.write_text(part.read_text(encoding="utf-8").replace("LEAST_SHARE = 0.1", "LEAST_SHARE = 0.2"), encoding="utf-8")
    assert ask(tmp_path, tmp_path / "cache") == before
    assert {file: file.stat().st_mtime_ns for file in kept} != stamps
