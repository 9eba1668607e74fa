"""What is alerted on, in the metrics of three dialects: Envoy and Istio, resilience4j, OpenTelemetry.

Each alert brings a time series that fires it, so that every rule has a test of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass

from auditkit.exporters.calls import Call
from auditkit.model.audit import Strategy
from auditkit.model.label import label
from auditkit.model.policy import attempts, breaker, bulkhead, retry, timeout_s
from auditkit.planning.monitoring import healthy_timeouts

NEAR = 0.8
"""Share of a limit from which on somebody should look."""
DEFAULT_FALSE = 0.001
REJECTED = 0.001


@dataclass(frozen=True, slots=True)
class Alert:
    """One alert on one call. `fires` are series (`name{labels}` to values in promtool's notation) under which it fires."""

    name: str
    call: Call
    expression: str
    hold: str
    severity: str
    summary: str
    fires: Mapping[str, str]


def expected_timeouts(call: Call, strategy: Strategy | None) -> float:
    """Share of calls that the timeout of a call cuts off while all is healthy, at most; from its advice where there is one."""
    advices = [
        p.advice for p in (strategy.policies if strategy else ()) if p.dependency in call.subjects and p.advice is not None
    ]
    return max((healthy_timeouts(a) for a in advices if a.false_timeout is not None), default=DEFAULT_FALSE)


def _ratio(part: str, whole: str, above: float) -> str:
    return f"sum(rate({part}[5m])) / sum(rate({whole}[5m])) > {above:.6g}"


def _timeouts(call: Call, expected: float, part: str, whole: str) -> Alert:
    above = min(1.0, 10 * expected)
    return Alert(
        "CallTimesOut",
        call,
        _ratio(part, whole, above),
        "5m",
        "warning",
        f"more than {above * 100:.3g} % of calls time out (healthy: at most {expected * 100:.3g} %)",
        {part: "0+60x40", whole: "0+60x40"},
    )


def _retries(call: Call, part: str, whole: str) -> Alert:
    settings = retry(call.policy)
    above = settings.budget if settings is not None and settings.budget else 0.01
    return Alert(
        "RetriesAboveBudget",
        call,
        _ratio(part, whole, above),
        "5m",
        "warning",
        f"retries are more than {above * 100:.3g} % of calls",
        {part: "0+60x40", whole: "0+60x40"},
    )


def _p99(call: Call, metric: str, labels: str, unit: float) -> Alert:
    """`metric` is a histogram without `_bucket`; `unit` is how many of its units a second has."""
    timeout = timeout_s(call.policy) or 0.0
    above = NEAR * timeout * unit
    low, high = f"{timeout * unit / 2:.6g}", f"{timeout * unit:.6g}"
    series = metric + '_bucket{le="%s",' + labels + "}"
    quantile = f"histogram_quantile(0.99, sum by (le) (rate({metric}_bucket{{{labels}}}[5m])))"
    return Alert(
        "P99NearTimeout",
        call,
        f"{quantile} > {above:.6g}",
        "15m",
        "warning",
        f"p99 is above {NEAR:g} of the timeout",
        {series % low: "0+1x60", series % high: "0+60x60", series % "+Inf": "0+60x60"},
    )


def _envoy(call: Call, expected: float) -> Iterator[Alert]:
    callee, caller = label(call.callee), label(call.caller)
    of = f'{{envoy_cluster_name="{callee}",app="{caller}"}}'
    total = f"envoy_cluster_upstream_rq_total{of}"
    if timeout_s(call.policy) is not None:
        yield _timeouts(call, expected, f"envoy_cluster_upstream_rq_timeout{of}", total)
        labels = f'reporter="source",source_app="{caller}",destination_service_name="{callee}"'
        yield _p99(call, "istio_request_duration_milliseconds", labels, 1000.0)
    if attempts(call.policy) > 1:
        yield _retries(call, f"envoy_cluster_upstream_rq_retry{of}", total)
    if breaker(call.policy) is not None:
        active = f"envoy_cluster_outlier_detection_ejections_active{of}"
        yield Alert(
            "HostsEjected", call, f"sum({active}) > 0", "2m", "critical", "outlier detection keeps hosts out", {active: "1x40"}
        )
    if bulkhead(call.policy) is not None:
        refused = f"envoy_cluster_upstream_rq_pending_overflow{of}"
        yield Alert(
            "BulkheadRejects",
            call,
            _ratio(refused, total, REJECTED),
            "5m",
            "warning",
            "calls are refused because too many are under way",
            {refused: "0+60x40", total: "0+60x40"},
        )


def _resilience4j(call: Call, expected: float) -> Iterator[Alert]:
    name, app = label(call.callee), label(call.caller)
    of = f'name="{name}",application="{app}"'
    if timeout_s(call.policy) is not None:
        yield _timeouts(
            call,
            expected,
            f'resilience4j_timelimiter_calls_total{{{of},kind="timeout"}}',
            f"resilience4j_timelimiter_calls_total{{{of}}}",
        )
    if attempts(call.policy) > 1:
        part = f'resilience4j_retry_calls_total{{{of},kind=~"(successful|failed)_with_retry"}}'
        alert = _retries(call, part, f"resilience4j_retry_calls_total{{{of}}}")
        yield Alert(
            alert.name,
            call,
            alert.expression,
            alert.hold,
            alert.severity,
            alert.summary,
            {f'resilience4j_retry_calls_total{{{of},kind="failed_with_retry"}}': "0+60x40"},
        )
    if breaker(call.policy) is not None:
        state = f'resilience4j_circuitbreaker_state{{{of},state="open"}}'
        yield Alert(
            "CircuitBreakerOpen", call, f"max({state}) == 1", "1m", "critical", "the circuit breaker is open", {state: "1x40"}
        )
    if bulkhead(call.policy) is not None:
        free, limit = (
            f"resilience4j_bulkhead_available_concurrent_calls{{{of}}}",
            f"resilience4j_bulkhead_max_allowed_concurrent_calls{{{of}}}",
        )
        yield Alert(
            "BulkheadNearlyFull",
            call,
            f"max(1 - {free} / {limit}) > {NEAR:g}",
            "5m",
            "warning",
            f"more than {NEAR:.0%} of the bulkhead is in use",
            {free: "0x40", limit: "10x40"},
        )


def _otel(call: Call, expected: float) -> Iterator[Alert]:
    labels = f'service_name="{label(call.caller)}",server_address="{label(call.callee)}"'
    count = f"http_client_request_duration_seconds_count{{{labels}}}"
    if timeout_s(call.policy) is not None:
        part = f'http_client_request_duration_seconds_count{{{labels},error_type=~"(?i).*timeout.*"}}'
        alert = _timeouts(call, expected, part, count)
        fires = {f'http_client_request_duration_seconds_count{{{labels},error_type="timeout"}}': "0+60x40"}
        yield Alert(alert.name, call, alert.expression, alert.hold, alert.severity, alert.summary, fires)
        yield _p99(call, "http_client_request_duration_seconds", labels, 1.0)
    yield from _fallback(call)


def _fallback(call: Call) -> Iterator[Alert]:
    served = f'fallback_served_total{{caller="{label(call.caller)}",callee="{label(call.callee)}"}}'
    yield Alert(
        "FallbackServed",
        call,
        f"sum(rate({served}[5m])) > 0",
        "5m",
        "info",
        "answers come from the fallback",
        {served: "0+60x40"},
    )


DIALECTS: Mapping[str, Callable[[Call, float], Iterator[Alert]]] = {
    "envoy": _envoy,
    "resilience4j": _resilience4j,
    "opentelemetry": _otel,
}
"""Alerts of one call by dialect."""
