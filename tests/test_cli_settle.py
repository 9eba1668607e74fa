"""`auditkit settle`: what is open is listed, answered with a name, and taken back."""

from __future__ import annotations

from pathlib import Path

import pytest
from audit_texts import said_below
from cli import auditkit, tree

from auditkit.project import Audit

FILES = {
    "a.yaml": "services:\n  api: {image: api, deploy: {replicas: 2}, environment: {PAY: 'http://pay:80'}, depends_on: [db]}\n"
    "  db: {image: postgres, environment: {POSTGRES_PASSWORD: hunter2-Zq9}}\n",
    "edges.csv": "id,instances\napi,5\n",
}  # fmt: skip


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """An audit of two files that disagree about the instances of `api`."""
    for name, text in FILES.items():
        (tmp_path / name).write_text(text)
    assert auditkit("import", *(tmp_path / name for name in FILES), "--into", tmp_path / "audit").code == 0
    return tmp_path / "audit"


def _open(folder: Path) -> dict[str, str]:
    return {one["name"]: one["answers"] for one in auditkit("settle", folder, "--json").json["open"]}


def test_conflicts_and_questions_are_listed_with_what_can_be_answered(folder: Path) -> None:
    """In a table, and as JSON; listing writes nothing."""
    before = tree(folder)
    found = _open(folder)
    assert next(iter(found)) == "api: instances"
    assert found["api: instances"] == "kept, dropped, or a value"
    assert (found["confirm api -> db"], found["not deployed pay"], found["timeout api -> db"]) == (
        "yes, no", "in words", "as in system.yaml",
    )  # fmt: skip
    told = auditkit("settle", folder).out
    assert "api: instances" in told
    assert "2 (a.yaml)" in told
    assert tree(folder) == before


@pytest.mark.parametrize(("said", "instances"), [("kept", None), ("dropped", None), ("7", 7)])
def test_a_conflict_is_settled_by_choosing_and_stays_settled(folder: Path, said: str, instances: int | None) -> None:
    """By one side or by a value of one's own, also when the same files are imported again."""
    kept = Audit.open(folder).system.component("api").instances
    other = 7 - kept
    assert auditkit("settle", folder, "api: instances", said, "--by", "ann, from the runbook").code == 0
    wanted = {"kept": kept, "dropped": other}.get(said, instances)
    for again in (False, True):
        if again:
            assert auditkit("import", *(folder.parent / name for name in FILES), "--into", folder).code == 0
        api = Audit.open(folder).system.component("api")
        assert api.instances == wanted
        assert ("ann, from the runbook", "instances", "asked") in {(e.source, e.locator, e.confidence) for e in api.evidence}
        assert "api: instances" not in _open(folder)


@pytest.mark.parametrize(
    ("name", "said"), [("confirm api -> db", "yes"), ("not deployed pay", "a provider"), ("timeout api -> db", "2s")]
)
def test_a_question_is_answered_and_taken_back(folder: Path, name: str, said: str) -> None:
    """The files are then as before the answer, and a second time there is nothing to take back."""
    before = {name: content for name, content in tree(folder).items() if name.endswith(".yaml")}
    assert auditkit("settle", folder, name, said, "--by", "ann").code == 0
    assert name not in _open(folder)
    assert auditkit("settle", folder, "--undo").code == 0
    assert {name: content for name, content in tree(folder).items() if name.endswith(".yaml")} == before
    assert name in _open(folder)
    assert "has no answer that could be taken back" in auditkit("settle", folder, "--undo").err


def test_an_answer_is_not_taken_back_over_a_later_change(folder: Path) -> None:
    """It would be lost."""
    assert auditkit("settle", folder, "confirm api -> db", "no", "--by", "ann").code == 0
    path = folder / "system.yaml"
    path.write_text(path.read_text() + "# mine\n")
    ran = auditkit("settle", folder, "--undo")
    assert (ran.code, "was changed by somebody else" in ran.err) == (2, True)
    assert path.read_text().endswith("# mine\n")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("api: instance", "kept", "--by", "ann"), "api: instance  is not open  write 'api: instances'"),
        (("zzz", "yes", "--by", "ann"), "zzz  is not open  open are 'api: instances', "),
        (("confirm api -> db", "perhaps", "--by", "ann"), "confirm api -> db  is answered with yes or no, not 'perhaps'"),
        (("api: instances", "kept"), "auditkit settle  needs an answer, and who gives it"),
        (("api: instances", "many", "--by", "ann"), "instances"),
        (("--undo",), "has no answer that could be taken back"),
        (("api: instances", "--undo"), "takes no name and no answer"),
    ],
)
def test_a_bad_call_is_one_line_and_changes_nothing(folder: Path, arguments: tuple[str, ...], line: str) -> None:
    """With the way out, and exit code 2."""
    before = tree(folder)
    ran = auditkit("settle", folder, *arguments)
    assert (ran.code, ran.err.count("\n"), line in ran.err) == (2, 1, True), ran.err
    assert tree(folder) == before


def test_taking_back_brings_no_credential_back(folder: Path) -> None:
    """What is kept for it is what the files said, and they never held any."""
    for arguments in (("confirm api -> db", "yes", "--by", "ann"), ("--undo",)):
        assert auditkit("settle", folder, *arguments).code == 0
        assert [name for name, text in said_below(folder).items() if "hunter2" in text] == []


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("blast-radius", "--fail", "nope"), "nope  nothing that can fail has this id  give one of: api, db"),
        (("blast-radius", "--fail", "apii"), "apii  nothing that can fail has this id  write 'api'"),
        (
            ("latency", "--incident", "foo"),
            "--incident  'foo' is no FROM/TO  write FROM/TO or FROM/TO=WHY in ISO 8601, for",
        ),
        (("latency", "--normal", "a/b"), "--normal  'a/b' cannot be read  write FROM/TO or FROM/TO=WHY in ISO 8601"),
    ],
)
def test_hints_name_the_argument_and_what_there_is(folder: Path, arguments: tuple[str, ...], line: str) -> None:
    """A name is suggested only where it is truly near; otherwise what exists is listed."""
    ran = auditkit(arguments[0], folder, *arguments[1:])
    assert (ran.code, ran.err.count("\n"), line in ran.err) == (2, 1, True), ran.err
