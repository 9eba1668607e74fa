"""Timeout: how long a caller waits before it gives up.

Derivation, in this order: two to three times the p99 under normal conditions (p99 = 100 ms gives 300 ms); then the rate of
false timeouts at that value with its one-sided 95 % upper bound, against a target; then what deadline and pool leave.
Rounded up to two significant digits, never past a limit. What the samples cannot carry is refused in words: below 299 samples
nothing bounds p99, and a rate of 0.1 % can be shown from 2,995 on, none of which may be above:

>>> advise(_evenly(3000, 0.001, 0.1)).recommended_s, advise(_evenly(298, 0.001, 0.1)).grade
(0.3, 'provisional')
>>> round(upper_share(0, 2995), 8)
0.00099974

Cost while healthy: the false timeouts, each of them work that was done for nobody. Hazards: a timeout does not undo what it gave
up on; one that is shorter than what its callee waits for leaves the callee busy for nobody; one that bounds only the connection
or each single read bounds nothing. Anti-patterns: one figure for all calls; a round number; a mean or an averaged percentile as
its ground; raising it in an incident, which holds more workers for longer. Not for streams, batch calls and work that nobody
waits for.

The bound knows that slow calls come together, as far as the time slices show it (`latency/wander.py`): the more they do, the
fewer calls on their own those measured stand for. An hour shows little of what wanders over hours. Where latencies wander from
minute to minute (autocorrelation 0.7 to 0.9) and have heavy tails, 6 to 12 % of the recordings simulated had a true rate above
the target, one in twenty by a fifth; with calls taken as independent 16 to 25 % had. Measure for longer, in more than one busy
time.

Sources: the seed of 2-3 x p99 is the rule of this project's first audit guide, 2026; "choose an acceptable rate of false timeouts
and read the percentile" is M. Brooker, Timeouts, retries, and backoff with jitter (Amazon Builders' Library, 2019); the bound of
a rate is C. J. Clopper and E. S. Pearson (1934), with the number of calls that the variance between time slices leaves: E. L.
Korn and B. I. Graubard, Confidence Intervals for Proportions with Small Expected Number of Positive Counts Estimated from Survey
Data (Survey Methodology, 1998).
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from decimal import Decimal

from auditkit.model.latency import BoundBy, FalseTimeouts, Grade, Histogram, LatencyProfile, TimeoutAdvice
from auditkit.patterns.clock import tick_s
from auditkit.patterns.shares import lower_share, samples_needed, upper_share
from auditkit.patterns.tail import extrapolated_s
from auditkit.units import format_share, round_up, say_duration

TARGET = 0.001
"""Share of healthy calls that may be cut off, unless an SLO is stricter."""
SEED_FACTORS = (2.0, 3.0)
"""The seed lies between two and three times p99."""
_FAR = 10.0
"""A timeout of more than so many times p99 is set by a few calls that may be of another kind."""
PROVISIONAL_S = 5.0
"""Where to start without data, in seconds, unless a limit is lower."""


def advise(
    profile: LatencyProfile,
    *,
    target: float = TARGET,
    deadline_left_s: float | None = None,
    pool_fit_s: float | None = None,
    factor: float = 3.0,
) -> TimeoutAdvice:
    """The timeout that the samples of one call justify, its grade, and why.

    `target`: share of healthy calls that may be cut off (0.001). `deadline_left_s`: what the caller's deadline leaves for
    one attempt; `pool_fit_s`: the longest timeout at which its pool still suffices at peak; None means no such limit.
    `factor`: the seed in multiples of p99, 2 to 3. Raises `ValueError` for a target outside 0..1 or a factor outside 2..3.

    >>> advise(_evenly(300, 0.001, 0.1)).recommended_s, advise(_evenly(298, 0.001, 0.1)).provisional_s
    (0.3, 5.0)
    """
    if not 0 < target < 1:
        raise ValueError(f"a target of {target!r} false timeouts is no share between 0 and 1")
    if not SEED_FACTORS[0] <= factor <= SEED_FACTORS[1]:
        raise ValueError(f"{factor!r} x p99 is outside the rule of {SEED_FACTORS[0]:g} to {SEED_FACTORS[1]:g}")
    advice = _advised(profile, target, _limit(deadline_left_s, pool_fit_s), factor)
    if profile.ok_all is None or profile.p99_all is None:
        return advice
    everything = profile.model_copy(
        update={
            "ok": profile.ok_all,
            "n": profile.ok_all.total,
            "timeouts": profile.timeouts_all,
            "p99": profile.p99_all,
            "tail_wander": profile.tail_wander_all,
        }
    )
    unselected = _advised(everything, target, _limit(deadline_left_s, pool_fit_s), factor)
    return advice.model_copy(update={"unselected_s": unselected.recommended_s})


def _advised(profile: LatencyProfile, target: float, limit: _Limit, factor: float) -> TimeoutAdvice:
    """The rule on the samples of a profile as they are."""
    if limit.value_s <= 0:
        return _nothing_left(profile, target, limit)
    needed = samples_needed(0.99)
    if profile.n + profile.timeouts < needed:
        return _provisional(profile, limit, f"{_count(profile)}; a p99 bound needs {needed:,}", "samples")
    if _p99_is_cut_off(profile):
        cut = _text(profile.p99.point if profile.cut_off_at_s is None else profile.cut_off_at_s)
        why = f"p99 is {cut} or more: the data are cut off there; measure with a longer timeout, or mend the callee"
        return _provisional(profile, limit, why, "censored")
    if limit.value_s < profile.p50.point:
        return _nothing_left(profile, target, limit)
    return _justified(profile, target, factor, limit)


def target_from_slo(slo: float, fail_calls: int, default: float = TARGET) -> float:
    """Share of false timeouts that one call may have: 10 % of the journey's error budget, shared among its calls whose
    failure fails it, where that is stricter than the default. `slo` and the result are shares 0..1.

    >>> target_from_slo(0.999, 2), target_from_slo(0.9, 1)
    (5e-05, 0.001)
    """
    if not 0 <= slo < 1 or fail_calls < 1:
        raise ValueError(f"an SLO of {slo!r} over {fail_calls} calls leaves no error budget to share")
    return float(min(Decimal(repr(default)), (1 - Decimal(repr(slo))) / 10 / fail_calls))


def false_timeouts(profile: LatencyProfile, timeout_s: float, target: float = TARGET) -> FalseTimeouts:
    """Share of healthy calls that this timeout would cut off, with its upper bound. What was cut off already counts.

    >>> false_timeouts(_evenly(1000, 0.001, 1.0), 0.99).p
    0.01
    """
    n, x = _above(profile.ok, profile.timeouts, timeout_s)
    return FalseTimeouts(target=target, p=x / n if n else 1.0, upper=_upper(profile, x, n, target) if n else 1.0)


def percentile_rule_s(profile: LatencyProfile, target: float = TARGET) -> float | None:
    """The other school: choose the rate of false timeouts, read the percentile. None where the samples do not reach it."""
    n = profile.n + profile.timeouts
    rank = max(1, math.ceil((1 - Decimal(repr(target))) * n))
    if n * target < 1 or rank > profile.ok.total:
        return None
    read = _rank_hi(profile.ok, rank)
    return read if math.isfinite(read) else None


@dataclass(frozen=True, slots=True)
class _Limit:
    """The lower of the limits on a timeout, and its name."""

    value_s: float
    name: BoundBy
    words: str


def _limit(deadline_left_s: float | None, pool_fit_s: float | None) -> _Limit:
    limits = []
    if deadline_left_s is not None:
        limits.append(_Limit(deadline_left_s, "deadline", "what the caller's deadline leaves"))
    if pool_fit_s is not None:
        limits.append(_Limit(pool_fit_s, "pool", "what the caller's pool carries at peak"))
    return min(limits, key=lambda limit: limit.value_s, default=_Limit(math.inf, "seed", ""))


def _justified(profile: LatencyProfile, target: float, factor: float, limit: _Limit) -> TimeoutAdvice:
    """Steps 1 to 3 of the rule, for samples that bound p99."""
    p99 = profile.p99.point
    steps, value = [f"{factor:g} x p99 of {_text(p99)}"], factor * p99
    by: BoundBy = "seed"
    for raised, why in (_raised(profile, target, value), _raised_when_busy(profile, target, value)):
        if raised > value:
            value, by = raised, "false_timeout"
            steps.append(why)
    rounded = min(round_up(value), limit.value_s)
    if value > limit.value_s:
        by = limit.name
        steps.append(f"tightened to {_text(limit.value_s)}, {limit.words}")
    if rounded <= 0:  # all samples are exactly zero
        return _provisional(profile, limit, "every duration is zero: the clock is too coarse for a timeout", "samples")
    share = false_timeouts(profile, rounded, target)
    meets = share.upper <= target
    if not meets and by == "seed":
        by = "censored" if profile.timeouts and _bound_exists(profile, target) else "samples"
    if not meets:
        steps.append(_beyond(profile, share, by))
    if profile.busiest is not None and profile.busiest.total < samples_needed(0.99):
        steps.append(_too_few_when_busy(profile.busiest))
    cost = cost_while_healthy(share)
    if rounded < SEED_FACTORS[0] * p99:
        cost += (
            f"; below 2 x p99 = {_text(SEED_FACTORS[0] * p99)}: rather propagate the deadline, call in parallel, "
            "give a fallback, or make the callee faster"
        )
    grade: Grade = "justified" if meets else "seed"
    return _advice(profile, target, rounded, None, grade, share, by, "; ".join(steps), cost, profile.warnings)


def cost_while_healthy(share: FalseTimeouts) -> str:
    """What a timeout costs while nothing is wrong, in words.

    >>> print(cost_while_healthy(FalseTimeouts(target=0.001, p=0.0, upper=0.000499)))
    cuts off none of the healthy calls measured, at most 0.05% of all (95% sure)
    """
    seen = f"{_share(share.p, 2)} of the healthy calls measured" if share.p else "none of the healthy calls measured"
    return f"cuts off {seen}, at most {_share(share.upper, 2)} of all (95% sure)"


def _raised(profile: LatencyProfile, target: float, value_s: float) -> tuple[float, str]:
    """The smallest value whose bound of false timeouts is within the target, where there is one and it is larger."""
    if false_timeouts(profile, value_s, target).upper <= target:
        return value_s, ""
    enough = _smallest_within(profile, target)
    why = f"raised so that at most {format_share(target)} of healthy calls are cut off"
    if enough is None:
        return value_s, ""
    tick = tick_s(profile.ok, enough)
    if tick:
        why += f", and by the {_text(tick)} that lie between two ticks of the clock"
    times = enough / profile.p99.point if profile.p99.point else 0.0
    if times > _FAR:
        slowest = profile.ok.above(_FAR * profile.p99.point)[1]
        why += f": {times:,.0f} x p99, for the slowest {slowest:,} of {profile.n:,}; look at them before anybody waits so long"
    return enough + tick, why


def _raised_when_busy(profile: LatencyProfile, target: float, value_s: float) -> tuple[float, str]:
    """The same in the busiest 5 % of slices: at least 2 x their p99, and no sure sign that the target is missed there."""
    busy = profile.busiest
    if busy is None or busy.total < samples_needed(0.99):
        return value_s, ""
    p99 = _rank_hi(busy, max(1, math.ceil(Decimal("0.99") * busy.total)))
    needed = SEED_FACTORS[0] * p99 if math.isfinite(p99) else value_s
    n, x = _above(busy, 0, max(value_s, needed))
    if lower_share(x, n) > target:
        needed = max(needed, _smallest_unsuspicious(busy, target))
    return needed, f"raised for the busiest 5 % of time slices, where p99 is {_text(p99)}"


def _upper(profile: LatencyProfile, x: int, n: int, target: float) -> float:
    """Upper bound of a share of which `x` in `n` were seen: as if of so many fewer calls as slow ones come together.

    Their variance is that of independent calls times 1 + wander x their expected number.
    """
    fewer = _fewer(profile, x, n, target)
    return upper_share(x / fewer, n / fewer)


def _fewer(profile: LatencyProfile, x: int, n: int, target: float) -> float:
    """How many calls say as much as one on its own; an expected number below the target's is taken to be that."""
    return 1 + (profile.tail_wander or 0.0) * max(x, target * n)


