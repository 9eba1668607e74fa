"""The gate: every mistake of a file at once, each with its line, what is wrong, and what to write instead."""

# ruff: noqa: E501 (a problem and the line that tells it stand side by side)

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from auditkit.errors import InputError, Problem
from auditkit.importers import load_yaml, read_nouns, validate
from auditkit.importers.native import migrate
from auditkit.importers.yaml_text import MAX_BYTES, MAX_DEPTH, parse
from auditkit.importers.yaml_write import block
from auditkit.model.audit import AuditFacts, DecisionFile
from auditkit.model.system import System


def gate(text: str) -> System:
    return validate(load_yaml(text, "system.yaml"))


def problems(text: str) -> tuple[Problem, ...]:
    with pytest.raises(InputError) as caught:
        gate(text)
    return caught.value.problems


def told(text: str) -> tuple[Problem, ...]:
    """The problems of a text that may as well have none."""
    try:
        gate(text)
    except InputError as error:
        return error.problems
    return ()


def lines(text: str) -> list[str]:
    return [str(problem) for problem in problems(text)]


HEAD = "auditkit: 1\nsystem: shop\n"
TWO = HEAD + "components:\n  - {id: api}\n  - {id: redis, kind: cache}\n"


# ---------------------------------------------------------------------------------------------------- one mistake each


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        # unknown ids, with the nearest one
        ("dependencies: [{from: api, to: reids}]", "to: there is no component 'reids'  write 'redis'"),
        ("dependencies: [{from: apo:home, to: redis}]", "from: there is no component 'apo'  write 'api:home'"),
        ("dependencies: [{from: api, to: [redis, nowhere]}]", "to: there is no component 'nowhere'  components: api, redis"),
        ("dependencies: [{from: api, to: redis, fallback: {alternatives: [rediss]}}]", "fallback.alternatives.0: there is no component 'rediss'  write 'redis'"),
        ("dependencies: [{from: api, to: redis, fallback: {alternatives: [{to: reds}]}}]", "fallback.alternatives.0: there is no component 'reds'  write 'redis'"),
        ("common_causes: [{id: c, affects: [redis, apii]}]", "affects.1: there is no component 'apii'  write 'api'"),
        ("journeys: [{id: j, entry: appi:home}]", "entry: there is no component 'appi'  write 'api:home'"),
        ("journeys: [{id: j, entry: api, completes: [mailer]}]", "completes.0: there is no component 'mailer'  components: api, redis"),
        # ids that exist twice
        ("common_causes: [{id: redis, affects: [api]}]", "the common cause 'redis' has the id of a component, at system.yaml:5  rename it, for example redis-outage"),
        ("common_causes: [{id: c, affects: [api]}, {id: c, affects: [redis]}]", "the common cause 'c' exists twice, first at system.yaml:6  rename or delete one"),
        ("journeys: [{id: j, entry: api}, {id: j, entry: redis}]", "the journey 'j' exists twice, first at system.yaml:6  rename or delete one"),
        # figures that contradict one another
        ("dependencies: [{from: api, to: redis, at_least: 2}]", "at_least is 2 of 1 alternative, which can never be  write 1 or less, or name more alternatives in to: [a, b]"),
        ("dependencies: [{from: api, to: [redis, redis]}]", "to: names 'redis' twice, which makes nothing redundant  name it once, and count its instances in the component"),
        # figures without unit, out of range, of the wrong kind
        ("dependencies: [{from: api, to: redis, policy: {timeout: 200}}]", "policy.timeout: 200 has no unit  write for example '200ms' or '200s', or none"),
        ("dependencies: [{from: api, to: redis, policy: {timeout: '200'}}]", "policy.timeout: '200' is without unit  write for example '200ms' or '200s', or none"),
        ("dependencies: [{from: api, to: redis, policy: {timeout: -5s}}]", "policy.timeout: '-5s' is negative  a duration is 0s or more"),
        ("dependencies: [{from: api, to: redis, policy: {timeout: -5}}]", "policy.timeout: -5 is negative  write a figure of 0 or more, with its unit, or none"),
        ("dependencies: [{from: api, to: redis, rate: 200}]", "rate: 200 has no unit  write for example '200/s'"),
        ("dependencies: [{from: api, to: redis, policy: {retry: {budget: 150%, max_attempts: 2}}}]", "policy.retry.budget: '150%' is no share between 0 and 1 (0% and 100%)  write a share such as 99.9%"),
        ("dependencies: [{from: api, to: redis, stage: 1.5}]", "stage: 1.5 is no whole number  write a whole number such as 3"),
        ("dependencies: [{from: api, to: redis, stage: first}]", "stage: 'first' is no whole number  write a whole number such as 3"),
        ("dependencies: [{from: api, to: redis, idempotent: maybe}]", "idempotent: 'maybe' is neither true nor false  write true, false or unknown"),
        ("dependencies: [{from: api, to: redis, call: synch}]", "call: 'synch' is none of the allowed words  write 'sync'"),
        ("dependencies: [{from: api, to: redis, latency: api}]", "latency: 'api' stands where keys belong  write latency: {call: …}"),
        ("dependencies: [{from: api, to: redis, policy: {bulkhead: {}}}]", "policy.bulkhead has no 'max_concurrent'  add max_concurrent: 10"),
        ("dependencies: [{from: api, to: redis, policy: {bulkhead: {max_concurrent: 0}}}]", "policy.bulkhead.max_concurrent: 0 is too small  write 1 or more"),
        ("dependencies: [{from: api, to: []}]", "to: is empty  name at least one"),
        ("dependencies: [{from: api}]", "the dependency 'api' has no 'to'  add to: db"),
        ("dependencies: [{from: api, to: redis, evidence: [{source: x, confidence: certain}]}]", "evidence.0.confidence: 'certain' is none of the allowed words  write one of: asked, configured, declared, inferred, observed, ordering"),
        ("journeys: [{id: checkout, deadline: 500ms}]", "the journey 'checkout' has no 'entry'  add entry: api, what the user touches"),
        ("journeys: [{id: j, entry: api, slo: 99}]", "slo: 99 is no share between 0 and 1 (0% and 100%)  write 99% if percent are meant, or none"),
        ("journeys: [{id: j, entry: api, value: -1}]", "value: -1 is too small  write 0 or more"),
        ("journeys: [{id: j, entry: api, value: .inf}]", "value: inf is no finite number  write a number such as 1.5"),
        ("common_causes: [{id: c, affects: ['api:home']}]", "affects.0: 'api:home' names an operation, a whole component belongs here  write 'api'"),
        # keys
        ("dependencies: [{from: api, to: redis, on_failrue: fail}]", "unknown key 'on_failrue'  write 'on_failure'"),
        ("dependencies: [{from: api, to: redis, timeout: 200ms}]", "unknown key 'timeout'  write policy: {timeout: …}"),
        ("dependencies: [{caller: api, from: api, to: redis}]", "unknown key 'caller'  write 'from'"),
        ("dependencies: [{from: api, to: redis, policy: {retry: {attempts: 2, max_attempts: 2}}}]", "unknown key 'attempts'  write 'max_attempts'"),
        ("depedencies: []", "unknown key 'depedencies'  write 'dependencies'"),
        ("journeys: {buy: {entry: api}}", "'journeys' is no list  write one entry a line, as in - {id: checkout, entry: api}"),
        ("journeys: [api]", "'api' is no entry of 'journeys'  write - {id: checkout, entry: api}"),
    ],
)  # fmt: skip
def test_each_mistake_is_named_with_its_line_and_the_way_out(entry: str, said: str) -> None:
    """One line a problem: where, what, and what to write instead."""
    assert lines(TWO + entry) == [f"system.yaml:6  {said}"]


