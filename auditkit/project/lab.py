"""Opening the workbook in JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from auditkit.document import shipped
from auditkit.errors import InputError
from auditkit.project import creating
from auditkit.project import folder as held

START = "notebooks/00_start.ipynb"


def lab_options(folder: Path) -> tuple[str, ...]:
    """How JupyterLab shows the workbook of an audit: `00_start` alone, no news, every cell drawn before it is scrolled to."""
    return (
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/doc/tree/{START}",
        f"--LabApp.app_settings_dir={shipped('notebooks') / 'lab'}",
    )


def open_lab(folder: Path, sample: str = "worked-example") -> int:
    """Open `00_start` of an audit in JupyterLab's single-document mode; a folder that is not there yet starts from a sample.

    Returns JupyterLab's own exit code. Raises `InputError` where the folder holds no workbook.
    """
    if not folder.exists():
        creating.new(folder, sample)
    held.require(folder)
    if not (folder / START).is_file():
        raise InputError.of(str(folder / START), "does not exist", "make a new audit with: auditkit new DIR")
    command = [sys.executable, "-m", "jupyterlab", *lab_options(folder)]
    try:
        return subprocess.call(command, env={**os.environ, "AUDITKIT_AUDIT": str(folder.resolve())})
    except KeyboardInterrupt:
        return 0
