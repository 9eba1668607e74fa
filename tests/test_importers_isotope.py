"""Isotope graphs: read without loss, counted independently, up to a thousand services."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import yaml
from mutations import damaged_json, damaged_text, outcome

from auditkit.importers import IMPORTERS, detect_format, merge, validate
from auditkit.importers.base import no_siblings
from auditkit.model.draft import Draft
from auditkit.model.system import System

GRAPH = """
apiVersion: v1alpha1
kind: MockServiceGraph
defaults:
  numReplicas: 2
services:
- name: a
  errorRate: 0.01%
- name: b
  cluster: east
- name: c
  numReplicas: 3
  script:
  - sleep: 10ms
  - call: {service: a, probability: 50}
- name: d
  isEntrypoint: true
  script:
  - - call: a
    - call: c
  - call: b
  - call: elsewhere
"""


def read(text: str) -> Draft:
    return IMPORTERS["isotope"].read(text, "graph.yaml", no_siblings)


def system(text: str) -> System:
    return validate(replace(merge([read(text)])[0], system="graph"))


def test_services_replicas_and_entry_points_are_kept() -> None:
    """Defaults hold where a service says nothing; a cluster is where all replicas are."""
    graph = system(GRAPH)
    assert {c.id: (c.instances, c.placement) for c in graph.components} == {
        "a": (2, None), "b": (2, {"east": 2}), "c": (3, None), "d": (2, None),
    }  # fmt: skip
    assert [(j.entry, j.proposed) for j in graph.journeys] == [("d", True)]


def test_steps_come_one_after_another_and_a_list_in_them_at_once() -> None:
    """As stages; what is called with a probability says so, and what is not in the graph is asked for."""
    graph = system(GRAPH)
    assert [(d.subject, d.stage, d.confidence) for d in graph.dependencies] == [
        ("c -> a", 2, "declared"), ("d -> a", 1, "declared"), ("d -> c", 1, "declared"), ("d -> b", 2, "declared"),
    ]  # fmt: skip
    assert "with probability 50 %" in graph.dependencies[0].evidence[0].locator
    assert [(q.where, "elsewhere" in q.what, q.what.endswith("(graph.yaml:22)")) for q in graph.questions] == [("d", True, True)]


def _independent(path: Path) -> tuple[int, set[tuple[str, str]], list[str]]:
    """Services, calls and entry points, counted in the parsed file by a walk that knows nothing of the importer."""
    services: list[dict[str, Any]] = yaml.safe_load(path.read_text(encoding="utf-8"))["services"]

    def called(value: Any) -> Iterator[str]:
        if isinstance(value, list):
            for inner in value:
                yield from called(inner)
        elif isinstance(value, dict) and "call" in value:
            yield value["call"]["service"] if isinstance(value["call"], dict) else value["call"]

    calls = {(service["name"], callee) for service in services for callee in called(service.get("script", []))}
    return len(services), calls, [service["name"] for service in services if service.get("isEntrypoint")]


def test_all_graphs_of_the_collection_are_read_without_loss(shared: Path) -> None:
    """Fourteen files, the largest with 1,000 services: every service, call and entry point, and nothing else."""
    files = sorted((shared / "data/topologies/isotope/isotope/example-topologies").glob("*.yaml"))
    assert len(files) == 14
    for path in files:
        text = path.read_text(encoding="utf-8")
        assert detect_format(path.name, text) == "isotope"
        graph = system(text)
        assert (
            len(graph.components),
            {(d.caller, d.to[0]) for d in graph.dependencies},
            [j.entry for j in graph.journeys],
        ) == _independent(path)
        assert graph.questions == ()


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("services:\n- {numReplicas: 1}\n", "graph.yaml:2  a service has no name"),
        ("services:\n- {name: a}\n- {name: a}\n", "graph.yaml:3  the service 'a' exists twice"),
        ("services:\n- {name: a, numReplicas: many}\n", "graph.yaml:2  numReplicas is no number above 0"),
        ("services:\n- name: a\n  script: 7\n", "graph.yaml:3  script is no list"),
        ("services:\n- name: a\n  script: [call]\n", "graph.yaml:3  a step is no command"),
        ("services: 7\n", "graph.yaml:1  has no list of services"),
    ],
)
def test_mistakes_have_their_line(text: str, said: str) -> None:
    """And say what to write."""
    told = outcome(IMPORTERS["isotope"], text, "graph.yaml")
    assert isinstance(told, str)
    assert said in told


def test_whatever_is_wrong_in_a_file_is_said_in_one_line() -> None:
    """300 damaged files: a graph or words, never a traceback; some of each."""
    value = yaml.safe_load(GRAPH)
    results = [outcome(IMPORTERS["isotope"], text, "g.yaml") for text in (*damaged_json(value, 200), *damaged_text(GRAPH, 100))]
    assert {type(result) for result in results} == {Draft, str}
