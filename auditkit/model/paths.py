"""Who calls whom, as pure look-ups over a System: outgoing calls, stages, and what a journey reaches.

An operation exists wherever it is named. A bare name stands for the component with all its operations, and a bare `from`
holds for each of them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from auditkit.model.system import Alternative, Component, Dependency, Fallback, Journey, System, split_target

TIMELESS = frozenset({"certificate", "network", "module"})
"""Kinds that nobody waits for with a clock: they are valid or reachable or not, or they are called inside one process."""

USERS = frozenset({"client", "load-generator"})
"""Kinds that call on behalf of users: their programs belong to others, unless somebody is named as a client's owner."""


@dataclass(frozen=True, slots=True)
class Paths:
    """Dependencies by the component that calls, by the exact `from`, and by the component that is called; made once."""

    system: System
    components: Mapping[str, Component]
    of_component: Mapping[str, tuple[Dependency, ...]]
    of_caller: Mapping[str, tuple[Dependency, ...]]
    to_component: Mapping[str, tuple[Dependency, ...]]

    def outgoing(self, target: str) -> tuple[Dependency, ...]:
        """All dependencies of an operation (its own and its component's); of a bare component, those of all its operations."""
        component, operation = split_target(target)
        if operation is None:
            return self.of_component.get(component, ())
        return (*self.of_caller.get(component, ()), *self.of_caller.get(target, ()))

    def operations(self, target: str) -> tuple[str, ...]:
        """The operations that a name stands for: itself, or for a bare component each of its operations that calls something."""
        component, operation = split_target(target)
        if operation is not None:
            return (target,)
        named = dict.fromkeys(d.caller for d in self.of_component.get(component, ()) if d.caller != component)
        return tuple(named) or (target,)

    def kind(self, target: str) -> str:
        """Kind of the component behind a target; `other` where nobody declared it."""
        known = self.components.get(split_target(target)[0])
        return "other" if known is None else known.kind

    def caller(self, dependency: Dependency) -> Component:
        """The component that makes a call; one of unknown facts where nobody declared it."""
        name = split_target(dependency.caller)[0]
        return self.components.get(name) or Component(id=name)

    def timed(self, dependency: Dependency) -> bool:
        """Whether somebody waits for this call: it is synchronous and its callee can be slow."""
        return dependency.call == "sync" and any(self.kind(target) not in TIMELESS for target in dependency.to)

    def is_ours(self, component: str) -> bool:
        """Whether its calls can be set here: a load generator's cannot, a client's only where it has an owner (an app, say)."""
        known = self.components.get(split_target(component)[0])
        return known is None or known.kind not in USERS or (known.kind == "client" and known.owner is not None)

    def reached(self, journey: Journey) -> tuple[Dependency, ...]:
        """Dependencies whose failure may touch a journey's answer, or its completion; in a fixed order.

        Synchronous calls and fallbacks from the entry on; from there to `completes` over whatever leads there.
        """
        found: dict[int, Dependency] = {}
        seen: set[str] = set()
        waiting = [journey.entry, *journey.completes]
        while waiting:
            target = waiting.pop()
            if target in seen:
                continue
            seen.add(target)
            for dependency in self.outgoing(target):
                if dependency.call == "sync":
                    found[id(dependency)] = dependency
                    waiting.extend(asked(dependency))
        return tuple(d for d in self.system.dependencies if id(d) in found)

    def journeys_of(self, dependency: Dependency) -> tuple[Journey, ...]:
        """The journeys that a dependency may touch."""
        return tuple(j for j in self.system.journeys if any(d is dependency for d in self.reached(j)))


def paths(system: System) -> Paths:
    """The look-ups of one System.

    >>> from auditkit.model.system import System
    >>> shop = System.model_validate({"system": "s", "components": [{"id": "api"}, {"id": "db"}], "dependencies": [
    ...     {"from": "api", "to": "db"}, {"from": "api:home", "to": "db:read"}], "journeys": [{"id": "j", "entry": "api:home"}]})
    >>> [d.subject for d in paths(shop).outgoing("api:home")], [d.subject for d in paths(shop).outgoing("api:other")]
    (['api -> db', 'api:home -> db:read'], ['api -> db'])
    """
    of_component: dict[str, list[Dependency]] = {}
    of_caller: dict[str, list[Dependency]] = {}
    to_component: dict[str, list[Dependency]] = {}
    for dependency in system.dependencies:
        of_component.setdefault(split_target(dependency.caller)[0], []).append(dependency)
        of_caller.setdefault(dependency.caller, []).append(dependency)
        for callee in dict.fromkeys(split_target(target)[0] for target in dependency.to):
            to_component.setdefault(callee, []).append(dependency)
    return Paths(
        system,
        {component.id: component for component in system.components},
        {caller: tuple(found) for caller, found in of_component.items()},
        {caller: tuple(found) for caller, found in of_caller.items()},
        {callee: tuple(found) for callee, found in to_component.items()},
    )


def asked(dependency: Dependency) -> tuple[str, ...]:
    """Everything one dependency may call: its targets, and the alternatives of its fallback."""
    return (*dependency.to, *(a.to for a in alternatives(dependency)))


def alternatives(dependency: Dependency) -> tuple[Alternative, ...]:
    """What a fallback asks instead, in order; empty where it needs nothing else or there is none."""
    return dependency.fallback.alternatives if isinstance(dependency.fallback, Fallback) else ()


def stages(dependencies: Iterable[Dependency]) -> tuple[tuple[Dependency, ...], ...]:
    """Synchronous calls grouped by stage: those of one group run in parallel, the groups one after another.

    A call without a stage is a group of its own (an assumption: one after another).

    >>> calls = [Dependency(caller="a", to="b", stage=2), Dependency(caller="a", to="c", stage=2), Dependency(caller="a", to="d")]
    >>> [[d.to for d in group] for group in stages(calls)]
    [[('d',)], [('b',), ('c',)]]
    """
    alone: list[tuple[Dependency, ...]] = []
    grouped: dict[int, list[Dependency]] = {}
    for dependency in dependencies:
        if dependency.call != "sync":
            continue
        if dependency.stage is None:
            alone.append((dependency,))
        else:
            grouped.setdefault(dependency.stage, []).append(dependency)
    return (*alone, *(tuple(grouped[stage]) for stage in sorted(grouped)))


def serving_instances(component: Component) -> int:
    """Instances that carry the load after the largest failure domain is lost, but never fewer than must be up.

    Without a known placement one instance is the domain.

    >>> serving_instances(Component(id="a", instances=6, min_up=2, placement={"x": 2, "y": 4}))
    2
    >>> serving_instances(Component(id="a", instances=3)), serving_instances(Component(id="a"))
    (2, 1)
    """
    lost = max(component.placement.values()) if component.placement else 1
    return min(component.running, max(1, component.needed, component.running - lost))
