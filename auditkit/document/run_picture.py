"""Simulated runs second by second, side by side: what users got, how long it took, breakers, workers. Always the same bytes."""

from __future__ import annotations

import io
import math
import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Final

from auditkit.document.figures import duration
from auditkit.document.looks import BLUE, GREEN, INK, MUTED, PAPER, STATES, VERMILLION
from auditkit.document.svg import words_of
from auditkit.errors import InputError
from auditkit.model.failure import State
from auditkit.model.runs import BreakerSeries, JourneySeries, Series, busiest, busy_share

if TYPE_CHECKING:
    from matplotlib.axes import Axes

ENDS: Final = (
    ("full", State.OK, ""),
    ("degraded", State.DEGRADED, "---"),
    ("late", State.LATE, "///"),
    ("error", State.FAILED, "xxx"),
)
"""What a request ends as, from the bottom up, with the look of that state and a hatching for those who do not see the colour."""
LINES: Final = ((BLUE, "-"), (VERMILLION, "--"), (GREEN, "-."), ("#8a2f68", ":"))
MOST_BREAKERS: Final = 6
_SHORTER: Final = tuple(
    (re.compile(pattern, re.DOTALL), instead)
    for pattern, instead in (
        (r"<!--.*?-->|<metadata>.*?</metadata>|<defs>\s*<style.*?</style>\s*</defs>", ""),
        (r">\s+<", "><"),
        (r"\s+", " "),
        (r' xmlns:xlink="[^"]*"|xlink:(?=href)', ""),
        (r"(\d\.\d\d)\d+", r"\1"),  # a hundredth of a point is fine enough
        (r"( L [\d.]+ [\d.]+)(?:\1)+(?= )", r"\1"),
    )
)


def run_picture(runs: Sequence[Series], journey: str | None = None, name: str = "") -> tuple[str, str, str]:
    """SVG, title and description of one journey under several settings: a column each, and in it from the top down

    shares of full, degraded, late and error; p99 (logarithmic) with the deadline; breakers open and half-open; shares of workers
    that are busy, of the four busiest components. Grey is the time of the fault. Without `journey` the first one is shown;
    without breakers that row is left out. `name` tells it apart from other pictures in one page. Raises `InputError` without
    runs, or where they do not have the journey.
    """
    if not runs:
        raise InputError.of("picture of a simulation", "there is no run to show", "simulate one first")
    import matplotlib as mpl
    from matplotlib.figure import Figure

    shown = [_journey(run, journey) for run in runs]
    calls = list(dict.fromkeys(b.call for run in runs for b in run.breakers))[:MOST_BREAKERS]
    components = busiest(runs, len(LINES))
    heights = [2.2, 1.5, *([0.4 + 0.26 * len(calls)] if calls else []), *([1.5] if components else [])]
    title = f"{shown[0].journey}, second by second"
    words = " ".join(_words(run, of) for run, of in zip(runs, shown, strict=True))
    with mpl.rc_context(
        {
            "svg.hashsalt": f"auditkit {name}", "svg.fonttype": "none", "font.size": 8, "hatch.linewidth": 0.5,
            "axes.edgecolor": MUTED, "text.parse_math": False,
        }
    ):  # fmt: skip
        figure = Figure(figsize=(2.2 + 3.9 * len(runs), 0.7 + sum(heights)), layout="constrained", facecolor=PAPER)
        grid = figure.subplots(len(heights), len(runs), sharex=True, sharey="row", squeeze=False, height_ratios=heights)
        for column, (run, of) in enumerate(zip(runs, shown, strict=True)):
            axes = list(grid[:, column])
            axes[0].set_title(run.settings or "as it is", fontweight="bold", color=INK)
            _shares(axes.pop(0), run, of)
            _p99(axes.pop(0), run, of)
            if calls:
                _breakers(axes.pop(0), run, calls)
            if components:
                _busy(axes.pop(0), run, components)
            grid[-1, column].set_xlabel("seconds")
        for row in grid:
            _legend(list(row))
        stream = io.StringIO()
        figure.savefig(stream, format="svg", metadata={"Date": None, "Creator": None})
    return _told(stream.getvalue(), title, words), title, words


