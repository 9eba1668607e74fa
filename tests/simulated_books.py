"""A book of the shop with simulated experiments, for tests of the document."""

from __future__ import annotations

from dataclasses import replace

from document_books import shop_book

from auditkit.document import Book
from auditkit.model.audit import Experiment, Scenario, Trial
from auditkit.model.failure import Assumption
from auditkit.model.runs import BreakerSeries, BusySeries, JourneySeries, JourneyTrial, KeptRun, Seen, Series

CALL = "api:home -> recommendation"
TIMEOUT, BREAKER = "chaos-timeout-api-home-recommendation", "chaos-circuit-breaker-api-home-recommendation"
WHY = f"{BREAKER} fails in simulation: home: 8.00% bad, bound 0.10%"


def seen(bad: float, lo: float | None = None, hi: float | None = None) -> Seen:
    return Seen(bad=bad, bad_lo=lo, bad_hi=hi, attempts=1.25, p99_s=0.3)


def trial(experiment: str, settings: str, verdict: str, bad: float) -> Trial:
    """One experiment under one set of settings; the order button may stop, and is back after 36 s."""
    home = JourneyTrial(before=seen(0.001, 0.0005, 0.002), during=seen(bad, bad - 0.01, bad + 0.01), recover_s=0.0)
    order = JourneyTrial(before=seen(0.0), during=seen(1.0), recover_s=36.2)
    journeys = {"home": home, "order": order} if not settings.startswith("without") else {}
    why = f"home: {bad:.2%} bad, bound 0.10%"
    return Trial(
        experiment=experiment, settings=settings, verdict=verdict, why=why, seeds=(1, 2), bad={"home": bad}, journeys=journeys
    )


def series(settings: str, error: float) -> Series:
    journey = JourneySeries(
        journey="home",
        deadline_s=0.5,
        requests=(10.0,) * 3,
        full=(1.0, 1 - error, 1.0),
        degraded=(0.0,) * 3,
        error=(0.0, error, 0.0),
        late=(0.0,) * 3,
        stale=(0.0,) * 3,
        attempts=(1.0,) * 3,
        p99_s=(0.1, 0.2, 0.1),
    )
    return Series(
        settings=settings,
        step_s=1.0,
        times_s=(0.0, 1.0, 2.0),
        fault_s=(1.0, 2.0),
        journeys=(journey,),
        breakers=(BreakerSeries(call=CALL, open=(0.0, error, 0.0), half_open=(0.0,) * 3),),
        busy=(BusySeries(component="api", workers=10, busy=(1.0, 9.0, 1.0), waiting=(0.0,) * 3),),
    )


def experiment(name: str, pattern: str) -> Experiment:
    return Experiment(
        id=name, claim="home answers", hypothesis="", scenario=Scenario(id="s", fail=("recommendation",), mode="slow"),
        method="", abort="", rollback="", subject=CALL, pattern=pattern, steady=("home",), back=("order",),
    )  # fmt: skip


def simulated_book(**changes: object) -> Book:
    """The shop: the timeout mends what fails today, the breaker fails and is withheld; a run is kept."""
    book = shop_book()
    withheld = book.strategy.policies[0].model_copy(
        update={
            "adopted": False,
            "withheld": {"circuit_breaker": WHY},
            "standing": {"timeout": "holds in simulation", "circuit_breaker": "failed in simulation"},
        }
    )
    trials = (
        trial(TIMEOUT, "today", "fails", 0.98),
        trial(TIMEOUT, "proposed", "holds", 0.0),
        trial(TIMEOUT, f"without {CALL}", "fails", 0.97),
        trial(TIMEOUT, "without api:order -> orders", "holds", 0.0),
        trial(BREAKER, "today", "holds", 0.0),
        trial(BREAKER, "proposed", "fails", 0.08),
    )
    strategy = book.strategy.model_copy(
        update={
            "policies": (withheld, *book.strategy.policies[1:]),
            "trials": trials,
            "experiments": (experiment(TIMEOUT, "timeout"), experiment(BREAKER, "circuit_breaker")),
        }
    )
    runs = tuple(
        KeptRun(experiment=name, journey="home", series=(series("today", 0.9), series("proposed", 0.1)))
        for name in (TIMEOUT, BREAKER)
    )
    assumed = (Assumption(where="recommendation", what="queue unknown: without end"),)
    return replace(book, strategy=strategy, runs=runs, simulated_with=assumed, **changes)
