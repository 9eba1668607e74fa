"""What is wrong with one item, in words: one line a mistake, with its place and what to write instead."""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Annotated, Any, Final, Literal, TypeVar, get_args, get_origin

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from auditkit.credentials import MARK, names_credential
from auditkit.errors import Problem
from auditkit.model.draft import Item
from auditkit.model.noun import FROM_FILE, Noun

N = TypeVar("N", bound=Noun)
Path = tuple[str | int, ...]


def explain(item: Item, kind: type[N], label: str) -> tuple[N | None, list[Problem]]:
    """The noun that an item states, or None and everything that is wrong with it.

    >>> from auditkit.model.system import Component
    >>> noun, problems = explain(Item({"id": "db", "kind": "databse"}, "system.yaml", {"kind": 3}), Component, "component")
    >>> print(problems[0])
    system.yaml:3  kind: 'databse' is none of the allowed words  write 'database'
    """
    problems = [Problem(item.where(_dotted(path)), what, remedy) for path, what, remedy in _wrong_keys(item.data, kind, ())]
    try:
        noun = kind.model_validate(dict(item.data), context=FROM_FILE)
    except ValidationError as error:
        wrong = {path for path, _, _ in _wrong_keys(item.data, kind, ())}
        for path, errors in _by_path(error, item.data).items():
            if path not in wrong:
                what, remedy = _said(path, errors, item.data, kind, label)
                problems.append(Problem(item.where(_dotted(path)), what, remedy))
        return None, problems
    return (None, problems) if problems else (noun, [])


def by_place(problem: Problem) -> tuple[str, int]:
    """Sorts problems by file, and by line as a number."""
    file, _, line = problem.where.rpartition(":")
    return (file, int(line)) if file and line.isdigit() else (problem.where, 0)


def nearest(word: str, known: Iterable[str], label: str) -> str:
    """What to write instead of an unknown word: the nearest known one, or all of them.

    >>> nearest("reids", ["redis", "api"], "components"), nearest("x", ["redis", "api"], "components")
    ("write 'redis'", 'components: api, redis')
    """
    names = sorted(set(known))
    close = difflib.get_close_matches(word, names, n=1, cutoff=0.6) or [
        name for name in names if name.lower() == word.lower() or name.rstrip("s") == word.rstrip("s")
    ]
    if close:
        return f"write {close[0]!r}"
    shown = ", ".join(names[:12]) + (f", and {len(names) - 12} more" if len(names) > 12 else "")
    return f"{label}: {shown or 'there are none yet'}"


# ---------------------------------------------------------------------------------------------------- what pydantic lets pass


def _wrong_keys(value: Any, annotation: Any, path: Path) -> Iterator[tuple[Path, str, str]]:
    """Keys that do not exist in a file (the Python names included), and truth values where figures belong."""
    noun = _noun_in(annotation)
    if isinstance(value, Mapping) and noun is not None and not _is_dict(annotation):
        fields = _fields(noun)
        for key, below in value.items():
            if key in fields:
                yield from _wrong_keys(below, fields[key], (*path, key))
            else:
                yield (*path, key), f"unknown key {str(key)!r}", _instead(str(key), noun)
    elif isinstance(value, Mapping):
        for key, below in value.items():
            yield from _wrong_keys(below, annotation, (*path, key))
    elif isinstance(value, (list, tuple)):
        for index, below in enumerate(value):
            yield from _wrong_keys(below, annotation, (*path, index))
    elif isinstance(value, bool) and {int, float} & set(_leaves(annotation)) and bool not in _leaves(annotation):
        yield path, f"{_key(path)}: {str(value).lower()} is no number", "write a number"


@lru_cache(maxsize=100)
def _fields(noun: type[Noun]) -> Mapping[str, Any]:
    return {field.alias or name: field.annotation for name, field in noun.model_fields.items()}


def _instead(key: str, noun: type[Noun]) -> str:
    """What to write instead of a key that a noun does not have: its name in files, its place one level below, the nearest."""
    own = noun.model_fields.get(key)
    if own is not None and own.alias:
        return f"write {own.alias!r}"
    fields = _fields(noun)
    for name, annotation in fields.items():
        inner = _noun_in(annotation)
        if inner is not None and key in _fields(inner).keys() - {"evidence"}:
            holds_one = tuple not in {get_origin(part) for part in (annotation, *get_args(annotation))}
            if holds_one:
                return f"write {name}: {{{key}: …}}"
    return nearest(key, fields, "keys here")


