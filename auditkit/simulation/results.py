"""What a simulation says: per journey and phase, with intervals over seeds, and a verdict on a hypothesis. Frozen nouns."""

from __future__ import annotations

from typing import Literal

from auditkit.model.failure import Assumption
from auditkit.model.noun import Noun

Phase = Literal["before", "during", "after"]
PHASES: tuple[Phase, ...] = ("before", "during", "after")
Verdict = Literal["holds", "fails", "cannot tell"]
TODAY, PROPOSED = "today", "proposed"


class Figure(Noun):
    """A mean over seeds with its two-sided 95 % interval; without one where nothing can be said from a single seed."""

    mean: float
    lo: float | None = None
    hi: float | None = None


class PhaseResult(Noun):
    """What users of one journey saw in one phase. Shares 0..1 of all requests that began in it; p50 and p99 of all answers.

    What was under way as the fault began is counted `during` it.

    `late` are full or degraded answers after the deadline, and requests that got no answer at all; `bad` are errors and late
    ones; `stale` are answers that hold something older than the fallback's `stale_after`.
    """

    requests: float
    full: Figure
    degraded: Figure
    error: Figure
    late: Figure
    bad: Figure
    stale: Figure
    p50_s: Figure | None = None
    p99_s: Figure | None = None
    attempts: Figure


class JourneyResult(Noun):
    """One journey, phase by phase. `recover_s`: seconds from the end of the fault until users are served as before.

    None where at least one seed did not recover in the time simulated; `recovered` is the share of seeds that did.
    """

    journey: str
    phases: dict[Phase, PhaseResult]
    recover_s: Figure | None = None
    recovered: float = 1.0


class CallPhase(Noun):
    """One call in one phase: how often it was asked, tried, refused, retried, and its breakers opened; counts, by seed."""

    calls: Figure
    attempts: Figure
    timeouts: Figure
    errors: Figure
    pool_full: Figure
    breaker_refused: Figure
    breaker_openings: Figure
    retries: Figure
    fallbacks: Figure
    stale: Figure


class CallResult(Noun):
    """One call, phase by phase. `oldest_s`: the greatest age of what its fallback served, None where it never had to."""

    call: str
    phases: dict[Phase, CallPhase]
    oldest_s: float | None = None


class BusyResult(Noun):
    """Mean workers busy in all instances of a component, and requests waiting, by phase; the most seen in one instance."""

    component: str
    busy: dict[Phase, Figure]
    waiting: dict[Phase, Figure]
    most_busy: int
    longest_queue: int


class RunResult(Noun):
    """One experiment under one set of settings: `today`, `proposed`, or `without from -> to` (one proposal left out).

    `unknowns low` and `unknowns high` are the proposed settings with everything that was assumed at one end of what it might be,
    `assuming WHERE: WHAT` with one such answer alone.

    `seeds` are those that were run: where one seed settled the verdict only that one, none where the verdict follows from the
    runs of the proposed settings; `why` says so.
    """

    experiment: str
    settings: str
    seeds: tuple[int, ...]
    fault: str
    journeys: tuple[JourneyResult, ...]
    calls: tuple[CallResult, ...] = ()
    busy: tuple[BusyResult, ...] = ()
    verdict: Verdict
    why: str
    assumptions: tuple[Assumption, ...] = ()


class Bounds(Noun):
    """What a hypothesis says of one journey: bad answers (errors and late ones) at most this share while the fault lasts.

    With `back`, users are also served as before once it is over.
    """

    journey: str
    bad_at_most: float | None = None
    back: bool = True


class LoadBound(Noun):
    """What a hypothesis says of one call while the fault lasts: so many attempts a call at most, and so many more in all."""

    call: str
    attempts_at_most: float
    more: float = 0.0
