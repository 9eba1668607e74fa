"""Verdicts on hypotheses, intervals behind them, and what they do to the strategy."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli import auditkit

from auditkit.model.audit import Experiment, PolicyProposal, Scenario, Trial
from auditkit.model.system import Bulkhead, Policy, System
from auditkit.planning import with_policies
from auditkit.planning.proving import proven
from auditkit.project import folder
from auditkit.simulation import Fault, Law, Setup, run_seeds
from auditkit.simulation.parallel import each
from auditkit.simulation.results import Bounds, Figure, PhaseResult
from auditkit.simulation.statistics import share_figure
from auditkit.simulation.summaries import journey_results
from auditkit.simulation.verdicts import verdict


def pair(rate: str = "100/s", **policy: object) -> System:
    return System.model_validate(
        {
            "system": "pair",
            "components": [{"id": "a", "concurrency": "none"}, {"id": "b", "concurrency": "none"}],
            "dependencies": [{"from": "a", "to": "b", "on_failure": "fail", "policy": policy or "none"}],
            "journeys": [{"id": "j", "entry": "a", "rate": rate}],
        }
    )


def judge(bound: float, rate: str = "100/s", wrong: float = 0.02) -> str:
    fault = (Fault("errors", "b", 20.0, 40.0, wrong),) if wrong else (Fault("slow_times", "b", 20.0, 40.0, 1.0),)
    setup = Setup(duration_s=80.0, laws={"b": Law("constant", 0.01)}, faults=fault)
    return verdict(journey_results(run_seeds(pair(rate), {}, setup, 4), 20.0, 60.0), [Bounds(journey="j", bad_at_most=bound)])[0]


def test_a_verdict_needs_an_interval_on_one_side_of_the_bound() -> None:
    """Two in a hundred bad answers: a bound of one fails, of five holds, of two cannot be told."""
    assert [judge(bound) for bound in (0.01, 0.05, 0.02)] == ["fails", "holds", "cannot tell"]


@pytest.mark.parametrize(
    ("lo", "mean", "hi", "expected"),
    [
        (0.030, 0.032, 0.035, "holds"),  # as bad as before
        (0.045, 0.050, 0.055, "fails"),  # wholly beyond what was seen before
        (0.020, 0.035, 0.060, "cannot tell"),  # it may be twice as bad, or better
        (0.030, 0.040, 0.049, "holds"),  # perhaps worse, but by less than the bound
    ],
)
def test_a_journey_that_misses_its_bound_anyway_must_not_become_worse(lo: float, mean: float, hi: float, expected: str) -> None:
    """Three in a hundred are bad without any fault (2 to 4), at a bound of one: judged by what the fault adds to that."""
    system = pair()
    runs = run_seeds(system, {}, Setup(duration_s=40.0, laws={"b": Law("constant", 0.01)}), 2)
    (result,) = journey_results(runs, 10.0, 20.0)

    def seen(low: float, middle: float, high: float) -> PhaseResult:
        return result.phases["before"].model_copy(update={"bad": Figure(mean=middle, lo=low, hi=high)})

    phases = {"before": seen(0.02, 0.03, 0.04), "during": seen(lo, mean, hi)}
    missing = result.model_copy(update={"phases": phases, "recovered": 1.0})
    found, why = verdict([missing], [Bounds(journey="j", bad_at_most=0.01)])
    assert found == expected
    assert "which it misses without the fault as well" in why


def test_a_few_requests_without_error_prove_nothing() -> None:
    """Four seeds without one bad answer: at one request a second that does not show one in a thousand, at a hundred it does."""
    assert judge(0.001, "1/s", 0.0) == "cannot tell"
    assert judge(0.001, "100/s", 0.0) == "holds"
    assert share_figure([0] * 4, [40] * 4).hi == pytest.approx(0.0234, abs=1e-4)


def test_a_stray_error_does_not_stretch_the_time_to_recover() -> None:
    """A single bad second long after the fault is noise; half a minute of queue behind it is not."""
    laws = {"b": Law("constant", 0.01)}
    stray = (Fault("crash", "b", 20.0, 5.0), Fault("errors", "b", 58.0, 0.05, 1.0))
    one = journey_results(run_seeds(pair(), {}, Setup(duration_s=80.0, laws=laws, faults=stray), 3), 20.0, 25.0)[0]
    assert one.recover_s is not None
    assert one.recover_s.mean <= 1.0
    long = (Fault("crash", "b", 20.0, 5.0), Fault("errors", "b", 25.0, 30.0, 0.5))
    two = journey_results(run_seeds(pair(), {}, Setup(duration_s=80.0, laws=laws, faults=long), 3), 20.0, 25.0)[0]
    assert two.recover_s is not None
    assert two.recover_s.mean == pytest.approx(30.0, abs=1.0)
    never = (Fault("crash", "b", 20.0, 60.0),)
    three = journey_results(run_seeds(pair(), {}, Setup(duration_s=80.0, laws=laws, faults=never), 3), 20.0, 25.0)[0]
    assert (three.recover_s, three.recovered) == (None, 0.0)


def test_a_setting_whose_experiment_fails_is_not_in_force_unless_somebody_adopts_it() -> None:
    """The bulkhead that fails is replaced by what there is today, the timeout stays; a person may still decide otherwise."""
    wanted = Policy(timeout_s=0.3, bulkhead=Bulkhead(max_concurrent=10))
    proposal = PolicyProposal(
        dependency="a -> b", today=Policy(), proposed=wanted, standing={"timeout": "designed", "bulkhead": "designed"}
    )
    scenario = Scenario(id="e", fail=("b",), mode="slow")
    plan = [
        Experiment(id=f"e-{p}", claim="", hypothesis="", scenario=scenario, method="", abort="", rollback="", subject="a -> b",
                   pattern=p)
        for p in ("timeout", "bulkhead")
    ]  # fmt: skip
    trials = [
        Trial(experiment="e-timeout", settings="proposed", verdict="holds", why=""),
        Trial(experiment="e-bulkhead", settings="proposed", verdict="fails", why="j: 5 % bad"),
        Trial(experiment="e-timeout", settings="today", verdict="fails", why=""),
    ]
    (after,) = proven([proposal], trials, plan)
    assert after.standing == {"timeout": "holds in simulation", "bulkhead": "failed in simulation"}
    assert list(after.withheld) == ["bulkhead"]
    in_force = with_policies(pair(), [after]).dependencies[0].policy
    assert in_force == Policy(timeout_s=0.3)
    adopted = after.model_copy(update={"adopted": True})
    assert with_policies(pair(), [adopted]).dependencies[0].policy == wanted


def test_verdicts_flow_into_the_strategy_until_its_ground_changes(tmp_path: Path) -> None:
    """What was simulated stands in strategy.yaml; once the system changes it counts no longer."""
    shop = tmp_path / "shop"
    auditkit("new", shop, "--sample", "worked-example")
    auditkit("run", shop)
    name = "chaos-timeout-api-home-recommendation"
    assert auditkit("simulate", shop, "--experiment", name).code == 0
    strategy = folder.strategy(shop)
    assert strategy is not None
    assert {t.settings: t.verdict for t in strategy.trials}["proposed"] == "holds"
    (proposal,) = (p for p in strategy.policies if p.dependency == "api:home -> recommendation")
    assert proposal.standing["timeout"] == "holds in simulation"
    assert auditkit("plan", shop).code == 0
    again = folder.strategy(shop)
    assert again is not None
    assert again.trials == strategy.trials
    text = (shop / "system.yaml").read_text(encoding="utf-8")
    (shop / "system.yaml").write_text(text.replace("rate: 200/s", "rate: 210/s"), encoding="utf-8")
    assert auditkit("plan", shop).code == 0
    changed = folder.strategy(shop)
    assert changed is not None
    assert changed.trials == ()


def test_what_is_done_when_somebody_stops_is_kept() -> None:
    """Two of many are taken; the rest never begins."""
    begun: list[int] = []

    def work(n: int) -> int:
        begun.append(n)
        return n * n

    results = each(work, range(1000), workers=1)
    taken = [next(results) for _ in range(2)]
    results.close()
    assert [result for _, result in taken] == [n * n for n, _ in taken]
    assert len(begun) < 1000


def test_other_processes_give_what_threads_give() -> None:
    """Through joblib, in the order of the items; a cluster is another name of a backend."""
    assert list(each(abs, [-3, -1, -2], backend="loky", workers=2)) == [(0, 3), (1, 1), (2, 2)]
    assert sorted(each(abs, [-3, -1, -2], workers=2)) == [(0, 3), (1, 1), (2, 2)]
