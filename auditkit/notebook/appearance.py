"""How states and kinds look: colour, symbol and word together, so that nobody depends on colour alone.

Colours are those of Okabe and Ito (Color Universal Design, 2008), lightened as backgrounds: dark text on each has a
contrast of at least 4.5 : 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from auditkit.model.failure import State
from auditkit.model.system import ComponentKind

INK = "#1b1b1b"
MUTED = "#595959"
PAPER = "#ffffff"
ACCENT = "#0072b2"
WARNING = "#b34700"


@dataclass(frozen=True, slots=True)
class Look:
    """Fill, border, symbol and word of a state."""

    fill: str
    border: str
    symbol: str
    word: str


LOOKS: Mapping[State | None, Look] = {
    None: Look("#f2f2f2", "#8c8c8c", "", "not asked"),
    State.OK: Look("#d5efe6", "#00795a", "✓", "ok"),
    State.DEGRADED: Look("#fff2c2", "#9a6b00", "◐", "degraded"),
    State.LATE: Look("#ffe0b8", "#b35f00", "◷", "late"),
    State.FAILED: Look("#f9cdb8", "#b33c00", "✕", "failed"),
    State.HUNG: Look("#ecc6dd", "#8a2f68", "∞", "hung"),
}
"""Of each state; None where no scenario is shown."""

STORES: frozenset[ComponentKind] = frozenset({"database", "cache", "queue"})
"""Drawn as ellipses: they keep something. Everything else is a box."""

NOT_OURS: frozenset[ComponentKind] = frozenset(
    {"client", "external", "dns", "certificate", "network", "load-generator", "telemetry"}
)
"""Drawn with a dashed border: nobody here deploys them."""


def state_word(state: State | str | None) -> str:
    """Symbol and word of a state, as it stands in tables.

    >>> state_word("hung"), state_word(None)
    ('∞ hung', 'not asked')
    """
    look = LOOKS[None if state is None else State(state)]
    return f"{look.symbol} {look.word}".strip()


def state_chip(state: State | str) -> str:
    """A state as a small coloured label in HTML."""
    look = LOOKS[State(state)]
    return (
        f'<span style="background:{look.fill};color:{INK};border:1px solid {look.border};border-radius:3px;'
        f'padding:0 .4em;white-space:nowrap">{look.symbol} {look.word}</span>'
    )
