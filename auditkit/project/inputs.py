"""Everything that an audit rests on, read once from its folder, and what follows from it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

from auditkit import engine
from auditkit.checks import Facts, run_checks, sentence_on_single_points
from auditkit.importers import coverage, gaps, importers
from auditkit.model.audit import AuditFacts, Decision, Finding, Strategy, Trial
from auditkit.model.draft import Coverage
from auditkit.model.failure import Assume, Mode
from auditkit.model.latency import LatencyProfile, Profiles, TimeoutAdvice, profiles_of
from auditkit.model.runs import HealthyCost
from auditkit.model.system import Dependency, Evidence, Question, System
from auditkit.planning import by_call, fit_together, plan, tested
from auditkit.project import folder as held
from auditkit.project.steps import inputs_digest


@dataclass(frozen=True)
class Inputs:
    """One reading of an audit folder. What follows from it is computed at most once, and nothing is written."""

    folder: Path
    system: System
    facts: AuditFacts
    decisions: tuple[Decision, ...]
    profiles: Mapping[str, LatencyProfile]
    sources: held.SourceIndex
    trials: tuple[Trial, ...] = ()
    costs: tuple[HealthyCost, ...] = ()

    @cached_property
    def coverage(self) -> Coverage:
        """How much of the system is known, and how surely."""
        said = dict.fromkeys(text for record in self.sources.sources for text in record.cannot_say)
        drawn = importers()
        drawings = {record.name for record in self.sources.sources if record.format in drawn and drawn[record.format].drawn}
        return coverage(self.system, tuple(said), self.questions, drawings)

    @cached_property
    def questions(self) -> tuple[Question, ...]:
        """Open questions, those that decide most first."""
        asked = (*self.system.questions, *gaps(self.system, self.profiles))
        return engine.questions(self.system.model_copy(update={"questions": asked}), self.profiles)

    @cached_property
    def checked(self) -> Facts:
        """Everything that the checks look at."""
        advices = fit_together(self.system, self.profiles, self.facts.false_timeout_target).advices
        proven = tested(self.system.dependencies, self.facts.results)
        return Facts(system=self.system, profiles=self.profiles, advices=advices, coverage=self.coverage, tested=proven)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """What the checks find, the gravest first."""
        return run_checks(self.checked)

    @cached_property
    def sentence_on_single_points(self) -> str:
        """What may be said about single points of failure, given how much is known."""
        return sentence_on_single_points(self.checked)

    @cached_property
    def advices(self) -> tuple[TimeoutAdvice, ...]:
        """A timeout, or a refusal, for each measured call, within the deadlines and pools of this system."""
        return by_call(self.system, self.profiles, self.facts.false_timeout_target)

    @cached_property
    def strategy(self) -> Strategy:
        """The strategy that these inputs give; every decision is kept."""
        return plan(
            self.checked,
            self.findings,
            self.decisions,
            self.questions,
            target=self.facts.false_timeout_target,
            results=self.facts.results,
            on=self.facts.date,
            trials=self.trials,
            assumed_availability=self.facts.assumed_availability,
            costs=self.costs,
        )

    @cached_property
    def whole(self) -> Strategy:
        """The strategy with every single failure and every small cut set.

        They are computed for those who read them, and not kept in strategy.yaml: nobody would read hundreds of them there.
        """
        modes: tuple[Mode, ...] = ("down", "slow")
        answers: tuple[Assume, ...] = ("worst", "best")
        blast = tuple(
            radius
            for mode in modes
            for assume in answers
            for radius in engine.single_failures(self.system, mode, assume, self.profiles)
        )
        assumed = self.facts.assumed_availability
        cut_sets = tuple(
            found
            for mode in modes
            for found in engine.cut_sets(
                self.system, mode=mode, max_order=3, assumed_availability=assumed, profiles=self.profiles
            )
        )
        return self.strategy.model_copy(update={"blast": blast, "cut_sets": cut_sets})


def read(folder: Path, profiles: Mapping[str, LatencyProfile] | None = None) -> Inputs:
    """Read an audit folder as it is now; `profiles` stand in for those in the folder, where they are about to be replaced."""
    measured = held.profiles(folder) if profiles is None else Profiles(profiles)
    simulated = held.trials(folder)
    valid = profiles is None and simulated.rests_on == inputs_digest(folder, "prove")
    return Inputs(
        folder=folder,
        system=observed(held.system(folder), measured),
        facts=held.facts(folder),
        decisions=held.decisions(folder),
        profiles=measured,
        sources=held.sources(folder),
        trials=simulated.trials if valid else (),
        costs=simulated.costs if valid else (),
    )


def observed(system: System, profiles: Mapping[str, LatencyProfile]) -> System:
    """The system in which what was measured is also known by traffic: a call that has latencies has been seen."""
    return system.model_copy(update={"dependencies": tuple(_observed(d, profiles) for d in system.dependencies)})


def _observed(dependency: Dependency, profiles: Mapping[str, LatencyProfile]) -> Dependency:
    seen: dict[str, int] = {}
    for target in dependency.to:
        for profile in profiles_of(dependency, target, profiles):
            source = profile.sources[0] if profile.sources else "latency export"
            seen[source] = seen.get(source, 0) + profile.n + profile.errors + profile.timeouts
    # a dependency without evidence was written by a person, and does not lose that by being measured
    before = dependency.evidence or (Evidence(source=held.SYSTEM, locator="stated there", confidence="declared"),)
    known = {(e.source, e.confidence) for e in before}
    added = tuple(
        Evidence(source=source, locator=f"{count} calls", confidence="observed", count=count)
        for source, count in seen.items()
        if (source, "observed") not in known
    )
    return dependency.model_copy(update={"evidence": (*before, *added)}) if added else dependency
