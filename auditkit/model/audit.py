"""Findings, decisions and the strategy: what an audit concludes, what people decided, and what is to be done."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from auditkit.model.failure import Assumption, BlastRadius, Certainty, CutSets, Mode, Range
from auditkit.model.latency import TimeoutAdvice
from auditkit.model.noun import Noun, Seconds, Share
from auditkit.model.runs import HealthyCost, JourneyTrial
from auditkit.model.system import Policy, Question

Severity = Literal["info", "low", "medium", "high", "critical"]
SEVERITIES: tuple[Severity, ...] = ("info", "low", "medium", "high", "critical")
Choice = Literal["adopt", "accept_risk", "defer"]
Standing = Literal["designed", "configured", "holds in simulation", "failed in simulation", "tested", "failed its test"]
Simulated = Literal["holds", "fails", "cannot tell"]
RETRY_ERRORS = 0.3
"""Share of the answers that an experiment on retries turns into errors: as it is told, as it is simulated, as it is exported."""
Text = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1)]


class Finding(Noun):
    """Something a check found. `subject` is an id, or `from -> to`; `certainty` says under which answers it holds."""

    check: str
    subject: str
    severity: Severity
    certainty: Certainty
    title: str
    evidence: tuple[str, ...] = ()
    remedy: str = ""

    @property
    def key(self) -> str:
        """What a decision refers to: `check subject`; stays the same over re-runs."""
        return f"{self.check} {self.subject}"


class Decision(Noun):
    """What a person decided about a finding (`check subject`) or a policy (`policy from -> to`), and why. Reason is required."""

    about: Text
    choice: Choice
    reason: Text
    by: Text
    on: dt.date | None = None
    until: dt.date | None = None
    instead: Policy | None = Field(default=None, description="settings adopted instead of the proposed ones, where some differ")
    ground: str | None = Field(default=None, description="what it was decided upon (planning.ground_of); kept to notice changes")


class Reopened(Noun):
    """A decision that should be looked at again, and why: its ground has changed, or its time is over."""

    about: str
    why: str


class DecisionFile(Noun):
    """`decisions.yaml`: everything that people have decided so far."""

    auditkit: int = 1
    decisions: tuple[Decision, ...] = ()


class Scenario(Noun):
    """What fails, how, when, for how long, under what load."""

    id: str
    fail: tuple[str, ...]
    mode: Mode
    start_s: Seconds | None = Field(default=None, alias="start")
    duration_s: Seconds | None = Field(default=None, alias="duration")
    delay_s: Seconds | None = Field(
        default=None, alias="delay", description="in mode slow: how much later each answer comes; without it none comes"
    )
    load: float | None = Field(default=None, description="multiple of the normal arrival rate")


class ExperimentResult(Noun):
    """What came out of an experiment, when, and where that can be read. `held` means that the claim was not refuted.

    `tested` are the figures that it was run with, as the experiment's `figures` name them. It speaks for no others. Where they
    are missing nobody knows them: then what held is not proven for today's, and what was refuted still counts.
    """

    experiment: str
    on: dt.date
    outcome: Literal["held", "refuted", "inconclusive"]
    evidence: Text
    tested: Text | None = Field(default=None, description="the figures it was run with; missing: nobody knows")


class Experiment(Noun):
    """A test that could refute one claim of the strategy, in staging first."""

    id: str
    claim: str
    hypothesis: str
    scenario: Scenario
    method: str
    abort: str
    rollback: str
    environment: Literal["staging", "production"] = "staging"
    result: str | None = None
    subject: str = ""
    pattern: str = ""
    kind: Literal["test", "chaos"] = "chaos"
    expected: str = Field(default="", description="what should be seen where the claim holds")
    steady: tuple[str, ...] = Field(default=(), description="journeys that stay within their bounds while the fault lasts")
    back: tuple[str, ...] = Field(default=(), description="journeys that may stop, and are as before once it is over")
    outcome: ExperimentResult | None = None
    figures: str = Field(default="", description="the settings that it puts to the test, as text")


class Trial(Noun):
    """One experiment as it was simulated under one set of settings: `today`, `proposed`, or `without from -> to`.

    `unknowns low`, `unknowns high` and `assuming WHERE: WHAT` are the proposed settings with other answers to what is not known.

    `bad` are the mean shares (0..1) of errors and late answers of each journey while the fault lasted. `journeys` has more of
    them, for `today` and `proposed` only.
    """

    experiment: str
    settings: str
    verdict: Simulated
    why: str
    seeds: tuple[int, ...] = ()
    bad: dict[str, float] = Field(default_factory=dict)
    journeys: dict[str, JourneyTrial] = Field(default_factory=dict)


class TrialFile(Noun):
    """`out/simulation.json`: what was simulated, upon which inputs, and what had to be assumed.

    `left` are the plan's chaos experiments that were not simulated: nothing is known of these.
    """

    auditkit: int = 1
    rests_on: str = ""
    left: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = ()
    costs: tuple[HealthyCost, ...] = ()
    assumptions: tuple[Assumption, ...] = ()


class Ground(Noun):
    """Where one figure comes from: the data, the rule that was applied, its uncertainty, and its cost while all is healthy."""

    data: str
    rule: str
    uncertainty: str = ""
    cost: str = ""


class PolicyProposal(Noun):
    """What one dependency should be given, figure by figure with its ground, and what could not be decided."""

    dependency: str
    today: Policy | None = None
    proposed: Policy | None = None
    provisional: bool = False
    grounds: dict[str, Ground] = Field(default_factory=dict)
    advice: TimeoutAdvice | None = None
    reason: str = ""
    needs: tuple[str, ...] = ()
    adopted: bool = False
    declined: bool = Field(default=False, description="somebody decided to accept the risk or to defer: it is not in force")
    withheld: dict[str, str] = Field(
        default_factory=dict, description="patterns that are not in force because their experiment failed in simulation, and why"
    )
    standing: dict[str, Standing] = Field(default_factory=dict, description="how far each pattern has come")
    elsewhere: dict[str, str] = Field(
        default_factory=dict, description="patterns with a result that does not speak for these figures, and what it is"
    )

    @property
    def changes(self) -> bool:
        """Whether anything would be set that is not so today; where today's setting is unknown, none is no change."""
        today = self.today or Policy()
        return self.proposed is not None and any(
            new not in (None, "none", getattr(today, name)) or (new == "none" and getattr(today, name) not in (None, "none"))
            for name, new in self.proposed
        )


