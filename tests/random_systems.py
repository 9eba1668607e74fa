"""Random systems that use every feature of a failure's meaning: what plain, fast and symbolic engines are compared on.

`random_system(seed)` is a plain function of its seed; `systems()` is the same as a hypothesis strategy.
"""

from __future__ import annotations

import random
from typing import Any

from hypothesis import strategies as st

from auditkit.model.latency import Bounds, Histogram, LatencyProfile, call_name
from auditkit.model.system import System, split_target

OPERATIONS = ("read", "write")


def random_system(seed: int, components: int | None = None) -> System:
    """A small system (2 to 9 components unless told otherwise), with circles, shared causes and open questions."""
    draw = random.Random(seed)
    count = components or draw.randint(2, 9)
    ids = [f"c{index}" for index in range(count)]
    p_unknown = draw.choice((0.0, 0.05, 0.3, 0.9))
    p_circle = draw.choice((0.0, 0.1, 0.4))
    zones = [f"zone-{letter}" for letter in "abc"[: draw.randint(1, 3)]]
    edges = draw.randint(count - 1, count * 2 + 1)
    data = {
        "system": f"random-{seed}",
        "components": [_component(draw, id_, zones, p_unknown) for id_ in ids],
        "dependencies": [_dependency(draw, ids, p_unknown, p_circle) for _ in range(edges)],
        "common_causes": [_cause(draw, name, ids) for name in draw.sample(["cause-x", "cause-y", zones[0]], draw.randint(0, 2))],
        "journeys": [_journey(draw, index, ids) for index in range(draw.randint(1, 3))],
    }
    return System.model_validate(data)


def random_profiles(seed: int, system: System) -> dict[str, LatencyProfile]:
    """Latency profiles of about half the calls of a system."""
    draw = random.Random(seed)
    found = {}
    for dependency in system.dependencies:
        for target in dependency.to:
            if draw.random() < 0.5:
                callee, operation = split_target(target)
                profile = flat_profile(split_target(dependency.caller)[0], callee, operation, draw.choice((0.01, 0.05, 0.2)))
                found[profile.call] = profile
    return found


def flat_profile(caller: str, callee: str, operation: str | None, latency_s: float) -> LatencyProfile:
    """A call that always takes the same time."""
    exactly = Bounds(point=latency_s, lo=latency_s, hi=latency_s)
    return LatencyProfile(
        call=call_name(caller, callee, operation),
        caller=caller,
        callee=callee,
        operation=operation,
        ok=Histogram(lo_s=(latency_s,), hi_s=(latency_s,), counts=(1000,)),
        n=1000,
        min_s=latency_s,
        max_s=latency_s,
        mean_s=latency_s,
        p50=exactly,
        p95=exactly,
        p99=exactly,
        p999=exactly,
    )


def systems(components: int | None = None) -> st.SearchStrategy[System]:
    """The same systems for hypothesis."""
    return st.integers(0, 2**32 - 1).map(lambda seed: random_system(seed, components))


def _component(draw: random.Random, id_: str, zones: list[str], p_unknown: float) -> dict[str, Any]:
    found: dict[str, Any] = {"id": id_}
    if draw.random() > p_unknown:
        placed = {zone: draw.randint(1, 2) for zone in zones if draw.random() < 0.6}
        instances = sum(placed.values()) or draw.randint(1, 4)
        if placed and draw.random() < 0.5:
            found["placement"] = placed
        if draw.random() < 0.8:
            found["instances"] = instances
        if draw.random() < 0.7:
            found["min_up"] = draw.randint(1, instances) if "instances" in found or "placement" in found else 1
    if draw.random() > p_unknown:
        found["failover"] = draw.choice(("automatic", "automatic", "manual"))
    if draw.random() > p_unknown:
        found["concurrency"] = draw.choice((5, 10, 20, 50, 200, 200, "none"))
    if draw.random() < 0.7:
        found["availability"] = draw.choice((0.9, 0.99, 0.999, 1.0))
    return found


def _dependency(draw: random.Random, ids: list[str], p_unknown: float, p_circle: float) -> dict[str, Any]:
    at = draw.randrange(len(ids))
    below = ids if at == len(ids) - 1 or draw.random() < p_circle else ids[at + 1 :]

    def target() -> str:
        name = draw.choice(below)
        return f"{name}:{draw.choice(OPERATIONS)}" if draw.random() < 0.3 else name

    found: dict[str, Any] = {"from": ids[at] if draw.random() < 0.6 else f"{ids[at]}:{draw.choice(OPERATIONS)}"}
    members = 1 if draw.random() < 0.75 else draw.randint(2, 4)
    found["to"] = [target() for _ in range(members)]
    if members > 1 and draw.random() < 0.8:
        found["at_least"] = draw.randint(1, members)
    found["call"] = "async" if draw.random() < 0.1 else "sync"
    if draw.random() > p_unknown:
        found["on_failure"] = draw.choice(("fail", "fail", "degrade", "degrade", "ignore"))
    if draw.random() < 0.5:
        alternatives = [{"to": target(), **_policy(draw, p_unknown)} for _ in range(draw.randint(0, 2))]
        found["fallback"] = {"alternatives": alternatives} if draw.random() < 0.9 else "none"
    if draw.random() < 0.6:
        found["stage"] = draw.randint(1, 3)
    if draw.random() > p_unknown:
        found["rate"] = f"{draw.choice((0, 10, 50, 100, 400))}/s"
    return {**found, **_policy(draw, p_unknown)}


def _policy(draw: random.Random, p_unknown: float) -> dict[str, Any]:
    if draw.random() < p_unknown:
        return {}
    if draw.random() < 0.05:
        return {"policy": "none"}
    found: dict[str, Any] = {}
    if draw.random() > p_unknown:
        found["timeout"] = draw.choice(("none", "50ms", "100ms", "100ms", "200ms", "1s"))
    if draw.random() < 0.4:
        found["retry"] = {"max_attempts": draw.randint(1, 3), "backoff": "50ms", "multiplier": 2}
    if draw.random() < 0.5:
        found["bulkhead"] = {"max_concurrent": draw.choice((1, 5, 20)), "max_wait": draw.choice(("0s", "10ms"))}
    return {"policy": found}


def _cause(draw: random.Random, name: str, ids: list[str]) -> dict[str, Any]:
    affected = draw.sample(ids, draw.randint(1, min(3, len(ids))))
    return {"id": name, "affects": affected, "availability": draw.choice((0.99, 0.999))}


def _journey(draw: random.Random, index: int, ids: list[str]) -> dict[str, Any]:
    entry = draw.choice(ids[:2])
    found: dict[str, Any] = {"id": f"j{index}", "entry": entry if draw.random() < 0.6 else f"{entry}:{draw.choice(OPERATIONS)}"}
    if draw.random() < 0.3:
        found["completes"] = draw.sample(ids, 1)
    if draw.random() < 0.7:
        found["deadline"] = draw.choice(("50ms", "200ms", "500ms", "1s", "2s"))
    if draw.random() < 0.5:
        found["value"] = draw.choice((0, 1, 3))
    return found
