"""`Audit`: one audit folder, as notebooks and the command line speak with it.

Nothing is kept in memory between two calls: each call reads the folder as it is now, and each change is saved at once.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from auditkit import engine
from auditkit.document import Missing
from auditkit.model.audit import AuditFacts, Choice, Decision, ExperimentResult, Finding, Strategy
from auditkit.model.draft import Conflict, Coverage
from auditkit.model.failure import Assume, BlastRadius, CutSets, Mode
from auditkit.model.latency import LatencyProfile, TimeoutAdvice
from auditkit.model.system import Policy, Question, System
from auditkit.planning import JourneyChain, chains
from auditkit.project import analysis, back_testing, creating, deciding, exporting, importing, measuring, settling, steps, undoing
from auditkit.project import folder as held
from auditkit.project.back_testing import BackTest
from auditkit.project.drift import Drift
from auditkit.project.generated import write_generated
from auditkit.project.inputs import read
from auditkit.project.times import Times, period


@dataclass(frozen=True, slots=True)
class Audit:
    """One audit folder.

    >>> import tempfile, pathlib
    >>> with tempfile.TemporaryDirectory() as there:
    ...     audit = Audit.new(pathlib.Path(there) / "shop", sample="worked-example")
    ...     print([journey.id for journey in audit.system.journeys])
    ['home', 'account', 'order']
    """

    folder: Path

    @classmethod
    def open(cls, folder: Path | str) -> Audit:
        """The audit in an existing folder. Raises `InputError` where there is none."""
        held.require(Path(folder))
        return cls(Path(folder))

    @classmethod
    def new(cls, folder: Path | str, sample: str | None = None) -> Audit:
        """A new audit folder, empty or from a shipped sample, with the notebooks."""
        creating.new(Path(folder), sample)
        return cls(Path(folder))

    @classmethod
    def importing(cls, files: Sequence[Path | str], folder: Path | str, format: str | None = None) -> Audit:
        """The audit of a folder, after files were imported into it; the folder is made where there is none."""
        importing.import_files([Path(file) for file in files], Path(folder), format)
        return cls(Path(folder))

    # what there is

    @property
    def system(self) -> System:
        """The audited system."""
        return held.system(self.folder)

    @property
    def facts(self) -> AuditFacts:
        """Scope, owner, dates and assumptions, from `audit.yaml`."""
        return held.facts(self.folder)

    @property
    def profiles(self) -> dict[str, LatencyProfile]:
        """What was measured, by call name."""
        return held.profiles(self.folder)

    @property
    def decisions(self) -> tuple[Decision, ...]:
        """What people have decided."""
        return held.decisions(self.folder)

    @property
    def strategy(self) -> Strategy | None:
        """The strategy as last planned."""
        return held.strategy(self.folder)

    def steps(self) -> tuple[steps.Step, ...]:
        """What is done, what is stale, what comes next."""
        return steps.steps(self.folder)

    def coverage(self) -> Coverage:
        """How much of the system is known, and how surely."""
        return read(self.folder).coverage

    def conflicts(self) -> tuple[Conflict, ...]:
        """Where sources disagreed."""
        return held.sources(self.folder).conflicts

    def questions(self, limit: int | None = None) -> tuple[Question, ...]:
        """What nobody has told yet, the most telling first; `limit` is how many at most, all by default."""
        return read(self.folder).questions[:limit]

    # what follows from it

    def blast_radius(self, fail: Iterable[str], mode: Mode = "down", assume: Assume = "worst") -> BlastRadius:
        """What one scenario does to every journey and component."""
        return engine.blast_radius(self.system, tuple(fail), mode, assume, self.profiles)

    def single_failures(self, mode: Mode = "down", assume: Assume = "worst") -> tuple[BlastRadius, ...]:
        """What each single failure does."""
        return engine.single_failures(self.system, mode, assume, self.profiles)

    def explain(self, fail: Iterable[str], journey: str, mode: Mode = "down", assume: Assume = "worst") -> engine.Explanation:
        """How failed atoms reach a journey, step by step; its `sentence` says it in one line."""
        return engine.explain(self.system, tuple(fail), journey, mode, assume, self.profiles)

    def cut_sets(
        self,
        journey: str | None = None,
        *,
        mode: Mode = "down",
        assume: Assume = "worst",
        state: Literal["failed", "degraded"] = "failed",
        max_order: int | None = None,
    ) -> tuple[CutSets, ...]:
        """Minimal cut sets of one journey, or of all."""
        return analysis.cut_sets_of(self.folder, journey, mode=mode, assume=assume, state=state, max_order=max_order)

    def advices(self) -> tuple[TimeoutAdvice, ...]:
        """A timeout for every measured call, or the reason why there is none yet."""
        return read(self.folder).advices

    def chains(self) -> tuple[JourneyChain, ...]:
        """What becomes of each journey's deadline with the advised timeouts: fixed ones beside a propagated deadline."""
        known = read(self.folder)
        return chains(known.system, known.profiles, known.checked.advices)

    def back_test(self, target: float | None = None) -> BackTest:
        """Timeouts from the first half of each recording, tried on its second half."""
        return back_testing.back_test(self.folder, target)

    def findings(self) -> tuple[Finding, ...]:
        """What the checks find, the gravest first."""
        return read(self.folder).findings

    def sentence_on_single_points(self) -> str:
        """What may be said about single points of failure, given how much is known."""
        return read(self.folder).sentence_on_single_points

    # what changes the folder

    def import_files(self, files: Sequence[Path | str], format: str | None = None) -> Audit:
        """Merge more files into the system."""
        importing.import_files([Path(file) for file in files], self.folder, format)
        return self

    def answer(self, where: str, key: str, value: object, by: str) -> System:
        """Answer a question: `key` (as in the file, dotted) of a component, dependency or journey."""
        return importing.answer(self.folder, where, key, value, by)

    def answer_all(self, answers: Sequence[tuple[str, str, object]], by: str) -> System:
        """Several answers (where, key, value) of one person at once: all of them hold, or nothing is written."""
        return importing.answer_all(self.folder, answers, by)

    def settle(self, question: str, answer: str, by: str) -> System:
        """Answer a question of an import by its id: `yes` or `no` to a suggested call or name, else in words."""
        return settling.settle(self.folder, question, answer, by)

    def answers(self) -> undoing.Answers:
        """What the files say that answers go into; keep it before an answer, and `put_back` takes that answer back."""
        return undoing.answers(self.folder)

    def put_back(self, before: undoing.Answers, after: undoing.Answers) -> None:
        """Take answers back: the files say again what they said `before`, unless they have changed since `after`."""
        undoing.put_back(self.folder, before, after)

    def measure(
        self,
        files: Sequence[Path | str] = (),
        format: str | None = None,
        unit: str | None = None,
        log_format: str | None = None,
        columns: Mapping[str, str] | None = None,
        incidents: Sequence[str] = (),
        normal: Sequence[str] = (),
    ) -> measuring.Measurement:
        """Take latency exports in and measure; without files, measure again what is there.

        `incidents` and `normal` are times, written as `2026-03-09T10:00/2026-03-09T10:30=why`: nothing is taken from the former,
        the latter count whatever they look like. They are kept in `audit.yaml`.
        """
        how = measuring.How(format, unit, log_format, tuple(sorted((columns or {}).items())))
        times = Times(tuple(map(period, incidents)), tuple(map(period, normal)))
        return measuring.measure_into([Path(file) for file in files], self.folder, how, times)

    def decide(
        self,
        about: str,
        choice: Choice,
        reason: str,
        by: str,
        on: dt.date | None = None,
        until: dt.date | None = None,
        instead: Policy | None = None,
    ) -> Decision:
        """Record a decision, with its reason, about a finding (`check subject`) or a policy (`policy from -> to`).

        `instead` holds settings that are adopted in place of the proposed ones.
        """
        return deciding.decide(self.folder, about, choice, reason, by, on, until, instead)

    def record(self, experiment: str, outcome: deciding.Outcome, evidence: str, on: dt.date) -> ExperimentResult:
        """Record the result of an experiment; the strategy then says which pattern was tested, and which failed its test."""
        return deciding.record(self.folder, experiment, outcome, evidence, on)

    def withdraw(self, about: str) -> None:
        """Take a decision back."""
        deciding.withdraw(self.folder, about)

    def plan(self) -> Strategy:
        """Propose the strategy anew; decisions are kept."""
        return exporting.plan_into(self.folder)

    def export(self, to: Sequence[str] = ("md", "html")) -> exporting.Written:
        """Write the document and other files into `out/`."""
        return exporting.export_into(self.folder, to)

    def keep(self, name: str, content: str) -> Path:
        """Write a generated file into `out/`; returns where it is. Raises `ExternalEdit` where somebody has edited it."""
        write_generated(self.folder, {f"out/{name}": content.encode()}, ())
        return self.folder / "out" / name

    def missing(self) -> tuple[Missing, ...]:
        """The completeness check: every slot of the document that has no evidence yet, with what would fill it."""
        return exporting.missing_of(self.folder)

    def drift(self, to: Sequence[str], deployed: Path | str) -> tuple[Drift, ...]:
        """Where the files that are deployed differ from what these targets would be given now."""
        return exporting.drift_of(self.folder, to, Path(deployed))

    def run(self, tell: Callable[[str], None] = lambda _: None) -> exporting.Summary:
        """All steps that are stale or open, in order; `tell` hears what is being done."""
        return exporting.run(self.folder, tell)
