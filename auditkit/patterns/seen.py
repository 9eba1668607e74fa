"""Seen: what a span or a log line must carry so that one request's way through the patterns can be read.

Where OpenTelemetry's semantic conventions have a name, it is that one (`http.request.resend_count`, `error.type`); the others are
ours, in one name space. A request's story then reads: first attempt, timed out after 300 ms, second attempt refused by the
open breaker, fallback served, 40 ms of the deadline left.

>>> SEEN["retry"].attributes
('http.request.resend_count', 'resilience.attempt', 'resilience.retry.reason')

Cost while healthy: a few attributes a span. Hazard: values of unbounded number (ids, addresses) as metric labels.

Source: OpenTelemetry, Semantic Conventions for HTTP spans, 2023.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Seen:
    """For one pattern: its metric in words, the attributes of a span, and the fields of a log line."""

    metric: str
    attributes: tuple[str, ...]
    fields: tuple[str, ...]


SEEN: Mapping[str, Seen] = {
    "timeout": Seen(
        "share of attempts that end in a timeout, and p99 of the answers",
        ("error.type", "resilience.timeout_ms"),
        ("call", "timeout_ms", "elapsed_ms", "outcome"),
    ),
    "retry": Seen(
        "retries as a share of first attempts, and attempts per request",
        ("http.request.resend_count", "resilience.attempt", "resilience.retry.reason"),
        ("call", "attempt", "reason", "waited_ms", "budget_left"),
    ),
    "circuit_breaker": Seen(
        "state of the breaker of each instance (closed, open, half-open), and calls it refused",
        ("resilience.breaker.state", "resilience.breaker.refused"),
        ("call", "breaker", "from", "to", "failure_share"),
    ),
    "bulkhead": Seen(
        "calls under way against the limit, and calls rejected, for each instance",
        ("resilience.bulkhead.under_way", "resilience.bulkhead.rejected"),
        ("call", "under_way", "limit"),
    ),
    "fallback": Seen(
        "share of answers served by the fallback, and the age of what it serves",
        ("resilience.fallback.served", "resilience.fallback.age_ms"),
        ("call", "served", "age_ms", "reason"),
    ),
    "deadline": Seen(
        "time that is left of the deadline when a call starts, and calls that start without any",
        ("resilience.deadline_left_ms",),
        ("journey", "deadline_left_ms"),
    ),
    "buffer": Seen(
        "messages waiting, and the age of the oldest",
        ("messaging.destination.name", "resilience.buffer.waiting"),
        ("queue", "waiting", "oldest_ms", "dropped"),
    ),
}
"""By pattern."""
