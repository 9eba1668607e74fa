"""The native format: our own YAML, a Draft with the line of every fact, and single nouns such as `audit.yaml`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final, TypeVar

from auditkit.errors import InputError, Problem
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.characters import characters
from auditkit.importers.explain import by_place, explain, nearest
from auditkit.importers.yaml_text import Node, parse
from auditkit.model.draft import Draft, Item
from auditkit.model.noun import Noun
from auditkit.model.system import FORMAT_VERSION, Question

N = TypeVar("N", bound=Noun)
Migration = Callable[[dict[str, Any]], dict[str, Any]]

MIGRATIONS: Final[Mapping[int, Migration]] = {}
"""From the version of a file to the step that brings its data to the next version; version 1 is the only one so far."""

SECTIONS: Final = ("components", "dependencies", "common_causes", "journeys", "questions")
_KEYS: Final = ("auditkit", "system", *SECTIONS)


def load_yaml(text: str, name: str) -> Draft:
    r"""A native `system.yaml` as a Draft: items with the line of each key, not yet checked (`validate` does that).

    A file without a name is a part, to be merged with others. Raises `InputError` on text that is no YAML, no mapping, or of
    a newer format version. What is wrong with single keys is handed on in `Draft.problems`, so that the gate tells all
    problems at once.

    >>> draft = load_yaml("auditkit: 1\nsystem: shop\ncomponents:\n  - {id: api}\n", "system.yaml")
    >>> draft.system, draft.components[0].where("id")
    ('shop', 'system.yaml:4')
    """
    return draft_of(parse(text, name), name)


def draft_of(node: Node, name: str) -> Draft:
    """The same of a text that has been parsed already."""
    _mapping(node, name)
    data = migrate(node.value, name, node.line_of("auditkit"))
    problems = _top_level(node, data, name)
    items = {section: _items(node, data, section, name, problems) for section in SECTIONS}
    questions: list[Question] = []
    for item in items["questions"]:
        question, found = explain(item, Question, "question")
        problems.extend(found)
        questions.extend([question] if question else [])
    system = data.get("system")
    return Draft(
        source=name,
        system=system.strip() if isinstance(system, str) and system.strip() not in ("", "unknown") else None,
        questions=tuple(questions),
        problems=tuple(problems),
        by_person=True,
        components=items["components"],
        dependencies=items["dependencies"],
        common_causes=items["common_causes"],
        journeys=items["journeys"],
    )


def read_nouns(text: str, name: str, kind: type[N]) -> N:
    """One noun from a file of its own (`audit.yaml`, `decisions.yaml`, `strategy.yaml`), read as strictly as a system.

    An empty file gives the noun's defaults where it has them. Raises `InputError` with all problems, file and line each.

    >>> from auditkit.model.audit import AuditFacts
    >>> read_nouns("assumed_availability: 99.9%", "audit.yaml", AuditFacts).assumed_availability
    0.999
    """
    if not any(line.strip() and not line.lstrip().startswith("#") for line in text.removeprefix("\ufeff").splitlines()):
        text = "{}"
    node = _mapping(parse(text, name), name)
    data = migrate(node.value, name, node.line_of("auditkit")) if "auditkit" in kind.model_fields else node.value
    item = Item(data, name, node.lines())
    noun, wrong = explain(item, kind, "file")
    problems = [*wrong, *characters(item)]
    if noun is None or problems:
        raise InputError(sorted(problems, key=by_place))
    return noun


def migrate(
    data: dict[str, Any], name: str, line: int, steps: Mapping[int, Migration] = MIGRATIONS, latest: int = FORMAT_VERSION
) -> dict[str, Any]:
    """Data of an older format version, brought step by step to the latest one. A missing version is the latest.

    Raises `InputError` on a newer version, on one that no step leads from, and on what is no version number.
    """
    version = data.get("auditkit", latest)
    if not isinstance(version, int) or isinstance(version, bool) or version < 1:
        raise InputError.of(f"{name}:{line}", f"{version!r} is no format version", f"write auditkit: {latest}")
    if version > latest:
        raise InputError.of(
            f"{name}:{line}",
            f"was written in format version {version}; this auditkit reads versions up to {latest}",
            "upgrade auditkit: pip install --upgrade auditkit",
        )
    while version < latest:
        if version not in steps:
            raise InputError.of(f"{name}:{line}", f"format version {version} is no longer read", f"write auditkit: {latest}")
        data = {**steps[version](data), "auditkit": version + 1}
        version += 1
    return data


def _mapping(node: Node, name: str) -> Node:
    if not isinstance(node.value, dict):
        what = "a list" if isinstance(node.value, list) else f"a single value ({str(node.value)[:40]!r})"
        raise InputError.of(
            f"{name}:{node.line}", f"holds {what} where keys belong", "write 'key: value' lines, as in system: shop"
        )
    return node


def _top_level(node: Node, data: Mapping[str, Any], name: str) -> list[Problem]:
    problems = [
        Problem(f"{name}:{node.line_of(key)}", f"unknown key {str(key)!r}", nearest(str(key), _KEYS, "keys here"))
        for key in data
        if key not in _KEYS
    ]
    system = data.get("system")
    if "system" in data and system not in (None, "", "unknown") and not isinstance(system, str):
        where = f"{name}:{node.line_of('system')}"
        problems.append(Problem(where, f"system: {system!r} is no text", f"write '{system}' in quotes"))
    return problems


def _items(node: Node, data: Mapping[str, Any], section: str, name: str, problems: list[Problem]) -> tuple[Item, ...]:
    raw = data.get(section)
    if raw is None or raw == "unknown":
        return ()
    line = node.line_of(section)
    if not isinstance(raw, list):
        problems.append(
            Problem(f"{name}:{line}", f"{section!r} is no list", f"write one entry a line, as in {_example(section)}")
        )
        return ()
    below = node.child(section)
    items = []
    for index, entry in enumerate(raw):
        own = below.child(index) if below and below.style != "alias" else None
        if isinstance(entry, dict):
            items.append(Item(_with_text_keys(entry), name, own.lines() if own else {"": line}))
        else:
            where = f"{name}:{own.line if own else line}"
            problems.append(Problem(where, f"{entry!r} is no entry of {section!r}", f"write {_example(section)}"))
    return tuple(items)


def _with_text_keys(value: Any) -> Any:
    """Keys are names: a zone called 1 is the text `1`, quoted or not."""
    if isinstance(value, dict):
        return {str(key): _with_text_keys(below) for key, below in value.items()}
    return [_with_text_keys(entry) for entry in value] if isinstance(value, list) else value


def _example(section: str) -> str:
    return {
        "components": "- id: api",
        "dependencies": "- {from: api, to: db}",
        "common_causes": "- {id: pg-cluster, affects: [orders-db, users-db]}",
        "journeys": "- {id: checkout, entry: api}",
        "questions": "- {id: q1, where: api, what: …}",
    }[section]


def _detect(name: str, text: str) -> bool:
    head = [line for line in text[:20_000].removeprefix("\ufeff").splitlines() if line and line[0] not in " \t#-"]
    keys = {line.split(":", 1)[0].strip(" '\"{") for line in head}
    return "auditkit" in keys or ("system" in keys and bool(keys & {"components", "dependencies"}))


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    return load_yaml(text, name)


NATIVE: Final = Importer(
    name="native",
    title="auditkit YAML",
    prose=(
        "The native file: components, dependencies, common causes and journeys as a person states them. "
        "What it says is declared; its answers beat those of imports, and stay when an import is repeated."
    ),
    detect=_detect,
    read=_read,
)
