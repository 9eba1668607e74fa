"""Minimal cut sets of any monotone failure, asked of it as a black box; and their exact probability.

`fails(set)` says whether these atoms together bring a journey down. The sets are found by joint generation: every minimal cut
set found so far must be hit by what stays up; for each minimal way to hit them all, the rest is made to fail. If that is
survived, it is a maximal survivable failure; if not, it holds a cut set that is new. When every way has been tried, the list is
complete, whatever its orders. (Gurvich, Khachiyan: On generating the irredundant conjunctive and disjunctive normal forms of
monotone Boolean functions, 1999; shrinking as in Junker: QuickXplain, 2004.)

>>> found = minimal_cuts(lambda failed: 0 in failed or {1, 2} <= failed, range(3), max_asked=100)
>>> sorted(map(sorted, found.sets)), found.complete
([[0], [1, 2]], True)
"""

from __future__ import annotations

import itertools
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from auditkit.errors import LimitReached

CutSet = frozenset[int]
Fails = Callable[[frozenset[int]], bool]

MAX_WAYS: Final = 5_000
"""How many minimal ways of hitting all known cut sets are kept at once."""

MAX_STEPS: Final = 200_000
"""How many case distinctions one probability may take."""


@dataclass(frozen=True, slots=True)
class Cuts:
    """Minimal cut sets. Unless `complete`, they are all of those up to `order`, and perhaps some larger ones are missing."""

    sets: tuple[CutSet, ...]
    complete: bool
    order: int | None = None


class _AskedTooMuchError(Exception):
    """The budget of questions to the black box is spent."""


def minimal_cuts(fails: Fails, atoms: Iterable[int], *, max_asked: int, max_order: int | None = None) -> Cuts:
    """The minimal cut sets among these atoms: all of them where `max_asked` questions suffice, else those of low order.

    In the second case they are listed order by order, up to `max_order`, with as many questions again.
    """
    listed = tuple(dict.fromkeys(atoms))
    try:
        return Cuts(tuple(_joint_generation(_counted(fails, max_asked), listed)), complete=True)
    except _AskedTooMuchError:
        return _by_order(fails, listed, max_asked, len(listed) if max_order is None else max_order)


def _counted(fails: Fails, max_asked: int) -> Fails:
    known: dict[frozenset[int], bool] = {}

    def ask(failed: frozenset[int]) -> bool:
        if failed not in known:
            if len(known) >= max_asked:
                raise _AskedTooMuchError
            known[failed] = fails(failed)
        return known[failed]

    return ask


def _joint_generation(fails: Fails, atoms: Sequence[int]) -> list[CutSet]:
    if fails(frozenset()):
        return [frozenset()]
    cuts: list[CutSet] = [frozenset([atom]) for atom in atoms if fails(frozenset([atom]))]
    alone = frozenset().union(*cuts)
    rest = [atom for atom in atoms if atom not in alone]  # a single atom is hit in one way only: it stays up
    ways: dict[frozenset[int], bool] = {frozenset(): False}  # minimal hitting sets of the larger cuts -> whether tried
    while True:
        way = next((way for way, tried in ways.items() if not tried), None)
        if way is None:
            return cuts
        others = [atom for atom in rest if atom not in way]
        if not fails(frozenset(others)):
            ways[way] = True
            continue
        cut = frozenset(_shrink(fails, frozenset(), True, others))
        cuts.append(cut)
        ways = _hit_also(ways, cut, rest)
        if len(ways) > MAX_WAYS:
            raise _AskedTooMuchError


def _shrink(fails: Fails, kept: frozenset[int], grown: bool, among: list[int]) -> list[int]:
    """The smallest part of `among` that still fails together with `kept` (in the sense that no member can be left out)."""
    if not grown and fails(kept):
        return []
    if len(among) == 1:
        return among
    half = len(among) // 2
    right = _shrink(fails, kept | set(among[:half]), False, among[half:])
    left = _shrink(fails, kept | set(right), not right, among[:half])
    return left + right


