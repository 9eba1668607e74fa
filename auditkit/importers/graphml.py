"""GraphML: nodes and edges of any graph tool; facts of ours stand in attributes that begin with `auditkit.`."""

from __future__ import annotations

import html
import re
import warnings
from collections.abc import Iterator, Mapping
from typing import Any, Final, get_args

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.dotted import ours
from auditkit.importers.drawn import Arrow, Box, draft, name_of, names
from auditkit.importers.drawn_doubts import which_part, which_way
from auditkit.importers.restored import Kept, restored
from auditkit.model.draft import Draft
from auditkit.model.system import ComponentKind, Question

MAX_CHARACTERS: Final = 20_000_000
MAX_SIGNS: Final = 500_000
MAX_NODES: Final = 50_000
CANNOT_SAY: Final = ("a GraphML graph of another tool does not say how many instances run, nor who waits for an answer",)
_KINDS: Final = get_args(ComponentKind)
_EDGE: Final = re.compile(r"<edge\b[^<>]*>")
_DIRECTED: Final = re.compile(r"""\bdirected\s*=\s*["'](true|false)["']""")
_DEFAULT: Final = re.compile(r"""\bedgedefault\s*=\s*["'](directed|undirected)["']""")
_ARROWS: Final = re.compile(r"""<(?:\w+:)?Arrows\s[^<>]*>""")
_GROUP: Final = re.compile(r"""<node\b[^<>]*\byfiles\.foldertype\s*=[^<>]*>""")
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
    plain = _one_way(text)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # an attribute that no key declares is a text
            graph = nx.parse_graphml(re.sub(r"^\s*<\?xml[^>]*\?>", "", plain.removeprefix("\ufeff")), force_multigraph=True)
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
    groups = {_attribute(tag[0], "id") for tag in _GROUP.finditer(text)}
    boxes = [_box(key, data, name, lines.get(key)) for key, data in nodes if key not in groups]
    ids, tips = names(boxes), _tips(text)
    arrows: list[Arrow] = []
    questions: list[Question] = []
    for caller, callee, data in edges:
        at_caller, at_callee = next(tips.get((caller, callee), iter(())), (False, graph.is_directed()))
        if groups & {caller, callee}:
            questions.append(which_part(ids.get(caller, caller), ids.get(callee, callee), name))
        elif not at_caller and not at_callee:
            questions.append(which_way(ids[caller], ids[callee], name))
        arrows += [_arrow(caller, callee, data, name)] if at_callee and not groups & {caller, callee} else []
        arrows += [_arrow(callee, caller, data, name)] if at_caller and not groups & {caller, callee} else []
    return draft(name, boxes, arrows, questions, CANNOT_SAY)


def _one_way(text: str) -> str:
    """Graphs that mix lines with and without direction, as Gephi writes them, as if all had one: networkx reads no others."""
    if not any(_DIRECTED.search(tag[0]) for tag in _EDGE.finditer(text)):
        return text
    return _EDGE.sub(lambda tag: _DIRECTED.sub("", tag[0]), _DEFAULT.sub('edgedefault="directed"', text))


def _tips(text: str) -> dict[tuple[str, str], Iterator[tuple[bool, bool]]]:
    """For each edge, by its ends and in order, at which of them it is drawn with a tip: by `directed`, or by yEd's arrows."""
    default = _DEFAULT.search(text)
    tags = list(_EDGE.finditer(text))
    found: dict[tuple[str, str], list[tuple[bool, bool]]] = {}
    for tag, after in zip(tags, [*(tag.start() for tag in tags[1:]), len(text)], strict=False):
        stated = _DIRECTED.search(tag[0])
        has_tip = stated[1] == "true" if stated else bool(default and default[1] == "directed")
        drawn = None if tag[0].endswith("/>") else _ARROWS.search(text, tag.end(), after)
        ends = (False, has_tip)
        if drawn and has_tip:
            ends = _attribute(drawn[0], "source") not in ("", "none"), _attribute(drawn[0], "target") not in ("", "none")
        found.setdefault((_attribute(tag[0], "source"), _attribute(tag[0], "target")), []).append(ends)
    return {pair: iter(ends) for pair, ends in found.items()}


def _attribute(tag: str, name: str) -> str:
    found = re.search(rf"""\s{name}\s*=\s*(?:"([^"]*)"|'([^']*)')""", tag)
    return html.unescape(found[1] or found[2] or "") if found else ""


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
    label = " ".join(next((str(data[name]) for name in _LABELS if data.get(name)), "").split())
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
        " itself has exported comes back with every fact. Lines without direction and edges at a frame of yEd become questions. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
)
