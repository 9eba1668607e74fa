"""How sure we are of a system, and which journeys are proposed for it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from cli import auditkit

from auditkit import notebook as see
from auditkit.importers import coverage, propose_journeys
from auditkit.importers.coverage_rules import RULES
from auditkit.model.system import Question, System
from auditkit.project import Audit

CATALOG = """\
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: web}
spec: {type: service, lifecycle: production, owner: shop, dependsOn: [component:default/api]}
---
apiVersion: backstage.io/v1alpha1
kind: Component
metadata: {name: api}
spec: {type: service, lifecycle: production, owner: shop}
"""


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


# one test for each rule that keeps the grade down ------------------------------------------------------------


def asked(*about: str, flips: int = 1) -> list[Question]:
    """Open questions about calls, each with the conclusions that it would change."""
    return [Question(id=f"timeout {where}", where=where, what="how long?", flips=flips) for where in about]


def test_questions_of_weight_keep_the_grade_from_high_and_are_counted() -> None:
    """One for every four dependencies is what a careful audit leaves; more is not known well."""
    system = world({"a": "service", "b": "service"}, ["a -> b"] * 4)
    assert coverage(system, questions=asked("a -> b")).grade == "high"
    assert coverage(system, questions=asked("a -> b")).reason.endswith("; 1 question is still open")
    found = coverage(system, questions=asked("a -> b", "a -> c"))
    assert found.said == "medium, because 2 questions are open that would change what is reported, the first about a -> b"


def test_questions_that_change_nothing_weigh_nothing() -> None:
    """However many there are."""
    assert coverage(world(SHOP, CALLS), questions=asked(*"abcdefgh", flips=0)).grade == "high"


@pytest.mark.parametrize(
    ("confidences", "grade", "reason"),
    [
        ("ooog", "medium", "only 75 % of the dependencies were observed"),
        ("occg", "medium", "only 25 % of the dependencies were observed"),
        ("oggg", "low", "75 % of the dependencies rest on start order or name patterns only"),
        ("ooooog", "high", "83 % of the dependencies were observed"),
    ],
)
def test_the_share_of_guesses_decides(confidences: str, grade: str, reason: str) -> None:
    """More than one in five keeps it from high, more than half makes it low."""
    names = {"o": "observed", "c": "configured", "g": "ordering"}
    calls = [{"from": "a", "to": "b", "evidence": [{"source": "x", "confidence": names[c]}]} for c in confidences]
    found = coverage(world({"a": "service", "b": "service"}, calls))
    assert (found.grade, found.reason[: len(reason)]) == (grade, reason)
    assert ("the rest is configuration and start order" in found.reason) == (confidences == "occg")


@pytest.mark.parametrize(("known", "grade"), [(1, "low"), (2, "low"), (3, "medium"), (30, "medium")])
def test_a_call_to_somebody_in_no_file_is_never_high(known: int, grade: str) -> None:
    """More than a quarter of all calls is low: half of what happens there is not on the map."""
    left = [{"id": "called a", "where": "a", "what": "Whom does a call by 'pay'?"}]
    found = coverage(world({"a": "service", "b": "service"}, ["a -> b"] * known, questions=left))
    assert found.grade == grade
    assert "in no file (a)" in found.reason


def test_drawings_alone_are_low_whatever_they_show() -> None:
    """What somebody drew is neither configured nor observed; one thing that is makes it medium, and so does a person's word."""
    drawing = [{"from": "a", "to": "b", "evidence": [{"source": "map.dot", "confidence": "declared"}]}]
    kinds = {"a": "service", "b": "service"}
    assert coverage(world(kinds, drawing)).grade == "high"
    alone = coverage(world(kinds, drawing), drawings=["map.dot"])
    assert alone.said.startswith("low, because diagrams and catalogues alone show the dependencies")
    both = coverage(world(kinds, [*drawing, "b -> a"]), drawings=["map.dot"])
    assert both.grade == "medium"
    assert both.reason.endswith("the rest is drawings")
    drawing[0]["evidence"].append({"source": "ann", "confidence": "asked"})  # type: ignore[attr-defined]
    assert coverage(world(kinds, drawing), drawings=["map.dot"]).grade == "high"


def seen(count: int, *others: str) -> dict[str, Any]:
    """A call that was counted in traffic, and what else states it."""
    more = [{"source": "x", "confidence": confidence} for confidence in others]
    return {"from": "a", "to": "b", "evidence": [{"source": "traces", "confidence": "observed", "count": count}, *more]}


@pytest.mark.parametrize(
    ("calls", "grade", "share"),
    [
        ([seen(80, "configured"), seen(20)], "high", 0.8),
        ([seen(79, "declared"), seen(21)], "medium", 0.79),
        ([seen(80, "ordering"), seen(20, "inferred")], "medium", 0.0),
        ([seen(80, "asked"), seen(20, "declared")], "high", 1.0),
    ],
)
def test_the_share_of_traffic_that_something_else_states_limits_the_grade(
    calls: list[dict[str, Any]], grade: str, share: float
) -> None:
    """Less than four in five counted calls stated by a file or a person keeps it from high; a start order states no call."""
    found = coverage(world({"a": "service", "b": "service"}, calls))
    assert found.explained is not None
    assert (found.grade, found.explained.share) == (grade, share)
    assert ("counted calls run over dependencies that a file or a person states as well" in found.reason) == (grade == "medium")


