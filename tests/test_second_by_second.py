"""Experiments of a plan as the workbook asks for them: stopped in the middle, and second by second for pictures."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from auditkit.errors import InputError
from auditkit.project import Audit
from auditkit.project.simulating import second_by_second, simulate

SLOW = "chaos-timeout-api-home-recommendation"


@pytest.fixture(scope="module")
def audit(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    made = Audit.new(tmp_path_factory.mktemp("audit") / "shop", sample="worked-example")
    made.measure(sorted((made.folder / "latency").glob("*.csv")))
    made.plan()
    return made


def test_what_is_done_when_it_is_stopped_is_kept(audit: Audit) -> None:
    """Stopped after the first fault: every experiment of that fault is there whole, and lies in the folder."""
    done = simulate(audit.folder, stop=lambda: True)
    planned = {e.id for e in audit.plan().experiments if e.kind == "chaos"}
    names = {run.experiment for run in done}
    assert set() < names < planned
    settings = {run.settings for run in done}
    assert all({run.settings for run in done if run.experiment == name} == settings for name in names)
    kept = json.loads((audit.folder / "out/simulation.json").read_text())["trials"]
    assert {trial["experiment"] for trial in kept} == names


def test_the_series_are_of_the_runs_that_were_judged(audit: Audit) -> None:
    """Bad answers during the fault are as many, second by second, as the verdict counts."""
    runs = {run.settings: run for run in simulate(audit.folder, SLOW)}
    for series in second_by_second(audit.folder, SLOW):
        judged = next(j for j in runs[series.settings].journeys if j.journey == "home").phases["before"]
        home = next(j for j in series.journeys if j.journey == "home")
        of = [n for n, t in enumerate(series.times_s) if t < 19]  # those of the last second may still be under way at 20 s
        full = sum(home.full[n] * home.requests[n] for n in of) / sum(home.requests[n] for n in of)
        assert full == pytest.approx(judged.full.mean, abs=0.002)
        assert series.fault_s == (20.0, 60.0)


def test_no_such_experiment_is_told_in_one_line(audit: Audit, tmp_path: Path) -> None:
    """What there is instead, also where nobody has planned yet: the plan follows from the inputs."""
    with pytest.raises(InputError, match=rf"no chaos experiment 'x'.*{SLOW}"):
        second_by_second(audit.folder, "x")
    with pytest.raises(InputError, match="no chaos experiment 'x'"):
        second_by_second(Audit.new(tmp_path / "new", sample="worked-example").folder, "x")


def test_proofs_outlive_decisions_that_change_no_settings(audit: Audit) -> None:
    """A risk that is accepted leaves the verdicts as they are; a policy that is declined makes them stale."""
    simulate(audit.folder, SLOW)
    step = {s.name: s for s in audit.steps()}["prove"]
    assert (step.condition, "of 26 experiments simulated" in step.note) == ("open", True)
    audit.decide(audit.findings()[0].key, "accept_risk", "too rare", "Ada Example")
    assert {s.name: s for s in audit.steps()}["prove"] == step
    assert audit.plan().trials
    audit.decide("policy api:home -> recommendation", "defer", "after the release", "Ada Example")
    assert {s.name: s for s in audit.steps()}["prove"].condition == "stale"
    assert audit.plan().trials == ()
    audit.withdraw("policy api:home -> recommendation")
