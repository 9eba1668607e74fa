"""The same notebooks as an app, by Voila: no code on the page, nothing asked of any other host, files only from `out/`."""

from __future__ import annotations

import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest
from workbook import FLAGS, PATIENCE_MS, chromium, free_port, is_outside

from auditkit.project import Audit
from auditkit.project.lab import app_options, lab_environment


def test_the_notebooks_run_as_an_app(tmp_path: Path) -> None:
    """A page runs as it opens, its panels answer, what they write can be read, and what is no output cannot."""
    executable = chromium()
    pytest.importorskip("voila", reason="no Voila here: pip install 'auditkit[app]'")
    playwright = pytest.importorskip("playwright.sync_api", reason="no playwright here: pip install 'auditkit[test]'")
    audit = Audit.new(tmp_path / "shop", sample="worked-example")
    port, noted = free_port(), []
    environment = {**lab_environment(audit.folder), "JUPYTER_CONFIG_DIR": str(tmp_path / "config")}
    command = [sys.executable, "-m", "voila", "--no-browser", f"--port={port}", *app_options(audit.folder)]
    with (tmp_path / "server.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=subprocess.STDOUT, env=environment)
    base = f"http://127.0.0.1:{port}/voila"
    try:
        wait_until_it_answers(f"{base}/tree/")
        with playwright.sync_playwright() as driver:
            browser = driver.chromium.launch(executable_path=executable, args=FLAGS)
            page = browser.new_page()
            page.set_default_timeout(PATIENCE_MS)
            page.on("console", lambda message: noted.append(message.text) if message.type == "error" else None)
            page.on("request", lambda request: noted.append(request.url) if is_outside(request.url, port) else None)
            page.goto(f"{base}/tree/notebooks")
            page.get_by_text("00_start").first.wait_for()
            page.goto(f"{base}/render/notebooks/07_strategy.ipynb")
            page.get_by_text("Everything is saved in").first.wait_for()
            assert "see.findings_table" not in page.content()
            page.get_by_role("button", name="Write").click()
            page.get_by_text("files written").wait_for()
            link = page.locator("a", has_text="out/strategy.html").last.evaluate("(link) => link.href")
            assert "worked-example" in page.request.get(link).text()
            assert page.request.get(f"{base}/files/system.yaml").status == 403
            browser.close()
    finally:
        server.terminate()
        server.wait(timeout=30)
    assert noted == []


def wait_until_it_answers(address: str) -> None:
    for _ in range(240):
        try:
            urllib.request.urlopen(address, timeout=5).close()
        except OSError:
            time.sleep(0.25)
        else:
            return
    pytest.fail("Voila does not answer after a minute")
