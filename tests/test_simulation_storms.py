"""The map of retry storms: load × attempts × queue, the closed form beside it, the margin, and its picture."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest
from cli import auditkit

from auditkit.document.storm_picture import storm_picture
from auditkit.errors import InputError
from auditkit.model.latency import LatencyProfile
from auditkit.model.system import Retry, System
from auditkit.planning.storms import callee_of, said
from auditkit.simulation import Law
from auditkit.simulation.storms import Callee, StormMap, storm_map

MEAN_S = 0.0125
SERVER = Callee("shop -> server", 1, Law("constant", MEAN_S), MEAN_S, 0.5, Retry(max_attempts=4), load=0.2)


@pytest.fixture(scope="module")
def mapped() -> StormMap:
    """The oracle's server: three retries."""
    return storm_map(SERVER)


def test_a_quarter_of_the_load_is_the_boundary_of_three_retries(mapped: StormMap) -> None:
    """0.24 recovers, 0.26 does not, with an endless queue (oracles/numbers.yaml)."""
    found = {cell.load: cell.recovers for cell in mapped.cells if (cell.attempts, cell.queue) == (4, None)}
    assert found[0.24] is True
    assert found[0.26] is False


def test_an_endless_queue_recovers_as_the_closed_form_says(mapped: StormMap) -> None:
    """Load × attempts below 1 recovers, above it does not, in every cell that is no nearer to 1 than four in a hundred."""
    judged = [cell for cell in mapped.cells if cell.queue is None and abs(cell.load * cell.attempts - 1) >= 0.04]
    assert len(judged) > 40
    assert [cell for cell in judged if cell.recovers is not (cell.load * cell.attempts < 1)] == []


def test_a_queue_that_is_answered_in_time_recovers_at_any_load(mapped: StormMap) -> None:
    """Half of what is answered within the timeout: whatever the attempts; twice of it: hardly better than an endless one."""
    safe = {(s.attempts, s.queue): s.load for s in mapped.safe}
    assert {safe[n, 20.0] for n in (1, 2, 3, 4)} == {0.9}
    assert safe[4, 80.0] < 0.5


def test_the_margin_is_what_the_load_may_grow_and_a_budget_widens_it(mapped: StormMap) -> None:
    """Four attempts leave 0.04 from 0.2 on; with a budget of a tenth the same four attempts recover nearly up to full load."""
    assert (mapped.as_set, mapped.margin) == (0.24, pytest.approx(0.04))
    assert said(mapped).endswith("up to 24 % of its workers busy: 1.2 times the 20 % of its peak")
    budgeted = storm_map(replace(SERVER, retry=Retry(max_attempts=4, budget=0.1)), attempts=(1,), queues=(None,))
    assert budgeted.as_set >= 0.8
    beyond = mapped.model_copy(update={"load": 0.4, "margin": -0.16})
    assert "a short failure can make a long outage" in said(beyond)


def test_a_large_callee_is_mapped_in_proportion(mapped: StormMap) -> None:
    """A hundred workers at the same load: the same boundary, from four of them."""
    big = storm_map(replace(SERVER, workers=100), loads=(0.2, 0.24, 0.26, 0.3), attempts=(4,), queues=(None,))
    assert [cell.recovers for cell in big.cells] == [True, True, False, False]


def test_the_picture_tells_the_map_in_symbols_and_in_words(mapped: StormMap) -> None:
    """A box and a tick or cross for each cell, the closed form dashed, a description; equal maps, equal bytes."""
    svg, title, words = storm_picture(mapped)
    assert (svg, title, words) == storm_picture(storm_map(SERVER))
    root = ET.fromstring(svg)
    text = [e.text for e in root.iter() if e.text]
    crosses = sum(not cell.recovers for cell in mapped.cells)
    assert text.count("✕") == crosses
    assert text.count("✓") == len(mapped.cells) - crosses
    assert title in text
    assert words in text
    assert "With an endless queue it recovers, by attempts, up to a load of 1: 90 %, 2: 48 %, 3: 30 %, 4: 24 %." in words
    assert root.attrib["role"] == "img"


def test_what_the_map_lacks_is_told_at_once() -> None:
    """Workers, latencies, a timeout: in one line; nothing is assumed."""
    system = System.model_validate(
        {
            "system": "s", "components": [{"id": "a"}, {"id": "b"}], "dependencies": [{"from": "a", "to": "b"}],
            "journeys": [{"id": "j", "entry": "a"}],
        }
    )  # fmt: skip
    none: dict[str, LatencyProfile] = {}
    with pytest.raises(InputError, match=r"workers of b .*latencies of a -> b, a timeout of a -> b unknown"):
        callee_of(system, none, "a -> b")
    with pytest.raises(InputError, match=r"there are: a -> b"):
        callee_of(system, none, "a -> c")


def test_the_map_of_a_call_is_told_and_drawn_from_the_command_line(tmp_path: Path) -> None:
    """A sentence, a table, the same as JSON, and a picture; a wrong call ends in one line."""
    shop = tmp_path / "shop"
    auditkit("new", shop, "--sample", "worked-example")
    auditkit("run", shop)
    shown = auditkit("storms", shop, "api:home -> users", "--svg", tmp_path / "map.svg")
    assert shown.code == 0
    assert "recovers" in shown.out
    assert ET.parse(tmp_path / "map.svg").getroot().tag.endswith("svg")
    told = auditkit("storms", shop, "api:home -> users", "--json")
    assert told.json["call"] == "api:home -> users"
    assert {cell["queue"] for cell in told.json["cells"]} >= {None}
    wrong = auditkit("storms", shop, "api -> nobody")
    assert (wrong.code, "there are: " in wrong.err) == (2, True)
    nowhere = auditkit("storms", shop, "api:home -> users", "--svg", tmp_path / "no" / "map.svg")
    assert (nowhere.code, "cannot be written" in nowhere.err) == (2, True)
