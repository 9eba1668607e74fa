"""Layouts and the dependency map: complete, in order, the same every time, with or without Graphviz."""

from __future__ import annotations

import xml.etree.ElementTree as ET

import pytest
from document_books import HOSTILE, shop_system

from auditkit.document import dependency_svg, graphviz, layout
from auditkit.document.layered import layers, place
from auditkit.model.failure import State
from auditkit.model.system import Component, Dependency, System

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
