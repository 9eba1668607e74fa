"""The graph: one converter, positions given, no physics, and nothing that asks a network."""

from __future__ import annotations

import html
import json
import re
from pathlib import Path

import pytest

from auditkit import notebook as see
from auditkit.errors import ExternalEdit
from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.model.system import CommonCause, Component, Dependency, System
from auditkit.notebook.appearance import INK, LOOKS
from auditkit.notebook.blast_explorer import Asked, blast_explorer
from auditkit.notebook.graph import graph_html, to_pyvis
from auditkit.notebook.graph_widget import dependency_graph, describe, show_states
from auditkit.project import Audit

SHOP = System(
    system="shop",
    components=(
        Component(id="web", placement={"zone-a": 1, "zone-b": 1}),
        Component(id="db-1", kind="database"),
        Component(id="db-2", kind="database"),
        Component(id="mailer"),
    ),
    dependencies=(
        Dependency(caller="web:browse", to=("db-1", "db-2"), on_failure="fail"),
        Dependency(caller="web:buy", to=("mailer",), call="async"),
        Dependency(caller="web", to=("mailer",)),
    ),
    common_causes=(CommonCause(id="slow-query", affects=("db-1", "db-2")),),
)
PLACES = {"web": (0.0, 0.0), "db-1": (-50.0, 90.0), "db-2": (50.0, 90.0), "mailer": (150.0, 90.0)}


def blast(atom: str, mode: Mode) -> BlastRadius:
    states = {c.id: State.FAILED if c.id == atom else State.OK for c in SHOP.components}
    hit = State.HUNG if mode == "slow" else State.FAILED
    return BlastRadius(fail=(atom,), mode=mode, assume="worst", journeys={"buy": hit}, components=states, value_lost=1)


def test_each_component_is_a_node_where_the_layout_put_it() -> None:
    """Positions come from outside and no physics moves them."""
    network = to_pyvis(SHOP, PLACES)
    assert {node["id"]: (node["x"], node["y"]) for node in network.nodes} == PLACES
    assert all(node["physics"] is False for node in network.nodes)


def test_each_target_of_each_dependency_is_an_edge() -> None:
    """Alternatives say how many of them are needed, asynchronous calls are dashed, an open question shows."""
    edges = {edge["id"]: edge for edge in to_pyvis(SHOP, PLACES).edges}
    assert [(e["from"], e["to"], e["label"], e["dashes"]) for e in edges.values()] == [
        ("web", "db-1", "1 of 2", False),
        ("web", "db-2", "1 of 2", False),
        ("web", "mailer", "", True),
        ("web", "mailer", "?", False),
    ]


def test_a_state_is_told_by_colour_symbol_and_word() -> None:
    """Nobody depends on colour alone."""
    node = to_pyvis(SHOP, PLACES, {"db-1": State.HUNG}).nodes[1]
    assert node["label"] == "db-1\n∞ hung"
    assert node["color"]["background"] == LOOKS[State.HUNG].fill


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@pytest.mark.parametrize("state", list(LOOKS))
def test_text_stands_out_against_every_state(state: State | None) -> None:
    """WCAG 2.1, 1.4.3: a contrast of at least 4.5 to 1; borders (1.4.11) at least 3 to 1 against the paper."""
    look = LOOKS[state]
    assert (luminance(look.fill) + 0.05) / (luminance(INK) + 0.05) >= 4.5
    assert 1.05 / (luminance(look.border) + 0.05) >= 3


def test_the_page_of_its_own_asks_no_host() -> None:
    """One file: script and data inside, nothing linked; a name from a stranger's file cannot end the script."""
    evil = System(system="x", components=(Component(id="a", owner="</script><script>alert(1)</script>"),))
    page = graph_html(to_pyvis(evil, {"a": (0, 0)}), "Shop", "a picture of a shop")
    assert not re.search(r"<(script|link|img|iframe)[^>]*(src|href)=", page)
    assert "@import" not in page
    assert "<script>alert" not in page
    assert 'aria-label="a picture of a shop"' in page


def test_the_widget_brings_vis_network_along() -> None:
    """Offline: the script is part of the widget, and what it needs of the page is passed to it."""
    widget = dependency_graph(SHOP, PLACES)
    script = str(widget._esm)
    assert "visjs.github.io/vis-network" in script[:400]
    assert "export default { render }" in script
    assert json.loads(json.dumps(widget.options))["physics"] == {"enabled": False}


def test_recolouring_keeps_every_place() -> None:
    """A click changes colours and words, never positions."""
    widget = dependency_graph(SHOP, PLACES)
    show_states(widget, SHOP, PLACES, {"db-1": State.FAILED, "web": State.DEGRADED})
    assert {node["id"]: (node["x"], node["y"]) for node in widget.nodes} == PLACES
    assert "db-1 failed; web degraded" in widget.description


def test_a_click_shows_the_blast_radius() -> None:
    """What the browser does to a click is setting `selected`; table, sentence and colours follow."""
    panel = blast_explorer(SHOP, Asked(lambda _: PLACES, blast))
    panel["graph"].selected = "db-1"
    assert panel["atom"].value == "db-1"
    assert "With db-1 down, buy is failed; 100 % of the value is lost." in panel["table"].value
    assert "✕ failed" in panel["graph"].nodes[1]["label"]
    panel["mode"].value = "slow"
    assert "buy is hung" in panel["table"].value


def test_today_stands_beside_proposed_with_the_reason(tmp_path: Path) -> None:
    """Slow recommendations: hung today for want of a timeout, degraded as planned; the picture follows the choice."""
    audit = Audit.new(tmp_path / "shop", sample="worked-example")
    see.measure_exports(audit)
    assert see.blast_panel(audit)["settings"].layout.display == "none"
    audit.plan()
    panel = see.blast_panel(audit, mode="slow", selected="recommendation")
    assert "no timeout on api:home -> recommendation" in html.unescape(re.sub(r"<[^>]+>", "", panel["table"].value))
    assert [column in panel["table"].value for column in (">down<", ">slow<", ">down, proposed<", ">slow, proposed<")] == [
        True
    ] * 4
    assert panel["graph"].said.startswith("With recommendation slow, home is hung")
    panel["settings"].value = "proposed"
    assert panel["graph"].said.startswith("With recommendation slow, home is degraded; 0 % of the value is lost")
    assert panel["message"].value == ""


def test_the_page_is_kept_in_the_audit(tmp_path: Path) -> None:
    """It lies with what was generated, and what somebody edited is not overwritten."""
    audit = Audit.new(tmp_path / "shop", sample="worked-example")
    page = see.save_graph(audit)
    assert page == audit.folder / "out" / "graph.html"
    assert "recommendation" in page.read_text(encoding="utf-8")
    see.save_graph(audit)
    page.write_text("mine", encoding="utf-8")
    with pytest.raises(ExternalEdit):
        see.save_graph(audit)


def test_what_is_no_node_can_be_chosen_too() -> None:
    """Common causes and zones fail as well."""
    panel = blast_explorer(SHOP, Asked(lambda _: PLACES, blast))
    assert {"slow-query", "zone-a", "zone-b"} <= {value for _, value in panel["atom"].options}
    panel["atom"].value = "slow-query"
    assert "With slow-query down" in panel["table"].value


def test_the_picture_is_told_in_words() -> None:
    """For those who do not see it."""
    assert describe(SHOP) == "Dependency graph of shop: 4 components, 3 dependencies."
    assert describe(SHOP, {"web": State.OK}).endswith("Everything is ok.")
