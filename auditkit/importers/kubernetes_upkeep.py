"""What keeps a workload running on a machine that it shares: limits of its containers, and how far its pods are kept apart."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, Final

from auditkit.importers.kubernetes_names import Names, Part
from auditkit.importers.kubernetes_workloads import DEFAULT_OF, Workload
from auditkit.importers.mentions import question
from auditkit.importers.shapes import below, text_of
from auditkit.model.system import Question

SHOWN: Final = 5
"""How many names a question lists."""
DEGREES: Final = (
    "nothing keeps them on different machines or zones",
    "topology spread or anti-affinity keeps them apart only where there is room (a preference)",
    "topology spread or anti-affinity keeps them on different machines, which may share a zone",
    "topology spread or anti-affinity keeps them apart",
)
"""How far pods may be kept apart, from worst to best."""


def limits_of(workload: Workload) -> str:
    """The limits of the container that does the work, in one line; empty where it has none."""
    found = below(workload.main.data, "resources", "limits") if workload.main else None
    return ", ".join(f"{key} {text_of(value)}" for key, value in found.items())[:80] if isinstance(found, Mapping) else ""


def about_limits(names: Names) -> Iterator[Question]:
    """Workloads without limits beside others that have some, as one question: on one machine they may starve these."""
    limited = [part.id for part in names.parts.values() if any(limits_of(workload) for workload in part.workloads)]
    free = [part for part in names.parts.values() if part.id not in limited]
    if limited and free:
        listed = _listed(free)
        what = (
            f"{limited[0]} has limits of memory or processors, and {listed} not: can one of them starve the others of a machine?"
        )
        yield question("limits", "", what, free[0].workloads[0].object.where(*free[0].workloads[0].pod_path))


def about_replicas(names: Names) -> Iterator[Question]:
    """Workloads that say nothing of replicas, as one question: one instance is what applies, and seldom what runs."""
    unsaid = [part for part in names.parts.values() if any(DEFAULT_OF in workload.said for workload in part.workloads)]
    if unsaid:
        what = f"nothing here says how many instances of {_listed(unsaid)} run, and one is the default: is it one of each?"
        yield question("replicas", "", what, unsaid[0].workloads[0].object.where("spec"))


def _listed(parts: Sequence[Part]) -> str:
    return ", ".join(part.id for part in parts[:SHOWN]) + (f" and {len(parts) - SHOWN} more" if len(parts) > SHOWN else "")


def kept_apart(workload: Workload) -> str:
    """How far a workload's pods are kept apart, as one of `DEGREES`."""
    rules = [*_spread(workload.pod), *_anti_affinity(workload.pod)]
    if any(binding and "zone" in key for key, binding in rules):
        return DEGREES[3]
    if any(binding for _, binding in rules):
        return DEGREES[2]
    return DEGREES[1] if rules else DEGREES[0]


def _spread(pod: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    for rule in _items(below(pod, "topologySpreadConstraints")):
        yield text_of(below(rule, "topologyKey")), text_of(below(rule, "whenUnsatisfiable")) != "ScheduleAnyway"


def _anti_affinity(pod: Mapping[str, Any]) -> Iterator[tuple[str, bool]]:
    anti = below(pod, "affinity", "podAntiAffinity")
    for rule in _items(below(anti, "requiredDuringSchedulingIgnoredDuringExecution")):
        yield text_of(below(rule, "topologyKey")), True
    for rule in _items(below(anti, "preferredDuringSchedulingIgnoredDuringExecution")):
        yield text_of(below(rule, "podAffinityTerm", "topologyKey")), False


def _items(value: object) -> list[Any]:
    return value if isinstance(value, list) else []
