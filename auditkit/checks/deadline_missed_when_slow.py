"""A journey that comes too late when something is slow."""

from __future__ import annotations

from collections.abc import Iterator

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing, seconds
from auditkit.model.audit import Finding
from auditkit.model.failure import Assume, State
from auditkit.model.system import Journey
from auditkit.patterns.deadline import span_of, worst_cases

NAME = "deadline_missed_when_slow"


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each journey that one slow thing, or all calls slow together, bring past its deadline."""
    worst = worst_cases(facts.paths)
    for journey in facts.system.journeys:
        if not isinstance(journey.deadline_s, float):
            continue
        sure, maybe = _late(facts, journey, "best"), _late(facts, journey, "worst")
        together = span_of(worst, facts.paths, journey.entry)
        too_long = together.seconds > journey.deadline_s + 1e-9
        if not (sure or maybe or too_long):
            continue
        evidence = []
        if sure or maybe:
            evidence.append(f"slow alone, it is late or hangs: {listing(sure or maybe)}")
        if too_long:
            evidence.append(f"if all of its calls are slow together, they take {seconds(together.seconds)}")
        if together.unknown:
            evidence.append(f"not bounded at all: {listing(together.unknown)}")
        yield finding(
            facts,
            NAME,
            journey.id,
            [journey],
            f"{journey.id} misses its {seconds(journey.deadline_s)} when {_what(sure or maybe, too_long)}",
            evidence,
            "run calls in parallel, or pass the remaining deadline along: min(own timeout, what is left − a reserve)",
            certainty="proven" if sure or (too_long and not maybe) else "possible",
            step=-1,
        )


def _what(alone: list[str], together: bool) -> str:
    if alone:
        return f"{listing(alone, most=3)} {'is' if len(alone) == 1 else 'are'} slow"
    return "its calls are slow together" if together else "something is slow"


def _late(facts: Facts, journey: Journey, assume: Assume) -> list[str]:
    """Atoms other than the entry itself that make the journey late or hung."""
    entry = journey.entry.partition(":")[0]
    late = (State.LATE, State.HUNG)
    return [r.fail[0] for r in facts.failures("slow", assume) if r.journeys.get(journey.id) in late and r.fail != (entry,)]


CHECK = Check(
    name=NAME,
    title="Too late when something is slow",
    why=(
        "Each timeout may be right and all of them together still too long: three calls in a row of 200 ms miss 500 ms, "
        "although each has a fallback. An answer that nobody waits for any more is a failure that costs as much as a success."
    ),
    how=(
        "Each thing is made slow alone and the journey's worst case compared with its deadline; and the sum of all timeouts, "
        "attempts and backoffs along the journey, parallel calls at their longest, for the case that all are slow."
    ),
    remedy="Parallel stages, fewer attempts, shorter timeouts for what is optional, or a propagated deadline.",
    false_alarm="The deadline is a wish, and users wait longer.",
    sources=("Betsy Beyer and others (editors), Site Reliability Engineering, 2016 (chapter 22)",),
    run=run,
)
