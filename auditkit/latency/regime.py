"""Signs that one distribution does not describe all the samples of a call: warm-up, drift, a shift of level, two groups."""

from __future__ import annotations

import math
from datetime import UTC, datetime

import numpy as np
import numpy.typing as npt

from auditkit.latency.profile import Ladder
from auditkit.latency.stretches import shifted, stretches
from auditkit.units import format_duration

BUSY = 1.25
"""From this multiple of the usual load on, slowness is what load does: normal."""
_FEWEST = 20
"""Samples that a slice must have for its median to say anything."""


def medians(counts: npt.NDArray[np.int64], answers: Ladder, p: float = 0.5) -> npt.NDArray[np.float64]:
    """The p-quantile of each slice in seconds; NaN where a slice has fewer than 20 samples. `counts[slice, bucket]`."""
    total = counts.sum(axis=1)
    column = np.argmax(np.cumsum(counts, axis=1) >= np.maximum(1, np.ceil(total * p))[:, None], axis=1)
    return np.where((total >= _FEWEST) & np.isfinite(answers.hi_s[column]), answers.hi_s[column], np.nan)


def warm_up(medians_s: npt.NDArray[np.float64], slice_s: float) -> str | None:
    """Whether the first slices are clearly slower than the rest and get faster."""
    known = medians_s[~np.isnan(medians_s)]
    if len(known) < 10:
        return None
    rest = float(np.median(known[len(known) // 2 :]))
    spread = 1.4826 * float(np.median(np.abs(known[len(known) // 2 :] - rest)))
    limit = max(1.5 * rest, rest + 5 * spread)
    slow = int(np.argmax(known <= limit))
    if not 0 < slow <= len(known) // 4:
        return None
    return (
        f"warm-up: the first {format_duration(slow * slice_s)} are slower ({_times(known[:slow].max() / rest)} the later median)"
    )


def drift(medians_s: npt.NDArray[np.float64]) -> str | None:
    """Whether latencies rise or fall over the whole recording (Spearman's rank correlation, and by at least a quarter)."""
    from scipy.stats import spearmanr

    place = np.flatnonzero(~np.isnan(medians_s))
    known = medians_s[place]
    if len(known) < _FEWEST or known.min() == known.max():
        return None
    found = spearmanr(place, known)
    third = max(1, len(known) // 3)
    before, after = float(np.median(known[:third])), float(np.median(known[-third:]))
    if abs(float(found.statistic)) < 0.6 or float(found.pvalue) > 0.001 or max(after / before, before / after) < 1.25:
        return None
    return f"drift: latencies {'rise' if after > before else 'fall'} over the recording, {_times(after / before)} at its end"


def shift(
    medians_s: npt.NDArray[np.float64], answered: npt.NDArray[np.int64], slices: npt.NDArray[np.int64], slice_s: float
) -> str | None:
    """Whether latencies have another level from some time on, to the end: a release, a migration, another instance.

    `answered`: answers of each slice. Busy slices are not asked: they are slower for a reason of their own.
    """
    if not len(answered):
        return None
    usual = np.where(answered < BUSY * np.median(answered), medians_s, np.nan)
    found = stretches(usual)
    since = shifted(found, usual)
    if since is None:
        return None
    when = datetime.fromtimestamp(int(slices[since]) * slice_s, UTC).strftime("%Y-%m-%d %H:%M:%S")
    words = f"level shift: since {when} UTC the median is {_times(found[1].level_s / found[0].level_s)} what it was"
    return f"{words}; these figures mix both, and what is true now is the later part"


def two_groups(answers: Ladder) -> str | None:
    """Whether samples fall into two groups with hardly any between them, a factor of three or more apart."""
    good = (answers.lo_s > 0) & np.isfinite(answers.hi_s)
    if answers.n[good].sum() < 200:
        return None
    place = np.floor((np.log(answers.lo_s[good]) + np.log(answers.hi_s[good])) / 2 / math.log(1.25)).astype(np.int64)
    bins = np.zeros(int(np.ptp(place)) + 1, dtype=np.int64)
    np.add.at(bins, place - place.min(), answers.n[good])
    total, below = int(bins.sum()), np.cumsum(bins)
    best: tuple[float, int] | None = None
    for valley in range(1, len(bins) - 1):
        left, right = bins[:valley], bins[valley + 1 :]
        if below[valley - 1] < 0.05 * total or total - below[valley] < 0.05 * total:
            continue
        low, high = int(np.argmax(left)), valley + 1 + int(np.argmax(right))
        apart, depth = 1.25 ** (high - low), bins[valley] / min(bins[low], bins[high])
        if apart >= 3 and depth <= 0.2 and (best is None or depth < best[0]):
            best = (float(depth), valley)
    if best is None:
        return None
    valley = best[1]
    peaks = (int(np.argmax(bins[:valley])), valley + 1 + int(np.argmax(bins[valley + 1 :])))
    fast, slow = (1.25 ** (peak + int(place.min()) + 0.5) for peak in peaks)
    share = below[valley - 1] / total
    return f"two groups of latencies, around {_text(fast)} ({share:.0%}) and {_text(slow)}: split the call by operation or answer"


def _times(factor: float) -> str:
    return f"{factor:.2g} times"


def _text(seconds: float) -> str:
    return format_duration(float(f"{seconds:.2g}"))
