"""Plateaus and maps of retry storms: kept beside the audit, in the document, in the workbook; gone once the inputs change."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cli import auditkit

from auditkit import notebook as see
from auditkit.document.tuning_picture import tuning_picture
from auditkit.errors import InputError
from auditkit.planning.tuning import said
from auditkit.project import Audit
from auditkit.project.kept_tuning import keep, kept
from auditkit.simulation.results import Figure
from auditkit.simulation.tuning import Tried, Tuning

CALL = "api:home -> users"


def tried(value: float, mean: float, as_good: bool) -> Tried:
    worse_by = Figure(mean=mean, lo=mean - 0.0005, hi=mean + 0.0005)
    return Tried(value=value, healthy_loss=mean, fault_loss=0.5, worse_by=worse_by, as_good=as_good)


PLACES = Tuning(
    dependency=CALL, figure="max_concurrent", closed_form=11.0, plateau=(11.0, 22.0), on_plateau=True,
    tried=(tried(6.0, 0.02, False), tried(11.0, 0.0, True), tried(22.0, 0.0001, True)), experiment="chaos-bulkhead-x",
    fault_share=0.01, seeds=(1, 2, 3),
)  # fmt: skip
RATE = PLACES.model_copy(
    update={"figure": "failure_rate", "closed_form": 0.5, "plateau": (0.5, 1.0),
            "tried": (tried(0.25, 0.03, False), tried(0.5, 0.0, True), tried(1.0, 0.0, True))}
)  # fmt: skip


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    """The worked example with its plan and its document."""
    audit = Audit.new(tmp_path_factory.mktemp("tuned") / "shop", sample="worked-example")
    audit.run()
    return audit


def test_the_picture_says_in_words_and_marks_what_its_colours_say() -> None:
    """A tick for each value of the plateau, a cross for one that is worse, the sentence as alternative text; equal bytes."""
    svg, title, words = tuning_picture([PLACES, RATE])
    assert svg == tuning_picture([PLACES, RATE])[0]
    assert title == f"{CALL}: values as good as the best"
    assert words.startswith("Places: 11 to 22 (and perhaps more) cannot be told from the best")
    marks = re.findall(r">([✓✕])</text>", svg)
    assert marks == ["✕", "✓", "✓", "✕", "✓", "✓"]


def test_nothing_is_more_than_all_failures() -> None:
    """A plateau up to a failure rate of 100 % has no `perhaps more`."""
    assert "perhaps more" not in said(RATE)
    assert "50 % to 100 %" in said(RATE)


def test_maps_and_plateaus_stand_in_the_document_until_the_inputs_change(shop: Audit) -> None:
    """The map of one call from the command line, a plateau kept beside it: a heading, a picture and a sentence of each."""
    assert auditkit("storms", shop.folder, CALL).code == 0
    keep(shop.folder, tunings=[PLACES])
    assert [storm.call for storm in kept(shop.folder).storms] == [CALL]
    shop.export(("md", "html"))
    told, page = ((shop.folder / "out" / f"strategy.{kind}").read_text() for kind in ("md", "html"))
    assert "Plateaus, not best points" in told
    assert "11 to 22 (and perhaps more) cannot be told from the best" in told
    assert "Where retries keep a callee down" in told
    assert "of its workers busy" in told
    assert page.count("values as good as the best</title>") == 1
    shop.decide(f"policy {CALL}", "defer", "later", "Ada Example")
    shop.export(("md",))
    assert "Plateaus" not in (shop.folder / "out" / "strategy.md").read_text()
    shop.withdraw(f"policy {CALL}")
    shop.plan()


def test_a_damaged_file_is_told_in_one_line(shop: Audit) -> None:
    """With what to do about it."""
    path = shop.folder / "out" / "tuning.json"
    before = path.read_bytes()
    path.write_bytes(before[: len(before) // 2])
    with pytest.raises(InputError, match=r"is damaged.*delete it"):
        kept(shop.folder)
    path.write_bytes(before)


def test_the_panel_shows_what_is_kept_and_maps_at_a_click(shop: Audit) -> None:
    """Of another call nothing; after a click its map, with the margin in a sentence."""
    keep(shop.folder, tunings=[PLACES])
    panel = see.tuning_panel(shop)
    panel["call"].value = CALL
    assert "11 to 22" in panel["plateau"].value
    panel["call"].value = "api:home -> recommendation"
    assert (panel["plateau"].value, panel["storm"].value) == ("", "")
    panel["map"].click()
    panel["wait"]()
    assert "mapped. Kept in out/tuning.json" in panel["message"].value
    assert "it recovers by itself up to" in panel["storm"].value
    assert "<svg" in panel["storm"].value
    assert not panel["tune"].disabled


def test_the_notebook_maps_the_first_call_that_can_be(shop: Audit, tmp_path: Path) -> None:
    """Or says what is missing for that."""
    assert "it recovers by itself up to" in see.map_storms(shop)
    assert "No call has settings yet" in see.map_storms(Audit.new(tmp_path / "empty"))
