"""Chaos Monkey: Netflix's settings of an application in Spinnaker, and Chaos Monkey for Spring Boot."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import milliseconds
from auditkit.exporters.faults import Fault, faults
from auditkit.exporters.files import json_file, yaml_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

_SPARE = 2
"""Fewer instances than this are left alone: killing the only one is an outage, not an experiment."""


def export(system: System, strategy: Strategy | None) -> Made:
    """Settings for each component that an experiment breaks."""
    found, gaps = faults(system, strategy, "Chaos Monkey")
    more: list[Gap] = []
    artifacts = []
    for name in sorted({name for fault in found for name in fault.components}):
        component = system.component(name)
        of = [fault for fault in found if name in fault.components]
        spare = (component.instances or 1) - component.needed >= 1 and (component.instances or 1) >= _SPARE
        if spare:
            settings = json_file(_netflix())
            artifacts.append(
                Artifact(path=f"chaos-monkey/netflix/{label(name)}.json", content=settings, title=f"Chaos Monkey: {name}")
            )
        else:
            more.append(Gap(where=name, what="it has no spare instance that is known, so no instance of it is killed at random"))
        spring = yaml_file(
            [_spring(of)], [f"Ends when: {of[0].experiment.abort}", "Way back: POST /actuator/chaosmonkey/disable"]
        )
        path = f"chaos-monkey/spring-boot/{label(name)}/application-chaos-monkey.yml"
        artifacts.append(Artifact(path=path, content=spring, title=f"Chaos Monkey for Spring Boot: {name}"))
    if artifacts:
        what = "Chaos Monkey has no condition that ends it"
        more.append(Gap(where=system.system, what=what, remedy="disable it by its endpoint when the steady state breaks"))
    return tuple(artifacts), (*gaps, *more)


def _netflix() -> dict[str, Any]:
    settings = {
        "enabled": True,
        "meanTimeBetweenKillsInWorkDays": 2,
        "minTimeBetweenKillsInWorkDays": 1,
        "grouping": "cluster",
        "regionsAreIndependent": True,
        "exceptions": [{"account": "prod", "region": "*", "stack": "*", "detail": "*"}],
    }
    return {"chaosMonkey": settings}


def _spring(of: list[Fault]) -> dict[str, Any]:
    """What is active for all of them together; `level` n attacks every n-th call: each, unless all want a share only."""
    slow = [fault.slow_s for fault in of if fault.mode == "slow"]
    every = 1 if any(fault.share == 1 for fault in of) else round(1 / min(fault.share for fault in of))
    assaults: dict[str, Any] = {
        "level": every,
        "latencyActive": bool(slow),
        "exceptionsActive": any(fault.mode == "down" for fault in of),
    }
    if slow:
        assaults |= {"latencyRangeStart": milliseconds(max(slow)), "latencyRangeEnd": milliseconds(max(slow))}
    return {
        "chaos": {"monkey": {"enabled": False, "assaults": assaults, "watcher": {"service": True, "restController": True}}},
        "management": {
            "endpoint": {"chaosmonkey": {"enabled": True}},
            "endpoints": {"web": {"exposure": {"include": ["health", "info", "chaosmonkey"]}}},
        },
    }


EXPORTER = Exporter(
    name="chaos-monkey",
    title="Chaos Monkey (Netflix; Spring Boot)",
    prose=(
        "Netflix's kills instances at random, production excepted; Spring Boot's delays and throws inside a service, in the"
        " profile "
        "`chaos-monkey`, and starts disabled."
    ),
    export=export,
)
