"""How sure we are of a system, and which journeys are proposed for it."""

from __future__ import annotations

from typing import Any

import pytest

from auditkit.importers import coverage, propose_journeys
from auditkit.model.system import System


def world(kinds: dict[str, str], calls: list[Any], confidence: str | None = "observed", **more: Any) -> System:
    """Components with kinds, and calls `a -> b` (or whole dependencies), all resting on one confidence."""
    dependencies = []
    for call in calls:
        entry = dict(zip(("from", "to"), call.split(" -> "), strict=True)) if isinstance(call, str) else dict(call)
        if confidence is not None:
            entry.setdefault("evidence", [{"source": "x", "confidence": confidence}])
        dependencies.append(entry)
    components = [{"id": name, "kind": kind} for name, kind in kinds.items()]
    return System.model_validate({"system": "s", "components": components, "dependencies": dependencies, **more})


SHOP = {"web": "service", "api": "service", "db": "database"}
CALLS = ["web -> api", "api -> db"]


@pytest.mark.parametrize(
    ("confidence", "grade"),
    [
        *(("observed", "high"), ("declared", "high"), ("asked", "high"), (None, "high")),
        *(("configured", "medium"), ("ordering", "low"), ("inferred", "low")),
    ],
)
def test_the_grade_follows_what_the_dependencies_rest_on(confidence: str | None, grade: str) -> None:
    """An address in a configuration is not yet a call, and a start order says hardly anything."""
    assert coverage(world(SHOP, CALLS, confidence)).grade == grade


def test_nothing_known_is_low() -> None:
    """An empty list of single points of failure would mean nothing here."""
    found = coverage(world(SHOP, []))
    assert (found.grade, found.reason) == ("low", "no dependency is known")
    assert found.without_dependency == ("api", "db", "web")
    assert found.unused_datastores == ("db",)


def test_a_datastore_that_nobody_uses_is_low() -> None:
    """Somebody uses it; we only do not know who."""
    found = coverage(world(SHOP, ["web -> api", "db -> api"]))
    assert (found.grade, found.unused_datastores) == ("low", ("db",))
    assert "nobody is known to use db" in found.reason


def test_more_than_a_quarter_alone_is_low_and_less_is_medium() -> None:
    """Telemetry and load generators do not count."""
    kinds = {**SHOP, "a": "service", "lonely": "service", "otel": "telemetry", "load": "load-generator"}
    found = coverage(world(kinds, [*CALLS, "web -> a"]))
    assert (found.grade, found.without_dependency) == ("medium", ("lonely",))
    assert coverage(world({**kinds, "lonelier": "service"}, [*CALLS, "web -> a"])).grade == "low"
    assert found.components == 7


def test_open_questions_of_an_import_keep_the_grade_from_high() -> None:
    """An address that nothing answers to is a dependency we do not know."""
    found = coverage(world(SHOP, CALLS, questions=[{"id": "q", "where": "api", "what": "what is redis:6379?"}]))
    assert (found.grade, found.reason) == ("medium", "the import left 1 question open")


def test_each_dependency_counts_with_its_strongest_evidence() -> None:
    """And what a person wrote without evidence is declared."""
    both = {"from": "web", "to": "api", "evidence": [{"source": "a", "confidence": c} for c in ("ordering", "observed")]}
    found = coverage(
        world({**SHOP, "x": "service"}, [both, "api -> db", {"from": "x", "to": "db", "evidence": []}], "configured"), ("a", "a")
    )
    assert found.by_confidence == {"observed": 1, "declared": 1, "configured": 1}
    assert found.cannot_say == ("a",)


def test_an_alternative_of_a_fallback_is_used() -> None:
    """A cache that only helps in need is still in use."""
    calls = ["web -> api", {"from": "api", "to": "web", "fallback": {"alternatives": ["db"]}}]
    assert coverage(world(SHOP, calls)).unused_datastores == ()


# ---------------------------------------------------------------------------------------------------- journeys


def entries(system: System, *known: str) -> list[str]:
    return [journey.entry for journey in propose_journeys(system, known).journeys]


def test_what_load_generators_call_is_what_users_touch() -> None:
    """One journey each, with its operation."""
    kinds = {**SHOP, "other": "service", "load": "load-generator"}
    found = propose_journeys(world(kinds, [*CALLS, "load -> web:GET /", "load -> web:POST /cart"])).journeys
    assert [(j.id, j.entry, j.proposed) for j in found] == [
        ("web-GET", "web:GET /", True),
        ("web-POST-cart", "web:POST /cart", True),
    ]
    assert found[0].evidence[0].locator == "called by load"


def test_entries_that_an_import_knows_come_first() -> None:
    """Targets of ingresses, roots of traces."""
    assert entries(world({**SHOP, "load": "load-generator"}, [*CALLS, "load -> web"]), "api", "api", "db", "nowhere") == ["api"]


def test_else_components_that_nobody_calls_synchronously() -> None:
    """Asynchronous calls and calls to oneself do not count; telemetry, datastores and the like are never entries."""
    kinds = {**SHOP, "worker": "service", "otel": "telemetry", "stripe": "external", "alone-db": "database"}
    calls = [*CALLS, "web -> web", {"from": "api", "to": "worker", "call": "async"}]
    assert entries(world(kinds, calls)) == ["web", "worker"]


def test_in_a_circle_what_reaches_most_is_proposed() -> None:
    """So that no import is without a journey."""
    circle = world({"a": "service", "b": "service", "c": "service"}, ["a -> b", "b -> a", "c -> a", "c -> c", "b -> c"])
    assert entries(circle) == ["a"]
    two = world(dict.fromkeys("abcd", "service"), ["a -> b", "b -> a", "c -> d", "d -> c"])
    assert entries(two) == ["a", "c"]


def test_journeys_of_a_person_are_left_alone() -> None:
    """Nothing is proposed where there are any."""
    system = world(SHOP, CALLS, journeys=[{"id": "buy", "entry": "api"}])
    assert propose_journeys(system) is system


def test_names_of_proposed_journeys_are_readable_and_unique() -> None:
    """Operations that look alike get a number."""
    found = propose_journeys(world(SHOP, CALLS), ["api:a/b", "api:a b", "api:a-b"]).journeys
    assert [journey.id for journey in found] == ["api-a-b", "api-a-b-2", "api-a-b-3"]


def test_datastores_alone_give_no_journey() -> None:
    """Nobody touches a database."""
    assert entries(world({"db": "database"}, [])) == []
