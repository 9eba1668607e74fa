"""What is shipped works where it is installed, without the checkout; and others can add to it from their own packages."""

from __future__ import annotations

import os
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent

PLUGIN = {
    "pyproject.toml": """\
[build-system]
requires = ["hatchling"]
build-backend = "hatchling.build"
[project]
name = "auditkit-plugin"
version = "1"
[project.entry-points."auditkit.importers"]
whisper = "whisper:IMPORTER"
[project.entry-points."auditkit.latency"]
whisper = "whisper:SOURCE"
[project.entry-points."auditkit.checks"]
too_quiet = "whisper:CHECK"
[project.entry-points."auditkit.exporters"]
whisper = "whisper:EXPORTER"
[tool.hatch.build.targets.wheel]
only-include = ["whisper.py"]
""",
    "whisper.py": """\
from auditkit.checks import Check
from auditkit.exporters import Exporter
from auditkit.importers import Importer
from auditkit.latency import SOURCES
from auditkit.model.audit import Artifact, Finding
from auditkit.model.draft import Draft, Item
from dataclasses import replace

def read(text, name, read_sibling):
    ids = [line.removeprefix("whisper: ") for line in text.splitlines()]
    return Draft(source=name, components=tuple(Item({"id": id}, name, {"": n}) for n, id in enumerate(ids, 1)))

def export(system, strategy):
    return (Artifact(path="whisper.txt", content=system.system.encode(), title="a whisper"),), ()

IMPORTER = Importer("whisper", "Whispers", "One component a line.", lambda name, text: text.startswith("whisper: "), read)
SOURCE = replace(SOURCES["csv"] if "csv" in SOURCES else next(iter(SOURCES.values())), name="whisper")
CHECK = Check(
    name="too_quiet", title="A system that whispers", why="Nobody hears it.", how="By listening.", remedy="Speak up.",
    false_alarm="Never.",
    run=lambda facts: [Finding(check="too_quiet", subject=c.id, severity="low", certainty="proven", title="whispers")
                       for c in facts.system.components],
)
EXPORTER = Exporter("whisper", "Whispers", "The name of the system.", export)
""",
}


def run(*command: str | Path, cwd: Path) -> subprocess.CompletedProcess[str]:
    environment = {key: value for key, value in os.environ.items() if key != "PYTHONPATH"}
    return subprocess.run([str(word) for word in command], cwd=cwd, env=environment, capture_output=True, text=True, check=False)


def build(source: Path, into: Path) -> Path:
    built = run(sys.executable, "-m", "build", "--wheel", "--no-isolation", "--outdir", into, source, cwd=into)
    assert built.returncode == 0, built.stdout + built.stderr
    (wheel,) = into.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A new environment with our wheel and another's in it; what we require comes from the environment of the tests."""
    place = tmp_path_factory.mktemp("installed")
    plugin = place / "plugin"
    plugin.mkdir()
    for name, text in PLUGIN.items():
        (plugin / name).write_text(text, encoding="utf-8")
    wheels = []
    for number, source in enumerate((ROOT, plugin)):
        into = place / f"wheel-{number}"
        into.mkdir()
        wheels.append(build(source, into))
    assert run(sys.executable, "-m", "venv", "env", cwd=place).returncode == 0
    python = place / "env" / ("Scripts" if os.name == "nt" else "bin") / "python"
    packages = Path(run(python, "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place).stdout.strip())
    # one line of a .pth adds a folder, but does not follow that folder's own .pth: the checkout stays out
    (packages / "requirements.pth").write_text(sysconfig.get_path("purelib") + "\n", encoding="utf-8")
    installed = run(python, "-m", "pip", "install", "--quiet", "--no-deps", "--no-index", *wheels, cwd=place)
    assert installed.returncode == 0, installed.stderr
    return place


def auditkit(place: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return run(place / "env" / "bin" / "auditkit", *arguments, cwd=place)


@pytest.mark.skipif(os.name == "nt", reason="scripts of another name there; python -m auditkit is what the README offers")
def test_an_installed_wheel_audits_a_sample_outside_the_checkout(place: Path) -> None:
    """`auditkit new` and `auditkit run`: notebooks, templates and samples come out of the wheel."""
    where = run(place / "env" / "bin" / "python", "-c", "import auditkit; print(auditkit.__file__)", cwd=place).stdout
    assert str(place) in where
    made = auditkit(place, "new", "audit", "--sample", "flash-sale")
    assert made.returncode == 0, made.stderr
    assert (place / "audit/notebooks/00_start.ipynb").is_file()
    ran = auditkit(place, "run", "audit")
    assert ran.returncode == 0, ran.stderr
    assert (place / "audit/out/strategy.html").read_text(encoding="utf-8").startswith("<!doctype html>")
    again = run(place / "env" / "bin" / "python", "-m", "auditkit", "blast-radius", "audit", "--json", cwd=place)
    assert again.returncode == 0, again.stderr


@pytest.mark.skipif(os.name == "nt", reason="scripts of another name there; python -m auditkit is what the README offers")
def test_another_package_adds_a_format_a_check_and_a_target(place: Path) -> None:
    """Entry points of the same signature, found without touching our code."""
    (place / "system.txt").write_text("whisper: mouse\nwhisper: owl\n", encoding="utf-8")
    taken = auditkit(place, "import", "system.txt", "--into", "quiet")
    assert taken.returncode == 0, taken.stderr
    assert "2 components" in taken.stdout
    assert "too_quiet" in auditkit(place, "check", "quiet", "--json").stdout
    assert "Nobody hears it." in auditkit(place, "explain", "too_quiet").stdout
    written = auditkit(place, "export", "quiet", "--to", "whisper")
    assert written.returncode == 0, written.stderr
    assert (place / "quiet/out/whisper.txt").read_text(encoding="utf-8") == "quiet"
