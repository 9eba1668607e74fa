"""What a failure does, said once and plainly: the slow truth that every faster engine is compared with.

States, in order of badness: ok < degraded < failed < hung. *failed* answers quickly with an error, *hung* does not answer in
time. Everything starts ok; the failed atoms, and then the rules below, only ever make things worse; when nothing changes any
more, that is the answer (the least fixpoint, which circles of calls do not trouble).

What section 3 of the design leaves open is settled so, always in a way that keeps each rule monotone:

- The state of an operation is the worst of its component's base (own failure, lost instances, exhaustion, the dependencies
  that the bare name declares) and of its own dependencies. A bare name, wherever it is called, entered or reported, is the
  worst of the base and of all operations.
- A hung call holds workers if it is a member of a dependency's `to` (every hung member, each with the dependency's rate and
  policy), or an alternative of its fallback (own policy, the dependency's rate) whose turn has come: the primary is failed or
  hung for the caller, and so is every earlier alternative.
- Nobody is exhausted unless something hangs: a pool that is too small for healthy traffic is a finding, not a failure.
- While it is hung, a dependency holds at least the workers that it holds while it is healthy (rate × mean latency).
- Workers stated as `none` are as good as unknown: under both answers the rule for unknown concurrency decides.
- Best answers: unknown `on_failure` is `ignore`; an unknown timeout is sufficient and contained (a hung callee becomes failed,
  holds no worker, and costs its healthy p99, neither more nor less); an unknown rate holds no worker; unknown concurrency is
  never exhausted. What is stated as `none` is none under both.
- A failed or hung component in `completes` makes a journey failed (a hung entry leaves it hung).

Lateness is computed from these states, in `lateness.py`.

>>> from auditkit.engine.structure import build, find_atoms
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "shop", "components": [{"id": "api"}, {"id": "reviews"}],
...     "dependencies": [{"from": "api", "to": "reviews", "on_failure": "ignore", "policy": {"timeout": "none"}}]}))
>>> failed = find_atoms(shop, ["reviews"])
>>> solve(shop, failed, "down"), solve(shop, failed, "slow")     # places: api, reviews
((0, 2), (3, 3))
"""

from __future__ import annotations

import math
from collections.abc import Collection, Sequence
from typing import Final

from auditkit.engine.structure import DEGRADE, ENOUGH_WORKERS, IGNORE, UNKNOWN_WORKERS, Call, Link, Part, Structure, Trip
from auditkit.model.failure import Mode, State

OK: Final = 0
DEGRADED: Final = 1
FAILED: Final = 2
HUNG: Final = 3

STATES: Final = (State.OK, State.DEGRADED, State.FAILED, State.HUNG)
"""The names of the numbers."""

TOLERANCE: Final = 1e-9
"""How far a sum of workers may pass the pool, or a time its deadline, and still fit: what rounding does to decimal figures."""


def solve(structure: Structure, failed: Collection[int], mode: Mode) -> tuple[int, ...]:
    """The state of every place when these atoms are down, or slow."""
    fallen = frozenset(failed)
    badness = FAILED if mode == "down" else HUNG
    calls_of: dict[int, list[Link]] = {}
    for link in structure.links:
        calls_of.setdefault(link.part, []).append(link)
    states = [OK] * len(structure.places)
    for part in structure.parts:
        if has_fallen(part, fallen):
            states[part.base] = badness
    while True:
        before = tuple(states)
        for link in structure.links:
            states[link.caller] = max(states[link.caller], felt(link, states))
        for index, part in enumerate(structure.parts):
            if mode == "slow" and exhausted(part, calls_of.get(index, ()), states):  # what is down holds nobody
                states[part.base] = HUNG
            for operation in part.operations:
                states[operation] = max(states[operation], states[part.base])
            states[part.whole] = max(states[place] for place in (part.base, part.whole, *part.operations))
        if tuple(states) == before:
            return before


def has_fallen(part: Part, fallen: frozenset[int]) -> bool:
    """Whether its own atom or a common cause takes the component, or too few instances are left."""
    if any(atom in fallen for atom in part.atoms):
        return True
    lost = lost_instances(part, fallen)
    return lost > 0 and (part.manual or part.instances - lost < part.needed)


def lost_instances(part: Part, fallen: frozenset[int]) -> int:
    """Instances in failed domains; domains add up."""
    return sum(count for domain, count in part.placement if domain in fallen)


def felt(link: Link, states: Sequence[int]) -> int:
    """What one dependency makes of its caller."""
    group = felt_group(link, states)
    if group == HUNG:
        return HUNG  # whatever on_failure says: the fallback is never reached
    if link.answer == IGNORE or group == OK:
        return OK
    if group == DEGRADED:
        return DEGRADED
    return felt_fallback(link, states) if link.answer == DEGRADE else FAILED


def felt_call(call: Call, states: Sequence[int]) -> int:
    """What a caller feels of one call: a timeout turns hung into failed."""
    state = states[call.target]
    return FAILED if state == HUNG and not call.hangs else state


def felt_group(link: Link, states: Sequence[int]) -> int:
    """The `needed`-th best of the redundant members; hung as soon as one of them hangs the caller."""
    felt_members = sorted(felt_call(call, states) for call in link.members)
    return HUNG if felt_members[-1] == HUNG else felt_members[link.needed - 1]


def felt_fallback(link: Link, states: Sequence[int]) -> int:
    """What becomes of the answer when the call has failed: the first alternative that answers makes it degraded."""
    if not link.alternatives:
        return DEGRADED  # it needs nobody, so it always works
    for alternative in link.alternatives:
        state = felt_call(alternative, states)
        if state <= DEGRADED:
            return DEGRADED
        if state == HUNG:
            return HUNG
    return FAILED


def holding(link: Link, states: Sequence[int]) -> tuple[Call, ...]:
    """The calls of one dependency that hold workers: hung members, and hung alternatives whose turn has come."""
    held = [call for call in link.members if states[call.target] == HUNG]
    if felt_group(link, states) >= FAILED:
        for alternative in link.alternatives:
            if states[alternative.target] == HUNG:
                held.append(alternative)
            if states[alternative.target] < FAILED:
                break
    return tuple(held)


def exhausted(part: Part, links: Collection[Link], states: Sequence[int]) -> bool:
    """Whether hung calls hold more workers than an instance of the component has; then all its operations hang."""
    held = [(link, holding(link, states)) for link in links]
    if part.workers == ENOUGH_WORKERS or not any(calls for _, calls in held):
        return False
    if part.workers == UNKNOWN_WORKERS:
        return any(call.leaks for _, calls in held for call in calls)
    workers = math.fsum(max(link.busy, math.fsum(call.held for call in calls)) for link, calls in held)
    return workers > part.workers + TOLERANCE


def journey_state(trip: Trip, states: Sequence[int]) -> int:
    """The state of a journey, lateness apart."""
    unfinished = any(states[place] >= FAILED for place in trip.completes)
    return max(states[trip.entry], FAILED if unfinished else OK)
