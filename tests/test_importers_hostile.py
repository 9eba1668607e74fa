"""Files that are made to hurt, or saved by the wrong program: every format ends soon, in words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from importer_seeds import OTHER_FORMS, SEEDS
from mutations import outcome

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, propose_journeys, validate
from auditkit.importers.base import no_siblings
from auditkit.importers.yaml_text import parse
from auditkit.model.system import Component, Dependency, System
from auditkit.project.importing import import_files

FORMS = [*SEEDS.items(), *OTHER_FORMS.items()]
NAMES = [name for _, (name, _) in FORMS]
LIMITS = {"native": "10 MB", "edge-list": "2 MB", "jaeger": "60 MB", "graphml": "20 MB", "dot": "10 MB", "mermaid": "2 MB"}
"""Longest text of some formats, as the message says it."""


@pytest.mark.parametrize("format", IMPORTERS)
@pytest.mark.parametrize(
    "piece",
    [
        "\n",
        " ",
        "\t\n",
        "{",
        "[",
        '"',
        "- ",
        "a: ",
        "---\n",
        "# x\n",
        "/*\n",
        "```mermaid\n",
        "graph\n",
        "kind:\n",
        "services:\n",
    ],
)
def test_no_text_keeps_detection_busy(format: str, piece: str) -> None:
    """Much of one thing, before and after a file of another format (blank lines once took the square of their number)."""
    long = piece * (200_000 // len(piece))
    start = time.process_time()
    for text in (long, long + SEEDS["backstage"][1], SEEDS["kubernetes"][1] + long):
        IMPORTERS[format].detect("file.txt", text)
    assert time.process_time() - start < 3


@pytest.mark.parametrize(("format", "seed"), FORMS, ids=NAMES)
def test_100_megabytes_are_refused_with_the_limit(format: str, seed: tuple[str, str]) -> None:
    """Before anything of it is read, with the longest that would be."""
    name, text = seed
    with pytest.raises(InputError, match=f"has 100 MB; .* read up to {LIMITS.get(format, '')}"):
        IMPORTERS[format].read(text + "\n" * (100_000_000 - len(text)), name, no_siblings)


@pytest.mark.parametrize("format", ["kubernetes", "jaeger"])
def test_a_file_of_100_megabytes_leaves_nothing_behind(format: str, tmp_path: Path) -> None:
    """The whole way from the disk; finding out what it is takes no time either."""
    name, text = SEEDS[format]
    (tmp_path / name).write_text(text + "\n" * (100_000_000 - len(text)), encoding="utf-8")
    with pytest.raises(InputError, match="has 100 MB"):
        import_files([tmp_path / name], tmp_path / "audit")
    assert not (tmp_path / "audit").exists()


@pytest.mark.parametrize("encoding", ["latin-1", "utf-16", "utf-16-be", "cp1252"])
@pytest.mark.parametrize(("format", "seed"), FORMS, ids=NAMES)
def test_what_is_not_utf_8_is_refused_with_its_line(format: str, seed: tuple[str, str], encoding: str, tmp_path: Path) -> None:
    """The remedy is to save it as UTF-8; nothing is guessed."""
    path = tmp_path / Path(seed[0]).name
    path.write_bytes((seed[1] + "\n# Bestellübersicht\n").encode(encoding))
    with pytest.raises(InputError, match=r":\d+  (is not UTF-8 text|.*character)"):
        import_files([path], tmp_path / "audit")


@pytest.mark.parametrize(("format", "seed"), FORMS, ids=NAMES)
def test_tabs_for_spaces_are_read_or_refused_with_their_line(format: str, seed: tuple[str, str]) -> None:
    """YAML forbids them; everybody else takes them."""
    name, text = seed
    with_tabs = "\n".join("\t" * (len(line) - len(line.lstrip(" "))) + line.lstrip(" ") for line in text.split("\n"))
    said = outcome(IMPORTERS[format], with_tabs, name)
    assert not isinstance(said, str) or f"{name}:" in said


@pytest.mark.parametrize("sign", ["[", '{"a":', "(", "<a>", '"', "a: {"])
@pytest.mark.parametrize(("format", "seed"), FORMS, ids=NAMES)
def test_nesting_without_end_is_refused(format: str, seed: tuple[str, str], sign: str) -> None:
    """Thirty thousand brackets, alone and behind a file that is fine."""
    name, text = seed
    for made in (sign * 30_000, text + sign * 30_000):
        start = time.process_time()
        outcome(IMPORTERS[format], made, name)
        assert time.process_time() - start < 5


CROWDED = {
    "jaeger": ("t.json", '{"data":[' + "{}," * 1_600_000 + "{}]}", "values; traffic is read up to 3,000,000"),
    "otlp": ("t.json", '{"resourceSpans":[]}\n' * 1_000_001, "has more than 1,000,000 lines of JSON|values; traffic is read"),
    "call-counts": ("d.json", "[" + '{"parent":"a","child":"b","callCount":1},' * 300_000 + "{}]", "has 300,001 entries"),
    "kubernetes": ("k.yaml", "kind: List\nitems:\n" + "- {}\n" * 700_000, "values; YAML is read up to 1,000,000 values"),
    "native": ("system.yaml", "auditkit: 1\nx: [" + "0," * 1_100_000 + "0]", "values; YAML is read up to 1,000,000 values"),
    "compose": ("compose.yaml", "services:\n" + "".join(f"  k{n}: {{}}\n" for n in range(20_001)), "has 20,001 services"),
    "dot": ("g.dot", "digraph {" + ";".join(f"a{n}" for n in range(50_001)) + "}", "g.dot:1  draws more than 50,000 nodes"),
    "mermaid": ("g.mmd", "graph LR\n" + "\n".join(f"a{n}" for n in range(50_001)), "draws more than 50,000 nodes"),
    "graphml": ("g.graphml", "<graphml><graph>" + "<a>" * 500_001, "holds some 500,003 tags"),
    "edge-list": ("e.csv", "from,to\n" + "a,b\n" * 50_001, "has 50,002 lines; edge lists are read up to 50,000"),
    "hystrix": ("h.properties", "a.b=1\n" * 400_000, "settings are read up to 2 MB"),
}  # fmt: skip
"""Files within the longest text of their format that hold more than a map can: each took a minute or gigabytes."""


@pytest.mark.parametrize("format", CROWDED)
def test_short_files_with_too_much_in_them_are_refused(format: str) -> None:
    """Characters are not what costs: what is built of them is counted as well."""
    name, text, said = CROWDED[format]
    start = time.process_time()
    with pytest.raises(InputError, match=said):
        IMPORTERS[format].read(text, name, no_siblings)
    assert time.process_time() - start < 5


def test_a_recording_of_names_made_up_for_each_request_is_refused() -> None:
    """A hundred thousand different calls are no map."""
    rows = ",".join(f'{{"parent":"a","child":"b{n}","callCount":1}}' for n in range(100_001))
    with pytest.raises(InputError, match="shows 100,001 different calls of 100,002 workloads"):
        IMPORTERS["call-counts"].read(f"[{rows}]", "d.json", no_siblings)


def test_more_components_than_a_map_takes_are_refused(tmp_path: Path) -> None:
    """Whatever they were read from."""
    (tmp_path / "w.mmd").write_text("graph LR\n" + "\n".join(f"a{n}" for n in range(20_001)))
    with pytest.raises(InputError, match="holds 20,001 components; the map takes 20,000"):
        import_files([tmp_path / "w.mmd"], tmp_path / "audit")


def test_of_a_million_problems_a_thousand_are_told() -> None:
    """And that there are more."""
    draft = IMPORTERS["native"].read("auditkit: 1\nsystem: s\ncomponents:\n" + "- {a: b}\n" * 2_000, "system.yaml", no_siblings)
    with pytest.raises(InputError) as caught:
        validate(draft)
    assert len(caught.value.problems) == 1_001
    assert "more problems" in caught.value.problems[-1].what


def test_a_large_mapping_is_searched_in_no_time() -> None:
    """Finding the line of each of its keys once took the square of their number."""
    text = "".join(f"k{n}: b\n" for n in range(40_000))
    start = time.process_time()
    node = parse(text, "x.yaml")
    assert [node.line_of(f"k{n}") for n in range(40_000)] == list(range(1, 40_001))
    assert time.process_time() - start < 3


@pytest.mark.parametrize("seed", SEEDS.values(), ids=SEEDS)
@pytest.mark.parametrize("kind", ["empty", "blank", "folder", "link to nothing", "not there", "no text"])
def test_what_is_no_such_file_is_told_in_one_line(seed: tuple[str, str], kind: str, tmp_path: Path) -> None:
    """And nothing is left behind."""
    path = tmp_path / Path(seed[0]).name
    if kind in ("empty", "blank"):
        path.write_text("" if kind == "empty" else " \n\t\n")
    elif kind == "folder":
        path.mkdir()
    elif kind == "link to nothing":
        path.symlink_to(tmp_path / "gone")
    elif kind == "no text":
        path.write_bytes(b"\x00\x01\x02" * 50)
    with pytest.raises(InputError) as caught:
        import_files([path], tmp_path / "audit")
    assert all(str(problem).count("\n") == 0 for problem in caught.value.problems)
    assert not (tmp_path / "audit").exists()


def test_a_file_without_an_end_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Such as a device: reading stops at the limit."""
    monkeypatch.setattr("auditkit.project.files.LARGEST_INPUT", 2_000_000)
    with pytest.raises(InputError, match="has more than 2 MB"):
        import_files([Path("/dev/zero")], tmp_path / "audit")


