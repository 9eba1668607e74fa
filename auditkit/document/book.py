"""Everything that the written strategy rests on, in one value."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from auditkit.model.audit import AuditFacts, Gap, Strategy
from auditkit.model.draft import Conflict, Coverage
from auditkit.model.failure import Assumption
from auditkit.model.latency import LatencyProfile
from auditkit.model.noun import Noun
from auditkit.model.runs import KeptRun
from auditkit.model.system import System

if TYPE_CHECKING:
    from auditkit.simulation.storms import StormMap
    from auditkit.simulation.tuning import Tuning

_FIRST_S, _LAST_S = 631152000.0, 7258118400.0
"""Epoch seconds of 1990 and 2200: outside of them a start time is no date."""


class Provenance(Noun):
    """A file that the audit rests on: its name, the SHA-256 of its bytes, and what was read from it."""

    file: str
    sha256: str
    what: str


@dataclass(frozen=True)
class Book:
    """What `document` writes down. Equal books give equal bytes: all dates come from `facts`, none from the clock.

    Blast radii and cut sets that the strategy does not carry are computed when the document is written.

    `single_points` is the sentence of `auditkit.checks.sentence_on_single_points`, the only one in the document that speaks
    about the absence of single points. `gaps` is what exported targets cannot express, by target; `targets` how each says what
    it can. `runs` are simulated experiments to be shown, `simulated_with` what their simulation had to assume. `tunings`
    are plateaus of single calls' figures, `storms` maps of where retries keep a callee down. `changes` is
    what is different since the audit of `changes_since`, in sentences; None where no earlier audit is known. `docx_template` is
    a user's own .docx.
    """

    system: System
    facts: AuditFacts
    strategy: Strategy
    coverage: Coverage | None = None
    conflicts: tuple[Conflict, ...] = ()
    profiles: Mapping[str, LatencyProfile] = field(default_factory=dict)
    provenance: tuple[Provenance, ...] = ()
    version: str = ""
    single_points: str = ""
    gaps: Mapping[str, tuple[Gap, ...]] = field(default_factory=dict)
    targets: Mapping[str, str] = field(default_factory=dict)
    runs: tuple[KeptRun, ...] = ()
    simulated_with: tuple[Assumption, ...] = ()
    tunings: tuple[Tuning, ...] = ()
    storms: tuple[StormMap, ...] = ()
    changes: tuple[str, ...] | None = None
    changes_since: dt.date | None = None
    docx_template: bytes | None = None

    @property
    def title(self) -> str:
        """Title of the document."""
        return self.facts.title or self.system.system

    @property
    def data_until(self) -> dt.date | None:
        """Day of the last measurement; None where no export has start times, or counts them from its own beginning."""
        return max((day for profile in self.profiles.values() if (day := last_day(profile)) is not None), default=None)


def last_day(profile: LatencyProfile) -> dt.date | None:
    """Day of a profile's last measurement; None where the export has no start times, or counts them from its own beginning."""
    if profile.end_s is None or not _FIRST_S < profile.end_s < _LAST_S:
        return None
    return dt.datetime.fromtimestamp(profile.end_s, dt.UTC).date()
