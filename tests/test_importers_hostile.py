"""Files that are made to hurt, or saved by the wrong program: every format ends soon, in words."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from importer_seeds import OTHER_FORMS, SEEDS
from mutations import outcome

from auditkit.errors import InputError
from auditkit.importers import IMPORTERS, propose_journeys
from auditkit.importers.base import no_siblings
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
