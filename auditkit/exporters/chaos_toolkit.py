"""Chaos Toolkit: one experiment a file, which drives Toxiproxy over HTTP, ends on a broken hypothesis, and always rolls back."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.faults import Fault, faults, toxic
from auditkit.exporters.files import json_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

_CONTROL_S = 5


def export(system: System, strategy: Strategy | None) -> Made:
    """One JSON file for each chaos experiment."""
    found, gaps = faults(system, strategy, "Chaos Toolkit", ours_only=False)
    artifacts = tuple(
        Artifact(
            path=f"chaos-toolkit/{label(fault.experiment.id, 100)}.json",
            content=json_file(_experiment(fault)),
            title=f"Chaos Toolkit: {one_line(fault.experiment.id, 80)}",
        )
        for fault in found
    )
    prober = Gap(
        where=system.system,
        what="the steady state is asked of one URL that the user names (STEADY_STATE_URL)",
        remedy="point it at a check of the journey that the experiment is about",
    )
    return artifacts, (*gaps, prober) if artifacts else gaps


def _experiment(fault: Fault) -> dict[str, Any]:
    experiment = fault.experiment
    probe = {
        "type": "probe",
        "name": "journey-answers",
        "tolerance": 200,
        "provider": {"type": "http", "url": "${steady_state_url}", "timeout": 10},
    }
    return {
        "version": "1.0.0",
        "title": one_line(experiment.claim, 250) or experiment.id,
        "description": one_line(f"{experiment.method}. Ends when: {experiment.abort}. Way back: {experiment.rollback}", 900),
        "tags": ["auditkit", experiment.environment, label(experiment.id, 100)],
        "contributions": {"reliability": "high", "availability": "high"},
        "configuration": {
            "steady_state_url": {"type": "env", "key": "STEADY_STATE_URL", "default": "http://localhost:8080/health"},
            "toxiproxy_url": {"type": "env", "key": "TOXIPROXY_URL", "default": "http://localhost:8474"},
        },
        "runtime": {
            "hypothesis": {"strategy": "continuously", "frequency": 10, "fail_fast": True},
            "rollbacks": {"strategy": "always"},
        },
        "steady-state-hypothesis": {"title": one_line(experiment.hypothesis, 250) or "the journey answers", "probes": [probe]},
        "method": [_break(fault, name, last=name == fault.components[-1]) for name in fault.components],
        "rollbacks": [_mend(fault, name) for name in fault.components],
    }


def _break(fault: Fault, component: str, *, last: bool) -> dict[str, Any]:
    pause = {"pauses": {"after": round(fault.duration_s)}} if last else {}
    proxy = f"${{toxiproxy_url}}/proxies/{label(component)}"
    provider = _http(proxy, {"enabled": False}) if _disabled(fault) else _http(f"{proxy}/toxics", toxic(fault))
    return {"type": "action", "name": f"break-{label(component)}", "provider": provider, **pause}


def _mend(fault: Fault, component: str) -> dict[str, Any]:
    proxy = f"${{toxiproxy_url}}/proxies/{label(component)}"
    if _disabled(fault):
        provider = _http(proxy, {"enabled": True})
    else:
        url = f"{proxy}/toxics/{toxic(fault)['name']}"
        provider = {"type": "http", "url": url, "method": "DELETE", "timeout": _CONTROL_S}
    return {"type": "action", "name": f"mend-{label(component)}", "provider": provider}


def _http(url: str, arguments: dict[str, Any]) -> dict[str, Any]:
    headers = {"Content-Type": "application/json"}
    return {"type": "http", "url": url, "method": "POST", "timeout": _CONTROL_S, "headers": headers, "arguments": arguments}


def _disabled(fault: Fault) -> bool:
    return fault.mode == "down" and fault.share == 1


EXPORTER = Exporter(
    name="chaos-toolkit",
    title="Chaos Toolkit (experiments)",
    prose="Faults by Toxiproxy; the hypothesis is checked all the time and ends the experiment at once; rollbacks always run.",
    export=export,
)
