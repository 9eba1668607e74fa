"""Section 14: the plan's experiments as simulated, today and with the proposed settings."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections import Counter
from dataclasses import replace
from pathlib import Path

import html5lib
import pytest
from cli import auditkit, tree
from document_books import HOSTILE, shop_book
from simulated_books import BREAKER, CALL, TIMEOUT, WHY, simulated_book, trial

from auditkit.document import Book, document
from auditkit.exporters import all_exporters
from auditkit.project import folder as held


def written(book: Book, name: str) -> str:
    """One file of the document; Markdown without its escapes."""
    found = {a.path: a.content for a in document(book, (name.rpartition(".")[2],))}
    text = found[name].decode()
    return text.replace("\\", "") if name.endswith(".md") else text


def section(book: Book) -> str:
    """Section 14 in Markdown."""
    return written(book, "strategy.md").partition('<a id="experiments"></a>')[2].partition("\n## ")[2].partition("\n## ")[0]


def test_verdicts_stand_side_by_side_what_fails_first() -> None:
    """Counts in words, both verdicts, the shares that users got with their intervals, and why something fails."""
    told = section(simulated_book())
    assert "2 chaos experiments simulated" in told
    assert "(2 runs each, seeds 1 to 2)" in told
    assert "today: 1 holds, 1 fails; with the proposed settings: 1 holds, 1 fails" in told
    assert "home: 98 % (97 % to 99 %) → 0 % (0 % to 1 %)" in told
    assert "may stop: order; as before afterwards: within 36s" in told
    assert "home: 8.00% bad, bound 0.10%" in told
    assert told.index(BREAKER) < told.index(TIMEOUT)


def test_each_withheld_setting_says_why_it_is_not_exported() -> None:
    """In section 14, where the setting is proposed, and in the gaps of whatever would have exported it."""
    book = simulated_book()
    assert f"{CALL}`, circuit breaker: not exported as recommended, because {WHY}. Today's setting stays." in section(book)
    assert "What is left without these was not simulated as a whole" in section(book)
    assert "failed in simulation; [withheld: not exported](#withheld)" in written(book, "strategy.md")
    for target in ("istio", "resilience4j", "envoy", "dotnet", "failsafe-go", "python", "hystrix", "linkerd", "grpc"):
        _, gaps = all_exporters()[target].export(book.system, book.strategy)
        assert f"its circuit breaker is not exported as recommended, because {WHY}" in {g.what for g in gaps}


def test_what_somebody_adopted_is_exported_although_it_failed() -> None:
    """The document says so; no exporter calls it a gap."""
    book = simulated_book()
    policies = (book.strategy.policies[0].model_copy(update={"adopted": True}), *book.strategy.policies[1:])
    book = replace(book, strategy=book.strategy.model_copy(update={"policies": policies}))
    assert f"exported all the same, because somebody has adopted it, although {WHY}" in section(book)
    _, gaps = all_exporters()["resilience4j"].export(book.system, book.strategy)
    assert not any("not exported as recommended" in gap.what for gap in gaps)


def test_the_cost_while_all_is_well_and_what_cannot_be_left_out() -> None:
    """Before the fault, today beside proposed; proposals without which an experiment fails, and those that change nothing."""
    told = section(simulated_book())
    assert re.search(r"home \| +0.1 % \(0.05 % to 0.2 %\) \| +0.1 % .*300ms .*1.250", told)
    assert re.search(rf"`{CALL}` +\| +`{TIMEOUT}`", told)
    assert "No verdict changes without any one of the others: `api:order -> orders`" in told
    assert "queue unknown: without end: `recommendation`" in told


def test_the_answers_that_a_verdict_hangs_on_are_named() -> None:
    """How many verdicts survive both ends of what is not known; beside each answer that changes one, what it would be."""
    book = simulated_book()
    assert "low and at its high end" not in section(book)
    swept = (
        trial(TIMEOUT, "unknowns low", "fails", 0.5),
        trial(TIMEOUT, "assuming users-db: 2 workers", "holds", 0.0),
        trial(TIMEOUT, "assuming session-cache: 1 worker", "fails", 0.5),
        trial(TIMEOUT, "unknowns high", "holds", 0.0),
        trial(BREAKER, "unknowns low", "fails", 0.08),
        trial(BREAKER, "unknowns high", "fails", 0.08),
    )
    told = section(replace(book, strategy=book.strategy.model_copy(update={"trials": (*book.strategy.trials, *swept)})))
    assert "at its low and at its high end 1 of 2 verdicts on the proposed settings stay the same" in told
    assert re.search(rf"session-cache: 1 worker +\| .*{TIMEOUT}: fails", told)
    assert "users-db: 2 workers" not in told


def test_a_kept_run_is_a_picture_that_speaks() -> None:
    """In every format; the Markdown has a file and its words; pictures of one page share no id."""
    book = simulated_book()
    found = {a.path: a for a in document(book, ("md", "pdf", "docx"))}
    assert found["simulation-1.svg"].alt.startswith("today: before the fault 100.0% full; during 10.0% full, 90.0% error")
    assert found["simulation-1.svg"].alt in found["strategy.md"].content.decode().replace("\\", "")
    assert ET.fromstring(found["simulation-2.svg"].content).get("role") == "img"
    page = written(book, "strategy.html")
    svgs = re.findall(r"<svg .*?</svg>", page, flags=re.DOTALL)
    assert sum("second by second" in svg for svg in svgs) == 2
    ids = Counter(re.findall(r'\bid="([^"]+)"', page))
    assert [name for name, count in ids.items() if count > 1] == []
    assert set(re.findall(r"https?://[^\s\"'<)]+", page)) == {"http://www.w3.org/2000/svg"}
    assert "<style" not in "".join(svgs)
    html5lib.HTMLParser(strict=True).parse(page)


def test_equal_books_give_equal_bytes() -> None:
    """With pictures of runs, too."""
    for name in ("md", "html", "pdf", "docx"):
        assert document(simulated_book(), (name,)) == document(simulated_book(), (name,))


def test_hostile_names_stay_text() -> None:
    """In verdicts, in reasons, and in the pictures."""
    book = simulated_book()
    name = HOSTILE[:80]
    trials = tuple(t.model_copy(update={"experiment": name, "why": HOSTILE}) for t in book.strategy.trials[4:])
    strategy = book.strategy.model_copy(update={"trials": trials})
    runs = (book.runs[0].model_copy(update={"experiment": name}),)
    page = written(replace(book, strategy=strategy, runs=runs), "strategy.html")
    assert "<script>alert" not in page
    assert "&lt;script&gt;alert(1)" in page


def test_a_plan_that_nobody_has_simulated_says_so() -> None:
    """An empty slot like any other, with the command that fills it."""
    told = section(shop_book())
    assert "no experiment was simulated upon the inputs as they are now" in told
    assert "`auditkit simulate`" in told
    assert "Simulation, before and after" not in told


def test_what_was_withheld_is_told_though_no_pair_of_trials_is_left() -> None:
    """The links to the reasons lead somewhere, whatever an interrupted simulation has left."""
    book = simulated_book()
    book = replace(book, strategy=book.strategy.model_copy(update={"trials": book.strategy.trials[5:]}), runs=())
    assert "### Withheld" in section(book)
    assert document(book, ("pdf",))[0].content.startswith(b"%PDF")


SHOP = """\
auditkit: 1
system: shop
components:
  - {id: api, instances: 2, min_up: 1, failover: automatic, concurrency: 20, queue: 10}
  - {id: ads, instances: 2, min_up: 1, failover: automatic, concurrency: 20}