def _too_few_when_busy(busy: Histogram) -> str:
    return (
        f"not checked in the busiest 5 % of time slices: their {busy.total:,} samples bound no p99, "
        f"which needs {samples_needed(0.99):,}"
    )


def _smallest_within(profile: LatencyProfile, target: float) -> float | None:
    """The smallest upper end of a bucket above which so few lie that the bound is within the target."""
    ok, n = profile.ok, profile.ok.total + profile.timeouts
    above = profile.timeouts
    best = None
    for hi, count in sorted(zip(ok.hi_s, ok.counts, strict=True), reverse=True):
        if _upper(profile, above, n, target) > target:
            break
        best = hi
        above += count
    return best if best is not None and math.isfinite(best) else None


def _smallest_unsuspicious(ok: Histogram, target: float) -> float:
    """The smallest upper end of a bucket above which the share is not surely beyond the target."""
    n, above, best = ok.total, 0, 0.0
    for hi, count in sorted(zip(ok.hi_s, ok.counts, strict=True), reverse=True):
        if lower_share(above, n) > target:
            break
        best = hi
        above += count
    return best if math.isfinite(best) else 0.0


def _bound_exists(profile: LatencyProfile, target: float) -> bool:
    n = profile.n + profile.timeouts
    return n > 0 and _upper(profile, 0, n, target) <= target


