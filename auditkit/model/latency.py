"""Latencies of one call as counts in intervals, and what can be said of its timeout.

One form for every source: raw samples are zero-width intervals, histograms are intervals already. Latencies are of `ok`
answers; errors and timeouts are counted apart. All times are in seconds.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Literal

from pydantic import Field

from auditkit.model.noun import Noun
from auditkit.model.system import Dependency, LatencyRef, split_target

Outcome = Literal["ok", "error", "timeout"]
Side = Literal["client", "server", "unknown"]
Loop = Literal["open", "closed", "unknown"]
Grade = Literal["provisional", "seed", "justified"]
BoundBy = Literal["seed", "false_timeout", "deadline", "pool", "samples", "censored"]


class Bounds(Noun):
    """A figure with its two-sided 95 % interval; `hi` is None where the data give no upper bound."""

    point: float
    lo: float
    hi: float | None = None


class Histogram(Noun):
    """Counts in intervals `[lo, hi]`, ascending. Three tuples of one length; an upper end of infinity is allowed."""

    lo_s: tuple[float, ...] = ()
    hi_s: tuple[float, ...] = ()
    counts: tuple[int, ...] = ()

    @property
    def total(self) -> int:
        """Number of samples."""
        return sum(self.counts)

    def above(self, value_s: float) -> tuple[int, int]:
        """How many samples lie above a value: surely, and at most (a bucket around the value counts in the second only).

        >>> Histogram(lo_s=(0.1, 0.2), hi_s=(0.2, 0.4), counts=(90, 10)).above(0.3)
        (0, 10)
        """
        surely = sum(n for lo, n in zip(self.lo_s, self.counts, strict=True) if lo > value_s)
        at_most = sum(n for hi, n in zip(self.hi_s, self.counts, strict=True) if hi > value_s)
        return surely, at_most

    def rank(self, k: int) -> tuple[float, float]:
        """The interval in which the k-th smallest sample lies (k from 1 to `total`)."""
        seen = 0
        for lo, hi, n in zip(self.lo_s, self.hi_s, self.counts, strict=True):
            seen += n
            if seen >= k:
                return lo, hi
        raise IndexError(f"rank {k} of {seen} samples")


class LatencyProfile(Noun):
    """What was measured of one call, reduced. `ok` holds successful answers only, of all slices that count as normal.

    `busiest` holds those of the busiest 5 % of slices, None with fewer than 20 slices. `cut_off_at_s` is where the data
    were cut off (an existing timeout), beyond which nothing is known. Quantiles are two-sided 95 % intervals.
    """

    call: str
    caller: str
    callee: str
    operation: str | None = None
    sources: tuple[str, ...] = ()
    ok: Histogram
    busiest: Histogram | None = None
    n: int = Field(description="successful answers")
    errors: int = 0
    timeouts: int = 0
    rejected: int = Field(default=0, description="rows with a negative or unreadable duration, reported and left out")
    min_s: float
    max_s: float
    mean_s: float
    p50: Bounds
    p95: Bounds
    p99: Bounds
    p999: Bounds
    start_s: float | None = None
    end_s: float | None = None
    slices: int = 0
    slice_s: float | None = None
    left_out_slices: int = 0
    busiest_rate_per_s: float | None = None
    peakedness: float | None = Field(
        default=None, description="variance over mean of the calls under way when it is busiest; 1 where they come on their own"
    )
    error_correlation: float | None = Field(
        default=None, description="intraclass correlation of failures within ten seconds; 0 where they come on their own"
    )
    tail_wander: float | None = Field(
        default=None, description="relative variance of the share of slow calls, from slices that wander; 0 where by chance only"
    )
    cut_off_at_s: float | None = None
    p99_all: Bounds | None = Field(default=None, description="p99 with the slices that were left out, where any were")
    ok_all: Histogram | None = Field(default=None, description="answers of all slices, where any were left out")
    timeouts_all: int = 0
    tail_wander_all: float | None = None
    p99_if_open_s: float | None = Field(default=None, description="estimated p99 without coordinated omission")
    side: Side = "unknown"
    loop: Loop = "unknown"
    relative_error: float = 0.0
    warnings: tuple[str, ...] = ()

    @property
    def rate_per_s(self) -> float | None:
        """Calls per second over the recording, all outcomes; None where start times are unknown."""
        if self.start_s is None or self.end_s is None or self.end_s <= self.start_s:
            return None
        return (self.n + self.errors + self.timeouts) / (self.end_s - self.start_s)


class FalseTimeouts(Noun):
    """Share of healthy calls that a timeout would cut off: measured, and its one-sided 95 % upper bound, against a target."""

    target: float
    p: float
    upper: float


class TimeoutAdvice(Noun):
    """What the data justify for the timeout of one call, in the order of rules of section 6, and why.

    `recommended_s` is None below 299 samples; then `provisional_s` is where to start. `bound_by` names the rule that decided.
    """

    call: str
    n: int
    p50_s: float | None = None
    p99: Bounds | None = None
    cut_off_at_s: float | None = None
    seed_rule_s: tuple[float, float] | None = None
    recommended_s: float | None = None
    provisional_s: float | None = None
    aws_rule_s: float | None = Field(default=None, description="the percentile read at the false-timeout target, for comparison")
    extrapolated_s: float | None = Field(
        default=None, description="where that percentile would lie if the tail went on as it began: a hint, used for nothing"
    )
    today_s: float | Literal["none"] | None = Field(default=None, description="what is configured today; None where unknown")
    unselected_s: float | None = Field(default=None, description="recommended had no time slice been left out, where any was")
    grade: Grade
    false_timeout: FalseTimeouts | None = None
    bound_by: BoundBy
    reason: str
    cost: str = ""
    warnings: tuple[str, ...] = ()


def call_name(caller: str, callee: str, operation: str | None = None) -> str:
    """The name of a call: `caller -> callee` or `caller -> callee:operation`."""
    return f"{caller} -> {callee}" + (f":{operation}" if operation else "")


class Profiles(dict[str, LatencyProfile]):
    """Profiles by call name, which are not changed any more: those between two components are found without looking at all."""

    @cached_property
    def between(self) -> Mapping[tuple[str, str], tuple[LatencyProfile, ...]]:
        """The profiles of each caller and callee."""
        found: dict[tuple[str, str], list[LatencyProfile]] = {}
        for profile in self.values():
            found.setdefault((split_target(profile.caller)[0], profile.callee), []).append(profile)
        return {pair: tuple(own) for pair, own in found.items()}


def profiles_of(dependency: Dependency, target: str, profiles: Mapping[str, LatencyProfile]) -> tuple[LatencyProfile, ...]:
    """The profiles that speak for one target of a dependency, by call name; empty where nothing was measured.

    A `latency: {call: …}` of the dependency decides alone; a call without operation there covers all its operations.
    Otherwise those of the same caller and callee count; where the target names an operation, those of that one, else those
    of none: what was measured of another operation says nothing of this one. (A caller's operation is not seen in most
    exports, so it does not have to match.)
    """
    if isinstance(dependency.latency, LatencyRef):
        name = dependency.latency.call
        return tuple(p for p in profiles.values() if p.call == name or call_name(p.caller, p.callee) == name)
    caller, (callee, operation) = split_target(dependency.caller)[0], split_target(target)
    known = profiles if isinstance(profiles, Profiles) else Profiles(profiles)
    pair = known.between.get((caller, callee), ())
    same = [p for p in pair if operation is not None and p.operation == operation]
    return tuple(same or (p for p in pair if operation is None or p.operation is None))
