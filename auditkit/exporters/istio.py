"""Istio: VirtualService (timeout, retries) and DestinationRule (limits, outlier detection), for each pair of workloads.

Semantics that differ from the model: `attempts` counts retries, not attempts; `timeout` is of the whole call, `perTryTimeout` of
one attempt; outlier detection counts consecutive errors of one host, not a rate; limits are per client proxy.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, calls, compact, consecutive, http_only, milliseconds, whole_by_envoy_s
from auditkit.exporters.files import yaml_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, retry, timeout_s
from auditkit.model.system import System

_API = "networking.istio.io/v1"
RETRY_ON = "connect-failure,refused-stream,reset,gateway-error"
BEFORE_SENDING = "connect-failure,refused-stream"
"""Errors after which the callee has seen nothing."""
_BY_CALLER = "the label `app` of a workload is taken to be the id of its component, and its service to have the same name"


def export(system: System, strategy: Strategy | None) -> Made:
    """One file of each kind; gaps for what a mesh of this kind cannot express."""
    found, shared = calls(system, strategy, tells_sending=True)
    seen, unseen = http_only(found, "Istio")
    gaps = (*shared, *unseen, *(gap for call in seen for gap in _gaps(call)))
    if not seen:
        return (), gaps or (Gap(where=system.system, what="no call has a setting to export"),)
    services = [_virtual_service(callee, [c for c in seen if c.callee == callee]) for callee in sorted({c.callee for c in seen})]
    rules = [rule for call in seen if (rule := _destination_rule(call)) is not None]
    artifacts = [
        Artifact(
            path="istio/virtual-services.yaml", content=yaml_file(services, [_BY_CALLER]), title="Istio: timeouts and retries"
        )
    ]
    if rules:
        artifacts.append(
            Artifact(
                path="istio/destination-rules.yaml",
                content=yaml_file(rules, [_BY_CALLER]),
                title="Istio: limits and outlier detection",
            )
        )
    return tuple(artifacts), gaps


def _virtual_service(callee: str, of: list[Call]) -> dict[str, Any]:
    host = label(callee)
    routes = [
        compact(
            {
                "name": f"from-{label(call.caller, 50)}",
                "match": [{"sourceLabels": {"app": label(call.caller)}}],
                "route": [{"destination": {"host": host}}],
                "timeout": None if timeout_s(call.policy) is None else f"{milliseconds(whole_by_envoy_s(call.policy))}ms",
                "retries": _retries(call),
            }
        )
        for call in of
    ]
    others = {"name": "from-everybody-else", "route": [{"destination": {"host": host}}]}
    return {
        "apiVersion": _API,
        "kind": "VirtualService",
        "metadata": {"name": host, "labels": {"app.kubernetes.io/managed-by": "auditkit"}},
        "spec": {"hosts": [host], "http": [*routes, others]},
    }


def _retries(call: Call) -> dict[str, Any] | None:
    settings = retry(call.policy)
    if settings is None:
        return {"attempts": 0} if call.policy.retry == "none" else None
    timeout = timeout_s(call.policy)
    return compact(
        {
            "attempts": settings.max_attempts - 1,
            "perTryTimeout": None if timeout is None else f"{milliseconds(timeout)}ms",
            "retryOn": None if settings.max_attempts == 1 else RETRY_ON if settings.only is None else BEFORE_SENDING,
            "backoff": f"{milliseconds(settings.backoff_s)}ms" if settings.backoff_s and settings.max_attempts > 1 else None,
        }
    )


def _destination_rule(call: Call) -> dict[str, Any] | None:
    pool, cut = bulkhead(call.policy), breaker(call.policy)
    policy: dict[str, Any] = {}
    if pool is not None:
        policy["connectionPool"] = {
            "tcp": {"maxConnections": pool.max_concurrent},
            "http": {"http1MaxPendingRequests": 1, "http2MaxRequests": pool.max_concurrent},
        }
    if cut is not None:
        policy["outlierDetection"] = compact(
            {
                "consecutive5xxErrors": consecutive(cut),
                "interval": f"{milliseconds(min(10.0, cut.open_for_s or 10.0))}ms",
                "baseEjectionTime": None if cut.open_for_s is None else f"{milliseconds(cut.open_for_s)}ms",
                "maxEjectionPercent": 100,
            }
        )
    if not policy:
        return None
    return {
        "apiVersion": _API,
        "kind": "DestinationRule",
        "metadata": {
            "name": label(f"{label(call.callee, 28)}-from-{label(call.caller, 28)}"),
            "labels": {"app.kubernetes.io/managed-by": "auditkit"},
        },
        "spec": {
            "host": label(call.callee),
            "workloadSelector": {"matchLabels": {"app": label(call.caller)}},
            "trafficPolicy": policy,
        },
    }


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    if call.kind == "external":
        yield Gap(where=call.name, what=f"{call.callee} lies outside the mesh", remedy="add a ServiceEntry with its host name")
    if call.policy.retry is None:
        yield Gap(where=call.name, what="nobody has said whether it is retried; Istio's default of 2 retries stays in force")
    if settings is not None and settings.budget is not None:
        yield Gap(where=call.name, what="a retry budget as a share of requests cannot be expressed", remedy="keep attempts low")
    if settings is not None and settings.max_backoff_s is not None:
        yield Gap(where=call.name, what="the longest wait is always ten times the first; jitter is always full")
    if cut is not None:
        yield Gap(
            where=call.name,
            what=f"the breaker counts {consecutive(cut)} consecutive errors of one host, not a rate of all calls, has no trial "
            "calls, and its open time grows by addition (an approximation)",
            remedy="keep a breaker in the client where the rate matters",
        )
    if pool is not None and pool.max_wait_s is not None:
        yield Gap(
            where=call.name, what="how long a call may wait for its turn cannot be bounded; one may wait, others are refused"
        )
    if timeout_s(call.policy) is None:
        yield Gap(where=call.name, what="it has no timeout in force, so none is written")


EXPORTER = Exporter(
    name="istio",
    title="Istio (VirtualService, DestinationRule)",
    prose=(
        "Retries are written as retries (attempts less one), the timeout as that of the whole call with `perTryTimeout` "
        "inside. "
        "Limits and outlier detection hold for each client proxy. The mesh acts outside of the caller's own client: "
        "breaker, then retry, "
        "then timeout around both."
    ),
    export=export,
)
