"""The native file: read with its lines, written back so that only what changed in meaning changes in the text."""

from __future__ import annotations

import difflib
import logging
import random

import pytest
from failures_oracle import SITUATIONS, Situation
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from random_systems import random_system, systems

from auditkit.errors import InputError
from auditkit.importers import dump_yaml, load_yaml, read_nouns, update_yaml, validate
from auditkit.importers.yaml_edit import edited
from auditkit.importers.yaml_text import parse
from auditkit.importers.yaml_write import block, same
from auditkit.model.audit import AuditFacts, Decision, DecisionFile, Person
from auditkit.model.system import CommonCause, Component, Dependency, Fallback, Journey, Policy, System

steady = settings(max_examples=50, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow])

SHOP = """\
# The shop, as Ana and Bob know it.
# yaml-language-server: $schema=schemas/system.schema.json
auditkit: 1
system: shop          # our name for it

components:
  # what users see
  - id: api      # the front door
    kind: service
    instances: 3
    min_up: unknown    # ask Bob
    placement: {zone-a: 2,   zone-b: 1}
  - {id: db, kind: "database",   availability: 0.999}

  # the cache
  - id: redis
    kind: cache
    owner: |
      the cache
      people

dependencies:
- from: api:home
  to: db     # one way
  policy:
    timeout: 0.5s   # half a second
    retry: {max_attempts: 2, backoff: 50ms}
  rate: 12000/min
  call: sync
- from: api
  to: [redis]
  # that is all
journeys:
  - id: buy
    entry: 'api:home'
    deadline: 0.5s
    value: 3
# the end
"""


def system_of(text: str) -> System:
    return validate(load_yaml(text, "system.yaml"))


def changed(new: System, text: str = SHOP) -> list[str]:
    """The lines that writing `new` over `text` takes out and puts in."""
    after = dump_yaml(new, text)
    assert validate(load_yaml(after, "after")) == new
    lines = difflib.unified_diff(text.splitlines(), after.splitlines(), n=0, lineterm="")
    return [f"{line[0]} {line[1:]}" for line in lines if line[:1] in "+-" and line[:3] not in ("+++", "---")]


def with_component(system: System, index: int, **update: object) -> System:
    components = list(system.components)
    components[index] = components[index].model_copy(update=update)
    return system.model_copy(update={"components": tuple(components)})


# ---------------------------------------------------------------------------------------------------- reading


def test_a_file_is_read_as_the_nouns_say() -> None:
    """Every spelling of a figure means its number; `unknown` is a question."""
    system = system_of(SHOP)
    assert system.component("api").min_up is None
    assert system.component("db").availability == 0.999
    policy = system.dependencies[0].policy
    assert isinstance(policy, Policy)
    assert policy.timeout_s == 0.5
    assert system.dependencies[0].rate_per_s == 200
    assert system.journeys[0] == Journey(id="buy", entry="api:home", deadline_s=0.5, value=3)


def test_each_fact_knows_its_line() -> None:
    """Nested ones too; what has no line of its own has that of the thing around it."""
    draft = load_yaml(SHOP, "system.yaml")
    assert draft.components[0].where() == "system.yaml:8"
    assert draft.components[0].where("placement.zone-b") == "system.yaml:12"
    assert draft.dependencies[0].where("policy.timeout") == "system.yaml:26"
    assert draft.dependencies[0].where("policy.bulkhead.max_concurrent") == "system.yaml:25"


# ---------------------------------------------------------------------------------------------------- writing anew


@steady
@given(systems())
def test_a_written_system_is_read_back_the_same(system: System) -> None:
    """Whatever the model can say, the file can say."""
    text = dump_yaml(system)
    assert System.model_validate(parse(text, "written").value) == system
    try:
        through_the_gate = system_of(text)
    except InputError:
        return  # random groups name a target twice now and then, which the gate refuses
    assert through_the_gate == counted(system)


@pytest.mark.parametrize("situation", SITUATIONS, ids=lambda situation: situation.title)
def test_every_situation_with_a_known_answer_passes_the_gate(situation: Situation) -> None:
    """Written and read back, it is the same system, and writing it over itself changes nothing."""
    text = dump_yaml(situation.system)
    assert system_of(text) == counted(situation.system)
    assert dump_yaml(situation.system, text) == text


