"""LitmusChaos: a ChaosEngine for each experiment and component, which stops when its probe fails."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import milliseconds
from auditkit.exporters.faults import PORT, Fault, faults, speaks_http, without_port
from auditkit.exporters.files import yaml_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

STEADY_STATE_URL = "http://steady-state.staging.svc.cluster.local/"


def export(system: System, strategy: Strategy | None) -> Made:
    """One file for each experiment."""
    found, gaps = faults(system, strategy, "LitmusChaos")
    artifacts = tuple(
        Artifact(
            path=f"litmus/{label(fault.experiment.id, 100)}.yaml",
            content=yaml_file(
                [_engine(system, fault, name) for name in fault.components], [f"Way back: {fault.experiment.rollback}"]
            ),
            title=f"LitmusChaos: {one_line(fault.experiment.id, 80)}",
        )
        for fault in found
    )
    probed = Gap(
        where=system.system,
        what=f"the probe asks {STEADY_STATE_URL}, which stands for a check of the journey",
        remedy="set its url to a check of the journey that the experiment is about",
    )
    down = [(fault, name) for fault in found if fault.mode == "down" for name in fault.components]
    lost = [
        Gap(where=fault.experiment.id, what=f"{name} loses packets, which callers feel as slow, not as an error at once")
        for fault, name in down
        if not speaks_http(system, name)
    ]
    ports = without_port(system, [fault for fault, name in down if speaks_http(system, name)])
    return artifacts, (*gaps, probed, *lost, *ports) if artifacts else gaps


def _engine(system: System, fault: Fault, component: str) -> dict[str, Any]:
    experiment = fault.experiment
    annotations = {"auditkit/experiment": one_line(experiment.id), "auditkit/abort": one_line(experiment.abort)}
    return {
        "apiVersion": "litmuschaos.io/v1alpha1",
        "kind": "ChaosEngine",
        "metadata": {
            "name": label(f"{label(component, 20)}-{label(experiment.id, 40)}", 63),
            "namespace": fault.namespace,
            "annotations": annotations,
        },
        "spec": {
            "engineState": "active",
            "annotationCheck": "false",
            "appinfo": {"appns": fault.namespace, "applabel": f"app={label(component)}", "appkind": "deployment"},
            "chaosServiceAccount": "litmus-admin",
            "jobCleanUpPolicy": "delete",
            "experiments": [_experiment(fault, answers=speaks_http(system, component))],
        },
    }


def _experiment(fault: Fault, *, answers: bool) -> dict[str, Any]:
    """What is slow answers late, what is down with 503; a store without HTTP loses every packet."""
    env = {"TOTAL_CHAOS_DURATION": str(round(fault.duration_s)), "PODS_AFFECTED_PERC": "100"}
    if fault.mode == "slow":
        name = "pod-network-latency"
        env |= {"NETWORK_LATENCY": str(milliseconds(fault.slow_s)), "JITTER": "0"}
    elif answers:
        name = "pod-http-status-code"
        env |= {"TARGET_SERVICE_PORT": str(PORT), "STATUS_CODE": "503", "TOXICITY": str(round(100 * fault.share))}
    else:
        name = "pod-network-loss"
        env |= {"NETWORK_PACKET_LOSS_PERCENTAGE": str(round(100 * fault.share))}
    probe = {
        "name": "steady-state",
        "type": "httpProbe",
        "mode": "Continuous",
        "httpProbe/inputs": {"url": STEADY_STATE_URL, "method": {"get": {"criteria": "==", "responseCode": "200"}}},
        "runProperties": {"probeTimeout": "10s", "interval": "10s", "attempt": 3, "stopOnFailure": True},
    }
    variables = [{"name": key, "value": value} for key, value in env.items()]
    return {"name": name, "spec": {"probe": [probe], "components": {"env": variables}}}


EXPORTER = Exporter(
    name="litmus",
    title="LitmusChaos (ChaosEngine)",
    prose=(
        "Slow is pod-network-latency, down is pod-http-status-code (503), of a share of answers where the experiment says so; "
        "what speaks no HTTP loses packets. A failing probe stops it; Litmus undoes it."
    ),
    export=export,
)
