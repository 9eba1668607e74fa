"""Retry: asking again, where a second attempt is harmless and can help.

Derivation. A retry helps against errors that pass by themselves; so only where errors were seen, the call is idempotent, and
all attempts with the waits between them fit into what the deadline leaves. Waits grow exponentially and are drawn at random
from zero to their length (full jitter), so that callers do not come back in step. A budget (1 % of the requests) bounds the
extra load when everything fails at once, because attempts multiply along a path:

>>> amplification([4, 4, 4]), round(amplification_with_budgets([0.1, 0.1, 0.1]), 3)
(64, 1.331)

A system is open to a retry storm where its load, repeated by all retries, exceeds what it can carry: the storm then feeds
itself after its cause has gone (a metastable failure). At 24 % utilisation three retries are survived, at 26 % they are not:

>>> storm_load(0.24, 3), survives_storm(0.24, 3), storm_load(0.26, 3), survives_storm(0.26, 3)
(0.96, True, 1.04, False)

What a retry buys: with half of the attempts failing on their own, three retries need 1.875 attempts on average and leave
6.25 % errors:

>>> mean_attempts(0.5, 4), p_success(0.5, 4)
(1.875, 0.9375)

Cost while healthy: the error share in extra load. Hazards: retries on several levels; retries of writes; retries without
waiting, or in step. Anti-patterns: retrying what the callee refuses on purpose (overload, bad input); more than two or three
attempts; a retry in the client, in the proxy and in the mesh at once.

Errors that provably precede sending (connection refused, name not found) may be retried even for a write: nothing has been
sent (`only: before_sending`). A timeout or a reset connection may come after the write has happened:

>>> from auditkit.model.system import Retry
>>> may_repeat_work(Retry(max_attempts=2)), may_repeat_work(Retry(max_attempts=2, only="before_sending"))
(True, False)

Sources: Marc Brooker, Timeouts, retries, and backoff with jitter, Amazon Builders' Library, 2019; Nathan Bronson, Abutalib
Aghayev, Aleksey Charapko and Timothy Zhu, Metastable Failures in Distributed Systems, HotOS 2021; Betsy Beyer and others, Site
Reliability Engineering, 2016, chapters 21 and 22 (retry budgets).
"""

from __future__ import annotations

import math
from collections.abc import Iterable

from auditkit.model.policy import backoffs_s
from auditkit.model.system import Policy, Retry
from auditkit.units import round_up

BUDGET = 0.01
"""Retries as a share of requests, unless the audit says otherwise."""
MIN_PER_SECOND = 1.0
"""So many retries a second are free, or a budget of few requests would allow none."""
MULTIPLIER = 2.0
MOST_ATTEMPTS = 3
"""More attempts are never proposed: what two did not reach, a fourth rarely does, and it multiplies along paths."""
WORTH_SHARE = 0.0005
"""Below this share of errors while healthy a retry has nothing to win."""
BEFORE_SENDING = ("connection refused", "name not found", "no route to host", "TLS handshake failed", "pool exhausted locally")
"""Errors after which nothing can have happened at the callee."""


def may_repeat_work(retry: Retry | None) -> bool:
    """Whether a second attempt may do the work twice: not where only errors before sending are tried again."""
    return retry is not None and retry.max_attempts > 1 and retry.only != "before_sending"


def amplification(attempts: Iterable[int]) -> int:
    """Attempts at the bottom for one request at the top, when everything fails and nobody has a budget."""
    return math.prod(attempts)


def amplification_with_budgets(budgets: Iterable[float]) -> float:
    """The same where each level may spend a share of its requests on retries: the product of (1 + budget)."""
    return math.prod(1.0 + budget for budget in budgets)


def factor(retry: Retry | None) -> float:
    """By how much one call multiplies load in the worst case: its budget where it has one, else its attempts.

    What is tried again before sending was never sent: it adds no load.

    >>> factor(None), factor(Retry(max_attempts=3)), factor(Retry(max_attempts=3, budget=0.01))
    (1.0, 3.0, 1.01)
    >>> factor(Retry(max_attempts=3, only="before_sending"))
    1.0
    """
    if retry is None or not may_repeat_work(retry):
        return 1.0
    return float(retry.max_attempts) if retry.budget is None else min(1.0 + retry.budget, float(retry.max_attempts))


def storm_load(utilisation: float, retries: float) -> float:
    """Share of its capacity that a callee needs when every request is repeated `retries` times."""
    return round(utilisation * (1.0 + retries), 12)


def survives_storm(utilisation: float, retries: float) -> bool:
    """Whether a system recovers by itself once the cause of a retry storm is gone."""
    return storm_load(utilisation, retries) <= 1.0


def mean_attempts(p_fail: float, attempts: int) -> float:
    """Attempts per request where each fails on its own with this probability."""
    return math.fsum(p_fail**n for n in range(attempts))


def p_success(p_fail: float, attempts: int) -> float:
    """Probability that one of the attempts succeeds, each failing on its own."""
    return 1.0 - p_fail**attempts


def attempts_that_fit(timeout_s: float, backoff_s: float, left_s: float, most: int = MOST_ATTEMPTS) -> int:
    """Attempts, the first counted, that fit into what the deadline leaves, with doubling waits between them; at least 1.

    >>> attempts_that_fit(0.2, 0.05, 0.5), attempts_that_fit(0.2, 0.05, 0.4), attempts_that_fit(0.1, 0.05, 10)
    (2, 1, 3)
    """
    fitting = 1
    for attempts in range(2, most + 1):
        policy = Policy(timeout_s=timeout_s, retry=Retry(max_attempts=attempts, backoff_s=backoff_s, multiplier=MULTIPLIER))
        if attempts * timeout_s + backoffs_s(policy) > left_s + 1e-12:
            break
        fitting = attempts
    return fitting


def derive(timeout_s: float, p50_s: float, left_s: float, most: int = 2) -> Retry | None:
    """The retry that fits: waits of one median call at first, doubling, full jitter, a budget; None where no second attempt fits.

    >>> made = derive(0.2, 0.05, 0.5)
    >>> made.max_attempts, made.backoff_s, made.multiplier, made.jitter, made.budget
    (2, 0.05, 2.0, 'full', 0.01)
    >>> derive(0.2, 0.05, 0.4) is None
    True
    """
    backoff_s = round_up(max(p50_s, 0.001))
    attempts = attempts_that_fit(timeout_s, backoff_s, left_s, most)
    if attempts < 2:
        return None
    return Retry(
        max_attempts=attempts,
        backoff_s=backoff_s,
        multiplier=MULTIPLIER,
        jitter="full",
        budget=BUDGET,
        min_per_second=MIN_PER_SECOND,
    )
