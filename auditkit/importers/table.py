"""All formats that systems are read from. Adding one is a file with an `Importer` and a line here."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from auditkit.errors import InputError
from auditkit.importers.backstage import BACKSTAGE
from auditkit.importers.base import Importer
from auditkit.importers.call_counts import CALL_COUNTS
from auditkit.importers.compose import COMPOSE
from auditkit.importers.dot import DOT
from auditkit.importers.dotnet import DOTNET
from auditkit.importers.edge_list import EDGE_LIST
from auditkit.importers.envoy import ENVOY
from auditkit.importers.graphml import GRAPHML
from auditkit.importers.grpc_config import GRPC
from auditkit.importers.hystrix import HYSTRIX
from auditkit.importers.isotope import ISOTOPE
from auditkit.importers.istio import ISTIO
from auditkit.importers.kiali import KIALI
from auditkit.importers.kubernetes import KUBERNETES
from auditkit.importers.linkerd import LINKERD
from auditkit.importers.mermaid import MERMAID
from auditkit.importers.native import NATIVE
from auditkit.importers.resilience4j import RESILIENCE4J
from auditkit.importers.structurizr import STRUCTURIZR
from auditkit.importers.terraform import TERRAFORM
from auditkit.importers.traces import JAEGER, OTLP, SPAN_CSV, ZIPKIN
from auditkit.importers.yaml_text import parse_all
from auditkit.registry import with_entry_points

IMPORTERS: Final[Mapping[str, Importer]] = {
    NATIVE.name: NATIVE,
    ISOTOPE.name: ISOTOPE,
    BACKSTAGE.name: BACKSTAGE,
    COMPOSE.name: COMPOSE,
    ISTIO.name: ISTIO,
    LINKERD.name: LINKERD,
    KUBERNETES.name: KUBERNETES,
    EDGE_LIST.name: EDGE_LIST,
    GRAPHML.name: GRAPHML,
    DOT.name: DOT,
    MERMAID.name: MERMAID,
    STRUCTURIZR.name: STRUCTURIZR,
    TERRAFORM.name: TERRAFORM,
    JAEGER.name: JAEGER,
    OTLP.name: OTLP,
    ZIPKIN.name: ZIPKIN,
    SPAN_CSV.name: SPAN_CSV,
    CALL_COUNTS.name: CALL_COUNTS,
    KIALI.name: KIALI,
    RESILIENCE4J.name: RESILIENCE4J,
    HYSTRIX.name: HYSTRIX,
    DOTNET.name: DOTNET,
    GRPC.name: GRPC,
    ENVOY.name: ENVOY,
}
"""Our own formats. Where a text fits several, the first is taken."""


def importers() -> dict[str, Importer]:
    """Our own formats, and those that installed packages offer as entry points of the group `auditkit.importers`."""
    return with_entry_points(IMPORTERS, "importers", Importer)


def detect_format(name: str, text: str) -> str:
    r"""Name of the format that a text is in, by its content.

    Raises `InputError` on an empty text, on YAML that does not parse, and where no format fits.

    >>> detect_format("calls.csv", "from,to\napi,db\n")
    'edge-list'
    """
    text = text.removeprefix("\ufeff")
    if not text.strip():
        raise InputError.of(f"{name}:1", "is empty", "check that this is the right file")
    formats = importers()
    for importer in formats.values():
        if importer.detect(name, text):
            return importer.name
    if name.lower().endswith((".yaml", ".yml", ".json")):
        parse_all(text, name)  # says where it does not parse
    raise InputError.of(
        f"{name}:1",
        "is in no format that is known here",
        f"import one of: {', '.join(formats)} (--format says which)",
    )
