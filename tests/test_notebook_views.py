"""Large systems in small pictures: groups first, then what lies around a component; never more nodes than fit."""

from __future__ import annotations

import html
import re

import pytest
from small_worlds import measured

from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.model.system import Component, Dependency, System
from auditkit.notebook.blast_explorer import Asked, blast_explorer
from auditkit.notebook.frames import frame, table_html
from auditkit.notebook.graph import Positions
from auditkit.notebook.map_tables import dependencies_table
from auditkit.notebook.reference import patterns_reference
from auditkit.notebook.views import around, grouped, groups, part

N = 300
LARGE = System(
    system="large",
    components=tuple(Component(id=f"c{i}", owner=f"team {i % 6}", placement={f"zone-{i % 2}": 1}) for i in range(N)),
    dependencies=tuple(Dependency(caller=f"c{i}", to=(f"c{i + 1}",), on_failure="fail") for i in range(N - 1)),
)


def arrange(system: System) -> Positions:
    return {component.id: (float(n % 12) * 150, float(n // 12) * 80) for n, component in enumerate(system.components)}


def blast(atom: str, mode: Mode) -> BlastRadius:
    last = int(atom.removeprefix("c").removeprefix("zone-"))
    states = {c.id: State.FAILED if int(c.id[1:]) <= last else State.OK for c in LARGE.components}
    return BlastRadius(fail=(atom,), mode=mode, assume="worst", journeys={"j": State.FAILED}, components=states, value_lost=1)


def test_every_component_is_in_exactly_one_group() -> None:
    """By owner, or by the zone that holds most of its instances."""
    for members in (groups(LARGE), groups(LARGE, "zone")):
        assert sorted(name for inside in members.values() for name in inside) == sorted(c.id for c in LARGE.components)
    assert len(groups(LARGE)) == 6
    assert list(groups(LARGE, "zone")) == ["group.zone-0", "group.zone-1"]


def test_many_small_groups_become_few() -> None:
    """Names that share nothing are not three hundred groups of one."""
    bare = LARGE.model_copy(update={"components": tuple(Component(id=f"c{i}") for i in range(N))})
    members = groups(bare)
    assert len(members) == 40
    assert len(members["group.others"]) == N - 39


def test_groups_that_call_each_other_are_joined_once() -> None:
    """Three hundred calls among six teams are six lines: each team calls the next."""
    coarse = grouped(LARGE, groups(LARGE))
    assert len(coarse.components) == 6
    assert len(coarse.dependencies) == 6


def test_a_part_keeps_the_calls_within_it() -> None:
    """What leads out of the picture is left out of it."""
    middle = part(LARGE, around(LARGE, ["c10"]))
    assert [c.id for c in middle.components] == ["c9", "c10", "c11"]
    assert [d.subject for d in middle.dependencies] == ["c9 -> c10", "c10 -> c11"]


def test_the_explorer_of_a_large_system_starts_with_groups() -> None:
    """A click on a group opens it, a click on a component shows what it reaches, nothing shows the groups again."""
    panel = blast_explorer(LARGE, Asked(arrange, blast))
    graph = panel["graph"]
    assert [node["label"] for node in graph.nodes][:2] == ["team-0 (50)", "team-1 (50)"]
    graph.selected = "group.team-2"
    assert {"c2", "c8", "c1", "c3"} <= {node["id"] for node in graph.nodes}
    graph.selected = "c3"
    assert {node["id"] for node in graph.nodes} == {"c0", "c1", "c2", "c3", "c4"}
    panel["atom"].value = ""
    assert len(graph.nodes) == 6


@pytest.mark.parametrize("atom", ["c299", "c150"])
def test_a_picture_never_holds_more_than_fits(atom: str) -> None:
    """The table names everything that is reached; the picture shows the nearest 150."""
    panel = blast_explorer(LARGE, Asked(arrange, blast))
    panel["atom"].value = atom
    assert len(panel["graph"].nodes) == 150
    assert panel["table"].value.count("<tr>") >= 150
    assert atom in {node["id"] for node in panel["graph"].nodes}


def test_every_component_can_be_found_by_name() -> None:
    """The search knows what the picture does not show."""
    panel = blast_explorer(LARGE, Asked(arrange, blast))
    assert panel["graph"].names == [component.id for component in LARGE.components]


def test_names_that_are_too_long_may_be_broken_and_arrows_may_not() -> None:
    """Else one operation's name takes the whole page, and `->` ends a line as `-`."""
    call = "frontend -> cartservice:hipstershop.CartService/GetCart"
    shown = table_html(frame(("call",), [(call,)]))
    assert "cartservice:<wbr>hipstershop.<wbr>CartService/<wbr>GetCart" in shown
    assert '<span style="white-space:nowrap">-&gt;</span>' in shown
    assert html.unescape(re.sub(r"<[^>]+>", "", shown)).split() == ["call", *call.split()]
    assert "<wbr>" not in table_html(frame(("call",), [("api:home -> users",)]))


def test_what_was_measured_is_known_by_traffic() -> None:
    """The map comes from a file, the latencies show that it is true."""
    system = System(system="s", dependencies=(Dependency(caller="web", to=("api",)),))
    assert list(dependencies_table(system)["known by"]) == ["this file"]
    seen = {"web -> api": measured("web -> api", 100)}
    assert list(dependencies_table(system, seen)["known by"]) == ["observed"]


def test_lines_of_a_cell_are_lines_on_the_page() -> None:
    """And what only looks like a line break, as in a path, stays as it is."""
    shown = table_html(frame(("what",), [("first\nsecond",), ("C:\\new",)]))
    assert "first<br>second" in shown
    assert "C:\\new" in shown


def test_the_reference_holds_patterns_and_no_marks() -> None:
    """Eight patterns with their derivations; helpers that several share are none, and nothing ends in the middle."""
    told = patterns_reference()["what it is"]
    assert list(told.index) == [
        "bulkhead", "circuit breaker", "deadline", "fallback", "hedge", "load shedding", "retry", "timeout",
    ]  # fmt: skip
    assert all("Derivation" in words and "`" not in words and words.endswith((".", ").")) for words in told)
