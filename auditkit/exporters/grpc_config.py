"""gRPC service config, for each pair of caller and callee: timeout of the whole call, retries, retry throttling."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, compact, http_only, milliseconds
from auditkit.exporters.files import json_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, call_worst_case_s, retry, timeout_s
from auditkit.model.system import Retry, System

MOST_ATTEMPTS = 5
"""gRPC takes larger numbers for five."""
TOKENS = 100


def export(system: System, strategy: Strategy | None) -> Made:
    """One service config for each channel."""
    found, shared = calls(system, strategy)
    seen, unseen = http_only(found, "gRPC")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    artifacts = tuple(
        Artifact(
            path=f"grpc/{label(c.caller)}/{label(c.callee)}.json",
            content=json_file(config),
            title=f"gRPC service config: {c.name}",
        )
        for c in seen
        if (config := _config(c))
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _config(call: Call) -> dict[str, Any]:
    settings = retry(call.policy)
    method = compact(
        {
            "timeout": None if timeout_s(call.policy) is None else _seconds(call_worst_case_s(call.policy)),
            "retryPolicy": None if settings is None or settings.max_attempts == 1 else _retry(settings),
        }
    )
    if not method:
        return {}
    budget = settings.budget if settings is not None else None
    return compact(
        {
            "methodConfig": [{"name": [{}], **method}],
            "retryThrottling": {"maxTokens": TOKENS, "tokenRatio": max(0.001, round(budget, 3))} if budget else None,
        }
    )


def _retry(settings: Retry) -> dict[str, Any]:
    first = milliseconds(settings.backoff_s or 0.05)
    longest = milliseconds(settings.max_backoff_s) if settings.max_backoff_s else first * 10
    return {
        "maxAttempts": min(settings.max_attempts, MOST_ATTEMPTS),
        "initialBackoff": _seconds(first / 1000),
        "maxBackoff": _seconds(max(first, longest) / 1000),
        "backoffMultiplier": settings.multiplier or 1.0,
        "retryableStatusCodes": ["UNAVAILABLE"],
    }


def _seconds(value: float) -> str:
    return f"{milliseconds(value) / 1000:.3f}".rstrip("0").rstrip(".") + "s"


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    if settings is not None and settings.max_attempts > 1:
        yield Gap(where=call.name, what="a timeout of one attempt cannot be expressed (only that of the whole call)")
        if settings.max_attempts > MOST_ATTEMPTS:
            yield Gap(where=call.name, what=f"gRPC makes at most {MOST_ATTEMPTS} attempts")
        if settings.budget is not None:
            yield Gap(where=call.name, what="the budget becomes tokens: a failure takes one, a success gives back a part")
    if cut is not None:
        yield Gap(
            where=call.name, what="a circuit breaker cannot be expressed", remedy="an interceptor, or outlier detection by xDS"
        )
    if pool is not None:
        yield Gap(
            where=call.name, what="a limit on calls under way cannot be expressed", remedy="an interceptor with a semaphore"
        )


EXPORTER = Exporter(
    name="grpc",
    title="gRPC service config",
    prose=(
        "`maxAttempts` counts the first try, as the model does; `timeout` is of the whole call, around all attempts; waits have "
        "20 % of jitter. Figures hold for one channel."
    ),
    export=export,
)
