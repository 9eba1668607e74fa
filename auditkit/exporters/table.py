"""Everything that `auditkit export --to` can write beside the document."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.exporters import (
    actions,
    chaos_mesh,
    chaos_monkey,
    chaos_toolkit,
    dotnet,
    edge_list,
    envoy,
    failsafe_go,
    fis,
    grafana,
    graphml,
    grpc_config,
    hystrix,
    istio,
    linkerd,
    litmus,
    open_psa,
    prometheus,
    python_client,
    resilience4j,
    strategy_json,
    structurizr,
    toxiproxy,
)
from auditkit.exporters.base import Exporter
from auditkit.registry import with_entry_points

EXPORTERS: Mapping[str, Exporter] = {
    "actions": actions.EXPORTER,
    "strategy_json": strategy_json.EXPORTER,
    "istio": istio.EXPORTER,
    "linkerd": linkerd.EXPORTER,
    "envoy": envoy.EXPORTER,
    "resilience4j": resilience4j.EXPORTER,
    "dotnet": dotnet.EXPORTER,
    "hystrix": hystrix.EXPORTER,
    "grpc": grpc_config.EXPORTER,
    "failsafe-go": failsafe_go.EXPORTER,
    "python": python_client.EXPORTER,
    "prometheus": prometheus.EXPORTER,
    "grafana": grafana.EXPORTER,
    "chaos-toolkit": chaos_toolkit.EXPORTER,
    "litmus": litmus.EXPORTER,
    "chaos-mesh": chaos_mesh.EXPORTER,
    "chaos-monkey": chaos_monkey.EXPORTER,
    "toxiproxy": toxiproxy.EXPORTER,
    "fis": fis.EXPORTER,
    "open-psa": open_psa.EXPORTER,
    "edge-list": edge_list.EXPORTER,
    "graphml": graphml.EXPORTER,
    "structurizr": structurizr.EXPORTER,
}
"""By the name that `--to` takes."""


def all_exporters() -> dict[str, Exporter]:
    """Ours, and those that installed packages offer under the entry point group `auditkit.exporters`."""
    return with_entry_points(EXPORTERS, "exporters", Exporter)
