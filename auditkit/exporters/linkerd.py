"""Linkerd: annotations on Services (2.16 and later), and a ServiceProfile where a retry budget is wanted.

Annotations hold for every caller of a Service. A Service that has a ServiceProfile ignores its retry annotations.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from auditkit.exporters.base import Exporter, Made
from auditkit.exporters.calls import Call, by_callee, calls, compact, consecutive, http_only, milliseconds
from auditkit.exporters.files import yaml_file
from auditkit.model.audit import Artifact, Gap, Strategy
from auditkit.model.label import label
from auditkit.model.policy import breaker, bulkhead, call_worst_case_s, retry, timeout_s
from auditkit.model.system import Retry, System

NAMESPACE = "default"


def export(system: System, strategy: Strategy | None) -> Made:
    """Patches for Services, and ServiceProfiles as the other way for those with a retry budget."""
    found, shared = calls(system, strategy)
    seen, unseen = http_only(found, "Linkerd")
    merged, several = by_callee(seen)
    gaps = (*shared, *unseen, *several, *(gap for call in merged for gap in _gaps(call)))
    patched = [_service(call) for call in merged if _annotations(call)]
    if not patched:
        return (), gaps or (Gap(where=system.system, what="no call has a setting to export"),)
    note = "Patches: apply them with kustomize, or with kubectl patch, onto the Services that exist"
    artifacts = [
        Artifact(
            path="linkerd/service-annotations.yaml", content=yaml_file(patched, [note]), title="Linkerd: annotations of Services"
        )
    ]
    profiles = [
        _profile(call, settings)
        for call in merged
        if (settings := retry(call.policy)) is not None and settings.budget is not None
    ]
    if profiles:
        note = "Instead of the retry annotations, where the retry budget matters: a Service with a profile ignores them"
        artifacts.append(
            Artifact(path="linkerd/service-profiles.yaml", content=yaml_file(profiles, [note]), title="Linkerd: retry budgets")
        )
    return tuple(artifacts), gaps


def _service(call: Call) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "Service", "metadata": {"name": label(call.callee), "annotations": _annotations(call)}}


def _annotations(call: Call) -> dict[str, str]:
    timeout, settings, cut = timeout_s(call.policy), retry(call.policy), breaker(call.policy)
    found: dict[str, str] = {}
    if timeout is not None:
        found["timeout.linkerd.io/request"] = f"{milliseconds(call_worst_case_s(call.policy))}ms"
    if settings is not None and settings.max_attempts > 1:
        found["retry.linkerd.io/http"] = "gateway-error"
        found["retry.linkerd.io/limit"] = str(settings.max_attempts - 1)
        if timeout is not None:
            found["retry.linkerd.io/timeout"] = f"{milliseconds(timeout)}ms"
    if cut is not None:
        found["balancer.linkerd.io/failure-accrual"] = "consecutive"
        found["balancer.linkerd.io/failure-accrual-consecutive-max-failures"] = str(consecutive(cut))
        if cut.open_for_s is not None:
            found["balancer.linkerd.io/failure-accrual-consecutive-min-penalty"] = f"{milliseconds(cut.open_for_s)}ms"
            longest = max(cut.max_open_s or cut.open_for_s, cut.open_for_s)
            found["balancer.linkerd.io/failure-accrual-consecutive-max-penalty"] = f"{milliseconds(longest)}ms"
    return found


def _profile(call: Call, settings: Retry) -> dict[str, Any]:
    timeout = timeout_s(call.policy)
    route = compact(
        {
            "name": "every request",
            "condition": {"pathRegex": ".*"},
            "isRetryable": settings.max_attempts > 1,
            "timeout": None if timeout is None else f"{milliseconds(call_worst_case_s(call.policy))}ms",
        }
    )
    budget = {"retryRatio": settings.budget, "minRetriesPerSecond": round(settings.min_per_second or 1), "ttl": "10s"}
    return {
        "apiVersion": "linkerd.io/v1alpha2",
        "kind": "ServiceProfile",
        "metadata": {"name": f"{label(call.callee)}.{NAMESPACE}.svc.cluster.local", "namespace": NAMESPACE},
        "spec": {"routes": [route], "retryBudget": budget},
    }


def _gaps(call: Call) -> Iterator[Gap]:
    settings, cut, pool = retry(call.policy), breaker(call.policy), bulkhead(call.policy)
    where = call.callee
    if settings is not None and settings.backoff_s:
        yield Gap(where=where, what="waits between attempts cannot be set; a retry follows at once")
    if cut is not None:
        yield Gap(
            where=where,
            what=f"the breaker counts {consecutive(cut)} consecutive errors of an endpoint, not a rate (an approximation)",
            remedy="keep a breaker in the client where the rate matters",
        )
    if pool is not None:
        yield Gap(where=where, what="a limit on calls under way cannot be expressed", remedy="limit them in the client")


EXPORTER = Exporter(
    name="linkerd",
    title="Linkerd (annotations, ServiceProfile)",
    prose=(
        "`retry.linkerd.io/limit` counts retries; `timeout.linkerd.io/request` is of the whole call, "
        "`retry.linkerd.io/timeout` of one "
        "attempt. One setting for all callers of a Service. From outside: timeout of the call, retry, breaker of one endpoint, "
        "timeout of one attempt."
    ),
    export=export,
)
