"""Several sources, one system: the strongest evidence of each fact, a person's word above all, contradictions listed."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import InputError, Problem
from auditkit.importers import dump_yaml, load_yaml, merge, validate
from auditkit.model.draft import Draft, Item
from auditkit.model.system import CONFIDENCES, Question, System

Raw = dict[str, Any]


def imported(
    source: str,
    components: Sequence[Raw] = (),
    dependencies: Sequence[Raw] = (),
    journeys: Sequence[Raw] = (),
    confidence: str = "declared",
    **more: Any,
) -> Draft:
    """What an importer hands over: every entry with its evidence and line."""

    def items(entries: Sequence[Raw]) -> tuple[Item, ...]:
        evidence = [{"source": source, "confidence": confidence}]
        return tuple(Item({"evidence": evidence, **entry}, source, {"": line}) for line, entry in enumerate(entries, 1))

    return Draft(source, None, items(components), items(dependencies), (), items(journeys), **more)


def person(text: str, name: str = "system.yaml") -> Draft:
    return load_yaml("auditkit: 1\nsystem: shop\n" + text, name)


def system(*drafts: Draft, earlier: Sequence[Draft] = ()) -> System:
    return validate(merge([*drafts, person("")], earlier)[0])


API_DB = [{"id": "api"}, {"id": "db"}]


# ---------------------------------------------------------------------------------------------------- one thing, several sources


def test_the_strongest_evidence_of_each_fact_wins() -> None:
    """Not the strongest source of the whole thing: a weak source may know what the strong one does not say."""
    weak = imported("guess", [{"id": "api", "instances": 5, "owner": "blue"}], confidence="inferred")
    strong = imported("k8s.yaml", [{"id": "api", "instances": 2}], confidence="declared")
    component = system(weak, strong).component("api")
    assert (component.instances, component.owner) == (2, "blue")
    assert [evidence.source for evidence in component.evidence] == ["k8s.yaml", "guess"]


def test_a_contradiction_is_listed_with_both_values_and_its_place() -> None:
    """Who said what, and which was kept."""
    one = imported("a.yaml", [{"id": "api", "instances": 2}])
    other = imported("b.yaml", [{"id": "api", "instances": 3}], confidence="inferred")
    (conflict,) = merge([one, other])[1]
    assert (conflict.where, conflict.what, conflict.kept, conflict.dropped) == (
        "b.yaml:1",
        "api: instances",
        "2 (a.yaml)",
        "3 (b.yaml)",
    )
    assert conflict.evidence[0].confidence == "inferred"


def test_the_same_figure_in_other_words_is_no_contradiction() -> None:
    """0.5 s are 500 ms, and a list of one is that one."""
    one = imported("a", API_DB, [{"from": "api", "to": "db", "policy": {"timeout": "0.5s"}, "rate": "60/min"}])
    other = imported("b", API_DB, [{"from": "api", "to": ["db"], "policy": {"timeout": "500ms"}, "rate": "1/s"}])
    draft, conflicts = merge([one, other])
    assert conflicts == ()
    assert len(draft.dependencies) == 1


def test_figures_of_a_policy_are_facts_of_their_own() -> None:
    """A mesh states the retry, the code the timeout; together they are the policy."""
    one = imported("mesh", API_DB, [{"from": "api", "to": "db", "policy": {"retry": {"max_attempts": 2}}}])
    other = imported("code", API_DB, [{"from": "api", "to": "db", "policy": {"timeout": "1s"}}])
    policy = system(one, other).dependencies[0].policy
    assert policy is not None
    assert policy != "none"
    assert policy.timeout_s == 1
    assert policy.retry is not None


def test_a_default_kind_is_no_fact() -> None:
    """Traffic shows a service wherever it sees anything; the manifest knows that it is a database."""
    traffic = imported("traces", [{"id": "db", "kind": "service"}], confidence="observed")
    manifest = imported("k8s", [{"id": "db", "kind": "database"}])
    draft, conflicts = merge([traffic, manifest])
    assert draft.components[0].data["kind"] == "database"
    assert conflicts == ()


def test_alternatives_are_one_dependency_in_any_order() -> None:
    """Caller and set of targets are what a dependency is known by."""
    one = imported("a", [*API_DB, {"id": "c"}], [{"from": "api", "to": ["db", "c"]}])
    other = imported("b", [*API_DB, {"id": "c"}], [{"from": "api", "to": ["c", "db"]}, {"from": "api", "to": "db"}])
    assert len(merge([one, other])[0].dependencies) == 2


def test_a_component_and_its_operation_are_different_callers() -> None:
    """What the configuration says of all operations, and what traffic showed of one, both stay."""
    configured = imported("k8s", API_DB, [{"from": "api", "to": "db"}], confidence="configured")
    seen = imported("traces", API_DB, [{"from": "api:home", "to": "db"}], confidence="observed")
    assert {item.data["from"] for item in merge([configured, seen])[0].dependencies} == {"api", "api:home"}


def test_repeated_entries_of_one_import_are_united() -> None:
    """A start order and an address of the same callee are one dependency with two pieces of evidence."""
    start = {"from": "api", "to": "db", "evidence": [{"source": "c", "confidence": "ordering"}]}
    address = {"from": "api", "to": "db", "evidence": [{"source": "c", "confidence": "configured", "locator": "DB_HOST"}]}
    (dependency,) = system(imported("c", API_DB, [start, address])).dependencies
    assert dependency.confidence == "configured"
    assert len(dependency.evidence) == 2


def test_problems_point_at_the_source_a_fact_came_from() -> None:
    """Also after uniting: the bad figure of the second file has the second file's line."""
    one = imported("a.yaml", [{"id": "api"}])
    other = imported("b.yaml", [{"id": "x"}, {"id": "api", "availability": "200%"}], confidence="inferred")
    with pytest.raises(InputError, match=r"b.yaml:2  availability"):
        system(one, other)


