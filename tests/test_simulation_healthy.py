"""What settings cost while nothing is wrong: with and without each of them on equal draws, kept, and told beside closed forms."""

from __future__ import annotations

from pathlib import Path

import pytest
from cli import auditkit
from ruamel.yaml import YAML

from auditkit.model.latency import Histogram, LatencyProfile
from auditkit.model.runs import HealthyCost
from auditkit.model.system import System
from auditkit.patterns.bulkhead import erlang_b
from auditkit.project import folder
from auditkit.simulation.healthy import healthy_costs


def pair(**policy: object) -> System:
    return System.model_validate(
        {
            "system": "pair",
            "components": [{"id": "a", "concurrency": "none"}, {"id": "b", "concurrency": "none"}],
            "dependencies": [{"from": "a", "to": "b", "on_failure": "fail", "policy": policy}],
            "journeys": [{"id": "j", "entry": "a", "rate": "600/s"}],
        }
    )


def measured(errors: int = 0) -> LatencyProfile:
    """Nine calls in ten take 10 ms, one takes 20 ms."""
    point = {"point": 0.01, "lo": 0.01, "hi": 0.02}
    return LatencyProfile.model_validate(
        {
            "call": "a -> b", "caller": "a", "callee": "b", "n": 1000, "errors": errors, "min_s": 0.01, "max_s": 0.02,
            "mean_s": 0.011, "ok": Histogram(lo_s=(0.01, 0.02), hi_s=(0.01, 0.02), counts=(900, 100)),
            **dict.fromkeys(("p50", "p95", "p99", "p999"), point),
        }
    )  # fmt: skip


def cost(pattern: str, system: System, errors: int = 0) -> HealthyCost:
    found = healthy_costs(system, ["a -> b"], {"a -> b": measured(errors)})
    return next(one for one in found if one.pattern == pattern)


def test_a_bulkhead_refuses_what_erlang_b_says_and_the_answers_are_as_many_fewer() -> None:
    """6.6 under way on average in ten places: 6.34 % are refused, and so many more answers are not full."""
    found = cost("bulkhead", pair(bulkhead={"max_concurrent": 10}))
    assert erlang_b(6.6, 10) == pytest.approx(0.06339, abs=1e-5)
    assert found.refused.lo < erlang_b(6.6, 10) < (found.refused.hi or 0)
    assert (found.refused.hi or 1) - found.refused.lo < 0.01
    assert found.not_full.point == pytest.approx(found.refused.point, abs=1e-6)


def test_a_timeout_costs_the_calls_that_it_cuts_off_and_saves_their_time() -> None:
    """One call in ten takes 20 ms: at 15 ms it is lost, after 15 ms instead of 20."""
    found = cost("timeout", pair(timeout="15ms"))
    assert found.refused.lo < 0.1 < (found.refused.hi or 0)
    assert found.not_full.point == pytest.approx(found.refused.point, abs=1e-6)
    assert found.added_s.point == pytest.approx(-0.1 * 0.005, rel=0.05)


def test_a_retry_costs_attempts_and_mends_answers() -> None:
    """One call in ten fails: 0.1 more attempts a request, and 0.1 − 0.01 fewer answers that are not full."""
    found = cost("retry", pair(retry={"max_attempts": 2}), errors=111)
    assert found.more_attempts.point == pytest.approx(0.1, abs=0.005)
    assert found.not_full.point == pytest.approx(-0.09, abs=0.005)
    assert found.refused.point == 0


def test_what_never_acted_costs_nothing_but_is_not_proven_to_be_free() -> None:
    """Nothing refused in some 288,000 calls: the upper end is what so many bear (Wilson), not zero."""
    found = cost("bulkhead", pair(bulkhead={"max_concurrent": 100}))
    assert found.refused.point == 0
    assert found.refused.hi == pytest.approx(3.84 / found.requests, rel=0.01)
    assert found.not_full.hi == 0


def small(place: Path) -> Path:
    """The worked example's home page and its recommendations, nothing else: simulated as a whole in a second or two."""
    shop, yaml = place / "shop", YAML()
    auditkit("new", shop, "--sample", "worked-example")
    raw = yaml.load(shop / "system.yaml")
    raw["dependencies"] = [d for d in raw["dependencies"] if (d["from"], d["to"]) == ("api:home", "recommendation")]
    raw["journeys"] = [j for j in raw["journeys"] if j["entry"] == "api:home"]
    raw["common_causes"] = []
    raw["components"] = [c for c in raw["components"] if c["id"] in ("api", "recommendation")]
    yaml.dump(raw, shop / "system.yaml")
    return shop


def test_costs_are_kept_with_the_verdicts_and_stand_beside_the_closed_form(tmp_path: Path) -> None:
    """Once the whole plan has been simulated: in the strategy, at each figure, on the terminal, until the system changes."""
    shop = small(tmp_path)
    assert auditkit("run", shop).code == 0
    told = auditkit("simulate", shop, "--json")
    assert told.code == 0, told.err
    strategy = folder.strategy(shop)
    assert strategy is not None
    assert {cost.pattern for cost in strategy.healthy_costs} >= {"timeout"}
    assert len(told.json["healthy_costs"]) == len(strategy.healthy_costs)
    (proposal,) = strategy.policies
    assert "simulated while healthy: ends 0 % of attempts" in proposal.grounds["timeout"].cost
    assert auditkit("plan", shop).code == 0
    again = folder.strategy(shop)
    assert again is not None
    assert again.policies == strategy.policies
    assumed = folder.trials(shop).assumptions
    one = auditkit("simulate", shop, "--experiment", strategy.trials[0].experiment)
    assert "While nothing is wrong" in one.out
    assert folder.trials(shop).assumptions == assumed
    assert len(assumed) > 4
    text = (shop / "system.yaml").read_text(encoding="utf-8")
    (shop / "system.yaml").write_text(text.replace("200/s", "210/s"), encoding="utf-8")
    auditkit("plan", shop)
    changed = folder.strategy(shop)
    assert changed is not None
    assert changed.healthy_costs == ()


def test_a_whole_run_proves_the_plan_only_where_somebody_asks_for_it(tmp_path: Path) -> None:
    """Without --simulate the document says that nothing was simulated; with it the verdicts are in it; once is enough."""
    shop = small(tmp_path)
    assert auditkit("run", shop).code == 0
    assert "no experiment was simulated" in (shop / "out" / "strategy.md").read_text(encoding="utf-8")
    assert not (shop / "out" / "simulation.json").exists()
    assert auditkit("run", shop, "--simulate").code == 0
    text = (shop / "out" / "strategy.md").read_text(encoding="utf-8")
    assert "no experiment was simulated" not in text
    assert "Simulation, before and after" in text
    made = (shop / "out" / "simulation.json").stat().st_mtime_ns
    assert auditkit("run", shop, "--simulate").code == 0
    assert (shop / "out" / "simulation.json").stat().st_mtime_ns == made
