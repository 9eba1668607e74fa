"""Edge lists: a CSV with the columns `from` and `to`, and any others of a dependency; or, with `id`, of components."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Final

from auditkit.errors import InputError, Problem
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.dotted import unflat
from auditkit.importers.explain import nearest, quoted
from auditkit.model.draft import Draft, Item
from auditkit.model.noun import Noun
from auditkit.model.system import (
    Buffer,
    Bulkhead,
    CircuitBreaker,
    Component,
    Dependency,
    Fallback,
    LatencyRef,
    Policy,
    Retry,
    split_target,
)

MAX_CHARACTERS: Final = 2_000_000
MAX_ROWS: Final = 50_000
"""Longest text that is read as an edge list: forty thousand calls, which take five seconds and make a map of 10 MB."""
_NESTED: Final[dict[str, type[Noun]]] = {"policy": Policy, "fallback": Fallback, "buffer": Buffer, "latency": LatencyRef}
_IN_POLICY: Final[dict[str, type[Noun]]] = {"retry": Retry, "circuit_breaker": CircuitBreaker, "bulkhead": Bulkhead}
_SHORT: Final = {"timeout": "policy.timeout", "max_attempts": "policy.retry.max_attempts"}
_KINDS: Final = {"from_kind": "from", "to_kind": "to"}
_ENDS: Final = {"from", "to"}
_SPELLINGS: Final = {
    **dict.fromkeys(("source", "caller", "client", "consumer", "from service", "source service", "from component"), "from"),
    **dict.fromkeys(("target", "destination", "callee", "server", "provider", "depends on", "dependson"), "to"),
    **dict.fromkeys(("to service", "target service", "destination service", "to component"), "to"),
}
"""How else the two ends are called. Not upstream and downstream: for some the caller is upstream, for others the callee."""
_UNREAD: Final = frozenset(
    [
        "note",
        "notes",
        "comment",
        "comments",
        "remark",
        "remarks",
        "description",
        "protocol",
        "technology",
        "weight",
        "label",
        "calls",
    ]
)
"""Columns that stand in many lists and say nothing that a dependency has a place for."""
_REMARK: Final = re.compile(r"\s*#|\s*sep=.?[,;\s]*$", re.IGNORECASE)
_LISTS: Final = ("depends on", "dependson")
"""Headers of lists, `api, cart`: a dependency for each."""
_TITLES: Final = 10
"""How many lines with words may stand above the header."""


@cache
def _columns() -> dict[str, str]:
    """Every column that may stand in the file, and the path of the dependency that it fills."""
    found = {field.alias or name: field.alias or name for name, field in Dependency.model_fields.items()}
    del found["evidence"]
    for outer, noun in _NESTED.items():
        found |= {f"{outer}.{field.alias or name}": f"{outer}.{field.alias or name}" for name, field in noun.model_fields.items()}
    for outer, noun in _IN_POLICY.items():
        paths = (f"policy.{outer}.{field.alias or name}" for name, field in noun.model_fields.items())
        found |= {path: path for path in paths}
    return {**found, **_SHORT}


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    if len(text) > MAX_CHARACTERS:
        raise InputError.of(
            name, f"has {len(text) / 1e6:.0f} MB; edge lists are read up to {MAX_CHARACTERS // 10**6} MB", "split it"
        )
    if (rows_said := text.count("\n")) > MAX_ROWS:
        raise InputError.of(name, f"has {rows_said:,} lines; edge lists are read up to {MAX_ROWS:,}", "split it")
    rows = _rows(text, name)
    line, columns, is_list = _header(rows, name)
    if _lists_components(columns):
        return _components(columns, rows, name)
    problems = _header_problems(columns, f"{name}:{line}")
    if problems:
        raise InputError(problems)
    dependencies: list[Item] = []
    components: dict[str, Item] = {}
    for line, cells in rows:
        where = f"{name}:{line}"
        if len(cells) > len(columns):
            problems.append(
                Problem(where, f"has {len(cells)} cells, the header has {len(columns)}", "put cells with commas in quotes")
            )
            continue
        said = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if cell.strip()}
        row = {column: cell for column, cell in said.items() if column not in _UNREAD}
        if unnamed := row.pop("", None):
            problems.append(Problem(where, f"the cell {quoted(unnamed)} has no header", "name its column, or empty it"))
        missing = [column for column in ("from", "to") if column not in row]
        problems += [Problem(where, f"has no {column!r}", "name a component, or delete the line") for column in missing]
        targets = re.split(r"\s*,\s*", row.get("to", "")) if is_list else [row.get("to", "")]
        for target in filter(None, [] if missing else targets):
            dependencies.append(_dependency({**row, "to": target}, name, line))
            _add_components(components, {**row, "to": target}, name, line, problems)
    unread = ", ".join(column for column in columns if column in _UNREAD)
    return Draft(
        source=name,
        components=tuple(components.values()),
        dependencies=tuple(dependencies),
        cannot_say=(
            f"{name}: an edge list cannot say how many instances run, what runs where, and what users want",
            *([f"{name}: these columns are not read: {unread}"] if unread else []),
        ),
        problems=tuple(problems),
    )


def _header(rows: Iterator[tuple[int, list[str]]], name: str) -> tuple[int, list[str], bool]:
    """Line and columns of the header, and whether its `to` is a list, `depends on`; titles may stand above it.

    Where nothing is a header, the first row is taken for it.
    """
    above: list[tuple[int, list[str]]] = []
    for line, cells in rows:
        columns = _spelled(cells)
        if set(columns) >= _ENDS:
            return line, columns, any(_plain(cell) in _LISTS for cell in cells)
        above.append((line, columns))
        if _lists_components(above[0][1]) or len(above) > _TITLES or _ENDS & set(above[0][1]):
            break
    if not above:
        raise InputError.of(f"{name}:1", "is empty", "write a first line such as: from,to")
    return *above[0], False


def _spelled(cells: Sequence[str]) -> list[str]:
    """The columns that some header cells mean: `Source Service` is `from`, `depends_on` is `to`."""
    said = [cell.strip(' "').lower() for cell in cells]
    columns = [_SPELLINGS.get(_plain(column), column) for column in said]
    return ["from" if c == "service" and "to" in columns and "from" not in columns else c for c in columns]


def _plain(cell: str) -> str:
    return re.sub(r"[\s_-]+", " ", cell).strip(' "').lower()


def _lists_components(columns: list[str]) -> bool:
    return "id" in columns and not _ENDS & set(columns)


def _components(columns: list[str], rows: Iterator[tuple[int, list[str]]], name: str) -> Draft:
    """A list of components: a line each, with any of their keys as columns."""
    items, problems = [], []
    for line, cells in rows:
        row = {column: cell.strip() for column, cell in zip(columns, cells, strict=False) if cell.strip()}
        if "id" not in row:
            problems.append(Problem(f"{name}:{line}", "has no 'id'", "name the component, or delete the line"))
        elif len(cells) > len(columns):
            what = f"has {len(cells)} cells, the header has {len(columns)}"
            problems.append(Problem(f"{name}:{line}", what, "put cells with commas in quotes"))
        else:
            data = {**unflat({key: cell for key, cell in row.items() if key != "id"}), "id": row["id"]}
            items.append(Item({**data, "evidence": [_evidence(name, line)]}, name, {"": line}))
    cannot_say = (f"{name}: a list of components cannot say who calls whom",)
    return Draft(source=name, components=tuple(items), cannot_say=cannot_say, problems=tuple(problems))


def _rows(text: str, name: str) -> Iterator[tuple[int, list[str]]]:
    """Rows that say something, with their lines."""
    text = text.removeprefix("\ufeff")
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=_delimiter(text), strict=True)
    try:
        for cells in reader:
            if any(cell.strip() for cell in cells) and not _REMARK.match(cells[0]):
                yield reader.line_num, cells
    except csv.Error as error:
        raise InputError.of(f"{name}:{reader.line_num}", f"is no CSV: {error}", "check the quotes in this line") from error


def _delimiter(text: str) -> str:
    """Comma, semicolon or tab: what parts the header, else whichever the first line with words has most of."""
    first = _speaking(text)
    ways = (sign for line in first for sign in ",;\t" if set(_spelled(line.split(sign))) >= _ENDS)
    return next(ways, max(",;\t", key=first[0].count) if first else ",")


def _speaking(text: str) -> list[str]:
    """The first lines with words; no remarks, and not the line `sep=;` that Excel writes for itself."""
    head = text[:20_000].removeprefix("\ufeff").splitlines()
    return [line for line in head if line.strip() and not _REMARK.match(line)][: _TITLES + 1]


def _header_problems(columns: list[str], where: str) -> list[Problem]:
    known = {**_columns(), **_KINDS}
    problems = [
        Problem(where, f"unknown column {quoted(column)}", nearest(column, known, "columns"))
        for column in columns
        if column and column not in known and column not in _UNREAD
    ]
    missing = [column for column in ("from", "to") if column not in columns]
    problems += [Problem(where, f"no column {column!r}", "name the columns from,to and so on") for column in missing]
    twice = sorted({column for column in columns if column and columns.count(column) > 1})
    return problems + [Problem(where, f"the column {quoted(column)} stands there twice", "keep one of them") for column in twice]


def _dependency(row: dict[str, str], name: str, line: int) -> Item:
    paths = _columns()
    facts = {paths[column]: cell for column, cell in row.items() if column not in (*_KINDS, "from", "to")}
    data: dict[str, Any] = {"from": row["from"], **unflat(facts)}
    targets = [target.strip() for target in row["to"].split("|") if target.strip()]
    data["to"] = targets[0] if len(targets) == 1 else targets
    data["evidence"] = [_evidence(name, line)]
    return Item(data, name, {"": line})


def _add_components(components: dict[str, Item], row: dict[str, str], name: str, line: int, problems: list[Problem]) -> None:
    ends = [("from", row["from"])] + [("to", target.strip()) for target in row["to"].split("|") if target.strip()]
    for end, target in ends:
        component, kind = split_target(target)[0], row.get(f"{end}_kind")
        known = components.get(component)
        evidence = known.data["evidence"] if known else [_evidence(name, line)]
        if known is None or (kind and "kind" not in known.data):
            stated = {"id": component, **({"kind": kind} if kind else {}), "evidence": evidence}
            components[component] = Item(stated, name, known.lines if known else {"": line})
        elif kind and known.data["kind"] != kind:
            what = f"{quoted(component)} is a {kind[:80]} here and a {known.data['kind'][:80]} at {known.where()}"
            problems.append(Problem(f"{name}:{line}", what, "write one kind"))


def _evidence(name: str, line: int) -> dict[str, str]:
    return {"source": name, "locator": f"line {line}", "confidence": "declared"}


def _detect(name: str, text: str) -> bool:
    first, sign = _speaking(text), _delimiter(text)
    rows = [_spelled(line.split(sign)) for line in first]
    of_components = {field.alias or name for name, field in Component.model_fields.items()} - {"evidence"}
    lists = bool(rows) and "id" in rows[0] and len(rows[0]) > 1 and set(rows[0]) <= of_components
    return lists or any(set(row) >= _ENDS and (row == rows[0] or (len(row) > 1 and _tabular(name))) for row in rows)


def _tabular(name: str) -> bool:
    """Whether a file calls itself a table; only there a header may stand below titles, elsewhere it may be prose."""
    return name.lower().endswith((".csv", ".tsv", ".txt"))


EDGE_LIST: Final = Importer(
    name="edge-list",
    title="Edge list (CSV, Excel)",
    prose=(
        "A line for each call: from,to (or source,target, caller,callee …; titles may stand above) and any "
        "further columns of a dependency (call, on_failure, rate, stage, idempotent, "
        "timeout, policy.retry.max_attempts …); 'a | b' in to are redundant alternatives; from_kind and to_kind say what the "
        "components are. A list with the column id (kind, instances, owner …) describes components. Of an Excel workbook, each "
        "sheet of either form is read. Separated by comma, semicolon or tab. What it says is declared. It cannot say how many "
        "instances run unless it lists components, or what users want."
    ),
    detect=_detect,
    read=_read,
)
