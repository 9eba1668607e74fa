"""Files that cannot be used: every source, every kind of damage, through the command line. One line, exit code 2, no change."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping

import latency_writers as writers
import pytest
from cli import auditkit, tree

from auditkit.latency import SOURCES

FOUND = writers.calls(600)
WRITTEN: Mapping[str, tuple[str, bytes]] = {
    source: (name, text if isinstance(text := write(FOUND), bytes) else text.encode())
    for source, (name, write) in writers.ONE_OF_EACH.items()
}
AUDIT = "auditkit: 1\nsystem: shop\ncomponents:\n- {id: web}\n- {id: shop}\ndependencies:\n- {from: web, to: shop}\n"


@pytest.fixture
def audit(tmp_path):
    """An audit that already holds a good export and its profiles."""
    folder = tmp_path / "audit"
    folder.mkdir()
    (folder / "system.yaml").write_text(AUDIT)
    (tmp_path / "good.csv").write_text(writers.samples_csv(FOUND))
    assert auditkit("latency", tmp_path / "good.csv", "--into", folder).code == 0
    return folder


def options(source: str) -> list[str]:
    unit = writers.UNIT_ASKED.get(source)
    return ["--unit", unit] if unit else []


def refused(audit, path, *more: str) -> str:
    """The one line of error; the audit is as it was."""
    before = tree(audit)
    ran = auditkit("latency", path, "--into", audit, *more)
    assert ran.code == 2, ran.out
    assert tree(audit) == before
    (line,) = ran.err.strip().splitlines()
    assert "Traceback" not in line
    return line


def test_every_source_has_a_file_here():
    """A new source brings its example."""
    assert set(writers.ONE_OF_EACH) == set(SOURCES)


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_the_undamaged_file_is_read_by_its_content(audit, source):
    """So that what follows is about the damage."""
    name, content = WRITTEN[source]
    (audit.parent / name).write_bytes(content)
    ran = auditkit("latency", audit.parent / name, "--json", *options(source))
    assert ran.code == 0, ran.err
    n = sum(call["n"] for call in ran.json["calls"])
    assert n == 0 if source == "percentiles" else 580 <= n <= 600


def cut_in_a_record(content: bytes) -> bytes:
    """Cut off inside a word that is not the last of its record."""
    half = content[: len(content) * 3 // 5]
    words = list(re.finditer(rb"[0-9A-Za-z.]{4,}", half))
    last = words[-1] if b"\n" in half[words[-2].end() : words[-1].start()] else words[-2]
    return half[: last.start() + 1]


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_truncated(audit, source):
    """A transfer that broke off in the middle of a record."""
    name, content = WRITTEN[source]
    path = audit.parent / name
    path.write_bytes(cut_in_a_record(content))
    assert name in refused(audit, path, "--format", source, *options(source))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_truncated_inside_its_compression(audit, source):
    """A .gz that broke off."""
    import gzip

    name, content = WRITTEN[source]
    path = audit.parent / f"{name}.gz"
    path.write_bytes(gzip.compress(content)[:-20])
    assert name in refused(audit, path, "--format", source, *options(source))


@pytest.mark.parametrize("content", [b"", b" \n\n \n"], ids=["nothing", "blank"])
@pytest.mark.parametrize("source", sorted(SOURCES))
def test_empty(audit, source, content):
    """No byte, or nothing but blanks."""
    path = audit.parent / WRITTEN[source][0]
    path.write_bytes(content)
    assert "is empty" in refused(audit, path, "--format", source, *options(source))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_binary(audit, source):
    """Bytes that are no text, under the format's name, and after a good beginning."""
    name, content = WRITTEN[source]
    path = audit.parent / name
    for damaged in (
        bytes(range(256)) * 99,
        content[: len(content) // 2] + b"\xff\xfe\x00\x80" * 50 + content[len(content) // 2 :],
    ):
        path.write_bytes(damaged)
        assert name in refused(audit, path, "--format", source, *options(source))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_of_another_format(audit, source):
    """A letter, a JSON document, a table, and another source's export under this one's name."""
    other = "locust" if source != "locust" else "gatling"
    for name, content in (
        ("letter.txt", b"Dear reader,\nthis is no export.\n"),
        ("package.json", json.dumps({"name": "shop", "version": 1, "data": [1, None, {"x": []}]}).encode()),
        ("stock.csv", b"article,price\nshoe,12\nhat,7\n"),
        WRITTEN[other],
    ):
        path = audit.parent / f"foreign-{name}"
        path.write_bytes(content)
        assert name in refused(audit, path, "--format", source, *options(source))


@pytest.mark.parametrize("source", sorted(SOURCES))
def test_a_unit_that_contradicts_the_file(audit, source):
    """The format or the file tells its unit; another one is a misunderstanding. Where neither tells it, `min` is no unit."""
    name, content = WRITTEN[source]
    path = audit.parent / name
    path.write_bytes(content)
    wrong = "min" if source in {*writers.UNIT_ASKED, "wrk", "ztunnel", "access-log"} else "us" if source == "ab" else None
    refused(audit, path, "--unit", wrong or ("s" if source not in ("hey", "oha", "fortio", "alb", "prometheus") else "ms"))


def later_half(pattern: str, change: Callable[[re.Match[str]], str]) -> Callable[[str], str]:
    def changed(text: str) -> str:
        half = len(text) // 2
        at = text.index("\n", half) if "\n" in text[half:-1] else half
        return text[:at] + re.sub(pattern, change, text[at:])

    return changed


def thousandth(match: re.Match[str]) -> str:
    return match[0][:-3]


MIXED: Mapping[str, Callable[[str], str]] = {
    "csv": lambda text: text.replace("duration_ms", "duration_us").replace(",outcome", ",duration_ms"),
    "percentiles": lambda text: text.replace("p50_ms", "p50_us"),
    "span-csv": later_half(r"\b17000\d{14}\b", thousandth),
    "jaeger": later_half(r"\b17000\d{11}\b", thousandth),
    "otlp": later_half(r"\b17000\d{14}\b", thousandth),
    "zipkin": later_half(r"\b17000\d{11}\b", thousandth),
    "wrk": lambda text: text.replace("ms\n     75", "xs\n     75").replace("     99", "     9x"),
}
"""The second half in a thousandth of the unit, or a column beside it in another one."""


@pytest.mark.parametrize("source", sorted(MIXED))
def test_mixed_units(audit, source):
    """Two units in one file."""
    name, content = WRITTEN[source]
    path = audit.parent / name
    path.write_text(MIXED[source](content.decode()))
    assert name in refused(audit, path, "--format", source, *options(source))
