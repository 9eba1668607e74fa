"""Pictures of simulated runs: the same bytes each time, told in words as well, no colour without a pattern."""

from __future__ import annotations

import math
import xml.etree.ElementTree as ET

import pytest

from auditkit.document.run_picture import run_picture
from auditkit.errors import InputError
from auditkit.model.runs import BreakerSeries, BusySeries, JourneySeries, Series

SVG = "{http://www.w3.org/2000/svg}"


def run(settings: str, error: float = 0.0, late: float = 0.0, *, breaker: bool = False) -> Series:
    """Nine seconds, three of them with a fault that does so much."""
    hit = [0.0, 0.0, 0.0, 1.0, 1.0, 1.0, 0.0, 0.0, 0.0]
    bad = [h * (error + late) for h in hit]
    journey = JourneySeries(
        journey="order <$1$>",
        deadline_s=0.5,
        requests=(100.0,) * 9,
        full=tuple(1 - b for b in bad),
        degraded=(0.0,) * 9,
        error=tuple(h * error for h in hit),
        late=tuple(h * late for h in hit),
        stale=(0.0,) * 9,
        attempts=(1.0,) * 9,
        p99_s=tuple(None if h and error == 1 else 0.1 + h for h in hit),
    )
    open_ = (BreakerSeries(call="api -> pay", open=tuple(hit), half_open=(0.0,) * 9),) if breaker else ()
    busy = (
        BusySeries(component="api", workers=10, busy=tuple(10 * h for h in hit), waiting=(0.0,) * 9),
        BusySeries(component="pay", busy=(1.0,) * 9, waiting=(0.0,) * 9),
    )
    times = tuple(map(float, range(9)))
    return Series(
        settings=settings, step_s=1.0, times_s=times, fault_s=(3.0, 6.0), journeys=(journey,), breakers=open_, busy=busy
    )


def test_the_same_runs_give_the_same_bytes() -> None:
    """No date, no random id."""
    runs = [run("today", error=1.0), run("proposed", late=0.25, breaker=True)]
    assert run_picture(runs) == run_picture(runs)


def test_who_does_not_see_it_hears_the_story() -> None:
    """Both settings by phase, the deadline, breakers that opened, how busy the workers were; whatever a name contains."""
    svg, title, words = run_picture([run("today", error=1.0), run("proposed", late=0.25, breaker=True)])
    root = ET.fromstring(svg)
    assert root.get("role") == "img"
    assert root.get("aria-label") == f"{title}. {words}"
    assert root.findtext(f"{SVG}title") == title == "order <$1$>, second by second"
    assert root.findtext(f"{SVG}desc") == words
    assert "today: before the fault 100.0% full; during 100.0% error; after 100.0% full." in words
    assert "proposed: before the fault 100.0% full; during 75.0% full, 25.0% late; after 100.0% full." in words
    assert "worst p99 of a second is 1.1s, the deadline is 500ms" in words
    assert "Breakers open on api -> pay." in words
    assert "workers of api at most 100%" in words


def test_what_is_drawn_is_said_beside_it() -> None:
    """Every part has its name in the picture, and what is bad a pattern beside its colour."""
    svg, _, _ = run_picture([run("today", error=0.5, late=0.5), run("proposed", late=0.25, breaker=True)])
    said = {"".join(text.itertext()) for text in ET.fromstring(svg).iter(f"{SVG}text")}
    for words in ("today", "proposed", "✓ full", "◐ degraded", "◷ late", "✕ error", "deadline 500ms", "open", "no breaker"):
        assert words in said
    assert "api (10 workers)" in said
    assert not any(words.startswith("pay (") for words in said)  # nobody knows how many there are
    assert svg.count("<pattern ") >= 2


def test_answers_older_than_acceptable_are_drawn_and_said() -> None:
    """A line over the shares, and a share in words, for the settings that serve them only."""
    fresh = run("fresh")
    old = fresh.model_copy(
        update={
            "settings": "old",
            "journeys": tuple(j.model_copy(update={"stale": (0.0,) * 3 + (0.5,) * 3 + (0.0,) * 3}) for j in fresh.journeys),
        }
    )
    svg, _, words = run_picture([fresh, old])
    assert words.count("older than acceptable") == 1
    assert words.index("Old:" if "Old:" in words else "old:") < words.index("50.0% older than acceptable")
    assert "older than acceptable</text>" in svg
    assert "older than acceptable" not in run_picture([fresh])[0]


def test_nothing_wrong_is_shown_as_nothing_wrong() -> None:
    """Without a fault there are no phases; a fault that never ends has no after."""
    calm = run("today").model_copy(update={"fault_s": None})
    assert "today: all the time 100.0% full." in run_picture([calm])[2]
    endless = run("today", error=1.0).model_copy(update={"fault_s": (3.0, math.inf)})
    assert "after" not in run_picture([endless])[2]


def test_a_picture_of_nothing_is_refused() -> None:
    """No run, or no such journey: said in one line, with the journeys there are."""
    with pytest.raises(InputError, match="no run to show"):
        run_picture([])
    with pytest.raises(InputError, match=r"no journey 'pay'.*order <\$1\$>"):
        run_picture([run("today")], "pay")
