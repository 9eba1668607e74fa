"""Circuit breaker: no more calls to a callee that fails, and careful ones until it has recovered.

Derivation. It opens where at least `failure_rate` of at least `min_calls` calls within a window have failed. The minimum volume
is chosen so that chance alone opens it in at most one window of a million at the healthy error rate (binomial), and the
window so that the volume is reached at the measured rate of one instance. It opens for a while that grows each time (a
fixed one makes all instances come back together), and lets a few calls through before it closes.

>>> f"{p_trip(20, 0.5, 0.05):.2e}"                           # half of at least 20 calls; 5 % errors while healthy
'1.13e-08'

Settings by count ("5 failures in 30 s") are shares in disguise, and the share depends on the rate. At 200 calls a second and
0.1 % errors there are 6 failures in 30 s on average; such a breaker is open while everything is fine. At 20 a second it holds:

>>> [round(x, 6) for x in count_trips(5, 30, 200, 0.001)], [round(x, 6) for x in count_trips(5, 30, 20, 0.001)]
([6.0, 0.715077], [0.6, 0.000389])

Failures may come in bursts without the callee being down. Where start times are known their correlation is measured, and the
volume follows it (beta-binomial instead of binomial); else they are assumed to come on their own, and the figure says so.

Cost while healthy: none but its false trips. Hazard: it contains nothing by itself, since it sees its first timeout only when
the workers are held already; it shortens the time until they are free again. Anti-patterns: one breaker over several callees,
so that one takes all; counting errors that the caller made (bad input); a fixed open time, after which all instances come back
together; a minimum volume left to a library's default. Not for calls so rare that the volume is never reached, nor for local,
fast, reliable ones.

Sources: Michael T. Nygard, Release It!, 2nd edition, 2018; J. G. Skellam, A Probability Distribution Derived from the Binomial
Distribution, Journal of the Royal Statistical Society B, 1948 (failures that cling together).
"""

from __future__ import annotations

import math

from auditkit.model.system import CircuitBreaker
from auditkit.units import round_up

FAILURE_RATE = 0.5
P_FALSE_TRIP = 1e-6
"""False trips per window at the healthy error rate that are acceptable: with windows of 10 s, one in four months."""
LEAST_CALLS = 10
"""A share of fewer calls says nothing."""
MOST_CALLS = 500
"""Where more calls would be needed, errors are so frequent that a breaker is the wrong answer."""
MOST_BURSTS = 0.001
"""Where half of the calls fail together in more windows than this, a breaker is the wrong answer: find out why first."""
WINDOWS_S = (10.0, 60.0)
"""Windows are between these, in seconds: shorter ones trip on a hiccup, longer ones remember too much."""
SPARE = 2.0
"""The window holds this many times the minimum volume at the usual rate, so that it is reached on a quiet day too."""
MOST_TRIALS = 100
"""Trial calls of a half-open breaker: a tenth of a second's calls, and no more than this."""
OPEN_S, GROWTH, MOST_OPEN_S = 10.0, 2.0, 300.0
UNKNOWN_ERRORS = 0.05
"""Healthy error share that is assumed where none was measured: deliberately high, so that the breaker does not trip on it."""


def p_trip(calls: int, failure_rate: float, p_error: float, correlation: float = 0.0) -> float:
    """Probability that at least this share of so many calls fails by chance."""
    return p_at_least(math.ceil(failure_rate * calls - 1e-9), calls, p_error, correlation)


def p_at_least(failures: int, calls: int, p_error: float, correlation: float = 0.0) -> float:
    """Probability of at least so many failures among so many calls.

    `correlation`: of two calls of one window (0: each fails on its own, binomial; above: beta-binomial).

    >>> round(p_at_least(5, 100, 0.01), 6), round(p_at_least(5, 100, 0.01, correlation=0.1), 6)
    (0.003432, 0.068418)
    """
    if failures <= 0:
        return 1.0
    if failures > calls or p_error <= 0:
        return 0.0
    if correlation >= 1 or p_error >= 1:
        return min(1.0, p_error)  # all of a window fail, or none
    from scipy.stats import betabinom, binom

    if correlation <= 0:
        return float(binom.sf(failures - 1, calls, p_error))
    spread = (1.0 - correlation) / correlation
    return min(1.0, max(0.0, float(betabinom.sf(failures - 1, calls, p_error * spread, (1.0 - p_error) * spread))))


def count_trips(failures: int, window_s: float, rate_per_s: float, p_error: float) -> tuple[float, float]:
    """What a setting by count does while healthy: failures expected in a window, and the probability that it trips in one."""
    calls = round(rate_per_s * window_s)
    return calls * p_error, p_at_least(failures, calls, p_error)


def share_meant(settings: CircuitBreaker, rate_per_s: float) -> float | None:
    """The failure share at which a setting by count opens at this rate: what it says without saying so. None for a share.

    >>> five = CircuitBreaker(failures=5, window_s=30)
    >>> round(share_meant(five, 200), 6), round(share_meant(five, 1), 6)
    (0.000833, 0.166667)
    """
    if settings.failures is None or settings.window_s is None or rate_per_s * settings.window_s < settings.failures:
        return None
    return settings.failures / (rate_per_s * settings.window_s)


