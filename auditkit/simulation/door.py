"""What a setup must be to mean something: everything that does not is named at once, before anything runs."""

from __future__ import annotations

import math
from collections.abc import Iterator

from auditkit.errors import Problem
from auditkit.model.system import System
from auditkit.simulation.setup import Law, Setup

MOST_REQUESTS = 50_000_000
"""Of one run; each takes some fifty bytes."""
MOST_SEED = 2**63 - 1


def wrong_with(setup: Setup, system: System) -> Iterator[Problem]:
    """Times and rates below zero or without end, laws that give no latency, names of no journey.

    >>> from auditkit.model.system import Component, Journey
    >>> shop = System(system="shop", components=(Component(id="web"),), journeys=(Journey(id="buy", entry="web"),))
    >>> [problem.what for problem in wrong_with(Setup(duration_s=-1.0, rates={"bye": 5.0}), shop)]
    ['is -1', "'bye' is no journey"]
    """
    if not 0 <= setup.seed <= MOST_SEED:
        yield Problem("setup seed", f"is {setup.seed}", f"give 0 to {MOST_SEED}")
    if not 0 < setup.duration_s < math.inf:
        yield Problem("setup duration_s", f"is {setup.duration_s:g}", "give seconds above 0, with an end")
    yield from _amounts("setup", drain_s=setup.drain_s, unknown_latency_s=setup.unknown_latency_s)
    known = {journey.id for journey in system.journeys}
    for what, names in (("rates", setup.rates), ("users", setup.users), ("arrivals", setup.arrivals)):
        for name in names:
            if name not in known:
                yield Problem(f"setup {what}", f"{name!r} is no journey", f"name one of {', '.join(sorted(known))}")
    for name, rate in setup.rates.items():
        yield from _amounts(f"setup rates {name}", rate=rate)
    for name, users in setup.users.items():
        yield from _amounts(f"setup users {name}", count=users.count)
        if not 0 < users.think_s < math.inf:
            remedy = "give seconds above 0: whoever is refused at once would ask again at once, without end"
            yield Problem(f"setup users {name} think_s", f"is {users.think_s:g}", remedy)
    for name, times in setup.arrivals.items():
        if not all(0 <= t <= setup.duration_s for t in times):
            remedy = f"give seconds from 0 to the end of the run, {setup.duration_s:g}"
            yield Problem(f"setup arrivals {name}", "one lies outside of the run", remedy)
    for name, budget in setup.budgets.items():
        figures = {"size": budget.size, "per_call": budget.per_call, "per_success": budget.per_success, "per_s": budget.per_s}
        yield from _amounts(f"setup budgets {name}", **figures)
    for name, law in setup.laws.items():
        yield from _law(f"setup laws {name}", law)


def _amounts(where: str, **figures: float) -> Iterator[Problem]:
    for name, figure in figures.items():
        if not 0 <= figure < math.inf:
            yield Problem(f"{where} {name}", f"is {figure:g}", "give a number from 0 on")


def _law(where: str, law: Law) -> Iterator[Problem]:
    if law.kind != "measured":
        yield from _amounts(where, a=law.a, b=law.b)
    elif law.histogram is None or not law.histogram.total:
        yield Problem(where, "is measured, and holds no measurements", "give it a histogram with counts")
