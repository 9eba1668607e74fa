"""The workbook against the clock: how soon a picture stands, a click is answered, a slider is followed.

Run by `make bench`, where Chromium is installed. Each figure is printed beside what is promised, as a share of it.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from auditkit import notebook as see
from auditkit.model.system import Component, Dependency, Journey, System
from auditkit.notebook.blast_explorer import Asked, blast_explorer
from auditkit.notebook.graph import graph_html, to_pyvis
from auditkit.notebook.panels import positions
from auditkit.project import Audit

sys.path.insert(0, str(Path(__file__).resolve().parent.parent / "browser"))
from workbook import FLAGS, chromium, opened

DRAWN_S, CLICK_S, SLIDER_S = 0.5, 0.2, 0.1


def layered(n: int, calls: int = 3) -> System:
    """A system of `n` components: services call services below them, a fifth are databases, twenty journeys enter at the top."""
    draw = random.Random(1)
    components = tuple(
        Component(
            id=f"svc-{i:04d}", kind="database" if i > 0.8 * n else "service", owner=f"team-{i % 24}", instances=2, concurrency=50,
            placement={f"zone-{i % 3}": 1, f"zone-{(i + 1) % 3}": 1},
        )
        for i in range(n)
    )  # fmt: skip
    dependencies = tuple(
        Dependency(caller=f"svc-{i:04d}", to=(f"svc-{below:04d}",), on_failure=draw.choice(["fail", "degrade", "ignore", None]))
        for i in range(int(0.8 * n))
        for below in sorted({draw.randrange(i + 1, min(n, i + 1 + n // 5)) for _ in range(calls)})
    )
    journeys = tuple(Journey(id=f"journey-{i}", entry=f"svc-{i * 7 % n:04d}", deadline_s=0.5) for i in range(20))
    return System(system="large", components=components, dependencies=dependencies, journeys=journeys)


def said(what: str, seconds: float, promised: float) -> None:
    print(f"\n{what}: {seconds * 1000:.0f} ms, {seconds / promised:.2f} of the {promised * 1000:.0f} ms promised")
    assert seconds <= promised


def best_of(rounds: int, act: Callable[[int], object]) -> float:
    """The median of several rounds, after a first one that does not count."""
    act(0)
    took = []
    for number in range(1, rounds + 1):
        start = time.perf_counter()
        act(number)
        took.append(time.perf_counter() - start)
    return sorted(took)[len(took) // 2]


def bench_drawing(tmp_path: Path) -> None:
    """150 components on the page of their own, from the script to the first complete drawing, in Chromium."""
    playwright = pytest.importorskip("playwright.sync_api")
    system = layered(150)
    page_html = graph_html(to_pyvis(system, positions(system)), "150", "150 components")
    timed = page_html.replace("new vis.Network(", "const began = performance.now(); window.net = new vis.Network(", 1)
    timed = timed.replace(
        "data.options);", 'data.options); net.once("afterDrawing", () => { window.took = performance.now() - began; });', 1
    )
    (tmp_path / "graph.html").write_text(timed, encoding="utf-8")
    with playwright.sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium(), args=FLAGS)
        page = browser.new_page()
        took = []
        for _ in range(5):
            page.goto(f"file://{tmp_path / 'graph.html'}")
            page.wait_for_function("window.took !== undefined")
            took.append(page.evaluate("window.took") / 1000)
        browser.close()
    said("150 components drawn", sorted(took)[2], DRAWN_S)


def bench_a_click_in_the_kernel() -> None:
    """A component of 1,000 is clicked: the picture's new states, both modes, and why; what the kernel does."""
    system = layered(1000)
    from auditkit import engine

    def why(atom: str, journey: str, mode: str, _: str) -> str:
        return engine.explain(system, [atom], journey, mode).sentence  # type: ignore[arg-type]

    panel = blast_explorer(system, Asked(positions, lambda atom, mode: engine.blast_radius(system, [atom], mode), None, why))
    took = best_of(9, lambda number: setattr(panel["graph"], "selected", f"svc-{500 + number:04d}"))
    assert "Why:" in panel["table"].value
    said("a click at 1,000 components, everything that follows in the kernel", took, CLICK_S)


def bench_a_click_on_the_screen(tmp_path: Path) -> None:
    """The same in JupyterLab: from the click in the browser until the sentence about it stands on the screen."""
    from auditkit.importers import dump_yaml

    audit = Audit.new(tmp_path / "large")
    (audit.folder / "system.yaml").write_text(dump_yaml(layered(1000), None), encoding="utf-8")
    with opened(audit, tmp_path) as workbook:
        workbook.page.goto(f"http://127.0.0.1:{workbook.port}/doc/tree/notebooks/03_blast_radius.ipynb?reset")
        workbook.run_all()
        panel = workbook.panel(".auditkit-picture canvas")
        panel.locator(".auditkit-find").wait_for()
        workbook.page.get_by_text("Everything is saved in").first.wait_for(state="attached", timeout=300_000)
        took = [
            panel.locator(".auditkit-graph").evaluate(
                """(graph, name) => new Promise((done) => {
                    const said = graph.querySelector('.auditkit-said'), find = graph.querySelector('.auditkit-find');
                    const began = performance.now();
                    new MutationObserver((_, watch) => {
                        if (said.textContent.includes(name)) { watch.disconnect(); done(performance.now() - began); }
                    }).observe(said, { childList: true, characterData: true, subtree: true });
                    find.value = name;
                    find.dispatchEvent(new Event('change'));
                })""",
                f"svc-{600 + number:04d}",
            )
            / 1000
            for number in range(9)
        ]
        workbook.keep("thousand")
    said("a click at 1,000 components, seen in the browser", sorted(took[1:])[4], CLICK_S)


def bench_the_slider(tmp_path: Path) -> None:
    """One step of the timeout slider: rate, bound, picture and waterfall."""
    audit = Audit.new(tmp_path / "shop", sample="worked-example")
    see.measure_exports(audit)
    panel = see.timeout_panel(audit, "api -> recommendation")
    stops = [value for _, value in panel["slider"].options]
    took = best_of(20, lambda number: setattr(panel["slider"], "value", stops[number]))
    said("one step of the slider", took, SLIDER_S)
