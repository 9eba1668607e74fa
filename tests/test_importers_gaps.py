"""What no file says: questions that follow from the map, and vanish once a source or a person closes them."""

from __future__ import annotations

import pytest

from auditkit.importers import gaps
from auditkit.model.system import Component, ComponentKind, Confidence, Dependency, Evidence, Question, System


def _system(components: dict[str, ComponentKind], calls: dict[str, Confidence], **sources: str) -> System:
    """Components by kind, and calls `a -> b` by confidence; `sources` says where components come from."""
    return System(
        system="shop",
        components=tuple(
            Component(id=name, kind=kind, evidence=_declared(sources.get(name, "")))
            for name, kind in components.items()
        ),
        dependencies=tuple(
            Dependency(caller=a, to=b, evidence=(Evidence(source="x.yaml", confidence=confidence),))
            for (a, b), confidence in ((call.split(" -> "), confidence) for call, confidence in calls.items())
        ),
    )  # fmt: skip


def _declared(sources: str) -> tuple[Evidence, ...]:
    return tuple(Evidence(source=source, confidence="declared") for source in sources.split())


def _asked(system: System) -> list[str]:
    return [question.id for question in gaps(system)]


@pytest.mark.parametrize(
    ("owner", "store"),
    [
        ("orders", "orders-db"),
        ("post-storage-service", "post-storage-memcached"),
        ("OrderApi", "order_queue"),
        ("user", "userDb"),
    ],
)
def test_a_name_pattern_is_suggested_and_never_assumed(owner: str, store: str) -> None:
    """`orders` and `orders-db`: a question to accept or to reject."""
    system = _system({owner: "service", store: "database"}, {})
    assert _asked(system)[0] == f"calls? {owner} -> {store}"
    assert not system.dependencies


def test_a_datastore_without_a_namesake_is_asked_about_itself() -> None:
    """Somebody uses it."""
    assert _asked(_system({"web": "service", "redis": "cache"}, {})) == ["unused redis", "calls web"]


def test_what_only_start_order_shows_is_to_be_confirmed() -> None:
    """A call that was seen or configured closes the question; telemetry is nobody's need."""
    parts: dict[str, ComponentKind] = {"web": "service", "db": "database", "jaeger": "telemetry"}
    assert _asked(_system(parts, {"web -> db": "ordering", "web -> jaeger": "ordering"})) == ["confirm web -> db", "calls web"]
    assert _asked(_system(parts, {"web -> db": "configured"})) == []


def test_two_spellings_from_different_sources_may_be_one_thing() -> None:
    """Suggested, not assumed; one file that has both knows two things."""
    parts: dict[str, ComponentKind] = {"Order-Service": "service", "orderservice": "service"}
    apart = {"Order-Service": "traces.json", "orderservice": "compose.yaml"}
    same = "same orderservice = Order-Service"
    assert same in _asked(_system(parts, {}, **apart))
    assert same not in _asked(_system(parts, {}, **dict.fromkeys(parts, "compose.yaml")))


def test_an_answered_question_is_not_asked_again() -> None:
    """The answer stays in the file with its question."""
    system = _system({"orders": "service", "orders-db": "database"}, {"orders -> x": "declared"})
    told = Question(id="calls? orders -> orders-db", where="orders -> orders-db", what="…", answer="no", answered_by="ann")
    assert _asked(system) == ["calls? orders -> orders-db"]
    assert _asked(system.model_copy(update={"questions": (told,)})) == []
