"""System -> another format -> System: every fact that the format can carry comes back, and what it cannot is a gap."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from exporters_inputs import sample
from hypothesis import HealthCheck, assume, given, settings
from mutations import damaged_text, outcome
from random_systems import systems

from auditkit.errors import InputError
from auditkit.exporters import EXPORTERS
from auditkit.importers import IMPORTERS, detect_format, dump_yaml, load_yaml, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft
from auditkit.model.system import System

WHOLE = ("graphml", "structurizr")
"""Formats that carry everything but evidence and open questions."""


def _back(system: System, target: str) -> System:
    made, _ = EXPORTERS[target].export(system, None)
    drafts = []
    for artifact in made:
        text = artifact.content.decode()
        assert detect_format(artifact.path, text) == target
        drafts.append(IMPORTERS[target].read(text, artifact.path, no_siblings))
    merged, conflicts = merge(drafts)
    assert conflicts == ()
    return validate(replace(merged, system=merged.system or system.system))


def _gated(system: System) -> System:
    """The system as the gate lets it through; each call once, and no call to one thing twice."""
    calls = {(d.caller, frozenset(d.to)): d.model_copy(update={"to": tuple(dict.fromkeys(d.to))}) for d in system.dependencies}
    kept = tuple(d.model_copy(update={"at_least": None}) if d.needed > len(d.to) else d for d in calls.values())
    try:
        return validate(load_yaml(dump_yaml(system.model_copy(update={"dependencies": kept}), None), "system.yaml"))
    except InputError:
        assume(False)
        raise


def _facts(nouns: Any) -> list[Any]:
    return sorted((noun.model_copy(update={"evidence": ()}) for noun in nouns), key=repr)


@pytest.mark.parametrize("target", [*WHOLE, "edge-list"])
@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(system=systems())
def test_components_and_dependencies_come_back(target: str, system: System) -> None:
    """Policies, fallbacks, alternatives, placement and all; of any system that passes the gate."""
    system = _gated(system)
    back = _back(system, target)
    assert _facts(back.components) == _facts(system.components)
    assert _facts(back.dependencies) == _facts(system.dependencies)
    if target in WHOLE:
        assert _facts(back.common_causes) == _facts(system.common_causes)
        assert _facts(back.journeys) == _facts(system.journeys)
        assert back.system == system.system


@pytest.mark.parametrize("name", ["worked-example", "flash-sale"])
@pytest.mark.parametrize("target", [*WHOLE, "edge-list"])
def test_the_shipped_samples_come_back(name: str, target: str) -> None:
    """With operations, placement and fallbacks."""
    system = sample(name)
    back = _back(system, target)
    assert _facts(back.dependencies) == _facts(system.dependencies)
    assert {c.id: c.placement for c in back.components} == {c.id: c.placement for c in system.components}


def test_what_a_table_cannot_carry_is_a_gap() -> None:
    """Common causes and journeys stay where they are, and the export says so."""
    system = sample("worked-example")
    _, gaps = EXPORTERS["edge-list"].export(system, None)
    assert [gap.what for gap in gaps] == [
        f"{len(system.common_causes)} common causes have no place in a table of calls",
        f"{len(system.journeys)} journeys have no place in a table of calls",
    ]


GRAPH = """<?xml version="1.0"?>
<graphml xmlns="http://graphml.graphdrawing.org/xmlns">
<key id="l" for="node" attr.name="label" attr.type="string"/>
<key id="k" for="node" attr.name="kind" attr.type="string"/>
<graph edgedefault="directed">
<node id="n0"><data key="l">Web Shop</data></node>
<node id="n1"><data key="l">orders</data><data key="k">Database</data></node>
<edge source="n0" target="n1"/>
</graph></graphml>
"""


def test_a_graph_of_another_tool_is_read_by_its_labels() -> None:
    """Ids such as n0 say nothing; a kind is taken where it is one of ours."""
    draft = IMPORTERS["graphml"].read(GRAPH, "g.graphml", no_siblings)
    assert [(c.data["id"], c.data.get("kind"), c.where()) for c in draft.components] == [
        ("Web-Shop", None, "g.graphml:6"), ("orders", "database", "g.graphml:7"),
    ]  # fmt: skip
    assert [(d.data["from"], d.data["to"]) for d in draft.dependencies] == [("Web-Shop", "orders")]


def test_a_line_without_direction_is_a_question() -> None:
    """Who calls whom must not be guessed."""
    draft = IMPORTERS["graphml"].read(GRAPH.replace('"directed"', '"undirected"'), "g.graphml", no_siblings)
    assert (draft.dependencies, len(draft.questions)) == ((), 1)


YED = """<graphml xmlns="http://graphml.graphdrawing.org/xmlns" xmlns:y="http://www.yworks.com/xml/graphml">
<key for="node" id="d6" yfiles.type="nodegraphics"/><key for="edge" id="d10" yfiles.type="edgegraphics"/>
<graph edgedefault="directed" id="G">
<node id="n0" yfiles.foldertype="group"><graph edgedefault="directed" id="n0:">
<node id="n0::n0"><data key="d6"><y:ShapeNode><y:NodeLabel>orders-db</y:NodeLabel></y:ShapeNode></data></node></graph></node>
<node id="n1"><data key="d6"><y:ShapeNode><y:NodeLabel>Order\nservice</y:NodeLabel></y:ShapeNode></data></node>
<edge id="e0" source="n0::n0" target="n1"><data key="d10"><y:PolyLineEdge><y:Arrows source="delta" target="none"/>
</y:PolyLineEdge></data></edge><edge id="e1" source="n1" target="n0"/></graph></graphml>"""


def test_yed_draws_tips_at_either_end_and_frames() -> None:
    """A frame is no component, so an edge at it is a question; a broken label is one name."""
    draft = IMPORTERS["graphml"].read(YED, "y.graphml", no_siblings)
    assert [c.data["id"] for c in draft.components] == ["orders-db", "Order-service"]
    assert [(d.data["from"], d.data["to"]) for d in draft.dependencies] == [("Order-service", "orders-db")]
    assert [q.id for q in draft.questions] == ["parts Order-service n0"]


def test_gephi_mixes_lines_with_and_without_direction() -> None:
    """Only the latter are asked about."""
    line = '<edge source="n0" target="n1"/>'
    mixed = line.replace("/>", ' directed="true"/>') + line.replace("n0", "n2").replace("<edge", '<node id="n2"/><edge')
    draft = IMPORTERS["graphml"].read(GRAPH.replace('"directed"', '"undirected"').replace(line, mixed), "g.graphml", no_siblings)
    assert [(d.data["from"], d.data["to"]) for d in draft.dependencies] == [("Web-Shop", "orders")]
    assert [q.id for q in draft.questions] == ["direction n2 orders"]


def test_entities_that_grow_are_refused() -> None:
    """A document type of its own is where an XML bomb begins."""
    told = outcome(IMPORTERS["graphml"], GRAPH.replace("<graphml", '<!DOCTYPE x [<!ENTITY a "b">]><graphml', 1), "g.graphml")
    assert told == "g.graphml  declares a document type of its own  delete the <!DOCTYPE …> declaration"


@pytest.mark.parametrize("target", [*WHOLE, "edge-list"])
def test_damaged_files_are_told_in_one_line(target: str) -> None:
    """150 damaged exports of ours and, for graphs, 150 of others: a draft or words, never a traceback."""
    made, _ = EXPORTERS[target].export(sample("worked-example"), None)
    texts = [artifact.content.decode() for artifact in made] + ([GRAPH] if target == "graphml" else [])
    results = [outcome(IMPORTERS[target], damaged, "g.x") for text in texts for damaged in damaged_text(text, 150)]
    assert {type(result) for result in results} == {Draft, str}
