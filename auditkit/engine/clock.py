"""Worst-case answer times in scenario after scenario: only what a failure changes is computed again.

The rules are those of `lateness.py`. While nothing is wrong, every place has its healthy worst case, computed once. A scenario
changes the times of whoever calls something that is not ok, then of their callers, as far as times really change.

>>> from auditkit.engine.reference import solve
>>> from auditkit.engine.structure import build
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "s", "components": [{"id": "web"}, {"id": "api"}, {"id": "db"}],
...     "dependencies": [{"from": "web", "to": "api", "policy": {"timeout": "1s"}},
...         {"from": "api", "to": "db", "policy": {"timeout": "200ms", "bulkhead": {"max_concurrent": 5}}}],
...     "journeys": [{"id": "page", "entry": "web", "deadline": "500ms"}]}))
>>> clock = Clock(shop)
>>> clock.times([0, 0, 0], [0]).of[0], clock.times(solve(shop, [2], "slow"), [0]).of[0]
(0.0, 0.2)
"""

from __future__ import annotations

import heapq
import math
from collections.abc import Iterable, Sequence

from auditkit.engine.lateness import Calls, Times, circle_times, circles
from auditkit.engine.reference import OK
from auditkit.engine.structure import Structure


class Clock:
    """The answer times of one structure's journeys with a deadline, prepared for many scenarios."""

    def __init__(self, structure: Structure) -> None:
        self.structure = structure
        self.healthy = Calls(structure, [OK] * len(structure.places))
        entries = {structure.part_of[trip.entry] for trip in structure.trips if math.isfinite(trip.deadline_s)}
        self.blocks = circles(self.healthy, entries)
        self.block_of = {part: number for number, block in enumerate(self.blocks) for part in block}
        self.usual: dict[int, float] = {}
        self.bounded: set[int] = set()
        self.callers: list[list[int]] = [[] for _ in self.blocks]
        for number, block in enumerate(self.blocks):
            found, too_many = circle_times(self.healthy, self.usual, block)
            self.usual.update(found)
            self.bounded |= {number} if too_many else set()
            called = {self.block_of[structure.part_of[target]] for part in block for target in self.healthy.targets(part)}
            for other in called - {number}:
                self.callers[other].append(number)
        self.calling: list[list[int]] = [[] for _ in structure.places]
        for link in structure.links:
            if link.part in self.block_of:
                for target in {call.target for call in (*link.members, *link.alternatives)}:
                    self.calling[target].append(self.block_of[link.part])

    def times(self, states: Sequence[int], entries: Iterable[int]) -> Times:
        """Worst-case answer times of these entries, none of which hangs, as `lateness.answer_times` gives them."""
        calls = Calls(self.structure, states, wired=self.healthy)
        times, bounded = _Changed(self.usual), set(self.bounded)
        waiting = sorted({block for place, state in enumerate(states) if state != OK for block in self.calling[place]})
        seen = set(waiting)
        while waiting:
            number = heapq.heappop(waiting)  # callees have smaller numbers
            bounded.discard(number)
            if self._renewed(calls, number, times, bounded):
                for caller in self.callers[number]:
                    if caller not in seen:
                        seen.add(caller)
                        heapq.heappush(waiting, caller)
        wanted = tuple(entries)
        return Times({entry: times[entry] for entry in wanted}, bool(bounded) and self._reaches(calls, wanted, bounded))

    def _renewed(self, calls: Calls, number: int, times: _Changed, bounded: set[int]) -> bool:
        """Computes a block again; whether any time in it changed, or some are none any more."""
        block = self.blocks[number]
        parts = [block] if len(block) == 1 else circles(calls, set(block), frozenset(block))
        changed = False
        for circle in parts:
            found, too_many = circle_times(calls, times, circle)
            if too_many:
                bounded.add(number)
            for place, seconds in found.items():
                if seconds != self.usual[place]:
                    changed = True
                times[place] = seconds
        return changed

    def _reaches(self, calls: Calls, entries: Iterable[int], bounded: set[int]) -> bool:
        """Whether an answer from these entries passes a block whose times are upper bounds."""
        parts = {self.structure.part_of[entry] for entry in entries}
        return any(self.block_of[part] in bounded for circle in circles(calls, parts) for part in circle)


class _Changed(dict[int, float]):
    """Times of one scenario: the usual ones, unless they were computed again."""

    def __init__(self, usual: dict[int, float]) -> None:
        super().__init__()
        self.usual = usual

    def __missing__(self, place: int) -> float:
        return self.usual[place]
