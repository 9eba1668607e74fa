"""The panels as Python objects: what a click would set is set, and the audit folder holds what follows."""

from __future__ import annotations

import datetime as dt
import html
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from auditkit import notebook as see
from auditkit.errors import InputError
from auditkit.model.audit import PolicyProposal
from auditkit.model.system import Bulkhead, Policy
from auditkit.notebook.dependency_editor import unanswered
from auditkit.notebook.panel import Panel
from auditkit.project import Audit


def read(shown: str) -> str:
    """What a person reads of some HTML."""
    return html.unescape(re.sub(r"<[^>]+>", "", shown))


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Audit:
    audit = Audit.new(tmp_path_factory.mktemp("panels") / "shop", sample="worked-example")
    see.measure_exports(audit)
    return audit


@pytest.fixture
def audit(made: Audit, tmp_path: Path) -> Audit:
    """A copy for each test, measured already."""
    shutil.copytree(made.folder, tmp_path / "shop")
    return Audit.open(tmp_path / "shop")


NOW = dt.datetime(2026, 3, 9, tzinfo=dt.UTC)


def upload(panel: Panel, name: str, content: bytes) -> None:
    """What the browser's upload sets."""
    panel["upload"].value = (
        {"name": name, "type": "", "size": len(content), "content": memoryview(content), "last_modified": NOW},
    )


def test_import_by_path_and_by_upload_are_the_same(audit: Audit) -> None:
    """Both end in the folder, with a kept copy; the coverage follows."""
    panel = see.import_panel(audit)
    panel["paths"].value = str(see.stage_file("calls-mended.yaml"))
    panel["go"].click()
    assert "11 dependencies are known now" in panel["message"].value
    upload(panel, "more.csv", b"from,to\nloyalty,users\n")
    panel["go"].click()
    assert "12 dependencies are known now" in panel["message"].value
    assert panel["upload"].value == ()
    assert (audit.folder / "sources" / "more.csv").is_file()


def test_a_refused_import_says_why_and_changes_nothing(audit: Audit) -> None:
    """The refusal stands in the panel, marked as an alert, with the place and the repair."""
    before = (audit.folder / "system.yaml").read_bytes()
    panel = see.import_panel(audit)
    panel["paths"].value = str(see.stage_file("calls-with-a-typo.yaml"))
    panel["go"].click()
    assert 'role="alert"' in panel["message"].value
    assert "write &#x27;recommendation&#x27;" in panel["message"].value
    assert (audit.folder / "system.yaml").read_bytes() == before


def test_nothing_chosen_is_said(audit: Audit) -> None:
    """A click without a file is no error in a log."""
    panel = see.measure_panel(audit)
    panel["go"].click()
    assert "nothing was chosen" in panel["message"].value


def test_latencies_can_be_uploaded(audit: Audit) -> None:
    """A small export goes through the browser into the folder, and is measured."""
    panel = see.measure_panel(audit)
    rows = "".join(f"inventory,inventory-db,{i},{5 + i % 7},ok\n" for i in range(400))
    upload(panel, "db.csv", f"caller,callee,start,duration_ms,outcome\n{rows}".encode())
    panel["go"].click()
    assert "8 calls are measured now" in panel["message"].value
    assert audit.profiles["inventory -> inventory-db"].n == 400


def test_a_question_is_answered_in_place(audit: Audit) -> None:
    """The answer goes into the file with its source, and the question is gone."""
    panel = see.questions_panel(audit)
    panel["question"].value = "on_failure api:account -> loyalty"
    assert panel["key"].value == "on_failure"
    assert panel["value"].options == ("fail", "degrade", "ignore")
    panel["value"].value = "ignore"
    panel["go"].click()
    assert "is not complete" in panel["message"].value
    panel["by"].value = "marketing"
    panel["go"].click()
    assert "Saved in system.yaml" in panel["message"].value
    assert "on_failure api:account -> loyalty" not in {value for _, value in panel["question"].options}
    answered = next(d for d in audit.system.dependencies if d.subject == "api:account -> loyalty")
    assert answered.on_failure == "ignore"
    assert [(e.source, e.confidence) for e in answered.evidence if e.confidence == "asked"] == [("marketing", "asked")]


