"""Findings for other tools. SARIF is judged by the models that pydantic-sarif generates from the schema of OASIS, 2.1.0."""

from __future__ import annotations

import json
from typing import Any

import pytest
from pydantic import ValidationError
from pydantic_sarif.model import StaticAnalysisResultsFormatSarifVersion210JsonSchema as Sarif
from small_worlds import facts, world

from auditkit.checks import format_findings, run_checks
from auditkit.errors import InputError
from auditkit.model.audit import Finding


def found() -> tuple[Finding, ...]:
    """A few real findings."""
    return run_checks(facts(world([{"from": "api", "to": "db"}, {"from": "api", "to": "log", "policy": {"timeout": "none"}}])))


def sarif(findings: tuple[Finding, ...]) -> Any:
    """The log as JSON."""
    return json.loads(format_findings(findings, "sarif"))


def test_sarif_is_valid() -> None:
    """Real findings, and none, give a log that the standard accepts; the same log with a level of our own is refused."""
    for findings in (found(), ()):
        assert len(Sarif.model_validate(sarif(findings)).runs[0].results) == len(findings)
    broken = sarif(found())
    broken["runs"][0]["results"][0]["level"] = "critical"
    with pytest.raises(ValidationError):
        Sarif.model_validate(broken)


def test_sarif_results_point_at_their_rules() -> None:
    """Each rule index leads to the rule of that id; each finding is one result with a fingerprint that stays."""
    findings = found()
    run = sarif(findings)["runs"][0]
    rules = run["tool"]["driver"]["rules"]
    assert [rules[r["ruleIndex"]]["id"] for r in run["results"]] == [f.check for f in findings]
    prints = [r["partialFingerprints"]["auditkit/v1"] for r in run["results"]]
    assert len(set(prints)) == len(findings)
    assert prints == [r["partialFingerprints"]["auditkit/v1"] for r in sarif(findings)["runs"][0]["results"]]


def test_sarif_levels_follow_severity() -> None:
    """Critical and high are errors, medium is a warning, low and info are notes."""
    severities = ("critical", "high", "medium", "low", "info")
    findings = tuple(Finding(check="c", subject=s, severity=s, certainty="proven", title="t") for s in severities)
    assert [r["level"] for r in sarif(findings)["runs"][0]["results"]] == ["error", "error", "warning", "note", "note"]


def test_github_commands_are_escaped() -> None:
    """Line breaks, percent signs, colons and commas cannot break out of an annotation."""
    finding = Finding(check="c", subject="a -> b,c:d", severity="medium", certainty="proven", title="50 %\n::error::x")
    line = format_findings([finding], "github")
    assert line == "::warning file=system.yaml,title=c%3A a -> b%2Cc%3Ad::50 %25%0A::error::x"
    assert "\n" not in line


def test_text_is_one_line_a_finding() -> None:
    """As many lines as findings."""
    assert len(format_findings(found(), "text").splitlines()) == len(found())


def test_an_unknown_format_is_refused() -> None:
    """In words, with what there is."""
    with pytest.raises(InputError, match="text, github, sarif, json"):
        format_findings((), "xml")
