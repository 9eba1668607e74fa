"""The exported Go clients: Go's own type checker reads them, against the public interface of failsafe-go.

No module proxy is asked: `failsafe_go_api` declares that interface from its documentation. What a client does is not run.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest
from document_books import FULL
from exporters_inputs import everything, sample, two

from auditkit.exporters import all_exporters
from auditkit.model.system import System

API = Path(__file__).with_name("failsafe_go_api")

pytestmark = pytest.mark.skipif(shutil.which("go") is None, reason="go is not installed (Debian package golang-go)")


def vet(folder: Path, inputs) -> subprocess.CompletedProcess[str]:
    """`go vet` of the exported files, each a package of one module."""
    artifacts, _ = all_exporters()["failsafe-go"].export(*inputs)
    assert artifacts
    for artifact in artifacts:
        path = folder / artifact.path
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(artifact.content)
    return checked(folder)


def alike() -> System:
    """Components whose names differ only in what a name in Go cannot hold, or that begin with a digit, or are Go's own words."""
    names = ("a-b", "a.b", "a_b", "A.B", "AB", "ab", "9front", "func")
    components = [{"id": name} for name in (*names, "to")]
    dependencies = [{"from": name, "to": "to"} for name in names] + [{"from": "to", "to": name} for name in names]
    return System.model_validate({"system": "alike", "components": components, "dependencies": dependencies})


def checked(folder: Path) -> subprocess.CompletedProcess[str]:
    (folder / "go.mod").write_text(
        "module example.org/clients\n\ngo 1.19\n\nrequire github.com/failsafe-go/failsafe-go v0.9.0\n\n"
        f"replace github.com/failsafe-go/failsafe-go => {API}\n",
        encoding="utf-8",
    )
    environment = {**os.environ, "GOFLAGS": "-mod=mod", "GOPROXY": "off", "GOTOOLCHAIN": "local"}
    return subprocess.run(
        ["go", "vet", "./..."], cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=300
    )


@pytest.mark.parametrize("name", ["worked-example", "flash-sale", "every pattern", "odd names"])
def test_the_types_of_the_clients_are_right(name, tmp_path):
    """Both samples, a call with every pattern, and names that are no Go names."""
    if name == "every pattern":
        inputs = two(**FULL)
    else:
        system = alike() if name == "odd names" else sample(name)
        inputs = system, everything(system)
    ran = vet(tmp_path, inputs)
    assert ran.returncode == 0, ran.stderr


@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("WithFailureRateThreshold(0.5, 20, 10000*time.Millisecond)", "WithFailureRateThreshold(0.5, 20)"),
        ("[*http.Response](12)", "[*http.Response](12.5)"),
        ("WithMaxAttempts", "WithAttempts"),
        ("HandleIf(failed)", "HandleIf(true)"),
    ],
)
def test_a_planted_fault_is_rejected(right, wrong, tmp_path):
    """A missing argument, half a worker, a method that there is not, a value where a function belongs."""
    assert vet(tmp_path, two(**FULL)).returncode == 0
    (file,) = tmp_path.glob("failsafe-go/*/clients.go")
    text = file.read_text(encoding="utf-8")
    assert right in text
    file.write_text(text.replace(right, wrong), encoding="utf-8")
    ran = checked(tmp_path)
    assert ran.returncode != 0
    assert "clients.go" in ran.stderr
