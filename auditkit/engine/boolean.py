"""A Structure as Boolean equations: when each place is degraded, failed or hung, over the atoms that can fail.

The same rules as `reference.py`, with a term for "at least this bad" instead of a number; circles of dependencies become circles
of terms, whose least fixpoint is the meaning. Only what a journey needs is written down.

>>> from auditkit.engine.evaluating import evaluate
>>> from auditkit.engine.structure import build
>>> from auditkit.model.system import System
>>> shop = build(System.model_validate({"system": "shop", "components": [{"id": "api"}, {"id": "cache"}, {"id": "db"}],
...     "dependencies": [{"from": "api", "to": ["cache", "db"], "on_failure": "fail"}],
...     "journeys": [{"id": "j", "entry": "api"}]}))
>>> formula = journey_formula(shop, shop.trips[0], "down")
>>> evaluate(formula, {"cache"}), evaluate(formula, {"cache", "db"}), evaluate(formula, {"api"})
(False, True, True)
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from fractions import Fraction
from typing import Final, Literal

from auditkit.engine.formula import Formula, Terms
from auditkit.engine.reference import DEGRADED, FAILED, HUNG, TOLERANCE
from auditkit.engine.structure import DEGRADE, ENOUGH_WORKERS, FAIL, IGNORE, UNKNOWN_WORKERS, Call, Link, Part, Structure, Trip
from auditkit.engine.threshold import exceeds
from auditkit.errors import LimitReached
from auditkit.model.failure import Mode

MOST_SUMS: Final = 4096
"""How many different sums the held workers of one dependency may take; more than a dozen unequal fallbacks would be needed."""


def journey_formula(structure: Structure, trip: Trip, mode: Mode, state: Literal["failed", "degraded"] = "failed") -> Formula:
    """When a journey is failed or hung (`degraded`: at least degraded), over the names of atoms. Lateness is no part of it."""
    equations = Equations(structure, mode)
    unfinished = [equations.at_least(FAILED, place) for place in trip.completes]
    reached = equations.at_least(FAILED if state == "failed" else DEGRADED, trip.entry)
    return equations.solved(equations.terms.any(reached, *unfinished))


class Equations:
    """Terms for the states of places, written down as they are asked for."""

    def __init__(self, structure: Structure, mode: Mode) -> None:
        self.structure, self.mode = structure, mode
        self.terms = Terms()
        self._known: dict[tuple[int, int], int] = {}
        self._open: list[tuple[int, int]] = []
        self._links_from: dict[int, list[Link]] = {}
        self._links_of: dict[int, list[Link]] = {}
        for link in structure.links:
            self._links_from.setdefault(link.caller, []).append(link)
            self._links_of.setdefault(link.part, []).append(link)

    def at_least(self, badness: int, place: int) -> int:
        """The term that a place is at least this bad."""
        if self.mode == "down" and badness == HUNG:
            return self.terms.false  # nothing hangs where whatever fails answers quickly
        key = badness, place
        if key not in self._known:
            self._known[key] = self.terms.promise()
            self._open.append(key)
        return self._known[key]

    def solved(self, root: int) -> Formula:
        """Everything that a term needs, as a formula."""
        while self._open:
            badness, place = self._open.pop()
            self.terms.define(self._known[badness, place], self.terms.any(*self._reasons(badness, place)))
        return self.terms.formula(root)

    def _reasons(self, badness: int, place: int) -> Iterable[int]:
        part = self.structure.parts[self.structure.part_of[place]]
        if place == part.base:
            yield self._fallen(part)
            yield self._exhausted(part, self._links_of.get(self.structure.part_of[place], ()))
        else:
            yield self.at_least(badness, part.base)
            if place == part.whole:
                yield from (self.at_least(badness, operation) for operation in part.operations)
        yield from (self._felt(link, badness) for link in self._links_from.get(place, ()))

    def _fallen(self, part: Part) -> int:
        terms = self.terms
        outright = [terms.variable(self.structure.atoms[atom].id) for atom in part.atoms]
        domains = [(terms.variable(self.structure.atoms[atom].id), float(count)) for atom, count in part.placement]
        lost = terms.any(*(domain for domain, _ in domains))
        if not part.manual:
            lost = terms.all(lost, exceeds(terms, domains, part.instances - part.needed))
        return terms.any(*outright, lost)

    def _felt(self, link: Link, badness: int) -> int:
        hung = self._group(link, HUNG)
        if badness == HUNG:
            return self._felt_hung(link, hung)
        if link.answer == IGNORE:
            return hung
        group = self._group(link, badness)
        if badness == DEGRADED or link.answer == FAIL:
            return group
        return self.terms.any(hung, self.terms.all(group, self._stand_in_fails(link))) if link.alternatives else hung

    def _felt_hung(self, link: Link, hung: int) -> int:
        if link.answer != DEGRADE or not link.alternatives:
            return hung
        return self.terms.any(hung, self.terms.all(self._group(link, FAILED), self._stand_in_hangs(link)))

    def _call(self, call: Call, badness: int) -> int:
        """What the caller feels: a timeout turns hung into failed."""
        return self.terms.false if badness == HUNG and not call.hangs else self.at_least(badness, call.target)

    def _group(self, link: Link, badness: int) -> int:
        """The needed-th best member is at least this bad, or one member hangs the caller."""
        hangs = [self._call(call, HUNG) for call in link.members]
        if badness == HUNG:
            return self.terms.any(*hangs)
        bad = [self._call(call, badness) for call in link.members]
        return self.terms.any(*hangs, self.terms.at_least(len(bad) - link.needed + 1, bad))

    def _stand_in_hangs(self, link: Link) -> int:
        """Some alternative hangs the caller after all before it have failed."""
        passed = self.terms.true
        reasons = []
        for call in link.alternatives:
            reasons.append(self.terms.all(passed, self._call(call, HUNG)))
            passed = self.terms.all(passed, self._call(call, FAILED))
        return self.terms.any(*reasons)

    def _stand_in_fails(self, link: Link) -> int:
        every = self.terms.all(*(self._call(call, FAILED) for call in link.alternatives))
        return self.terms.any(every, self._stand_in_hangs(link))

    def _exhausted(self, part: Part, links: Sequence[Link]) -> int:
        """Hung calls hold more workers than an instance has; never where nothing hangs."""
        if self.mode == "down" or part.workers == ENOUGH_WORKERS:
            return self.terms.false
        holding = [(link, self._holding(link)) for link in links]
        if part.workers == UNKNOWN_WORKERS:
            return self.terms.any(*(held for _, calls in holding for call, held in calls if call.leaks))
        weighted: list[tuple[int, float | Fraction]] = []
        limit = Fraction(part.workers + TOLERANCE)
        for link, calls in holding:
            limit -= Fraction(link.busy)
            weighted += self._above_busy(link, [(held, call.held) for call, held in calls])
        any_held = self.terms.any(*(held for _, calls in holding for _, held in calls))
        return self.terms.all(any_held, exceeds(self.terms, weighted, limit))

    def _holding(self, link: Link) -> list[tuple[Call, int]]:
        """The calls of a dependency with the term that each holds workers: it is hung, and its turn has come."""
        found = [(call, self.at_least(HUNG, call.target)) for call in link.members]
        turn = self._group(link, FAILED) if link.alternatives else self.terms.false
        for call in link.alternatives:
            found.append((call, self.terms.all(turn, self.at_least(HUNG, call.target))))
            turn = self.terms.all(turn, self.at_least(FAILED, call.target))
        return found

    def _above_busy(self, link: Link, held: list[tuple[int, float]]) -> list[tuple[int, float | Fraction]]:
        """What hung calls of one dependency hold beyond the workers that it keeps busy while healthy, as weighted terms.

        A dependency holds the larger of the two figures. Where that is no plain sum, each possible sum of held workers has a
        term of its own, that this sum is reached, weighted with its distance from the sum before.
        """
        infinite: list[tuple[int, float | Fraction]] = [(term, weight) for term, weight in held if weight == float("inf")]
        finite = [(term, Fraction(weight)) for term, weight in held if weight != float("inf")]
        if link.busy == 0:
            return [*infinite, *finite]
        sums = {Fraction(0)}
        for _, weight in finite:
            sums |= {known + weight for known in sums}
            if len(sums) > MOST_SUMS:
                name = self.structure.subjects[link.source]
                raise LimitReached(f"the workers held by {name} can take more than {MOST_SUMS} different sums")
        before = Fraction(link.busy)
        found = infinite
        for reached in sorted(total for total in sums if total > before):
            below = max(total for total in sums if total < reached)
            found.append((exceeds(self.terms, finite, (below + reached) / 2), reached - before))
            before = reached
        return found
