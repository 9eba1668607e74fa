"""The gate: a Draft, which nobody trusts, becomes a System, which nobody has to doubt again."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any, TypeGuard, TypeVar

from auditkit.errors import MOST_PROBLEMS, InputError, Problem
from auditkit.importers.characters import characters
from auditkit.importers.explain import by_place, explain, nearest
from auditkit.model.draft import Draft, Item
from auditkit.model.noun import Noun
from auditkit.model.system import CommonCause, Component, Dependency, Journey, System, split_target

N = TypeVar("N", bound=Noun)


def validate(draft: Draft) -> System:
    r"""The System that a Draft states.

    Raises `InputError` with every problem of the draft at once, sorted by place: values that do not fit their key, ids that
    exist nowhere or twice, and figures that contradict one another. Operations exist wherever they are named, and placement
    domains need no declaration; a common cause and a domain of one name are one thing. Where `instances` is unknown and
    `placement` is given, the instances are the sum of the placement.

    >>> from auditkit.importers.native import load_yaml
    >>> try:
    ...     validate(load_yaml("system: s\ncomponents:\n- {id: api}\ndependencies:\n- {from: api, to: dbb}\n", "s.yaml"))
    ... except InputError as error:
    ...     print(error)
    s.yaml:5  to: there is no component 'dbb'  components: api
    """
    problems = list(draft.problems)
    if draft.system is None and not any(problem.what.startswith("system:") for problem in draft.problems):
        problems.append(Problem(f"{draft.source}:1", "the system has no name", "add a line such as system: shop"))
    components = _nouns(draft.components, Component, "component", problems)
    dependencies = _nouns(draft.dependencies, Dependency, "dependency", problems)
    causes = _nouns(draft.common_causes, CommonCause, "common cause", problems)
    journeys = _nouns(draft.journeys, Journey, "journey", problems)
    problems += [*_characters(draft), *_ids(draft), *_figures(draft), *_references(draft)]
    if problems:
        raise InputError(sorted(dict.fromkeys(problems), key=by_place))
    return System(
        system=draft.system or "",
        components=tuple(_with_instances(component) for component in components),
        dependencies=tuple(dependencies),
        common_causes=tuple(causes),
        journeys=tuple(journeys),
        questions=draft.questions,
    )


def _nouns(items: tuple[Item, ...], kind: type[N], label: str, problems: list[Problem]) -> list[N]:
    nouns: list[N] = []
    for item in items:
        noun, found = explain(item, kind, label)
        problems.extend(found)
        if len(problems) > MOST_PROBLEMS:
            break  # to explain a million takes minutes, and nobody reads them
        nouns.extend([noun] if noun is not None else [])
    return nouns


def _characters(draft: Draft) -> Iterator[Problem]:
    for items in (draft.components, draft.dependencies, draft.common_causes, draft.journeys):
        for item in items:
            yield from characters(item)
    texts = {"system": draft.system, "questions": [question.what for question in draft.questions]}
    yield from characters(Item(texts, draft.source))


def _with_instances(component: Component) -> Component:
    if component.instances is not None or not component.placement:
        return component
    return component.model_copy(update={"instances": sum(component.placement.values())})


# The checks below read the raw items, so that one mistake in an item does not hide the others. What is of the wrong type
# has been reported already and is passed over.


def _ids(draft: Draft) -> Iterator[Problem]:
    """An id names one thing: components, causes and domains share one space (they are what can fail), journeys have their own."""
    components: dict[str, Item] = {}
    for label, items in (("component", draft.components), ("common cause", draft.common_causes), ("journey", draft.journeys)):
        seen: dict[str, Item] = {}
        for item in items:
            name = item.data.get("id")
            if not isinstance(name, str):
                continue
            if name in seen:
                yield Problem(
                    item.where("id"),
                    f"the {label} {name!r} exists twice, first at {seen[name].where('id')}",
                    "rename or delete one",
                )
            elif label == "common cause" and name in components:
                what = f"the common cause {name!r} has the id of a component, at {components[name].where('id')}"
                yield Problem(item.where("id"), what, f"rename it, for example {name}-outage")
            seen.setdefault(name, item)
        components = components or seen
    for item in draft.components:
        for domain in _mapping(item.data.get("placement")):
            if domain in components:
                what = f"the placement domain {domain!r} has the id of a component, at {components[domain].where('id')}"
                yield Problem(item.where(f"placement.{domain}"), what, "rename the domain or the component")


def _figures(draft: Draft) -> Iterator[Problem]:
    for item in draft.components:
        yield from _instances(item)
    for item in draft.dependencies:
        targets, at_least = _texts(item.data.get("to")), item.data.get("at_least")
        if _is_int(at_least) and targets and at_least > len(targets):
            what = f"at_least is {at_least} of {len(targets)} alternative{'s' * (len(targets) > 1)}, which can never be"
            yield Problem(item.where("at_least"), what, f"write {len(targets)} or less, or name more alternatives in to: [a, b]")
        for index, target in enumerate(targets):
            if target in targets[:index]:
                what = f"to: names {target!r} twice, which makes nothing redundant"
                yield Problem(item.where(f"to.{index}"), what, "name it once, and count its instances in the component")

    for item in draft.journeys:
        value = item.data.get("value")
        if isinstance(value, float) and not math.isfinite(value):
            yield Problem(item.where("value"), f"value: {value} is no finite number", "write a number such as 1.5")


def _instances(item: Item) -> Iterator[Problem]:
    instances, min_up = item.data.get("instances"), item.data.get("min_up")
    placement = _mapping(item.data.get("placement"))
    placed = sum(placement.values()) if placement and all(_is_int(n) for n in placement.values()) else None
    if _is_int(instances) and placed is not None and placed != instances:
        spelled = " + ".join(str(n) for n in placement.values())
        yield Problem(
            item.where("placement"), f"placement sums to {placed} ({spelled}), instances is {instances}", "make them agree"
        )
    running = instances if _is_int(instances) else placed
    if not _is_int(min_up):
        return
    if running is None and min_up > 1 and instances in (None, "unknown"):
        what = f"min_up is {min_up}, but how many instances run is unknown and counts as 1"
        yield Problem(item.where("min_up"), what, f"add instances: {min_up} (or how many there are)")
    elif running is not None and min_up > running:
        what = f"min_up is {min_up} of {running} instance{'s' * (running > 1)}, which can never be"
        yield Problem(item.where("min_up"), what, f"write {running} or less")


def _references(draft: Draft) -> Iterator[Problem]:
    """Every component that is named must exist; of `component:operation` the component."""
    known = [item.data["id"] for item in draft.components if isinstance(item.data.get("id"), str)]
    declared = set(known)
    for item in (*draft.dependencies, *draft.common_causes, *draft.journeys):
        for path, target in _named(item.data):
            component, operation = split_target(target)
            if component not in declared:
                key = path.partition(".")[0] if path.startswith("to") else path.removesuffix(".to")
                remedy = nearest(component, known, "components")
                if operation is not None and remedy.startswith("write"):
                    remedy = f"{remedy[:-1]}:{operation}'"
                yield Problem(item.where(path), f"{key}: there is no component {component!r}", remedy)


def _named(data: Mapping[str, Any]) -> Iterator[tuple[str, str]]:
    """Path and text of everything in an item that names a component."""
    for key in ("from", "entry"):
        if isinstance(data.get(key), str):
            yield key, data[key]
    for key in ("to", "affects", "completes"):
        value = data.get(key)
        if value == "unknown" and key == "completes":
            continue
        if isinstance(value, str):
            yield key, value
        else:
            yield from ((f"{key}.{index}", target) for index, target in enumerate(_texts(value)))
    alternatives = _mapping(data.get("fallback")).get("alternatives")
    if isinstance(alternatives, str):
        alternatives = [] if alternatives == "unknown" else [alternatives]
    for index, alternative in enumerate(alternatives if isinstance(alternatives, (list, tuple)) else ()):
        target = alternative.get("to") if isinstance(alternative, Mapping) else alternative
        if isinstance(target, str):
            yield f"fallback.alternatives.{index}.to", target


def _texts(value: Any) -> list[str]:
    if isinstance(value, str):
        return [value]
    return [text for text in value if isinstance(text, str)] if isinstance(value, (list, tuple)) else []


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, Mapping) else {}


def _is_int(value: Any) -> TypeGuard[int]:
    return isinstance(value, int) and not isinstance(value, bool)
