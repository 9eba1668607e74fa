"""Settings in words: what a policy says, the same in every table. A question is never shown as a value."""

from __future__ import annotations

from auditkit.document.figures import duration, number, share
from auditkit.model.system import Bulkhead, CircuitBreaker, Fallback, Nothing, Policy, Retry

QUESTION = "nobody has said"
NONE = "none"


def timeout(policy: Policy | Nothing | None) -> str:
    """Its timeout in words.

    >>> timeout(Policy(timeout_s=0.2)), timeout(Policy(timeout_s="none")), timeout(None)
    ('200ms', 'none', 'nobody has said')
    """
    if not isinstance(policy, Policy):
        return NONE if policy else QUESTION
    return duration(policy.timeout_s) if isinstance(policy.timeout_s, float) else (policy.timeout_s or QUESTION)


def retry(policy: Policy | Nothing | None) -> str:
    """Its retries in words; the first try counts as an attempt."""
    found = policy.retry if isinstance(policy, Policy) else policy
    if not isinstance(found, Retry):
        return NONE if found else QUESTION
    words = [f"{found.max_attempts} attempts"]
    if found.only is not None:
        words.append("only for errors before sending")
    if found.backoff_s is not None:
        growing = f" growing × {found.multiplier:g}" if found.multiplier and found.multiplier > 1 else ""
        at_most = f" up to {duration(found.max_backoff_s)}" if found.max_backoff_s is not None else ""
        words.append(f"wait {duration(found.backoff_s)}{growing}{at_most}")
    if found.jitter is not None:
        words.append("without jitter" if found.jitter == "none" else f"{found.jitter} jitter")
    if found.budget is not None:
        floor = f", at least {found.min_per_second:g}/s" if found.min_per_second else ""
        words.append(f"budget {share(found.budget)} of requests{floor}")
    return ", ".join(words)


def breaker(policy: Policy | Nothing | None) -> str:
    """Its circuit breaker in words."""
    found = policy.circuit_breaker if isinstance(policy, Policy) else policy
    if not isinstance(found, CircuitBreaker):
        return NONE if found else QUESTION
    window = f" in {duration(found.window_s)}" if found.window_s is not None else ""
    words = []
    if found.failure_rate is not None:
        of = f" of at least {number(found.min_calls)} calls" if found.min_calls is not None else ""
        words.append(f"opens at {share(found.failure_rate)} failures{of}{window}")
    if found.failures is not None:
        words.append(f"opens at {found.failures} failures{' in a row' if found.in_a_row else window}")
    if found.slow_call_s is not None:
        rate = f" at {share(found.slow_call_rate)}" if found.slow_call_rate is not None else ""
        words.append(f"counts calls above {duration(found.slow_call_s)}{rate}")
    if found.open_for_s is not None:
        grows = f", growing × {found.growth:g}" if found.growth and found.growth > 1 else ""
        at_most = f" up to {duration(found.max_open_s)}" if found.max_open_s is not None else ""
        words.append(f"open for {duration(found.open_for_s)}{grows}{at_most}")
    if found.half_open_calls is not None:
        words.append(f"{found.half_open_calls} trial calls when half open")
    if found.half_open == "gradual":
        words.append("then a growing share of calls")
    if found.half_open == "all":
        words.append("then all calls until one ends")
    return ", ".join(words) or "on, with settings nobody has said"


def bulkhead(policy: Policy | Nothing | None) -> str:
    """Its bulkhead in words; per instance of the caller."""
    found = policy.bulkhead if isinstance(policy, Policy) else policy
    if not isinstance(found, Bulkhead):
        return NONE if found else QUESTION
    wait = "" if found.max_wait_s is None else f", waiting at most {duration(found.max_wait_s)}"
    return f"{number(found.max_concurrent)} at once{wait}"


def fallback(found: Fallback | Nothing | None) -> str:
    """A fallback in words."""
    if not isinstance(found, Fallback):
        return NONE if found else QUESTION
    words = [found.serves or found.kind or "something that nobody has described"]
    if found.kind and found.serves:
        words[0] += f" ({found.kind})"
    if found.alternatives:
        words.append(f"asks {', then '.join(a.to for a in found.alternatives)}")
    if found.stale_after_s is not None:
        words.append(f"stale after {duration(found.stale_after_s)}")
    return ", ".join(words)