class Omission(Noun):
    """A pattern that a dependency deliberately does not get, and why."""

    dependency: str
    pattern: str
    reason: str


class Action(Noun):
    """One line of the action plan. `removes` names the findings that it ends."""

    title: str
    subject: str
    severity: Severity
    removes: tuple[str, ...] = ()
    owner: str | None = None
    effort: Literal["small", "medium", "large"] | None = None
    status: Literal["open", "adopted", "accepted", "deferred"] = "open"
    risk_removed: float | None = Field(default=None, description="mean share of value that a single failure takes, less by this")
    single_points_removed: tuple[str, ...] = Field(
        default=(), description="what no longer stops any journey alone, in either mode"
    )
    availability_gained: float | None = Field(
        default=None,
        description="share of time, weighted by value, in which journeys no longer fail or hang; the mean of both modes, unknown "
        "availabilities counted as 1",
    )


class Monitor(Noun):
    """One thing to watch: the pattern it belongs to, the metric in words, and when to alert."""

    subject: str
    pattern: str
    metric: str
    alert: str
    seen: tuple[str, ...] = Field(default=(), description="span attributes and log fields that show it: `span: …`, `log: …`")


class Residual(Noun):
    """What is left in one mode: single failures that stop a journey, and the value they can take, before and after the plan."""

    mode: Mode
    single_points_before: tuple[str, ...] = ()
    single_points_after: tuple[str, ...] = ()
    worst_loss_before: float = 0.0
    worst_loss_after: float = 0.0
    mean_loss_before: float = 0.0
    mean_loss_after: float = 0.0
    cut_sets_before: dict[str, int] = Field(default_factory=dict, description="minimal cut sets of each journey, all sizes")
    cut_sets_after: dict[str, int] = Field(default_factory=dict)
    p_failed_before: dict[str, float | Range] = Field(default_factory=dict, description="that a journey fails or hangs; exact")
    p_failed_after: dict[str, float | Range] = Field(default_factory=dict)