def _above(ok: Histogram, cut_off: int, value_s: float) -> tuple[int, int]:
    """All calls, and those that would be cut off at most."""
    return ok.total + cut_off, ok.above(value_s)[1] + cut_off


def _rank_hi(ok: Histogram, rank: int) -> float:
    return ok.rank(rank)[1]


def _p99_is_cut_off(profile: LatencyProfile) -> bool:
    """Whether p99 is not known, only that it is at least so much: it lies beyond a cut, or in a bucket without upper end."""
    if profile.cut_off_at_s is not None and profile.p99.point >= profile.cut_off_at_s:
        return True
    rank = math.ceil(Decimal("0.99") * (profile.n + profile.timeouts))
    return profile.p99.hi is None and (rank > profile.ok.total or not math.isfinite(_rank_hi(profile.ok, rank)))


def _provisional(profile: LatencyProfile, limit: _Limit, why: str, by: BoundBy) -> TimeoutAdvice:
    value = min(PROVISIONAL_S, limit.value_s)
    ground = limit.words if value < PROVISIONAL_S else "the start without data"
    words = f"{why}; until then {_text(value)}, {ground}"
    return _advice(profile, None, None, value, "provisional", None, by, words, "", profile.warnings)


def _nothing_left(profile: LatencyProfile, target: float, limit: _Limit) -> TimeoutAdvice:
    mend = "more workers, a faster callee, or fewer calls" if limit.name == "pool" else "call in parallel, or lengthen the limit"
    words = f"{limit.words} is nothing: {mend}; or give a fallback"
    if limit.value_s > 0:
        half = f"{_text(limit.value_s)}, less than the median of {_text(profile.p50.point)}"
        words = f"{limit.words} is {half}: a timeout there would cut off most healthy calls; {mend}; or give a fallback"
    return _advice(profile, target, None, None, "provisional", None, limit.name, words, "", profile.warnings)


