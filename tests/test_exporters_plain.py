"""Exports that are no configuration: the action plan, the strategy for programs, the records of decisions."""

from __future__ import annotations

import csv
import io
import json

import jsonschema
import pytest
from document_books import hostile_book, shop_book, shop_strategy, shop_system

from auditkit.document import document
from auditkit.exporters import EXPORTERS, Exporter, all_exporters
from auditkit.model.audit import Strategy


def files(name: str, system=None, strategy=None) -> dict[str, bytes]:
    made, _ = EXPORTERS[name].export(system or shop_system(), strategy or shop_strategy())
    return {artifact.path: artifact.content for artifact in made}


def test_each_exporter_is_listed_under_its_own_name():
    """The name in the table is the name that `--to` takes; each says what it is for."""
    assert all(name == exporter.name and exporter.title and exporter.prose for name, exporter in EXPORTERS.items())
    assert dict(EXPORTERS).items() <= all_exporters().items()
    assert all(isinstance(exporter, Exporter) for exporter in all_exporters().values())


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_equal_inputs_give_equal_bytes(name):
    """Two runs differ in nothing."""
    assert files(name) == files(name)


@pytest.mark.parametrize("name", sorted(EXPORTERS))
def test_without_a_plan_nothing_is_made_up(name):
    """An exporter without a strategy writes today's settings, or says in words that there is nothing to write."""
    made, gaps = EXPORTERS[name].export(shop_system(), None)
    assert made or gaps


def test_the_action_plan_is_a_table():
    """One row an action, with what it ends, in the order of the plan."""
    rows = list(csv.DictReader(io.StringIO(files("actions")["actions.csv"].decode(), newline="")))
    assert [(row["number"], row["severity"], row["where"], row["effort"], row["status"]) for row in rows] == [
        ("1", "high", "api:home -> recommendation", "small", "open")
    ]
    assert rows[0]["ends_findings"] == "unbounded_wait api:home -> recommendation"


def test_no_cell_is_a_formula():
    """A spreadsheet that opens the plan computes nothing, whatever a title or an owner holds."""
    book = hostile_book()
    rows = list(csv.reader(io.StringIO(files("actions", book.system, book.strategy)["actions.csv"].decode(), newline="")))
    assert [cell for row in rows for cell in row if cell.startswith(("=", "+", "-", "@", "\t"))] == []
    assert any(cell == "'=HYPERLINK(0)" for cell in rows[1])


@pytest.mark.parametrize("strategy", [shop_strategy(), hostile_book().strategy, Strategy(system="empty")])
def test_the_strategy_keeps_to_its_published_schema(strategy):
    """A validator accepts it, and rejects it with a planted fault; read back, it is the same strategy."""
    made = files("strategy_json", strategy=strategy)
    schema = json.loads(made["strategy.schema.json"])
    data = json.loads(made["strategy.json"])
    jsonschema.Draft202012Validator.check_schema(schema)
    jsonschema.validate(data, schema)
    assert Strategy.model_validate(data) == strategy
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.validate({**data, "finding": []}, schema)


def test_each_decision_has_a_record():
    """Status, context, decision, reason and consequences, numbered in a fixed order."""
    made = {a.path: a.content.decode() for a in document(shop_book(), ("adr",))}
    assert list(made) == ["adr/0001-policy-api-home-recommendation.md", "adr/0002-single-point-of-failure-orders-db.md"]
    first, second = made.values()
    assert "Timeout: today nobody has said, proposed 300ms." in first
    assert "Status: accepted (a risk is borne)" in second
    assert "instance orders-db alone stops order" in second
    for heading in ("## Context", "## Decision", "## Reason", "## Consequences"):
        assert heading in first
        assert heading in second


def test_hostile_decisions_stay_text_in_records():
    """File names hold letters, digits and dashes; the text holds no markup of theirs."""
    for artifact in document(hostile_book(), ("adr",)):
        assert set(artifact.path.removeprefix("adr/").removesuffix(".md")) <= set("abcdefghijklmnopqrstuvwxyz0123456789-")
        assert "<script>" not in artifact.content.decode().replace("\\<script\\>", "")
