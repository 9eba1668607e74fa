"""GraphML: nodes and edges of any graph tool; facts of ours stand in attributes that begin with `auditkit.`."""

from __future__ import annotations

import re
import warnings
from collections.abc import Mapping
from typing import Any, Final, get_args

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.dotted import ours
from auditkit.importers.drawn import Arrow, Box, draft, name_of
from auditkit.importers.drawn_doubts import which_way
from auditkit.importers.restored import Kept, restored
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind

MAX_CHARACTERS: Final = 20_000_000
MAX_SIGNS: Final = 500_000
MAX_NODES: Final = 50_000
CANNOT_SAY: Final = ("a GraphML graph of another tool does not say how many instances run, nor who waits for an answer",)
_KINDS: Final = get_args(ComponentKind)
_LABELS: Final = ("label", "name", "NodeLabel", "Label", "Name")


def _detect(name: str, text: str) -> bool:
    return "<graphml" in text[:5000]


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    import networkx as nx

    if len(text) > MAX_CHARACTERS:
        raise InputError.of(name, f"has {len(text) / 1e6:.0f} MB; GraphML is read up to 20 MB", "split it")
    if (drawn := text.count("<node")) > MAX_NODES:
        raise InputError.of(name, f"draws {drawn:,} nodes; GraphML is read up to {MAX_NODES:,}", "split it")
    if (signs := text.count("<") + text.count("=")) > MAX_SIGNS:
        what = f"holds some {signs:,} tags and attributes; GraphML is read up to {MAX_SIGNS:,}"
        raise InputError.of(name, what, "split it")
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise InputError.of(name, "declares a document type of its own", "delete the <!DOCTYPE …> declaration")
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an attribute that no key declares is a text
            graph = nx.parse_graphml(re.sub(r"^\s*<\?xml[^>]*\?>", "", text.removeprefix("\ufeff")), force_multigraph=True)
    except Exception as error:  # networkx passes on whatever its parts raise: ParseError, NetworkXError, KeyError, ValueError …
        line = getattr(error, "position", (None,))[0]
        said = " ".join(str(error).split())[:200]
        raise InputError.of(f"{name}:{line}" if line else name, f"is no GraphML: {said}", "export it again") from error
    lines = _lines(text)
    nodes = [(str(key), data) for key, data in graph.nodes(data=True)]
    edges = [(str(caller), str(callee), data) for caller, callee, data in graph.edges(data=True)]
    if any(ours(data) for data in (graph.graph, *(data for _, data in nodes))):
        return restored(
            name,
            ours(graph.graph),
            (Kept((key,), ours(data), lines.get(key)) for key, data in nodes),
            (Kept((caller, callee), ours(data)) for caller, callee, data in edges),
        )
    boxes = [_box(key, data, name, lines.get(key)) for key, data in nodes]
    if not graph.is_directed():
        return draft(name, boxes, (), (which_way(caller, callee, name) for caller, callee, _ in edges), CANNOT_SAY)
    return draft(name, boxes, (_arrow(caller, callee, data, name) for caller, callee, data in edges), (), CANNOT_SAY)


def _lines(text: str) -> dict[str, int]:
    """Line of each node, by its id."""
    found: dict[str, int] = {}
    line, at = 1, 0
    for match in re.finditer(r"""<node\b[^>]*?\bid\s*=\s*["']([^"']*)["']""", text):
        line += text.count("\n", at, match.start())
        at = match.start()
        found.setdefault(match[1], line)
    return found


def _box(key: str, data: Mapping[str, Any], source: str, line: int | None) -> Box:
    label = next((str(data[name]) for name in _LABELS if data.get(name)), "")
    stated = str(data.get("kind", data.get("type", ""))).lower()
    kind = next((kind for kind in _KINDS if kind == stated), None)
    return Box(key, name_of(key, label), source, f"node {key}", line, kind, hint="" if kind else stated)


def _arrow(caller: str, callee: str, data: Mapping[str, Any], source: str) -> Arrow:
    label = next((f" ({data[name]})" for name in _LABELS if data.get(name)), "")
    is_async = str(data.get("call", "")).lower() == "async"
    return Arrow(caller, callee, source, f"edge {caller} -> {callee}{label}"[:300], is_async=is_async)


GRAPHML: Final = Importer(
    name="graphml",
    drawn=True,
    title="GraphML",
    prose=(
        "Nodes become components, directed edges dependencies (declared); labels and an attribute kind are used, what auditkit"
        " itself has exported comes back with every fact. Lines without direction become questions. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
)
