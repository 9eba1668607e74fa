"""What the sections look things up in: findings, proposals, failures and grounds, selected, sorted and numbered once."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import cached_property

from auditkit.checks import in_order
from auditkit.document.blocks import Rich, code, link, rich
from auditkit.document.book import Book
from auditkit.model.audit import Decision, Experiment, Finding, Ground, Omission, PolicyProposal
from auditkit.model.failure import BlastRadius, CutSets, Mode, State
from auditkit.model.latency import LatencyProfile, profiles_of
from auditkit.model.paths import Paths, paths
from auditkit.model.system import Dependency

STOPPING = (State.FAILED, State.HUNG)
MOST = 120
"""Rows of the long lists: findings, actions, experiments. Nobody reads more on paper; files for programs have them all."""
IN_FULL = 40
"""Experiments of one kind that are told in the document; `strategy.json` has them all."""


@dataclass(frozen=True, slots=True)
class GroundEntry:
    """One figure's ground, with the anchor under which the appendix has it, and the calls that share it."""

    anchor: str
    number: int
    dependencies: tuple[str, ...]
    figure: str
    ground: Ground


@dataclass(frozen=True, slots=True)
class Effect:
    """What one failure does in one mode: under the worst answers, and under the best where that was computed."""

    atom: str
    mode: Mode
    worst: BlastRadius | None
    best: BlastRadius | None