def _legend(row: Sequence[Axes]) -> None:
    """What is drawn in a row, said once, beside it, where it hides nothing; upper things first."""
    known = {name: drawn for axes in row for drawn, name in zip(*axes.get_legend_handles_labels(), strict=True)}
    if known:
        upwards = row[0].get_ylabel() in ("share of requests", "breakers")
        names = list(known)[:: -1 if upwards else 1]
        handles = [known[name] for name in names]
        row[-1].legend(handles, names, fontsize=7, frameon=False, loc="upper left", bbox_to_anchor=(1.0, 1.03))


def _told(svg: str, title: str, words: str) -> str:
    """The drawing with its alternative text, in pixels, as part of a page: no prologue, no style for all, nothing twice."""
    opening, rest = _shorter(svg).split(">", 1)
    pixels = re.sub(r'(width|height)="([\d.]+)pt"', r'\1="\2"', opening)
    label = f"<title>{words_of(title)}</title><desc>{words_of(words)}</desc>"
    look = 'stroke-linejoin="round" stroke-linecap="butt"'
    return f'{pixels} {look} role="img" aria-label="{words_of(f"{title}. {words}")}">{label}{rest}'


def _shorter(svg: str) -> str:
    """The same drawing in a third of its size."""
    left = svg[svg.index("<svg ") :]
    for pattern, instead in _SHORTER:
        left = pattern.sub(instead, left)
    used = set(re.findall(r"#([\w-]+)", left))
    return re.sub(r' id="([^"]+)"', lambda found: found[0] if found[1] in used else "", left)


def _journey(run: Series, name: str | None) -> JourneySeries:
    for found in run.journeys:
        if name in (None, found.journey):
            return found
    raise InputError.of("picture of a simulation", f"has no journey {name!r}", ", ".join(j.journey for j in run.journeys))


def _edges(run: Series) -> list[float]:
    return [*run.times_s, run.times_s[-1] + run.step_s]


def _grey(axes: Axes, run: Series) -> None:
    axes.set_xlim(0.0, _edges(run)[-1])
    axes.tick_params(color=MUTED, labelcolor=INK)
    if run.fault_s is not None:
        start, end = run.fault_s
        for at in (start, end):
            if math.isfinite(at):
                axes.axvline(at, color=INK, linewidth=0.8, linestyle=(0, (2, 2)))
        axes.axvspan(start, min(end, _edges(run)[-1]), color="#e3e6e8", zorder=0)


def _shares(axes: Axes, run: Series, of: JourneySeries) -> None:
    below = [0.0] * len(run.times_s)
    for name, state, hatch in ENDS:
        above = [a + b for a, b in zip(below, getattr(of, name), strict=True)]
        look = STATES[state]
        if above == below:
            axes.fill([], [], facecolor=look.fill, edgecolor=look.border, hatch=hatch, linewidth=0, label=f"{look.symbol} {name}")
            continue
        axes.fill_between(
            _edges(run), [*below, below[-1]], [*above, above[-1]], step="post", facecolor=look.fill, edgecolor=look.border,
            hatch=hatch, linewidth=0, label=f"{look.symbol} {name}",
        )  # fmt: skip
        below = above
    if any(of.stale):
        old = [*of.stale, of.stale[-1]]
        axes.step(_edges(run), old, where="post", color=BLUE, linewidth=1.6, label="older than acceptable")
    _grey(axes, run)
    axes.set_ylim(0.0, 1.0)
    axes.set_ylabel("share of requests")


def _p99(axes: Axes, run: Series, of: JourneySeries) -> None:
    from matplotlib.ticker import NullLocator

    values = [math.nan if p99 is None else max(p99, 1e-3) for p99 in of.p99_s]
    axes.plot([t + run.step_s / 2 for t in run.times_s], values, color=INK, linewidth=1.1, label="p99 of the answers")
    if of.deadline_s is not None:
        axes.axhline(of.deadline_s, color=VERMILLION, linewidth=1.2, linestyle="--", label=f"deadline {duration(of.deadline_s)}")
    _grey(axes, run)
    axes.set_yscale("log")
    axes.yaxis.set_major_formatter(lambda value, _: duration(value))
    axes.yaxis.set_minor_locator(NullLocator())  # a third of the drawing, which nobody reads
    axes.set_ylabel("p99")


