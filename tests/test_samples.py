"""The shipped samples: they can be read, their latencies can be drawn again, and their known answers come out."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from auditkit.model.audit import AuditFacts
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System

DATA = Path(__file__).resolve().parent.parent / "data"
SAMPLES = ("worked-example", "flash-sale")


def read(path: Path) -> Any:
    return YAML(typ="safe").load(path)


def answers(sample: str) -> Any:
    return read(DATA / sample / "answers.yaml")


@pytest.fixture(scope="module")
def drawing() -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_latency", DATA / "make_latency.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize("sample", SAMPLES)
def test_a_sample_is_a_whole_audit_folder(sample: str) -> None:
    """System, facts of the audit and latencies are there, read without complaint, and small."""
    folder = DATA / sample
    System.model_validate(read(folder / "system.yaml"), context=FROM_FILE)
    AuditFacts.model_validate(read(folder / "audit.yaml"), context=FROM_FILE)
    assert (folder / "system.yaml").read_text().startswith("# yaml-language-server: $schema=")
    assert sum(f.stat().st_size for f in (folder / "latency").iterdir()) < 1_500_000


@pytest.mark.parametrize("sample", SAMPLES)
def test_latencies_are_drawn_again_byte_for_byte(sample: str, drawing: ModuleType, tmp_path: Path) -> None:
    """The script beside the samples reproduces the exports from the stated distributions and seed."""
    shutil.copy(DATA / sample / "answers.yaml", tmp_path)
    drawn = drawing.draw(tmp_path)
    assert [f.name for f in drawn] == sorted(f.name for f in (DATA / sample / "latency").iterdir())
    for file in drawn:
        assert file.read_bytes() == (DATA / sample / "latency" / file.name).read_bytes()


@pytest.mark.parametrize("sample", SAMPLES)
def test_stated_p99_are_those_of_the_stated_distributions(sample: str, drawing: ModuleType) -> None:
    """The known p99s are closed forms, not readings of the drawn samples."""
    for call in answers(sample)["calls"]:
        assert drawing.quantile_ms(call["distribution"], 0.99) == pytest.approx(call["p99_ms"], rel=5e-4)


def test_closed_forms_agree_with_textbook_values(drawing: ModuleType) -> None:
    """z(0.99) = 2.32635; a Lomax of shape 2 has its 99 % quantile at nine scales."""
    assert drawing.quantile_ms({"lognormal": {"median_ms": 1, "sigma": 1}}, 0.99) == pytest.approx(10.2405, rel=1e-4)
    assert drawing.quantile_ms({"lomax": {"scale_ms": 1, "shape": 2}}, 0.99) == pytest.approx(9.0)
