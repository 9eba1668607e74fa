"""Graphviz DOT: nodes, chains of edges, subgraphs as ends, and the defaults that hold where nothing is said.

Graphviz' own parser is at hand as WebAssembly, but it has no limits (25 kB of `{2000 nodes} -> {2000 nodes}` cost it 2.6 GB)
and says no line; so the grammar is read here, and Graphviz judges it in the tests.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Final

from auditkit.errors import InputError
from auditkit.importers.base import Importer, ReadSibling
from auditkit.importers.drawn import Arrow, Box, cylinder, draft, name_of, names
from auditkit.importers.drawn_doubts import does_it_wait, which_way
from auditkit.model.draft import Draft
from auditkit.model.system import Question

MAX_CHARACTERS: Final = 10_000_000
MAX_EDGES: Final = 100_000
MAX_NODES: Final = 50_000
MAX_DEPTH: Final = 60
CANNOT_SAY: Final = ("a DOT graph does not say how many instances run, nor who waits for an answer",)
_START: Final = re.compile(
    r"\A(?>\ufeff|\s++|//[^\n]*+|#[^\n]*+|/\*.*?\*/)*+(?:strict\s+)?(?:di)?graph\b[^{;=\n]*\{", re.IGNORECASE | re.DOTALL
)
_TOKEN: Final = re.compile(
    r'(?P<skip>\s+|//[^\n]*|^\#[^\n]*|/\*.*?\*/)|"(?P<text>(?:[^"\\]|\\.)*)"|(?P<sign>->|--|[{}\[\];,=:+])'
    r"|(?P<word>-?(?:\.[0-9]+|[0-9]+(?:\.[0-9]*)?)|[A-Za-z_\u0080-\U0010ffff][A-Za-z_0-9\u0080-\U0010ffff]*)",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True, slots=True)
class _Token:
    text: str
    line: int
    is_sign: bool = False
    is_quoted: bool = False


@dataclass(frozen=True, slots=True)
class _Edge:
    tail: str
    head: str
    line: int
    is_directed: bool
    facts: Mapping[str, str]


@dataclass(slots=True)
class Graph:
    """The nodes with their attributes and lines, and the edges, in the order in which they stand."""

    nodes: dict[str, dict[str, str]] = field(default_factory=dict)
    lines: dict[str, int] = field(default_factory=dict)
    edges: list[_Edge] = field(default_factory=list)


@dataclass(frozen=True, slots=True)
class _Defaults:
    """What holds for nodes and edges of a scope; a subgraph begins with a copy of those around it."""

    node: dict[str, str] = field(default_factory=dict)
    edge: dict[str, str] = field(default_factory=dict)


class _Parser:
    """Recursive descent over the tokens. A class because the place in hand changes while it runs."""

    def __init__(self, text: str, name: str) -> None:
        self.name, self.at = name, 0
        self.tokens = list(_tokens(text, name))
        self.graph = Graph()
        self.directed = True

    def all(self) -> Graph:
        if not self.tokens:
            raise self.refused("expects graph or digraph")
        while self.at < len(self.tokens):
            if self.word() == "strict":
                self.at += 1
            if self.word() not in ("graph", "digraph"):
                raise self.refused("expects graph or digraph")
            self.directed = self.take().text.lower() == "digraph"
            if not self.sign("{"):
                self.take()
            self.body(_Defaults(), 0)
        return self.graph

    def body(self, defaults: _Defaults, depth: int) -> list[str]:
        """The statements in braces; gives the nodes that are named in them."""
        if depth > MAX_DEPTH:
            raise self.refused(f"is nested deeper than {MAX_DEPTH} levels")
        self.expect("{")
        inside: dict[str, None] = {}
        while not self.sign("}"):
            if self.sign(";") or self.sign(","):
                self.at += 1
            else:
                inside.update(dict.fromkeys(self.statement(defaults, depth)))
        self.expect("}")
        return list(inside)

    def statement(self, defaults: _Defaults, depth: int) -> list[str]:
        word = self.word()
        if word in ("graph", "node", "edge") and self.sign("[", 1):
            self.at += 1
            facts = self.attributes()
            if word != "graph":
                getattr(defaults, word).update(facts)
            return []
        if self.sign("=", 1):
            self.take()
            self.at += 1
            self.take()
            return []
        start = self.peek().line
        ends = [self.end(defaults, depth)]
        ways: list[bool] = []
        while self.sign("->") or self.sign("--"):
            ways.append(self.take(any_sign=True).text == "->")
            ends.append(self.end(defaults, depth))
        facts = self.attributes() if self.sign("[") else {}
        if not ways and len(ends[0]) == 1:
            self.graph.nodes[ends[0][0]].update(facts)
        merged = {**defaults.edge, **facts}
        for tails, heads in pairwise(ends):
            if len(self.graph.edges) + len(tails) * len(heads) > MAX_EDGES:
                raise self.too_many(f"{MAX_EDGES:,} edges")
            self.graph.edges += [_Edge(tail, head, start, self.directed, merged) for tail in tails for head in heads]
        return [node for end in ends for node in end]

    def end(self, defaults: _Defaults, depth: int) -> list[str]:
        """One end of an edge: a node (its port says nothing of who calls whom), or all nodes of a subgraph."""
        if self.word() == "subgraph" or self.sign("{"):
            if not self.sign("{"):
                self.at += 1
                if not self.sign("{"):
                    self.take()
            return self.body(_Defaults(dict(defaults.node), dict(defaults.edge)), depth + 1)
        token = self.take()
        for _ in range(2):
            if self.sign(":"):
                self.at += 1
                self.take()
        if token.text not in self.graph.nodes:
            if len(self.graph.nodes) >= MAX_NODES:
                raise self.too_many(f"{MAX_NODES:,} nodes")
            self.graph.nodes[token.text] = dict(defaults.node)
            self.graph.lines[token.text] = token.line
        return [token.text]

    def attributes(self) -> dict[str, str]:
        facts: dict[str, str] = {}
        while self.sign("["):
            self.at += 1
            while not self.sign("]"):
                if self.sign(";") or self.sign(","):
                    self.at += 1
                    continue
                key = self.take().text
                if self.sign("="):
                    self.at += 1
                    facts[key.lower()] = self.take().text
                else:
                    facts[key.lower()] = "true"
            self.expect("]")
        return facts

    def peek(self, ahead: int = 0) -> _Token:
        if self.at + ahead < len(self.tokens):
            return self.tokens[self.at + ahead]
        return _Token("", self.tokens[-1].line if self.tokens else 1, is_sign=True)

    def word(self) -> str:
        token = self.peek()
        return "" if token.is_sign or token.is_quoted else token.text.lower()

    def sign(self, sign: str, ahead: int = 0) -> bool:
        token = self.peek(ahead)
        return token.is_sign and token.text == sign

    def expect(self, sign: str) -> None:
        if not self.sign(sign):
            raise self.refused(f"expects {sign!r}")
        self.at += 1

    def take(self, any_sign: bool = False) -> _Token:
        """The next token; of quoted texts joined by `+` the whole."""
        token = self.peek()
        if self.at >= len(self.tokens) or (token.is_sign and not any_sign):
            raise self.refused("expects a name")
        self.at += 1
        while not any_sign and self.sign("+") and not self.peek(1).is_sign:
            token = _Token(token.text + self.peek(1).text, token.line, is_quoted=True)
            self.at += 2
        return token

    def too_many(self, what: str) -> InputError:
        return InputError.of(f"{self.name}:{self.peek().line}", f"draws more than {what}", "split it")

    def refused(self, what: str) -> InputError:
        token = self.peek()
        found = f", not {token.text[:40]!r}" if token.text else " before the end"
        return InputError.of(f"{self.name}:{token.line}", f"{what}{found}", "mend the graph at this line")


def _tokens(text: str, name: str) -> Iterator[_Token]:
    line, at = 1, 0
    while at < len(text):
        if text[at] == "<":
            end = _html_end(text, at)
            if end is None:
                raise InputError.of(f"{name}:{line}", "opens '<' that is never closed", "close it with '>'")
            yield _Token(re.sub(r"<[^<>]*>", " ", text[at + 1 : end]).strip(), line, is_quoted=True)
            line += text.count("\n", at, end + 1)
            at = end + 1
            continue
        found = _TOKEN.match(text, at)
        if found is None:
            raise InputError.of(f"{name}:{line}", f"has a sign that DOT does not know: {text[at]!r}", "put it in quotes")
        if found["text"] is not None:
            yield _Token(re.sub(r"\\\r?\n", "", found["text"]).replace('\\"', '"'), line, is_quoted=True)
        elif found["skip"] is None:
            yield _Token(found[0], line, is_sign=found["sign"] is not None)
        line += found[0].count("\n")
        at = found.end()


def _html_end(text: str, at: int) -> int | None:
    depth = 0
    for found in re.finditer("[<>]", text[at:]):
        depth += 1 if found[0] == "<" else -1
        if depth == 0:
            return at + found.start()
    return None


def read_graph(text: str, name: str) -> Graph:
    """The nodes and edges of all graphs of a text. Raises `InputError` with the line of what is no DOT.

    >>> graph = read_graph('digraph { a -> {b "c d"} -> e:port }', "g.dot")
    >>> list(graph.nodes), [(edge.tail, edge.head) for edge in graph.edges]
    (['a', 'b', 'c d', 'e'], [('a', 'b'), ('a', 'c d'), ('b', 'e'), ('c d', 'e')])
    """
    if len(text) > MAX_CHARACTERS:
        raise InputError.of(name, f"has {len(text) / 1e6:.0f} MB; DOT is read up to 10 MB", "split it")
    return _Parser(text.removeprefix("\ufeff"), name).all()


def _detect(name: str, text: str) -> bool:
    return _START.match(text[:20_000]) is not None and not re.match(r"\s*graph\s+(?:TB|TD|BT|RL|LR)\b", text[:200])


def _read(text: str, name: str, read_sibling: ReadSibling) -> Draft:
    graph = read_graph(text, name)
    boxes = [_box(key, facts, name, graph.lines[key]) for key, facts in graph.nodes.items()]
    ids = names(boxes)
    arrows: list[Arrow] = []
    questions: list[Question] = []
    for edge in graph.edges:
        way, style = edge.facts.get("dir", "forward" if edge.is_directed else "none").lower(), edge.facts.get("style", "").lower()
        label = edge.facts.get("label", "").strip()
        said = (f"{edge.tail} -> {edge.head}" + (f": {label}" if label else ""))[:300]
        ends = (ids[edge.tail], ids[edge.head], name, edge.line)
        if "invis" in style:
            continue  # it only places its nodes
        if way == "none":
            questions.append(which_way(*ends))
        if way in ("forward", "both"):
            arrows.append(Arrow(edge.tail, edge.head, name, said, edge.line))
        if way in ("back", "both"):
            arrows.append(Arrow(edge.head, edge.tail, name, said, edge.line))
        if way != "none" and ("dashed" in style or "dotted" in style):
            questions.append(does_it_wait(*ends))
    return draft(name, boxes, arrows, questions, CANNOT_SAY)


def _box(key: str, facts: Mapping[str, str], name: str, line: int) -> Box:
    label = facts.get("label", "").replace("\\N", key).strip("{}|<> ")
    called = name_of(key, label)
    kind = cylinder(called) if facts.get("shape", "").lower() == "cylinder" else None
    return Box(key, called, name, f"node {key}"[:300], line, kind)


DOT: Final = Importer(
    name="dot",
    drawn=True,
    title="Graphviz DOT",
    prose=(
        "Nodes become components by their name, or by their label where the name says nothing (n1); cylinders are databases;"
        " directed edges are dependencies (declared), in the direction that dir says. Undirected edges and dashed arrows become"
        " questions; invisible edges are left out, clusters are only frames. " + ". ".join(CANNOT_SAY) + "."
    ),
    detect=_detect,
    read=_read,
)
