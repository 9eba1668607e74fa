"""Shares of each phase as they were measured beside those that were simulated. Run it for a table: `make testbed`."""

from __future__ import annotations

import argparse
import asyncio
import gc
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import loopback
import numpy as np
from scenarios import SCENARIOS, Scenario

from auditkit.simulation import columns as c
from auditkit.simulation import run_once

PHASES = ("before", "during", "after")
ENDS = ("full", "degraded", "error", "late")
TOLERANCE = 0.03


@dataclass(frozen=True, slots=True)
class Phase:
    """One phase of one scenario: shares (0..1) of `ENDS`, and attempts a request, measured and simulated."""

    scenario: str
    phase: str
    requests: int
    measured: tuple[float, ...]
    simulated: tuple[float, ...]
    attempts: tuple[float, float]
    lag_s: float
    """How late a twentieth of the requests was sent, at least: a machine that is busy with other things shows here."""

    @property
    def apart(self) -> float:
        """The largest difference of a share."""
        return max(abs(a - b) for a, b in zip(self.measured, self.simulated, strict=True))


async def measured(scenarios: Sequence[Scenario], phase_s: float, seed: int, at_once: int) -> list[loopback.Ended]:
    """The scenarios for real, a few at a time: each sleeps most of its time."""
    found = []
    gc.collect()
    gc.freeze()  # to walk through everything that numba has loaded stops the clock for a third of a second
    for first in range(0, len(scenarios), at_once):
        together = scenarios[first : first + at_once]
        found += await asyncio.gather(*(loopback.run(one, one.setup(phase_s, seed)) for one in together))
    gc.unfreeze()
    return found


def compared(scenarios: Sequence[Scenario], phase_s: float, seed: int = 1, at_once: int = 4) -> Iterator[Phase]:
    """Each phase of each scenario, measured and simulated on the same draws."""
    simulated = [run_once(one.simulated, {}, one.setup(phase_s, seed)) for one in scenarios]  # compiles, before any clock runs
    for scenario, model, real in zip(scenarios, simulated, asyncio.run(measured(scenarios, phase_s, seed, at_once)), strict=True):
        deadline = scenario.system.journeys[0].deadline_s
        assert isinstance(deadline, float)
        for number, phase in enumerate(PHASES):
            mine = (real.start_s >= number * phase_s) & (real.start_s < (number + 1) * phase_s)
            yield Phase(
                scenario.name,
                phase,
                int(mine.sum()),
                shares(real.code[mine], real.took_s[mine], deadline),
                shares(model.codes[mine], model.latency_s[mine], deadline),
                (float(real.attempts[mine].mean()), float(model.attempts[mine].mean())),
                float(np.quantile(real.lag_s[mine], 0.95)),
            )


def shares(codes: np.ndarray, took_s: np.ndarray, deadline_s: float) -> tuple[float, ...]:
    """Full, degraded, error and late, of all."""
    late = (codes != c.ERROR) & (took_s > deadline_s)
    of = ((codes == c.OK) & ~late, (codes == c.DEGRADED) & ~late, codes == c.ERROR, late)
    return tuple(float(each.mean()) for each in of)


def table(phases: Sequence[Phase]) -> str:
    """Measured | simulated, in per cent, and the largest difference in points."""
    lines = [
        f"{'scenario':26}{'phase':8}{'n':>6}" + "".join(f"{end:>16}" for end in ENDS) + f"{'attempts':>14}{'apart':>7}{'lag':>8}"
    ]
    for p in phases:
        pairs = "".join(f"{100 * a:7.1f} |{100 * b:6.1f} " for a, b in zip(p.measured, p.simulated, strict=True))
        tries = f"{p.attempts[0]:7.2f} |{p.attempts[1]:5.2f}"
        lines.append(f"{p.scenario:26}{p.phase:8}{p.requests:6}{pairs}{tries}{100 * p.apart:7.1f}{1000 * p.lag_s:6.1f}ms")
    worst = max(phases, key=lambda p: p.apart)
    lines.append(f"measured | simulated, in %; at most {100 * worst.apart:.1f} points apart ({worst.scenario}, {worst.phase})")
    return "\n".join(lines)


def main() -> None:
    """Print the table; exit with 1 where measured and simulated shares are more than three points apart."""
    asked = argparse.ArgumentParser(description=main.__doc__)
    asked.add_argument("--seconds", type=float, default=6.0, help="length of each of the three phases")
    asked.add_argument("--seed", type=int, default=1)
    given = asked.parse_args()
    warnings.simplefilter("error")
    print(f"{len(SCENARIOS)} scenarios, four at a time, about {6 * given.seconds + 2:.0f} s …", flush=True)
    found = list(compared(SCENARIOS, given.seconds, given.seed))
    print(table(found))
    if max(p.apart for p in found) > TOLERANCE:
        raise SystemExit(1)


if __name__ == "__main__":
    main()
