"""How often a chain of calls misses its deadline, with fixed timeouts and with a propagated deadline.

Each stage waits for its slowest call; stages add up. Latencies come from the profiles' histograms, calls are taken as
independent, which is said: calls that slow down together miss together, and more often than this.

With fixed timeouts every call is cut off at its own; with a propagated deadline at `min(own timeout, what is left − reserve)`,
so the caller always answers in time, be it with an error. What a deadline cuts off beyond the timeouts is its price.

Source: gRPC project, gRPC and Deadlines, 2018; Betsy Beyer and others, Site Reliability Engineering, 2016, chapter 22.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from auditkit.model.latency import LatencyProfile
from auditkit.model.policy import backoffs_s, call_worst_case_s, waiting_attempts
from auditkit.model.system import Policy

STEPS = 4000
"""Steps into which the deadline is divided; each duration counts as the next step, so misses are never understated."""


@dataclass(frozen=True, slots=True)
class Call:
    """One call of a chain: what was measured of it, and its policy (timeout, attempts, backoff)."""

    profile: LatencyProfile
    policy: Policy


@dataclass(frozen=True, slots=True)
class Chain:
    """What becomes of a deadline over stages of calls; shares 0..1, times in seconds.

    `p_late`: with fixed timeouts, the answer comes after the deadline. `p_cut`: some call is cut off by its own timeout,
    all attempts used. `p_lost_propagated`: with a propagated deadline, some call is cut off, by its timeout or the deadline.
    """

    worst_case_s: float
    fits: bool
    p_late: float
    p_cut: float
    p_lost_propagated: float
    remedies: tuple[str, ...]


def chain(stages: Sequence[Sequence[Call]], deadline_s: float, reserve_s: float = 0.0) -> Chain:
    """A chain of stages (calls of one stage run in parallel) under a deadline.

    `reserve_s` is kept back for the caller's own answer when the deadline is passed along. Raises `ValueError` for a deadline
    that is not positive, or a call without timeout (its worst case is endless), or one without samples.
    """
    if not deadline_s > reserve_s >= 0:
        raise ValueError(f"a deadline of {deadline_s!r} s with a reserve of {reserve_s!r} s leaves nothing")
    worst = [[call_worst_case_s(call.policy) for call in stage] for stage in stages]
    if not all(math.isfinite(w) for stage in worst for w in stage):
        raise ValueError("a call without timeout has no worst case: give it one first")
    unmeasured = [c.profile.call for stage in stages for c in stage if not c.profile.ok.total + c.profile.timeouts]
    if unmeasured:
        raise ValueError(f"nothing was measured of {', '.join(unmeasured)}")
    total = round(math.fsum(max(stage, default=0.0) for stage in worst), 12)
    step = deadline_s / STEPS
    late, cut = _fixed(stages, step)
    lost = _propagated(stages, step, round((deadline_s - reserve_s) / step))
    return Chain(total, total <= deadline_s, late, cut, lost, _remedies(stages, worst, deadline_s))


def _remedies(stages: Sequence[Sequence[Call]], worst: Sequence[Sequence[float]], deadline_s: float) -> tuple[str, ...]:
    """What would make the worst case fit, the smallest change first; nothing where it fits."""
    longest = [max(stage, default=0.0) for stage in worst]
    if math.fsum(longest) <= deadline_s:
        return ()
    found = ["propagate the deadline: each call gets what is left of it"]
    if len(stages) > 1 and max(longest) <= deadline_s:
        found.append("call the stages in parallel, where none needs another's answer")
    single = math.fsum(max(_without_retry(call) for call in stage) for stage in stages if stage)
    if single <= deadline_s and any(waiting_attempts(call.policy) > 1 for stage in stages for call in stage):
        found.append("one attempt each")
    found.append("a fallback for the slowest call, a faster callee, or a longer deadline")
    return tuple(found)


def _without_retry(call: Call) -> float:
    once = call.policy.model_copy(update={"retry": None})
    return call_worst_case_s(once)


def _fixed(stages: Sequence[Sequence[Call]], step: float) -> tuple[float, float]:
    """Share of chains that end after the deadline, and of those in which a call used up all its attempts."""
    spent = np.zeros(STEPS + 1)
    spent[0] = 1.0
    whole = 1.0
    for stage in stages:
        together = np.ones(STEPS + 1)
        for call in stage:
            ended, failed = _call_cdf(call, step)
            together *= ended
            whole *= 1 - failed
        spent = np.convolve(spent, np.diff(together, prepend=0.0))[: STEPS + 1]
    return float(min(1.0, max(0.0, 1 - spent.sum()))), float(1 - whole)


def _propagated(stages: Sequence[Sequence[Call]], step: float, budget: int) -> float:
    """Share of chains in which some call is cut off, by its own attempts or by what is left of the deadline."""
    alive = np.zeros(STEPS + 1)
    alive[0] = 1.0
    for stage in stages:
        together = np.ones(STEPS + 1)
        for call in stage:
            together *= _answered(call, step)
        alive = np.convolve(alive, np.diff(together, prepend=0.0))[: STEPS + 1]
        alive[budget + 1 :] = 0.0
    return float(min(1.0, max(0.0, 1 - alive.sum())))


def _answered(call: Call, step: float) -> npt.NDArray[np.float64]:
    """Share of calls that have an answer by each step; attempts that are cut off are followed by the next."""
    tries = waiting_attempts(call.policy)
    timeout_s = (call_worst_case_s(call.policy) - backoffs_s(call.policy)) / tries
    within = _share_within(call.profile, timeout_s)
    reached = np.minimum(_cdf(call.profile, step), within)
    pause_s = backoffs_s(call.policy) / max(1, tries - 1)
    found = np.zeros(STEPS + 1)
    for attempt in range(tries):
        start = math.ceil(round(attempt * (timeout_s + pause_s) / step, 6))
        if start <= STEPS:
            found[start:] += (1 - within) ** attempt * reached[: STEPS + 1 - start]
    return found


def _call_cdf(call: Call, step: float) -> tuple[npt.NDArray[np.float64], float]:
    """Share of calls that are over by each step, answered or given up, and the share that is given up."""
    worst = math.ceil(round(call_worst_case_s(call.policy) / step, 6))
    timeout_s = (call_worst_case_s(call.policy) - backoffs_s(call.policy)) / waiting_attempts(call.policy)
    given_up = (1 - _share_within(call.profile, timeout_s)) ** waiting_attempts(call.policy)
    over = _answered(call, step)
    if worst <= STEPS:
        over[worst:] = 1.0
    return over, given_up


def _cdf(profile: LatencyProfile, step: float) -> npt.NDArray[np.float64]:
    """Share of calls answered by each step, each bucket at its upper end; what was cut off is never answered."""
    total = profile.ok.total + profile.timeouts
    place = np.minimum(np.ceil(np.round(np.array(profile.ok.hi_s) / step, 6)), STEPS + 1).astype(np.int64)
    counts = np.zeros(STEPS + 2)
    np.add.at(counts, place, np.array(profile.ok.counts, dtype=np.float64))
    return np.cumsum(counts[: STEPS + 1]) / total


def _share_within(profile: LatencyProfile, value_s: float) -> float:
    total = profile.ok.total + profile.timeouts
    return 1 - (profile.ok.above(value_s)[1] + profile.timeouts) / total
