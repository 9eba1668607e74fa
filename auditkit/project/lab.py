"""Opening the workbook in JupyterLab."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from auditkit.document import shipped
from auditkit.project import creating
from auditkit.project import folder as held
from auditkit.project.files import write_all

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

    Notebooks that an audit lacks are copied into it; those that are there stay as they are. Returns JupyterLab's own exit code.
    Raises `InputError` where the folder is no audit.
    """
    if not folder.exists():
        creating.new(folder, sample)
    held.require(folder)
    missing = {name: content for name, content in creating.workbook().items() if not (folder / name).exists()}
    write_all(folder, missing, {})
    command = [sys.executable, "-m", "jupyterlab", *lab_options(folder)]
    try:
        return subprocess.call(command, env={**os.environ, "AUDITKIT_AUDIT": str(folder.resolve())})
    except KeyboardInterrupt:
        return 0
