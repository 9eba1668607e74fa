"""The shipped edge cases as a workbook shows them: what comes out of each setting, as tables and as a picture."""

from __future__ import annotations

import html
import math
from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING

import ipywidgets as widgets

from auditkit.document.run_picture import run_picture
from auditkit.errors import InputError
from auditkit.notebook.frames import frame
from auditkit.notebook.panel import Panel, told
from auditkit.project import edge_cases as shipped
from auditkit.simulation import Series
from auditkit.simulation.stories import Measure, Story, figure, holds, tell

if TYPE_CHECKING:
    import pandas as pd

WORDS = {
    "good": "full or degraded", "bad": "errors or late", "stale": "older than acceptable", "error": "errors",
    "open": "of the breakers open", "busy": "of the workers busy",
}  # fmt: skip
FIRST = "retry-storm"
"""What the panel shows before somebody chooses: the case that surprises most."""


def edge_cases_table() -> pd.DataFrame:
    """Every shipped case: what each of its settings is held to, which of them fail and which hold, with what comes out."""
    rows = []
    for name in shipped.edge_cases():
        story = shipped.edge_case(name)
        runs = tell(story)
        promised = "; ".join(held_to(story, promise) for promise in story.promises)
        bad, good = ([series for series in runs if holds(series, story) is kept] for kept in (False, True))
        rows.append((story.title, promised, _outcomes(bad, story), _outcomes(good, story)))
    return frame(("case", "every setting is held to", "fails", "holds"), rows, "case")


def edge_case_table(name: str, *settings: str) -> pd.DataFrame:
    """One case, promise by promise, with the settings that are named (all of them by default).

    The plain calls: `tell(edge_case(name))`, then `figure(series, story, promise)`, of `auditkit.simulation.stories`.
    Raises `InputError` for names that are not shipped.
    """
    story = shipped.edge_case(name)
    runs = _chosen(tell(story), settings)
    rows = (
        (run.settings, held_to(story, promise), f"{_said(found, promise)}: {'holds' if promise.allows(found) else 'fails'}")
        for run in runs
        for promise in story.promises
        for found in (figure(run, story, promise),)
    )
    return frame(("settings", "held to", "comes out"), rows, "settings")


def edge_case_picture(name: str, *settings: str) -> widgets.HTML:
    """One case second by second, with two or more of its settings side by side (the first and the last by default).

    Raises `InputError` for names that are not shipped.
    """
    story = shipped.edge_case(name)
    return widgets.HTML(_picture(story, tell(story), settings or _ends(story)))


def edge_case_panel(name: str = FIRST) -> Panel:
    """Choose a case and two of its settings. The plain call: `edge_case_picture(name, settings, others)`.

    Parts: `case`, `left`, `right`, `words`, `picture`, `message`.
    """
    known: dict[str, tuple[Story, tuple[Series, ...]]] = {}
    changing: list[str] = []
    titles = [(shipped.edge_case(each).title, each) for each in shipped.edge_cases()]
    wide = widgets.Layout(width="34rem", max_width="100%")
    case = widgets.Dropdown(options=titles, value=name, description="Case", layout=wide)
    left, right = (widgets.Dropdown(description=says, layout=wide) for says in ("Settings", "beside"))
    words, picture, message = widgets.HTML(), widgets.HTML(), widgets.HTML()

    def now() -> tuple[Story, tuple[Series, ...]]:
        if case.value not in known:
            story = shipped.edge_case(case.value)
            known[case.value] = story, tell(story)
        return known[case.value]

    def choose(_: object = None) -> None:
        story, _runs = now()
        words.value = f"<p><b>{html.escape(story.question)}</b></p><p>{html.escape(story.learn)}</p>"
        changing.append(story.title)  # one picture in the end, not one for each half-made choice
        for each, chosen in zip((left, right), _ends(story), strict=True):
            each.options = [settings.name for settings in story.settings]
            each.value = chosen
        changing.clear()
        show()

    def show(_: object = None) -> None:
        if not changing:
            told(message, draw)

    def draw() -> None:
        story, runs = now()
        picture.value = _picture(story, runs, dict.fromkeys((left.value, right.value)))

    case.observe(choose, "value")
    left.observe(show, "value")
    right.observe(show, "value")
    choose()
    parts = {"case": case, "left": left, "right": right, "words": words, "picture": picture, "message": message}
    return Panel(widgets.VBox([case, words, widgets.VBox([left, right]), message, picture]), parts)


def held_to(story: Story, measure: Measure) -> str:
    """A promise in words.

    >>> held_to(shipped.edge_case("retry-storm"), shipped.edge_case("retry-storm").promises[0])
    'buy: at least 98% full from 60 to 90 s'
    """
    bounds = (("at least", measure.at_least), ("at most", measure.at_most))
    said = " and ".join(f"{words} {_said(bound, measure)}" for words, bound in bounds if math.isfinite(bound))
    return f"{measure.of or story.journey}: {said} from {measure.start_s:g} to {measure.end_s:g} s"


def _said(found: float, measure: Measure) -> str:
    if measure.what == "attempts":
        return f"{found:.3g} attempts a request"
    return f"{float(f'{100 * found:.3g}'):g}% {WORDS.get(measure.what, measure.what)}"


def _outcomes(runs: Iterable[Series], story: Story) -> str:
    """Each run with the figures of what was promised; of one that fails, only those that break a promise."""
    words = []
    for run in runs:
        figures = [(figure(run, story, promise), promise) for promise in story.promises]
        broken = [(found, promise) for found, promise in figures if not promise.allows(found)]
        words.append(f"{run.settings} ({', '.join(_said(*pair) for pair in broken or figures)})")
    return "; ".join(words)


def _ends(story: Story) -> tuple[str, str]:
    return story.settings[0].name, story.settings[-1].name


def _picture(story: Story, runs: Sequence[Series], settings: Iterable[str]) -> str:
    return run_picture(_chosen(runs, tuple(settings)), story.journey)[0]


def _chosen(runs: Sequence[Series], settings: Sequence[str]) -> tuple[Series, ...]:
    by_name = {run.settings: run for run in runs}
    for name in settings:
        if name not in by_name:
            raise InputError.of("settings of the case", f"there are none called {name!r}", f"choose of: {', '.join(by_name)}")
    return tuple(by_name[name] for name in settings) or tuple(runs)
