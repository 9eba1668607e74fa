"""Where the tail would go on, beyond what the samples show: a hint, from which no setting is ever derived.

Below `samples_needed` nothing bounds the percentile that a target asks for. What can be said is where it would lie if the
slowest tenth went on as it began: a generalized Pareto tail, fitted by probability-weighted moments (J. R. M. Hosking and
J. R. Wallis, Parameter and quantile estimation for the generalized Pareto distribution, Technometrics 29, 1987). That it does
go on so is an assumption that no sample supports: another mode, a retry below or a pause of the collector begins beyond it.
"""

from __future__ import annotations

import numpy as np

from auditkit.model.latency import Histogram

_FEWEST_IN_TAIL = 20
"""With fewer excesses the fitted shape is noise."""
_TAIL = 0.1
"""The slowest tenth is taken for the tail."""


def extrapolated_s(ok: Histogram, share: float) -> float | None:
    """The latency in seconds that this share of answers would exceed if the slowest tenth went on as it began.

    `ok`: successful answers, not cut off; `share` 0..1, smaller than a tenth. None with fewer than 200 answers, with a bucket
    without upper end in the tail, with equal excesses, or where the fit has no mean (shape of one or more).

    >>> steps = tuple(round(-0.1 * float(np.log1p(-(i + 0.5) / 400)), 9) for i in range(400))  # exponential: 0.69
    >>> round(extrapolated_s(Histogram(lo_s=steps, hi_s=steps, counts=(1,) * 400), 0.001), 2)
    0.7
    """
    if not 0 < share < _TAIL:
        raise ValueError(f"a share of {share!r} lies outside the tail of {_TAIL:g}")
    take = int(_TAIL * ok.total)
    if take < _FEWEST_IN_TAIL:
        return None
    middle = np.repeat((np.array(ok.lo_s) + np.array(ok.hi_s)) / 2, ok.counts)
    threshold, excess = middle[-take - 1], middle[-take:] - middle[-take - 1]
    if not np.isfinite(excess).all() or excess[-1] <= 0:
        return None
    mean = float(excess.mean())
    lesser = float((np.arange(take - 1, -1, -1) / (take - 1) * excess).mean())  # E[X (1 - F(X))]
    if mean <= 2 * lesser:
        return None
    shape, scale = 2 - mean / (mean - 2 * lesser), 2 * mean * lesser / (mean - 2 * lesser)
    if shape >= 1:
        return None
    beyond = ok.total * share / take
    growth = -np.log(beyond) if abs(shape) < 1e-9 else (beyond**-shape - 1) / shape
    return float(threshold + scale * growth)
