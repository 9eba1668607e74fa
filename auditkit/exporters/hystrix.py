"""Hystrix properties. Hystrix is end-of-life (in maintenance since 2018): for systems that have not moved yet."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, milliseconds
from auditkit.exporters.files import HEAD
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import System


def export(system: System, strategy: Strategy | None) -> Made:
    """One properties file for each caller."""
    found, shared = calls(system, strategy)
    gaps = (*shared, *(gap for call in found for gap in _gaps(call)))
    artifacts = tuple(
        Artifact(
            path=f"hystrix/{label(caller)}.properties",
            content=_file([call for call in found if call.caller == caller]),
            title=f"Hystrix (end-of-life): {caller}",
        )
        for caller in sorted({call.caller for call in found})
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _file(of: list[Call]) -> bytes:
    head = (f"# {HEAD}", "# Hystrix is end-of-life: move to resilience4j; the target `resilience4j` exports the same settings.")
    return "\n".join([*head, *(line for call in of for line in _lines(call)), ""]).encode()


def _lines(call: Call) -> Iterator[str]:
    command, pool = f"hystrix.command.{label(call.callee)}", f"hystrix.threadpool.{label(call.callee)}"
    wait, cut, limit = timeout_s(call.policy), breaker(call.policy), bulkhead(call.policy)
    yield ""
    if wait is None:
        yield f"{command}.execution.timeout.enabled=false"
    else:
        yield f"{command}.execution.isolation.thread.timeoutInMilliseconds={milliseconds(wait)}"
    yield f"{command}.circuitBreaker.enabled={'false' if cut is None else 'true'}"
    if cut is not None:
        rate = 1.0 if cut.failure_rate is None else cut.failure_rate
        yield f"{command}.circuitBreaker.errorThresholdPercentage={round(rate * 100)}"
        yield f"{command}.circuitBreaker.requestVolumeThreshold={cut.min_calls or cut.failures or 20}"
        yield f"{command}.circuitBreaker.sleepWindowInMilliseconds={milliseconds(cut.open_for_s or 5.0)}"
        yield f"{command}.metrics.rollingStats.timeInMilliseconds={-(-milliseconds(cut.window_s or 10.0) // 1000) * 1000}"
        yield f"{command}.metrics.rollingStats.numBuckets={-(-milliseconds(cut.window_s or 10.0) // 1000)}"
    if limit is not None:
        yield f"{pool}.coreSize={limit.max_concurrent}"
        yield f"{pool}.maximumSize={limit.max_concurrent}"
        yield f"{pool}.maxQueueSize=-1"


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    yield Gap(where=call.name, what="Hystrix is end-of-life", remedy="move to resilience4j")
    if settings is not None and settings.max_attempts > 1:
        yield Gap(where=call.name, what="Hystrix does not retry", remedy="retry in the client, inside the command's timeout")
    if cut is not None and cut.failure_rate is None and cut.failures is not None:
        yield Gap(
            where=call.name, what=f"{cut.failures} failures become: all of at least {cut.failures} calls of a window failed"
        )
    if cut is not None and cut.growth is not None and cut.growth > 1:
        yield Gap(where=call.name, what="the sleep window does not grow, and one call is tried when it ends")
    if pool is not None and pool.max_wait_s:
        yield Gap(where=call.name, what="how long a call may wait for its turn cannot be bounded; none waits")


EXPORTER = Exporter(
    name="hystrix",
    title="Hystrix (properties; end-of-life)",
    prose=(
        "The timeout is of one command. The thread pool is the bulkhead, without a queue. From outside: circuit breaker, thread "
        "pool, timeout. Figures hold for one process. Only for systems that still run it."
    ),
    export=export,
)