def test_questions_notes_and_problems_of_all_sources_are_kept() -> None:
    """Once each."""
    question = Question(id="q", where="api", what="what?")
    one = imported("a", questions=(question,), cannot_say=("x",), problems=(Problem("a:1", "bad", "mend"),))
    other = imported("b", questions=(question,), cannot_say=("x", "y"))
    draft, _ = merge([one, other])
    assert (draft.questions, draft.cannot_say, len(draft.problems)) == ((question,), ("x", "y"), 1)


def test_two_causes_of_one_file_with_one_id_reach_the_gate() -> None:
    """A person's duplicate is a mistake to be told, not to be united in silence."""
    with pytest.raises(InputError, match="the component 'api' exists twice"):
        validate(merge([person("components: [{id: api}, {id: api, kind: cache}]")])[0])


# ---------------------------------------------------------------------------------------------------- what a person has said


def test_a_persons_file_beats_every_import() -> None:
    """Even what was observed; the contradiction is listed."""
    seen = imported("traces", [{"id": "api", "instances": 4}], confidence="observed")
    draft, conflicts = merge([seen, person("components: [{id: api, instances: 2}]")])
    assert draft.components[0].data["instances"] == 2
    assert [conflict.kept for conflict in conflicts] == ["2 (system.yaml)"]


def test_an_import_answers_what_a_person_left_open() -> None:
    """`unknown` is a question; a file may know."""
    seen = imported("traces", [{"id": "api", "instances": 4}])
    assert system(seen, person("components: [{id: api, instances: unknown, min_up: unknown}]")).component("api").instances == 4


def test_an_answer_beats_a_newer_file() -> None:
    """What a person answered to just this question."""
    held = person("components: [{id: api, instances: 2, evidence: [{source: Ana, locator: instances, confidence: asked}]}]")
    newer = person("components: [{id: api, instances: 3}]", "sketch.yaml")
    assert merge([newer, held])[0].components[0].data["instances"] == 2


