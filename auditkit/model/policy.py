"""The arithmetic of a policy: how long a call can take, and how many workers it can hold.

Section 3 of the design: a hung call holds `min(rate × (attempts × timeout + backoffs), max_concurrent + rate × max_wait)`
workers of each instance of its caller. Where a figure is absent, that term is infinite.
"""

from __future__ import annotations

import math

from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Policy, Retry


def timeout_s(policy: Policy | Nothing | None) -> float | None:
    """The timeout in seconds; None where there is none or nobody knows."""
    return policy.timeout_s if isinstance(policy, Policy) and isinstance(policy.timeout_s, float) else None


def timeout_is_open(policy: Policy | Nothing | None) -> bool:
    """Whether the timeout is an open question (neither given nor stated to be absent)."""
    return policy is None or (isinstance(policy, Policy) and policy.timeout_s is None)


def retry(policy: Policy | Nothing | None) -> Retry | None:
    """The retry settings, where there are any."""
    return policy.retry if isinstance(policy, Policy) and isinstance(policy.retry, Retry) else None


def bulkhead(policy: Policy | Nothing | None) -> Bulkhead | None:
    """The bulkhead, where there is one."""
    return policy.bulkhead if isinstance(policy, Policy) and isinstance(policy.bulkhead, Bulkhead) else None


def breaker(policy: Policy | Nothing | None) -> CircuitBreaker | None:
    """The circuit breaker, where there is one."""
    return policy.circuit_breaker if isinstance(policy, Policy) and isinstance(policy.circuit_breaker, CircuitBreaker) else None


def attempts(policy: Policy | Nothing | None) -> int:
    """Attempts at most, the first one counted; 1 without retries."""
    settings = retry(policy)
    return settings.max_attempts if settings else 1


def waiting_attempts(policy: Policy | Nothing | None) -> int:
    """Attempts that may each take a whole timeout: all of them, or one where only errors before sending are tried again.

    A refused connection ends at once; whoever has sent a request and waits in vain does not try again.

    >>> [waiting_attempts(Policy(retry=Retry(max_attempts=3, only=only))) for only in (None, "before_sending")]
    [3, 1]
    """
    settings = retry(policy)
    return 1 if settings is None or settings.only == "before_sending" else settings.max_attempts


def backoffs_s(policy: Policy | Nothing | None) -> float:
    """Longest total wait between the attempts, in seconds. An unset multiplier is 1, an unset backoff 0.

    >>> backoffs_s(Policy(retry=Retry(max_attempts=4, backoff_s=0.1, multiplier=2, max_backoff_s=0.3)))
    0.6
    """
    settings = retry(policy)
    if settings is None or not settings.backoff_s:
        return 0.0
    longest = math.inf if settings.max_backoff_s is None else settings.max_backoff_s
    waits = (settings.backoff_s * (settings.multiplier or 1.0) ** n for n in range(settings.max_attempts - 1))
    return math.fsum(min(wait, longest) for wait in waits)


def call_worst_case_s(policy: Policy | Nothing | None) -> float:
    """Longest time a call can take: attempts × timeout + backoffs, in seconds; infinite without a timeout.

    Of attempts after errors before sending only the last one can wait: the others were refused at once, each before its backoff.

    >>> call_worst_case_s(Policy(timeout_s=0.2, retry=Retry(max_attempts=2, backoff_s=0.05)))
    0.45
    >>> call_worst_case_s(Policy(timeout_s=0.2, retry=Retry(max_attempts=2, backoff_s=0.05, only="before_sending")))
    0.25
    >>> call_worst_case_s(None)
    inf
    """
    timeout = timeout_s(policy)
    return math.inf if timeout is None else round(waiting_attempts(policy) * timeout + backoffs_s(policy), 12)


def attempt_timeout_s(whole_s: float, settings: Retry | Nothing | None) -> float:
    """Timeout of each attempt with which a call takes `whole_s` seconds at most: the inverse of `call_worst_case_s`.

    Rounded to a microsecond. Where the waits alone take longer, they are left out of account.

    >>> attempt_timeout_s(0.45, Retry(max_attempts=2, backoff_s=0.05))
    0.2
    """
    policy = Policy(retry=settings)
    left = whole_s - backoffs_s(policy)
    return round((left if left > 0 else whole_s) / waiting_attempts(policy), 6)


def held_workers(policy: Policy | Nothing | None, rate_per_s: float | None, instances: int) -> float:
    """Workers of ONE instance of the caller that a hung callee holds; infinite where nothing bounds them.

    `rate_per_s` is over all `instances`; unknown (None) leaves the bulkhead's size alone to bound it.

    >>> held_workers(Policy(timeout_s=0.2), 400, 1)
    80.0
    >>> held_workers(Policy(timeout_s=0.2, bulkhead=Bulkhead(max_concurrent=10)), 400, 1)
    10.0
    >>> held_workers(None, 400, 1), held_workers(Policy(bulkhead=Bulkhead(max_concurrent=10)), None, 1)
    (inf, 10.0)
    """
    pool = bulkhead(policy)
    if rate_per_s is None:
        return math.inf if pool is None else float(pool.max_concurrent)
    rate = rate_per_s / instances
    longest = call_worst_case_s(policy)
    unbounded = 0.0 if rate == 0 else rate * longest
    bounded = math.inf if pool is None else pool.max_concurrent + rate * (pool.max_wait_s or 0.0)
    return min(unbounded, bounded)
