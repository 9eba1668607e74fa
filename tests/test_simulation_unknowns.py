"""What had to be assumed is swept low and high, and told where the verdict hangs on it."""

from __future__ import annotations

from pathlib import Path

from cli import auditkit

from auditkit.model.audit import Experiment, Scenario, Trial
from auditkit.model.latency import Histogram, LatencyProfile
from auditkit.model.system import System
from auditkit.notebook.simulated import missed
from auditkit.simulation import Setup, Strategies, run_seeds, verify
from auditkit.simulation.unknowns import Given, all_at, unknowns

DOWN = Experiment(
    id="down", claim="", hypothesis="", method="", abort="", rollback="", subject="a -> b", pattern="fallback",
    scenario=Scenario(id="down", fail=("b",), mode="down"), steady=("j",),
)  # fmt: skip


def shop(**cache: object) -> System:
    """A page that falls back to a cache; of the cache nothing is known but what is given here."""
    return System.model_validate(
        {
            "system": "shop",
            "components": [
                {"id": "a", "concurrency": 100, "queue": "none"},
                {"id": "b", "concurrency": "none"},
                {"id": "cache", **cache},
            ],
            "dependencies": [
                {
                    "from": "a", "to": "b", "on_failure": "degrade", "policy": {"timeout": "100ms"},
                    "fallback": {"kind": "cache", "alternatives": [{"to": "cache", "policy": {"timeout": "50ms"}}]},
                }
            ],
            "journeys": [{"id": "j", "entry": "a", "rate": "400/s", "deadline": "500ms"}],
        }
    )  # fmt: skip


def verdicts(system: System) -> dict[str, str]:
    return {r.settings: r.verdict for r in verify(Strategies(today=system, proposed=system, without={}), {}, [DOWN])}


def test_a_verdict_that_hangs_on_an_unknown_answer_says_on_which() -> None:
    """Without knowing the cache's workers the fallback holds; with a single one it fails, and that answer alone is named."""
    told = verdicts(shop())
    assert told["proposed"] == "holds"
    assert told["unknowns low"] == "fails"
    alone = {name: verdict for name, verdict in told.items() if name.startswith("assuming ")}
    assert [name for name, verdict in alone.items() if verdict == "fails"] == ["assuming cache: 1 worker"]
    assert len(alone) > 1


def test_a_verdict_that_survives_both_ends_needs_no_answer() -> None:
    """Once the cache's workers are known, nothing else changes the verdict, and no unknown is tried alone."""
    told = verdicts(shop(concurrency=50, queue="none"))
    assert {told[name] for name in ("proposed", "unknowns low", "unknowns high")} == {"holds"}
    assert not [name for name in told if name.startswith("assuming ")]


def test_everything_that_is_assumed_for_want_of_an_answer_is_swept() -> None:
    """Rates, workers, queues, latencies, effects, fallbacks, breakers and cut-off latencies; what follows from rates is not."""
    system = System.model_validate(
        {
            "system": "unknown",
            "components": [{"id": "x", "concurrency": 9}, {"id": "y"}],
            "dependencies": [
                {"from": "x", "to": "y", "policy": {"circuit_breaker": {"failure_rate": "50%", "min_calls": 10}}},
                {"from": "x", "to": "z", "on_failure": "degrade", "rate": "5/s"},
            ],
            "journeys": [{"id": "j", "entry": "x"}, {"id": "k", "entry": "x", "rate": "15/s"}],
        }
    )
    times = Histogram(lo_s=(0.01,), hi_s=(0.02,), counts=(1000,))
    profile = LatencyProfile.model_validate(
        {
            "call": "x -> z", "caller": "x", "callee": "z", "ok": times, "n": 1000, "timeouts": 40, "cut_off_at_s": 0.5,
            "mean_s": 0.015, "min_s": 0.01, "max_s": 0.02,
            **{key: {"point": 0.02, "lo": 0.02} for key in ("p50", "p95", "p99", "p999")},
        }
    )  # fmt: skip
    given = Given(system, {"x -> z": profile}, Setup(duration_s=5.0))
    runs = run_seeds(system, given.profiles, given.setup, 1)
    swept = {f"{u.where}: {u.what}" for u in unknowns(given, runs)}
    assumed = {f"{a.where}: {a.what}" for a in runs[0].compiled.assumptions}
    assert {line for line in assumed - swept if "as its rate says" not in line} == set()
    assert len(swept) == 10
    for end in ("low", "high"):
        other = all_at(given, unknowns(given, runs), end)
        assert other is not None
        after = {f"{a.where}: {a.what}" for a in run_seeds(other.system, other.profiles, other.setup, 1)[0].compiled.assumptions}
        assert len(assumed & after) < len(assumed)
    longer = other.setup.laws["x -> z"].histogram  # as many as timed out last up to ten times as long
    assert longer is not None
    assert (longer.counts[-1], longer.hi_s[-1]) == (40, 5.0)


def test_the_command_prints_what_the_verdicts_hang_on(tmp_path: Path) -> None:
    """Assumptions, judgement calls and the correlation of slow calls stand there, and how many verdicts survive the sweep."""
    auditkit("new", tmp_path / "shop", "--sample", "worked-example")
    auditkit("run", tmp_path / "shop")
    shown = auditkit("simulate", tmp_path / "shop", "--experiment", "chaos-timeout-api-home-users")
    assert "assuming session-cache: 1 worker" in shown.out
    assert "0 of 1 verdicts on the proposed settings stay the same" in shown.out
    for words in ("slow independently of each other", "2 % more bad answers", "has to be no worse than it was then"):
        assert words in shown.out
    assert shown.out.count("queue unknown") == 3  # those of the system, not those that the sweep asks about


def test_the_workbook_tells_proposals_that_are_needed_from_answers_that_are_missing() -> None:
    """A run that fails with another answer does not stand among the proposals that cannot be left out."""
    told = [Trial(experiment="e", settings=s, verdict=v, why="") for s, v in (
        ("today", "fails"), ("proposed", "holds"), ("without a -> b", "fails"), ("unknowns low", "fails"),
        ("assuming cache: 1 worker", "fails"),
    )]  # fmt: skip
    assert missed(told) == "a -> b"
