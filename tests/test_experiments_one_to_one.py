"""What an experiment breaks is one figure: in its method, in its simulation, and in the files of the tools that do it."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli import auditkit

from auditkit.checks.wording import seconds
from auditkit.model.audit import Experiment, Scenario
from auditkit.project import folder
from auditkit.simulation.experiments import faults_of


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The worked example with its plan, and the experiments for Chaos Mesh, a file each."""
    place = tmp_path_factory.mktemp("one") / "shop"
    auditkit("new", place, "--sample", "worked-example")
    assert auditkit("run", place).code == 0
    assert auditkit("export", place, "--to", "chaos-mesh").code == 0
    return place


def test_a_slow_answer_is_as_late_in_the_method_the_simulation_and_the_tool(shop: Path) -> None:
    """For every slow experiment: the delay of the scenario, in words, in the simulated fault, and in Chaos Mesh's object."""
    strategy = folder.strategy(shop)
    assert strategy is not None
    slow = [e for e in strategy.experiments if e.kind == "chaos" and e.scenario.mode == "slow"]
    assert len(slow) >= 5
    for experiment in slow:
        delay = experiment.scenario.delay_s
        assert delay is not None
        assert f"by {seconds(delay)}" in experiment.method
        assert {(f.kind, f.value) for f in faults_of(experiment)} == {("slow_plus", delay)}
        exported = shop / "out" / "chaos-mesh" / f"{experiment.id}.yaml"
        if experiment.scenario.fail != ("warehouse",):  # run by others
            assert f"latency: {delay * 1000:g}ms" in exported.read_text(encoding="utf-8")


def test_every_caller_sees_the_delay(shop: Path) -> None:
    """Twice the longest timeout in front of what is slow: no attempt that has a timeout outlasts it."""
    strategy = folder.strategy(shop)
    assert strategy is not None
    for experiment in strategy.experiments:
        if experiment.scenario.mode == "slow" and experiment.kind == "chaos":
            waits = [
                p.proposed.timeout_s for p in strategy.policies
                if p.proposed is not None and isinstance(p.proposed.timeout_s, float)
                and p.dependency.partition(" -> ")[2].partition(":")[0] in experiment.scenario.fail
            ]  # fmt: skip
            assert experiment.scenario.delay_s == max(2.0, 2 * max(waits, default=0.0))


def test_a_slow_experiment_of_an_older_plan_hangs() -> None:
    """A plan that does not say how late: nothing is answered until the fault is over."""
    old = Experiment(
        id="old", claim="", hypothesis="", method="", abort="", rollback="", scenario=Scenario(id="old", fail=("b",), mode="slow")
    )
    assert [f.kind for f in faults_of(old)] == ["hang"]
