"""One event that takes several things at once, and stops more than any of them does."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Assume, BlastRadius, Mode, State

NAME = "shared_fate"
_MODES: Final[tuple[Mode, ...]] = ("down", "slow")
_Alone = Mapping[str, BlastRadius]


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each common cause or placement domain whose members stop more together than any of them alone."""
    for event in _events(facts):
        for mode in _MODES:
            found = _finding(facts, event, mode)
            if found is not None:
                yield found
                break  # down tells it; slow is told where down is survived


def _events(facts: Facts) -> list[str]:
    causes = [cause.id for cause in facts.system.common_causes]
    domains = [domain for component in facts.system.components for domain in component.placement or ()]
    return sorted(dict.fromkeys((*causes, *domains)))


def _alone(facts: Facts, mode: Mode, assume: Assume) -> _Alone:
    return {radius.fail[0]: radius for radius in facts.failures(mode, assume) if len(radius.fail) == 1}


def _stopped(radius: BlastRadius) -> frozenset[str]:
    return frozenset(journey for journey, state in radius.journeys.items() if state in (State.FAILED, State.HUNG))


def _finding(facts: Facts, event: str, mode: Mode) -> Finding | None:
    worst = _alone(facts, mode, "worst")
    members = _members(facts, event, worst[event])
    if len(members) < 2:
        return None
    sure, maybe = (_together(_alone(facts, mode, assume), event, members) for assume in ("best", "worst"))
    stopped = sure or maybe
    if not stopped:
        return None
    touched = [journey for journey in facts.system.journeys if journey.id in stopped]
    most = max((_stopped(worst[member]) for member in members), key=len)
    when = "" if mode == "down" else " when slow"
    return finding(
        facts,
        NAME,
        event,
        touched,
        f"{event} takes {listing(members)} at once{when} and {'stops' if sure else 'may stop'} {listing(j.id for j in touched)}",
        [
            f"the one of them that stops most alone stops {listing(sorted(most))}",
            *_how(facts, event, touched[0].id, mode, "best" if sure else "worst"),
        ],
        f"spread {listing(members)} so that {event} does not take all of them, or plan for losing them together",
        certainty="proven" if sure else "possible",
        step=-1,
    )


def _members(facts: Facts, event: str, radius: BlastRadius) -> list[str]:
    """Components that the event takes by itself, not by way of what they call."""
    affected = {name for cause in facts.system.common_causes if cause.id == event for name in cause.affects}
    down = {name for name, state in radius.components.items() if state in (State.FAILED, State.HUNG)}
    for component in facts.system.components:
        lost = (component.placement or {}).get(event, 0)
        if lost and component.id in down and (component.failover == "manual" or component.running - lost < component.needed):
            affected.add(component.id)
    return sorted(affected)


def _together(alone: _Alone, event: str, members: list[str]) -> frozenset[str]:
    """Journeys that the event stops, if it stops some that each of its members leaves running."""
    stopped = _stopped(alone[event])
    return stopped if all(stopped - _stopped(alone[member]) for member in members) else frozenset()


def _how(facts: Facts, event: str, journey: str, mode: Mode, assume: Assume) -> list[str]:
    from auditkit.engine import explain

    return [f"how: {explain(facts.system, [event], journey, mode, assume, facts.profiles).sentence}"]


CHECK = Check(
    name=NAME,
    title="What looks independent falls together",
    why=(
        "Plans for one failure at a time assume that failures are independent. A zone, a provider, a roll-out or a certificate "
        "takes several components in the same second, and then stops what losing any one of them does not."
    ),
    how=(
        "Each common cause and placement domain that takes several components outright is failed alone, and beside it each of "
        "those components. Shared fate is where it stops journeys that every one of them, by itself, leaves running."
    ),
    remedy="Spread the components over causes that fail apart, stage changes, or have a plan for losing all of them at once.",
    false_alarm="The components are one thing that happens to be drawn as several.",
    sources=(
        "Ali Mosleh and others, Procedures for treating common cause failures (NUREG/CR-4780), 1988",
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
    ),
    run=run,
)