def _breakers(axes: Axes, run: Series, calls: Sequence[str]) -> None:
    by_call: dict[str, BreakerSeries] = {b.call: b for b in run.breakers}
    edges = _edges(run)
    for row, call in enumerate(calls):
        base = len(calls) - 1 - row
        series = by_call.get(call)
        if series is None:
            axes.text(edges[-1] / 2, base + 0.4, "no breaker", ha="center", va="center", color=MUTED, fontsize=7)
            continue
        below = [float(base)] * len(run.times_s)
        for name, state, hatch in (("open", State.FAILED, "xxx"), ("half_open", State.DEGRADED, "---")):
            above = [a + 0.8 * b for a, b in zip(below, getattr(series, name), strict=True)]
            look = STATES[state]
            axes.fill_between(
                edges, [*below, below[-1]], [*above, above[-1]], step="post", facecolor=look.fill, edgecolor=look.border,
                hatch=hatch, linewidth=0, label=name.replace("_", "-") if row == 0 else None,
            )  # fmt: skip
            below = above
    _grey(axes, run)
    axes.set_ylim(-0.1, len(calls))
    axes.set_yticks(
        [len(calls) - 1 - row + 0.4 for row in range(len(calls))], [c.replace(" -> ", "\n→ ") for c in calls], fontsize=7
    )
    axes.set_ylabel("breakers")


def _busy(axes: Axes, run: Series, components: Sequence[str]) -> None:
    by_name = {b.component: b for b in run.busy}
    for (colour, style), name in zip(LINES, components, strict=False):
        series = by_name.get(name)
        if series is not None and series.workers:
            label = f"{name} ({series.workers} workers)"
            middles = [t + run.step_s / 2 for t in run.times_s]
            axes.plot(middles, busy_share(series), color=colour, linestyle=style, linewidth=1.3, label=label)
    _grey(axes, run)
    axes.set_ylim(0.0, 1.05)
    axes.set_ylabel("workers busy")


def _words(run: Series, of: JourneySeries) -> str:
    """One run for those who do not see it: the means of each phase, the worst p99, breakers that opened, the busiest workers."""
    start, end = run.fault_s or (math.inf, math.inf)
    phases = [("before the fault", 0.0, start), ("during", start, end), ("after", end, math.inf)]
    if run.fault_s is None:
        phases = [("all the time", 0.0, math.inf)]
    parts = []
    for name, since, until in phases:
        rows = [n for n, t in enumerate(run.times_s) if since <= t < until and of.requests[n]]
        if rows:
            all_ = math.fsum(of.requests[n] for n in rows)
            shares = {to: math.fsum(getattr(of, to)[n] * of.requests[n] for n in rows) / all_ for to, _, _ in ENDS}
            told_shares = [f"{share:.1%} {to}" for to, share in shares.items() if share >= 0.0005]
            old = math.fsum(of.stale[n] * of.requests[n] for n in rows) / all_
            told_shares += [f"{old:.1%} older than acceptable"] if old >= 0.0005 else []
            parts.append(f"{name} {', '.join(told_shares)}")
    p99 = max((p for p in of.p99_s if p is not None), default=None)
    told = [f"{run.settings or 'As it is'}: {'; '.join(parts)}."]
    if p99 is not None:
        deadline = "" if of.deadline_s is None else f", the deadline is {duration(of.deadline_s)}"
        told.append(f"The worst p99 of a second is {duration(p99)}{deadline}.")
    opened = [b.call for b in run.breakers if any(b.open)]
    if opened:
        told.append(f"Breakers open on {', '.join(opened)}.")
    known = [b for b in run.busy if b.workers]
    if known:
        most = max(known, key=lambda series: max(busy_share(series)))
        told.append(f"Of the workers of {most.component} at most {max(busy_share(most)):.0%} are busy.")
    return " ".join(told)
