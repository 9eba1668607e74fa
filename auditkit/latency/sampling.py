"""Traces that were chosen after somebody had seen how they ended: their quantiles are too high, and nothing corrects them."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt

from auditkit.spans import SpanTable
from auditkit.units import say_duration

_BY_TAIL = ("tailsampling.", "sampling.policy", "sampling.rule", "adaptive_sampling", "refinery.", "meta.refinery")
"""Attributes by which samplers that look at whole traces (OpenTelemetry's tail sampling, Refinery) mark what they keep."""
_ROUND_S = tuple(factor * 10.0**power for power in (-2, -1, 0, 1) for factor in (1, 2, 2.5, 3, 5))
"""Thresholds that people write into a latency policy."""
_FEWEST = 200
_ADVICE = "slow and failed ones are kept more often, so every quantile here is too high; measure a share that is chosen at random"


def sampled(text: str, spans: SpanTable) -> tuple[str, ...]:
    """What to say of the sampling: by the marks that samplers leave, else by a floor under the traces' durations."""
    mark = next((mark for mark in _BY_TAIL if f'"{mark}' in text), None)
    if mark is not None:
        return (f"traces were chosen by how they ended (attribute {mark}…): {_ADVICE}",)
    floor_s = latency_floor_s(_whole_s(spans))
    if floor_s is None:
        return ()
    return (f"no whole trace is shorter than {say_duration(floor_s)}: chosen by latency? If so, {_ADVICE}",)


def latency_floor_s(durations_s: npt.NDArray[np.float64]) -> float | None:
    """A round duration (10 ms to 50 s) at which the traces set in as if cut, None where they do not.

    Seen as a cut: the shortest of 200 or more lies within 2 % above it, at least 1 % within 5 %, they are densest there, and
    the longest are four times as long. (What nobody chose sets in thinly, and seldom at a round value.)

    >>> random = np.random.default_rng(3)
    >>> drawn = random.exponential(0.3, 2000)
    >>> latency_floor_s(drawn), latency_floor_s(drawn[drawn > 0.5])
    (None, 0.5)
    """
    values = np.sort(durations_s)
    if len(values) < _FEWEST:
        return None
    floor = max((value for value in _ROUND_S if value <= values[0] * (1 + 1e-9)), default=None)
    if floor is None or values[0] > 1.02 * floor or values[-1] < 4 * floor:
        return None
    within, first, second = np.searchsorted(values, (1.05 * floor, 1.25 * floor, 1.5 * floor), side="right")
    return floor if within >= 0.01 * len(values) and first >= second - first else None


def _whole_s(spans: SpanTable) -> npt.NDArray[np.float64]:
    """Durations in seconds of the root spans that ended well. (Failed ones are kept by another policy, however short.)"""
    import pyarrow.compute as pc

    table = spans.table
    whole = table.filter(pc.and_(pc.is_null(table["parent"]), pc.equal(table["outcome"], "ok")))
    return np.asarray(pc.drop_null(whole["duration_ns"]).to_numpy(), dtype=np.float64) / 1e9