def counted(system: System) -> System:
    """The system with its instances counted where only their places are known, as the gate counts them."""
    known = (component.instances or sum((component.placement or {}).values()) or None for component in system.components)
    components = (c.model_copy(update={"instances": n}) for c, n in zip(system.components, known, strict=True))
    return system.model_copy(update={"components": tuple(components)})


def test_a_new_file_reads_like_the_documented_one() -> None:
    """Keys in the order of the nouns, units on every figure, entries as blocks, small things in one line."""
    system = System(
        system="shop",
        components=(
            Component(id="api", instances=3, placement={"zone-a": 2, "zone-b": 1}, availability=0.9995),
            Component(id="db", kind="database"),
        ),
        dependencies=(
            Dependency(
                caller="api:home",
                to=("db", "api:other"),
                at_least=1,
                on_failure="degrade",
                rate_per_s=200,
                fallback=Fallback(kind="cache", serves="popular items: yesterday's"),
                policy=Policy(timeout_s=0.2, retry="none"),
            ),
        ),
        common_causes=(CommonCause(id="pg-cluster", kind="shared-resource", affects=("db",)),),
        journeys=(Journey(id="buy", entry="api:home", deadline_s=0.5, slo=0.999),),
    )
    assert (
        dump_yaml(system)
        == """\
# yaml-language-server: $schema=schemas/system.schema.json
auditkit: 1
system: shop
components:
  - id: api
    instances: 3
    placement: {zone-a: 2, zone-b: 1}
    availability: 99.95%
  - id: db
    kind: database
dependencies:
  - from: api:home
    to: [db, "api:other"]
    at_least: 1
    on_failure: degrade
    fallback: {kind: cache, serves: "popular items: yesterday's"}
    rate: 200/s
    policy: {timeout: 200ms, retry: none}
common_causes:
  - id: pg-cluster
    kind: shared-resource
    affects: [db]
journeys:
  - id: buy
    entry: api:home
    deadline: 500ms
    slo: 99.9%
"""
    )


texts = st.text(max_size=12) | st.sampled_from(
    [
        *("no", "on", "y", "1", "1.5", "1e3", "0x1f", "1:30", "2026-01-31", "null", "~", "true", "none", "...", "---", "<<", "="),
        *("- a", "a: b", "a #b", "#", "*x", "&x", "!x", "%x", "@x", "`x", "'", '"', "\\", "?", "|", ">", "[a]", "{a}", "a,b"),
        *("a\nb", "\ttab", " x ", "x ", "é", "😀", "\x85", "\u2028", "\ufeff", "\ud800", ""),
    ]
)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | texts,
    lambda below: st.lists(below, max_size=4) | st.dictionaries(texts, below, max_size=4),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.dictionaries(texts, values, min_size=1, max_size=4))
def test_whatever_is_written_is_read_back(data: dict[str, object]) -> None:
    """Any text, any figure, any nesting: quotes where they are needed."""
    assert same(parse(block(data), "written").value, data)


# ---------------------------------------------------------------------------------------------------- writing over


def test_writing_what_the_file_says_changes_no_byte() -> None:
    """Own spellings, comments, blank lines, alignment, `unknown`: all as it was."""
    assert dump_yaml(system_of(SHOP), SHOP) == SHOP


def test_a_changed_figure_changes_its_own_place_only() -> None:
    """The comment beside it stays, and so does everything else on the line."""
    assert changed(with_component(system_of(SHOP), 0, min_up=2, kind="gateway")) == [
        "-     kind: service",
        "+     kind: gateway",
        "-     min_up: unknown    # ask Bob",
        "+     min_up: 2    # ask Bob",
    ]


def test_inside_brackets_only_the_value_moves() -> None:
    """Flow style stays flow style, with its own blanks and quotes."""
    assert changed(with_component(system_of(SHOP), 1, availability=0.99, owner="dba")) == [
        '-   - {id: db, kind: "database",   availability: 0.999}',
        '+   - {id: db, kind: "database",   availability: 99%, owner: dba}',
    ]


def test_a_block_of_text_is_replaced_as_one() -> None:
    """And what follows it stays where it was."""
    assert changed(with_component(system_of(SHOP), 2, owner="blue team")) == [
        "-     owner: |",
        "-       the cache",
        "-       people",
        "+     owner: blue team",
    ]


