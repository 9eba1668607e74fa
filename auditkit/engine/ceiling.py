"""How good a journey can be at best beside its objective, and what each thing that can fail costs of it.

A month has 30 days, which is 43,200 minutes. With P the probability that the journey is failed or hung:

- minutes down a month = P × 43,200;
- minutes that an atom x costs = (P - P(x never fails)) × 43,200 = p_x × Birnbaum_x × 43,200: the minutes a month that would be
  won if it never failed and nothing else changed. Two things that are needed both and fail at once count for each, so that the
  costs add up to slightly more than the minutes down; of a redundant pair each costs all that the pair does.

(Birnbaum: On the importance of different components, 1969; the "rule of the extra nine" by Treynor, Dahlin, Rau and Beyer: The
Calculus of Service Availability, ACM Queue, 2017, is the same in words.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from auditkit.engine.arenas import Limits
from auditkit.engine.blast import Profiles
from auditkit.engine.boolean import journey_formula
from auditkit.engine.diagrams import draw
from auditkit.engine.exact import JOURNEY_LIMITS
from auditkit.engine.importance import importances, probability_range
from auditkit.engine.structure import build
from auditkit.errors import LimitReached
from auditkit.model.failure import Assume, Mode, Range
from auditkit.model.system import System

MINUTES_A_MONTH: Final = 43_200.0


@dataclass(frozen=True, slots=True)
class Cost:
    """Minutes a month that an atom costs a journey, while everything of unknown availability never fails.

    None for an atom whose own availability is unknown.
    """

    atom: str
    minutes: float | None


@dataclass(frozen=True, slots=True)
class Ceiling:
    """A journey's availability beside its objective. Shares are 0..1, minutes are of a month of 30 days.

    `availability` is a range where that of something below is unknown; its best end is the ceiling: the journey cannot be better.
    It is None where it could not be computed; `not_computed` says why. `costs` holds the dearest first, unknown ones last.
    """

    journey: str
    slo: float | None
    availability: float | Range | None
    costs: tuple[Cost, ...] = ()
    not_computed: str = ""

    @property
    def best(self) -> float | None:
        """The ceiling: what the journey reaches if everything of unknown availability never fails."""
        return self.availability.best if isinstance(self.availability, Range) else self.availability

    @property
    def worst(self) -> float | None:
        """What it reaches if everything of unknown availability always fails."""
        return self.availability.worst if isinstance(self.availability, Range) else self.availability

    @property
    def minutes_down(self) -> float | None:
        """Minutes a month at the ceiling: at least so many are lost."""
        return None if self.best is None else (1.0 - self.best) * MINUTES_A_MONTH

    @property
    def minutes_allowed(self) -> float | None:
        """Minutes a month that the objective allows."""
        return None if self.slo is None else (1.0 - self.slo) * MINUTES_A_MONTH


def ceilings(
    system: System,
    *,
    mode: Mode = "down",
    assume: Assume = "worst",
    assumed_availability: float | None = None,
    profiles: Profiles | None = None,
    limits: Limits | None = None,
) -> tuple[Ceiling, ...]:
    """The ceiling of every journey. Atoms fail independently; `assumed_availability` (0..1) stands in for unknown ones.

    A journey too entangled for `limits` (default: a million diagram nodes) is listed without availability, and says so.

    >>> system = System.model_validate({"system": "shop", "components": [
    ...     {"id": "api", "availability": 0.9995}, {"id": "db", "availability": 0.999}, {"id": "mail"}],
    ...     "dependencies": [{"from": "api", "to": "db", "on_failure": "fail"}],
    ...     "journeys": [{"id": "buy", "entry": "api", "slo": 0.999}]})
    >>> buy, = ceilings(system)
    >>> round(buy.availability, 7), round(buy.minutes_down, 1), round(buy.minutes_allowed, 1)
    (0.9985005, 64.8, 43.2)
    >>> [(cost.atom, round(cost.minutes, 1)) for cost in buy.costs]
    [('db', 43.2), ('api', 21.6)]
    """
    structure = build(system, profiles, assume)
    slo = {journey.id: journey.slo for journey in system.journeys}
    p_up = {atom.id: assumed_availability if atom.p_up is None else atom.p_up for atom in structure.atoms}
    p_down = {name: 1.0 - p for name, p in p_up.items() if p is not None}
    found = []
    for trip in structure.trips:
        promised = slo[trip.name]
        base = Ceiling(trip.name, promised if isinstance(promised, float) else None, None)
        try:
            diagram = draw(journey_formula(structure, trip, mode), limits or JOURNEY_LIMITS)
        except LimitReached as error:
            found.append(Ceiling(base.journey, base.slo, None, not_computed=str(error)))
            continue
        p_failed = probability_range(diagram, p_down)
        known = {**dict.fromkeys((n for n in diagram.names if n is not None), 0.0), **p_down}
        costs = [_cost(item.atom, item.birnbaum, p_down) for item in importances(diagram, known)]
        costs.sort(key=lambda cost: (cost.minutes is None, -(cost.minutes or 0.0), cost.atom))
        up = Range(best=1.0 - p_failed.best, worst=1.0 - p_failed.worst) if isinstance(p_failed, Range) else 1.0 - p_failed
        found.append(Ceiling(base.journey, base.slo, up, tuple(costs)))
    return tuple(found)


def _cost(atom: str, birnbaum: float | None, p_down: Mapping[str, float]) -> Cost:
    if atom not in p_down:
        return Cost(atom, None)
    return Cost(atom, p_down[atom] * (birnbaum or 0.0) * MINUTES_A_MONTH)
