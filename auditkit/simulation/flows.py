"""How often a call is made: rates of calls set against the flow of requests through their callers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from auditkit.model.system import Dependency, Journey

PASSES = 64

Stages = tuple[tuple[Dependency, ...], ...]


def shares_of(
    operations: Sequence[str], reached: Mapping[str, Stages], journeys: Sequence[Journey], rates: Sequence[float]
) -> dict[int, float]:
    """By `id(dependency)`: the share of its caller's requests that make the call, at most 1; unknown rates mean all of them.

    A fallback's alternatives are asked by nobody while all is well.
    """
    shares: dict[int, float] = {}
    for _ in range(PASSES):
        flow = dict.fromkeys(operations, 0.0)
        for journey, rate in zip(journeys, rates, strict=True):
            flow[journey.entry] += rate
        for operation in operations:  # callers before callees; the passes are for what several operations share
            for group in reached[operation]:
                for d in group:
                    for target in d.to:
                        flow[target] += flow[operation] * shares.get(id(d), 1.0)
        through: dict[int, float] = {}
        for operation in operations:
            for group in reached[operation]:
                for d in group:
                    through[id(d)] = through.get(id(d), 0.0) + flow[operation]
        new = {
            id(d): _share(d.rate_per_s, through[id(d)])
            for operation in operations
            for group in reached[operation]
            for d in group
            if d.rate_per_s is not None and through[id(d)] > 0
        }
        if new == shares:
            break
        shares = new
    return shares


def _share(rate: float, flow: float) -> float:
    share = rate / flow
    return 1.0 if share > 0.995 else share  # figures that people round
