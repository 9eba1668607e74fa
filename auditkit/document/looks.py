"""Colours, symbols and words of states and severities: never colour alone.

Colours are those of Okabe and Ito (Color Universal Design, 2008), lightened as backgrounds; dark text on each has a contrast
of at least 4.5 : 1.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.model.failure import State
from auditkit.model.system import Confidence

INK: Final = "#1b1b1b"
MUTED: Final = "#595959"
PAPER: Final = "#ffffff"
BLUE: Final = "#0072b2"
VERMILLION: Final = "#b34700"
GREEN: Final = "#00795a"
ORANGE: Final = "#9a6b00"


@dataclass(frozen=True, slots=True)
class Look:
    """Fill, border, symbol and word."""

    fill: str
    border: str
    symbol: str
    word: str

    @property
    def label(self) -> str:
        """Symbol and word."""
        return f"{self.symbol} {self.word}".strip()


STATES: Mapping[State, Look] = {
    State.OK: Look("#d5efe6", GREEN, "✓", "ok"),
    State.DEGRADED: Look("#fff2c2", ORANGE, "◐", "degraded"),
    State.LATE: Look("#ffe0b8", "#b35f00", "◷", "late"),
    State.FAILED: Look("#f9cdb8", "#b33c00", "✕", "failed"),
    State.HUNG: Look("#ecc6dd", "#8a2f68", "∞", "hung"),
}
PLAIN: Final = Look("#f4f6f8", "#6b7680", "", "")
"""A component of which no state is shown."""

SEVERITY: Mapping[str, Look] = {
    "critical": Look("#f9cdb8", "#b33c00", "▲", "critical"),
    "high": Look("#ffe0b8", "#b35f00", "▲", "high"),
    "medium": Look("#fff2c2", ORANGE, "■", "medium"),
    "low": Look("#d6e9f5", BLUE, "●", "low"),
    "info": Look("#f4f6f8", "#6b7680", "○", "info"),
}

TONES: Mapping[str, Look] = {**{state.value: look for state, look in STATES.items()}, **SEVERITY}
"""States and severities by name."""

CONFIDENCE: Mapping[Confidence, str] = {
    "observed": "seen in traffic",
    "declared": "stated by a file made to state it",
    "asked": "said by a person",
    "configured": "an address in the configuration",
    "ordering": "start order only",
    "inferred": "guessed from a name",
}
"""What each confidence means, from strong to weak."""
