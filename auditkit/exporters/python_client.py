"""Python: one module for each caller, with httpx, tenacity and circuitbreaker, that runs as it stands."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, consecutive, http_only
from auditkit.exporters.files import HEAD
from auditkit.exporters.text import identifier
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Bulkhead, CircuitBreaker, Policy, Retry, System

_NEEDS = "httpx >= 0.27, tenacity >= 9, circuitbreaker >= 2.1"

_MODULE = '''# {head}
"""Calls of {caller}, bounded. Order, from outside: retry ( bulkhead ( circuit breaker ( timeout ( call )))).

Needs {needs}. Figures are per process. An answer of 500 or more counts as a failure, as does a timeout.
"""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
from circuitbreaker import CircuitBreaker
from tenacity import AsyncRetrying, retry_if_exception_type, stop_after_attempt, wait_random_exponential

SETTINGS: dict[str, dict[str, Any]] = {{
{settings}
}}

RETRIED = (httpx.TransportError, httpx.HTTPStatusError, TimeoutError)


class BulkheadFull(Exception):
    """Too many calls are under way, and none ended in time."""


def _gate(at_once: int | None) -> asyncio.Semaphore | None:
    return None if at_once is None else asyncio.Semaphore(at_once)


def _breaker(name: str, failures: int | None, open_for_s: float) -> CircuitBreaker | None:
    if failures is None:
        return None
    return CircuitBreaker(failure_threshold=failures, recovery_timeout=open_for_s, expected_exception=RETRIED, name=name)


GATES = {{name: _gate(s["at_once"]) for name, s in SETTINGS.items()}}
BREAKERS = {{name: _breaker(name, s["failures"], s["open_for_s"]) for name, s in SETTINGS.items()}}


async def _attempt(name: str, client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
    async with asyncio.timeout(SETTINGS[name]["timeout_s"]):
        response = await client.request(method, url, timeout=None, **more)
    if response.status_code >= 500:
        response.raise_for_status()
    return response


async def _guarded(name: str, client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
    # inside the bulkhead: circuitbreaker takes any exception that it does not expect, such as BulkheadFull, for a success
    breaker = BREAKERS[name]
    if breaker is None:
        return await _attempt(name, client, method, url, **more)
    return await breaker.decorate(_attempt)(name, client, method, url, **more)


async def _in_turn(name: str, client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
    gate = GATES[name]
    if gate is None:
        return await _guarded(name, client, method, url, **more)
    wait = SETTINGS[name]["max_wait_s"]
    if not wait and gate.locked():
        raise BulkheadFull(name)
    try:
        await asyncio.wait_for(gate.acquire(), wait or None)
    except TimeoutError:
        raise BulkheadFull(name) from None
    try:
        return await _guarded(name, client, method, url, **more)
    finally:
        gate.release()


async def call(name: str, client: httpx.AsyncClient, method: str, url: str, **more: Any) -> httpx.Response:
    """One call of the component `name`. Raises TimeoutError, httpx errors, BulkheadFull or CircuitBreakerError."""
    settings = SETTINGS[name]
    attempts = AsyncRetrying(
        stop=stop_after_attempt(settings["attempts"]),
        wait=wait_random_exponential(multiplier=settings["first_wait_s"], max=settings["longest_wait_s"]),
        retry=retry_if_exception_type(RETRIED),
        reraise=True,
    )
    async for attempt in attempts:
        with attempt:
            return await _in_turn(name, client, method, url, **more)
    raise AssertionError("tenacity ends with an answer or an error")
'''


def export(system: System, strategy: Strategy | None) -> Made:
    """One module for each caller."""
    found, shared = calls(system, strategy)
    seen, unseen = http_only(found, "httpx")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    artifacts = tuple(
        Artifact(
            path=f"python/{identifier(caller).lower()}_calls.py",
            content=_module(caller, [call for call in seen if call.caller == caller]),
            title=f"Python client: {caller}",
        )
        for caller in sorted({call.caller for call in seen})
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _module(caller: str, of: list[Call]) -> bytes:
    settings = "\n".join(f"    {label(call.callee)!r}: {_settings(call)!r}," for call in of)
    return _MODULE.format(head=HEAD, caller=label(caller), needs=_NEEDS, settings=settings).encode()


def in_force(policy: Policy) -> Policy:
    """What the module really does with a policy, as the simulation can be told it; times in seconds.

    Waits double and are drawn from 0 on (`wait_random_exponential`), and there is no retry budget. The breaker counts failures
    in a row, its time never grows, it has no trial calls, and late answers count (source: circuitbreaker 2.1.3).

    >>> planned = CircuitBreaker(failure_rate=0.5, min_calls=20, open_for_s=10.0, growth=2.0, half_open_calls=3)
    >>> done = in_force(Policy(timeout_s=0.3, circuit_breaker=planned)).circuit_breaker
    >>> done.failures, done.in_a_row, done.open_for_s, done.growth, done.half_open
    (10, True, 10.0, None, 'all')
    """
    again, cut, pool = retry(policy), breaker(policy), bulkhead(policy)
    first = (again.backoff_s or 0.0) if again else 0.0
    return Policy(
        timeout_s=policy.timeout_s,
        retry="none"
        if again is None
        else Retry(
            max_attempts=again.max_attempts,
            backoff_s=first,
            multiplier=2.0,
            max_backoff_s=again.max_backoff_s or first * 10,
            jitter="full",
        ),
        circuit_breaker="none"
        if cut is None
        else CircuitBreaker(failures=consecutive(cut), in_a_row=True, open_for_s=cut.open_for_s or 30.0, half_open="all"),
        bulkhead="none" if pool is None else Bulkhead(max_concurrent=pool.max_concurrent, max_wait_s=pool.max_wait_s or 0.0),
    )


def _settings(call: Call) -> dict[str, Any]:
    """Plain numbers only: nothing of a stranger's text gets into a program."""
    policy = in_force(call.policy)
    again, cut, pool = retry(policy), breaker(policy), bulkhead(policy)
    return {
        "timeout_s": timeout_s(policy),
        "attempts": again.max_attempts if again else 1,
        "first_wait_s": again.backoff_s if again else 0.0,
        "longest_wait_s": again.max_backoff_s if again else 0.0,
        "failures": cut.failures if cut else None,
        "open_for_s": cut.open_for_s if cut else 0.0,
        "at_once": pool.max_concurrent if pool else None,
        "max_wait_s": pool.max_wait_s if pool else 0.0,
    }


