"""Opening the workbook: in JupyterLab, or as an app."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

from auditkit.document import shipped
from auditkit.errors import InputError
from auditkit.project import creating
from auditkit.project import folder as held
from auditkit.project.files import write_all

START = "notebooks/00_start.ipynb"


def lab_options(folder: Path) -> tuple[str, ...]:
    """How JupyterLab shows the workbook of an audit: `00_start` alone, no news, every cell drawn before it is scrolled to."""
    # whoever is root already (in a container, say) has decided so; JupyterLab would refuse without a word about the workbook
    as_root = ("--allow-root",) if getattr(os, "geteuid", lambda: 1)() == 0 else ()
    return (
        *as_root,
        f"--ServerApp.root_dir={folder.resolve()}",
        f"--LabApp.default_url=/doc/tree/{START}",
        f"--LabApp.app_settings_dir={shipped('notebooks') / 'lab'}",
    )


def app_options(folder: Path) -> tuple[str, ...]:
    """How Voila shows the workbook: all notebooks by name, without their sources; files are served from `out/` only."""
    return (
        str(folder.resolve()),
        "--template=auditkit",  # beside the notebooks: it asks no other host
        "--VoilaConfiguration.classic_tree=True",
        "--VoilaConfiguration.file_allowlist=['out/.*']",
        "--VoilaConfiguration.show_tracebacks=True",
    )


def lab_environment(folder: Path) -> dict[str, str]:
    """Which audit the notebooks speak with, and where Voila finds the page around them."""
    paths = os.pathsep.join(filter(None, (str(shipped("notebooks") / "lab"), os.environ.get("JUPYTER_PATH"))))
    return {**os.environ, "AUDITKIT_AUDIT": str(folder.resolve()), "JUPYTER_PATH": paths}


def open_lab(folder: Path, sample: str = "worked-example") -> int:
    """Open `00_start` of an audit in JupyterLab's single-document mode; a folder that is not there yet starts from a sample.

    Notebooks that an audit lacks are copied into it; those that are there stay as they are. Returns JupyterLab's own exit code.
    Raises `InputError` where the folder is no audit.
    """
    _workbook(folder, sample)
    return _run("jupyterlab", lab_options(folder), folder)


def open_app(folder: Path, sample: str = "worked-example") -> int:
    """Open the same notebooks as an app by Voila: questions, answers and panels, without code.

    Returns Voila's own exit code. Raises `InputError` where Voila is not installed, or the folder is no audit.
    """
    if find_spec("voila") is None:
        raise InputError.of("auditkit lab --app", "needs Voila", "install it with: pip install 'auditkit[app]'")
    _workbook(folder, sample)
    return _run("voila", app_options(folder), folder)


def _workbook(folder: Path, sample: str) -> None:
    if not folder.exists():
        creating.new(folder, sample)
    held.require(folder)
    missing = {name: content for name, content in creating.workbook().items() if not (folder / name).exists()}
    write_all(folder, missing, {})


def _run(module: str, options: tuple[str, ...], folder: Path) -> int:
    command = [sys.executable, "-m", module, *options]
    try:
        return subprocess.call(command, env=lab_environment(folder))
    except KeyboardInterrupt:
        return 0
