"""Parts of a large system that fit into a picture: groups by owner or zone, and what lies around a component."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from auditkit.model.paths import asked
from auditkit.model.system import Component, Dependency, System, split_target

Grouping = Literal["owner", "zone"]
MOST = 150
"""Above so many components a picture shows groups first, and never more nodes than this."""

MOST_GROUPS = 40
"""More groups than this are a crowd: the smallest are shown as one, `others`."""


def groups(system: System, by: Grouping = "owner") -> dict[str, tuple[str, ...]]:
    """Names of the components of each group, groups in the order in which they first appear.

    Groups are called `group.…`, which keeps them apart from components.
    The zone of a component is that of most of its instances; what has neither owner nor zone is grouped by its name up to
    the first dash, dot or underscore.

    >>> shop = (Component(id="web", owner="shop team"), Component(id="ads-api"), Component(id="ads-db"))
    >>> groups(System(system="s", components=shop))
    {'group.shop-team': ('web',), 'group.ads': ('ads-api', 'ads-db')}
    """
    found: dict[str, list[str]] = {}
    for component in system.components:
        found.setdefault(_group(component, by), []).append(component.id)
    if len(found) > MOST_GROUPS:
        kept = sorted(found, key=lambda name: -len(found[name]))[: MOST_GROUPS - 1]
        rest = [member for name, members in found.items() if name not in kept for member in members]
        found = {name: members for name, members in found.items() if name in kept} | {"others": rest}
    return {f"group.{name}": tuple(members) for name, members in found.items()}


def _group(component: Component, by: Grouping) -> str:
    placed = component.placement or {}
    named = component.owner if by == "owner" else max(placed, key=lambda zone: placed[zone], default=None)
    name = named or re.split(r"[-._]", component.id, maxsplit=1)[0] or component.id
    return re.sub(r"[^A-Za-z0-9._-]+", "-", name)[:300]


def group_labels(members: Mapping[str, tuple[str, ...]]) -> dict[str, str]:
    """What is read on each group: its name, and how many components are in it."""
    return {group: f"{group.removeprefix('group.')} ({len(names)})" for group, names in members.items()}


def grouped(system: System, members: Mapping[str, tuple[str, ...]]) -> System:
    """A system whose components are the groups, with one dependency wherever members of two groups call each other."""
    home = {name: group for group, names in members.items() for name in names}
    pairs: dict[tuple[str, str], bool] = {}
    for caller, callee, sync in _calls(system):
        a, b = home.get(caller), home.get(callee)
        if a is not None and b is not None and a != b:
            pairs[a, b] = pairs.get((a, b), False) or sync
    return System(
        system=system.system,
        components=tuple(Component(id=group, kind="module", instances=None) for group in members),
        dependencies=tuple(
            Dependency(caller=a, to=(b,), call="sync" if sync else "async", on_failure="fail") for (a, b), sync in pairs.items()
        ),
    )


def around(system: System, centre: Iterable[str], also: Iterable[str] = (), most: int = MOST) -> tuple[str, ...]:
    """The centre, then its direct callers and callees, then what else is named: at most so many components, in that order.

    >>> chain = System(system="s", components=tuple(Component(id=x) for x in "abcd"),
    ...     dependencies=tuple(Dependency(caller=x, to=y) for x, y in ("ab", "bc", "cd")))
    >>> around(chain, ["b"]), around(chain, ["b"], also=["d"], most=2)
    (('b', 'a', 'c'), ('b', 'a'))
    """
    known = {component.id for component in system.components}
    wanted = dict.fromkeys(name for name in centre if name in known)
    core = set(wanted)
    for caller, callee, _ in _calls(system):
        if caller in core:
            wanted.setdefault(callee)
        if callee in core:
            wanted.setdefault(caller)
    wanted |= dict.fromkeys(also)
    return tuple(name for name in wanted if name in known)[:most]


def part(system: System, names: Iterable[str]) -> System:
    """The system cut down to some components and the dependencies among them."""
    kept = set(names)
    calls = []
    for dependency in system.dependencies:
        targets = tuple(target for target in dependency.to if split_target(target)[0] in kept)
        if targets and split_target(dependency.caller)[0] in kept:
            calls.append(
                dependency if targets == dependency.to else dependency.model_copy(update={"to": targets, "at_least": None})
            )
    components = tuple(component for component in system.components if component.id in kept)
    return System(system=system.system, components=components, dependencies=tuple(calls))


def _calls(system: System) -> Iterable[tuple[str, str, bool]]:
    """Caller, callee and whether the caller waits, of every call, fallbacks included."""
    for dependency in system.dependencies:
        caller = split_target(dependency.caller)[0]
        for target in asked(dependency):
            yield caller, split_target(target)[0], dependency.call == "sync"