def _advice(
    profile: LatencyProfile,
    target: float | None,
    recommended_s: float | None,
    provisional_s: float | None,
    grade: Grade,
    share: FalseTimeouts | None,
    by: BoundBy,
    reason: str,
    cost: str,
    warnings: tuple[str, ...],
) -> TimeoutAdvice:
    total = profile.n + profile.timeouts
    known = total >= samples_needed(0.99) and not _p99_is_cut_off(profile)
    return TimeoutAdvice(
        call=profile.call,
        n=profile.n,
        p50_s=profile.p50.point if profile.n or profile.p50.point else None,
        p99=profile.p99 if profile.n or profile.p99.point else None,
        cut_off_at_s=profile.cut_off_at_s,
        seed_rule_s=(2 * profile.p99.point, 3 * profile.p99.point) if known else None,
        recommended_s=recommended_s,
        provisional_s=provisional_s,
        aws_rule_s=percentile_rule_s(profile, TARGET if target is None else target),
        extrapolated_s=_hint(profile, TARGET if target is None else target),
        grade=grade,
        false_timeout=share,
        bound_by=by,
        reason=reason,
        cost=cost,
        warnings=warnings,
    )


def _beyond(profile: LatencyProfile, share: FalseTimeouts, by: BoundBy) -> str:
    """Why the bound is above the target, in words."""
    n, needed = profile.n + profile.timeouts, samples_needed(1 - share.target)
    if n < needed:
        return f"{_count(profile)} cannot show a rate of {format_share(share.target)}: that needs {needed:,}"
    if by == "censored":
        return f"{profile.timeouts} calls were cut off already, which alone is above the target of {format_share(share.target)}"
    words = f"above the target: false timeouts up to {_share(share.upper)}, wanted {format_share(share.target)}"
    x = round(share.p * n)
    together = (
        f"; slow calls come together in time, so that {n:,} say as much as {round(n / _fewer(profile, x, n, share.target)):,}"
    )
    return words + (f"{together} on their own: measure for longer" if upper_share(x, n) <= share.target else "")