def _gaps(call: Call) -> Iterator[Gap]:
    again, cut = retry(call.policy), breaker(call.policy)
    if again is not None and again.budget is not None:
        yield Gap(
            where=call.name, what="tenacity knows no retry budget", remedy="keep attempts low, and alert on the share of retries"
        )
    if again is not None and again.multiplier not in {None, 2.0}:
        yield Gap(where=call.name, what="waits double each time, whatever the multiplier")
    if cut is not None and cut != breaker(in_force(call.policy)):
        what = f"circuitbreaker counts {consecutive(cut)} failures in a row, not a rate; its time never grows"
        yield Gap(where=call.name, what=what)
        what = "after its pause circuitbreaker lets all calls through until one fails, and a late success closes it at once"
        yield Gap(where=call.name, what=what, remedy="add a bulkhead, which bounds how many try")


EXPORTER = Exporter(
    name="python",
    title="Python (httpx, tenacity, circuitbreaker)",
    prose=(
        "From outside: retry, bulkhead, circuit breaker, timeout. Figures hold for one process. "
        "`attempts` counts the first try, as in tenacity. The timeout bounds one attempt as a whole: httpx's own bound each wait "
        "for bytes, and an answer that trickles in never ends. httpx also sends a hundred calls at once at most, unless limits "
        "say otherwise. circuitbreaker counts failures in a row: errors among successes never open it. After its pause it lets "
        "all calls through until one fails; a call that began before it opened closes it by its success, and by its failure "
        "starts the pause anew; any exception that it does not expect is a success to it. A policy with `in_a_row: true` and "
        "`half_open: all` says the same, and is simulated so. pybreaker 1.4 is not used: it holds a lock during the call, so "
        "that threads pass one after another."
    ),
    export=export,
)
