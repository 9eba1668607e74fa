"""What an import could not decide is answered once: kept in the file, and never asked again."""

from __future__ import annotations

from pathlib import Path

import pytest

from auditkit.errors import InputError
from auditkit.importers import dump_yaml
from auditkit.project import Audit

COMPOSE = """\
services:
  orders: {image: shop/orders, depends_on: [mailer], environment: {PAY_URL: "http://pay:80"}}
  mailer: {image: shop/mailer}
  orders-db: {image: postgres}
"""
CALLS = '[{"parent": "web", "child": "Orders", "callCount": 7}]'


def _audit(tmp_path: Path, **files: str) -> Audit:
    source = tmp_path / "source"
    source.mkdir(exist_ok=True)
    for name, text in files.items():
        (source / name.replace("__", ".")).write_text(text)
    return Audit.importing([source], tmp_path / "audit")


def _open(audit: Audit) -> set[str]:
    return {
        question.id for question in audit.questions() if not question.id.startswith(("on_failure", "timeout", "rate", "conc"))
    }


def _calls(audit: Audit) -> dict[str, str | None]:
    return {d.subject: d.confidence for d in audit.system.dependencies}


def test_an_accepted_suggestion_is_a_dependency_and_a_rejected_one_stays_away(tmp_path: Path) -> None:
    """Also after the same files were imported again."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE)
    assert {"calls? orders -> orders-db", "confirm orders -> mailer", "not deployed pay"} <= _open(audit)
    audit.settle("calls? orders -> orders-db", "yes", by="ann")
    audit.settle("confirm orders -> mailer", "no", by="ann")
    audit.settle("not deployed pay", "a provider that is no longer called", by="ben")
    for again in (False, True):
        if again:
            _audit(tmp_path)
        assert _calls(audit) == {"orders -> orders-db": "asked"}
        assert not {"calls? orders -> orders-db", "confirm orders -> mailer", "not deployed pay"} & _open(audit)


def test_a_confirmed_start_order_is_as_good_as_declared(tmp_path: Path) -> None:
    """A person said so."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE)
    audit.settle("confirm orders -> mailer", "yes", by="ann")
    assert _calls(audit) == {"orders -> mailer": "asked"}


def test_one_thing_under_two_names_gets_one_id_for_good(tmp_path: Path) -> None:
    """Suggested, accepted, and kept for every later import."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE, seen__json=CALLS)
    (same,) = [question for question in _open(audit) if question.startswith("same ")]
    other, _, first = same.removeprefix("same ").partition(" = ")
    assert {other, first} == {"orders", "Orders"}
    audit.settle(same, "yes", by="ann")
    for again in (False, True):
        if again:
            _audit(tmp_path)
        assert f"web -> {first}" in _calls(audit)
        assert other not in {component.id for component in audit.system.components}
    assert audit.facts.names == {other: first}


def test_a_question_that_its_source_settles_is_gone(tmp_path: Path) -> None:
    """The missing service was added to the file."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE)
    assert "not deployed pay" in _open(audit)
    _audit(tmp_path, compose__yaml=COMPOSE + "  pay: {image: shop/pay}\n")
    assert "not deployed pay" not in _open(audit)
    assert _calls(audit)["orders -> pay"] == "configured"


def test_a_call_that_was_measured_and_is_not_on_the_map_is_asked_about(tmp_path: Path) -> None:
    """One word makes it a dependency, known by traffic; a name that is nobody's is told apart as before."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE)
    rows = "".join(f"mailer,{to},{n},{5 + n % 3},ok\n" for to in ("orders", "nobody") for n in range(20))
    (tmp_path / "calls.csv").write_text(f"caller,callee,start,duration_ms,outcome\n{rows}")
    measured = audit.measure([tmp_path / "calls.csv"])
    assert [name.name for name in measured.unmatched] == ["nobody"]
    assert "measured mailer -> orders" in _open(audit)
    assert not any("nobody" in name for name in _open(audit))
    audit.settle("measured mailer -> orders", "yes", by="ann")
    assert "measured mailer -> orders" not in _open(audit)
    assert _calls(audit)["mailer -> orders"] == "asked"
    assert audit.coverage().by_confidence["observed"] == 1


def test_an_answer_needs_its_question_and_somebody_who_gives_it(tmp_path: Path) -> None:
    """Else it is refused in words."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE)
    with pytest.raises(InputError, match="there is no question 'what'"):
        audit.settle("what", "yes", by="ann")
    with pytest.raises(InputError, match="say who gives it"):
        audit.settle("not deployed pay", "yes", by=" ")


def test_a_question_that_a_person_deleted_does_not_come_back(tmp_path: Path) -> None:
    """Also where the folder calls a thing by another name than the file does."""
    audit = _audit(tmp_path, compose__yaml=COMPOSE, seen__json=CALLS)
    (same,) = [question for question in _open(audit) if question.startswith("same ")]
    audit.settle(same, "yes", by="ann")
    path = tmp_path / "audit/system.yaml"
    system = audit.system
    assert "not deployed pay" in {question.id for question in system.questions}
    kept = tuple(question for question in system.questions if question.id != "not deployed pay")
    path.write_text(dump_yaml(system.model_copy(update={"questions": kept}), path.read_text()))
    again = _audit(tmp_path)
    assert "not deployed pay" not in _open(again)
    assert same in {question.id for question in again.system.questions if question.answer == "yes"}
    new = _audit(tmp_path, compose__yaml=COMPOSE.replace("pay:80", "pay:80 http://bank:80"))
    assert "not deployed bank" in _open(new), "a new question is asked all the same"