@lru_cache(maxsize=1000)
def _leaves(annotation: Any) -> tuple[Any, ...]:
    """The types an annotation is made of, without what only describes them."""
    if get_origin(annotation) is Annotated:
        return _leaves(get_args(annotation)[0])
    if get_origin(annotation) is Literal or not get_args(annotation):
        return (annotation,)
    return tuple(leaf for part in get_args(annotation) for leaf in _leaves(part))


@lru_cache(maxsize=1000)
def _noun_in(annotation: Any) -> type[Noun] | None:
    return next((leaf for leaf in _leaves(annotation) if isinstance(leaf, type) and issubclass(leaf, Noun)), None)


def _is_dict(annotation: Any) -> bool:
    return get_origin(annotation) is dict


# ---------------------------------------------------------------------------------------------------- what pydantic says


def _by_path(error: ValidationError, data: Any) -> dict[Path, list[ErrorDetails]]:
    """Errors by the place in the data that they are about; a union's complaints about a whole give way to those about a part."""
    found: dict[Path, list[ErrorDetails]] = {}
    for detail in error.errors(include_url=False):
        found.setdefault(_path(detail, data), []).append(detail)
    return {
        path: errors
        for path, errors in found.items()
        if errors[0]["type"] != "extra_forbidden"  # told by _wrong_keys
        if not any(len(other) > len(path) and other[: len(path)] == path for other in found)
        or any(not (detail["type"] in ("literal_error", "too_short") or detail["type"].endswith("_type")) for detail in errors)
    }


def _path(detail: ErrorDetails, data: Any) -> Path:
    """The part of an error's location that exists in the data; the rest are pydantic's names for members of unions."""
    path: list[str | int] = []
    here = data
    for step in detail["loc"]:
        inside = (isinstance(here, Mapping) and step in here) or (
            isinstance(here, (list, tuple)) and isinstance(step, int) and step < len(here)
        )
        if inside:
            path.append(step)
            here = here[step]
    return (*path, detail["loc"][-1]) if detail["type"] == "missing" else tuple(path)


_ORDER: Final = (
    "value_error", "missing", "string_pattern_mismatch", "greater_than_equal", "less_than_equal", "too_short", "string_too_short",
    "string_too_long", "int_from_float", "int_parsing", "float_parsing", "bool_parsing",
)  # fmt: skip


def _said(path: Path, errors: Sequence[ErrorDetails], data: Any, kind: type[Noun], label: str) -> tuple[str, str]:
    """One place's errors as what is wrong, and what to write instead."""
    words = [word for detail in errors if detail["type"] == "literal_error" for word in _words(detail)]
    others = sorted((d for d in errors if d["type"] != "literal_error"), key=_rank)
    value = _at(data, path)
    if not others:
        return f"{_key(path)}: {_shown_at(path, value)} is none of the allowed words", nearest(str(value), words, "write one of")
    what, remedy = _one(others[0], value, path, kind, data, label)
    return what, f"{remedy}, or {' or '.join(words)}" if words and remedy.startswith("write") else remedy


def _rank(detail: ErrorDetails) -> int:
    return _ORDER.index(detail["type"]) if detail["type"] in _ORDER else len(_ORDER)


def _words(detail: ErrorDetails) -> list[str]:
    return re.findall(r"'([^']*)'", str(detail.get("ctx", {}).get("expected", "")))


