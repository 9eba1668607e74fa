"""Which map a document shows: every component while they fit, a map of domains above that, and each journey's own part."""

from __future__ import annotations

import re
from collections import Counter

from auditkit.document.blocks import Picture
from auditkit.document.pictures import dependency_svg, describe
from auditkit.document.view import View
from auditkit.model.paths import asked
from auditkit.model.system import Component, Dependency, Journey, System, split_target

MOST = 60
"""Components up to which one map shows them all."""


def map_pictures(system: System) -> list[Picture]:
    """The pictures of section 3."""
    if len(system.components) <= MOST:
        title = f"Who calls whom in {system.system}"
        return [Picture("dependency-map", dependency_svg(system, name="dependency-map", title=title), title, describe(system))]
    groups = by_domain(system)
    title = f"Who calls whom in {system.system}, by {grouping(system)[0]}"
    return [Picture("domain-map", dependency_svg(groups, name="domain-map", title=title), title, describe(groups))]


def grouping(system: System) -> tuple[str, dict[str, str]]:
    """By what a large map is folded, and the group of each component: its owner where most have one, else its name's beginning.

    >>> grouping(System(system="s", components=(Component(id="a", owner="x team"), Component(id="b", owner="y"))))
    ('owner', {'a': 'x-team', 'b': 'y'})
    """
    components = system.components
    owned = sum(component.owner is not None for component in components)
    if owned >= 0.8 * len(components) and 1 < len({c.owner for c in components}) <= MOST:
        return "owner", {c.id: _name(c.owner or "no owner") for c in components}
    first = {c.id: re.split(r"[-_.]", c.id)[0] or c.id for c in components}
    if 1 < len(set(first.values())) <= MOST:
        return "first part of the name", first
    return "kind", {c.id: c.kind for c in components}


def _name(owner: str) -> str:
    return re.sub(r"[^A-Za-z0-9._-]+", "-", owner).strip("-")[:80] or "unnamed"


def by_domain(system: System) -> System:
    """The system with each group of components as one; calls inside a group are left out."""
    _, group = grouping(system)
    sizes = Counter(group.values())
    components = tuple(Component(id=name, kind="other", instances=sizes[name]) for name in sorted(sizes))
    calls: list[Dependency] = []
    for dependency in system.dependencies:
        caller = group[split_target(dependency.caller)[0]]
        for target in asked(dependency):
            callee = group.get(split_target(target)[0])
            if callee is not None and callee != caller:
                calls.append(Dependency(caller=caller, to=callee, call=dependency.call, on_failure=dependency.on_failure))
    return System(system=system.system, components=components, dependencies=tuple(calls))


def journey_map(view: View, journey: Journey, name: str) -> Picture | None:
    """The part of the map that a journey needs; None where that is everything, or too much for one picture."""
    system = view.book.system
    reached = view.paths.reached(journey)
    names = {split_target(journey.entry)[0], *journey.completes}
    names |= {split_target(target)[0] for d in reached for target in (d.caller, *asked(d))}
    components = tuple(c for c in system.components if c.id in names)
    if not 1 < len(components) <= MOST or len(components) == len(system.components):
        return None
    part = system.model_copy(update={"components": components, "dependencies": reached})
    title = f"What {journey.id} needs"
    return Picture(name, dependency_svg(part, name=name, title=title), title, describe(part))
