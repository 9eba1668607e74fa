"""Five public systems whose dependencies are known (../shared/data/topologies): nothing false is sure, traps are questions."""

from __future__ import annotations

import csv
import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from auditkit.importers import coverage, gaps
from auditkit.model.system import System
from auditkit.project import folder as held
from auditkit.project.importing import import_files

Edge = tuple[str, str]
SURE = ("observed", "declared", "configured")


@dataclass(frozen=True)
class Read:
    """A system as all files of its folder together give it, and what is true of it."""

    system: System
    truth: frozenset[Edge]
    services: frozenset[str]

    @property
    def sure(self) -> set[Edge]:
        """What is reported as observed, declared or configured."""
        return {(d.caller, to) for d in self.system.dependencies for to in d.to if d.confidence in SURE}

    @property
    def weak(self) -> set[Edge]:
        """What rests on start order or a name pattern."""
        return {(d.caller, to) for d in self.system.dependencies for to in d.to if d.confidence not in SURE}

    @property
    def asked(self) -> dict[str, str]:
        """All questions, of the import and of the map itself, by their ids."""
        return {q.id: q.what for q in (*self.system.questions, *gaps(self.system))}


@pytest.fixture(scope="module")
def read(shared: Path, tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Read]:
    """Imports the whole folder of a system, its truth taken out."""
    done: dict[str, Read] = {}

    def of(name: str) -> Read:
        if name not in done:
            place = tmp_path_factory.mktemp(name)
            source = shared / "data/topologies" / name
            shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("truth_*.csv"))
            import_files([place / name], place / "audit")
            edges = csv.DictReader((source / "truth_edges.csv").read_text().splitlines())
            services = csv.DictReader((source / "truth_services.csv").read_text().splitlines())
            done[name] = Read(
                held.system(place / "audit"),
                frozenset((row["source"], row["target"]) for row in edges),
                frozenset(row["service"] for row in services),
            )
        return done[name]

    return of


STATIC = {
    "boutique": 16,
    "robot-shop": 0,
    "dsb-social": 0,
    "sock-shop": 1,
    "bookinfo": 1,
}
"""How many dependencies stand as addresses in the files (read by hand): the others are in the code only."""


@pytest.mark.parametrize("name", STATIC)
def test_what_is_sure_is_true_and_what_is_visible_is_found(read: Callable[[str], Read], name: str) -> None:
    """Precision 1.0; every address that leads to something deployed here is a dependency."""
    found = read(name)
    assert found.sure <= found.truth
    assert len(found.sure) == STATIC[name]
    others = {component.id for component in found.system.components} - found.services
    assert others <= {"user-sim"}, "a load generator that the truth does not count"


@pytest.mark.parametrize("name", STATIC)
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
