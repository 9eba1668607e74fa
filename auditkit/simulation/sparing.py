"""Which runs need not be made: where one seed tells as much as all of them, and which proposals a fault has nothing to do with.

All settings meet the same draws, so a run is compared with that of the proposed settings request by request; what differs is what
the settings did, and far less of it is chance than of either run alone.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from auditkit.model.failure import Assumption
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Dependency, System
from auditkit.simulation import columns as c
from auditkit.simulation.experiments import AFTER_S, SeenIn, seen_in
from auditkit.simulation.results import Bounds, CallResult, JourneyResult, LoadBound, Verdict
from auditkit.simulation.run import Outcomes
from auditkit.simulation.verdicts import limits, verdict

NEAR, FAR, LEAST_FAR, BACK_S, USUAL, ROOMY, MORE = 0.25, 10.0, 0.01, 5.0, 0.01, 0.75, 0.1
"""Judgement calls: as near to the proposed settings as a quarter of what is left to a bound; as far beyond a bound as ten times
it (and one in a hundred); times to recover in seconds; the share of its calls in which a proposal may act at any time; requests
for each worker that crowd nobody, and how much more than with the proposed settings do neither."""

ONE_SEED = Assumption(
    where="verdicts",
    what=f"without one proposal, or with another answer, one seed is enough where it comes as near to the proposed settings, on "
    f"the same draws, as {NEAR:.0%} of what is left to every bound, with nobody more crowded, or misses one {FAR:g} times",
)
LEFT_OUT = Assumption(
    where="verdicts",
    what=f"a proposal that acts no more while a fault lasts than before it, in less than {USUAL:.0%} of its calls, changes "
    "nothing there; what it costs while all is well is simulated apart",
)
"""What stopping after one seed, and leaving a run out, takes for granted."""

ACTED = (c.T_TIMEOUTS, c.T_POOL_FULL, c.T_BREAKER_OPEN, c.T_RETRIES, c.T_OPENINGS, c.T_NO_BUDGET)


@dataclass(frozen=True, slots=True)
class Base:
    """What the proposed settings did, over all seeds and with the first one alone, and how crowded each component was."""

    runs: tuple[Outcomes, ...]
    seen: SeenIn
    first: SeenIn
    crowds: NDArray[np.float64]


def base_of(runs: tuple[Outcomes, ...]) -> Base:
    """The runs of the proposed settings as what others are compared with."""
    return Base(runs, seen_in(runs), seen_in(runs[:1]), np.max([crowds(run) for run in runs], axis=0))


def crowds(run: Outcomes) -> NDArray[np.float64]:
    """For each component the most requests that an instance had in hand or waiting, for each of its workers; 0 without limit."""
    compiled = run.compiled
    workers = compiled.instances[compiled.comps[:-1, c.C_FIRST], c.I_WORKERS]
    return np.where(workers > 0, (run.most_busy + run.longest_queue) / np.maximum(workers, 1), 0.0)


def as_crowded(base: Base, run: Outcomes) -> bool:
    """Whether the same requests brought nobody nearer to having no workers left: so one seed sees that another may collapse."""
    if len(run.start_s) != len(base.runs[0].start_s):
        return False  # at another rate they are other requests
    return bool((crowds(run) <= np.maximum(ROOMY, (1 + MORE) * base.crowds)).all())


def by_one_seed(
    base: Base, run: Outcomes, one: SeenIn, bounds: Sequence[Bounds], loads: Sequence[LoadBound]
) -> tuple[Verdict, str] | None:
    """The verdict on other settings, and why, where their first run settles it; None where the others have to be run too."""
    if as_crowded(base, run) and _near(base, one, bounds, loads):
        judged, why = verdict(base.seen.journeys, bounds, base.seen.calls, loads)
        return judged, f"as with the proposed settings on the same draws ({why})"
    return verdict(one.journeys, bounds, one.calls, loads) if _far(one, bounds) else None


def _near(base: Base, one: SeenIn, bounds: Sequence[Bounds], loads: Sequence[LoadBound]) -> bool:
    known, first, other = (_by_name(seen) for seen in (base.seen, base.first, one))
    for bound in bounds:
        whole, a, b = (by_name.get(bound.journey) for by_name in (known, first, other))
        if whole is None or a is None or b is None:
            return False
        if bound.bad_at_most is not None and not _as_good(whole, a, b, bound.bad_at_most):
            return False
        if bound.back and not _back_alike(whole, a, b):
            return False
    before, alone, now = ({call.call: call for call in seen.calls} for seen in (base.seen, base.first, one))
    return all(_as_often(before.get(of.call), alone.get(of.call), now.get(of.call), of) for of in loads)


def _as_good(whole: JourneyResult, a: JourneyResult, b: JourneyResult, most: float) -> bool:
    found, first, other = (journey.phases.get("during") for journey in (whole, a, b))
    if found is None or first is None or other is None:
        return found is first is other is None
    lo, hi = (found.bad.mean if end is None else end for end in (found.bad.lo, found.bad.hi))
    fails_beyond, holds_within = limits(whole, most)
    room = lo - fails_beyond if lo > fails_beyond else holds_within - hi if hi <= holds_within else 0.0
    moved = abs(other.bad.mean - first.bad.mean)
    early = [journey.phases["before"].bad.mean if "before" in journey.phases else 0.0 for journey in (whole, a, b)]
    if max(early) > most:  # else the bound is what it is, whatever was before
        moved = max(moved, abs(early[2] - early[1]))
    return moved <= NEAR * room


def _back_alike(whole: JourneyResult, a: JourneyResult, b: JourneyResult) -> bool:
    """Both as soon, or neither in any seed; where that is so late that some seed may miss the end, with nothing else moved."""
    if not whole.recovered:
        return not a.recovered and not b.recovered
    if whole.recover_s is None or a.recover_s is None or b.recover_s is None:
        return False
    if max(whole.recover_s.mean, a.recover_s.mean, b.recover_s.mean) > AFTER_S / 2:
        return a == b
    return abs(a.recover_s.mean - b.recover_s.mean) <= BACK_S


def _as_often(whole: CallResult | None, a: CallResult | None, b: CallResult | None, bound: LoadBound) -> bool:
    found, first, other = (None if call is None else call.phases.get("during") for call in (whole, a, b))
    if found is None or first is None or other is None or not (found.calls.mean and first.calls.mean and other.calls.mean):
        return False
    room = abs(bound.attempts_at_most + bound.more / found.calls.mean - found.attempts.mean / found.calls.mean)
    return abs(other.attempts.mean / other.calls.mean - first.attempts.mean / first.calls.mean) <= NEAR * room


def _far(one: SeenIn, bounds: Sequence[Bounds]) -> bool:
    """Whether some journey is so far beyond its bound that no other seed could bring it back."""
    known = _by_name(one)
    for bound in bounds:
        found = known.get(bound.journey)
        during = found.phases.get("during") if found else None
        if found is None or during is None or during.bad.lo is None or bound.bad_at_most is None:
            continue
        if during.bad.lo > max(LEAST_FAR, FAR * limits(found, bound.bad_at_most)[0]):
            return True
    return False


def _by_name(seen: SeenIn) -> dict[str, JourneyResult]:
    return {journey.journey: journey for journey in seen.journeys}


def never_acted(subject: str, today: System, proposed: System, runs: Sequence[Outcomes]) -> bool:
    """Whether a proposal replaces nothing and did nothing in any run: without it they are the same to the last bit."""
    return _replaces_nothing(subject, today, proposed) and not any(_acts(run, subject).any() for run in runs)


def acted_as_usual(subject: str, today: System, proposed: System, runs: Sequence[Outcomes]) -> bool:
    """Whether a proposal replaces nothing and acted seldom, from the beginning of the fault on no more than before it.

    More is what four standard deviations leave.
    """
    if not _replaces_nothing(subject, today, proposed):
        return False
    acts = np.sum([_acts(run, subject) for run in runs], axis=0)
    calls = np.sum([run.tally[:, _rows(run, subject), c.T_CALLS].sum(axis=1) for run in runs], axis=0)
    before, later = int(acts[c.BEFORE]), int(acts[c.DURING] + acts[c.AFTER])
    calls_before, calls_later = int(calls[c.BEFORE]), int(calls[c.DURING] + calls[c.AFTER])
    if not calls_before or before > USUAL * calls_before or later > USUAL * calls_later:
        return not later and not before
    more = calls_later / calls_before
    return later <= before * more + 4 * math.sqrt(max(before * more * (1 + more), 0.25))


def _acts(run: Outcomes, subject: str) -> NDArray[np.int64]:
    """How often a proposal did anything, by phase."""
    acts: NDArray[np.int64] = run.tally[:, _rows(run, subject)][:, :, ACTED].sum(axis=(1, 2))
    return acts


def _rows(run: Outcomes, subject: str) -> list[int]:
    known = run.compiled.dependencies
    return [row for row, leg in enumerate(run.compiled.legs) if known[leg.dependency].subject == subject]


def _replaces_nothing(subject: str, today: System, proposed: System) -> bool:
    now = [d for d in today.dependencies if d.subject == subject]
    new = [d for d in proposed.dependencies if d.subject == subject]
    waits = any((pool := bulkhead(d.policy)) is not None and pool.max_wait_s for d in new)
    return not waits and not any(_has_settings(d) for d in now)


def _has_settings(d: Dependency) -> bool:
    return any(x is not None for x in (timeout_s(d.policy), retry(d.policy), breaker(d.policy), bulkhead(d.policy)))