def test_of_two_files_of_persons_the_newer_wins() -> None:
    """The one that is named first."""
    held, newer = person("components: [{id: api, instances: 2}]"), person("components: [{id: api, instances: 3}]", "new.yaml")
    assert merge([newer, held])[0].components[0].data["instances"] == 3
    assert merge([held, newer])[0].components[0].data["instances"] == 2


def test_repeating_an_import_changes_nothing() -> None:
    """Not a byte of the file, and no conflict."""
    source = imported("c", API_DB, [{"from": "api", "to": "db"}])
    first = system(source)
    text = dump_yaml(first)
    draft, conflicts = merge([source, load_yaml(text, "system.yaml")])
    assert conflicts == ()
    assert dump_yaml(validate(draft), text) == text


def test_evidence_of_a_source_that_is_read_again_is_replaced_in_place() -> None:
    """120 calls last week are not 120 more calls."""

    def trace(count: int) -> Draft:
        evidence = [{"source": "t", "locator": f"{count} spans", "confidence": "observed", "count": count}]
        return imported("t", API_DB, [{"from": "api", "to": "db", "evidence": evidence}])

    held = load_yaml(dump_yaml(system(trace(120), imported("k", API_DB, [{"from": "api", "to": "db"}]))), "system.yaml")
    (dependency,) = validate(merge([trace(150), held])[0]).dependencies
    assert [(e.source, e.count) for e in dependency.evidence] == [("t", 150), ("k", None)]


def test_what_a_source_does_not_name_any_more_is_kept_and_told() -> None:
    """A dependency that is gone from the manifest is a question to a person, not silently gone or silently there."""
    held = load_yaml(dump_yaml(system(imported("c", API_DB, [{"from": "api", "to": "db"}]))), "system.yaml")
    draft, conflicts = merge([imported("c", API_DB), held])
    assert len(draft.dependencies) == 1
    assert [conflict.what for conflict in conflicts] == ["api -> db: is not found in c any more"]


@pytest.mark.parametrize(
    "refined",
    [
        "{from: api, to: [db, replica], at_least: 1}",
        "{from: 'api:home', to: db}",
        "{from: api, to: 'db:read'}",
        "{from: api, to: replica, on_failure: degrade, fallback: {alternatives: [db]}}",
    ],
)
def test_an_import_does_not_bring_back_what_a_person_has_refined(refined: str) -> None:
    """The plain call it names is in there already; its evidence is kept."""
    source = imported("c", API_DB, [{"from": "api", "to": "db"}], confidence="configured")
    held = person(f"components: [{{id: api}}, {{id: db}}, {{id: replica}}]\ndependencies: [{refined}]")
    (dependency,) = validate(merge([source, held])[0]).dependencies
    assert [evidence.source for evidence in dependency.evidence] == ["c"]


def test_traffic_to_a_fallback_is_a_call_of_its_own() -> None:
    """Who was seen calling it does not call it in need only."""
    source = imported("traces", API_DB, [{"from": "api", "to": "db"}], confidence="observed")
    held = person(
        "components: [{id: api}, {id: db}, {id: x}]\ndependencies: [{from: api, to: x, fallback: {alternatives: [db]}}]"
    )
    assert len(merge([source, held])[0].dependencies) == 2


def test_another_source_is_not_swallowed_by_a_finer_call_of_the_first() -> None:
    """Importing two files together or one after the other gives the same."""
    seen = imported("traces", API_DB, [{"from": "api:home", "to": "db"}], confidence="observed")
    configured = imported("k8s", API_DB, [{"from": "api", "to": "db"}], confidence="configured")
    together = system(seen, configured)
    after = validate(merge([configured, load_yaml(dump_yaml(system(seen)), "system.yaml")])[0])
    assert set(map(repr, together.dependencies)) == set(map(repr, after.dependencies))


