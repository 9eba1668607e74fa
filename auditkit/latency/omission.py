"""Coordinated omission: a closed-loop load generator that waits for a slow answer sends nothing meanwhile.

The calls that it did not send would have waited as well, so slow moments are counted once where users would have felt them
many times (G. Tene, How not to measure latency, 2013). It cannot be undone, only estimated: the estimate adds for every
call of length v the calls of length v - i, v - 2i, … that the same user would have sent every i seconds. It is shown
beside the measured figure and never replaces it.
"""

from __future__ import annotations

import math

import numpy as np

from auditkit.latency.profile import Ladder
from auditkit.latency.statistics import nearest_rank

FACTOR = 1.2
"""Below this ratio of the two figures, omission is not worth a warning."""


def open_loop_quantile(answers: Ladder, p: float) -> float | None:
    """The p-quantile as it may have been had every user kept sending at the median's pace; None for too few samples.

    The pace is a lower bound (users who pause send less), so the estimate is an upper one.
    """
    if answers.total < 100 or not np.isfinite(answers.hi_s).all():
        return None
    middle = (answers.lo_s + answers.hi_s) / 2
    pace = float(middle[answers.column(nearest_rank(answers.total, 0.5))])
    if pace <= 0:
        return None
    values, weights = [middle], [answers.n.astype(np.float64)]
    for value, n in zip(middle.tolist(), answers.n.tolist(), strict=True):
        missed = min(math.floor(value / pace) - 1, 10_000)
        if missed > 0:
            values.append(value - pace * np.arange(1, missed + 1))
            weights.append(np.full(missed, float(n)))
    value, weight = np.concatenate(values), np.concatenate(weights)
    order = np.argsort(value, kind="stable")
    reached = np.searchsorted(np.cumsum(weight[order]), weight.sum() * p)
    return float(value[order][min(int(reached), len(value) - 1)])
