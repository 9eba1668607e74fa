"""The shipped samples: they can be read, their latencies can be drawn again, and their known answers come out."""

from __future__ import annotations

import importlib.util
import shutil
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest
from ruamel.yaml import YAML

from auditkit.engine import blast_radius, single_failures
from auditkit.latency import measure
from auditkit.model.audit import AuditFacts
from auditkit.model.failure import State
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.patterns.timeout import advise
from auditkit.units import parse_share

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
    assert drawing.quantile_ms({"lomax": {"floor_ms": 1, "scale_ms": 1, "shape": 2}}, 0.99) == pytest.approx(10.0)


def system(sample: str) -> System:
    return System.model_validate(read(DATA / sample / "system.yaml"), context=FROM_FILE)


@pytest.fixture(scope="module", params=SAMPLES)
def measured(request: pytest.FixtureRequest) -> tuple[Any, dict[str, tuple[LatencyProfile, TimeoutAdvice]]]:
    files = sorted((DATA / request.param / "latency").glob("*.csv"))
    found = {profile.call: (profile, advise(profile)) for profile in measure(files).profiles}
    return answers(request.param), found


def test_measured_p99_meet_the_stated_ones(measured: Any) -> None:
    """Within the sampling error of so many samples; what was cut off shows no p99, only where it begins."""
    known, found = measured
    assert sorted(found) == sorted(call["call"] for call in known["calls"])
    for call in known["calls"]:
        profile, _ = found[call["call"]]
        assert profile.n + profile.timeouts + profile.errors == call["rows"]
        if "cut_off_ms" in call:
            assert profile.p99.hi is None
            assert profile.p99.lo * 1000 < call["cut_off_ms"] < call["p99_ms"]
        elif call["rows"] >= 299:
            heavy = "lomax" in call["distribution"]
            tolerance = parse_share(known["p99_tolerance"]["heavy_tail" if heavy else "light_tail"])
            assert profile.p99.point * 1000 == pytest.approx(call["p99_ms"], rel=tolerance)
            assert profile.p99.lo * 1000 <= call["p99_ms"] <= (profile.p99.hi or float("inf")) * 1000


def test_timeouts_are_justified_or_refused_as_stated(measured: Any) -> None:
    """Taken alone, without deadline and pool: the grade, the rule that decided, the refusals."""
    known, found = measured
    for call in known["calls"]:
        _, advice = found[call["call"]]
        assert advice.grade == call["grade"], call["call"]
        assert advice.bound_by == call.get("bound_by", "samples")
        if "recommended_ms" in call:
            assert advice.recommended_s == pytest.approx(call["recommended_ms"] / 1000)
    assert sorted(call for call, (_, advice) in found.items() if advice.recommended_s is None) == sorted(known["refused"])


@pytest.mark.parametrize(
    ("sample", "scenario"), [(sample, scenario) for sample in SAMPLES for scenario in answers(sample)["scenarios"]], ids=str
)
def test_scenarios_end_as_worked_out_by_hand(sample: str, scenario: Any) -> None:
    """Journeys' states, and the value lost, of the scenarios that the samples are about."""
    radius = blast_radius(system(sample), scenario["fail"], scenario["mode"], scenario.get("assume", "worst"), {})
    assert {journey: radius.journeys[journey] for journey in scenario["journeys"]} == scenario["journeys"]
    if "value_lost" in scenario:
        assert radius.value_lost == pytest.approx(scenario["value_lost"])


@pytest.mark.parametrize("sample", SAMPLES)
def test_single_points_of_failure_are_the_known_ones(sample: str) -> None:
    """Proven under the best answers, possible under the worst."""
    for certainty, assume in (("proven", "best"), ("possible", "worst")):
        radii = single_failures(system(sample), "down", assume, {})  # type: ignore[arg-type]
        for journey, known in answers(sample)["single_points"].items():
            found = sorted(radius.fail[0] for radius in radii if radius.journeys[journey] in (State.FAILED, State.HUNG))
            assert found == known[certainty]