def test_confirmed_journeys_keep_proposals_out() -> None:
    """As long as all are proposals, new ones are welcome."""
    source = imported("k", [{"id": "api"}, {"id": "web"}], journeys=[{"id": "web", "entry": "web", "proposed": True}])
    confirmed = person("components: [{id: api}]\njourneys: [{id: buy, entry: api}]")
    proposed = person("components: [{id: api}]\njourneys: [{id: buy, entry: api, proposed: true}]")
    assert [j.id for j in validate(merge([source, confirmed])[0]).journeys] == ["buy"]
    assert [j.id for j in validate(merge([source, proposed])[0]).journeys] == ["buy", "web"]


# ---------------------------------------------------------------------------------------------------- knowing the former import


def test_a_value_that_came_from_the_former_import_is_updated() -> None:
    """The manifest says five now, the person never said two."""
    former = imported("k", [{"id": "api", "instances": 2, "owner": "blue"}])
    now = imported("k", [{"id": "api", "instances": 5, "owner": "blue"}])
    held = person("components: [{id: api, instances: 2, owner: red, evidence: [{source: k, confidence: declared}]}]")
    draft, conflicts = merge([now, held], earlier=[former])
    assert (draft.components[0].data["instances"], draft.components[0].data["owner"]) == (5, "red")
    assert [conflict.what for conflict in conflicts] == ["api: owner"]


def test_what_a_person_deleted_stays_deleted() -> None:
    """Unless something new names it."""
    former = imported("k", [*API_DB, {"id": "old"}], [{"from": "api", "to": "old"}])
    held = person("components: [{id: api}, {id: db}]")
    assert {c.id for c in system(former, held, earlier=[former]).components} == {"api", "db"}
    now = imported("k", [*API_DB, {"id": "old"}], [{"from": "api", "to": "old"}, {"from": "db", "to": "old"}])
    again = system(now, held, earlier=[former])
    assert {c.id for c in again.components} == {"api", "db", "old"}
    assert [d.subject for d in again.dependencies] == ["db -> old"]


# ---------------------------------------------------------------------------------------------------- any order

entries = st.fixed_dictionaries(
    {"id": st.sampled_from("abc")},
    optional={
        "instances": st.integers(1, 3),
        "owner": st.sampled_from(["x", "y"]),
        "kind": st.sampled_from(["service", "cache"]),
    },
)
calls = st.fixed_dictionaries(
    {"from": st.sampled_from(["a", "b", "a:x"]), "to": st.sampled_from(["a", "b", ["a", "b"], ["b", "a"]])},
    optional={
        "rate": st.sampled_from(["1/s", "60/min", "2/s"]),
        "policy": st.sampled_from([{"timeout": "1s"}, {"timeout": "1000ms", "retry": "none"}, "none", "unknown"]),
        "call": st.sampled_from(["sync", "async"]),
    },
)
drafts = st.lists(
    st.tuples(
        st.sampled_from(["k", "c", "t"]), st.lists(entries, max_size=4), st.lists(calls, max_size=4), st.sampled_from(CONFIDENCES)
    ),
    min_size=1,
    max_size=4,
)


@settings(max_examples=150, deadline=None)
@given(drafts, st.randoms(use_true_random=False), st.booleans())
def test_the_order_of_imports_decides_nothing(
    parts: list[tuple[str, list[Raw], list[Raw], Any]], draw: Any, with_person: bool
) -> None:
    """Facts, evidence and conflicts are the same."""
    made = [
        imported(source, components, dependencies, confidence=confidence)
        for source, components, dependencies, confidence in parts
    ]
    if with_person:
        made.append(person("components: [{id: a, instances: 2}]\ndependencies: [{from: a, to: [a, b], rate: 1/s}]"))
    shuffled = list(made)
    draw.shuffle(shuffled)
    one, other = merge(made), merge(shuffled)
    assert facts(one[0]) == facts(other[0])
    assert set(one[1]) == set(other[1])


def facts(draft: Draft) -> set[str]:
    found = set()
    for item in (*draft.components, *draft.dependencies):
        data = {key: value for key, value in item.data.items() if key != "evidence"}
        found.add(repr(sorted(data.items())) + repr(sorted(map(repr, item.data["evidence"])) if "evidence" in item.data else ""))
    return found
