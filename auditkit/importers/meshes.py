"""All meshes whose settings stand in Kubernetes objects. Adding one is a line here, beside the importer's own."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Final

from auditkit.importers import istio, linkerd
from auditkit.importers.kubernetes_names import Names
from auditkit.importers.kubernetes_objects import KubeObject
from auditkit.importers.mesh import Mesh, in_cluster
from auditkit.importers.settings import Reading
from auditkit.model.draft import Draft

MESHES: Final[Mapping[str, Callable[[Iterable[KubeObject], Mesh, Reading], None]]] = {
    "istio": istio.settings,
    "linkerd": linkerd.settings,
}


def mesh_settings(objects: tuple[KubeObject, ...], names: Names) -> Draft:
    """What any mesh's objects among those of a cluster set for its calls."""
    reading = Reading()
    for settings in MESHES.values():
        settings(objects, in_cluster(names), reading)
    return reading.draft("", ())