def test_many_calls_are_answered_at_once(audit: Audit) -> None:
    """Bulk answers; what is left as it is stays; a figure without a unit is refused before anything is written."""
    panel = see.dependency_editor(audit)
    panel["calls"].value = ("api:home -> users", "api:account -> users")
    panel["timeout"].value = "120"
    assert "without unit" in panel["hint"].value
    panel["by"].value = "identity-team"
    panel["go"].click()
    assert "without unit" in panel["message"].value
    panel["timeout"].value = "120ms"
    panel["owner"].value = "identity-team-2"
    assert "✓ 120ms" in panel["hint"].value
    panel["go"].click()
    assert "saved for 2 calls" in panel["message"].value
    changed = {d.subject: d for d in audit.system.dependencies}
    for subject in panel["calls"].value or ("api:home -> users", "api:account -> users"):
        policy: Any = changed[subject].policy
        assert policy.timeout_s == 0.12
        assert policy.retry == "none"
    assert changed["api:home -> users"].on_failure == "degrade"
    assert next(c.owner for c in audit.system.components if c.id == "users") == "identity-team-2"


def test_the_editor_marks_what_nobody_has_answered(audit: Audit) -> None:
    """A question mark stands before it."""
    panel = see.dependency_editor(audit)
    marked = [subject for label, subject in panel["calls"].options if label.startswith("?")]
    assert marked == [d.subject for d in audit.system.dependencies if unanswered(d)] == ["api:account -> loyalty"]
    panel["only"].value = True
    assert [subject for _, subject in panel["calls"].options] == marked


def test_decisions_need_a_reason_and_can_be_taken_back(audit: Audit) -> None:
    """An empty reason is refused in the panel; a decision moves from waiting to made, and back."""
    board = see.decisions_board(audit)
    about = board["about"].value
    board["by"].value = "Ada"
    board["go"].click()
    assert 'role="alert"' in board["message"].value
    assert audit.decisions == ()
    board["reason"].value = "the fallback is never reached"
    board["go"].click()
    assert [(d.about, d.choice, d.by) for d in audit.decisions] == [(about, "adopt", "Ada")]
    assert about not in {value for _, value in board["about"].options}
    board["withdraw"].click()
    assert audit.decisions == ()
    assert about in {value for _, value in board["about"].options}


def test_a_proposal_is_adopted_with_its_grounds_in_view(audit: Audit) -> None:
    """The panel shows data and rule; adopting is a decision, and the plan follows."""
    panel = see.pattern_panel(audit)
    panel["call"].value = "api:home -> recommendation"
    assert "300ms" in panel["shown"].value
    assert "6,000" in panel["shown"].value or "6000" in panel["shown"].value
    panel["reason"].value = "measured in a busy hour"
    panel["by"].value = "Ada"
    panel["go"].click()
    assert "planned again" in panel["message"].value
    adopted = {p.dependency: p.adopted for p in (audit.strategy or audit.plan()).policies}
    assert adopted["api:home -> recommendation"]
    assert not adopted["api:order -> users"]


def test_a_proposal_is_changed_with_a_reason(audit: Audit) -> None:
    """A figure of one's own takes the proposed one's place, is grounded in whoever said so, and can be taken back."""
    panel = see.pattern_panel(audit)
    panel["call"].value = "api:home -> recommendation"
    assert "as proposed: 300ms" in panel["timeout"].placeholder
    panel["timeout"].value, panel["reason"].value, panel["by"].value = "0.25", "the page is tight", "Ada"
    panel["go"].click()
    assert "cannot be read" in panel["message"].value
    assert audit.decisions == ()
    panel["timeout"].value, panel["at_once"].value = "250ms", "20"
    panel["go"].click()
    assert "adopt, changed" in panel["message"].value

    def proposal() -> PolicyProposal:
        policies = (audit.strategy or audit.plan()).policies
        return next(p for p in policies if p.dependency == "api:home -> recommendation")

    changed = proposal()
    assert changed.proposed is not None
    assert (changed.proposed.timeout_s, changed.proposed.bulkhead) == (0.25, Bulkhead(max_concurrent=20, max_wait_s=0))
    assert (changed.grounds["timeout"].data, changed.grounds["timeout"].rule) == ("decided by Ada", "the page is tight")
    assert "decided by Ada" in panel["shown"].value
    audit.withdraw("policy api:home -> recommendation")
    audit.plan()
    assert (policy := proposal().proposed) is not None
    assert policy.timeout_s == 0.3