@pytest.mark.parametrize(
    ("entry", "said"),
    [
        ("{id: api, instances: 2, min_up: 3}", "min_up is 3 of 2 instances, which can never be  write 2 or less"),
        ("{id: api, min_up: 2}", "min_up is 2, but how many instances run is unknown and counts as 1  add instances: 2 (or how many there are)"),
        ("{id: api, min_up: 4, placement: {a: 2, b: 1}}", "min_up is 4 of 3 instances, which can never be  write 3 or less"),
        ("{id: api, instances: 3, placement: {a: 1, b: 1}}", "placement sums to 2 (1 + 1), instances is 3  make them agree"),
        ("{id: api, placement: {api: 1}}", "the placement domain 'api' has the id of a component, at system.yaml:4  rename the domain or the component"),
        ("{id: api, instances: 0}", "instances: 0 is too small  write 1 or more"),
        ("{id: api, instances: true}", "instances: true is no number  write a number"),
        ("{id: api, kind: databse}", "kind: 'databse' is none of the allowed words  write 'database'"),
        ("{id: api, availability: 200%}", "availability: '200%' is no share between 0 and 1 (0% and 100%)  write a share such as 99.9%"),
        ("{id: api, concurrency: many}", "concurrency: 'many' is no whole number  write a whole number such as 3, or none"),
        ("{id: api, placement: zone-a}", "placement: 'zone-a' stands where keys belong  write placement: {key: …}"),
        ("{id: 42}", "id: 42 is a number, a text belongs here  write '42' in quotes"),
        ("{id: my api}", "id: 'my api' is no id  use letters, digits, '.', '_' and '-' only"),
        ("{kind: service}", "a component has no 'id'  add id: api"),
    ],
)  # fmt: skip
def test_components_that_cannot_be(entry: str, said: str) -> None:
    """What one component alone can have wrong."""
    assert lines(f"{HEAD}components:\n  - {entry}\n") == [f"system.yaml:4  {said}"]


