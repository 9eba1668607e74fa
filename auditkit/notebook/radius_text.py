"""A scenario in words and as HTML: one sentence, why, and the states of everything in columns beside each other."""

from __future__ import annotations

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Literal

from auditkit.model.failure import BlastRadius, Mode, State
from auditkit.notebook.appearance import state_chip

Settings = Literal["today", "proposed"]
Radii = dict[tuple[Settings, Mode], BlastRadius]
"""One component's failure under each pair of settings and mode."""

COLUMNS: Sequence[tuple[Settings, Mode]] = (("today", "down"), ("today", "slow"), ("proposed", "down"), ("proposed", "slow"))


def sentence(radius: BlastRadius) -> str:
    """One scenario in one sentence.

    >>> sentence(BlastRadius(fail=("db",), mode="slow", assume="worst", journeys={"buy": State.HUNG, "look": State.OK},
    ...     components={}, value_lost=0.75))
    'With db slow, buy is hung; 75 % of the value is lost.'
    """
    fails = " and ".join(radius.fail) or "nothing"
    hit = [f"{journey} is {state}" for journey, state in radius.journeys.items() if state > State.OK]
    lost = f"{radius.value_lost:.0%}".replace("%", " %")
    return f"With {fails} {radius.mode}, {', '.join(hit) if hit else 'every journey is ok'}; {lost} of the value is lost."


def radii_html(radii: Mapping[tuple[Settings, Mode], BlastRadius], shown: BlastRadius, why: str = "") -> str:
    """The scenario that the picture shows in a sentence, why, and a column for each scenario."""
    columns = [column for column in COLUMNS if column in radii]
    listed = [radii[column] for column in columns]
    heads = "".join(f"<th {_HEAD}>{mode}{', proposed' if which == 'proposed' else ''}</th>" for which, mode in columns)
    journeys = [
        _row(name, [r.journeys[name] for r in listed], [r.worst_case_s.get(name) for r in listed]) for name in shown.journeys
    ]
    hit = [name for name in shown.components if any(r.components[name] > State.OK for r in listed)]
    hit.sort(key=lambda name: (-shown.components[name].badness, name))
    components = [_row(name, [r.components[name] for r in listed]) for name in hit]
    lost = f"<tr><th {_CELL} scope='row'>value lost</th>{''.join(f'<td {_CELL}>{r.value_lost:.0%}</td>' for r in listed)}</tr>"
    assumed = "".join(f"<li>{html.escape(f'{item.where}: {item.what}')}</li>" for item in shown.assumptions)
    parts = [
        f"<p style='white-space:normal'><b>{html.escape(sentence(shown))}</b></p>",
        f"<p>Why: {html.escape(why)}.</p>" if why else "",
        '<div style="overflow-x:auto"><table style="border-spacing:.4em .15em">',
        f"<tr><th {_CELL}>journey</th>{heads}</tr>{''.join(journeys)}{lost}",
        f"<tr><th {_CELL}>component</th>{heads}</tr>{''.join(components)}</table></div>" if components else "</table></div>",
        f"<details><summary>{len(shown.assumptions)} assumptions</summary><ul>{assumed}</ul></details>" if assumed else "",
    ]
    return f'<div style="line-height:1.4;padding-left:.8em">{"".join(parts)}</div>'


_HEAD = 'style="text-align:left;vertical-align:bottom"'
_CELL = 'style="text-align:left;vertical-align:top;white-space:nowrap"'


def _row(name: str, states: Iterable[State], worst_s: Iterable[float | None] = ()) -> str:
    times = list(worst_s)
    cells = []
    for number, state in enumerate(states):
        seconds = times[number] if number < len(times) else None
        cells.append(f"<td {_CELL}>{state_chip(state)}{'' if seconds is None else f'<br>{seconds * 1000:.0f} ms at worst'}</td>")
    return f"<tr><th {_CELL} scope='row'>{html.escape(name)}</th>{''.join(cells)}</tr>"
