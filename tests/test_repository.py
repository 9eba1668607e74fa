"""The project keeps its own rules: layout, environment, imports, size of the front door."""

from __future__ import annotations

import json
import re
import subprocess
import sys
import tomllib
from importlib import metadata
from pathlib import Path

from ruamel.yaml import YAML

from auditkit.version import VERSION

ROOT = Path(__file__).resolve().parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


def tracked() -> list[str]:
    found = subprocess.run(["git", "ls-files"], cwd=ROOT, capture_output=True, text=True, check=False)
    if found.returncode:
        return [p.relative_to(ROOT).as_posix() for p in ROOT.rglob("*") if p.is_file() and ".venv" not in p.parts]
    return found.stdout.splitlines()


def run_python(code: str) -> str:
    return subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True).stdout


def test_the_top_level_is_what_the_user_asked_for() -> None:
    """Five folders and two files were named; beside them only files that tools expect there."""
    folders = {path.split("/")[0] for path in tracked() if "/" in path}
    assert folders == {"notebooks", "auditkit", "data", "templates", "tests", ".ci"}
    assert {"environment.yml", "README.md", "pyproject.toml", "Makefile", "constraints.txt", "LICENSE"} <= set(tracked())


def test_conda_users_get_the_same_environment() -> None:
    """`environment.yml` names exactly the requirements of `pyproject.toml`, and the same Python."""
    conda = YAML(typ="safe").load((ROOT / "environment.yml").read_text(encoding="utf-8"))["dependencies"]
    assert f"python{PROJECT['project']['requires-python']}" in conda
    pip = next(entry["pip"] for entry in conda if isinstance(entry, dict))
    assert pip == [*PROJECT["project"]["dependencies"], "--editable ."]


def test_every_requirement_has_a_constraint_that_meets_it() -> None:
    """`constraints.txt` holds names and versions only, and one for each requirement."""
    from packaging.requirements import Requirement
    from packaging.utils import canonicalize_name

    lines = [line for line in (ROOT / "constraints.txt").read_text(encoding="utf-8").splitlines() if line and line[0] != "#"]
    assert all(re.fullmatch(r"[A-Za-z0-9._-]+==[A-Za-z0-9.!+-]+", line) for line in lines)
    pinned = {canonicalize_name(name): version for name, version in (line.split("==") for line in lines)}
    wanted = [*PROJECT["project"]["dependencies"], *PROJECT["project"]["optional-dependencies"]["test"]]
    for requirement in map(Requirement, wanted):
        assert requirement.specifier.contains(pinned[canonicalize_name(requirement.name)], prereleases=True), requirement


def test_what_is_pinned_runs_on_the_oldest_python_that_is_promised() -> None:
    """Debian 12 has Python 3.11.2; a version that wants 3.11.5 stops whoever follows the README there."""
    from packaging.specifiers import SpecifierSet

    oldest = PROJECT["project"]["requires-python"].removeprefix(">=") + ".0"
    pinned = dict(line.split("==") for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines() if "==" in line)
    installed = {found.name: found for found in metadata.distributions() if pinned.get(found.name) == found.version}
    wants = {name: found.metadata.get("Requires-Python", "") for name, found in installed.items()}
    assert len(installed) > 100
    assert {name: spec for name, spec in wants.items() if oldest not in SpecifierSet(spec)} == {}


def test_ci_runs_exactly_the_test_run_of_the_readme() -> None:
    """`.ci/run` calls `make test` and nothing else."""
    script = (ROOT / ".ci/run").read_text(encoding="utf-8")
    commands = [line for line in script.splitlines() if line and not line.startswith(("#", "set ", "cd "))]
    assert commands == ["make test"]
    assert "make test" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_nothing_names_a_registry_or_a_path_of_this_machine() -> None:
    """A lock file with addresses or an absolute path would work here only."""
    bad = re.compile(r"pypi\.org|pythonhosted\.org|registry\.npmjs|deb\.debian\.org|(?<![\w.])/(?:work|root|home/\w+)/")
    for path in tracked():
        content = (ROOT / path).read_bytes()
        if b"\0" not in content and path != "tests/test_repository.py":
            assert not bad.search(content.decode("utf-8")), path


def test_importing_auditkit_is_quick_and_loads_nothing_heavy() -> None:
    """At most 0.3 s in the best of five new processes, and none of the heavy libraries."""
    code = (
        "import time, sys, json; t = time.perf_counter(); import auditkit; s = time.perf_counter() - t;"
        "print(json.dumps([s, sorted(m for m in sys.modules if '.' not in m)]))"
    )
    runs = [json.loads(run_python(code)) for _ in range(5)]
    assert min(seconds for seconds, _ in runs) <= 0.3
    heavy = {
        "numba",
        "duckdb",
        "ibis",
        "matplotlib",
        "typst",
        "scipy",
        "pandas",
        "numpy",
        "jinja2",
        "ipywidgets",
        "docx",
        "networkx",
    }
    assert not heavy & set(runs[0][1])


def test_the_command_line_starts_without_anything_heavy() -> None:
    """`auditkit --help` is for tired people too."""
    code = "import sys; import auditkit.cli.app; print(sorted(m for m in sys.modules if '.' not in m))"
    heavy = {"numba", "duckdb", "ibis", "matplotlib", "typst", "scipy", "pandas"}
    assert not heavy & set(re.findall(r"'(\w+)'", run_python(code)))


def test_the_front_door_is_a_list_of_names() -> None:
    """Everything else is a private matter."""
    import auditkit

    assert auditkit.__version__ == VERSION
    assert sorted(auditkit.__all__) == [
        "Audit",
        "AuditkitError",
        "InputError",
        "System",
        "__version__",
        "blast_radius",
        "cut_sets",
        "open_audit",
        "single_failures",
    ]
    assert all(getattr(auditkit, name) for name in auditkit.__all__)


def test_imports_go_only_downwards() -> None:
    """The contracts of import-linter hold, exhaustively. It runs by itself: it sets up logging, which switches ours off."""
    lint = f"import sys, importlinter.cli as c; sys.exit(c.lint_imports({str(ROOT / 'pyproject.toml')!r}, no_cache=True))"
    ran = subprocess.run([sys.executable, "-c", lint], cwd=ROOT, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stdout
