"""The table of checks: a line for each. From outside, an entry point of the group `auditkit.checks` giving a `Check`."""

from __future__ import annotations

from collections.abc import Mapping

from auditkit.checks import (
    ambiguous_write,
    breaker_cannot_trip,
    breaker_herd,
    breaker_trips_when_healthy,
    bulkhead_over_shared_dependency,
    bulkhead_starvation,
    claimed_failover,
    deadline_missed_when_slow,
    deadline_too_tight,
    dependency_cycle,
    fallback_shares_fate,
    false_redundancy,
    hard_need_of_optional,
    low_coverage,
    missing_fallback,
    over_engineered,
    queue_backlog,
    redundancy_without_diversity,
    retry_amplification,
    retry_storm_margin,
    retry_without_idempotence,
    shared_fate,
    shared_pool,
    single_point_of_failure,
    slo_ceiling,
    small_cut_set,
    stale_fallback,
    timeout_inversion,
    unbounded_wait,
    unknown_answer,
    untested_fallback,
)
from auditkit.checks.base import Check
from auditkit.registry import with_entry_points

CHECKS: Mapping[str, Check] = {
    "single_point_of_failure": single_point_of_failure.CHECK,
    "small_cut_set": small_cut_set.CHECK,
    "shared_fate": shared_fate.CHECK,
    "false_redundancy": false_redundancy.CHECK,
    "hard_need_of_optional": hard_need_of_optional.CHECK,
    "dependency_cycle": dependency_cycle.CHECK,
    "slo_ceiling": slo_ceiling.CHECK,
    "unbounded_wait": unbounded_wait.CHECK,
    "timeout_inversion": timeout_inversion.CHECK,
    "unknown_answer": unknown_answer.CHECK,
    "low_coverage": low_coverage.CHECK,
    "shared_pool": shared_pool.CHECK,
    "deadline_too_tight": deadline_too_tight.CHECK,
    "deadline_missed_when_slow": deadline_missed_when_slow.CHECK,
    "retry_without_idempotence": retry_without_idempotence.CHECK,
    "retry_amplification": retry_amplification.CHECK,
    "retry_storm_margin": retry_storm_margin.CHECK,
    "breaker_trips_when_healthy": breaker_trips_when_healthy.CHECK,
    "breaker_cannot_trip": breaker_cannot_trip.CHECK,
    "breaker_herd": breaker_herd.CHECK,
    "bulkhead_starvation": bulkhead_starvation.CHECK,
    "bulkhead_over_shared_dependency": bulkhead_over_shared_dependency.CHECK,
    "missing_fallback": missing_fallback.CHECK,
    "fallback_shares_fate": fallback_shares_fate.CHECK,
    "stale_fallback": stale_fallback.CHECK,
    "untested_fallback": untested_fallback.CHECK,
    "ambiguous_write": ambiguous_write.CHECK,
    "queue_backlog": queue_backlog.CHECK,
    "redundancy_without_diversity": redundancy_without_diversity.CHECK,
    "claimed_failover": claimed_failover.CHECK,
    "over_engineered": over_engineered.CHECK,
}
"""Our own checks, by name."""


def all_checks() -> dict[str, Check]:
    """Our own checks, and those that installed packages bring."""
    return with_entry_points(CHECKS, "checks", Check)
