"""What a check is, and what it may look at. Adding a check is one file with a `Check`, and one line in `table.py`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from auditkit.model.audit import Finding
from auditkit.model.draft import Coverage
from auditkit.model.failure import Assume, BlastRadius, Mode
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.paths import Paths, paths
from auditkit.model.system import Dependency, Journey, System


@dataclass(frozen=True)
class Facts:
    """Everything that checks look at: the system with the settings under judgement, what was measured, how much is known.

    `profiles` by call name, `advices` by a dependency's subject (or call name). The settings are those in `system`: today's,
    or the proposed ones (`planning.with_policies`); a check cannot tell the difference. `failures` holds, where the caller
    knows it already, what every single failure does, by mode and assumption; otherwise it is computed on first use.
    """

    system: System
    profiles: Mapping[str, LatencyProfile] = field(default_factory=dict)
    advices: Mapping[str, TimeoutAdvice] = field(default_factory=dict)
    coverage: Coverage | None = None
    tested: frozenset[str] = frozenset()
    """What an experiment has shown to work, as `pattern subject`, for example `fallback api -> prices`."""

    @cached_property
    def paths(self) -> Paths:
        """Who calls whom."""
        return paths(self.system)

    @cached_property
    def _reached(self) -> Mapping[str, tuple[Dependency, ...]]:
        return {journey.id: self.paths.reached(journey) for journey in self.system.journeys}

    @cached_property
    def _journeys_of(self) -> Mapping[int, tuple[Journey, ...]]:
        found: dict[int, tuple[Journey, ...]] = {}
        for journey in self.system.journeys:
            for dependency in self._reached[journey.id]:
                found[id(dependency)] = (*found.get(id(dependency), ()), journey)
        return found

    @cached_property
    def _journeys_through(self) -> Mapping[str, tuple[Journey, ...]]:
        found: dict[str, tuple[Journey, ...]] = {}
        for journey in self.system.journeys:
            names = {journey.entry, *journey.completes}
            names.update(name for d in self._reached[journey.id] for name in (d.caller, *d.to))
            for component in {name.partition(":")[0] for name in names}:
                found[component] = (*found.get(component, ()), journey)
        return found

    @cached_property
    def _failures(self) -> dict[tuple[Mode, Assume], tuple[BlastRadius, ...]]:
        return {}

    def failures(self, mode: Mode, assume: Assume) -> tuple[BlastRadius, ...]:
        """What each single failure does; computed once."""
        if (mode, assume) not in self._failures:
            from auditkit.engine import single_failures  # numba and its like are loaded by those who ask

            self._failures[mode, assume] = single_failures(self.system, mode, assume, self.profiles)
        return self._failures[mode, assume]

    def journeys_of(self, dependency: Dependency) -> tuple[Journey, ...]:
        """The journeys that a dependency may touch."""
        return self._journeys_of.get(id(dependency), ())

    def journeys_through(self, component: str) -> tuple[Journey, ...]:
        """The journeys for which a component does something: those whose calls start or end at it."""
        return self._journeys_through.get(component, ())


@dataclass(frozen=True, slots=True)
class Check:
    """One check, with the words that the document and `auditkit explain` quote.

    `why` it matters, `how` it is decided, `remedy`, when it is a `false_alarm`, `sources` (author, title, year).
    `run(facts)` gives its findings in any order; it never raises on a System that went through the gate.
    """

    name: str
    title: str
    why: str
    how: str
    remedy: str
    false_alarm: str
    run: Callable[[Facts], Iterable[Finding]]
    sources: tuple[str, ...] = ()
