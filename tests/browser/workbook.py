"""A workbook opened as a user opens it: `auditkit lab` in a process of its own, Chromium in front of it, everything noted."""

from __future__ import annotations

import json
import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest

from auditkit.project import Audit

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
    started: float
    """When the workbook was started, by `time.monotonic`."""
    complaints: list[str] = field(default_factory=list)
    outside: list[str] = field(default_factory=list)

    def open(self, notebook: str) -> None:
        """Open a notebook and run it from top to bottom."""
        self.page.goto(f"http://127.0.0.1:{self.port}/doc/tree/notebooks/{notebook}.ipynb?reset")
        self.run_all()
        last = self.page.locator(".jp-OutputArea-output", has_text="Everything is saved in")
        try:
            last.first.wait_for(state="attached")
        finally:
            self.keep(notebook)

    def run_all(self) -> None:
        """What the menu does: Run, Run All Cells."""
        self.page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE_MS)
        self.page.get_by_text("(ipykernel) | Idle").wait_for()
        self.page.click('.lm-MenuBar-itemLabel:text-is("Run")')
        self.page.click('.lm-Menu-itemLabel:text-is("Run All Cells")')

    def panel(self, holding: str) -> Any:
        """The output area that holds something."""
        area = self.page.locator(".jp-OutputArea", has=self.page.locator(holding)).first
        area.scroll_into_view_if_needed(timeout=PATIENCE_MS)
        return area

    def click(self, panel: Any, component: str) -> None:
        """Click a component in the picture of a panel, with the mouse, where it stands on the screen."""
        where = panel.locator(".auditkit-picture").evaluate(
            """(picture, name) => {
                const network = picture.closest('.auditkit-graph').auditkitNetwork;
                const box = picture.getBoundingClientRect();
                const point = network.canvasToDOM(network.getPosition(name));
                return [box.x + point.x, box.y + point.y];
            }""",
            component,
        )
        self.page.mouse.click(*where)

    def keep(self, name: str) -> None:
        """Keep a screenshot."""
        self.page.screenshot(path=str(self.screenshots / f"{name}.png"))

    def watch(self, page: Any) -> None:
        """Note what a page complains about, and what it asks of others than this machine."""
        page.on("console", lambda message: self.complaints.append(message.text) if message.type == "error" else None)
        page.on("pageerror", lambda error: self.complaints.append(str(error)))
        page.on("request", lambda request: self.outside.append(request.url) if is_outside(request.url, self.port) else None)


def chromium() -> str:
    """Where Chromium is; skips in words where it is not."""
    found = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
    if found is None:
        pytest.skip("no Chromium here: install Debian's package chromium to run the browser tests")
    return found


@contextmanager
def opened(audit: Audit, place: Path) -> Iterator[Workbook]:
    """`auditkit lab` on an audit and a browser on it; server settings and screenshots lie in `place`."""
    executable = chromium()
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install 'auditkit[test]'")
    screenshots = Path(os.environ.get("AUDITKIT_SCREENSHOTS", place / "screenshots"))
    screenshots.mkdir(parents=True, exist_ok=True)
    port = free_port()
    # what a user would have in their own settings: no browser of the desktop, a port that is free
    settings = {
        "ServerApp": {"port": port, "port_retries": 0, "open_browser": False, "allow_root": True},
        "IdentityProvider": {"token": ""},
    }
    (place / "config").mkdir(exist_ok=True)
    (place / "config" / "jupyter_server_config.json").write_text(json.dumps(settings))
    path = os.pathsep.join(filter(None, (str(ROOT), os.environ.get("PYTHONPATH"))))
    environment = {**os.environ, "PYTHONPATH": path, "JUPYTER_CONFIG_DIR": str(place / "config")}
    started = time.monotonic()
    with (place / "server.log").open("wb") as log:
        command = [sys.executable, "-m", "auditkit", "lab", str(audit.folder)]
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    try:
        _wait_for(port, server, place / "server.log")
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_context(viewport={"width": 1300, "height": 1000}).new_page()
            page.set_default_timeout(PATIENCE_MS)
            made = Workbook(page, port, audit, screenshots, started)
            made.watch(page)
            yield made
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)


def free_port() -> int:
    """A port that nobody listens on."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


def is_outside(url: str, port: int) -> bool:
    """Whether a request goes to anything but the workbook's own server."""
    return re.match(rf"(https?|wss?)://(127\.0\.0\.1|localhost):{port}/|data:|blob:|about:|chrome", url) is None


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
