"""Tuning: a grid around the closed form on common random numbers, and the plateau instead of the best point."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from cli import auditkit

from auditkit.model.audit import Experiment, Scenario
from auditkit.model.system import System
from auditkit.planning.tuning import grid, said
from auditkit.simulation import Law, Setup, run_seeds
from auditkit.simulation import tuning as tuned
from auditkit.simulation.tuning import Tuning, lost, tune

LOAD, WORKERS = 6.0, 40
SLOW = Experiment(
    id="chaos-bulkhead-a-b", claim="", hypothesis="", method="", abort="", rollback="", subject="a -> b", pattern="bulkhead",
    scenario=Scenario(id="e", fail=("b",), mode="slow"),
)  # fmt: skip


def pool(places: float) -> System:
    """A caller of forty workers with a bulkhead around a call that has six under way on average, beside one without any."""
    return System.model_validate(
        {
            "system": "pool",
            "components": [{"id": "a", "concurrency": WORKERS, "queue": 0}, {"id": "b", "concurrency": "none"}],
            "dependencies": [
                {"from": "a:one", "to": "b", "on_failure": "fail", "policy": {"bulkhead": {"max_concurrent": int(places)}}}
            ],
            "journeys": [
                {"id": "one", "entry": "a:one", "rate": "60/s", "value": 1},
                {"id": "two", "entry": "a:two", "rate": "60/s", "value": 1},
            ],
        }
    )


@pytest.fixture(scope="module")
def bulkhead() -> Tuning:
    """Places around Erlang B's fifteen; the callee hangs for a hundredth of the time."""
    places = (5.0, 8.0, 11.0, 15.0, 20.0, 30.0, 40.0)
    original = tuned.setup_of
    laws = {"b": Law("exponential", LOAD / 60.0)}
    tuned.setup_of = lambda experiment, seed: Setup(  # latencies of its own, since there is no export
        seed=seed, duration_s=120.0, faults=original(experiment).faults, laws=laws
    )
    try:
        return tune("a -> b", "max_concurrent", 15.0, {n: pool(n) for n in places}, {}, SLOW)
    finally:
        tuned.setup_of = original


def test_the_plateau_leaves_out_what_refuses_healthy_calls_and_what_lets_everybody_hang(bulkhead: Tuning) -> None:
    """Half of Erlang B's places refuse too many healthy calls, forty give every worker away; between them is the plateau."""
    by_value = {tried.value: tried for tried in bulkhead.tried}
    assert bulkhead.plateau == (20.0, 30.0)
    assert by_value[40.0].fault_loss > by_value[30.0].fault_loss + 0.1
    assert by_value[5.0].healthy_loss == pytest.approx(0.5 * 0.3604, abs=0.02)  # Erlang B(6, 5) of one journey of two


def test_the_sentence_tells_the_plateau_and_never_the_best_point(bulkhead: Tuning) -> None:
    """A range, and what the closed form loses beside it: fifteen places refuse 0.089 % (Erlang B) of one journey of two."""
    own = next(tried for tried in bulkhead.tried if tried.value == 15.0)
    assert own.worse_by.lo is not None
    assert own.worse_by.hi is not None
    assert own.worse_by.lo < 0.99 * 0.5 * 0.000892 < own.worse_by.hi
    words = said(bulkhead)
    assert words.startswith("places: 20 to 30 cannot be told from the best; the closed form's 15 loses 0.0")
    within = bulkhead.model_copy(update={"closed_form": 20.0, "on_plateau": True})
    assert said(within) == "places: 20 to 30 cannot be told from the best; the closed form's 20 is among them"


def test_equal_luck_tells_apart_what_means_alone_could_not() -> None:
    """In pairs of equal seeds eight and nine places differ by less than the seeds do among themselves."""
    laws = {"b": Law("exponential", LOAD / 60.0)}
    setup = Setup(seed=3, duration_s=60.0, laws=laws)
    eight, nine = ([lost(run) for run in run_seeds(pool(n), {}, setup, 6)] for n in (8, 9))
    assert np.std(np.subtract(eight, nine)) < 0.5 * np.std(eight)


def test_a_grid_holds_the_closed_form_and_whole_places() -> None:
    """Whatever it is: the value itself is tried, and nobody is offered half a place or no attempt."""
    for name, value in (
        ("max_concurrent", 1.0),
        ("max_attempts", 7.0),
        ("timeout_s", 0.3),
        ("open_for_s", 10.0),
        ("failure_rate", 0.7),
    ):
        values = grid(name, value)
        assert value in values
        assert list(values) == sorted(set(values))
        assert values[0] > 0
        assert name != "failure_rate" or values[-1] == 1.0
        assert name not in ("max_concurrent", "max_attempts") or all(v == int(v) for v in values)


def test_a_call_of_the_plan_is_tuned_from_the_command_line(tmp_path: Path) -> None:
    """A range for each figure that its experiments can try, the assumptions in words; equal seeds, equal text."""
    shop = tmp_path / "shop"
    auditkit("new", shop, "--sample", "worked-example")
    none = auditkit("tune", shop, "api:account -> loyalty")
    assert (none.code, "measure its latency" in none.err) == (2, True)
    auditkit("run", shop)
    before = {path: path.read_bytes() for path in shop.rglob("*.yaml")}
    shown = auditkit("tune", shop, "api:account -> loyalty")
    assert shown.code == 0
    assert "places: 2 to 9" in shown.out
    assert "Assumed" in shown.out
    told = auditkit("tune", shop, "api:account -> loyalty", "--json")
    assert [figure["figure"] for figure in told.json["figures"]] == ["max_concurrent"]
    assert told.json["figures"][0]["on_plateau"] is True
    assert {path: path.read_bytes() for path in shop.rglob("*.yaml")} == before
    wrong = auditkit("tune", shop, "api -> nobody")
    assert (wrong.code, "api:home -> recommendation" in wrong.err) == (2, True)
    odd = auditkit("tune", shop, "api:account -> loyalty", "--fault-share", "50")
    assert (odd.code, "50%" in odd.err) == (2, True)