def _hit_also(ways: Mapping[frozenset[int], bool], cut: CutSet, order: Sequence[int]) -> dict[frozenset[int], bool]:
    """Minimal hitting sets, once one more set has to be hit (Berge's multiplication); what was tried stays tried."""
    hit = {way: tried for way, tried in ways.items() if way & cut}
    members = [atom for atom in order if atom in cut]
    for way in (way for way in ways if not way & cut):
        for atom in members:
            wider = way | {atom}
            # it is minimal unless a way that hits the cut already, by this very atom, lies inside
            if not any(atom in other and other <= wider for other in hit):
                hit[wider] = False
    return hit


def _by_order(fails: Fails, atoms: Sequence[int], max_asked: int, max_order: int) -> Cuts:
    cuts: list[CutSet] = []
    asked = 0
    for order in range(1, max_order + 1):
        found: list[CutSet] = []
        alone = frozenset().union(*(cut for cut in cuts if len(cut) == 1))
        for chosen in itertools.combinations([atom for atom in atoms if atom not in alone], order):
            candidate = frozenset(chosen)
            if any(cut <= candidate for cut in cuts):
                continue
            asked += 1
            if asked > max_asked:
                return Cuts(tuple(cuts), complete=False, order=order - 1)
            if fails(candidate):
                found.append(candidate)
        cuts += found
    return Cuts(tuple(cuts), complete=max_order >= len(atoms), order=max_order)


def p_any(cuts: Iterable[CutSet], p_down: Mapping[int, float]) -> float:
    """The exact probability that every atom of at least one cut set is down; atoms fail independently.

    Raises `LimitReached` where the sets are too entangled for case distinction.

    >>> round(p_any([frozenset([0]), frozenset([1, 2])], {0: 0.01, 1: 0.1, 2: 0.2}), 6)
    0.0298
    """
    reduced = [frozenset(a for a in cut if p_down[a] < 1) for cut in cuts if all(p_down[a] > 0 for a in cut)]
    return _Probability(p_down).of(_minimal(reduced))


class _Probability:
    """Case distinction over the atom that occurs most, after splitting off what is independent."""

    def __init__(self, p_down: Mapping[int, float]) -> None:
        self.p_down = p_down
        self.known: dict[frozenset[CutSet], float] = {}

    def of(self, cuts: frozenset[CutSet]) -> float:
        if not cuts:
            return 0.0
        if frozenset() in cuts:
            return 1.0
        if cuts not in self.known:
            if len(self.known) >= MAX_STEPS:
                raise LimitReached(f"the probability took more than {MAX_STEPS} case distinctions; {len(self.known)} were done")
            p_up = 1.0
            for group in _independent(cuts):
                p_up *= 1.0 - self.of_connected(group)
            self.known[cuts] = 1.0 - p_up
        return self.known[cuts]

    def of_connected(self, cuts: frozenset[CutSet]) -> float:
        if len(cuts) == 1:
            product = 1.0
            for atom in sorted(next(iter(cuts))):
                product *= self.p_down[atom]
            return product
        counts = Counter(atom for cut in cuts for atom in cut)
        atom = min(counts, key=lambda a: (-counts[a], a))
        p = self.p_down[atom]
        down = _minimal([cut - {atom} for cut in cuts])
        up = frozenset(cut for cut in cuts if atom not in cut)
        return p * self.of(down) + (1.0 - p) * self.of(up)


def _minimal(cuts: Collection[CutSet]) -> frozenset[CutSet]:
    kept: list[CutSet] = []
    for cut in sorted(set(cuts), key=lambda c: (len(c), sorted(c))):
        if not any(smaller <= cut for smaller in kept):
            kept.append(cut)
    return frozenset(kept)


def _independent(cuts: frozenset[CutSet]) -> list[frozenset[CutSet]]:
    """Groups of sets that share no atom, in a fixed order."""
    groups: list[tuple[set[int], list[CutSet]]] = []
    for cut in sorted(cuts, key=lambda c: (len(c), sorted(c))):
        atoms, members = set(cut), [cut]
        apart: list[tuple[set[int], list[CutSet]]] = []
        for group in groups:
            if group[0] & cut:
                atoms |= group[0]
                members += group[1]
            else:
                apart.append(group)
        groups = [*apart, (atoms, members)]
    return [frozenset(members) for _, members in groups]
