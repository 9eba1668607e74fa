"""A large system still gives a document that can be sent and read."""

from __future__ import annotations

import itertools
import random
import re

from auditkit.document import document
from auditkit.importers import dump_yaml
from auditkit.model.noun import FROM_FILE
from auditkit.model.system import System
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
    markdown = made["strategy.md"].decode()
    reasons = markdown.split("### Why these values, and why some were refused", 1)[1].split("\n#", 1)[0]
    assert 0 < len(re.findall(r"^\| ", reasons, re.MULTILINE)) < 100
