"""Hedging: asking a second instance when the first takes unusually long, and taking the first answer.

Derivation. A second request after the p95 adds at most 5 % load. Where slowness belongs to single instances (a collection
of garbage, a busy disk), both are slow only with probability `P(X > t) × P(X > t − p95)`, so the new p99 is the smallest t at
which that is 1 %. Only for reads of redundant callees with a heavy tail; here p99 is ten times the median, and a hedge cuts
it to two fifths:

>>> from auditkit.model.latency import Histogram
>>> seen = Histogram(lo_s=(0.01, 0.02, 0.1, 0.2), hi_s=(0.01, 0.02, 0.1, 0.2), counts=(5000, 4500, 400, 100))
>>> derive(seen)
Hedge(after_s=0.02, extra_load=0.05, p99_before_s=0.1, p99_after_s=0.04)

Cost while healthy: the extra load. Hazard: under overload everything is slow and hedges double the load; so with a budget, and
never beside retries. Anti-pattern: a hedge at the median, which adds half of the load for little. Not for writes, nor where
slowness has one cause for all instances (a database, a bad query plan).

Source: Jeffrey Dean and Luiz André Barroso, The Tail at Scale, Communications of the ACM, 2013.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

from auditkit.model.latency import Histogram

HEAVY_TAIL = 5.0
"""Hedging is worth a thought where p99 is so many times the p95."""
WORTH = 0.5
"""And where it cuts p99 to this share or less."""


@dataclass(frozen=True, slots=True)
class Hedge:
    """When to ask again, in seconds, how much load that adds as a share, and p99 before and after in seconds."""

    after_s: float
    extra_load: float
    p99_before_s: float
    p99_after_s: float


def derive(ok: Histogram) -> Hedge | None:
    """What a hedge after p95 would do to these latencies, were both requests independent; None without a hundred samples."""
    n = ok.total
    if n < 100:
        return None
    after = ok.rank(math.ceil(0.95 * n))[1]
    before = ok.rank(math.ceil(0.99 * n))[1]
    candidates = sorted({t for hi in ok.hi_s for t in (hi, hi + after) if math.isfinite(t)})
    hedged = next((t for t in candidates if t >= after and _late(ok, t) * _late(ok, t - after) <= 0.01 + 1e-12), before)
    return Hedge(after, round(_late(ok, after), 6), before, round(min(before, hedged), 9))


def _late(ok: Histogram, value_s: float) -> float:
    """Share of calls that take longer than this at most."""
    return ok.above(value_s)[1] / ok.total if value_s >= 0 else 1.0


def is_worth_it(hedge: Hedge) -> bool:
    """Whether the tail is heavy, and hedging cuts it to half or less."""
    heavy = hedge.p99_before_s >= HEAVY_TAIL * hedge.after_s or hedge.p99_after_s <= WORTH * hedge.p99_before_s
    return heavy and hedge.p99_after_s <= WORTH * hedge.p99_before_s and hedge.extra_load <= 0.06
