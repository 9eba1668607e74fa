"""resilience4j in Spring Boot: `application.yml` of each caller, one instance of every module for each callee."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, compact, milliseconds
from auditkit.exporters.files import yaml_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import Bulkhead, CircuitBreaker, Nothing, Retry, System

_NESTING = (
    "Order, from outside: Retry ( CircuitBreaker ( TimeLimiter ( Bulkhead ( call )))): timeout and bulkhead hold for one attempt"
)

_FULL = "io.github.resilience4j.bulkhead.BulkheadFullException"
_REFUSED = "io.github.resilience4j.circuitbreaker.CallNotPermittedException"


def export(system: System, strategy: Strategy | None) -> Made:
    """One `application.yml` for each caller."""
    found, shared = calls(system, strategy)
    gaps = (*shared, *(gap for call in found for gap in _gaps(call)))
    artifacts = tuple(
        Artifact(
            path=f"resilience4j/{label(caller)}/application.yml",
            content=yaml_file([_application([call for call in found if call.caller == caller])], [_NESTING]),
            title=f"resilience4j: {caller}",
        )
        for caller in sorted({call.caller for call in found})
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _application(of: list[Call]) -> dict[str, Any]:
    made = {
        "resilience4j.circuitbreaker": {label(c.callee): _breaker(cut, c) for c in of if (cut := breaker(c.policy)) is not None},
        "resilience4j.retry": {label(c.callee): _retry(c.policy.retry, c) for c in of if c.policy.retry is not None},
        "resilience4j.timelimiter": {
            label(c.callee): {"timeoutDuration": f"{milliseconds(wait)}ms", "cancelRunningFuture": True}
            for c in of
            if (wait := timeout_s(c.policy)) is not None
        },
        "resilience4j.bulkhead": {label(c.callee): _bulkhead(pool) for c in of if (pool := bulkhead(c.policy)) is not None},
    }
    return {module: {"instances": instances} for module, instances in made.items() if instances}


def _refusals(call: Call, *, of_breaker: bool) -> list[str] | None:
    """Exceptions of a full bulkhead and of an open breaker: no failures of the callee, and nothing to try again."""
    found = [_REFUSED] if of_breaker and breaker(call.policy) is not None else []
    found += [_FULL] if bulkhead(call.policy) is not None else []
    return found or None


def _breaker(cut: CircuitBreaker, call: Call) -> dict[str, Any]:
    rate = cut.failure_rate
    size = {"slidingWindowType": "TIME_BASED", "slidingWindowSize": max(1, round(cut.window_s or 10.0))}
    calls_needed = cut.min_calls
    if rate is None and cut.failures is not None:  # a count becomes: all of the last so many calls failed
        size, rate, calls_needed = {"slidingWindowType": "COUNT_BASED", "slidingWindowSize": cut.failures}, 1.0, cut.failures
    growing = cut.growth is not None and cut.growth > 1
    return compact(
        {
            **size,
            "minimumNumberOfCalls": calls_needed,
            "failureRateThreshold": None if rate is None else round(rate * 100, 6),
            "slowCallDurationThreshold": None if cut.slow_call_s is None else f"{milliseconds(cut.slow_call_s)}ms",
            "slowCallRateThreshold": None if cut.slow_call_rate is None else round(cut.slow_call_rate * 100, 6),
            "waitDurationInOpenState": None if cut.open_for_s is None else f"{milliseconds(cut.open_for_s)}ms",
            "enableExponentialBackoff": True if growing else None,
            "exponentialBackoffMultiplier": cut.growth if growing else None,
            "exponentialMaxWaitDurationInOpenState": f"{milliseconds(cut.max_open_s)}ms" if growing and cut.max_open_s else None,
            "permittedNumberOfCallsInHalfOpenState": cut.half_open_calls,
            "automaticTransitionFromOpenToHalfOpenEnabled": True,
            "ignoreExceptions": _refusals(call, of_breaker=False),
        }
    )


def _retry(found: Retry | Nothing, call: Call) -> dict[str, Any]:
    if not isinstance(found, Retry):
        return {"maxAttempts": 1}
    growing = found.multiplier is not None and found.multiplier > 1
    return compact(
        {
            "maxAttempts": found.max_attempts,
            "waitDuration": None if found.backoff_s is None else f"{milliseconds(found.backoff_s)}ms",
            "enableExponentialBackoff": True if growing else None,
            "exponentialBackoffMultiplier": found.multiplier if growing else None,
            "exponentialMaxWaitDuration": f"{milliseconds(found.max_backoff_s)}ms" if growing and found.max_backoff_s else None,
            "enableRandomizedWait": True if found.jitter in {"full", "equal"} else None,
            "randomizedWaitFactor": {"full": 0.99, "equal": 0.5}.get(found.jitter or ""),
            "ignoreExceptions": _refusals(call, of_breaker=True),
        }
    )


def _bulkhead(pool: Bulkhead) -> dict[str, Any]:
    wait = None if pool.max_wait_s is None else (f"{milliseconds(pool.max_wait_s)}ms" if pool.max_wait_s else "0ms")
    return compact({"maxConcurrentCalls": pool.max_concurrent, "maxWaitDuration": wait})


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut = retry(call.policy), breaker(call.policy)
    if settings is not None and settings.budget is not None:
        yield Gap(
            where=call.name,
            what="resilience4j knows no retry budget",
            remedy="keep attempts low, and alert on the share of retries",
        )
    if settings is not None and settings.jitter == "full":
        yield Gap(
            where=call.name,
            what="full jitter is written as a randomised wait of ±99 %: from almost nothing to almost twice the wait",
        )
    if cut is not None and cut.failures is not None and cut.failure_rate is None and not cut.in_a_row:
        yield Gap(where=call.name, what=f"{cut.failures} failures in a window become {cut.failures} failures in a row of calls")
    if cut is not None and cut.half_open == "all":
        yield Gap(where=call.name, what="resilience4j lets trial calls through after its pause, not all calls")
    if cut is not None and cut.half_open == "gradual":
        yield Gap(
            where=call.name, what="resilience4j closes at once after its trial calls; it cannot let a growing share through"
        )
    if cut is not None and cut.window_s is not None and cut.window_s != max(1, round(cut.window_s)):
        yield Gap(where=call.name, what="a window is a whole number of seconds; it is rounded")
    if timeout_s(call.policy) is not None:
        yield Gap(
            where=call.name,
            what="a time limiter needs a call that runs elsewhere (CompletableFuture); a blocking call is not interrupted by it",
            remedy="set the same timeout in the HTTP or database client",
        )


EXPORTER = Exporter(
    name="resilience4j",
    title="resilience4j (application.yml)",
    prose="`maxAttempts` counts the first try, as the model does. " + _NESTING + ". Figures hold for one process. Half open, "
    "it decides by the failure rate of all its trial calls, where the simulation opens at the first that fails; an open breaker "
    "and a full bulkhead are exceptions that are neither tried again nor counted.",
    export=export,
)
