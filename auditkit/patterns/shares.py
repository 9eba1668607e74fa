"""Bounds of a share that was counted, such as the rate of false timeouts.

Source: C. J. Clopper and E. S. Pearson, The use of confidence or fiducial limits illustrated in the case of the binomial,
Biometrika 26 (1934).
"""

from __future__ import annotations

import math

CONFIDENCE = 0.95


def samples_needed(p: float, confidence: float = CONFIDENCE) -> int:
    """Samples below which not even their largest bounds the p-quantile from above: ln(1 - confidence) / ln(p), rounded up.

    >>> [samples_needed(p) for p in (0.95, 0.99, 0.995, 0.999, 0.9999)]
    [59, 299, 598, 2995, 29956]
    """
    return math.ceil(math.log1p(-confidence) / math.log(p))


def upper_share(x: float, n: float, confidence: float = CONFIDENCE) -> float:
    """One-sided upper bound of a share of which `x` in `n` were seen; effective numbers, of calls that resemble each other, may
    be broken.

    >>> round(upper_share(0, 2995), 8), upper_share(5, 5)
    (0.00099974, 1.0)
    """
    if x >= n:
        return 1.0
    if x == 0:
        return -math.expm1(math.log1p(-confidence) / n)
    from scipy.stats import beta

    return float(beta.ppf(confidence, x + 1, n - x))


def lower_share(x: int, n: int, confidence: float = CONFIDENCE) -> float:
    """One-sided lower bound of a share of which `x` in `n` were seen.

    >>> lower_share(0, 100), round(lower_share(10, 10), 4)
    (0.0, 0.7411)
    """
    if x == 0:
        return 0.0
    from scipy.stats import beta

    return float(beta.ppf(1 - confidence, x, n - x + 1))
