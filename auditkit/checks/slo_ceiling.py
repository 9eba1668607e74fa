"""An objective that the parts of a journey cannot reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, percent
from auditkit.model.audit import Finding
from auditkit.model.failure import Certainty
from auditkit.model.system import Journey

if TYPE_CHECKING:
    from auditkit.engine import Ceiling

NAME = "slo_ceiling"
_NODES: Final = 1 << 18
_TOLD: Final = 5


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each journey with an objective above its ceiling, or of which that cannot be told."""
    promised = [journey for journey in facts.system.journeys if isinstance(journey.slo, float)]
    if not promised:
        return
    from auditkit.engine import ceilings
    from auditkit.engine.arenas import Limits

    limits = Limits(nodes=_NODES)
    worst = {c.journey: c for c in ceilings(facts.system, profiles=facts.profiles, limits=limits)}
    best = {c.journey: c for c in ceilings(facts.system, assume="best", profiles=facts.profiles, limits=limits)}
    for journey in promised:
        yield from _of_journey(facts, journey, worst[journey.id], best[journey.id])


def _of_journey(facts: Facts, journey: Journey, worst: Ceiling, best: Ceiling) -> Iterator[Finding]:
    assert isinstance(journey.slo, float), "only journeys with an objective are judged"
    if worst.best is None or best.best is None:
        yield _untold(facts, journey, [worst.not_computed or best.not_computed], "split the system, or judge a part of it")
        return
    sure = best.best < journey.slo
    told = best if sure else worst
    if sure or worst.best < journey.slo:
        certainty: Certainty = "proven" if sure else "possible"
        costs = [cost for cost in told.costs if cost.minutes]
        yield finding(
            facts,
            NAME,
            journey.id,
            [journey],
            f"{journey.id} promises {percent(journey.slo)}; its parts allow {percent(told.best or 0.0)} at best",
            [
                f"at least {told.minutes_down:.1f} minutes a month of 30 days are lost, {told.minutes_allowed:.1f} are allowed",
                *(f"{cost.atom} costs {cost.minutes:.1f} minutes a month" for cost in costs[:_TOLD]),
                *_unknown(told),
                "independent failures that answer with an error; slowness, deploys and mistakes come on top",
                *([] if sure else ["it depends on answers nobody has given yet"]),
            ],
            f"make {listing((cost.atom for cost in costs), 2)} redundant or dispensable first, or lower the objective",
            certainty=certainty,
        )
    elif (worst.worst or 0.0) < journey.slo:
        allowed = f"the ceiling is {percent(worst.best)}, the objective {percent(journey.slo)}"
        yield _untold(
            facts, journey, [allowed, *_unknown(worst)], "find out how available these are: from history, or the contract"
        )


def _unknown(ceiling: Ceiling) -> list[str]:
    names = [cost.atom for cost in ceiling.costs if cost.minutes is None]
    return [f"availability unknown, counted as perfect: {listing(names)}"] if names else []


def _untold(facts: Facts, journey: Journey, evidence: list[str], remedy: str) -> Finding:
    return finding(
        facts,
        NAME,
        journey.id,
        [journey],
        f"nobody can tell whether {journey.id} can keep its {percent(journey.slo if isinstance(journey.slo, float) else 0.0)}",
        evidence,
        remedy,
        certainty="possible",
        at_most="low",
    )


CHECK = Check(
    name=NAME,
    title="An objective above what the parts allow",
    why=(
        "A journey is no better than what it hangs on. An objective above that ceiling is missed in an ordinary month in which "
        "nothing special happens, and no operation, however good, can keep it."
    ),
    how=(
        "The exact availability of each journey from those of its parts, beside its objective. The minutes of a part "
        "are those a month (of 30 days) that would be won if it never failed. Parts of unknown availability count as perfect for "
        "the ceiling; where they decide, the finding says that nobody can tell."
    ),
    remedy="Make the dearest parts redundant, or let the journey degrade without them; or promise what can be kept.",
    false_alarm="The availabilities are contract figures, and the measured ones are better.",
    sources=(
        "Ben Treynor, Mike Dahlin, Vivek Rau and Betsy Beyer, The Calculus of Service Availability, ACM Queue, 2017",
        "Zygmunt W. Birnbaum, On the importance of different components in a multicomponent system, 1969",
    ),
    run=run,
)
