"""The simulation panel: choose what breaks, run it today, as proposed and without each proposal; compare, second by second."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Sequence

import ipywidgets as widgets

from auditkit.document.run_picture import run_picture
from auditkit.errors import InputError
from auditkit.notebook.appearance import INK, WARNING
from auditkit.notebook.frames import table_html
from auditkit.notebook.panel import Panel, offer, told
from auditkit.notebook.simulated import hardest_hit, how_far, starting, telling_experiment, trials_table
from auditkit.notebook.simulation_picture import simulation_svg
from auditkit.project import Audit
from auditkit.project.simulating import kept_before, second_by_second, simulate, trial
from auditkit.simulation import RunResult, Series

ALL = "(every experiment)"


def simulation_panel(audit: Audit) -> Panel:
    """Break something before anybody relies on the settings. The plain call: `simulate(audit.folder, experiment, seed)`.

    Needs a plan. The same seed gives the same run. It runs beside the kernel's own work, so that it can be cancelled; what is
    done then is kept. Parts: `experiment`, `seed`, `go`, `cancel`, `progress`, `left`, `about`, `journey`, `picture`, `shown`,
    `message`, and `wait`, a function that returns once the run is over.
    """
    strategy = audit.strategy or audit.plan()
    planned = {e.id: e for e in strategy.experiments if e.kind == "chaos"}
    wide = widgets.Layout(width="46rem", max_width="100%")
    experiment = widgets.Dropdown(options=[*planned, ALL] if planned else [ALL], description="Experiment", layout=wide)
    seed = widgets.BoundedIntText(value=1, min=1, max=10**9, description="Seed", layout=widgets.Layout(width="14rem"))
    go = widgets.Button(description="Run it", button_style="primary", tooltip="simulates it with both settings; breaks nothing")
    cancel = widgets.Button(description="Cancel", disabled=True, tooltip="ends after the fault under way; what is done is kept")
    progress = widgets.IntProgress(min=0, max=1, description="Runs", layout=wide)
    journey = widgets.Dropdown(description="Journey", layout=widgets.Layout(width="24rem", max_width="100%", display="none"))
    left, about, picture, shown, message = (widgets.HTML() for _ in range(5))
    stopped = threading.Event()
    running: list[threading.Thread] = []
    series: list[Series] = []

    def describe(_: object = None) -> None:
        chosen = planned.get(str(experiment.value))
        about.value = (
            f"<p>{html.escape(chosen.claim)}<br>{html.escape(chosen.method)}</p>"
            if chosen
            else f"<p>{len(planned)} experiments, one after another.</p>"
        )

    def run() -> str:
        if not planned:
            raise InputError.of("Experiment", "none is planned", "measure latencies and plan first (04, 05)")
        chosen = None if experiment.value == ALL else str(experiment.value)
        asked = set(planned) - set(kept_before(audit.folder, seed.value))
        started = time.monotonic()

        def moved(done: int, of: int) -> None:
            progress.max, progress.value = max(of, 1), done
            left.value = html.escape(how_far(done, of, time.monotonic() - started) if done else starting())

        done = simulate(audit.folder, chosen, seed.value, progress=moved, stop=stopped.is_set)
        trials = [trial(result) for result in done]
        told_first = chosen or telling_experiment(trials)
        if told_first is not None:
            series[:] = second_by_second(audit.folder, told_first, seed.value)
            offer(journey, [(j.journey, j.journey) for j in series[0].journeys])
            journey.value = hardest_hit(trials, told_first) or journey.value
            journey.layout.display = None
            draw()
        shown.value = runs_html(done)
        early = chosen is None and stopped.is_set() and {run.experiment for run in done} < asked
        ended = "Cancelled: what was done is kept" if early else "Kept"
        return f"{len(done)} runs, seed {seed.value}. {ended} in out/simulation.json."

    def draw(_: object = None) -> None:
        if series:
            picture.value = run_picture(series, journey.value)[0]

    def work() -> None:
        told(message, run)
        left.value = ""
        go.disabled, cancel.disabled = False, True

    def start(_: object) -> None:
        go.disabled, cancel.disabled, progress.value = True, False, 0
        message.value, left.value = "", html.escape(starting())
        stopped.clear()
        running[:] = [threading.Thread(target=work, daemon=True)]
        running[0].start()

    def wait() -> None:
        for thread in running:
            thread.join()

    experiment.observe(describe, "value")
    journey.observe(draw, "value")
    go.on_click(start)
    cancel.on_click(lambda _: stopped.set())
    describe()
    bar = widgets.HBox([seed, go, cancel], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([experiment, about, bar, progress, left, message, journey, picture, shown])
    parts = {"experiment": experiment, "seed": seed, "go": go, "cancel": cancel, "progress": progress, "left": left}
    shows = {"about": about, "journey": journey, "picture": picture, "shown": shown, "message": message, "wait": wait}
    return Panel(box, parts | shows)


def runs_html(runs: Sequence[RunResult]) -> str:
    """Verdicts as a table; shares by phase of each experiment, and what was assumed, can be folded out."""
    refuted = [run.experiment for run in runs if run.settings == "proposed" and run.verdict == "fails"]
    words = f"The proposed settings fail: {', '.join(refuted)}." if refuted else "No proposed setting is refuted here."
    parts = [f'<p style="color:{WARNING if refuted else INK}"><b>{html.escape(words)}</b></p>']
    parts.append(table_html(trials_table([trial(run) for run in runs])))
    phases = []
    for name in dict.fromkeys(run.experiment for run in runs):
        both = [run for run in runs if run.experiment == name and run.settings in ("today", "proposed")]
        phases.append(f"<p><b>{html.escape(name)}</b>: {html.escape(both[0].fault)}</p>{simulation_svg(both)}")
    parts.append(f"<details><summary>Before, during and after, for every journey</summary>{''.join(phases)}</details>")
    assumed = dict.fromkeys(f"{item.where}: {item.what}" for run in runs for item in run.assumptions)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in assumed)
    parts.append(f"<details><summary>{len(assumed)} assumptions</summary><ul>{items}</ul></details>" if items else "")
    return "".join(parts)
