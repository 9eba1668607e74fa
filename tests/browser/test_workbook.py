"""The workbook in a real browser, as a new user opens it: click, answer, upload, move, run, decide, write, read.

Needs Debian's Chromium and playwright's Python package (no browser of its own); skipped in words where either is missing.
Screenshots are kept in the folder that AUDITKIT_SCREENSHOTS names.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from workbook import Workbook, opened

from auditkit.project import Audit

MOST_S = 60
"""From starting the workbook to the first finding: twice what it promises, for a machine that is busy with other tests."""


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbook]:
    place = tmp_path_factory.mktemp("browser")
    with opened(Audit.new(place / "shop", sample="worked-example"), place) as made:
        yield made


def test_a_new_user_sees_the_first_finding_soon(workbook: Workbook) -> None:
    """The bare address opens 00_start alone, without news; after Run All Cells the gravest finding stands on the screen."""
    page = workbook.page
    page.goto(f"http://127.0.0.1:{workbook.port}/")
    workbook.run_all()
    finding = page.locator(".jp-OutputArea-output", has_text="alone, when slow, takes all workers of api").first
    finding.scroll_into_view_if_needed()
    finding.wait_for()
    took_s = time.monotonic() - workbook.started
    (workbook.screenshots / "first-finding.txt").write_text(f"{took_s:.1f} s from the start to the first finding on the screen\n")
    workbook.keep("first-finding")
    assert page.url.endswith("/doc/tree/notebooks/00_start.ipynb")
    assert page.locator(".jp-toast-message, .Toastify__toast").count() == 0
    assert page.locator(".jp-Cell.jp-mod-collapsed, .jp-Placeholder").count() > 5
    assert took_s <= MOST_S


def test_a_click_on_a_component_shows_its_blast_radius(workbook: Workbook) -> None:
    """The first notebook: click the API in the picture, then say that it is slow."""
    workbook.open("00_start")
    panel = workbook.panel(".auditkit-picture canvas")
    workbook.click(panel, "users")
    panel.get_by_text(
        "With users down, home is degraded, account is failed, order is failed; 70 % of the value is lost."
    ).first.wait_for()
    panel.get_by_role("button", name="is slow").click()
    panel.get_by_text(
        "With users slow, home is hung, account is hung, order is hung; 100 % of the value is lost."
    ).first.wait_for()
    workbook.keep("click")


def test_a_component_is_found_by_keyboard(workbook: Workbook) -> None:
    """No mouse: type a name, press Enter."""
    panel = workbook.panel(".auditkit-picture canvas")
    panel.get_by_label("Choose a component").press_sequentially("loyalty")
    panel.get_by_label("Choose a component").press("Enter")
    panel.get_by_text("With loyalty slow").first.wait_for()


def test_an_answer_is_saved_from_the_browser(workbook: Workbook) -> None:
    """Choose the question, type the answer and who says so; the file holds it."""
    workbook.open("01_map_the_system")
    panel = workbook.panel("button:visible:has-text('Save the answer')")  # the one beside the import is folded away
    panel.get_by_label("Answer").fill("10/s")
    panel.get_by_label("Says who").fill("warehouse-team")
    panel.get_by_role("button", name="Save the answer").click()
    panel.get_by_text("Saved in system.yaml").wait_for()
    rate = next(d.rate_per_s for d in workbook.audit.system.dependencies if d.subject == "inventory:reserve -> warehouse")
    assert rate == 10
    workbook.keep("answer")


def test_a_latency_export_is_uploaded(workbook: Workbook, tmp_path: Path) -> None:
    """A file of the user's own machine goes through the browser, and its call is measured."""
    rows = "".join(f"inventory,inventory-db,{i},{5 + i % 7},ok\n" for i in range(400))
    (tmp_path / "db.csv").write_text(f"caller,callee,start,duration_ms,outcome\n{rows}")
    workbook.open("04_latency_to_timeouts")
    panel = workbook.panel("text=Take them in")
    with workbook.page.expect_file_chooser() as chooser:
        panel.get_by_role("button", name="Upload").click()
    chooser.value.set_files(tmp_path / "db.csv")
    panel.get_by_text("Upload (1)").wait_for()
    panel.get_by_role("button", name="Take them in").click()
    panel.get_by_text("8 calls are measured now").wait_for()
    assert workbook.audit.profiles["inventory -> inventory-db"].n == 400


def test_the_slider_moves_and_its_cost_follows(workbook: Workbook) -> None:
    """Arrow keys make the timeout shorter; the false-timeout rate is another one."""
    panel = workbook.panel(".noUi-handle")
    before = panel.locator("[role=status]").first.inner_text()
    handle = panel.locator(".noUi-handle").first
    handle.focus()
    for _ in range(8):
        handle.press("ArrowLeft")
    workbook.page.wait_for_function(
        "(before) => ![...document.querySelectorAll('[role=status]')].some((e) => e.innerText === before)", arg=before
    )
    assert "cuts off" in panel.locator("[role=status]").first.inner_text()
    workbook.keep("slider")


