"""Five public systems beside their truth: `make truth`, or `python tests/truth_table.py ../shared`.

A row a system, from all files of its folder together (`../shared/data/topologies`, the truth taken out), and a line for each
trap that its `TRUTH.md` names. `test_importers_truth.py` holds the same figures to what is promised.
"""

from __future__ import annotations

import csv
import shutil
import sys
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from auditkit.importers import coverage, gaps
from auditkit.model.system import System
from auditkit.project import folder as held
from auditkit.project.importing import import_files

Edge = tuple[str, str]
SURE: Final = ("observed", "declared", "configured")
_K8S, _COMPOSE = "release/kubernetes-manifests.yaml", "deploy/docker-compose/docker-compose.yml"

VISIBLE: Final[Mapping[str, Mapping[Edge, tuple[str, str]]]] = {
    "boutique": {
        ("cartservice", "redis-cart"): (_K8S, 'value: "redis-cart:6379"'),
        **{
            ("checkoutservice", to): (_K8S, f'value: "{to}:{port}"')
            for to, port in {"cartservice": 7070, "currencyservice": 7000, "emailservice": 5000, "paymentservice": 50051,
                             "productcatalogservice": 3550, "shippingservice": 50051}.items()
        },
        **{
            ("frontend", to): (_K8S, f'value: "{to}:{port}"')
            for to, port in {"adservice": 9555, "cartservice": 7070, "checkoutservice": 5050, "currencyservice": 7000,
                             "productcatalogservice": 3550, "recommendationservice": 8080, "shippingservice": 50051}.items()
        },
        ("loadgenerator", "frontend"): (_K8S, 'value: "frontend:80"'),
        ("recommendationservice", "productcatalogservice"): (_K8S, 'value: "productcatalogservice:3550"'),
    },
    "robot-shop": {},
    "dsb-social": {},
    "sock-shop": {("user", "user-db"): (_COMPOSE, "MONGO_HOST=user-db:27017")},
    "bookinfo": {
        ("ratings", "mongodb"): ("samples/bookinfo/platform/kube/bookinfo-ratings-v2.yaml", "value: mongodb://mongodb:27017/test")
    },
}  # fmt: skip
"""True dependencies whose address stands in a file of the caller's, read by hand: the file, and the words."""


@dataclass(frozen=True)
class Read:
    """A system as all files of its folder together give it, and what is true of it."""

    system: System
    truth: frozenset[Edge]
    services: frozenset[str]

    @property
    def sure(self) -> set[Edge]:
        """What is reported as observed, declared or configured."""
        return self.told(*SURE)

    @property
    def weak(self) -> set[Edge]:
        """What rests on start order or a name pattern."""
        return self.told() - self.sure

    @property
    def asked(self) -> dict[str, str]:
        """All questions, of the import and of the map itself, by their ids."""
        return {q.id: q.what for q in (*self.system.questions, *gaps(self.system))}

    def told(self, *confidences: str) -> set[Edge]:
        """The dependencies whose strongest evidence is one of these, or all."""
        known = [d for d in self.system.dependencies if not confidences or d.confidence in confidences]
        return {(d.caller, to) for d in known for to in d.to}

    def asks(self, *ids: str) -> bool:
        """Whether all of these are questions."""
        return set(ids) <= set(self.asked)

    def kind(self, id: str) -> str:
        """What a component is."""
        return self.system.component(id).kind


def read(shared: Path, name: str, place: Path) -> Read:
    """Imports the whole folder of a system without its truth, into an audit below `place`."""
    source = shared / "data/topologies" / name
    shutil.copytree(source, place / name, ignore=shutil.ignore_patterns("truth_*.csv", "TRUTH.md"))
    import_files([place / name], place / "audit")
    edges = csv.DictReader((source / "truth_edges.csv").read_text().splitlines())
    services = csv.DictReader((source / "truth_services.csv").read_text().splitlines())
    return Read(
        held.system(place / "audit"),
        frozenset((row["source"], row["target"]) for row in edges),
        frozenset(row["service"] for row in services),
    )


@dataclass(frozen=True)
class Trap:
    """What a `TRUTH.md` warns of, in its words; what became of it, in ours; and whether that is so."""

    says: str
    becomes: str
    holds: Callable[[Read], bool]


def _question(says: str, *ids: str) -> Trap:
    return Trap(says, "asked: " + ", ".join(ids), lambda found: found.asks(*ids))


