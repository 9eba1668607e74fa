"""The workbook in a real browser, as a new user opens it: click, answer, upload, move, decide, write.

Needs Debian's Chromium and playwright's Python package (no browser of its own); skipped in words where either is missing.
Screenshots are kept in the folder that AUDITKIT_SCREENSHOTS names.
"""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditkit.project import Audit
from auditkit.project.lab import lab_options

ROOT = Path(__file__).resolve().parent.parent.parent
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync",
)  # fmt: skip
PATIENCE_MS = 90_000


@dataclass
class Workbook:
    """A browser page on a running JupyterLab, and everything it complained about or asked for outside."""

    page: Any
    port: int
    audit: Audit
    screenshots: Path
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, notebook: str) -> None:
        """Open a notebook and run it from top to bottom."""
        self.page.goto(f"http://127.0.0.1:{self.port}/doc/tree/notebooks/{notebook}.ipynb?reset")
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE_MS)
        self.page.get_by_text("(ipykernel) | Idle").wait_for()
        self.page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        self.page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')
        last = self.page.locator(".jp-OutputArea-output", has_text="Everything is saved in")
        try:
            last.first.wait_for(state="attached")
        finally:
            self.keep(notebook)

    def panel(self, holding: str) -> Any:
        """The output area that holds something."""
        area = self.page.locator(".jp-OutputArea", has=self.page.locator(holding)).first
        area.scroll_into_view_if_needed(timeout=PATIENCE_MS)
        return area

    def keep(self, name: str) -> None:
        """Keep a screenshot."""
        self.page.screenshot(path=str(self.screenshots / f"{name}.png"))


def chromium() -> str:
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: install Debian's package chromium to run the browser tests")
    return found


@pytest.fixture(scope="module")
def workbook(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Workbook]:
    executable = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install 'auditkit[test]'")
    place = tmp_path_factory.mktemp("browser")
    screenshots = Path(os.environ.get("AUDITKIT_SCREENSHOTS", place / "screenshots"))
    screenshots.mkdir(parents=True, exist_ok=True)
    audit = Audit.new(place / "shop", sample="worked-example")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = (
        "--no-browser",
        f"--ServerApp.port={port}",
        "--ServerApp.port_retries=0",
        "--IdentityProvider.token=",
        "--allow-root",
    )
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "AUDITKIT_AUDIT": str(audit.folder),
        "JUPYTER_CONFIG_DIR": str(place / "config"),
    }
    with (place / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "jupyterlab", *options, *lab_options(audit.folder)]
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait_for(port, server, place / "server.log")
        with playwright.sync_playwright() as started:
            browser = started.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_context(viewport={"width": 1300, "height": 1000}).new_page()
            page.set_default_timeout(PATIENCE_MS)
            made = Workbook(page, port, audit, screenshots)
            page.on("console", lambda message: made.complaints.append(message.text) if message.type == "error" else None)
            page.on("pageerror", lambda error: made.complaints.append(str(error)))
            page.on("request", lambda request: made.outside.append(request.url) if _is_outside(request.url, port) else None)
            yield made
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


def _is_outside(url: str, port: int) -> bool:
    return re.match(rf"(https?|wss?)://(127\.0\.0\.1|localhost):{port}/|data:|blob:|about:", url) is None


def _wait_for(port: int, server: subprocess.Popen[bytes], log: Path) -> None:
    for _ in range(240):
        if server.poll() is not None:
            pytest.fail(f"JupyterLab ended:\n{log.read_text()[-2000:]}")
        try:
            socket.create_connection(("127.0.0.1", port), 1).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail("JupyterLab does not listen after a minute")


def test_a_click_on_a_component_shows_its_blast_radius(workbook: Workbook) -> None:
    """The first notebook: click the API in the picture, then say that it is slow."""
    workbook.open("00_start")
    panel = workbook.panel(".auditkit-picture canvas")
    where = panel.locator(".auditkit-picture").evaluate(
        """(picture) => {
            const network = picture.closest('.auditkit-graph').auditkitNetwork;
            const box = picture.getBoundingClientRect();
            const point = network.canvasToDOM(network.getPosition('users'));
            return [box.x + point.x, box.y + point.y];
        }"""
    )
    workbook.page.mouse.click(*where)
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
    panel = workbook.panel("text=Save the answer")
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
    panel.get_by_role("button", name="Write").click()
    panel.get_by_text("files written").wait_for()
    workbook.keep("strategy")
    page = workbook.page.context.new_page()
    page.on("request", lambda request: workbook.outside.append(request.url) if _is_outside(request.url, workbook.port) else None)
    link = panel.locator("a", has_text="out/strategy.html").get_attribute("href")
    page.goto(link)
    page.screenshot(path=str(workbook.screenshots / "document.png"))
    assert "agreed in the review" in page.content()
    page.close()


def test_no_host_was_asked_and_nothing_complained(workbook: Workbook) -> None:
    """After all of that: no request left this machine, no error stands in the console."""
    assert workbook.outside == []
    assert workbook.complaints == []
