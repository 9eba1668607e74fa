"""The tuning panel: choose a call, see which values of its figures are as good as the best, and where its retries do harm."""

from __future__ import annotations

import html
import threading
import time
from collections.abc import Callable

import ipywidgets as widgets

from auditkit.document.storm_picture import storm_picture
from auditkit.document.tuning_picture import tuning_picture
from auditkit.errors import InputError
from auditkit.notebook.panel import Panel, told
from auditkit.notebook.simulated import how_far, starting
from auditkit.planning import storms as storm_words
from auditkit.planning import tuning as tuning_words
from auditkit.planning.overlay import settings
from auditkit.project import Audit
from auditkit.project.kept_tuning import kept
from auditkit.project.storms import storms
from auditkit.project.tuning import tuned


def map_storms(audit: Audit) -> str:
    """Map the first call of the plan of which enough is known, in some seconds; says what came out, or what is missing.

    The plain call: `storms(audit.folder, "from -> to")` of `auditkit.project.storms`.
    """
    why = "No call has settings yet: measure latencies and plan first (04, 05)."
    for name in _calls(audit):
        try:
            return f"{storm_words.said(storms(audit.folder, name))}."
        except InputError as error:
            why = f"No call can be mapped yet. {error}"
    return why


def _calls(audit: Audit) -> list[str]:
    """The calls that have settings of their own in the plan."""
    return [p.dependency for p in (audit.strategy or audit.plan()).policies if settings(p) is not None]


def tuning_panel(audit: Audit) -> Panel:
    """The figures of one call around their closed forms, and the map of its retry storms. No setting is changed.

    The plain calls: `tuned(audit.folder, "from -> to")` of `auditkit.project.tuning`, `storms(audit.folder, "from -> to")` of
    `auditkit.project.storms`. What was computed upon the same inputs is shown at once, and stands in the document. Parts: `call`,
    `tune`, `map`, `progress`, `left`, `plateau`, `storm`, `message`, and `wait`, a function that returns once a run is over.
    """
    calls = _calls(audit)
    wide = widgets.Layout(width="46rem", max_width="100%")
    mapped = {storm.call for storm in kept(audit.folder).storms}
    first = next((name for name in calls if name in mapped), calls[0] if calls else None)
    call = widgets.Dropdown(options=calls, value=first, description="Call", layout=wide)
    tune = widgets.Button(description="Tune it", button_style="primary", tooltip="simulates values around each figure")
    chart = widgets.Button(description="Map its storms", tooltip="simulates load × attempts × queue")
    progress = widgets.IntProgress(min=0, max=1, description="Done", layout=wide)
    left, plateau, storm, message = (widgets.HTML() for _ in range(4))
    running: list[threading.Thread] = []

    def show(_: object = None) -> None:
        file = kept(audit.folder)
        tunings = tuple(t for t in file.tunings if t.dependency == call.value)
        targets = {f"{str(call.value).partition(' -> ')[0]} -> {to}" for to in str(call.value).partition(" -> ")[2].split("|")}
        maps = tuple(s for s in file.storms if s.call in targets)
        plateau.value = storm.value = ""
        if tunings:
            lines = "".join(f"<li>{html.escape(tuning_words.said(one))}</li>" for one in tunings)
            plateau.value = f"{tuning_picture(tunings, 'tuning-panel')[0]}<ul>{lines}</ul>"
        if maps:
            words = html.escape(storm_words.said(maps[0]))
            storm.value = f"<p><b>{words}.</b></p>{storm_picture(maps[0], 'storm-panel')[0]}"

    def start(run: Callable[[Callable[[int, int], None]], str]) -> None:
        started = time.monotonic()

        def moved(done: int, of: int) -> None:
            progress.max, progress.value = max(of, 1), done
            left.value = html.escape(how_far(done, of, time.monotonic() - started) if done else starting())

        def work() -> None:
            told(message, lambda: run(moved))
            left.value = ""
            show()
            tune.disabled = chart.disabled = False

        tune.disabled = chart.disabled = True
        message.value, progress.value = "", 0
        running[:] = [threading.Thread(target=work, daemon=True)]
        running[0].start()

    def do_tune(moved: Callable[[int, int], None]) -> str:
        found = tuned(audit.folder, str(call.value), progress=moved)
        return f"{len(found)} figures of {call.value} tried. Kept in out/tuning.json; the next document shows them."

    def do_map(moved: Callable[[int, int], None]) -> str:
        storms(audit.folder, str(call.value), progress=moved)
        return f"{call.value} mapped. Kept in out/tuning.json; the next document shows it."

    def wait() -> None:
        for thread in running:
            thread.join()

    call.observe(show, "value")
    tune.on_click(lambda _: start(do_tune))
    chart.on_click(lambda _: start(do_map))
    told(message, lambda: show() if calls else "No call has settings yet: measure latencies and plan first (04, 05).")
    tune.disabled = chart.disabled = not calls
    bar = widgets.HBox([tune, chart], layout=widgets.Layout(flex_flow="row wrap"))
    box = widgets.VBox([call, bar, progress, left, message, plateau, storm])
    parts = {"call": call, "tune": tune, "map": chart, "progress": progress, "left": left}
    return Panel(box, parts | {"plateau": plateau, "storm": storm, "message": message, "wait": wait})
