"""Everything that `auditkit export --to` can write beside the document."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.exporters import (
    actions,
    dotnet,
    envoy,
    grafana,
    grpc_config,
    hystrix,
    istio,
    linkerd,
    open_psa,
    prometheus,
    resilience4j,
    strategy_json,
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
    "prometheus": prometheus.EXPORTER,
    "grafana": grafana.EXPORTER,
    "open-psa": open_psa.EXPORTER,
}
"""By the name that `--to` takes."""


def all_exporters() -> dict[str, Exporter]:
    """Ours, and those that installed packages offer under the entry point group `auditkit.exporters`."""
    return with_entry_points(EXPORTERS, "exporters", Exporter)
