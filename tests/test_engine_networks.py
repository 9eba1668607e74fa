"""Systems as NetworkX graphs, and back."""

from __future__ import annotations

import networkx as nx
import pytest
from random_systems import random_system

from auditkit.engine import from_networkx, to_networkx
from auditkit.errors import InputError


@pytest.mark.parametrize("seed", range(60))
def test_a_system_comes_back_from_its_graph(seed):
    """Every feature: operations, groups, fallbacks, policies, causes, placement, journeys, open questions."""
    system = random_system(seed)
    assert from_networkx(to_networkx(system)) == system


def test_a_graph_shows_who_calls_whom():
    """Edges for every member of a group and for every alternative; who depends on whom follows."""
    for seed in range(20):
        system = random_system(seed)
        graph = to_networkx(system)
        assert list(graph.nodes) == [component.id for component in system.components]
        for dependency in system.dependencies:
            for target in dependency.to:
                assert graph.has_edge(dependency.caller.partition(":")[0], target.partition(":")[0])


def test_a_graph_made_by_hand_is_a_system():
    """Nodes and edges without attributes; unknown stays unknown."""
    system = from_networkx(nx.DiGraph([("web", "api"), ("api", "db")]))
    assert [(d.subject, d.on_failure, d.policy) for d in system.dependencies] == [
        ("web -> api", None, None),
        ("api -> db", None, None),
    ]


def test_what_is_no_system_is_refused_with_all_problems():
    """Undirected; bad ids and attributes; edges that contradict each other; unknown names in journeys."""
    with pytest.raises(InputError, match="undirected"):
        from_networkx(nx.Graph([("a", "b")]))
    graph = nx.MultiDiGraph()
    graph.add_node("a b", instances=0)
    graph.add_node("c", colour="red")
    with pytest.raises(InputError) as caught:
        from_networkx(graph)
    assert len(caught.value.problems) == 3
    graph = nx.MultiDiGraph()
    graph.add_edge("a", "b", dependency=0, to=("b", "c"), on_failure="fail")
    graph.add_edge("a", "c", dependency=0, to=("b", "c"), on_failure="ignore")
    with pytest.raises(InputError, match="different things"):
        from_networkx(graph)
    with pytest.raises(InputError, match="write 'web'"):
        from_networkx(nx.DiGraph([("web", "db")], journeys=({"id": "j", "entry": "wbe"},)))