def false_trip(settings: CircuitBreaker, rate_per_s: float, p_error: float, correlation: float = 0.0) -> float | None:
    """Probability that a healthy window trips a breaker at this rate of one instance; None where its settings do not say."""
    if settings.window_s is None:
        return None
    calls = math.floor(rate_per_s * settings.window_s + 1e-9)
    if settings.failures is not None:
        return p_at_least(settings.failures, calls, p_error, correlation)
    if settings.failure_rate is None:
        return None
    least = settings.min_calls or 1
    if calls < least:
        return 0.0
    return max(p_trip(n, settings.failure_rate, p_error, correlation) for n in {least, least + 1, calls})


def is_reachable(settings: CircuitBreaker, rate_per_s: float) -> bool | None:
    """Whether its minimum volume (or its count of failures) can come together in a window; None where settings do not say.

    >>> is_reachable(CircuitBreaker(failure_rate=0.5, window_s=10, min_calls=100), rate_per_s=2)
    False
    """
    needed = settings.failures if settings.failures is not None else settings.min_calls
    if settings.window_s is None or needed is None:
        return None
    return needed <= rate_per_s * settings.window_s + 1e-9


def time_to_trip_s(settings: CircuitBreaker, rate_per_s: float, timeout_s: float = 0.0) -> float | None:
    """Seconds until it opens when every call starts to fail; with the timeout where they fail by it. None if it never does.

    >>> time_to_trip_s(CircuitBreaker(failure_rate=0.5, window_s=10, min_calls=20), rate_per_s=100, timeout_s=0.3)
    5.3
    """
    if rate_per_s <= 0 or is_reachable(settings, rate_per_s) is False or settings.window_s is None:
        return None
    if settings.failures is not None:
        return round(settings.failures / rate_per_s + timeout_s, 9)
    share = FAILURE_RATE if settings.failure_rate is None else settings.failure_rate
    return round(max((settings.min_calls or 1) / rate_per_s, share * settings.window_s) + timeout_s, 9)


def least_calls(
    p_error: float, failure_rate: float = FAILURE_RATE, p_false_trip: float = P_FALSE_TRIP, correlation: float = 0.0
) -> int | None:
    """The smallest minimum volume at which chance alone opens the breaker rarely enough; None where none is small enough.

    Where failures come in bursts, windows in which that share of the calls really fails are no chance (a breaker should open
    there): then chance may double them. None where these alone are more than one in a thousand.

    >>> least_calls(0.05), least_calls(0.001), least_calls(0.45) is None, least_calls(0.001, correlation=0.05)
    (15, 10, True, 21)
    """
    allowed = max(p_false_trip, 2.0 * _p_bursts(failure_rate, p_error, correlation))
    if allowed > MOST_BURSTS:
        return None
    for calls in range(LEAST_CALLS, MOST_CALLS + 1):
        if all(p_trip(n, failure_rate, p_error, correlation) <= allowed for n in (calls, calls + 1)):
            return calls
    return None


def _p_bursts(failure_rate: float, p_error: float, correlation: float) -> float:
    """Share of windows whose own error share is at least that: 0 where calls fail on their own."""
    if not (0 < correlation < 1 and 0 < p_error < 1):
        return min(1.0, max(0.0, p_error)) if correlation >= 1 else 0.0
    from scipy.stats import beta

    spread = (1.0 - correlation) / correlation
    return float(beta.sf(failure_rate, p_error * spread, (1.0 - p_error) * spread))


def slow_from_s(p99_s: float | None, timeout_s: float | None) -> float | None:
    """From when on a call counts as slow, in seconds: half-way between p99 and timeout; None where nothing lies between.

    >>> slow_from_s(0.1, 0.3), slow_from_s(0.3, 0.3), slow_from_s(None, 0.3)
    (0.2, None, None)
    """
    if p99_s is None or timeout_s is None or p99_s >= timeout_s:
        return None
    slow_s = float(f"{(p99_s + timeout_s) / 2:.2g}")
    return slow_s if p99_s < slow_s < timeout_s else None


def derive(
    rate_per_s: float,
    p_error: float | None,
    timeout_s: float | None = None,
    p99_s: float | None = None,
    correlation: float = 0.0,
) -> CircuitBreaker | None:
    """A breaker for one instance of the caller, or None where its volume is never reached or errors are too frequent.

    `rate_per_s`: calls of one instance. `p_error`: healthy error share, an upper bound; unknown counts as 5 %.
    `correlation`: of failures within a window, 0 where they come on their own. The threshold for slow calls lies half-way
    between p99 and timeout.

    >>> made = derive(100.0, 0.05, timeout_s=0.3, p99_s=0.1)
    >>> made.failure_rate, made.window_s, made.min_calls, made.slow_call_s, made.open_for_s, made.half_open_calls
    (0.5, 10.0, 15, 0.2, 10.0, 10)
    >>> derive(0.1, 0.05) is None
    True
    """
    calls = least_calls(UNKNOWN_ERRORS if p_error is None else p_error, correlation=correlation)
    if calls is None or rate_per_s <= 0:
        return None
    window_s = max(WINDOWS_S[0], round_up(SPARE * calls / rate_per_s))
    if window_s > WINDOWS_S[1]:
        return None
    slow_s = slow_from_s(p99_s, timeout_s)
    return CircuitBreaker(
        failure_rate=FAILURE_RATE,
        window_s=window_s,
        min_calls=calls,
        slow_call_s=slow_s,
        slow_call_rate=None if slow_s is None else FAILURE_RATE,
        open_for_s=OPEN_S,
        growth=GROWTH,
        max_open_s=MOST_OPEN_S,
        half_open_calls=min(MOST_TRIALS, max(3, math.ceil(0.1 * rate_per_s))),
    )