def test_new_entries_go_to_the_end_of_their_list() -> None:
    """In the style of their neighbour, and before the next section."""
    system = system_of(SHOP)
    queue = Component(id="jobs", kind="queue", instances=2)
    call = Dependency(caller="api", to="jobs", policy=Policy(timeout_s=0.1))
    new = system.model_copy(update={"components": (*system.components, queue), "dependencies": (*system.dependencies, call)})
    assert changed(new) == [
        "+   - id: jobs",
        "+     kind: queue",
        "+     instances: 2",
        "+ - from: api",
        "+   to: jobs",
        "+   policy: {timeout: 100ms}",
    ]


def test_removed_entries_go_and_comments_of_people_stay() -> None:
    """What a person wrote on a line of its own is not ours to delete."""
    system = system_of(SHOP)
    new = system.model_copy(update={"components": system.components[:2], "dependencies": system.dependencies[:1]})
    assert changed(new) == [
        "-   - id: redis",
        "-     kind: cache",
        "-     owner: |",
        "-       the cache",
        "-       people",
        "- - from: api",
        "-   to: [redis]",
    ]


def test_the_first_entry_can_go() -> None:
    """The dash it stood at is the next one's."""
    text = "system: s\ncomponents:\n  - id: a   # first\n    kind: cache\n  - id: b   # second\n"
    assert changed(System(system="s", components=(Component(id="b"),)), text) == ["-   - id: a   # first", "-     kind: cache"]


def test_a_section_can_be_added_and_emptied() -> None:
    """New sections in our order, an emptied one stays as an empty list."""
    system = system_of(SHOP)
    new = system.model_copy(update={"common_causes": (CommonCause(id="rack", affects=("db", "redis")),), "journeys": ()})
    assert changed(new) == [
        "+ common_causes:",
        "+   - id: rack",
        "+     affects: [db, redis]",
        "- journeys:",
        "-   - id: buy",
        "-     entry: 'api:home'",
        "-     deadline: 0.5s",
        "-     value: 3",
        "+ journeys: []",
    ]


def test_an_empty_file_of_ours_is_filled_in_place() -> None:
    """What `auditkit new` writes keeps its comments when the first import comes."""
    text = (
        "# yaml-language-server: $schema=schemas/system.schema.json\n# hello\nauditkit: 1\nsystem: s\n"
        "components: []   # none yet\n"
        "journeys: []\n"
    )
    after = dump_yaml(System(system="s", components=(Component(id="a"),), journeys=(Journey(id="j", entry="a"),)), text)
    assert after == (
        "# yaml-language-server: $schema=schemas/system.schema.json\n# hello\nauditkit: 1\nsystem: s\ncomponents:   # none yet\n"
        "  - id: a\njourneys:\n  - id: j\n    entry: a\n"
    )


def test_lists_on_several_lines_inside_brackets_stay_so() -> None:
    """JSON is YAML; people paste it."""
    text = '{"system": "s",\n "components": [\n   {"id": "a"},\n   {"id": "b"}\n ]}\n'
    new = System(system="s", components=(Component(id="a"), Component(id="b", kind="cache"), Component(id="c")))
    assert dump_yaml(new, text) == (
        '{"system": "s",\n "components": [\n   {"id": "a"},\n   {"id": "b", kind: cache},\n   {id: c}\n ]}\n'
    )


def test_line_ends_and_a_byte_order_mark_of_windows_survive() -> None:
    """Only the changed figure is different."""
    text = "\ufeffsystem: s\r\ncomponents:\r\n  - id: a   # x\r\n    instances: 1\r\n"
    after = dump_yaml(System(system="s", components=(Component(id="a", instances=2),)), text)
    assert after == text.replace("instances: 1", "instances: 2")


def test_a_file_without_line_end_can_grow() -> None:
    """The new entry starts on a line of its own."""
    after = dump_yaml(System(system="s", components=(Component(id="a"), Component(id="b"))), "system: s\ncomponents:\n  - id: a")
    assert after == "system: s\ncomponents:\n  - id: a\n  - id: b"