def test_a_person_with_nine_mistakes_learns_of_nine() -> None:
    """A mistake in an entry does not hide the others, not even those in the same entry."""
    text = """\
auditkit: 1
system: shop
components:
  - id: api
    instances: two
    min_up: 3
  - id: db
    kind: databse
  - id: db
dependencies:
  - from: api
    to: dbb
    rate: 200
    policy: {timeout: 200, retry: {max_attempts: 0}}
journeys:
  - id: buy
    deadline: 500
    entry: apl
"""
    assert [problem.where.rpartition(":")[2] for problem in problems(text)] == ["5", "8", "9", "12", "13", "14", "14", "17", "18"]


def test_a_reference_to_a_component_with_a_mistake_is_no_second_mistake() -> None:
    """The component exists, whatever else is wrong with it."""
    text = TWO + "  - {id: db, kind: databse}\ndependencies: [{from: api, to: db}]\n"
    assert len(problems(text)) == 1


# ---------------------------------------------------------------------------------------------------- what is right


def test_operations_exist_where_they_are_named_and_domains_need_no_declaration() -> None:
    """Only the component part of a target must be declared."""
    system = gate(
        TWO.replace("{id: api}", "{id: api, placement: {zone-a: 1}}") + "dependencies: [{from: 'api:home', to: 'redis:get'}]"
    )
    assert system.dependencies[0].to == ("redis:get",)


def test_a_cause_and_a_placement_domain_of_one_name_are_one_thing() -> None:
    """`zone-a` may be placed in and declared, for its availability."""
    text = TWO.replace("{id: api}", "{id: api, placement: {zone-a: 1}}")
    assert gate(text + "common_causes: [{id: zone-a, kind: zone, affects: [redis]}]").common_causes[0].id == "zone-a"


def test_placement_tells_how_many_run_where_instances_are_unknown() -> None:
    """Their sum; that is no guess."""
    component = gate(f"{HEAD}components: [{{id: api, min_up: 2, placement: {{a: 2, b: 1}}}}]").component("api")
    assert component.instances == 3


def test_words_that_older_yaml_takes_for_truth_values_are_ids() -> None:
    """YAML 1.2: `on`, `no` and a date are text. A zone called 1 is a name as well."""
    system = gate(f"{HEAD}components: [{{id: on}}, {{id: no, placement: {{1: 2}}}}, {{id: 2026-01-31}}]")
    assert [component.id for component in system.components] == ["on", "no", "2026-01-31"]
    assert system.component("no").placement == {"1": 2}


