"""A credential in any place of a file of any format reaches no file, no log, no message and no `--json`."""

from __future__ import annotations

import logging
import random
import re
import shutil
import subprocess
from pathlib import Path

import planted_folder
import pytest
from audit_texts import said_below, said_in
from cli import auditkit, tree
from importer_seeds import OTHER_FORMS, SEEDS

from auditkit.exporters import EXPORTERS
from auditkit.project import Audit

WORDS = ("hunter2-Zq9", "ghp_0123456789abcdefghij0123")
FORMS = (f"postgres://u:{WORDS[0]}@db:5432/x", WORDS[1], f"amqp://u:{WORDS[0]}@mq/a b")
"""Credentials that are known by their form, wherever they stand."""
TRIED = 3
"""Places of each file that are tried here; all of them were once, when this was written."""
_WORD = re.compile(r"[A-Za-z_][\w./-]*|\d+\w*")
_PAIR = re.compile(r"""(?P<key>[A-Za-z][\w.-]*)(?P<sign>["']?(?:[ \t]*=[ \t]*|:[ \t]+|(?<=["']):)["']?)(?P<value>[\w./:-]+)""")
_FILES = [(importer, *seed) for forms in (SEEDS, OTHER_FORMS) for importer, seed in forms.items()]


def with_form(text: str, place: int, form: str) -> str | None:
    """The text with a credential of a known form in place of one word; None where there are not so many."""
    found = list(_WORD.finditer(text))
    return None if place >= len(found) else text[: found[place].start()] + form + text[found[place].end() :]


def with_name(text: str, place: int) -> str | None:
    """The text with a credential that only its name gives away, in place of one key and its value."""
    found = list(_PAIR.finditer(text))
    if place >= len(found):
        return None
    match = found[place]
    return f"{text[: match.start()]}db_password{match['sign']}{WORDS[0]}{text[match.end() :]}"


def leaked(text: str, name: str, format: str, place: Path, caplog: pytest.LogCaptureFixture) -> list[str]:
    """Where a planted word comes out when a file is imported: in a file of the audit, in the log, or in what is printed."""
    file = place / name
    file.parent.mkdir(parents=True)
    file.write_text(text, encoding="utf-8")
    with caplog.at_level(logging.DEBUG):
        ran = auditkit("import", file, "--into", place / "audit", "--format", format, "--json")
    assert ran.code in (0, 2)
    told = {"out": ran.out, "err": ran.err, "log": caplog.text}
    told |= {path: said_in(content, path) for path, content in tree(place / "audit").items()}
    return [path for path, said in told.items() if any(word in said for word in WORDS)]


@pytest.mark.parametrize(("format", "name", "text"), _FILES, ids=[name for _, name, _ in _FILES])
def test_a_credential_in_any_place_stays_there(
    format: str, name: str, text: str, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    """By its form or by its name, whether the file can still be read or not."""
    draw = random.Random(name)
    words, pairs = len(_WORD.findall(text)), len(_PAIR.findall(text))
    made = [with_form(text, draw.randrange(words), draw.choice(FORMS)) for _ in range(TRIED)]
    made += [with_name(text, draw.randrange(pairs)) for _ in range(TRIED // 2) if pairs]
    for number, planted in enumerate(made):
        assert planted is not None
        assert leaked(planted, name, format, tmp_path / str(number), caplog) == [], planted


def test_no_credential_gets_through_a_whole_audit(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    """A file of every format, all commands, the document in its four formats, settings for every target, questions, the log."""
    planted_folder.write(tmp_path / "source")
    folder = tmp_path / "audit"
    said = {}
    with caplog.at_level(logging.DEBUG):
        for arguments in (
            ("import", tmp_path / "source", "--into", folder, "--json"), ("import", tmp_path / "source", "--into", folder),
            ("check", folder), ("blast-radius", folder), ("plan", folder), ("run", folder, "--json"),
            ("export", folder, "--to", ",".join(("md", "html", "pdf", "docx", *EXPORTERS))),
            ("export", folder, "--check", tmp_path / "source"), ("settle", folder, "--json"), ("settle", folder),
            ("settle", folder, "on_failure web -> mq", "degrade", "--by", "ann"), ("settle", folder, "--undo"),
        ):  # fmt: skip
            ran = auditkit(*arguments)
            assert ran.code in (0, 1), ran.err
            said[str(arguments[0])] = ran.out + ran.err
    audit = Audit.open(folder)
    said |= {"log": caplog.text, "questions": repr(audit.questions()), "answers": repr(audit.answers()), **said_below(folder)}
    if pdftotext := shutil.which("pdftotext"):
        pdf = [pdftotext, folder / "out/strategy.pdf", "-"]
        said["out/strategy.pdf"] = subprocess.run(pdf, capture_output=True, text=True, check=True).stdout
    assert {"audit.yaml", "system.yaml", "out/strategy.pdf", "out/strategy.docx", "sources/w.dsl"} <= set(said)
    assert [(where, word) for where, text in said.items() for word in planted_folder.WORDS if word in text] == []
