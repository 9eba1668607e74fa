"""Systems with settings in force on every call, for tests of the exporters."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from document_books import FULL, policy

from auditkit.importers import IMPORTERS, load_yaml, validate
from auditkit.importers.base import no_siblings
from auditkit.model.audit import PolicyProposal, Strategy
from auditkit.model.paths import paths
from auditkit.model.system import System

DATA = Path(__file__).resolve().parent.parent / "data"


def sample(name: str) -> System:
    """One of the shipped samples."""
    text = (DATA / name / "system.yaml").read_text(encoding="utf-8")
    return validate(load_yaml(text, f"{name}/system.yaml"))


def boutique(shared: Path) -> System:
    """Online Boutique, from its Kubernetes manifests."""
    file = shared / "data/topologies/boutique/release/kubernetes-manifests.yaml"
    draft = IMPORTERS["kubernetes"].read(file.read_text(encoding="utf-8"), file.name, no_siblings)
    return validate(replace(draft, system="boutique"))


def everything(system: System, **settings: Any) -> Strategy:
    """A strategy that puts every pattern into force on every call that can be slow."""
    known = paths(system)
    chosen = policy(**(settings or FULL))
    return Strategy(
        system=system.system,
        policies=tuple(
            PolicyProposal(dependency=d.subject, proposed=chosen, adopted=True) for d in system.dependencies if known.timed(d)
        ),
    )


def two(**settings: Any) -> tuple[System, Strategy]:
    """`api` calls `Orders.V2` with the settings given; the name is one that no Kubernetes object may have."""
    system = System.model_validate(
        {
            "system": "two",
            "components": [{"id": "api"}, {"id": "Orders.V2"}],
            "dependencies": [{"from": "api:x", "to": "Orders.V2"}],
        }
    )
    return system, everything(system, **settings)
