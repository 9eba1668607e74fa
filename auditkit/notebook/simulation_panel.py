"""The simulation panel: choose an experiment of the plan, run it today, as proposed and without each proposal; compare."""

from __future__ import annotations

import html
from collections.abc import Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from auditkit.errors import InputError
from auditkit.notebook.appearance import INK, WARNING
from auditkit.notebook.frames import frame, table_html
from auditkit.notebook.panel import Panel, told
from auditkit.notebook.simulation_picture import simulation_svg
from auditkit.project import Audit
from auditkit.project.simulating import simulate
from auditkit.simulation import RunResult

if TYPE_CHECKING:
    import pandas as pd

ALL = "(every experiment)"


def simulation_panel(audit: Audit) -> Panel:
    """Break something before anybody relies on the settings. The plain call: `simulate(audit.folder, experiment, seed)`.

    Needs a plan. The same seed gives the same run. Parts: `experiment`, `seed`, `go`, `progress`, `about`, `shown`, `message`.
    """
    strategy = audit.strategy or audit.plan()
    planned = {e.id: e for e in strategy.experiments if e.kind == "chaos"}
    wide = widgets.Layout(width="46rem", max_width="100%")
    experiment = widgets.Dropdown(options=[*planned, ALL] if planned else [ALL], description="Experiment", layout=wide)
    seed = widgets.BoundedIntText(value=1, min=1, max=10**9, description="Seed", layout=widgets.Layout(width="14rem"))
    go = widgets.Button(description="Run it", button_style="primary", tooltip="simulates it with both settings; breaks nothing")
    progress = widgets.IntProgress(min=0, max=1, description="Runs", layout=wide)
    about, shown, message = widgets.HTML(), widgets.HTML(), widgets.HTML()

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
        progress.value = 0
        done = simulate(audit.folder, chosen, seed.value, progress=moved)
        progress.value = progress.max
        shown.value = runs_html(done)
        return f"{len(done)} runs, seed {seed.value}. Kept in out/simulation.json."

    def moved(done: int, of: int) -> None:
        progress.max, progress.value = max(of, 1), done

    experiment.observe(describe, "value")
    go.on_click(lambda _: told(message, run))
    describe()
    bar = widgets.HBox([seed, go], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([experiment, about, bar, progress, message, shown])
    parts = {"experiment": experiment, "seed": seed, "go": go, "progress": progress, "about": about, "shown": shown}
    return Panel(box, {**parts, "message": message})


def runs_html(runs: Sequence[RunResult]) -> str:
    """Verdicts as a table, then the picture of each experiment; what was assumed can be folded out."""
    parts = [table_html(verdicts_table(runs))]
    for name in dict.fromkeys(run.experiment for run in runs):
        both = [run for run in runs if run.experiment == name and run.settings in ("today", "proposed")]
        parts.append(f"<p><b>{html.escape(name)}</b>: {html.escape(both[0].fault)}</p>{simulation_svg(both)}")
    assumed = dict.fromkeys(f"{item.where}: {item.what}" for run in runs for item in run.assumptions)
    items = "".join(f"<li>{html.escape(line)}</li>" for line in assumed)
    parts.append(f"<details><summary>{len(assumed)} assumptions</summary><ul>{items}</ul></details>" if items else "")
    refuted = [run.experiment for run in runs if run.settings == "proposed" and run.verdict == "fails"]
    words = f"The proposed settings fail: {', '.join(refuted)}." if refuted else "No proposed setting is refuted here."
    return f'<p style="color:{WARNING if refuted else INK}"><b>{html.escape(words)}</b></p>' + "".join(parts)


def verdicts_table(runs: Sequence[RunResult]) -> pd.DataFrame:
    """What each run says about its hypothesis, and how long recovery takes."""
    return frame(
        ("experiment", "settings", "verdict", "why", "recovers after"),
        (
            (
                run.experiment, run.settings, run.verdict, run.why,
                ", ".join(f"{j.journey} {'never' if j.recover_s is None else f'{j.recover_s.mean:g} s'}" for j in run.journeys),
            )
            for run in runs
        ),
    )  # fmt: skip
