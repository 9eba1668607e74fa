"""Changes since the last audit: what the document says of an earlier audit in the same folder."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
from cli import auditkit, tree

from auditkit.document import what_changed
from auditkit.model.audit import Finding, Residual, Strategy
from auditkit.planning import compare
from auditkit.project import Audit, diff

SHOP = """\
auditkit: 1
system: shop
components:
  - {id: api, instances: 2, min_up: 1, failover: automatic, concurrency: 50}
  - {id: db, kind: database, instances: 1, min_up: 1}
dependencies:
  - {from: api, to: db, on_failure: fail, rate: 100/s, policy: {timeout: none}}
journeys:
  - {id: buy, entry: api, deadline: 500ms, slo: 99.9%}
"""
FALLBACK = SHOP.replace("on_failure: fail", "on_failure: degrade, fallback: {kind: static, serves: a page, safe: true}")
WITH_TIMEOUT = FALLBACK.replace("timeout: none", "timeout: 200ms, bulkhead: {max_concurrent: 30}")
UNKNOWN = "No earlier audit is known."


@pytest.fixture
def shop(tmp_path: Path) -> Path:
    """A shop that does not do without its database; an audit of spring."""
    return audited(tmp_path / "shop", SHOP, "2026-03-09")


def audited(folder: Path, system: str, date: str) -> Path:
    """A system and the date of its audit, written by a person."""
    folder.mkdir(exist_ok=True)
    (folder / "system.yaml").write_text(system, encoding="utf-8")
    (folder / "audit.yaml").write_text(f"auditkit: 1\ndate: {date}\n" if date else "auditkit: 1\n", encoding="utf-8")
    return folder


def changes(folder: Path) -> str:
    """The part of the document on what changed, as it is written now."""
    Audit.open(folder).export(["md"])
    text = (folder / "out" / "strategy.md").read_text(encoding="utf-8")
    return text.partition("### Changes since the last audit")[2].partition("\n### ")[0]


def test_the_first_audit_knows_no_earlier_one(shop: Path) -> None:
    """The document says so, and lists it among its empty slots."""
    assert UNKNOWN in changes(shop)
    assert "no earlier audit is known to compare with" in (shop / "out" / "strategy.md").read_text(encoding="utf-8")


def test_the_next_audit_says_what_has_become_of_the_findings_of_the_last(shop: Path) -> None:
    """In autumn the call of the database has a fallback, and a timeout that lets it be reached."""
    changes(shop)
    autumn = changes(audited(shop, WITH_TIMEOUT, "2026-09-09"))
    assert "since the audit of 2026-03-09" in autumn
    assert "1 single point of failure, 2 before; gone: db" in autumn
    assert "No longer found: " in autumn
    assert "timeout (today): none before, 200ms now" in autumn


def test_writing_it_again_changes_not_one_byte(shop: Path) -> None:
    """The audit that was just written is not its own predecessor, however often and by whichever command it is written."""
    changes(shop)
    audited(shop, FALLBACK, "2026-09-09")
    assert auditkit("run", shop).code == 0
    before = tree(shop)
    for command in (["run", shop], ["export", shop], ["plan", shop], ["export", shop, "--to", "md"]):
        assert auditkit(*command).code == 0
        assert tree(shop) == before


def test_work_within_one_audit_is_compared_with_the_last_audit_not_with_an_hour_ago(shop: Path) -> None:
    """While the date stays, each export replaces the record of this audit, and the last one stays what it was."""
    changes(shop)
    changes(audited(shop, FALLBACK, "2026-09-09"))
    later = changes(audited(shop, WITH_TIMEOUT, "2026-09-09"))
    assert "since the audit of 2026-03-09" in later
    assert "gone: db" in later
    third = changes(audited(shop, WITH_TIMEOUT, "2027-03-09"))
    assert "Nothing has changed in risk or settings since the audit of 2026-09-09." in third


def test_it_is_what_diff_says_of_the_two_folders(shop: Path, tmp_path: Path) -> None:
    """The record holds all that a comparison asks for."""
    changes(shop)
    old = tmp_path / "old"
    shutil.copytree(shop, old)
    told = changes(audited(shop, WITH_TIMEOUT, "2026-09-09"))
    sentences = what_changed(diff(old, shop))
    assert len(sentences) > 3
    assert sum(line.startswith("- ") for line in told.splitlines()) == len(sentences)


def test_an_undated_audit_is_compared_with_nothing_and_keeps_no_record(tmp_path: Path) -> None:
    """Without a date nobody can say which of two audits came first; the document says what to do about it."""
    shop = audited(tmp_path / "shop", SHOP, "")
    assert "This one has no date yet" in changes(shop)
    assert not (shop / "history").exists()


def test_records_survive_the_loss_of_everything_generated(shop: Path) -> None:
    """`out/` can be made again at any time; what was concluded half a year ago cannot."""
    changes(shop)
    audited(shop, FALLBACK, "2026-09-09")
    first = changes(shop)
    shutil.rmtree(shop / "out")
    assert changes(shop) == first


def test_other_files_beside_the_records_are_none(shop: Path) -> None:
    """Notes, copies and later audits are passed over."""
    changes(shop)
    for name in ("notes.json", "2026-03-09 (copy).json", "20260310.json", "2030-01-01.json"):
        (shop / "history" / name).write_text("not ours", encoding="utf-8")
    assert "since the audit of 2026-03-09" in changes(audited(shop, FALLBACK, "2026-09-09"))


def test_a_damaged_record_is_said_in_one_line_and_nothing_is_written(shop: Path) -> None:
    """The remedy is to move it away."""
    changes(shop)
    (shop / "history" / "2026-03-09.json").write_text("{", encoding="utf-8")
    audited(shop, FALLBACK, "2026-09-09")
    before = tree(shop)
    ran = auditkit("export", shop)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "2026-03-09.json" in ran.err
    assert "move it away" in ran.err
    assert tree(shop) == before


def test_long_lists_of_changes_are_cut_and_counted() -> None:
    """Twenty new findings are twelve sentences and a count; risk comes first."""
    many = tuple(
        Finding(check="c", subject=f"s{n:02}", severity="high", certainty="proven", title=f"title {n:02}") for n in range(20)
    )
    point = (Residual(mode="down", single_points_before=("db",), mean_loss_before=0.5),)
    sentences = what_changed(compare(Strategy(system="s"), Strategy(system="s", findings=many, residual=point)))
    assert sentences[0] == "1 single point of failure, 0 before; new: db"
    assert sentences[1] == "A single failure takes 50 % of all value on average, not known before"
    assert sentences[2] == "New finding, high and proven: title 00"
    assert sentences[-1] == "and 8 more of this kind"
    assert len(sentences) == 2 + 12 + 1