def test_traffic_that_could_not_be_placed_counts_by_its_calls() -> None:
    """One place that makes more than a quarter of all calls is low, however few places there are; answered it counts no more."""
    left = {"id": "called a", "where": "a", "what": "Whom does a call?"}
    left["evidence"] = [{"source": "traces", "confidence": "observed", "count": 51}]  # type: ignore[assignment]
    kinds, calls = {"a": "service", "b": "service"}, [seen(149, "declared"), *[seen(0, "declared")] * 9]
    found = coverage(world(kinds, calls, questions=[left]))
    assert (found.grade, found.reason) == ("low", "51 of 200 counted calls could not be placed on the map")
    assert found.explained is not None
    assert found.explained.said == (
        "of 200 counted calls 149 (74 %) run over dependencies that a file or a person states as well, "
        "51 (26 %) could not be placed on the map"
    )
    answered = coverage(world(kinds, calls, questions=[{**left, "answer": "a cache that is gone", "answered_by": "ann"}]))
    assert (answered.grade, answered.explained and answered.explained.unplaced) == ("high", 0)


def test_sources_that_count_nothing_explain_nothing() -> None:
    """None is not zero: without counted calls no share is told and no grade lost."""
    assert coverage(world(SHOP, CALLS)).explained is None


def test_the_share_of_traffic_is_told_by_import_workbook_and_document(tmp_path: Path) -> None:
    """A compose file explains one of the two calls in the traces; measured latencies of another call are on no dependency."""
    compose = "services:\n  web: {image: web, environment: [API=http://api:80]}\n  api: {image: api}\n"
    (tmp_path / "compose.yaml").write_text(compose)
    (tmp_path / "seen.json").write_text(
        '[{"parent": "web", "child": "api", "callCount": 60}, {"parent": "api", "child": "db", "callCount": 20}]'
    )
    rows = "".join(f"web,db,{1_700_000_000 + n},{n % 7 + 1}\n" for n in range(20))
    (tmp_path / "web.csv").write_text("caller,callee,start,duration_ms\n" + rows)
    folder = tmp_path / "audit"
    told = auditkit("import", tmp_path / "compose.yaml", tmp_path / "seen.json", "--into", folder, "--json").json["coverage"]
    assert told["explained"] == {"calls": 80, "stated": 60, "only_seen": 20, "unplaced": 0, "begun": 0, "share": 0.75}
    audit = Audit.open(folder)
    audit.measure([tmp_path / "web.csv"])
    said = (
        "of 100 counted calls 60 (60 %) run over dependencies that a file or a person states as well, 20 (20 %) over others, "
        "20 (20 %) could not be placed on the map"
    )
    assert see.coverage_table(audit.coverage()).loc["traffic that was counted", "how it is"] == said
    assert f"Traffic: {said}." in auditkit("import", tmp_path / "compose.yaml", "--into", folder).out
    audit.export(["md"])
    assert f"Of the traffic that was seen: {said}." in (folder / "out" / "strategy.md").read_text()
    assert audit.coverage().reason.count("60 of 100 counted calls") == 1


def test_a_call_that_a_person_wrote_stays_stated_when_it_is_measured(tmp_path: Path) -> None:
    """A dependency without evidence in `system.yaml` is declared; its latencies do not make it one that only traffic shows."""
    audit = Audit.new(tmp_path / "audit", sample="worked-example")
    audit.measure()
    found = audit.coverage().explained
    assert found is not None
    assert (found.only_seen, found.unplaced, found.share) == (0, 0, 1.0)


def test_every_rule_allows_less_than_high() -> None:
    """And no two have one name: the table is the whole truth about the grade."""
    assert len({rule.name for rule in RULES}) == len(RULES)
    assert {rule.at_most for rule in RULES} == {"low", "medium"}


@pytest.mark.parametrize(
    ("name", "text"),
    [
        ("map.dot", "digraph { web -> api; api -> db }"),
        ("map.mmd", "graph TD\n  web --> api\n  api --> db\n"),
        ("catalog-info.yaml", CATALOG),
    ],
)
def test_an_audit_of_a_drawing_alone_is_low(tmp_path: Path, name: str, text: str) -> None:
    """Through the folder: the kept source says what kind of source it was."""
    (tmp_path / name).write_text(text)
    audit = Audit.importing([tmp_path / name], tmp_path / "audit")
    assert audit.coverage().said.startswith("low, because diagrams and catalogues alone"), audit.coverage()


def test_open_questions_reach_the_grade_of_an_audit_and_every_page_says_so(tmp_path: Path) -> None:
    """A person's list of calls is sound evidence, and says nothing of how long anybody waits."""
    (tmp_path / "calls.csv").write_text("from,to\nweb,api\napi,db\n")
    audit = Audit.importing([tmp_path / "calls.csv"], tmp_path / "audit")
    said = audit.coverage().said
    assert said == "medium, because 4 questions are open that would change what is reported, the first about web -> api"
    assert said in audit.sentence_on_single_points()
    audit.export(["md"])
    plain = (tmp_path / "audit" / "out" / "strategy.md").read_text().replace("*", "").replace("\\", "")
    assert plain.count("questions are open that would change what is reported") >= 3


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
