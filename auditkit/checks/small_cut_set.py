"""Two or three things that stop a journey together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent
from auditkit.errors import LimitReached
from auditkit.model.audit import Finding
from auditkit.model.failure import CutSets, Mode
from auditkit.model.system import Journey

NAME = "small_cut_set"
_MODES: Final[tuple[Mode, ...]] = ("down", "slow")
_NODES: Final = 1 << 18
"""Diagram nodes a journey may take here; beyond, cut sets are found up to an order, or the finding says that they are not."""
_TOLD: Final = 5
_EXPLAINED: Final = 2


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each journey and mode in which pairs or triples stop it; or that says what could not be computed."""
    for mode in _MODES:
        for journey in facts.system.journeys:
            yield from _of_journey(facts, journey, mode)


def _of_journey(facts: Facts, journey: Journey, mode: Mode) -> Iterator[Finding]:
    from auditkit.engine import cut_sets
    from auditkit.engine.arenas import Limits

    subject = journey.id if mode == "down" else f"{journey.id} when slow"
    limits = Limits(nodes=_NODES)
    try:
        (worst,) = cut_sets(facts.system, journey.id, mode=mode, max_order=3, profiles=facts.profiles, limits=limits)
    except LimitReached as error:
        yield _not_computed(facts, journey, subject, str(error))
        return
    found = [cut for cut in worst.sets if len(cut) in (2, 3)]
    if not found:
        if worst.max_order != 3 and worst.count is None:
            yield _not_computed(facts, journey, subject, f"cut sets are complete up to {worst.max_order} only")
        return
    (best,) = cut_sets(facts.system, journey.id, mode=mode, assume="best", max_order=3, profiles=facts.profiles, limits=limits)
    sure = [cut for cut in best.sets if len(cut) in (2, 3) and cut in set(found)]
    shown = sure or found
    pairs, triples = (sum(len(cut) == order for cut in shown) for order in (2, 3))
    counted = " and ".join(f"{n:,} {word}{'s' if n > 1 else ''}" for n, word in ((pairs, "pair"), (triples, "triple")) if n)
    only = "" if mode == "down" else " when slow"
    yield finding(
        facts,
        NAME,
        subject,
        [journey],
        f"{counted} {'stop' if sure else 'may stop'} {journey.id} together{only}; first: {listing(shown[0])}",
        _evidence(facts, journey, mode, worst, shown, bool(sure), len(found) - len(sure)),
        "start with the set of highest probability: separate what it has in common, or let one of it degrade with a fallback",
        certainty="proven" if sure else "possible",
        at_most="medium",
        step=-1 if pairs else -2,
    )


def _evidence(
    facts: Facts, journey: Journey, mode: Mode, worst: CutSets, shown: Sequence[tuple[str, ...]], sure: bool, maybe: int
) -> Iterator[str]:
    from auditkit.engine import atoms, explain_all

    p_up = {atom.id: atom.p_up for atom in atoms(facts.system)}
    for cut in shown[:_TOLD]:
        yield f"{listing(cut)}: {_probability(cut, p_up)}"
    if len(shown) > _TOLD:
        yield f"and {len(shown) - _TOLD:,} more: auditkit cut-sets --journey {journey.id} --max-order 3 --mode {mode}"
    asked = [(cut, journey.id) for cut in shown[:_EXPLAINED]]
    for why in explain_all(facts.system, asked, mode, "best" if sure else "worst", facts.profiles):
        yield f"how: {why.sentence}"
    if sure and maybe:
        yield f"{maybe:,} more are possible, depending on answers nobody has given yet"
    if worst.count is None:
        yield f"the journey is too entangled to count all: sets are complete up to {worst.max_order} atoms, larger ones unknown"


def _probability(cut: Sequence[str], p_up: dict[str, float | None]) -> str:
    p = 1.0
    for atom in cut:
        up = p_up[atom]
        if up is None:
            return f"probability unknown, since the availability of {atom} is"
        p *= 1.0 - up
    return f"both at once {percent(p)} of the time" if len(cut) == 2 else f"all three at once {percent(p)} of the time"


def _not_computed(facts: Facts, journey: Journey, subject: str, why: str) -> Finding:
    return finding(
        facts,
        NAME,
        subject,
        [journey],
        f"pairs and triples that stop {journey.id} could not all be computed",
        [why, "that none is listed does not mean that there is none"],
        f"run auditkit cut-sets --journey {journey.id} --max-order 2, or split the system",
        certainty="possible",
        at_most="low",
    )


CHECK = Check(
    name=NAME,
    title="A few failures together stop a journey",
    why=(
        "Where no single failure stops a journey any more, pairs do; and they are rarely independent: the second one comes "
        "while the first is being repaired, or because of it. Nobody sees them by looking at components one at a time."
    ),
    how=(
        "Minimal cut sets of order two and three of each journey, exact, once for down and once for slow. Proven: also under "
        "the best answers to all open questions. Where a journey is too entangled, the finding says up to which order."
    ),
    remedy="Take the likeliest set: make its members independent, add a third alternative, or a fallback that needs neither.",
    false_alarm="The probability of all at once is far below what the objective allows, and nothing joins the members.",
    sources=(
        "W. E. Vesely, F. F. Goldberg, N. H. Roberts and D. F. Haasl, Fault Tree Handbook (NUREG-0492), 1981",
        "Antoine Rauzy, New algorithms for fault trees analysis, 1993",
    ),
    run=run,
)