def _one(detail: ErrorDetails, value: Any, path: Path, kind: type[Noun], data: Any, label: str) -> tuple[str, str]:
    name, context, key, shown = detail["type"], detail.get("ctx", {}), _key(path), _shown_at(path, value)
    match name:
        case "missing":
            return f"{_subject(path, data, label)} has no {str(path[-1])!r}", _add(str(path[-1]))
        case "value_error":
            what, _, remedy = str(context["error"]).partition("; ")
            if isinstance(value, (int, float)) and value < 0:
                return f"{key}: {shown} is negative", "write a figure of 0 or more, with its unit"
            return f"{key}: {what}", remedy or ("write a share such as 99.9%" if "no share" in what else "write another value")
        case "string_pattern_mismatch" if ":" in str(context["pattern"]):
            return (
                f"{key}: {shown} names no component",
                "write component or component:operation, ids of letters, digits, '.', '_' and '-'",
            )
        case "string_pattern_mismatch" if isinstance(value, str) and value.partition(":")[0].isidentifier() and ":" in value:
            return f"{key}: {shown} names an operation, a whole component belongs here", f"write {value.partition(':')[0]!r}"
        case "string_pattern_mismatch":
            return f"{key}: {shown} is no id", "use letters, digits, '.', '_' and '-' only"
        case "greater_than_equal":
            return f"{key}: {shown} is too small", f"write {context['ge']:g} or more"
        case "too_short" | "string_too_short":
            return f"{key}: is empty", "name at least one" if name == "too_short" else "write a text"
        case "string_too_long":
            return f"{key}: has {len(str(value))} characters", f"use at most {context['max_length']}"
        case "int_type" | "int_parsing" | "int_from_float" | "int_parsing_size":
            return f"{key}: {shown} is no whole number", "write a whole number such as 3"
        case "float_type" | "float_parsing" | "finite_number":
            return f"{key}: {shown} is no number", "write a number such as 1.5"
        case "bool_type" | "bool_parsing":
            return f"{key}: {shown} is neither true nor false", "write true, false or unknown"
        case "string_type" if isinstance(value, (int, float)) and not isinstance(value, bool):
            return f"{key}: {shown} is a number, a text belongs here", f"write '{value}' in quotes"
        case "string_type" if isinstance(value, bool):
            return f"{key}: {shown} is a truth value, a text belongs here", f"write '{shown}' in quotes"
        case "string_type":
            return f"{key}: {shown} is no text", "write a text"
        case "tuple_type" | "list_type":
            return f"{key}: {shown} is no list", "write a list such as [a, b]"
        case "dict_type" | "model_type" | "model_attributes_type":
            return f"{key}: {shown} stands where keys belong", f"write {key.rpartition('.')[2]}: {{{_sample(kind, path)}}}"
        case _ if "date" in name:
            return f"{key}: {shown} is no date", "write a date such as 2026-01-31"
        case _:
            return f"{key}: {shown}: {detail['msg']}", "write another value"


def _sample(kind: type[Noun], path: Path) -> str:
    """Keys that belong at a path, as an example of what to write."""
    annotation: Any = kind
    for step in path:
        noun = _noun_in(annotation)
        fields = {field.alias or name: field for name, field in noun.model_fields.items()} if noun else {}
        annotation = fields[step].annotation if step in fields else annotation
    noun = _noun_in(annotation)
    keys = [field.alias or name for name, field in noun.model_fields.items()][:3] if noun else ["key"]
    return ", ".join(f"{key}: …" for key in keys)


def _add(key: str) -> str:
    examples = {
        "id": "id: api", "from": "from: api", "to": "to: db", "entry": "entry: api, what the user touches",
        "affects": "affects: [orders-db, users-db]", "max_attempts": "max_attempts: 2", "max_concurrent": "max_concurrent: 10",
    }  # fmt: skip
    return f"add {examples.get(key, f'{key}: …')}"


def _subject(path: Path, data: Any, label: str) -> str:
    if len(path) > 1:
        return _key(path[:-1])
    if label == "file":
        return "the file"
    named = data.get("id") or " -> ".join(str(data[end]) for end in ("from", "to") if end in data)
    return f"the {label} {str(named)!r}" if named else f"a {label}"


def _at(data: Any, path: Path) -> Any:
    for step in path:
        try:
            data = data[step]
        except (KeyError, IndexError, TypeError):
            return None
    return data


def quoted(value: Any) -> str:
    """A value as a message quotes it: in one line, and no longer than 80 characters."""
    if value is None or isinstance(value, bool):
        return {None: "nothing", True: "true", False: "false"}[value]
    if isinstance(value, (Mapping, list, tuple)):
        return "a mapping" if isinstance(value, Mapping) else "a list"
    text = repr(value)
    return text if len(text) <= 80 else text[:77] + "..."


def _shown_at(path: Path, value: Any) -> str:
    """The same, unless its name says that it is a credential."""
    return MARK if path and isinstance(value, str) and names_credential(str(path[-1])) else quoted(value)


def _dotted(path: Path) -> str:
    return ".".join(str(step) for step in path)


def _key(path: Path) -> str:
    return _dotted(path) or "this entry"