dependencies:
  - from: api
    to: ads
    on_failure: ignore
    rate: 40/s
    idempotent: true
    policy: {timeout: none, retry: none, circuit_breaker: none, bulkhead: none}
journeys:
  - {id: home, entry: api, deadline: 500ms, slo: 99%, rate: 40/s}
"""


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A shop that waits for its advertisements without end, measured, planned and simulated."""
    folder = tmp_path_factory.mktemp("simulated") / "shop"
    folder.mkdir()
    (folder / "system.yaml").write_text(SHOP, encoding="utf-8")
    rows = "".join(f"api,ads,{1_700_000_000 + i * 0.02:.2f},{20 + i % 50}\n" for i in range(3000))
    (folder / "calls.csv").write_text("caller,callee,start,duration_ms\n" + rows, encoding="utf-8")
    for command in (["latency", folder / "calls.csv", "--into", folder], ["plan", folder], ["simulate", folder]):
        assert auditkit(*command).code == 0
    return folder


def test_a_real_simulation_is_shown_and_written_again_byte_for_byte(shop: Path) -> None:
    """The run that the timeout mends is kept, drawn, and the same in the next export."""
    runs = held.runs(shop)
    assert [(run.journey, [s.settings for s in run.series]) for run in runs.runs] == [("home", ["today", "proposed"])]
    assert auditkit("export", shop, "--to", "md,html").code == 0
    text = (shop / "out" / "strategy.md").read_text(encoding="utf-8").replace("\\", "")
    assert "![today: before the fault" in text
    assert "### What the proposed settings cost while all is well" in text
    before = tree(shop)
    assert auditkit("export", shop, "--to", "md,html").code == 0
    assert tree(shop) == before


def test_a_run_upon_other_inputs_is_not_shown(shop: Path, tmp_path: Path) -> None:
    """Once the system has changed, the document asks to simulate again instead of showing what was."""
    text = (shop / "system.yaml").read_text(encoding="utf-8")
    try:
        (shop / "system.yaml").write_text(text.replace("queue: 10", "queue: 12"), encoding="utf-8")
        assert auditkit("export", shop, "--to", "md").code == 0
        told = (shop / "out" / "strategy.md").read_text(encoding="utf-8").replace("\\", "")
    finally:
        (shop / "system.yaml").write_text(text, encoding="utf-8")
    assert "no experiment was simulated upon the inputs as they are now" in told
    assert "![today: before the fault" not in told


def test_damaged_runs_are_said_in_one_line(shop: Path) -> None:
    """With what to do about it."""
    path = shop / "out" / "runs.json"
    whole = path.read_bytes()
    try:
        path.write_bytes(b"{")
        ran = auditkit("export", shop, "--to", "md")
    finally:
        path.write_bytes(whole)
    assert (ran.code, ran.err.count("\n")) == (2, 1)
    assert "delete it, and run: auditkit simulate" in ran.err
