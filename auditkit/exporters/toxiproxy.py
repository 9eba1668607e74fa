"""Toxiproxy: a proxy for each component that an experiment breaks, and the toxics of every experiment."""

from __future__ import annotations

from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.faults import Fault, faults, toxic
from auditkit.exporters.files import json_file
from auditkit.exporters.text import one_line
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.system import System

FIRST_PORT = 21000


def export(system: System, strategy: Strategy | None) -> Made:
    """`proxies.json` for `toxiproxy-server -config`, and `toxics.json` by experiment."""
    found, gaps = faults(system, strategy, "Toxiproxy", ours_only=False)
    if not found:
        return (), gaps
    names = sorted({label(name) for fault in found for name in fault.components})
    proxies = [
        {"name": name, "listen": f"127.0.0.1:{FIRST_PORT + index}", "upstream": f"{name}:80", "enabled": True}
        for index, name in enumerate(names)
    ]
    toxics = {label(fault.experiment.id, 100): _toxics(fault) for fault in found}
    where = Gap(
        where=system.system,
        what="hosts and ports of the components are not in the model; each is written as its id and port 80",
        remedy="set `upstream`, and let the callers in staging call the proxy's `listen` address",
    )
    return (
        Artifact(path="toxiproxy/proxies.json", content=json_file(proxies), title="Toxiproxy: proxies"),
        Artifact(path="toxiproxy/toxics.json", content=json_file(toxics), title="Toxiproxy: toxics of every experiment"),
    ), (*gaps, where)


def _toxics(fault: Fault) -> dict[str, Any]:
    """What to send to the server, and for how long; a component that is down is a disabled proxy."""
    if fault.mode == "down" and fault.share == 1:
        steps: list[dict[str, Any]] = [{"proxy": label(name), "enabled": False} for name in fault.components]
    else:
        steps = [{"proxy": label(name), "toxic": toxic(fault)} for name in fault.components]
    return {
        "environment": fault.experiment.environment,
        "seconds": round(fault.duration_s),
        "apply": steps,
        "abort": one_line(fault.experiment.abort),
        "rollback": {"request": "POST /reset", "meaning": "removes all toxics and enables all proxies"},
    }


EXPORTER = Exporter(
    name="toxiproxy",
    title="Toxiproxy (proxies, toxics)",
    prose=(
        "Slow is the toxic `latency`, down is a disabled proxy, a share of errors is `reset_peer` on that share of connections; "
        "`POST /reset` is the way back. Ids are the experiments' own."
    ),
    export=export,
)
