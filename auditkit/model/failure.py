"""What a failure does, as values: states, blast radius, cut sets, single points of failure, ranges of the unknown."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from auditkit.model.noun import Noun
from auditkit.model.state import State as State
from auditkit.model.states import StatesByName

Mode = Literal["down", "slow"]
"""How the atoms of a scenario fail: `down` answers quickly with an error, `slow` does not answer in time."""

Assume = Literal["worst", "best"]
"""Which answer every open question gets: `worst` shows what is possible, `best` what is proven."""

Certainty = Literal["proven", "possible"]


class Assumption(Noun):
    """Something taken for granted because nobody has told it."""

    where: str
    what: str


class Range(Noun):
    """What is known of a figure whose inputs are partly unknown: its value under the best and under the worst answers."""

    best: float
    worst: float


class BlastRadius(Noun):
    """What one scenario does to every journey and component. `value_lost` is a share of all journeys' value."""

    fail: tuple[str, ...]
    mode: Mode
    assume: Assume
    journeys: dict[str, State]
    components: StatesByName
    worst_case_s: dict[str, float] = Field(default_factory=dict)
    value_lost: float
    assumptions: tuple[Assumption, ...] = ()


class SinglePoints(Noun):
    """Atoms whose failure alone makes a journey failed or hung. `instance`: those components that run without any spare."""

    component: tuple[str, ...] = ()
    instance: tuple[str, ...] = ()
    shared_cause: tuple[str, ...] = ()


class Importance(Noun):
    """How much one atom matters to a journey's unavailability. None where it is undefined or rests on unknown availabilities."""

    atom: str
    birnbaum: float | None = None
    criticality: float | None = None
    fussell_vesely: float | None = None
    raw: float | None = None
    rrw: float | None = None


class CutSets(Noun):
    """Minimal cut sets of one journey: by size, then the likelier first, then by name. `count` is of all, whatever was listed.

    `count` and `p_failed` are None where the engine in use cannot give them exactly; `truncated` says the list is partial.
    """

    journey: str
    mode: Mode
    assume: Assume
    state: Literal["failed", "degraded"] = "failed"
    sets: tuple[tuple[str, ...], ...]
    max_order: int | None = None
    truncated: bool = False
    count: int | None = None
    p_failed: float | Range | None = None
    single_points: SinglePoints = SinglePoints()
    importance: tuple[Importance, ...] = ()
    assumptions: tuple[Assumption, ...] = ()
