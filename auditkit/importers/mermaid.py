"""Mermaid flowcharts, alone or in the fences of a Markdown file."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from auditkit.errors import InputError, Problem
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.drawn import Arrow, Box, cylinder, draft, name_of, names
from auditkit.importers.drawn_doubts import does_it_wait, which_part, which_way
from auditkit.model.draft import Draft
from auditkit.model.system import Question

MAX_CHARACTERS: Final = 2_000_000
MAX_ARROWS: Final = 100_000
MAX_NODES: Final = 50_000
CANNOT_SAY: Final = ("a flowchart does not say how many instances run, nor who waits for an answer",)
_START: Final = re.compile(
    r"^[ \t]*(?:graph|flowchart(?:-elk)?)(?:[ \t]+(?:TB|TD|BT|RL|LR|[<>^v]))?[ \t]*(?=;|\r?$)", re.MULTILINE
)
_FENCE: Final = re.compile(
    r"^[ \t]*(?:```+|~~~+|:::)[ \t]*\{?mermaid\}?[^\n]*\n(.*?)^[ \t]*(?:```|~~~|:::)", re.MULTILINE | re.DOTALL
)
_BEFORE: Final = re.compile(
    r"\A(?>\ufeff|\s++|%%[^\n]*+)*+(?>---\r?\n.*?^---\r?\n)?+(?>\s++|%%[^\n]*+)*+", re.DOTALL | re.MULTILINE
)
_PASSED_OVER: Final = re.compile(r"(?:classDef|class|style|linkStyle|click|direction|accTitle|accDescr)\b")
_ID: Final = re.compile(r"[^\W]+(?:[-.]+[^\W]+)*")
_SHAPES: Final = (
    ("(((", (")))",)), ("([", ("])",)), ("((", ("))",)), ("[[", ("]]",)), ("[(", (")]",)), ("[/", ("/]", "\\]")),
    ("[\\", ("\\]", "/]")), ("{{", ("}}",)), ("[", ("]",)), ("(", (")",)), ("{", ("}",)), (">", ("]",)),
)  # fmt: skip
_LINK: Final = re.compile(r"(?:\w+@)?(?P<head><|[xo](?=[-=]))?(?P<line>-\.+-|-{2,}|={2,}|~{3,})(?P<tip>>|[xo](?=[\s|]|$))?")
_TOLD: Final = re.compile(
    r"(?P<head><|[xo](?=[-=]))?(?P<line>--|==|-\.)[ \t]*(?P<told>\"[^\"]*\"|[^\s\-=.|>&][^\n]*?)"
    r"[ \t]*(?:-{2,}|={2,}|\.+-)(?P<tip>>|[xo](?=\s|$))?"
)
_LABEL: Final = re.compile(r"[ \t]*\|([^|\n]*)\|")
_CYLINDER: Final = re.compile(r"\b(?:cyl|cylinder|database|db|lin-cyl|disk)\b")


@dataclass(slots=True)
class _Reading:
    """What has been drawn so far."""

    source: str
    labels: dict[str, str] = field(default_factory=dict)
    cylinders: set[str] = field(default_factory=set)
    lines: dict[str, int] = field(default_factory=dict)
    frames: set[str] = field(default_factory=set)
    links: list[tuple[str, str, re.Match[str], str, int]] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)


def _detect(name: str, text: str) -> bool:
    head = text[:200_000]
    if _FENCE.search(head):
        return any(_START.search(found[1]) for found in _FENCE.finditer(head))
    body = _BEFORE.sub("", head, count=1)
    return _START.match(body) is not None


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    if len(text) > MAX_CHARACTERS:
        raise InputError.of(name, f"has {len(text) / 1e6:.0f} MB; flowcharts are read up to 2 MB", "split it")
    reading = _Reading(name)
    is_drawn = False
    for line, said in _statements(text):
        if _START.fullmatch(said.rstrip()):
            is_drawn = True
        elif is_drawn:
            _statement(said, line, reading)
    if not is_drawn:
        raise InputError.of(f"{name}:1", "holds no flowchart", "begin it with: flowchart LR")
    return _drawn(reading)


def _statements(text: str) -> Iterator[tuple[int, str]]:
    """Statements with their lines: of the fences where there are any, else of the whole text; no comments."""
    text = text.removeprefix("\ufeff")
    fences = [(found.start(1), found[1]) for found in _FENCE.finditer(text)] or [(0, text)]
    for start, part in fences:
        first = text.count("\n", 0, start) + 1
        part = re.sub(r"\A\s*---\r?\n.*?^---\r?$", lambda m: "\n" * m[0].count("\n"), part, flags=re.DOTALL | re.MULTILINE)
        for line, written in enumerate(part.split("\n"), start=first):
            if not written.lstrip().startswith("%%"):
                for said in re.findall(r'(?:"[^"]*"|[^;"]|"(?=[^"]*$))+', written):
                    if said.strip():
                        yield line, said.strip()


def _statement(said: str, line: int, reading: _Reading) -> None:
    if said == "end" or _PASSED_OVER.match(said):
        return
    if re.match(r"subgraph\b", said):
        found = _ID.match(said.removeprefix("subgraph").strip())
        reading.frames |= {found[0]} if found else set()
        return
    at = 0
    groups: list[list[str]] = []
    links: list[tuple[re.Match[str], str]] = []
    while True:
        nodes, at = _nodes(said, at, line, reading)
        if not nodes:
            break
        groups.append(nodes)
        link = _TOLD.match(said, at) if not _LINK.match(said, at) or not _is_whole(said, at) else _LINK.match(said, at)
        if link is None:
            break
        at = link.end()
        label = _LABEL.match(said, at)
        at = _blank(said, label.end() if label else at)
        links.append((link, (label[1] if label else link.groupdict().get("told") or "").strip(' "')))
    if at < len(said) or len(links) != max(0, len(groups) - 1):
        what = "is no node, no arrow and no other line of a flowchart"
        reading.problems.append(Problem(f"{reading.source}:{line}", what, "write for example: web --> orders"))
        return
    for (callers, callees), (drawn, told) in zip(pairwise(groups), links, strict=True):
        if len(reading.links) + len(callers) * len(callees) > MAX_ARROWS:
            raise InputError.of(f"{reading.source}:{line}", f"draws more than {MAX_ARROWS:,} arrows", "split it")
        reading.links += [(caller, callee, drawn, told, line) for caller in callers for callee in callees]


def _is_whole(said: str, at: int) -> bool:
    """Whether a link ends here, and is not the first half of one with words in it (`-- asks -->`)."""
    link = _LINK.match(said, at)
    if link is None or link["tip"] or link["line"].startswith("~") or len(link["line"]) > 2:
        return link is not None
    return False


def _nodes(said: str, at: int, line: int, reading: _Reading) -> tuple[list[str], int]:
    """Nodes joined by `&`, and where they end."""
    found: list[str] = []
    while True:
        node = _ID.match(said, _blank(said, at))
        if node is None:
            return found, at
        at = _shape(said, node.end(), node[0], line, reading)
        if len(reading.lines) > MAX_NODES:
            raise InputError.of(f"{reading.source}:{line}", f"draws more than {MAX_NODES:,} nodes", "split it")
        tail = re.compile(r":::[\w-]+").match(said, at)
        at = _blank(said, tail.end() if tail else at)
        found.append(node[0])
        if not said.startswith("&", at):
            return found, at
        at += 1


def _shape(said: str, at: int, key: str, line: int, reading: _Reading) -> int:
    """The label of a node and where it ends; a cylinder is a database."""
    reading.lines.setdefault(key, line)
    if said.startswith("@{", at):
        end = said.find("}", at)
        told = said[at + 2 : end if end >= 0 else len(said)]
        label = re.search(r"label:\s*(?:\"([^\"]*)\"|([^,]+))", told)
        if label:
            reading.labels[key] = (label[1] or label[2] or "").strip()
        if _CYLINDER.search(told.partition("label:")[0]):
            reading.cylinders.add(key)
        return end + 1 if end >= 0 else len(said)
    for opened, closed in _SHAPES:
        if said.startswith(opened, at):
            inner = at + len(opened)
            quoted = re.compile(r'\s*"([^"]*)"\s*').match(said, inner)
            ends = [(end, sign) for sign in closed if (end := said.find(sign, quoted.end() if quoted else inner)) >= 0]
            if not ends:
                return at
            end, sign = min(ends)
            reading.labels[key] = quoted[1] if quoted else said[inner:end].strip()
            if opened == "[(":
                reading.cylinders.add(key)
            return end + len(sign)
    return at


def _blank(said: str, at: int) -> int:
    while at < len(said) and said[at].isspace():
        at += 1
    return at


def _drawn(reading: _Reading) -> Draft:
    source = reading.source
    boxes = [
        Box(key, called, source, f"node {key}", line, cylinder(called) if key in reading.cylinders else None)
        for key, line in reading.lines.items()
        for called in (name_of(key, reading.labels.get(key, "")),)
        if key not in reading.frames
    ]
    ids = names(boxes)
    arrows: list[Arrow] = []
    questions: list[Question] = []
    for caller, callee, link, label, line in reading.links:
        ends = (ids.get(caller, caller), ids.get(callee, callee), source, line)
        said = f"{caller} -> {callee}" + (f": {label}" if label else "")
        if link["line"].startswith("~"):
            continue  # an invisible link only places its nodes
        if caller not in ids or callee not in ids:
            questions.append(which_part(*ends))
        elif link["tip"] == ">" or link["head"] == "<":
            forth, back = Arrow(caller, callee, source, said[:300], line), Arrow(callee, caller, source, said[:300], line)
            arrows += ([forth] if link["tip"] == ">" else []) + ([back] if link["head"] == "<" else [])
            questions += [does_it_wait(*ends)] if "." in link["line"] else []
        else:
            questions.append(which_way(*ends))
    return draft(source, boxes, arrows, questions, CANNOT_SAY, (), reading.problems)


MERMAID: Final = Importer(
    name="mermaid",
    drawn=True,
    title="Mermaid flowchart",
    prose=(
        "Nodes become components by their id, or by their label where the id says nothing (A, n1); cylinders are databases;"
        " arrows are dependencies (declared). Lines without a tip, dotted arrows and arrows at a subgraph become questions."
        " Fences of a Markdown file are read as one system; other kinds of Mermaid diagrams are not read. "
        + ". ".join(CANNOT_SAY)
        + "."
    ),
    detect=_detect,
    read=_read,
)
