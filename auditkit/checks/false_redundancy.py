"""Redundant on paper: one thing below takes all of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from auditkit.checks.base import Check, Facts
from auditkit.checks.wording import finding, listing
from auditkit.model.audit import Finding
from auditkit.model.failure import Mode
from auditkit.model.paths import asked
from auditkit.model.system import Journey

if TYPE_CHECKING:
    from auditkit.engine import FalseRedundancy

NAME = "false_redundancy"
_MODES: Final[tuple[Mode, ...]] = ("down", "slow")


def run(facts: Facts) -> Iterator[Finding]:
    """One finding for each redundant group or instance set that single atoms below it defeat."""
    from auditkit.engine import false_redundancies

    by_subject: dict[str, dict[Mode, FalseRedundancy]] = {}
    for mode in _MODES:
        for found in false_redundancies(facts.system, mode, facts.profiles):
            by_subject.setdefault(found.subject, {})[mode] = found
    for subject, modes in by_subject.items():
        yield _finding(facts, subject, modes)


def _finding(facts: Facts, subject: str, modes: dict[Mode, FalseRedundancy]) -> Finding:
    first = next(iter(modes.values()))
    sure = {mode: [d.atom for d in found.defeated_by if d.certainty == "proven"] for mode, found in modes.items()}
    proven = any(sure.values())
    told = sure if proven else {mode: [d.atom for d in found.defeated_by] for mode, found in modes.items()}
    atoms = list(dict.fromkeys(atom for named in told.values() for atom in named))
    only = " when slow" if not told.get("down") else ""
    if first.kind == "group":
        what = f"{listing(dict.fromkeys(first.members))} are redundant on paper"
    else:
        what = f"{len(first.members)} instances of {subject} are redundant on paper"
    return finding(
        facts,
        NAME,
        subject,
        _touched(facts, subject, first.kind),
        f"{what}: {listing(atoms, 4)} alone {'defeats' if len(atoms) == 1 else 'defeat'} them{only}",
        _evidence(modes, first),
        "give each of them its own, let them degrade without it, or stop counting this as redundancy",
        certainty="proven" if proven else "possible",
        at_most="high" if first.kind == "group" else "medium",
        step=-1,
    )


def _evidence(modes: dict[Mode, FalseRedundancy], first: FalseRedundancy) -> Iterator[str]:
    yield f"{first.needed} of {len(first.members)} must be up"
    for mode, found in modes.items():
        for certainty, word in (("proven", "defeats"), ("possible", "may defeat")):
            atoms = [d.atom for d in found.defeated_by if d.certainty == certainty]
            if atoms:
                yield f"each of these alone {word} it when {mode}: {listing(atoms)}"
    defeating = {d.atom for found in modes.values() for d in found.defeated_by}
    harmless = [atom for atom in first.shared if atom not in defeating]
    if first.kind == "group" and harmless:
        yield f"also shared, without harm as things are: {listing(harmless)}"


def _touched(facts: Facts, subject: str, kind: str) -> tuple[Journey, ...]:
    if kind == "instances":
        return facts.journeys_through(subject)
    return next((facts.journeys_of(d) for d in facts.system.dependencies if d.subject == subject and asked(d)), ())


CHECK = Check(
    name=NAME,
    title="Redundancy that one failure defeats",
    why=(
        "Two of everything helps against what breaks one of them. It does not help against what both stand on: one database, one "
        "zone, one certificate; nor against a slow member that everybody waits for. Such redundancy is paid for and not there."
    ),
    how=(
        "Each component, cause and domain is failed alone, down and slow. A group of alternatives, or a component with more "
        "instances than must be up, is false redundancy where something other than its members (a member too, where its slowness "
        "hangs the caller) brings it below what it needs. Proven under the best answers to open questions, else possible."
    ),
    remedy="Separate what they share, put a timeout on each alternative, or let the members degrade without what they share.",
    false_alarm="The redundancy is there for load or for deployments, and nobody counts on it when something breaks.",
    sources=(
        "Michael T. Nygard, Release It!, 2nd edition, 2018",
        "Ali Mosleh and others, Procedures for treating common cause failures (NUREG/CR-4780), 1988",
    ),
    run=run,
)
