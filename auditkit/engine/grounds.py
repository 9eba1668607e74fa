"""What scenario after scenario takes for granted because nobody has told it: only what each of them really touches.

What can be said of a structure is put into words once; a scenario names it by number, in proportion to what is not ok in it.

>>> from auditkit.engine.structure import build
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "s", "components": [{"id": "web"}, {"id": "db"}, {"id": "ads"}],
...     "dependencies": [{"from": "web", "to": "db", "on_failure": "fail"}, {"from": "web", "to": "ads"}]}))
>>> [(a.where, a.what) for a in Grounds(shop, "down", "worst").of([2], [2, 0, 2])]
[('web -> ads', "on_failure is unknown: counted as fail (the caller's answer fails with it)")]
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from typing import Final

from auditkit.engine.assumptions import answer_taken, holding_taken, minimum_taken, say, workers_taken
from auditkit.engine.lateness import timed_trips
from auditkit.engine.reference import DEGRADED, HUNG, felt_group, has_fallen, holding, lost_instances
from auditkit.engine.structure import Link, Structure
from auditkit.model.failure import Assume, Assumption, Mode

_CLAIMED: Final = "failover is unknown: its redundancy is claimed, and counted as automatic"


class Grounds:
    """The assumptions of one structure's scenarios, in the order of the file, each once."""

    def __init__(self, structure: Structure, mode: Mode, assume: Assume) -> None:
        self.structure, self.mode, self.worst = structure, mode, assume == "worst"
        self._said: list[Assumption] = []
        self._number: dict[Assumption, int] = {}
        self._memory: dict[tuple[str, int], tuple[int, ...]] = {}
        self._hearing: list[list[int]] = [[] for _ in structure.places]
        self._made_at: list[list[int]] = [[] for _ in structure.places]
        self._links_of: dict[int, list[Link]] = {}
        self._next: list[list[int]] = [[] for _ in structure.places]
        for index, link in enumerate(structure.links):
            self._made_at[link.caller].append(index)
            self._links_of.setdefault(link.part, []).append(link)
            for target in {call.target for call in link.members}:
                self._hearing[target].append(index)
            self._next[link.caller] += (call.target for call in (*link.members, *link.alternatives))
        self._rank = {part: rank for rank, part in enumerate(self._links_of)}
        self._claimed: dict[int, list[int]] = {}
        for index, part in enumerate(structure.parts):
            for place in {*part.operations, part.whole} - {part.base}:
                self._next[place].append(part.base)
            self._next[part.whole] += part.operations
            if part.open_needed or part.open_failover:
                for domain, _ in part.placement:
                    self._claimed.setdefault(domain, []).append(index)

    def of(self, failed: Collection[int], states: Sequence[int], bounded: bool = False) -> tuple[Assumption, ...]:
        """The assumptions that these states rest on; `bounded` says that the answer times of a circle are upper bounds."""
        bad = [place for place, state in enumerate(states) if state]
        links = sorted({index for place in bad for index in self._hearing[place]})
        numbers = [*self._of_instances(frozenset(failed)), *(n for index in links for n in self._of_link(index, states))]
        if self.mode == "slow" and HUNG in states:
            numbers += self._of_workers({self.structure.links[index].part for index in links}, states)
            numbers += self._of_times(states)
        found = [self._said[number] for number in dict.fromkeys(numbers)]
        if bounded:
            what = "components call each other in a circle with too many paths; its answer times are upper bounds"
            found.append(say(where="answer times", what=what))
        return tuple(found)

    def _words(self, kind: str, index: int, words: Callable[[], Iterable[Assumption]]) -> tuple[int, ...]:
        """The numbers of what is said of one thing, put into words on first use."""
        found = self._memory.get((kind, index))
        if found is None:
            listed = []
            for assumption in words():
                number = self._number.setdefault(assumption, len(self._said))
                if number == len(self._said):
                    self._said.append(assumption)
                listed.append(number)
            found = self._memory[kind, index] = tuple(listed)
        return found

    def _of_instances(self, failed: frozenset[int]) -> Iterator[int]:
        for index in sorted({index for atom in failed for index in self._claimed.get(atom, ())}):
            part = self.structure.parts[index]
            if not lost_instances(part, failed) or any(atom in failed for atom in part.atoms):
                continue
            yield from self._words("minimum", index, lambda part=part: minimum_taken(part))  # type: ignore[misc]
            if part.open_failover and not has_fallen(part, failed):
                yield from self._words("failover", index, lambda part=part: [say(where=part.name, what=_CLAIMED)])  # type: ignore[misc]

    def _of_link(self, index: int, states: Sequence[int]) -> Iterator[int]:
        link = self.structure.links[index]
        if link.open_answer and felt_group(link, states) in (DEGRADED, DEGRADED + 1):
            yield from self._words("answer", index, lambda: [answer_taken(self.structure, link, self.worst)])
        if self.mode == "slow" and any(states[call.target] == HUNG for call in (*link.members, *link.alternatives)):
            yield from self._words("holding", index, lambda: holding_taken(self.structure, link, self.worst))

    def _of_workers(self, parts: Iterable[int], states: Sequence[int]) -> Iterator[int]:
        """What the sums of held workers rest on, for components some of whose calls hang."""
        for index in sorted(parts, key=self._rank.__getitem__):
            part, links = self.structure.parts[index], self._links_of[index]
            summed = part.workers > 0 and states[part.base] != HUNG and any(link.open_mean for link in links)
            if not (part.open_workers or summed) or not any(holding(link, states) for link in links):
                continue
            if part.open_workers:
                yield from self._words("workers", index, lambda part=part: [workers_taken(part, self.worst)])  # type: ignore[misc]
            else:
                for link in links:
                    if link.open_mean and not holding(link, states):
                        yield from self._of_subject("mean", link, "mean latency is unknown: counted as 0")

    def _of_times(self, states: Sequence[int]) -> Iterator[int]:
        """What answer times rest on, for everything below a journey with a deadline, as long as something hangs."""
        entries = [trip.entry for trip in timed_trips(self.structure, states)]
        unstaged: dict[int, list[Link]] = {}
        for index in sorted(index for place in self._reached(entries, states) for index in self._made_at[place]):
            link = self.structure.links[index]
            if any(call.open_healthy and states[call.target] != HUNG for call in link.members):
                yield from self._of_subject("p99", link, "healthy p99 is unknown: counted as 0")
            unstaged.setdefault(link.part, []).append(link)
        for links in unstaged.values():
            for link in links if len(links) > 1 else ():
                if link.stage is None:
                    yield from self._of_subject("stage", link, "stage is unknown: counted as a step of its own")

    def _of_subject(self, kind: str, link: Link, what: str) -> tuple[int, ...]:
        return self._words(kind, link.source, lambda: [say(where=self.structure.subjects[link.source], what=what)])

    def _reached(self, entries: Iterable[int], states: Sequence[int]) -> set[int]:
        """Places that an answer from these entries waits for, not past a hung one."""
        seen: set[int] = set()
        waiting = list(entries)
        while waiting:
            place = waiting.pop()
            if place not in seen and states[place] != HUNG:
                seen.add(place)
                waiting += self._next[place]
        return seen
