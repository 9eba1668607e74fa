"""What no call pattern covers, where it lies in this system, and what does cover it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from auditkit.checks import Facts
from auditkit.model.audit import Uncovered


@dataclass(frozen=True, slots=True)
class _Risk:
    """A risk, what covers it, and how to find where it lies."""

    risk: str
    instead: str
    where: Callable[[Facts], tuple[str, ...]]


def _kinds(*kinds: str) -> Callable[[Facts], tuple[str, ...]]:
    return lambda facts: tuple(c.id for c in facts.system.components if c.kind in kinds)


def _causes(*kinds: str) -> Callable[[Facts], tuple[str, ...]]:
    return lambda facts: tuple(c.id for c in facts.system.common_causes if c.kind in kinds)


def _shared_stores(facts: Facts) -> tuple[str, ...]:
    shared = []
    for component in facts.system.components:
        callers = {d.caller.partition(":")[0] for d in facts.paths.to_component.get(component.id, ())}
        if component.kind in ("database", "cache") and len(callers) > 1:
            shared.append(component.id)
    return (*shared, *_causes("shared-resource")(facts))


_RISKS: Mapping[str, _Risk] = {
    "deploys": _Risk(
        "a bad deploy or a bad configuration fails every instance at once",
        "feature flags, canary or staged roll-outs that stop by themselves, rollback within minutes, configuration "
        "reviewed as code",
        _kinds("service", "gateway", "job", "config"),
    ),
    "corruption": _Risk(
        "data are corrupted or deleted, and every replica agrees",
        "backups that are restored in a test on a schedule, point-in-time recovery, delayed replicas, soft deletes",
        _kinds("database", "queue"),
    ),
    "stores": _Risk(
        "one store under several services: no pattern above it separates them",
        "a store or a quota for each service, read replicas for the heavy ones, a plan for splitting it",
        _shared_stores,
    ),
    "design": _Risk(
        "the same code or query fails the same way on every replica",
        "diversity where it matters, limits in the query or the code itself, load tests with production's data sizes",
        _causes("implementation"),
    ),
    "expiry": _Risk(
        "certificates, keys and quotas run out on a date, everywhere at once",
        "automatic renewal, an alert 30 days before, a calendar entry with an owner",
        lambda facts: (*_kinds("certificate")(facts), *_causes("certificate", "quota")(facts)),
    ),
    "providers": _Risk(
        "a provider, region or zone is lost for hours",
        "a second one that is exercised, or an accepted risk with a date and what users are told meanwhile",
        lambda facts: (*_kinds("external", "dns")(facts), *_causes("provider", "region", "zone")(facts)),
    ),
    "demand": _Risk(
        "more demand than the system was built for",
        "admission control and load shedding at the entry, waiting rooms, capacity tests before the event",
        lambda facts: tuple(dict.fromkeys(j.entry.partition(":")[0] for j in facts.system.journeys)),
    ),
}


def uncovered_in(facts: Facts) -> tuple[Uncovered, ...]:
    """The risks that lie somewhere in this system, in a fixed order.

    >>> from auditkit.model.system import System
    >>> uncovered_in(Facts(System(system="nothing")))
    ()
    """
    found = [(risk, risk.where(facts)) for risk in _RISKS.values()]
    return tuple(Uncovered(risk=risk.risk, where=where, instead=risk.instead) for risk, where in found if where)
