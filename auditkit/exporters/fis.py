"""AWS Fault Injection Service: one CloudFormation template with an experiment template for each experiment, on EKS pods."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import milliseconds
from auditkit.exporters.faults import Fault, faults
from auditkit.exporters.files import json_file
from auditkit.exporters.text import identifier, one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

MOST = 400
"""CloudFormation takes 500 resources in a template."""


def export(system: System, strategy: Strategy | None) -> Made:
    """`fis/experiments.json`, to be deployed with a role, a cluster and an alarm as parameters."""
    every, gaps = faults(system, strategy, "AWS FIS")
    found = tuple(fault for fault in every if fault.share == 1)
    some = "AWS FIS cannot let a share of the answers be errors; this experiment is left out"
    left_out = [Gap(where=f.experiment.id, what=some, remedy="run it with Toxiproxy or Litmus") for f in every if f.share < 1]
    lost = "every packet is lost, which callers feel as slow, not as an error at once"
    hanging = [Gap(where=f.experiment.id, what=lost, remedy="or delete the pods") for f in found if f.mode == "down"]
    gaps = (*gaps, *left_out, *hanging)
    if not found:
        return (), gaps
    template = {
        "AWSTemplateFormatVersion": "2010-09-09",
        "Description": one_line(f"Chaos experiments of {system.system}, written by auditkit", 200),
        "Parameters": {
            "RoleArn": {"Type": "String", "Description": "Role that FIS takes"},
            "ClusterArn": {"Type": "String", "Description": "EKS cluster of the environment"},
            "StopAlarmArn": {"Type": "String", "Description": "CloudWatch alarm that ends every experiment"},
            "PodServiceAccount": {
                "Type": "String",
                "Default": "fis",
                "Description": "Kubernetes service account of the FIS pods",
            },
        },
        "Resources": {_logical(fault): _resource(fault) for fault in found[:MOST]},
    }
    more = [Gap(where=system.system, what="experiments are written for pods on EKS", remedy="change the actions for ECS or EC2")]
    if len(found) > MOST:
        more.append(Gap(where=system.system, what=f"CloudFormation takes {MOST} of the {len(found)} experiments in one template"))
    artifact = Artifact(path="fis/experiments.json", content=json_file(template), title="AWS FIS: experiment templates")
    return (artifact,), (*gaps, *more)


def _logical(fault: Fault) -> str:
    return "".join(part.capitalize() for part in identifier(fault.experiment.id).split("_"))


def _resource(fault: Fault) -> dict[str, Any]:
    experiment = fault.experiment
    names = {f"pods{index}": component for index, component in enumerate(fault.components)}
    return {
        "Type": "AWS::FIS::ExperimentTemplate",
        "Properties": {
            "Description": one_line(f"{experiment.id}: {experiment.claim}. Way back: {experiment.rollback}", 500),
            "RoleArn": {"Ref": "RoleArn"},
            "StopConditions": [{"Source": "aws:cloudwatch:alarm", "Value": {"Ref": "StopAlarmArn"}}],
            "Targets": {name: _target(fault, component) for name, component in names.items()},
            "Actions": {f"break{index}": _action(fault, name) for index, name in enumerate(names)},
            "Tags": {"auditkit": label(experiment.id, 100), "environment": experiment.environment},
        },
    }


def _target(fault: Fault, component: str) -> dict[str, Any]:
    return {
        "ResourceType": "aws:eks:pod",
        "SelectionMode": "ALL",
        "Parameters": {
            "clusterIdentifier": {"Ref": "ClusterArn"},
            "namespace": fault.namespace,
            "selectorType": "labelSelector",
            "selectorValue": f"app={label(component)}",
        },
    }


def _action(fault: Fault, target: str) -> dict[str, Any]:
    duration = {
        "duration": f"PT{max(1, round(fault.duration_s / 60))}M",
        "kubernetesServiceAccount": {"Ref": "PodServiceAccount"},
    }
    if fault.mode == "slow":
        found = {
            "ActionId": "aws:eks:pod-network-latency",
            "Parameters": {**duration, "delayMilliseconds": str(milliseconds(fault.slow_s))},
        }
    else:
        found = {"ActionId": "aws:eks:pod-network-packet-loss", "Parameters": {**duration, "lossPercent": "100"}}
    return {**found, "Targets": {"Pods": target}}


EXPORTER = Exporter(
    name="fis",
    title="AWS Fault Injection Service (CloudFormation)",
    prose="Slow is added latency, down is the loss of every packet. A CloudWatch alarm stops it; FIS undoes what it did.",
    export=export,
)