def test_settings_are_changed_only_where_a_policy_is_adopted(audit: Audit) -> None:
    """Whoever declines a proposal sets nothing."""
    with pytest.raises(InputError, match="adopted policies only"):
        audit.decide("policy api:home -> users", "defer", "later", "Ada", instead=Policy(timeout_s=1.0))


def test_files_are_found_by_browsing(audit: Audit, tmp_path: Path) -> None:
    """Folders open, files with a fitting ending are added to the list, what was added is taken in with what it found."""
    inside = tmp_path / "exports"
    inside.mkdir()
    (inside / "more.csv").write_text("from,to\nloyalty,users\n")
    (inside / "notes.txt").write_text("")
    panel = see.import_panel(audit)
    panel["place"].value = str(tmp_path)
    panel["entries"].value = ("exports/",)
    panel["add"].click()
    assert panel["place"].value == str(inside)
    assert panel["entries"].options == ("..", "more.csv")
    panel["entries"].value = ("more.csv",)
    panel["add"].click()
    assert panel["paths"].value == str(inside / "more.csv")
    panel["go"].click()
    assert "1 new dependency: loyalty -&gt; users" in panel["result"].value
    assert "on_failure loyalty -> users" in {value for _, value in panel["questions"]["question"].options}


def test_an_experiment_is_simulated_with_both_settings(audit: Audit) -> None:
    """Slow recommendations: today the claim fails, with the proposed settings it holds; the pictures say so in words."""
    audit.plan()
    panel = see.simulation_panel(audit)
    panel["experiment"].value = "chaos-timeout-api-home-recommendation"
    assert "a slow recommendation costs api:home at most 300ms a call" in panel["about"].value
    panel["go"].click()
    panel["wait"]()
    assert " runs, seed 1. Kept in out/simulation.json." in panel["message"].value
    assert panel["progress"].value == panel["progress"].max > 0
    assert "with today settings: fails" in panel["shown"].value
    assert "with proposed settings: holds" in panel["shown"].value
    assert "<td" in panel["shown"].value
    assert re.search(r"today: [^.]*100\.0% full; during \d.*error.*proposed: .*during 100\.0% degraded", panel["picture"].value)
    panel["journey"].value = "order"
    assert "order, second by second" in panel["picture"].value


def test_a_simulation_is_cancelled_and_what_is_done_is_kept(audit: Audit) -> None:
    """Every experiment is asked for, and the button is clicked while the first fault runs: those of that fault are kept."""
    audit.plan()
    panel = see.simulation_panel(audit)
    panel["experiment"].value = "(every experiment)"
    panel["go"].click()
    assert panel["go"].disabled
    assert not panel["cancel"].disabled
    panel["cancel"].click()
    panel["wait"]()
    assert "Cancelled: what was done is kept in out/simulation.json." in panel["message"].value
    assert 0 < panel["progress"].value < panel["progress"].max
    kept = {trial.experiment for trial in audit.plan().trials}
    assert 0 < len(kept) < len([e for e in audit.plan().experiments if e.kind == "chaos"])
    assert not panel["go"].disabled


def test_without_an_experiment_the_panel_says_what_to_do(tmp_path: Path) -> None:
    """An empty audit: a sentence in place of a run."""
    panel = see.simulation_panel(Audit.new(tmp_path / "empty"))
    panel["go"].click()
    panel["wait"]()
    assert "measure latencies and plan first" in panel["message"].value
    assert see.prove(Audit.open(tmp_path / "empty")).startswith("No experiment is planned yet")


def test_edge_cases_are_chosen_with_two_settings() -> None:
    """The retry storm first; another case brings its own settings, its question, and its picture."""
    panel = see.edge_case_panel()
    assert panel["left"].value == "four attempts"
    assert "buy, second by second" in panel["picture"].value
    panel["right"].value = "no retries"
    assert "no retries: " in panel["picture"].value
    panel["case"].value = "shared-database"
    assert (panel["left"].value, panel["right"].value) == ("a bulkhead each", "places that add up")
    assert "Why do orders fail when reports are many?" in panel["words"].value
    assert "order, second by second" in panel["picture"].value
    panel["right"].value = "a bulkhead each"
    assert "places that add up" not in panel["picture"].value


