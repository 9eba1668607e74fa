"""The written strategy of a whole audit folder, as `auditkit export` writes it: nothing in it contradicts the rest."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from auditkit.project.creating import new
from auditkit.project.exporting import export_into, run


@pytest.fixture(scope="module")
def written(tmp_path_factory) -> str:
    """The Markdown of the worked example, exported beside Istio's files."""
    folder: Path = tmp_path_factory.mktemp("audit") / "worked-example"
    new(folder, "worked-example")
    run(folder)
    export_into(folder, ("md", "istio"))
    return (folder / "out/strategy.md").read_text(encoding="utf-8")


def part(text: str, heading: str) -> str:
    """From a heading to the next one."""
    return re.split(r"\n#+ ", text.split(f" {heading}\n", 1)[1], maxsplit=1)[0]


def test_what_is_called_proven_is_proven_in_the_table_too(written):
    """The sentence counts single points that hold under the best answers; the table beside it has exactly as many."""
    found = part(written, "Single points of failure")
    counted = re.search(r"(\d+) single points of failure proven", found)
    assert counted is not None
    assert len(re.findall(r"\| proven \|", found)) == int(counted[1]) == 10


def test_what_exported_files_lack_stands_in_the_document(written):
    """Istio does not see a database's protocol, and its breaker is an approximation; the document says so."""
    found = part(written, "What the exported files cannot express")
    assert "users-db is a database: its protocol is not HTTP" in found
    assert "(an approximation)" in found


def test_every_finding_leads_to_its_evidence(written):
    """One row of evidence for each finding, in the same order."""
    findings = re.findall(r"\[evidence\]\(#(evidence-\d+)\)", part(written, "What the checks found"))
    assert len(findings) > 10
    assert re.findall(r'id="(evidence-\d+)"', part(written, "Evidence of the findings")) == findings