def test_an_experiment_is_run(workbook: Workbook) -> None:
    """Choose an experiment, run it: before and after second by second, today fails it, the proposed settings hold."""
    workbook.open("06_prove_it")
    panel = workbook.panel("text=Run it")
    panel.get_by_label("Experiment").select_option("chaos-timeout-api-home-recommendation")
    panel.get_by_role("button", name="Run it").click()
    panel.get_by_text("runs, seed 1. Kept in out/simulation.json.").wait_for()
    picture = panel.locator("svg[role=img][aria-label*='second by second']")
    picture.scroll_into_view_if_needed()
    said = picture.get_attribute("aria-label")
    assert "home, second by second. today: " in said
    assert "proposed: " in said
    assert picture.bounding_box()["width"] > 500
    workbook.keep("experiment")
    panel.get_by_text("Before, during and after, for every journey").click()
    shares = panel.locator("details svg[role=img]").first.get_attribute("aria-label")
    assert "with today settings: fails" in shares
    assert "with proposed settings: holds" in shares


def test_a_simulation_is_cancelled(workbook: Workbook) -> None:
    """Every experiment, and Cancel while they run: the button reaches the kernel, and what is done is kept."""
    panel = workbook.panel("text=Run it")
    panel.get_by_label("Experiment").select_option("(every experiment)")
    panel.get_by_role("button", name="Run it").click()
    panel.get_by_role("button", name="Cancel").click()
    panel.get_by_text("Cancelled: what was done is kept in out/simulation.json.").wait_for()


def test_a_call_is_mapped(workbook: Workbook) -> None:
    """Choose a call, map its storms: the margin in a sentence, and the map under it."""
    panel = workbook.panel("text=Map its storms")
    panel.get_by_label("Call").select_option("api:home -> recommendation")
    panel.get_by_role("button", name="Map its storms").click()
    panel.get_by_text("mapped. Kept in out/tuning.json").wait_for()
    picture = panel.locator("svg[role=img]").first
    picture.scroll_into_view_if_needed()
    assert picture.bounding_box()["width"] > 400
    assert panel.get_by_text("it recovers by itself up to").first.is_visible()
    workbook.keep("storms")


def test_an_edge_case_is_chosen(workbook: Workbook) -> None:
    """Another case brings its question and its picture."""
    panel = workbook.panel("label:text-is('beside')")
    panel.get_by_label("Case").select_option("Adverts that stop the payments")
    panel.get_by_text("Why can nobody pay any more?").wait_for()
    picture = panel.locator("svg[role=img][aria-label*='pay, second by second']")
    picture.scroll_into_view_if_needed()
    workbook.keep("edge-case")


def test_a_decision_is_recorded_and_the_strategy_written(workbook: Workbook) -> None:
    """The board wants a reason; the strategy panel writes; the document opens from its link."""
    workbook.open("07_strategy")
    board = workbook.panel("text=Record the decision")
    board.get_by_label("By").fill("Sam Example")
    board.get_by_role("button", name="Record the decision").click()
    board.get_by_role("alert").wait_for()
    board.get_by_label("Reason").fill("agreed in the review")
    board.get_by_role("button", name="Record the decision").click()
    board.get_by_text("Saved in decisions.yaml").wait_for()
    assert "agreed in the review" in {decision.reason for decision in workbook.audit.decisions}
    workbook.keep("decision")
    panel = workbook.panel("text=Formats")
    panel.get_by_label("Formats").select_option(["md", "html", "pdf"])
    panel.get_by_role("button", name="Write").click()
    panel.get_by_text("files written").wait_for()
    workbook.keep("strategy")
    page = workbook.page.context.new_page()
    workbook.watch(page)
    link = panel.locator("a", has_text="out/strategy.html").get_attribute("href")
    page.goto(link)
    page.screenshot(path=str(workbook.screenshots / "document.png"))
    assert "agreed in the review" in page.content()
    page.close()


def test_the_pdf_opens_from_its_link(workbook: Workbook) -> None:
    """A click on the link shows the document in JupyterLab's own viewer; the server gives the file that lies in the folder."""
    page = workbook.page
    workbook.panel("text=Formats").locator("a", has_text="out/strategy.pdf").click()
    page.wait_for_url("**/doc/tree/out/strategy.pdf")
    page.locator(".jp-PDFContainer, .jp-PDFViewer, object[type='application/pdf']").first.wait_for(state="attached")
    page.wait_for_timeout(2000)  # the viewer draws in a frame of its own, which tells nobody when it is done
    workbook.keep("pdf")
    own = f"http://127.0.0.1:{workbook.port}/"
    answer = page.request.get(f"{own}files/out/strategy.pdf", headers={"Referer": own})
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.body() == (workbook.audit.folder / "out" / "strategy.pdf").read_bytes()
    assert answer.body().startswith(b"%PDF-")


def test_no_host_was_asked_and_nothing_complained(workbook: Workbook) -> None:
    """After all of that: no request left this machine, no error stands in the console."""
    assert workbook.outside == []
    assert workbook.complaints == []
