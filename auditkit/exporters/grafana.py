"""A Grafana dashboard: breaker state, timeouts, retries, fallback use, bulkhead saturation, p99 against timeout."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls
from auditkit.exporters.files import json_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import attempts, breaker, bulkhead, timeout_s
from auditkit.model.system import System

_SOURCE = {"type": "prometheus", "uid": "${datasource}"}


def export(system: System, strategy: Strategy | None) -> Made:
    """One dashboard; a row of panels for each call, the data source and the dialect chosen on top."""
    found, shared = calls(system, strategy, tells_sending=True)
    if not found:
        return (), (*shared, Gap(where=system.system, what="no call has a setting to watch"))
    dashboard = {
        "title": one_line(f"Resilience of {system.system}", 80),
        "uid": label(f"auditkit-{label(system.system, 24)}", 40),
        "schemaVersion": 39,
        "version": 1,
        "editable": True,
        "tags": ["auditkit"],
        "time": {"from": "now-6h", "to": "now"},
        "refresh": "1m",
        "templating": {"list": [{"name": "datasource", "type": "datasource", "query": "prometheus", "label": "Prometheus"}]},
        "panels": _panels(found),
    }
    gap = Gap(
        where=system.system,
        what="panels show the dialects resilience4j and OpenTelemetry",
        remedy="change the queries for others",
    )
    return (Artifact(path="grafana/resilience.json", content=json_file(dashboard), title="Grafana dashboard"),), (*shared, gap)


def _panels(found: Sequence[Call]) -> list[dict[str, Any]]:
    panels: list[dict[str, Any]] = []
    y = 0
    for call in found:
        panels.append(
            {"id": len(panels) + 1, "type": "row", "title": one_line(call.name), "collapsed": False, "gridPos": _at(0, y, 24, 1)}
        )
        y += 1
        shown = _of(call)
        for index, (title, queries, unit) in enumerate(shown):
            panels.append(_panel(len(panels) + 1, title, queries, unit, _at(8 * (index % 3), y + 7 * (index // 3), 8, 7)))
        y += 7 * -(-len(shown) // 3)
    return panels


def _at(x: int, y: int, w: int, h: int) -> dict[str, int]:
    return {"x": x, "y": y, "w": w, "h": h}


def _of(call: Call) -> list[tuple[str, list[tuple[str, str]], str]]:
    """Title, queries with their legends, and unit of each panel of a call."""
    name, app = label(call.callee), label(call.caller)
    of, http = f'name="{name}",application="{app}"', f'service_name="{app}",server_address="{name}"'
    shown: list[tuple[str, list[tuple[str, str]], str]] = []
    timeout = timeout_s(call.policy)
    if timeout is not None:
        bucket = f"http_client_request_duration_seconds_bucket{{{http}}}"
        shown.append(
            (
                "p99 against timeout",
                [(f"histogram_quantile(0.99, sum by (le) (rate({bucket}[5m])))", "p99"), (f"vector({timeout:.6g})", "timeout")],
                "s",
            )
        )
        limiter = "resilience4j_timelimiter_calls_total"
        ratio = f'sum(rate({limiter}{{{of},kind="timeout"}}[5m])) / sum(rate({limiter}{{{of}}}[5m]))'
        shown.append(("Share of calls timed out", [(ratio, "timed out")], "percentunit"))
    if attempts(call.policy) > 1:
        calls_total = "resilience4j_retry_calls_total"
        ratio = (
            f'sum(rate({calls_total}{{{of},kind=~"(successful|failed)_with_retry"}}[5m])) / sum(rate({calls_total}{{{of}}}[5m]))'
        )
        shown.append(("Share of calls retried", [(ratio, "retried")], "percentunit"))
    if breaker(call.policy) is not None:
        shown.append(("Breaker state", [(f"sum by (state) (resilience4j_circuitbreaker_state{{{of}}})", "{{state}}")], "short"))
    if bulkhead(call.policy) is not None:
        free, limit = "resilience4j_bulkhead_available_concurrent_calls", "resilience4j_bulkhead_max_allowed_concurrent_calls"
        used = f"max(1 - {free}{{{of}}} / {limit}{{{of}}})"
        shown.append(("Bulkhead in use", [(used, "in use")], "percentunit"))
    shown.append(
        (
            "Answers from the fallback",
            [(f'sum(rate(fallback_served_total{{caller="{app}",callee="{name}"}}[5m]))', "fallback")],
            "reqps",
        )
    )
    return shown


def _panel(number: int, title: str, queries: list[tuple[str, str]], unit: str, place: dict[str, int]) -> dict[str, Any]:
    targets = [
        {"refId": chr(65 + index), "datasource": _SOURCE, "expr": query, "legendFormat": legend}
        for index, (query, legend) in enumerate(queries)
    ]
    return {
        "id": number,
        "type": "timeseries",
        "title": title,
        "datasource": _SOURCE,
        "gridPos": place,
        "fieldConfig": {"defaults": {"unit": unit, "min": 0}, "overrides": []},
        "options": {"legend": {"displayMode": "list", "placement": "bottom"}, "tooltip": {"mode": "multi"}},
        "targets": targets,
    }


EXPORTER = Exporter(
    name="grafana",
    title="Grafana dashboard",
    prose="One row a call: p99 against timeout, timeouts, retries, breaker state, bulkhead in use, fallback answers.",
    export=export,
)