def test_unknown_and_missing_are_the_same_and_none_is_something_else() -> None:
    """In every place where a key may be missing."""
    text = (
        TWO
        + "dependencies: [{from: api, to: redis, on_failure: unknown, call: unknown, policy: {timeout: none, retry: unknown}}]"
    )
    assert gate(TWO + "journeys: [{id: j, entry: api, completes: unknown, value: unknown}]").journeys[0].completes == ()
    policy = gate(text).dependencies[0].policy
    assert policy is not None
    assert policy != "none"
    assert (policy.timeout_s, policy.retry) == ("none", None)


def test_empty_sections_and_a_missing_version_are_fine() -> None:
    """A file that is just being written."""
    assert gate("system: shop\ncomponents:\ndependencies: unknown\n") == System(system="shop")


# ---------------------------------------------------------------------------------------------------- what is no such file


def alias_bomb() -> str:
    rows = [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(["a0: &a0 [lol, lol, lol]", *rows])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("", "system.yaml:1  is empty"),
        ("# nothing yet\n", "system.yaml:1  is empty"),
        ("- a\n- b\n", "system.yaml:1  holds a list where keys belong"),
        ("hello\n", "system.yaml:1  holds a single value ('hello') where keys belong"),
        ("system: shop\ncomponents: [\n", "is no YAML"),
        ("system: shop\n\tcomponents: []\n", "system.yaml:2  is no YAML: found character '\\t'"),
        ("system: shop\nsystem: other\n", "system.yaml:2  has the key 'system' twice (first in line 1)  keep one of them"),
        ("system: shop: x\n", "system.yaml:1  is no YAML"),
        ("system: 'shop\n", "close the quotes"),
        ("system: *shop\n", "system.yaml:1  '*shop' is defined nowhere"),
        ("system: &a [*a]\n", "'*a' refers to itself"),
        ("? [a, b]\n: c\n", "has a list or mapping as a key"),
        ("system: a\x00b\n", "holds a character that YAML does not allow"),
        ("a: 1\n---\nb: 2\n", "is a second YAML document in one file"),
        ("<<: 3\n", "merges with '<<' something that is no mapping"),
        (alias_bomb(), "aliases that stand for more than"),
        ("[" * 5000, f"is nested deeper than {MAX_DEPTH} levels"),
        ("a: " + "{b: " * 200 + "1" + "}" * 200, f"is nested deeper than {MAX_DEPTH} levels"),
        ("\n".join(" " * n + "a:" for n in range(200)), f"is nested deeper than {MAX_DEPTH} levels"),
        ("- " * 300 + "a", f"is nested deeper than {MAX_DEPTH} levels"),
        ("auditkit: 2\nfuture: yes\n", "system.yaml:1  was written in format version 2; this auditkit reads versions up to 1  upgrade auditkit"),
        ("auditkit: one\n", "system.yaml:1  'one' is no format version  write auditkit: 1"),
        ("auditkit: true\n", "is no format version"),
        ("auditkit: 1\n", "system.yaml:1  the system has no name  add a line such as system: shop"),
        ("system: 42\n", "system.yaml:1  system: 42 is no text  write '42' in quotes"),
    ],
)  # fmt: skip
def test_what_cannot_be_read_is_told_and_never_a_traceback(text: str, said: str) -> None:
    """Damaged, hostile and merely wrong files."""
    assert said in "\n".join(lines(text))


def test_a_file_of_fifty_megabytes_is_refused_before_it_is_parsed() -> None:
    """With its size and the limit in words."""
    assert lines("a" * 50_000_000) == ["system.yaml  has 50 MB; YAML is read up to 10 MB  split it, or export less of it"]
    assert MAX_BYTES == 10_000_000


def test_a_byte_order_mark_is_no_mistake() -> None:
    """Editors on Windows write it."""
    assert gate("\ufeffsystem: shop\n").system == "shop"


def test_windows_line_ends_keep_the_lines() -> None:
    """Lines are counted the same."""
    assert lines(TWO.replace("\n", "\r\n") + "journeys: [{id: j}]\r\n")[0].startswith("system.yaml:6  ")


