"""Five public systems whose dependencies are known (../shared/data/topologies): nothing false is sure, traps are questions."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from sample_table import both
from truth_table import TRAPS, VISIBLE, Read, Trap
from truth_table import read as read_all

from auditkit.importers import coverage


@pytest.fixture(scope="module")
def read(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Read]:
    """Imports the whole folder of a system, its truth taken out."""
    done: dict[str, Read] = {}

    def of(name: str) -> Read:
        if name not in done:
            done[name] = read_all(shared, name, tmp_path_factory.mktemp(name))
        return done[name]

    return of


@pytest.mark.parametrize("name", VISIBLE)
def test_what_is_sure_is_true_and_what_is_visible_is_found(read: Callable[[str], Read], name: str) -> None:
    """Precision 1.0; every address that leads to something deployed here is a dependency, and whatever else is true is asked."""
    found = read(name)
    assert found.sure <= found.truth
    assert found.sure == set(VISIBLE[name])
    others = {component.id for component in found.system.components} - found.services
    assert others <= {"user-sim"}, "a load generator that the truth does not count"
    asked = {question.removeprefix("calls ") for question in found.asked}
    assert {caller for caller, _ in found.truth - found.sure - found.weak} <= asked


@pytest.mark.parametrize("name", VISIBLE)
def test_what_counts_as_visible_stands_in_a_file(shared: Path, name: str) -> None:
    """Read by hand; the words are there."""
    for file, words in VISIBLE[name].values():
        assert words in (shared / "data/topologies" / name / file).read_text()


@pytest.mark.parametrize(("name", "trap"), [(name, trap) for name, traps in TRAPS.items() for trap in traps],
                         ids=lambda value: value if isinstance(value, str) else value.says[:40])  # fmt: skip
def test_a_trap_is_asked_about_or_read_right(read: Callable[[str], Read], name: str, trap: Trap) -> None:
    """What the file could be misread as is a question, or comes out as it is."""
    assert trap.holds(read(name))


@pytest.mark.parametrize("name", TRAPS)
def test_no_trap_is_left_out(shared: Path, name: str) -> None:
    """Of the line that names them nothing remains."""
    lines = (shared / "data/topologies" / name / "TRUTH.md").read_text().splitlines()
    (line,) = [line for line in lines if line.startswith("Traps for an importer: ")]
    for trap in TRAPS[name]:
        assert trap.says in line
        line = line.replace(trap.says, "")
    assert set(line.removeprefix("Traps for an importer:").split()) <= {";", ",", "and", "and;"}


@pytest.mark.parametrize("name", VISIBLE)
def test_start_order_is_never_more(read: Callable[[str], Read], name: str) -> None:
    """Nothing false is above `ordering` or `inferred`, and whatever is that weak has to be confirmed by a person."""
    found = read(name)
    bystanders = {c.id for c in found.system.components if c.kind in ("telemetry", "load-generator")}
    for caller, callee in found.weak:
        if not {caller, callee} & bystanders:
            assert f"confirm {caller} -> {callee}" in found.asked


@pytest.mark.parametrize(("name", "grade"), {"boutique": "medium", "robot-shop": "low", "dsb-social": "low", "sock-shop": "low",
                                             "bookinfo": "low"}.items())  # fmt: skip
def test_the_grade_owns_up(read: Callable[[str], Read], name: str, grade: str) -> None:
    """Where most dependencies are in the code, no report may claim the absence of anything."""
    assert coverage(read(name).system).grade == grade


def test_online_boutique_names_a_service_that_is_not_deployed(read: Callable[[str], Read]) -> None:
    """The optional assistant is a question; the load generator is marked; unstated replicas are the default, and said so."""
    found = read("boutique")
    assert "not deployed shoppingassistantservice" in found.asked
    assert "shoppingassistantservice" not in {component.id for component in found.system.components}
    assert found.system.component("loadgenerator").kind == "load-generator"
    assert found.system.component("adservice").instances == 1
    assert any("the default of Deployment" in e.locator for e in found.system.component("adservice").evidence)
    assert sum("declared" in {e.confidence for e in d.evidence} for d in found.system.dependencies) == 15


def test_robot_shop_asks_for_what_compose_does_not_show(read: Callable[[str], Read]) -> None:
    """Twelve of twenty dependencies are start order; the chart is not rendered; what payment and web call is asked."""
    found = read("robot-shop")
    assert len(found.weak) == 12
    assert found.weak <= found.truth
    assert "templates K8s/helm/templates" in found.asked
    callers = {caller for caller, _ in found.truth - found.weak}
    assert {f"calls {caller}" for caller in callers} <= set(found.asked)


def test_the_social_network_does_not_believe_its_start_order(read: Callable[[str], Read]) -> None:
    """One `depends_on` is false, one cache is unused, one settings file names what nobody deploys: all of them are asked."""
    found = read("dsb-social")
    assert ("media-service", "media-mongodb") in found.weak - found.truth
    assert "confirm media-service -> media-mongodb" in found.asked
    assert "calls? media-service -> media-memcached" in found.asked
    assert "write-home-timeline-service" in found.asked["shared file ./config/service-config.json"]
    assert {"calls user-service", "calls social-graph-service"} <= set(found.asked), "the circle that no file shows"
    true = {q.removeprefix("calls? ") for q in found.asked if q.startswith("calls? ")}
    assert {f"{caller} -> {callee}" for caller, callee in found.truth} >= true - {"media-service -> media-memcached"}
    assert len(true) == 7


def test_sock_shop_asks_what_orders_calls(read: Callable[[str], Read]) -> None:
    """Two of its calls exist in request bodies only; name patterns suggest the databases, and no more than suggest."""
    found = read("sock-shop")
    assert found.sure == {("user", "user-db")}
    assert {"calls orders", "calls front-end", "unused rabbitmq", "unused session-db"} <= set(found.asked)
    suggested = {q.removeprefix("calls? ") for q in found.asked if q.startswith("calls? ")}
    assert suggested == {"carts -> carts-db", "catalogue -> catalogue-db", "orders -> orders-db"}


def test_bookinfos_versions_are_one_component_each(read: Callable[[str], Read]) -> None:
    """Whether all versions call the same is asked: reviews v1 does not call ratings. The mesh's own files break nothing."""
    found = read("bookinfo")
    assert {c.id: c.instances for c in found.system.components} == {
        "details": 1, "mongodb": 1, "productpage": 1, "ratings": 2, "reviews": 3
    }  # fmt: skip
    assert {"versions reviews", "versions ratings", "calls productpage", "calls reviews"} <= set(found.asked)


def test_the_samples_of_formats_are_read_without_loss(shared: Path) -> None:
    """Components, dependencies, counted calls and operations of 44 files, as a few lines that know no importer count them."""
    counted = list(both(shared / "data/topologies"))
    assert len(counted) == 44
    assert [name for name, ours, own in counted if ours != own] == []