def test_what_cannot_be_read_is_refused(tmp_path: Path) -> None:
    """With the reason of the operating system; there are files that not even root may read."""
    with pytest.raises(InputError, match="cannot be read: Input/output error"):
        import_files([Path("/proc/self/mem")], tmp_path / "audit")


def test_a_map_too_large_to_be_read_again_is_not_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It would lock its owner out; what is in the folder stays as it was."""
    monkeypatch.setattr("auditkit.importers.yaml_text.MAX_BYTES", 2_000)
    (tmp_path / "calls.csv").write_text("from,to\n" + "".join(f"a{n},b{n}\n" for n in range(30)))
    with pytest.raises(InputError, match=r"system\.yaml  would have .* import fewer files, or fewer calls"):
        import_files([tmp_path / "calls.csv"], tmp_path / "audit")
    assert not (tmp_path / "audit").exists()


def test_journeys_of_a_large_system_in_circles_are_found_at_once() -> None:
    """Three thousand components that all are called by some other (finding who reaches most once took the square of that)."""
    many = tuple(Component(id=f"s{n}") for n in range(3_000))
    calls = tuple(
        Dependency(caller=f"s{n}", to=f"s{(n + step) % 1_000 + n // 1_000 * 1_000}") for n in range(3_000) for step in (1, 7)
    )
    start = time.process_time()
    found = propose_journeys(System(system="big", components=many, dependencies=calls)).journeys
    assert time.process_time() - start < 3
    assert [journey.entry for journey in found] == ["s0", "s1000", "s2000"]


ENTITIES = "".join(f'<!ENTITY a{n} "&a{n - 1};&a{n - 1};">' for n in range(1, 40))
CONSTANTS = "".join(f'  !const x{n} "${{x{n - 1}}}${{x{n - 1}}}"\n' for n in range(1, 40))
ARCHETYPES = "".join(f"  a{n} = a{n - 1} {{\n" + "tags x\n" * 40 + "}\n" for n in range(1, 40))
MANY = [" ".join(f"{letter}{n}" for n in range(400)) for letter in "ab"]
BOMBS = {
    "graphml": ("g.graphml", f'<!DOCTYPE l [<!ENTITY a0 "aa">{ENTITIES}]><graphml><graph/></graphml>', "document type"),
    "structurizr": ("w.dsl", f"workspace {{\n!const x0 aaaaaaaa\n{CONSTANTS}}}", r"w.dsl:2\d  stands for more than 5,000,000"),
    "structurizr archetypes": ("w.dsl", f"workspace {{\nmodel {{\narchetypes {{\n{ARCHETYPES}}}\n}}\n}}", "than 1,000 lines"),
    "dot": ("g.dot", f"digraph {{ {{{MANY[0]}}} -> {{{MANY[1]}}} }}", "100,000 edges"),
    "mermaid": ("g.mmd", "graph LR\n" + " --> ".join(part.replace(" ", " & ") for part in MANY), "100,000 arrows"),
}  # fmt: skip
"""A few lines that stand for very many, of formats that are no YAML (those are in `test_importers_fuzz.py`)."""


@pytest.mark.parametrize("bomb", BOMBS)
def test_a_few_lines_cannot_stand_for_millions(bomb: str) -> None:
    """Each format's own way of saying much with little has a limit."""
    name, text, said = BOMBS[bomb]
    with pytest.raises(InputError, match=said):
        IMPORTERS[bomb.partition(" ")[0]].read(text, name, no_siblings)