@settings(max_examples=300, deadline=None)
@given(st.text(alphabet=st.sampled_from("ab:- \n[]{}&*!|>'\"%#,?@1.\t~<\\\r\ufeff\x07é")))
def test_no_text_whatever_ends_in_a_traceback(text: str) -> None:
    """Either it is a system, or the problems are told."""
    found = told(text)
    assert all(problem.where.startswith("system.yaml") for problem in found)


raw = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 300) | st.floats() | st.sampled_from(["api", "none", "unknown", "200ms", "a:b", "", "1%"]),
    lambda below: st.lists(below, max_size=3) | st.dictionaries(st.sampled_from(["id", "from", "to", "timeout", "policy", "x"]), below, max_size=3),
    max_leaves=6,
)  # fmt: skip


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(["components", "dependencies", "common_causes", "journeys", "questions"]),
    st.dictionaries(
        st.sampled_from(["id", "from", "to", "kind", "policy", "fallback", "affects", "entry", "placement", "min_up", "instances", "at_least",
                         "evidence", "completes", "buffer", "latency", "availability", "rate", "where", "what"]), raw, max_size=6),
)  # fmt: skip
def test_no_value_whatever_ends_in_a_traceback(section: str, entry: dict[str, object]) -> None:
    """Any shape in any place: it fits, or it is told."""
    text = block({"system": "s", section: [entry]})
    assert all(problem.where.startswith("system.yaml") and problem.remedy for problem in told(text))


# ---------------------------------------------------------------------------------------------------- other files, other versions


def test_older_files_are_brought_forward_step_by_step() -> None:
    """The mechanism, with steps that exist for this test only."""
    steps = {1: lambda data: {**data, "system": data["name"]}, 2: lambda data: {**data, "journeys": []}}
    assert migrate({"auditkit": 1, "name": "shop"}, "s.yaml", 1, steps, latest=3) == {
        "auditkit": 3, "name": "shop", "system": "shop", "journeys": [],
    }  # fmt: skip
    with pytest.raises(InputError, match="format version 1 is no longer read"):
        migrate({"auditkit": 1}, "s.yaml", 1, {}, latest=2)


def test_other_files_are_read_as_strictly() -> None:
    """`audit.yaml` and `decisions.yaml`: all problems, with their lines."""
    assert read_nouns("# nothing decided yet\n", "decisions.yaml", DecisionFile) == DecisionFile()
    with pytest.raises(InputError) as caught:
        read_nouns("auditkit: 1\nasumed_availability: 1\nfalse_timeout_target: 200%\ndate: soon\n", "audit.yaml", AuditFacts)
    assert [str(problem) for problem in caught.value.problems] == [
        "audit.yaml:2  unknown key 'asumed_availability'  write 'assumed_availability'",
        "audit.yaml:3  false_timeout_target: '200%' is no share between 0 and 1 (0% and 100%)  write a share such as 99.9%",
        "audit.yaml:4  date: 'soon' is no date  write a date such as 2026-01-31",
    ]
    with pytest.raises(InputError, match=r"decisions.yaml:1  was written in format version 7"):
        read_nouns("auditkit: 7\n", "decisions.yaml", DecisionFile)


def test_a_decision_needs_its_reason_at_the_gate_too() -> None:
    """With the line of the decision."""
    text = "decisions:\n  - about: unbounded_wait api -> db\n    choice: adopt\n    by: me\n"
    with pytest.raises(InputError, match=r"decisions.yaml:2  decisions.0 has no 'reason'  add reason: …"):
        read_nouns(text, "decisions.yaml", DecisionFile)


def test_a_line_is_found_for_every_key_however_it_is_written() -> None:
    """Block, flow, quoted, in lists of lists."""
    node = parse("a:\n  - b: {c: 1,\n        'd.e': 2}\n  -\n    - x\n", "f")
    assert [node.line_of("a", 0, "b", key) for key in ("c", "d.e", "missing")] == [2, 3, 2]
    assert node.line_of("a", 1, 0) == 5