TRAPS: Final[Mapping[str, tuple[Trap, ...]]] = {
    "boutique": (
        _question("dangling env reference shoppingassistantservice", "not deployed shoppingassistantservice"),
        Trap(
            "loadgenerator is a traffic source, not part of the product",
            "a load generator; the one proposed journey enters at frontend",
            lambda found: (
                found.kind("loadgenerator") == "load-generator" and [j.entry for j in found.system.journeys] == ["frontend"]
            ),
        ),
        _question("no Deployment but redis-cart/loadgenerator states replicas (default 1)", "replicas"),
        Trap(
            "app probes are gRPC",
            "counted as health checks, of all but loadgenerator, which has none",
            lambda found: [c.id for c in found.system.components if not c.health_check] == ["loadgenerator"],
        ),
    ),
    "robot-shop": (
        Trap(
            "compose depends_on holds 12 of these 20 edges",
            "12 dependencies by start order, each asked (confirm …)",
            lambda found: (
                len(found.weak) == 12
                and found.weak <= found.truth
                and found.asks(*(f"confirm {caller} -> {callee}" for caller, callee in found.weak))
            ),
        ),
        _question(
            "web->cart, web->ratings, cart->catalogue, ratings->catalogue, shipping->cart, payment->cart, payment->user and the"
            " external payment gateway are invisible in compose",
            "calls web", "calls cart", "calls ratings", "calls shipping", "calls payment",
        ),
    ),
    "dsb-social": (
        Trap(
            "compose depends_on holds only datastore and jaeger edges",
            "nothing is more than start order; of each service is asked what it calls",
            lambda found: (
                not found.sure
                and found.asks(*(f"calls {c.id}" for c in found.system.components if c.kind in ("service", "gateway")))
            ),
        ),
        _question(
            "one FALSE edge (media-service->media-mongodb: the code never opens it)", "confirm media-service -> media-mongodb"
        ),
        _question("cycle user-service<->social-graph-service", "calls user-service", "calls social-graph-service"),
        _question(
            "user-mongodb and user-memcached are shared by two services",
            "confirm user-service -> user-mongodb", "calls? user-service -> user-memcached", "calls user-mention-service",
        ),
        _question("media-memcached is deployed but no code path connects", "calls? media-service -> media-memcached"),
        Trap(
            "config/service-config.json names services that are not deployed (write-home-timeline-*)",
            "asked: shared file ./config/service-config.json, by their names",
            lambda found: {"write-home-timeline-service", "write-home-timeline-rabbitmq"} <= set(
                found.asked["shared file ./config/service-config.json"].replace(",", "").split()
            ),
        ),
    ),
    "sock-shop": (
        Trap("compose has one address only (user-db)", "configured", lambda found: found.sure == {("user", "user-db")}),
        _question(
            "orders->user and orders->carts exist only as URLs inside request bodies, no static source shows them - only traces"
            " do",
            "calls orders",
        ),
        _question("orders has a hard coded 5 s timeout for four calls in sequence (budget example)", "calls orders"),
    ),
    "bookinfo": (
        _question("no edge is visible in bookinfo.yaml", "calls productpage", "calls reviews", "calls details"),
        Trap(
            "versions v1/v2/v3 of one service must merge into one node with three subsets",
            "one component of 3 instances; asked: versions reviews, by their names",
            lambda found: (
                found.system.component("reviews").instances == 3
                and found.asked["versions reviews"].startswith("reviews-v1, reviews-v2, reviews-v3 are versions of reviews")
            ),
        ),
        _question("reviews v1 does not call ratings, so the dependency is per version", "versions reviews"),
    ),
}  # fmt: skip
"""Every trap that the `TRUTH.md` files name, in their words. (Of dsb-social's weak dependencies, 13 are to its telemetry.)"""


def row(name: str, found: Read) -> tuple[str, ...]:
    """The figures of one system, in the order of `HEAD`."""
    ordered = {(d.caller, to) for d in found.system.dependencies for to in d.to
               if any(e.confidence == "ordering" for e in d.evidence)}  # fmt: skip
    visible = set(VISIBLE[name])
    return (
        name,
        str(len(found.truth)),
        *(str(len(found.told(confidence))) for confidence in SURE),
        f"{len(found.sure & found.truth) / len(found.sure):.2f}" if found.sure else "none told",
        f"{len(found.sure & visible)} of {len(visible)}",
        f"{len(found.weak & found.truth)} + {len(found.weak - found.truth)}",
        str(len((ordered & found.sure) - found.truth)),
        f"{sum(trap.holds(found) for trap in TRAPS[name])} of {len(TRAPS[name])}",
        str(coverage(found.system).grade),
    )


HEAD: Final = ("system", "true", *SURE, "precision", "visible, found", "weak true + false", "false order above it",
               "traps", "coverage")  # fmt: skip


def main() -> int:
    """Prints the table and the traps; exit code 0 where nothing is missed."""
    shared, missed = Path(sys.argv[1] if len(sys.argv) > 1 else "../shared"), False
    rows, traps = [HEAD], []
    with tempfile.TemporaryDirectory() as place:
        for name in VISIBLE:
            found = read(shared, name, Path(place) / name)
            rows.append(row(name, found))
            missed |= not found.sure <= found.truth or not set(VISIBLE[name]) <= found.sure
            for trap in TRAPS[name]:
                holds = trap.holds(found)
                missed |= not holds
                traps.append(f"{'ok  ' if holds else 'MISS'} {name}: {trap.says}\n       -> {trap.becomes}")
    widths = [max(len(cells[k]) for cells in rows) for k in range(len(HEAD))]
    for cells in rows:
        print("  ".join(cell.ljust(width) for cell, width in zip(cells, widths, strict=True)).rstrip())
    print("\n" + "\n".join(traps))
    return int(missed)


if __name__ == "__main__":
    sys.exit(main())