def test_settings_that_a_case_does_not_have_are_told() -> None:
    """With those that it has."""
    with pytest.raises(InputError, match=r"none called 'x'.*a bulkhead each"):
        see.edge_case_table("shared-database", "x")


def test_cut_sets_are_browsed_by_size_and_name(audit: Audit) -> None:
    """Pairs of the home page; those with the session cache; slow ones are others."""
    panel = see.cut_set_panel(audit)
    panel["journey"].value = "home"
    panel["size"].value = 2
    assert "3 sets match" in panel["table"].value
    panel["name"].value = "pg"
    assert "1 sets match" in panel["table"].value
    assert "pg-cluster + session-cache" in panel["table"].value


def test_progress_says_what_comes_next(audit: Audit) -> None:
    """Measured, not yet planned; another audit beside it can be looked at."""
    other = Audit.new(audit.folder.parent / "other", sample="flash-sale")
    panel = see.progress_panel(audit)
    assert "Next: Plan the strategy, in 07_strategy." in panel["table"].value
    panel["audit"].value = str(other.folder.resolve())
    assert "Next: Measure latencies" in panel["table"].value
    assert "see.open_audit(" in panel["table"].value


def test_the_strategy_panel_writes_and_links(audit: Audit) -> None:
    """Formats are chosen, files lie in out/, links are relative."""
    panel = see.strategy_panel(audit)
    panel["formats"].value = ("md",)
    panel["go"].click()
    assert "files written" in panel["message"].value
    assert (audit.folder / "out" / "strategy.md").is_file()
    (shown,) = panel["links"].outputs
    assert "out/strategy.md" in shown["data"]["text/plain"]
    assert 'out/strategy.md"' in shown["data"]["text/html"]
    assert "http" not in shown["data"]["text/html"]


def test_the_timeout_slider_shows_rate_bound_and_deadline(audit: Audit) -> None:
    """At the advised 300 ms: none of 6,000 cut off, at most 0.058 %; at 100 ms about one in a hundred."""
    panel = see.timeout_panel(audit, "api -> recommendation")
    assert panel["slider"].value == 0.3
    assert "cuts off <b>none</b>" in panel["rate"].value
    assert "<b>0.058 %</b> of all (95 % sure)" in panel["rate"].value
    assert "within the target of 0.1 %" in panel["rate"].value
    assert "fits into the deadline of 500ms" in panel["chain"].value
    stops = [value for _, value in panel["slider"].options]
    panel["slider"].value = min(stops, key=lambda stop: abs(stop - 0.1))
    assert "not proven to be within" in panel["rate"].value
    panel["slider"].value = max(stops)
    assert "misses the deadline" in panel["chain"].value
    assert panel["message"].value == ""


def test_the_timeout_panel_says_when_nothing_is_measured(tmp_path: Path) -> None:
    """No traceback, a sentence."""
    empty = Audit.new(tmp_path / "new")
    assert "Nothing is measured yet" in see.timeout_panel(empty)["message"].value
    assert "no latency export" in see.measure_exports(empty)


def test_tables_of_an_empty_audit_are_empty_not_broken(tmp_path: Path) -> None:
    """Whoever starts from nothing sees tables without rows."""
    empty = Audit.new(tmp_path / "new")
    assert len(see.components_table(empty.system)) == 0
    assert len(see.blast_table(empty.single_failures())) == 0
    assert see.first_finding(empty, "single_point_of_failure") is None
    assert see.decide_once(empty, None, choice="defer", reason="none", by="x") == "Nothing to decide about here."


COMPOSE = """\
services:
  web: {image: w, depends_on: [db, mail], environment: {PAY_URL: "http://pay:80"}}
  db: {image: postgres}
  mail: {image: m}
"""


@pytest.fixture
def composed(tmp_path: Path) -> Audit:
    (tmp_path / "compose.yaml").write_text(COMPOSE)
    return Audit.importing([tmp_path / "compose.yaml"], tmp_path / "shop")


def known_calls(audit: Audit) -> dict[str, str | None]:
    return {d.subject: d.confidence for d in audit.system.dependencies}


