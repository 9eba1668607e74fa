"""Which runs of a verification are not made, and that the verdicts stay as they would be with all of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from auditkit.model.audit import Experiment, Scenario
from auditkit.model.system import System
from auditkit.notebook.simulated import prove
from auditkit.project import Audit
from auditkit.project.simulating import kept_before, left_out, simulate
from auditkit.simulation import RunResult, Strategies, run_seeds, setup_of, verify
from auditkit.simulation import sparing as spared
from auditkit.simulation.sparing import LEFT_OUT, ONE_SEED
from auditkit.simulation.unknowns import Given, unknowns

SLOW_B = Experiment(
    id="slow-b", claim="", hypothesis="", method="", abort="", rollback="", subject="a -> b",
    scenario=Scenario(id="x", fail=("b",), mode="slow"), steady=("page",),
)  # fmt: skip


def system(*bounded: str) -> System:
    """A page that asks b and c, with room for every call; `bounded` ones give up after 100 ms."""
    return System.model_validate(
        {
            "system": "s",
            "components": [{"id": x, "concurrency": 60, "queue": 20} for x in "abc"],
            "dependencies": [
                {"from": "a", "to": to, "on_failure": "degrade", "fallback": {"kind": "static"},
                 "policy": {"timeout": "100ms"} if to in bounded else "none"}
                for to in "bc"
            ],
            "journeys": [{"id": "page", "entry": "a", "rate": "100/s", "deadline": "500ms"}],
        }
    )  # fmt: skip


def results(seeds: int = 4) -> dict[str, RunResult]:
    both = system("b", "c")
    settings = Strategies(system(), both, {"a -> b": system("c"), "a -> c": system("b")})
    return {r.settings: r for r in verify(settings, {}, (SLOW_B,), seeds=seeds)}


def test_one_seed_is_enough_for_what_is_far_beyond_its_bound() -> None:
    """Without the timeout of what is slow every page waits: that is no matter of seeds, and the result names the one it has."""
    found = results()["without a -> b"]
    assert (found.verdict, found.seeds) == ("fails", (1,))
    assert ONE_SEED in found.assumptions


def test_today_and_the_proposed_settings_have_all_seeds() -> None:
    """Their intervals stand in the document."""
    assert {name: r.seeds for name, r in results().items() if name in ("today", "proposed")} == {
        "today": (1, 2, 3, 4), "proposed": (1, 2, 3, 4)
    }  # fmt: skip


def test_a_proposal_that_acts_as_seldom_as_ever_is_left_out_and_the_result_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    """It names no seed, and the verdict of the proposed settings; were it run, it would get the same one."""
    monkeypatch.setattr("auditkit.simulation.verification.never_acted", lambda *_: False)
    found = results()
    assert (found["without a -> c"].seeds, found["without a -> c"].verdict) == ((), found["proposed"].verdict)
    assert LEFT_OUT in found["without a -> c"].assumptions
    monkeypatch.setattr("auditkit.simulation.verification.acted_as_usual", lambda *_: False)
    run = results()["without a -> c"]
    assert (run.seeds, run.verdict) == ((1,), found["proposed"].verdict)


def test_what_crowds_a_pool_is_not_settled_by_one_seed() -> None:
    """With the same answers, but more requests in hand than before, another seed may have one too many."""
    setup = setup_of(SLOW_B)
    base = spared.base_of(run_seeds(system("b", "c"), {}, setup, 2))
    assert spared.as_crowded(base, base.runs[0])
    assert not spared.as_crowded(base, run_seeds(system("c"), {}, setup, 1)[0])


def test_an_idle_unknown_gives_the_same_run_to_the_last_bit() -> None:
    """Nobody was ever busy enough for the limit that was tried, or failed: so it is not tried alone."""
    full = system("b", "c")
    told = full.model_copy(update={"components": tuple(x.model_copy(update={"queue": None}) for x in full.components)})
    setup = setup_of(SLOW_B)
    runs = run_seeds(told, {}, setup, 1)
    given = Given(told, {}, setup)
    idle = [u for u in unknowns(given, runs) if u.idle and u.low is not None]
    assert {"a", "c"} <= {u.where for u in idle}
    for unknown in idle:
        assert unknown.low is not None
        other = unknown.low.put(given)
        again = run_seeds(other.system, other.profiles, other.setup, 1)[0]
        assert np.array_equal(again.codes, runs[0].codes)
        assert np.array_equal(again.latency_s, runs[0].latency_s)


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The worked example, not planned yet."""
    audit = Audit.new(tmp_path_factory.mktemp("sparing") / "shop", sample="worked-example")
    audit.measure()
    return audit


def test_a_plan_that_is_simulated_in_part_is_not_proven_and_goes_on_with_the_rest(shop: Audit) -> None:
    """It is planned first where nobody did; what is left is told, stays `designed`, and comes next."""
    assert shop.strategy is None
    said = prove(shop, within_s=0.0)
    step = next(step for step in shop.steps() if step.name == "prove")
    left = left_out(shop.folder)
    assert all(words in said for words in ("faults simulated", "nothing is proven", "auditkit simulate"))
    assert (step.condition, f"of {len(left) + len(kept_before(shop.folder))} experiments" in step.note) == ("open", True)
    strategy = shop.plan()
    proven = {(e.subject, e.pattern) for e in strategy.experiments if e.id not in left}
    for proposal in strategy.policies:
        for pattern, standing in proposal.standing.items():
            assert standing == "designed" or (proposal.dependency, pattern) in proven
    ran = {r.experiment for r in simulate(shop.folder, stop=lambda: True)}
    assert set() < ran <= set(left)
    assert any("not simulated" in m.what for m in shop.missing())


def test_the_count_of_runs_covers_all_of_the_work(tmp_path: Path) -> None:
    """Faults, healthy costs and pictures are one count, which never falls behind itself and ends at its whole."""
    audit = Audit.new(tmp_path / "one", sample="worked-example")
    told: list[tuple[int, int]] = []
    audit.measure()
    simulate(audit.folder, "chaos-timeout-inventory-reserve-warehouse", progress=lambda done, of: told.append((done, of)))
    assert [done for done, _ in told] == sorted(done for done, _ in told)
    assert told[-1][0] == told[-1][1]