CIRCLES = {
    "compose extends": ("compose", "compose.yaml", "services: {a: {extends: b}, b: {extends: {service: a}}}", "extends"),
    "compose include": ("compose", "compose.yaml", "include: [compose.yaml]\nservices: {a: {image: x}}", "again"),
    "structurizr include": ("structurizr", "w.dsl", "workspace {\n model {\n !include w.dsl\n }\n}", "includes itself"),
    "native alias": ("native", "system.yaml", "auditkit: 1\nsystem: x\ncomponents: &c [*c]", "refers to itself"),
}


@pytest.mark.parametrize("circle", CIRCLES)
def test_what_contains_itself_is_said_once(circle: str) -> None:
    """Whatever one file can take in of another, or of itself."""
    importer, name, text, said = CIRCLES[circle]
    try:
        problems = [str(p.what) for p in IMPORTERS[importer].read(text, name, lambda relative: text).problems]
    except InputError as error:
        problems = [str(error)]
    assert any(said in problem for problem in problems)
    assert len(set(problems)) <= 2


def test_base_configurations_in_a_circle_end() -> None:
    """resilience4j: each figure is taken from the first configuration that has it."""
    text = (
        "spring.application.name=web\nresilience4j.retry.configs.a.baseConfig=b\nresilience4j.retry.configs.b.baseConfig=a\n"
        "resilience4j.retry.configs.b.maxAttempts=4\nresilience4j.retry.instances.db.baseConfig=a\n"
    )
    (found,) = IMPORTERS["resilience4j"].read(text, "application.properties", no_siblings).dependencies
    assert found.data["policy"]["retry"]["max_attempts"] == 4