class Uncovered(Noun):
    """A risk that no call pattern covers, where it lies, and what does cover it."""

    risk: str
    where: tuple[str, ...] = ()
    instead: str


class Strategy(Noun):
    """Everything that the written strategy rests on; equal inputs give an equal Strategy."""

    system: str
    findings: tuple[Finding, ...] = ()
    policies: tuple[PolicyProposal, ...] = ()
    omitted: tuple[Omission, ...] = ()
    decisions: tuple[Decision, ...] = ()
    actions: tuple[Action, ...] = ()
    untried: int = Field(default=0, description="actions of which nobody has computed what they are worth: too many to try each")
    experiments: tuple[Experiment, ...] = ()
    trials: tuple[Trial, ...] = Field(
        default=(), description="the experiments as simulated, today and with the proposed settings"
    )
    healthy_costs: tuple[HealthyCost, ...] = Field(
        default=(), description="what each proposed pattern costs while nothing is wrong, simulated with it and without it"
    )
    monitoring: tuple[Monitor, ...] = ()
    open_questions: tuple[Question, ...] = ()
    more_questions: int | None = Field(default=None, description="open questions beyond those listed; they decide less")
    assumptions: tuple[Assumption, ...] = ()
    blast: tuple[BlastRadius, ...] = ()
    cut_sets: tuple[CutSets, ...] = ()
    residual: tuple[Residual, ...] = ()
    remaining: tuple[Finding, ...] = Field(default=(), description="what the checks still find with every proposal in force")
    uncovered: tuple[Uncovered, ...] = ()
    reopened: tuple[Reopened, ...] = ()


class Person(Noun):
    """Somebody named in an audit."""

    name: str
    role: str = ""


class Period(Noun):
    """A time with a reason: an incident that is not normal, or a time that counts as normal whatever it looks like.

    Times without a zone are UTC.
    """

    start: dt.datetime = Field(alias="from")
    end: dt.datetime = Field(alias="to")
    label: str = ""


class AuditFacts(Noun):
    """`audit.yaml`: scope, owner, dates, and assumptions made for the whole audit.

    `assumed_availability` stands in for unknown availabilities; without it they give a range. `incidents` and `normal_times`
    override the selection of normal conditions for latencies.
    """

    auditkit: int = 1
    title: str = ""
    scope: str = ""
    owner: str = ""
    date: dt.date | None = None
    next_review: dt.date | None = None
    people: tuple[Person, ...] = ()
    assumed_availability: Share | None = None
    false_timeout_target: Share | None = None
    results: tuple[ExperimentResult, ...] = ()
    incidents: tuple[Period, ...] = Field(default=(), description="times that latencies are not taken from")
    normal_times: tuple[Period, ...] = Field(default=(), description="times that count as normal, whatever they look like")
    names: dict[str, str] = Field(default_factory=dict, description="what an export calls a thing -> component id")


class Artifact(Noun):
    """A generated file: relative path, content, what it is."""

    path: str
    content: bytes
    title: str
    alt: str = ""


class Gap(Noun):
    """What a target cannot express, or what is missing, in words."""

    where: str
    what: str
    remedy: str = ""
