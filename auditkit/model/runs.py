"""Simulated runs second by second: what users saw, breakers open, workers busy; and which of them an audit keeps."""

from __future__ import annotations

from collections.abc import Sequence

from auditkit.model.latency import Bounds
from auditkit.model.noun import Noun


class JourneySeries(Noun):
    """Shares (0..1) of the requests of one journey that began in each step, over all seeds, adding up to 1.

    `requests` are a second's mean over seeds. Where none began the shares are 0. `stale` of them (0..1) hold something that is
    older than acceptable; `attempts` is the mean number of attempts, on every call, for one request. `p99_s` of the answers to
    those requests; None without an answer.
    """

    journey: str
    deadline_s: float | None = None
    requests: tuple[float, ...]
    full: tuple[float, ...]
    degraded: tuple[float, ...]
    error: tuple[float, ...]
    late: tuple[float, ...]
    stale: tuple[float, ...]
    attempts: tuple[float, ...]
    p99_s: tuple[float | None, ...]


class BreakerSeries(Noun):
    """Shares (0..1) of one call's breakers, over instances of the caller and seeds, that are open or half-open as a step ends."""

    call: str
    open: tuple[float, ...]
    half_open: tuple[float, ...]


class BusySeries(Noun):
    """Mean workers busy in all instances of a component in each step, mean requests waiting, and how many workers there are."""

    component: str
    workers: int | None = None
    busy: tuple[float, ...]
    waiting: tuple[float, ...]


class Series(Noun):
    """One setup over its seeds, in steps of `step_s` that start at `times_s`. The fault lasts from `fault_s[0]` to `fault_s[1]`.

    `fault_s` is None where nothing is wrong. Only calls with a breaker are in `breakers`.
    """

    settings: str
    step_s: float
    times_s: tuple[float, ...]
    fault_s: tuple[float, float] | None = None
    journeys: tuple[JourneySeries, ...]
    breakers: tuple[BreakerSeries, ...]
    busy: tuple[BusySeries, ...]


class KeptRun(Noun):
    """One experiment as it was simulated, today and with the proposed settings, and the journey for which they differ most."""

    experiment: str
    journey: str
    series: tuple[Series, ...]


class RunFile(Noun):
    """`out/runs.json`: the runs that a document shows, and which inputs they rest on."""

    auditkit: int = 1
    rests_on: str = ""
    runs: tuple[KeptRun, ...] = ()


class Seen(Noun):
    """What users of one journey saw in one phase of a simulated experiment: shares 0..1 of its requests, means over the seeds.

    `bad` are errors and late answers, `bad_lo` to `bad_hi` their two-sided 95 % interval, None where a single seed gives none.
    `attempts` on every call together, for one request; `p99_s` of the answers, None without one.
    """

    bad: float
    bad_lo: float | None = None
    bad_hi: float | None = None
    degraded: float = 0.0
    attempts: float = 0.0
    p99_s: float | None = None


class JourneyTrial(Noun):
    """One journey in a simulated experiment: before the fault, while it lasts, and how it came back.

    `recover_s` are seconds from the end of the fault until users are served as before; None where some seed never was.
    """

    before: Seen | None = None
    during: Seen | None = None
    recover_s: float | None = None


def busiest(runs: Sequence[Series], most: int) -> tuple[str, ...]:
    """The components with the largest share of their workers busy in any step of any run; only where their number is known."""
    shares: dict[str, float] = {}
    for series in (b for run in runs for b in run.busy if b.workers):
        shares[series.component] = max(shares.get(series.component, 0.0), *busy_share(series))
    return tuple(sorted(shares, key=lambda name: (-shares[name], name))[:most])


def busy_share(series: BusySeries) -> tuple[float, ...]:
    """The share of a component's workers that is busy in each step."""
    return tuple(busy / (series.workers or 1) for busy in series.busy)


class HealthyCost(Noun):
    """What one pattern of one call costs while nothing is wrong: the proposed settings with it and without it, on equal draws.

    `refused` is the share (0..1) of the call's attempts that it ends itself: cut off by a timeout, refused by a breaker or a
    bulkhead. `not_full` (share of the requests of the journeys that make the call), `added_s` (their mean time, seconds) and
    `more_attempts` (attempts on all calls, a request) are differences, with minus without; negative where it helps. All with
    two-sided 95 % intervals over seeds.
    """

    dependency: str
    pattern: str
    requests: int
    refused: Bounds
    not_full: Bounds
    added_s: Bounds
    more_attempts: Bounds
