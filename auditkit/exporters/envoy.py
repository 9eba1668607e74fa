"""Envoy: cluster thresholds, outlier detection and route retry policies, as fragments for a caller's own proxy."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, compact, consecutive, http_only, milliseconds, whole_by_envoy_s
from auditkit.exporters.files import yaml_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import CircuitBreaker, System

RETRY_ON = "connect-failure,refused-stream,reset,gateway-error"
BEFORE_SENDING = "connect-failure,refused-stream"
"""Errors after which the callee has seen nothing."""


def export(system: System, strategy: Strategy | None) -> Made:
    """One file for each caller: a cluster and a route for each of its callees."""
    found, shared = calls(system, strategy, tells_sending=True)
    seen, unseen = http_only(found, "a route of Envoy")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    note = "Fragments: merge each into the cluster and the route of the same name"
    artifacts = tuple(
        Artifact(
            path=f"envoy/{label(caller)}.yaml",
            content=yaml_file([_fragments([call for call in seen if call.caller == caller])], [note]),
            title=f"Envoy: clusters and routes of {caller}",
        )
        for caller in sorted({call.caller for call in seen})
    )
    return artifacts, gaps or (() if artifacts else (Gap(where=system.system, what="no call has a setting to export"),))


def _fragments(of: list[Call]) -> dict[str, Any]:
    return {"clusters": [_cluster(call) for call in of], "routes": [_route(call) for call in of]}


def _cluster(call: Call) -> dict[str, Any]:
    pool, settings, cut = bulkhead(call.policy), retry(call.policy), breaker(call.policy)
    threshold: dict[str, Any] = {}
    if pool is not None:
        threshold |= {"max_connections": pool.max_concurrent, "max_pending_requests": 1, "max_requests": pool.max_concurrent}
    if settings is not None and settings.budget is not None:
        threshold["retry_budget"] = {"budget_percent": {"value": round(settings.budget * 100, 6)}, "min_retry_concurrency": 1}
    return compact(
        {
            "name": label(call.callee),
            "circuit_breakers": {"thresholds": [{"priority": "DEFAULT", **threshold}]} if threshold else None,
            "outlier_detection": None if cut is None else _outliers(cut),
        }
    )


def _outliers(cut: CircuitBreaker) -> dict[str, Any]:
    """By failure percentage of each host where the breaker is by rate, else by consecutive errors."""
    open_for = cut.open_for_s or 30.0
    shared = {
        "base_ejection_time": _seconds(open_for),
        "max_ejection_time": _seconds(max(cut.max_open_s or open_for, open_for)),
        "max_ejection_percent": 100,
    }
    if cut.failure_rate is None:
        return {"consecutive_5xx": consecutive(cut), "interval": _seconds(min(10.0, open_for)), **shared}
    return {
        "enforcing_consecutive_5xx": 0,
        "enforcing_success_rate": 0,
        "enforcing_failure_percentage": 100,
        "failure_percentage_threshold": max(1, round(cut.failure_rate * 100)),
        "failure_percentage_minimum_hosts": 1,
        "failure_percentage_request_volume": cut.min_calls or 10,
        "interval": _seconds(cut.window_s or 10.0),
        **shared,
    }


def _route(call: Call) -> dict[str, Any]:
    timeout, settings = timeout_s(call.policy), retry(call.policy)
    policy = None
    if settings is not None and settings.max_attempts > 1:
        base = milliseconds(settings.backoff_s) if settings.backoff_s else None
        longest = max(milliseconds(settings.max_backoff_s), base or 1) if settings.max_backoff_s else None
        policy = compact(
            {
                "retry_on": RETRY_ON if settings.only is None else BEFORE_SENDING,
                "num_retries": settings.max_attempts - 1,
                "per_try_timeout": None if timeout is None else _seconds(timeout),
                "retry_back_off": None
                if base is None
                else compact({"base_interval": _ms(base), "max_interval": None if longest is None else _ms(longest)}),
            }
        )
    return compact(
        {
            "name": label(call.callee),
            "cluster": label(call.callee),
            "timeout": None if timeout is None else _seconds(whole_by_envoy_s(call.policy)),
            "retry_policy": policy,
        }
    )


def _seconds(value: float) -> str:
    return _ms(milliseconds(value))


def _ms(value: int) -> str:
    """Envoy reads durations in seconds only.

    >>> _ms(300), _ms(30000)
    ('0.3s', '30s')
    """
    return f"{value / 1000:.3f}".rstrip("0").rstrip(".") + "s"


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    if cut is not None:
        yield Gap(
            where=call.name,
            what="outlier detection ejects single hosts, once an interval, without trial calls; its time grows by addition",
            remedy="keep a breaker in the client where all hosts fail together",
        )
    if settings is not None and settings.budget is not None:
        yield Gap(where=call.name, what="the retry budget is a share of requests under way, not of requests a second")
    if pool is not None and pool.max_wait_s is not None:
        yield Gap(
            where=call.name, what="how long a call may wait for its turn cannot be bounded; one may wait, others are refused"
        )
    if timeout_s(call.policy) is None:
        yield Gap(where=call.name, what="it has no timeout in force; Envoy's default of 15 s stays")


EXPORTER = Exporter(
    name="envoy",
    title="Envoy (clusters, routes)",
    prose=(
        "`num_retries` counts retries, `timeout` is of the whole call, `per_try_timeout` of one attempt. Thresholds hold "
        "for one "
        "proxy. A rate breaker becomes failure-percentage outlier detection of single hosts. From outside: timeout of the "
        "call, retry, limits, outlier detection, timeout of one attempt."
    ),
    export=export,
)
