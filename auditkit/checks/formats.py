"""Findings as text for other tools: SARIF 2.1.0, and the workflow commands of GitHub Actions. Pure functions.

Sources: OASIS, Static Analysis Results Interchange Format (SARIF) Version 2.1.0, 2020; GitHub, Workflow commands for GitHub
Actions, 2024.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Literal

from auditkit.checks.base import Check
from auditkit.checks.table import all_checks
from auditkit.errors import InputError
from auditkit.model.audit import Finding, Severity

Level = Literal["error", "warning", "note"]
_LEVEL: Mapping[Severity, Level] = {"critical": "error", "high": "error", "medium": "warning", "low": "note", "info": "note"}
_RANK: Mapping[Severity, float] = {"critical": 95.0, "high": 75.0, "medium": 50.0, "low": 25.0, "info": 5.0}
_SCHEMA = "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"


def to_text(findings: Sequence[Finding], file: str = "system.yaml") -> str:
    """One line a finding: severity, check, subject, certainty, title.

    >>> to_text([Finding(check="c", subject="a -> b", severity="high", certainty="proven", title="no timeout")])
    'high  c  a -> b  (proven)  no timeout'
    """
    return "\n".join(f"{f.severity}  {f.check}  {f.subject}  ({f.certainty})  {f.title}" for f in findings)


def to_github(findings: Sequence[Finding], file: str = "system.yaml") -> str:
    """One workflow command a finding: an annotation of `file` in a pull request.

    >>> to_github([Finding(check="c", subject="a", severity="low", certainty="proven", title="50 %, or more")])
    '::notice file=system.yaml,title=c%3A a::50 %25, or more'
    """
    return "\n".join(_command(finding, file) for finding in findings)


def _command(finding: Finding, file: str) -> str:
    kind = {"error": "error", "warning": "warning", "note": "notice"}[_LEVEL[finding.severity]]
    title = _property(f"{finding.check}: {finding.subject}")
    return f"::{kind} file={_property(file)},title={title}::{_data(_message(finding))}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _message(finding: Finding) -> str:
    return f"{finding.title}. {finding.remedy}" if finding.remedy else finding.title


def to_sarif(findings: Sequence[Finding], file: str = "system.yaml", version: str | None = None) -> str:
    """A SARIF 2.1.0 log with one run. Each check that found something is a rule; the subject is a logical location.

    `file` is the artifact that results point at, relative to the repository; `version` that of auditkit.
    """
    checks = all_checks()
    names = sorted({finding.check for finding in findings})
    driver: dict[str, object] = {"name": "auditkit", "rules": [_rule(name, checks.get(name)) for name in names]}
    if version is not None:
        driver["version"] = version
    run = {
        "tool": {"driver": driver},
        "columnKind": "utf16CodeUnits",
        "results": [_result(finding, names.index(finding.check), file) for finding in findings],
    }
    return json.dumps({"$schema": _SCHEMA, "version": "2.1.0", "runs": [run]}, indent=2, ensure_ascii=False)


def _rule(name: str, check: Check | None) -> dict[str, object]:
    if check is None:
        return {"id": name}
    return {
        "id": name,
        "name": "".join(part.capitalize() for part in name.split("_")),
        "shortDescription": {"text": check.title},
        "fullDescription": {"text": f"{check.why} {check.how}"},
        "help": {"text": f"{check.remedy}\n\nWhen it is a false alarm: {check.false_alarm}"},
    }


def _result(finding: Finding, rule: int, file: str) -> dict[str, object]:
    return {
        "ruleId": finding.check,
        "ruleIndex": rule,
        "level": _LEVEL[finding.severity],
        "rank": _RANK[finding.severity],
        "message": {"text": "\n".join([_message(finding), *finding.evidence])},
        "locations": [
            {
                "physicalLocation": {"artifactLocation": {"uri": file}, "region": {"startLine": 1}},
                "logicalLocations": [{"name": finding.subject, "kind": "member" if " -> " in finding.subject else "module"}],
            }
        ],
        "partialFingerprints": {"auditkit/v1": hashlib.sha256(finding.key.encode()).hexdigest()[:32]},
        "properties": {"severity": finding.severity, "certainty": finding.certainty},
    }


FORMATS: Mapping[str, Callable[[Sequence[Finding], str], str]] = {"text": to_text, "github": to_github, "sarif": to_sarif}
"""By the name that `auditkit check --format` takes. (`json` is the command line's own.)"""


def format_findings(findings: Iterable[Finding], format: str, file: str = "system.yaml") -> str:
    """Findings in one of `FORMATS`. Raises `InputError` on another name."""
    write = FORMATS.get(format)
    if write is None:
        raise InputError.of("--format", f"there is no format {format!r}", f"choose one of: {', '.join(FORMATS)}, json")
    return write(tuple(findings), file)
