"""The model part of the Structurizr DSL; views, styles and documentation are passed over."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Final

from auditkit.errors import InputError
from auditkit.importers.base import ReadSibling
from auditkit.importers.mentions import question
from auditkit.importers.structurizr_model import Element, Instance, Model, Relation, Type
from auditkit.model.system import Question

MAX_CHARACTERS: Final = 5_000_000
MAX_FILES: Final = 100
MAX_SETTINGS: Final = 1_000
"""Most lines that an archetype may hand on to its elements, those of the ones that it is made of included."""
DSL_SIGNS: Final = re.compile(
    r"^[ \t]*workspace\b[^\n]*\{|^[ \t]*\w+[ \t]*=[ \t]*(?:softwareSystem|container|person)[ \t]+\"", re.MULTILINE | re.IGNORECASE
)
_TOKEN: Final = re.compile(
    r'"""(?P<long>.*?)"""|"(?P<text>(?:[^"\\\n]|\\.)*)"|(?P<arrow>--\S*?->|->)|(?P<sign>[{}=])|(?P<word>[^\s{}="]+)', re.DOTALL
)
_COMMENT: Final = re.compile(r'("(?:[^"\\\n]|\\.)*")|/\*.*?(?:\*/|\Z)|(?<![^\s])(?://|#)[^\n]*', re.DOTALL)
_TYPES: Final[Mapping[str, Type]] = {
    "person": "person",
    "softwaresystem": "system",
    "container": "container",
    "component": "component",
    "deploymentnode": "node",
    "infrastructurenode": "infrastructure",
    "element": "other",
}
_FIELDS: Final[Mapping[Type, tuple[str, ...]]] = {
    "person": ("name", "description", "tags"),
    "system": ("name", "description", "tags"),
    "container": ("name", "description", "technology", "tags"),
    "component": ("name", "description", "technology", "tags"),
    "node": ("name", "description", "technology", "tags", "instances"),
    "infrastructure": ("name", "description", "technology", "tags"),
    "other": ("name", "metadata", "description", "tags"),
}
_INSTANCES: Final = ("containerinstance", "softwaresysteminstance", "instanceof")
_SETTINGS: Final = ("description", "technology", "tags", "tag", "instances", "url")


@dataclass(frozen=True, slots=True)
class _Statement:
    """One line: its words, and what stands in the braces after it (None where there are none)."""

    words: tuple[str, ...]
    line: int
    source: str
    body: tuple[_Statement, ...] | None = None


@dataclass(slots=True)
class _Scope:
    """Where a statement stands."""

    element: str | None = None
    path: tuple[str, ...] = ()
    environment: str = ""
    times: int | None = 1


@dataclass(slots=True)
class _Reading:
    """What has been found so far; it grows while the statements are read."""

    elements: dict[str, Element] = field(default_factory=dict)
    instances: dict[str, Instance] = field(default_factory=dict)
    waiting: list[tuple[_Statement, _Scope, tuple[str, ...]]] = field(default_factory=list)
    names: dict[tuple[str, ...], str] = field(default_factory=dict)
    short: dict[str, str] = field(default_factory=dict)
    archetypes: dict[str, tuple[str, tuple[_Statement, ...]]] = field(default_factory=dict)
    asked: list[Question] = field(default_factory=list)


def read_dsl(text: str, name: str, read_sibling: ReadSibling) -> tuple[Model, tuple[Question, ...]]:
    r"""The model of a workspace. Raises `InputError` on braces that do not match and on ends of arrows that are nothing.

    >>> model, _ = read_dsl('workspace { model { a = person "Ann"\n b = softwareSystem "Shop"\n a -> b "Buys" } }', "w", str)
    >>> [(e.type, e.name) for e in model.elements], model.relations[0].description
    ([('person', 'Ann'), ('system', 'Shop')], 'Buys')
    """
    reading = _Reading()
    statements = _statements(text, name, read_sibling, [0, 0], reading, {})
    _read_all(statements, _Scope(), reading)
    relations = tuple(_relation(statement, scope, words, reading) for statement, scope, words in reading.waiting)
    return Model(tuple(reading.elements.values()), relations, tuple(reading.instances.values())), tuple(reading.asked)


# ---------------------------------------------------------------------------------------------------- text -> statements


def _statements(
    text: str, name: str, read_sibling: ReadSibling, used: list[int], reading: _Reading, constants: dict[str, str]
) -> tuple[_Statement, ...]:
    """The statements of one file, with those of the files that it includes in their place.

    `used` counts files and characters: constants that are made of constants double with each one.
    """
    used[0] += 1
    if len(text) > MAX_CHARACTERS:
        raise InputError.of(
            name, f"has {len(text) / 1e6:.0f} MB; workspaces are read up to {MAX_CHARACTERS // 10**6} MB", "split it"
        )
    if used[0] > MAX_FILES:
        raise InputError.of(name, f"takes in more than {MAX_FILES} files, or includes itself", "take the !include away")
    stack: list[tuple[_Statement, list[_Statement]]] = []
    current: list[_Statement] = []
    for line, words, sign in _lines(text, name):
        if sign == "}" and not stack:
            raise InputError.of(f"{name}:{line}", "closes a brace that was never opened", "delete it")
        if sign == "}":
            opened, outer = stack.pop()
            outer.append(replace(opened, body=tuple(current)))
            current = outer
            continue
        words = tuple(re.sub(r"\$\{([^}]*)\}", lambda m: constants.get(m[1], m[0]), word) for word in words)
        used[1] += sum(map(len, words))
        if used[1] > MAX_CHARACTERS:
            what = f"stands for more than {MAX_CHARACTERS:,} characters with its constants in place"
            raise InputError.of(f"{name}:{line}", what, "write out what they mean")
        key = words[0].lower() if words else ""
        if key in ("!const", "!constant", "!var") and len(words) == 3:
            constants[words[1]] = words[2]
        elif key == "!include" or (key == "workspace" and len(words) == 3 and words[1].lower() == "extends"):
            other = "".join(words[1:]) if key == "!include" else words[-1]  # a URL with a query is several words
            found = read_sibling(other) if other and "://" not in other else None
            if found is None:
                what = f"{name} takes in {other}, which is not a file beside it: what does it say?"
                reading.asked.append(question(f"include {other}", name, what, f"{name}:{line}"))
            else:
                current += _statements(found, other, read_sibling, used, reading, constants)
        if sign == "{":
            stack.append((_Statement(words, line, name), current))
            current = []
        elif words and key not in ("!include", "!const", "!constant", "!var"):
            current.append(_Statement(words, line, name))
    if stack:
        raise InputError.of(f"{name}:{stack[-1][0].line}", "opens a brace that is never closed", "close it with }")
    return tuple(current)


def _lines(text: str, name: str) -> Iterator[tuple[int, tuple[str, ...], str]]:
    """The words of each line up to a brace or its end: line, words, the brace or nothing."""
    text = _COMMENT.sub(lambda m: m[1] or "\n" * m[0].count("\n"), text.removeprefix("\ufeff").replace("\\\n", " "))
    line, at = 1, 0
    words: list[str] = []
    for match in _TOKEN.finditer(text):
        gap = text.count("\n", at, match.start())
        if gap and words:
            yield line, tuple(words), ""
            words = []
        line += gap
        at = match.start()
        if match["sign"] in ("{", "}"):
            if match["sign"] == "}" and words:
                yield line, tuple(words), ""
                words = []
            yield line, tuple(words), match["sign"]
            words = []
        else:
            quoted = match["long"] if match["long"] is not None else match["text"]
            words.append(match[0] if quoted is None else " ".join(quoted.replace('\\"', '"').split()))
    if words:
        yield line, tuple(words), ""


# ---------------------------------------------------------------------------------------------------- statements -> model


def _read_all(statements: Sequence[_Statement], scope: _Scope, reading: _Reading, depth: int = 0) -> None:
    if depth > 50:
        raise InputError.of(statements[0].source if statements else "workspace", "is nested too deeply", "flatten it")
    for statement in statements:
        _read_one(statement, scope, reading, depth)


def _read_one(statement: _Statement, scope: _Scope, reading: _Reading, depth: int) -> None:
    words = statement.words
    own = words[0] if len(words) > 2 and words[1] == "=" else ""
    said = words[2:] if own else words
    key = said[0].lower() if said else ""
    arrow = next((at for at, word in enumerate(said[:2]) if word.startswith("-") and word.endswith("->")), None)
    body = statement.body or ()
    base, defaults = reading.archetypes.get(key, (key, ()))
    if arrow is not None:
        reading.waiting.append((statement, scope, said if arrow else ("this", *said)))
    elif key == "archetypes":
        for inner in body:
            if len(inner.words) == 3 and inner.words[1] == "=":
                parent, above = reading.archetypes.get(inner.words[2].lower(), (inner.words[2].lower(), ()))
                if len(above) + len(inner.body or ()) > MAX_SETTINGS:
                    what = f"makes an archetype of more than {MAX_SETTINGS:,} lines"
                    raise InputError.of(f"{inner.source}:{inner.line}", what, "take out what its elements do not need")
                reading.archetypes[inner.words[0].lower()] = (parent, (*above, *(inner.body or ())))
    elif base in ("workspace", "model", "group", "enterprise", "") or key in ("!element", "!elements", "!extend", "!ref"):
        path = (*scope.path, own) if own and base == "group" else scope.path
        _read_all(body, replace(scope, path=path), reading, depth + 1)
    elif base == "deploymentenvironment":
        environment = said[1] if len(said) > 1 else ""
        _read_all(body, replace(scope, path=(*scope.path, own), environment=environment), reading, depth + 1)
    elif base in _TYPES:
        _element(statement, own, said, _TYPES[base], (*defaults, *body), scope, reading, depth)
    elif base in _INSTANCES and len(said) > 1:
        made = f"{statement.source}:{statement.line}:{len(reading.instances)}"
        of = _resolve(said[1], scope, reading, statement)
        reading.instances[made] = Instance(made, of, scope.environment, scope.times)
        _name(own, made, scope, reading)
        _read_all(body, replace(scope, element=made), reading, depth + 1)


def _element(
    statement: _Statement,
    own: str,
    said: Sequence[str],
    type: Type,
    body: Sequence[_Statement],
    scope: _Scope,
    reading: _Reading,
    depth: int,
) -> None:
    given = dict(zip(_FIELDS[type], said[1:], strict=False))
    tags = given.get("tags", "").split(",")
    for inner in body:
        setting = inner.words[0].lower() if inner.words else ""
        if setting in ("tags", "tag"):
            tags += [tag for word in inner.words[1:] for tag in word.split(",")]
        elif setting in _SETTINGS and len(inner.words) > 1 and inner.body is None:
            given[setting] = inner.words[1]
    if not given.get("name"):
        raise InputError.of(f"{statement.source}:{statement.line}", f"{said[0]} has no name", 'write it in quotes: "…"')
    made = str(len(reading.elements) + 1)
    parent = scope.element if scope.element in reading.elements else None
    reading.elements[made] = Element(
        made,
        type,
        given["name"],
        parent,
        statement.line,
        given.get("description", ""),
        given.get("technology", ""),
        tuple(tag.strip() for tag in tags if tag.strip()),
    )
    _name(own, made, scope, reading)
    times = scope.times
    if type == "node":
        count = given.get("instances", "1") or "1"
        times = times * int(count) if times is not None and re.fullmatch(r"[0-9]{1,6}", count) else None
    inside = _Scope(made, (*scope.path, own) if own else scope.path, scope.environment, times)
    _read_all([s for s in body if not s.words or s.words[0].lower() not in _SETTINGS], inside, reading, depth + 1)


def _name(own: str, key: str, scope: _Scope, reading: _Reading) -> None:
    if own:
        reading.names[(*scope.path, own)] = key
        reading.short[own.lower()] = key


def _resolve(word: str, scope: _Scope, reading: _Reading, statement: _Statement) -> str:
    """The key of an identifier: `this`, as seen from where it stands, or by its last name alone."""
    if word.lower() == "this" and scope.element:
        return scope.element
    steps = tuple(word.split("."))
    for length in range(len(scope.path), -1, -1):
        found = reading.names.get((*scope.path[:length], *steps))
        if found:
            return found
    if len(steps) == 1 and word.lower() in reading.short:
        return reading.short[word.lower()]
    tails = [key for path, key in reading.names.items() if tuple(step for step in path if step)[-len(steps) :] == steps]
    if len(tails) == 1:
        return tails[0]
    what = f"there is no element {word!r}"
    raise InputError.of(f"{statement.source}:{statement.line}", what, "define it, or correct its identifier")


def _relation(statement: _Statement, scope: _Scope, words: Sequence[str], reading: _Reading) -> Relation:
    if len(words) < 3:
        raise InputError.of(f"{statement.source}:{statement.line}", "an arrow leads nowhere", "write: caller -> callee")
    caller, callee = (_resolve(words[at], scope, reading, statement) for at in (0, 2))
    told = dict(zip(("description", "technology", "tags"), words[3:], strict=False))
    said = [told.get("tags", ""), *(word for inner in statement.body or () for word in inner.words)]
    is_async = any("async" in word.lower() for word in said)
    return Relation(caller, callee, told.get("description", ""), told.get("technology", ""), is_async, statement.line)