def test_anchors_and_aliases_survive_where_nothing_changes() -> None:
    """What an alias stands for is changed at the alias, not at its source."""
    text = "system: s\ncomponents:\n  - {id: a, placement: &two {z: 1, y: 1}}\n  - {id: b, placement: *two}\n"
    assert dump_yaml(system_of(text), text) == text
    system = with_component(system_of(text), 1, placement={"z": 2}, instances=2)
    after = dump_yaml(system, text)
    assert "placement: &two {z: 1, y: 1}" in after
    assert "placement: {z: 2}" in after


def test_what_cannot_be_cut_is_written_anew_and_said(caplog: pytest.LogCaptureFixture) -> None:
    """Better a file without its comments than one that says something else."""
    with caplog.at_level(logging.WARNING):
        after = edited("a: &x 1\nb: *x\n", parse("a: &x 1\nb: *x\n", "before"), {"a": 2, "b": 1})
    assert parse(after, "after").value == {"a": 2, "b": 1}
    assert "written anew" in caplog.text


@settings(steady, phases=(Phase.generate,))
@given(st.integers(0, 2**32 - 1), st.integers(0, 2**32 - 1))
def test_any_change_is_written_and_comments_above_sections_stay(one: int, other: int) -> None:
    """From any system's commented file to any other system: it means the new one, and nothing had to be written anew."""
    before, after = random_system(one), random_system(other)
    draw = random.Random(one)
    text = "".join(f"{line}{draw.choice(('', '   # beside'))}\n" for line in dump_yaml(before).splitlines())
    for section in ("components:", "dependencies:", "journeys:"):
        text = text.replace(section, f"# above all {section}\n{section}")
    written = dump_yaml(after, text)
    assert same_but_for_order(counted(System.model_validate(parse(written, "written").value)), counted(after))
    assert written.count("# above all") == text.count("# above all") == 3
    assert dump_yaml(after, written) == written


def same_but_for_order(one: System, other: System) -> bool:
    """Equal entries, in any order."""
    for section in ("components", "dependencies", "common_causes", "journeys"):
        left = list(getattr(other, section))
        for entry in getattr(one, section):
            if entry not in left:
                return False
            left.remove(entry)
        if left:
            return False
    return True


# ---------------------------------------------------------------------------------------------------- other files


def test_other_files_are_written_with_the_same_care() -> None:
    """`audit.yaml` with comments; a new one names its schema."""
    text = "auditkit: 1\ntitle: Shop   # working title\npeople:\n  - name: Ana   # leads\nassumed_availability: 0.999\n"
    facts = read_nouns(text, "audit.yaml", AuditFacts)
    assert update_yaml(text, facts) == text
    more = facts.model_copy(update={"people": (*facts.people, Person(name="Bob", role="SRE")), "owner": "ops"})
    assert update_yaml(text, more) == (
        "auditkit: 1\ntitle: Shop   # working title\nowner: ops\npeople:\n  - name: Ana   # leads\n  - name: Bob\n    role: SRE\n"
        "assumed_availability: 0.999\n"
    )
    first = "# yaml-language-server: $schema=schemas/audit.schema.json\nauditkit: 1\n"
    assert update_yaml(None, AuditFacts(title="x")).startswith(first)


def test_decisions_are_added_and_stay_as_they_were_written() -> None:
    """A new decision is a new block; the old ones keep their words."""
    text = "# what we decided\ndecisions:\n  - {about: a b, choice: adopt, reason: 'because', by: Ana}   # 3 May\n"
    held = read_nouns(text, "decisions.yaml", DecisionFile)
    new = Decision(about="c d", choice="defer", reason="no time: later", by="Bob")
    written = update_yaml(text, DecisionFile(decisions=(*held.decisions, new)))
    assert written == text + '  - {about: c d, choice: defer, reason: "no time: later", by: Bob}\n'
    assert read_nouns(written, "decisions.yaml", DecisionFile).decisions == (*held.decisions, new)


def test_a_file_of_comments_only_keeps_them() -> None:
    """The first entry comes below."""
    written = update_yaml(
        "# decided so far\n", DecisionFile(decisions=(Decision(about="a", choice="adopt", reason="r", by="b"),))
    )
    assert written.startswith("# decided so far\nauditkit: 1\ndecisions:\n")
