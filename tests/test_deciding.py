"""Decisions and results of experiments are kept with their reasons, and noticed when their ground changes."""

from __future__ import annotations

import datetime as dt
from pathlib import Path

import pytest

from auditkit.errors import InputError
from auditkit.project import Audit

DAY = dt.date(2026, 3, 9)
SLOW = "unbounded_wait api:home -> recommendation"


@pytest.fixture
def audit(tmp_path: Path) -> Audit:
    return Audit.new(tmp_path / "audit", sample="worked-example")


def test_a_decision_is_kept_with_reason_and_ground_over_a_new_plan(audit: Audit) -> None:
    """The later decision about the same thing replaces the earlier one."""
    audit.decide(SLOW, "defer", reason="after the sale", by="ada")
    made = audit.decide(SLOW, "adopt", reason="it hangs the shop", by="ada", on=DAY)
    assert made.ground is not None
    assert [(d.about, d.choice) for d in audit.plan().decisions] == [(SLOW, "adopt")]


@pytest.mark.parametrize(
    ("about", "reason"), [(SLOW, "  "), ("unbounded_wait api:home -> recomendation", "typo"), ("nonsense", "x")]
)
def test_a_decision_without_reason_or_about_nothing_is_refused(audit: Audit, about: str, reason: str) -> None:
    """Nothing is written, and the nearest subject is suggested."""
    with pytest.raises(InputError) as refused:
        audit.decide(about, "adopt", reason=reason, by="ada")
    assert not (audit.folder / "decisions.yaml").exists()
    if about.startswith("unbounded") and about != SLOW:
        assert SLOW in str(refused.value)


def test_a_decision_is_opened_again_when_what_it_was_taken_upon_has_changed(audit: Audit) -> None:
    """The policy was adopted as proposed; then the fallback became unknown and the proposal another one."""
    audit.decide("policy api:home -> recommendation", "adopt", reason="measured", by="ada", on=DAY)
    assert audit.plan().reopened == ()
    system = audit.folder / "system.yaml"
    text = system.read_text(encoding="utf-8")
    system.write_text(text.replace("concurrency: 60 ", "concurrency: 9 ", 1), encoding="utf-8")
    assert [r.about for r in audit.plan().reopened] == ["policy api:home -> recommendation"]


def test_a_result_flows_back_into_the_strategy(audit: Audit) -> None:
    """Recorded once, it is in the plan; an unknown experiment or a result without evidence is refused."""
    first = audit.plan().experiments[0].id
    audit.record(first, "held", evidence="run 17, dashboard of 9 March", on=DAY)
    (experiment,) = [e for e in audit.plan().experiments if e.id == first]
    assert experiment.outcome is not None
    assert experiment.outcome.outcome == "held"
    assert experiment.outcome.tested == experiment.figures != ""
    with pytest.raises(InputError, match="there is no experiment"):
        audit.record("moon landing", "held", evidence="x", on=DAY)
    with pytest.raises(InputError, match="no evidence"):
        audit.record(first, "held", evidence=" ", on=DAY)


def test_a_decision_taken_back_is_gone(audit: Audit) -> None:
    """And taking back what was never decided is refused."""
    audit.decide(SLOW, "adopt", reason="it hangs the shop", by="ada")
    audit.withdraw(SLOW)
    assert audit.decisions == ()
    with pytest.raises(InputError, match="holds no decision"):
        audit.withdraw(SLOW)


def test_an_answer_is_evidence_and_keeps_the_comments(audit: Audit) -> None:
    """A question answered by a person: the value, who said it, and everything else in the file as it was."""
    before = (audit.folder / "system.yaml").read_text(encoding="utf-8")
    open_before = len(audit.questions())
    audit.answer("api:account -> loyalty", "on_failure", "ignore", by="marketing")
    after = (audit.folder / "system.yaml").read_text(encoding="utf-8")
    (dependency,) = [d for d in audit.system.dependencies if d.subject == "api:account -> loyalty"]
    assert dependency.on_failure == "ignore"
    assert ("marketing", "on_failure", "asked") in {(e.source, e.locator, e.confidence) for e in dependency.evidence}
    assert len(audit.questions()) < open_before
    assert all(line.partition("#")[2] in after for line in before.splitlines() if "#" in line)
    with pytest.raises(InputError, match="recommendation"):
        audit.answer("api:home -> recomendation", "on_failure", "ignore", by="x")
    with pytest.raises(InputError):
        audit.answer("api", "concurrency", "many", by="x")
    assert (audit.folder / "system.yaml").read_text(encoding="utf-8") == after