def _hint(profile: LatencyProfile, target: float) -> float | None:
    """Where the tail would lead, for samples that are too few to show it."""
    seen = profile.timeouts or profile.n >= samples_needed(1 - target)
    return None if seen or target >= 0.1 else extrapolated_s(profile.ok, target)


def _count(profile: LatencyProfile) -> str:
    n = profile.n + profile.timeouts
    if not n and profile.errors:
        return f"no answer, only {profile.errors:,} errors"
    return f"{n:,} sample" + ("" if n == 1 else "s")


def _text(seconds: float) -> str:
    """A duration to three digits, for sentences.

    >>> _text(0.0712345), _text(0.3)
    ('71.2ms', '300ms')
    """
    return say_duration(seconds)


def _share(share: float, digits: int = 3) -> str:
    return format_share(min(1.0, float(f"{share:.{digits}g}")))


def _evenly(n: int, min_s: float, max_s: float) -> LatencyProfile:
    """A profile of n samples spread evenly, for examples: the largest is `max_s`."""
    from auditkit.model.latency import Bounds

    step = (max_s - min_s) / max(1, n - 1)
    values = tuple(round(max_s - (n - 1 - i) * step, 9) for i in range(n))
    at = {p: values[max(0, math.ceil(Decimal(repr(p)) * n) - 1)] for p in (0.5, 0.95, 0.99, 0.999)}
    bounds = {p: Bounds(point=value, lo=values[0], hi=None) for p, value in at.items()}
    return LatencyProfile(
        call="a -> b", caller="a", callee="b", ok=Histogram(lo_s=values, hi_s=values, counts=(1,) * n), n=n, min_s=values[0],
        max_s=values[-1], mean_s=math.fsum(values) / n, p50=bounds[0.5], p95=bounds[0.95], p99=bounds[0.99], p999=bounds[0.999],
    )  # fmt: skip
