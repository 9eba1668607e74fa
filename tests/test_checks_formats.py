"""Findings for other tools. The SARIF schema is typed from the standard: OASIS, SARIF Version 2.1.0, 2020, section 3."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft7Validator
from small_worlds import facts, world

from auditkit.checks import format_findings, run_checks
from auditkit.errors import InputError
from auditkit.model.audit import Finding

MESSAGE = {"type": "object", "required": ["text"], "properties": {"text": {"type": "string", "minLength": 1}}}
RULE = {  # 3.49 reportingDescriptor
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string"},
        "name": {"type": "string", "pattern": "^[A-Z][A-Za-z]*$"},
        "shortDescription": MESSAGE,
        "fullDescription": MESSAGE,
        "help": MESSAGE,
    },
    "additionalProperties": False,
}
LOCATION = {  # 3.28 location, 3.29 physicalLocation, 3.4 artifactLocation, 3.30 region, 3.33 logicalLocation
    "type": "object",
    "properties": {
        "physicalLocation": {
            "type": "object",
            "required": ["artifactLocation"],
            "properties": {
                "artifactLocation": {"type": "object", "required": ["uri"], "properties": {"uri": {"type": "string"}}},
                "region": {"type": "object", "properties": {"startLine": {"type": "integer", "minimum": 1}}},
            },
            "additionalProperties": False,
        },
        "logicalLocations": {
            "type": "array",
            "uniqueItems": True,
            "items": {
                "type": "object",
                "properties": {"name": {"type": "string"}, "kind": {"type": "string"}},
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}
RESULT = {  # 3.27 result
    "type": "object",
    "required": ["message"],
    "properties": {
        "ruleId": {"type": "string"},
        "ruleIndex": {"type": "integer", "minimum": -1},
        "level": {"enum": ["none", "note", "warning", "error"]},
        "rank": {"type": "number", "minimum": -1, "maximum": 100},
        "message": MESSAGE,
        "locations": {"type": "array", "items": LOCATION},
        "partialFingerprints": {"type": "object", "additionalProperties": {"type": "string"}},
        "properties": {"type": "object"},
    },
    "additionalProperties": False,
}
SARIF = {  # 3.13 sarifLog, 3.14 run, 3.18 tool, 3.19 toolComponent
    "type": "object",
    "required": ["version", "runs"],
    "properties": {
        "$schema": {"type": "string", "format": "uri"},
        "version": {"const": "2.1.0"},
        "runs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["tool"],
                "properties": {
                    "tool": {
                        "type": "object",
                        "required": ["driver"],
                        "properties": {
                            "driver": {
                                "type": "object",
                                "required": ["name"],
                                "properties": {
                                    "name": {"type": "string"},
                                    "version": {"type": "string"},
                                    "rules": {"type": "array", "uniqueItems": True, "items": RULE},
                                },
                                "additionalProperties": False,
                            }
                        },
                        "additionalProperties": False,
                    },
                    "columnKind": {"enum": ["utf16CodeUnits", "unicodeCodePoints"]},
                    "results": {"type": "array", "items": RESULT},
                },
                "additionalProperties": False,
            },
        },
    },
    "additionalProperties": False,
}


def found() -> tuple[Finding, ...]:
    """A few real findings."""
    return run_checks(facts(world([{"from": "api", "to": "db"}, {"from": "api", "to": "log", "policy": {"timeout": "none"}}])))


def sarif(findings: tuple[Finding, ...]) -> Any:
    """The log as JSON."""
    return json.loads(format_findings(findings, "sarif"))


def test_sarif_is_valid() -> None:
    """Real findings, and none, give a log that the standard accepts."""
    Draft7Validator.check_schema(SARIF)
    for findings in (found(), ()):
        assert list(Draft7Validator(SARIF).iter_errors(sarif(findings))) == []


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
