"""A System as a NetworkX graph, for whoever wants to go on with it there, and back.

Attributes are the keys and values of the native file: durations, shares and rates are text with a unit (`200ms`, `99.9%`,
`200/s`), also where a graph made by hand gives some. What is unknown is left out.

- Graph: `system`, `auditkit` (format version), `common_causes`, `journeys`, `questions` (tuples of dictionaries).
- Node: the id of a component, with `kind`, `instances`, `min_up`, `placement`, `availability` …
- Edge, from the calling component to the called one, one for each target that may be called:
  `dependency` (its number in the file; edges of one number are one dependency, that is a redundant group or a fallback's
  alternatives), `role` (`target`, or `alternative` of a fallback: repeated in `fallback`, and only there to be seen), `member`
  (position among its like), and on all of them what the dependency says: `from`, `to`, `call`, `on_failure`, `fallback`,
  `rate`, `policy` …

A graph made by hand needs none of these: a node is a component, an edge a synchronous call of which nothing else is known.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pydantic import ValidationError

from auditkit.engine.structure import build
from auditkit.errors import InputError, Problem
from auditkit.model.noun import Noun
from auditkit.model.system import Dependency, Fallback, System, split_target

if TYPE_CHECKING:
    import networkx as nx

_OF_EDGE = ("dependency", "role", "member")
_OF_GRAPH = ("system", "auditkit", "common_causes", "journeys", "questions")


def to_networkx(system: System) -> nx.MultiDiGraph[str]:
    """The system as a directed graph with parallel edges, callers to callees; attributes as this module says.

    >>> import networkx as nx
    >>> shop = System.model_validate({"system": "shop", "components": [{"id": "api", "instances": 2}, {"id": "db"}],
    ...     "dependencies": [{"from": "api:home", "to": "db", "policy": {"timeout": "200ms"}}]})
    >>> graph = to_networkx(shop)
    >>> graph.nodes["api"], nx.descendants(graph, "api"), graph.edges["api", "db", 0]["policy"]
    ({'kind': 'service', 'instances': 2}, {'db'}, {'timeout': '200ms'})
    >>> from_networkx(graph) == shop
    True
    """
    import networkx as nx

    graph: nx.MultiDiGraph[str] = nx.MultiDiGraph(**{key: value for key, value in _facts(system).items() if key in _OF_GRAPH})
    for component in system.components:
        facts = _facts(component)
        graph.add_node(facts.pop("id"), **facts)
    for number, dependency in enumerate(system.dependencies):
        facts = _facts(dependency)
        caller = split_target(dependency.caller)[0]
        for role, targets in (("target", dependency.to), ("alternative", _alternatives(dependency))):
            for member, target in enumerate(targets):
                graph.add_edge(caller, split_target(target)[0], dependency=number, role=role, member=member, **facts)
    return graph


def from_networkx(graph: nx.Graph[Any]) -> System:
    """The system that a graph describes: one of `to_networkx`, changed or not, or one made by hand (any directed graph).

    Raises `InputError` with all problems at once: an undirected graph, ids and attributes that the model does not know,
    edges of one dependency that contradict each other.

    >>> import networkx as nx
    >>> system = from_networkx(nx.DiGraph([("web", "db")]))
    >>> [component.id for component in system.components], [dependency.subject for dependency in system.dependencies]
    (['web', 'db'], ['web -> db'])
    """
    if not graph.is_directed():
        raise InputError.of("graph", "is undirected, so nobody can tell who calls whom", "give a DiGraph or MultiDiGraph")
    problems: list[Problem] = []
    data: dict[str, Any] = {"system": "system", **{key: graph.graph[key] for key in _OF_GRAPH if key in graph.graph}}
    data["components"] = [{"id": node, **facts} for node, facts in graph.nodes(data=True)]
    data["dependencies"] = list(_dependencies(graph, problems))
    if problems:
        raise InputError(problems)
    try:
        system = System.model_validate(data)
    except ValidationError as error:
        raise InputError(_problem(data, dict(one)) for one in error.errors()) from error
    build(system)  # raises where names do not exist
    return system


def _facts(noun: Noun) -> dict[str, Any]:
    facts = noun.model_dump(mode="python", by_alias=True, exclude_none=True)
    return {key: value for key, value in facts.items() if value != ()}


def _alternatives(dependency: Dependency) -> tuple[str, ...]:
    return tuple(a.to for a in dependency.fallback.alternatives) if isinstance(dependency.fallback, Fallback) else ()


def _dependencies(graph: nx.Graph[Any], problems: list[Problem]) -> list[dict[str, Any]]:
    """One of each number, in their order; then edges without a number, in the order of the graph."""
    numbered: dict[int, dict[str, Any]] = {}
    alone = []
    for source, target, attributes in graph.edges(data=True):
        if attributes.get("role") == "alternative":
            continue
        facts = {key: value for key, value in attributes.items() if key not in _OF_EDGE}
        facts = {"from": source, "to": target, **facts}
        number = attributes.get("dependency")
        if number is None:
            alone.append(facts)
        elif numbered.setdefault(number, facts) != facts:
            what = f"two edges of dependency {number} say different things"
            problems.append(Problem(f"{source} -> {target}", what, "change all edges of one dependency alike"))
    return [*(numbered[number] for number in sorted(numbered)), *alone]


def _problem(data: Mapping[str, Any], error: Mapping[str, Any]) -> Problem:
    place = list(error["loc"])
    where = ".".join(map(str, place))
    if len(place) >= 2 and place[0] in ("components", "dependencies"):
        item = data[place[0]][place[1]]
        name = item["id"] if place[0] == "components" else f"{item['from']} -> {item['to']}"
        where = ".".join(map(str, (name, *place[2:])))
    return Problem(where, str(error["msg"]), f"not {error['input']!r}")
