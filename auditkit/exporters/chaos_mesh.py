"""Chaos Mesh: NetworkChaos for what is slow, PodChaos for what is down, HTTPChaos for some errors, StressChaos for workers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import milliseconds
from auditkit.exporters.faults import PORT, Fault, faults, speaks_http, without_port
from auditkit.exporters.files import yaml_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

_API = "chaos-mesh.org/v1alpha1"
STRESS_LOAD = 90
"""Share of one processor that a stressor takes, in percent."""


def export(system: System, strategy: Strategy | None) -> Made:
    """One file for each experiment."""
    every, gaps = faults(system, strategy, "Chaos Mesh")
    found = tuple(fault for fault in every if fault.share == 1 or all(speaks_http(system, name) for name in fault.components))
    artifacts = tuple(
        Artifact(
            path=f"chaos-mesh/{label(fault.experiment.id, 100)}.yaml",
            content=yaml_file(
                _documents(fault), [f"Ends when: {fault.experiment.abort}", f"Way back: {fault.experiment.rollback}"]
            ),
            title=f"Chaos Mesh: {one_line(fault.experiment.id, 80)}",
        )
        for fault in found
    )
    return artifacts, (*gaps, *_gaps(system, every, found))


def _gaps(system: System, every: Sequence[Fault], found: Sequence[Fault]) -> Iterator[Gap]:
    if found:
        yield Gap(
            where=system.system,
            what="Chaos Mesh does not watch the steady state; every fault ends with its duration",
            remedy="run it inside a Workflow with a StatusCheck, or delete the object when the condition in its head is met",
        )
    for fault in every:
        if fault not in found:
            what = f"Chaos Mesh cannot let {fault.share:.0%} of the answers be errors where they are no HTTP; it is left out"
            yield Gap(where=fault.experiment.id, what=what, remedy="run it with Toxiproxy")
        elif fault.share < 1:
            what = f"{fault.share:.0%} of the pods answer with errors, not that share of each pod's answers"
            yield Gap(where=fault.experiment.id, what=what)
    yield from without_port(system, [fault for fault in found if fault.share < 1])


def _documents(fault: Fault) -> list[dict[str, Any]]:
    documents = [_chaos(fault, name) for name in fault.components]
    if fault.experiment.pattern == "bulkhead":
        documents += [_stress(fault, name) for name in fault.components]
    return documents


def _chaos(fault: Fault, component: str) -> dict[str, Any]:
    if fault.share < 1:
        answers = {"target": "Response", "port": PORT, "path": "*", "replace": {"code": 503}}
        return _object(
            fault, component, "HTTPChaos", {**answers, "mode": "fixed-percent", "value": str(round(100 * fault.share))}
        )
    if fault.mode == "down":
        return _object(fault, component, "PodChaos", {"action": "pod-failure"})
    delay = {"latency": f"{milliseconds(fault.slow_s)}ms", "correlation": "0", "jitter": "0ms"}
    return _object(fault, component, "NetworkChaos", {"action": "delay", "delay": delay})


def _stress(fault: Fault, component: str) -> dict[str, Any]:
    return _object(fault, component, "StressChaos", {"stressors": {"cpu": {"workers": 1, "load": STRESS_LOAD}}})


def _object(fault: Fault, component: str, kind: str, what: dict[str, Any]) -> dict[str, Any]:
    name = label(f"{label(component, 20)}-{label(fault.experiment.id, 40)}", 63)
    annotations = {
        "auditkit/experiment": one_line(fault.experiment.id),
        "auditkit/abort": one_line(fault.experiment.abort),
        "auditkit/rollback": one_line(fault.experiment.rollback),
    }
    selector = {"namespaces": [fault.namespace], "labelSelectors": {"app": label(component)}}
    return {
        "apiVersion": _API,
        "kind": kind,
        "metadata": {"name": name, "namespace": fault.namespace, "annotations": annotations},
        "spec": {"mode": "all", **what, "selector": selector, "duration": f"{round(fault.duration_s)}s"},
    }


EXPORTER = Exporter(
    name="chaos-mesh",
    title="Chaos Mesh (NetworkChaos, PodChaos, HTTPChaos, StressChaos)",
    prose="Pods are found by the label `app` in the namespace `staging`; production only where the experiment names it.",
    export=export,
)
