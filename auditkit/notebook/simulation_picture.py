"""A simulated experiment as a picture: what users got before, during and after the fault, under both settings."""

from __future__ import annotations

import html
from collections.abc import Iterable, Sequence

from auditkit.model.failure import State
from auditkit.notebook.appearance import INK, LOOKS, MUTED
from auditkit.simulation import RunResult
from auditkit.simulation.results import PHASES, PhaseResult

WIDTH, _LEFT, _BAR, _ROW = 640, 150, 330, 20
_PARTS = (("full", State.OK), ("degraded", State.DEGRADED), ("late", State.LATE), ("error", State.FAILED))


def simulation_svg(runs: Sequence[RunResult]) -> str:
    """Shares of answers as bars: a block for each journey, in it a bar for each phase and each run (today's, then proposed)."""
    journeys = list(dict.fromkeys(result.journey for run in runs for result in run.journeys))
    parts, at = [], 8
    for journey in journeys:
        parts.append(_text(8, at + 14, journey, weight="bold"))
        at += 20
        for run in runs:
            found = next((result for result in run.journeys if result.journey == journey), None)
            for phase in PHASES if found is not None else ():
                if (shares := found.phases.get(phase) if found else None) is not None:
                    parts.append(_text(16, at + 14, f"{run.settings}, {phase}"))
                    parts.extend(_bar(at, shares))
                    at += _ROW
        at += 8
    words = html.escape("; ".join(said(run) for run in runs) or "Nothing was simulated.")
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {at + 4}" role="img" aria-label="{words}" '
        f'style="max-width:{WIDTH}px;width:100%;background:#fff;font:12px sans-serif">'
        f"<title>{words}</title>{''.join(parts)}</svg>"
    )


def said(run: RunResult) -> str:
    """A run in one line, for those who do not see the picture."""
    return f"{run.experiment} with {run.settings} settings: {run.verdict}, {run.why}"


def _bar(at: int, shares: PhaseResult) -> Iterable[str]:
    left = float(_LEFT)
    for name, state in _PARTS:
        share = getattr(shares, name).mean
        width, look = share * _BAR, LOOKS[state]
        if width > 0.3:
            yield (
                f'<rect x="{left:.1f}" y="{at + 2}" width="{width:.1f}" height="{_ROW - 4}" fill="{look.fill}" '
                f'stroke="{look.border}" stroke-width=".7"/>'
            )
            if width > 24:
                yield _text(left + width / 2, at + 14, look.symbol, anchor="middle")
        left += width
    hit = [f"{getattr(shares, name).mean:.1%} {name}" for name, _ in _PARTS[1:] if getattr(shares, name).mean >= 0.0005]
    yield _text(_LEFT + _BAR + 8, at + 14, ", ".join(hit) or "all full", colour=INK if hit else MUTED)


def _text(x: float, y: int, words: str, *, weight: str = "normal", anchor: str = "start", colour: str = INK) -> str:
    return f'<text x="{x:.1f}" y="{y}" fill="{colour}" font-weight="{weight}" text-anchor="{anchor}">{html.escape(words)}</text>'
