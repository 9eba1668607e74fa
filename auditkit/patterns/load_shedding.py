"""Load shedding: refusing what would come too late anyway, so that the rest is answered in time.

Derivation. A request that waits behind `q` others for one of `c` workers, each busy for a mean time `s`, is answered after
about `(q / c + 1) × s`. Within a deadline `d` only the first `c × (d / s − 1)` in the queue can still be answered; a longer
queue works for callers that have gone. With 60 workers, 50 ms a request and a deadline of 500 ms that is a queue of 540; with
400 ms a request, of 15:

>>> useful_queue(60, 0.05, 0.5), useful_queue(60, 0.4, 0.5), round(waits_s(200, 60, 0.4), 3)
(540, 15, 1.733)

So: bound the queue, refuse at once what does not fit, and refuse the uncritical first. Cost while healthy: none below the bound.
Hazard: callers that retry a refusal at once. Anti-patterns: an unbounded queue; refusing after the work is done; health checks
that are shed with everything else. Not where the work must be done anyway: then it belongs into a durable queue.

Sources: David Yanacek, Using load shedding to avoid overload, Amazon Builders' Library, 2019; Betsy Beyer and others, Site
Reliability Engineering, 2016, chapter 21 (Handling Overload).
"""

from __future__ import annotations

import math


def useful_queue(workers: int, mean_s: float, deadline_s: float) -> int:
    """Requests of one instance that may wait and still be answered within the deadline; 0 where none can."""
    return max(0, math.floor(workers * (deadline_s / mean_s - 1.0) + 1e-9)) if mean_s > 0 else 0


def waits_s(queue: int, workers: int, mean_s: float) -> float:
    """Time until the last of a full queue is answered, in seconds."""
    return (queue / workers + 1.0) * mean_s


def capacity_per_s(workers: int, mean_s: float) -> float:
    """Requests a second that one instance can answer at most.

    >>> capacity_per_s(60, 0.05)
    1200.0
    """
    return workers / mean_s if mean_s > 0 else math.inf
