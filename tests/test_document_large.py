"""A large system still gives a document that can be sent and read."""

from __future__ import annotations

import itertools
import random
import re
import shutil
import subprocess

import pytest
from document_books import shop_book

from auditkit.document import document
from auditkit.importers import dump_yaml
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
from auditkit.project import Audit
from auditkit.project.exporting import book
from auditkit.project.inputs import read


def layered(layers: int = 6, width: int = 50) -> System:
    """300 components in six layers, each calling one to four of the next; 12 journeys; nothing measured."""
    draw = random.Random(3)
    ids = [[f"l{layer}-s{n}" for n in range(width)] for layer in range(layers)]
    components = [
        {"id": name, "kind": "database" if row is ids[-1] else "service", "instances": draw.choice([1, 2, 3]), "concurrency": 100}
        for row in ids
        for name in row
    ]
    dependencies = [
        {
            "from": caller,
            "to": callee,
            "on_failure": draw.choice(["fail", "degrade", "ignore"]),
            "rate": f"{draw.randint(1, 50)}/s",
            "fallback": {"kind": "static", "serves": "older data"},
            "policy": {"timeout": draw.choice(["100ms", "500ms", "2s"])},
        }
        for row, below in itertools.pairwise(ids)
        for caller in row
        for callee in draw.sample(below, draw.randint(1, 4))
    ]
    journeys = [{"id": f"j{n}", "entry": ids[0][n], "deadline": "1s", "slo": "99.9%"} for n in range(12)]
    data = {"system": "large", "components": components, "dependencies": dependencies, "journeys": journeys}
    return System.model_validate(data, context=FROM_FILE)


def test_the_pdf_of_300_components_can_be_mailed(tmp_path):
    """At most 5 MB, and each call's settings are told once: calls that are told the same share a row."""
    (tmp_path / "system.yaml").write_text(dump_yaml(layered(), None))
    (tmp_path / "audit.yaml").write_text("scope: everything\n")
    made = {artifact.path: artifact.content for artifact in document(book(read(tmp_path)), ("pdf", "md"))}
    assert len(made["strategy.pdf"]) <= 5_000_000
    if shutil.which("pdftotext"):
        assert summary_is_one_page(made["strategy.pdf"], tmp_path)
    markdown = made["strategy.md"].decode()
    reasons = markdown.split("### Why these values, and why some were refused", 1)[1].split("\n#", 1)[0]
    assert 0 < len(re.findall(r"^\| ", reasons, re.MULTILINE)) < 100


@pytest.mark.parametrize("sample", ["worked-example", "flash-sale"])
def test_the_summary_is_one_page(sample, tmp_path):
    """The contents begin on the second page, however much the summary has to say."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here (Debian: poppler-utils), so nobody looks at the pages")
    Audit.new(tmp_path / "audit", sample=sample)
    Audit.open(tmp_path / "audit").run()
    (made,) = document(book(read(tmp_path / "audit")), ("pdf",))
    assert summary_is_one_page(made.content, tmp_path)


def test_ten_long_questions_and_long_risks_still_fit_on_one_page(tmp_path):
    """The summary is set smaller; the text of its questions is as long as ours get."""
    if shutil.which("pdftotext") is None:
        pytest.skip("no pdftotext here (Debian: poppler-utils), so nobody looks at the pages")
    strategy = shop_book().strategy
    question = strategy.open_questions[0].model_copy(update={"what": "How many calls a second does it make at peak? " * 4})
    long = {"title": "a component alone stops many journeys " * 5, "remedy": "do it " * 40}
    risks = tuple(strategy.findings[0].model_copy(update={**long, "subject": f"s{n}"}) for n in range(9))
    action = strategy.actions[0].model_copy(update={"title": "set the timeout of this call to something " * 5})
    strategy = strategy.model_copy(update={"open_questions": (question,) * 10, "findings": risks, "actions": (action,) * 9})
    (made,) = document(shop_book(strategy=strategy), ("pdf",))
    assert summary_is_one_page(made.content, tmp_path)


def summary_is_one_page(pdf, folder):
    """Whether the contents stand on the second page."""
    (folder / "strategy.pdf").write_bytes(pdf)
    ran = subprocess.run(["pdftotext", "-layout", folder / "strategy.pdf", "-"], capture_output=True, text=True, check=True)
    pages = ran.stdout.split("\f")
    assert "Summary" in pages[0]
    return "Contents" in pages[1]