@dataclass(frozen=True)
class View:
    """A book with its look-ups."""

    book: Book

    @cached_property
    def paths(self) -> Paths:
        """Who calls whom."""
        return paths(self.book.system)

    @cached_property
    def findings(self) -> tuple[Finding, ...]:
        """Findings: the most severe first, proven before possible, then by name."""
        return tuple(sorted(self.book.strategy.findings, key=in_order))

    def finding_anchor(self, finding: Finding) -> str:
        """Where a finding stands in the document."""
        place = self.findings.index(finding)
        return f"finding-{place + 1}" if place < MOST else "findings"

    def evidence_anchor(self, finding: Finding) -> str:
        """Where the evidence of a finding stands."""
        return self.finding_anchor(finding).replace("finding", "evidence", 1)

    @cached_property
    def decisions(self) -> Mapping[str, Decision]:
        """The latest decision by what it is about."""
        return {decision.about: decision for decision in self.book.strategy.decisions}

    @cached_property
    def proposals(self) -> Mapping[str, PolicyProposal]:
        """Proposals by dependency."""
        return {proposal.dependency: proposal for proposal in sorted(self.book.strategy.policies, key=lambda p: p.dependency)}

    @cached_property
    def calls(self) -> tuple[Dependency, ...]:
        """Synchronous calls whose callee can be slow, by name."""
        return tuple(sorted((d for d in self.book.system.dependencies if self.paths.timed(d)), key=lambda d: d.subject))

    def experiments(self, kind: str) -> tuple[Experiment, ...]:
        """Experiments of one kind, those with a result first."""
        ordered = sorted(self.book.strategy.experiments, key=lambda e: (e.result is None, e.id))
        return tuple(experiment for experiment in ordered if experiment.kind == kind)

    def omissions(self, pattern: str) -> tuple[Omission, ...]:
        """What deliberately does not get a pattern."""
        found = (o for o in self.book.strategy.omitted if _same(o.pattern, pattern))
        return tuple(sorted(found, key=lambda o: (o.dependency, o.reason)))

    @cached_property
    def grounds(self) -> tuple[GroundEntry, ...]:
        """All grounds, by dependency and figure, numbered in that order; calls whose grounds are the same share one."""
        shared: dict[tuple[str, Ground], list[str]] = {}
        for proposal in self.proposals.values():
            for figure in sorted(proposal.grounds):
                ground = proposal.grounds[figure]
                told = ground.model_copy(update={"data": ground.data.replace(proposal.dependency, "the call")})
                shared.setdefault((figure, told), []).append(proposal.dependency)
        return tuple(
            GroundEntry(f"ground-{number}", number, tuple(calls), figure, ground)
            for number, ((figure, ground), calls) in enumerate(shared.items(), start=1)
        )

    @cached_property
    def _grounds_of(self) -> Mapping[str, tuple[GroundEntry, ...]]:
        found: dict[str, list[GroundEntry]] = {}
        for entry in self.grounds:
            for dependency in entry.dependencies:
                found.setdefault(dependency, []).append(entry)
        return {dependency: tuple(entries) for dependency, entries in found.items()}

    def grounds_of(self, dependency: str, pattern: str) -> Rich:
        """Links to the grounds of one pattern's figures: `[3] [4]`."""
        return rich(*(part for e in self.entries_of(dependency, pattern) for part in (" ", link(f"[{e.number}]", e.anchor))))

    def entries_of(self, dependency: str, pattern: str) -> tuple[GroundEntry, ...]:
        """The grounds of one pattern's figures."""
        return tuple(e for e in self._grounds_of.get(dependency, ()) if _same(e.figure, pattern))

    @cached_property
    def effects(self) -> tuple[Effect, ...]:
        """What each single failure does: what loses most first, `down` before `slow`."""
        found: dict[tuple[str, Mode], dict[str, BlastRadius]] = {}
        for radius in self.book.strategy.blast:
            if len(radius.fail) == 1:
                found.setdefault((radius.fail[0], radius.mode), {})[radius.assume] = radius
        effects = [Effect(atom, mode, radii.get("worst"), radii.get("best")) for (atom, mode), radii in found.items()]
        lost: dict[str, float] = {}
        for effect in effects:
            lost[effect.atom] = max(lost.get(effect.atom, 0.0), *(r.value_lost for r in (effect.worst, effect.best) if r))
        return tuple(sorted(effects, key=lambda e: (-lost[e.atom], e.atom, e.mode)))

    def effect(self, atom: str, mode: Mode) -> Effect | None:
        """What one atom's failure does in one mode; None where nobody computed it."""
        return next((e for e in self.effects if e.atom == atom and e.mode == mode), None)

    @cached_property
    def atoms(self) -> tuple[str, ...]:
        """Everything whose single failure was computed, what loses most first."""
        return tuple(dict.fromkeys(effect.atom for effect in self.effects))

    def cut_sets(self, mode: Mode) -> tuple[CutSets, ...]:
        """Minimal cut sets of every journey in one mode, under the worst answers where both are there."""
        found: dict[str, CutSets] = {}
        for cuts in self.book.strategy.cut_sets:
            if cuts.mode == mode and cuts.state == "failed" and (cuts.journey not in found or cuts.assume == "worst"):
                found[cuts.journey] = cuts
        return tuple(found[journey] for journey in sorted(found))

    @cached_property
    def profiles(self) -> tuple[LatencyProfile, ...]:
        """Latency profiles by name."""
        return tuple(self.book.profiles[call] for call in sorted(self.book.profiles))

    def profile_link(self, dependency: Dependency) -> Rich:
        """Links to the measurements that speak for a dependency."""
        return self.data_links((dependency.subject,))

    def data_links(self, subjects: Iterable[str]) -> Rich:
        """Links to the measurements that speak for some dependencies: `[D1] [D3]`, by name."""
        places = {profile.call: number for number, profile in enumerate(self.profiles, start=1)}
        wanted = set(subjects)
        found = {
            places[profile.call]
            for dependency in self.book.system.dependencies
            if dependency.subject in wanted
            for target in dependency.to
            for profile in profiles_of(dependency, target, self.book.profiles)
        }
        return rich(*(part for n in sorted(found) for part in (" ", link(f"[D{n}]", f"data-{n}"))))

    def owner(self, subject: str) -> str:
        """Who owns what a finding or an action is about: the owner of the caller; empty where nobody is known."""
        component = self.paths.components.get(subject.partition(" -> ")[0].partition(":")[0])
        return (component.owner or "") if component else ""

    def named(self, subject: str) -> Rich:
        """A subject as it stands in tables."""
        return rich(code(subject))


def _same(figure: str, pattern: str) -> bool:
    """Whether a figure such as `retry.backoff` or a pattern such as `circuit breaker` belongs to a pattern."""
    plain = figure.replace(" ", "_").replace("-", "_").lower()
    aliases = {"circuit_breaker": ("circuit_breaker", "breaker"), "retry": ("retry", "retries"), "timeout": ("timeout",)}
    return any(plain.startswith(name) for name in aliases.get(pattern, (pattern,)))
