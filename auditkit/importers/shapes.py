"""Reading values of unknown shape: what has the wrong shape becomes a problem with its place, never a traceback."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from auditkit.errors import Problem


def mapping_of(value: object, where: str, what: str, problems: list[Problem]) -> dict[str, Any]:
    """`value` as a mapping with text keys; nothing is an empty one, any other shape a problem.

    >>> problems = []
    >>> mapping_of({1: "a"}, "x.yaml:1", "labels", problems), mapping_of(["a"], "x.yaml:2", "labels", problems)
    ({'1': 'a'}, {})
    >>> print(problems[0])
    x.yaml:2  labels is a list, not a mapping  write 'key: value' pairs
    """
    if isinstance(value, Mapping):
        return {text_of(key): item for key, item in value.items()}
    if value is not None:
        problems.append(Problem(where, f"{what} is {_shape(value)}, not a mapping", "write 'key: value' pairs"))
    return {}


def list_of(value: object, where: str, what: str, problems: list[Problem]) -> list[Any]:
    """`value` as a list; nothing is an empty one, any other shape a problem."""
    if isinstance(value, list):
        return value
    if value is not None:
        problems.append(Problem(where, f"{what} is {_shape(value)}, not a list", "write one '- item' a line"))
    return []


def text_of(value: object) -> str:
    """A scalar as it would be passed on in an environment; lists, mappings and nothing are empty text.

    >>> [text_of(value) for value in ("a", 8080, True, 0.5, None, ["a"])]
    ['a', '8080', 'true', '0.5', '', '']
    """
    if isinstance(value, str):
        return value
    if isinstance(value, bool):
        return str(value).lower()
    return str(value) if isinstance(value, (int, float)) else ""


def below(value: object, *path: str) -> Any:
    """What stands at a path of keys, None where anything on the way is missing or no mapping.

    >>> below({"spec": {"replicas": 2}}, "spec", "replicas"), below({"spec": []}, "spec", "replicas")
    (2, None)
    """
    for step in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(step)
    return value


def _shape(value: object) -> str:
    """What a value is, in words; never the value itself, which may be a credential."""
    if isinstance(value, list):
        return "a list"
    return "a mapping" if isinstance(value, Mapping) else "text" if isinstance(value, str) else "a single value"
