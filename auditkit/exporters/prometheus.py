"""Prometheus: alerting and recording rules in three dialects, each file with the unit tests that `promtool test rules` runs."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.alerts import DIALECTS, Alert, expected_timeouts
from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import calls
from auditkit.exporters.files import yaml_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System


def export(system: System, strategy: Strategy | None) -> Made:
    """Rules and tests for each dialect that has something to say."""
    found, shared = calls(system, strategy, tells_sending=True)
    artifacts = []
    for dialect, write in DIALECTS.items():
        alerts = [alert for call in found for alert in write(call, expected_timeouts(call, strategy))]
        if alerts:
            rules, tests = f"{dialect}.rules.yaml", f"{dialect}.tests.yaml"
            artifacts.append(
                Artifact(path=f"prometheus/{rules}", content=yaml_file([_rules(dialect, alerts)]), title=f"Alerts ({dialect})")
            )
            artifacts.append(
                Artifact(
                    path=f"prometheus/{tests}",
                    content=yaml_file([_tests(rules, alerts)]),
                    title=f"Tests of the alerts ({dialect})",
                )
            )
    gaps = (*shared, *(_gaps(system) if artifacts else (Gap(where=system.system, what="no call has a setting to watch"),)))
    return tuple(artifacts), gaps


def _rules(dialect: str, alerts: list[Alert]) -> dict[str, Any]:
    recording = [
        {"record": f"auditkit:{dialect}:{_snake(a.name)}", "expr": _measured(a), "labels": _who(a)}
        for a in alerts
        if " > " in a.expression
    ]
    return {
        "groups": [
            {"name": f"auditkit-{dialect}-recording", "interval": "30s", "rules": recording},
            {"name": f"auditkit-{dialect}", "rules": [_rule(alert) for alert in alerts]},
        ]
    }


def _measured(alert: Alert) -> str:
    return alert.expression.rpartition(" > ")[0]


def _snake(name: str) -> str:
    return "".join(f"_{letter.lower()}" if letter.isupper() else letter for letter in name).strip("_")


def _who(alert: Alert) -> dict[str, str]:
    return {"caller": label(alert.call.caller), "callee": label(alert.call.callee)}


def _rule(alert: Alert) -> dict[str, Any]:
    return {
        "alert": alert.name,
        "expr": alert.expression,
        "for": alert.hold,
        "labels": {"severity": alert.severity, **_who(alert)},
        "annotations": _annotations(alert),
    }


def _annotations(alert: Alert) -> dict[str, str]:
    return {"summary": one_line(f"{label(alert.call.caller)} -> {label(alert.call.callee)}: {alert.summary}")}


def _tests(rules: str, alerts: list[Alert]) -> dict[str, Any]:
    """Every alert fires on the series that it names, and none fires while nothing is measured."""
    names = sorted({alert.name for alert in alerts})
    series = {name: values for alert in alerts for name, values in alert.fires.items()}
    fires = {
        "name": "every alert fires when its call is in trouble",
        "interval": "1m",
        "input_series": [{"series": name, "values": values} for name, values in series.items()],
        "alert_rule_test": [
            {"eval_time": "35m", "alertname": name, "exp_alerts": [_expected(a) for a in alerts if a.name == name]}
            for name in names
        ],
    }
    silent = {
        "name": "no alert fires without data",
        "interval": "1m",
        "input_series": [{"series": "up", "values": "1x40"}],
        "alert_rule_test": [{"eval_time": "35m", "alertname": name, "exp_alerts": []} for name in names],
    }
    return {"rule_files": [rules], "evaluation_interval": "1m", "tests": [fires, silent]}


def _expected(alert: Alert) -> dict[str, Any]:
    return {"exp_labels": {"severity": alert.severity, **_who(alert)}, "exp_annotations": _annotations(alert)}


def _gaps(system: System) -> tuple[Gap, ...]:
    return (
        Gap(
            where=system.system,
            what="no dialect counts answers from a fallback",
            remedy="count them as fallback_served_total{caller, callee}",
        ),
        Gap(
            where=system.system,
            what="OpenTelemetry's semantic conventions name neither breaker state, retries nor bulkheads",
            remedy="use the metrics of the library that acts (dialect resilience4j) beside it",
        ),
        Gap(
            where=system.system,
            what="labels that name the caller (`app`, `application`) depend on how targets are scraped",
            remedy="relabel them",
        ),
    )


EXPORTER = Exporter(
    name="prometheus",
    title="Prometheus (rules and their tests)",
    prose="Timeouts, retries, breaker, bulkhead, p99 against timeout and fallback use. Thresholds come from the strategy.",
    export=export,
)