def test_what_only_start_order_shows_is_confirmed_or_rejected_with_one_click(composed: Audit, tmp_path: Path) -> None:
    """Yes makes it as good as declared, No takes it away; an import of the same file neither asks nor adds again."""
    panel = see.questions_panel(composed)
    panel["question"].value = "confirm web -> db"
    panel["yes"].click()
    assert "say who gives it" in panel["message"].value
    panel["by"].value = "web-team"
    assert "audit.settle(&#x27;confirm web -&gt; db&#x27;, &#x27;yes&#x27;, by=&#x27;web-team&#x27;)" in panel["plain"].value
    panel["yes"].click()
    assert "web -&gt; db: yes, says web-team. Saved in system.yaml." in panel["message"].value
    panel["question"].value = "confirm web -> mail"
    panel["no"].click()
    for again in (False, True):
        if again:
            composed.import_files([tmp_path / "compose.yaml"])
            panel["again"].click()
        assert known_calls(composed) == {"web -> db": "asked"}
        assert not {"confirm web -> db", "confirm web -> mail"} & {value for _, value in panel["question"].options}


def test_an_answer_is_taken_back_but_no_later_change_with_it(composed: Audit) -> None:
    """Undo puts the files back byte by byte; where somebody else has written since, it is refused in words."""
    panel, before = see.questions_panel(composed), composed.answers()
    panel["by"].value = "web-team"
    assert panel["undo"].disabled
    panel["question"].value = "confirm web -> mail"
    panel["no"].click()
    assert known_calls(composed) == {"web -> db": "ordering"}
    panel["undo"].click()
    assert composed.answers() == before
    assert "taken back" in panel["message"].value
    assert panel["undo"].disabled
    panel["question"].value = "confirm web -> mail"
    panel["no"].click()
    composed.answer("web", "owner", "shop", by="ann")
    panel["undo"].click()
    assert 'role="alert"' in panel["message"].value
    assert composed.system.component("web").owner == "shop"


def test_a_question_is_put_off_until_the_others_are_answered(composed: Audit) -> None:
    """The next one is shown; nothing is written."""
    panel, before = see.questions_panel(composed, limit=99), composed.answers()
    first, second = (value for _, value in panel["question"].options[:2])
    panel["question"].value = first
    panel["later"].click()
    options = [value for _, value in panel["question"].options]
    assert (panel["question"].value, options[0], options[-1]) == (second, second, first)
    assert composed.answers() == before


def test_what_no_key_holds_is_answered_in_words(composed: Audit) -> None:
    """Yes and No are for what can be answered so."""
    panel = see.questions_panel(composed)
    panel["question"].value = "not deployed pay"
    assert (panel["yes"].disabled, panel["key"].value) == (True, "")
    panel["by"].value = "web-team"
    panel["go"].click()
    assert "is not complete" in panel["message"].value
    panel["value"].value = "switched off in May"
    panel["go"].click()
    assert "not deployed pay" not in {question.id for question in composed.questions()}
    assert "switched off in May" in (composed.folder / "system.yaml").read_text()


def test_what_only_start_order_shows_is_confirmed_by_saying_how_it_is_called(tmp_path: Path) -> None:
    """The panel offers the key that settles it, and the question is gone."""
    compose = tmp_path / "compose.yaml"
    compose.write_text("services: {web: {image: w, depends_on: [db]}, db: {image: postgres}}\n")
    panel = see.questions_panel(Audit.importing([compose], tmp_path / "shop"))
    panel["question"].value = "confirm web -> db"
    assert (panel["key"].value, panel["value"].options) == ("call", ("sync", "async"))
    panel["value"].value, panel["by"].value = "sync", "web-team"
    panel["go"].click()
    assert "Saved in system.yaml" in panel["message"].value
    assert "confirm web -> db" not in {value for _, value in panel["question"].options}


def test_a_time_that_was_not_normal_is_named_and_left_out(audit: Audit) -> None:
    """It is kept with its reason, and everything is measured again; without a reason nothing happens."""
    panel = see.times_panel(audit)
    panel["start"].value, panel["end"].value = "2026-03-02T18:00", "2026-03-02T18:30"
    panel["go"].click()
    assert "has no reason" in panel["message"].value
    panel["why"].value = "load test"
    panel["go"].click()
    assert "load test: kept in audit.yaml, and 7 calls are measured again." in panel["message"].value
    assert "2026-03-02 18:00 to 2026-03-02 18:30" in panel["table"].value
    assert audit.profiles["api -> users"].n < 6000
    panel["end"].value = "2026-03-02T17:00"
    panel["go"].click()
    assert "ends before it starts" in panel["message"].value
    assert len(audit.facts.incidents) == 1
