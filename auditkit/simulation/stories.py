"""A ready edge case: a system, what goes wrong, settings side by side, and the answers that have to come out. Frozen nouns."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field

from auditkit.errors import InputError
from auditkit.model.noun import FROM_FILE, Noun, Seconds
from auditkit.model.runs import Series
from auditkit.model.system import System
from auditkit.simulation.experiments import run_seeds
from auditkit.simulation.series import series_of
from auditkit.simulation.setup import Fault, FaultKind, Law, Setup
from auditkit.units import parse_duration, parse_share

SEEDS = 3
What = Literal["full", "degraded", "error", "late", "good", "bad", "stale", "attempts", "open", "busy"]


def _size(value: Any) -> Any:
    """How large a fault is: a share with %, a duration with a unit, or a plain number (a factor, workers)."""
    if not isinstance(value, str):
        return value
    return parse_share(value) if value.strip().endswith("%") else parse_duration(value)


class LawOfCalls(Noun):
    """How long a call takes while all is well: `exponential` with its mean, `lognormal` with its median, or always `constant`."""

    constant_s: Seconds | None = Field(default=None, alias="constant")
    exponential_s: Seconds | None = Field(default=None, alias="exponential")
    lognormal_s: Seconds | None = Field(default=None, alias="lognormal")
    sigma: float = Field(default=0.5, gt=0)

    @property
    def law(self) -> Law:
        """The law of the simulation; a call of which nothing is stated takes no time."""
        if self.exponential_s is not None:
            return Law("exponential", self.exponential_s)
        if self.lognormal_s is not None:
            return Law("lognormal", self.lognormal_s, self.sigma)
        return Law("constant", self.constant_s or 0.0)


class Trouble(Noun):
    """One fault of the case, as `Fault` of the simulation; `value` is a share (`30%`), a duration (`400ms`) or a number."""

    kind: FaultKind
    target: str
    start_s: Seconds = Field(alias="from")
    duration_s: Seconds | None = Field(default=None, alias="for")
    value: Annotated[float, BeforeValidator(_size)] = 0.0
    times: int = 1
    every_s: Seconds = Field(default=0.0, alias="every")

    @property
    def fault(self) -> Fault:
        """The fault of the simulation; without `for` it lasts for good."""
        lasts = math.inf if self.duration_s is None else self.duration_s
        return Fault(self.kind, self.target, self.start_s, lasts, self.value, times=self.times, every_s=self.every_s)


class Settings(Noun):
    """One set of settings: what differs from the case's system, by component and by dependency (`from -> to`)."""

    name: str
    components: dict[str, dict[str, Any]] = Field(default_factory=dict)
    dependencies: dict[str, dict[str, Any]] = Field(default_factory=dict)
    propagate_deadlines: bool = False


class Measure(Noun):
    """Bounds of a figure: `what` of `of` from `start_s` to `end_s` of a run, as a mean over its seconds.

    `full`, `degraded`, `error`, `late`, `good` (full or degraded), `bad` (error or late) and `stale` are shares 0..1 of a
    journey's requests, `attempts` its mean attempts a request; `open` is the share of a call's breakers that are open, `busy`
    of a component's workers that are. Without `of` it is about the case's own journey.
    """

    what: What
    of: str | None = None
    start_s: Seconds = Field(alias="from")
    end_s: Seconds = Field(alias="to")
    at_least: float = -math.inf
    at_most: float = math.inf

    def allows(self, figure: float) -> bool:
        """Whether a figure lies within the bounds.

        >>> Measure.model_validate({"what": "full", "from": 0.0, "to": 9.0, "at_least": 0.99}).allows(0.98)
        False
        """
        return self.at_least <= figure <= self.at_most


class Answer(Measure):
    """What has to come out of a run with these settings."""

    settings: str


class Story(Noun):
    """One edge case. The trouble lasts from `trouble_s[0]` to `trouble_s[1]` (for pictures; its parts are in `faults`).

    `promises` are what every setting is held to: one that keeps them all holds, any other fails. `answers` are what has to
    come out of each setting, good or bad, for the case to tell its story.
    """

    title: str
    question: str
    learn: str
    journey: str
    system: System
    duration_s: Seconds = Field(alias="duration")
    trouble_s: tuple[Seconds, Seconds] = Field(alias="trouble")
    latencies: dict[str, LawOfCalls]
    faults: tuple[Trouble, ...]
    settings: tuple[Settings, ...]
    promises: Annotated[tuple[Measure, ...], Field(min_length=1)]
    answers: tuple[Answer, ...]


def tell(story: Story, seeds: int = SEEDS) -> tuple[Series, ...]:
    """Run a story with each of its settings, on common random numbers. Raises `InputError` for names that it does not have."""
    setup = Setup(
        duration_s=story.duration_s,
        laws={name: latency.law for name, latency in story.latencies.items()},
        faults=tuple(trouble.fault for trouble in story.faults),
    )
    told = []
    for settings in story.settings:
        chosen = replace(setup, propagate_deadlines=settings.propagate_deadlines)
        series = series_of(run_seeds(with_settings(story.system, settings), {}, chosen, seeds), settings.name)
        told.append(series.model_copy(update={"fault_s": story.trouble_s}))
    return tuple(told)


def with_settings(system: System, settings: Settings) -> System:
    """The system with these settings in place of its own. Raises `InputError` where they name what it does not have."""
    raw = system.model_dump(mode="json", by_alias=True, exclude_none=True)
    known = {"components": [c.id for c in system.components], "dependencies": [d.subject for d in system.dependencies]}
    for part, changes in (("components", settings.components), ("dependencies", settings.dependencies)):
        for name, change in changes.items():
            if name not in known[part]:
                raise InputError.of(
                    f"settings {settings.name!r}", f"no {name!r} in {part}", f"there are: {', '.join(known[part])}"
                )
            raw[part][known[part].index(name)].update(change)
    return System.model_validate(raw, context=FROM_FILE)


def comes_out(told: tuple[Series, ...], story: Story, answer: Answer) -> float:
    """The figure that an answer is about. Raises `InputError` where the runs do not have it."""
    series = next((s for s in told if s.settings == answer.settings), None)
    if series is None:
        raise InputError.of(story.title, f"has no settings {answer.settings!r}", ", ".join(s.settings for s in told))
    return figure(series, story, answer)


def holds(series: Series, story: Story) -> bool:
    """Whether one run of a story keeps all its promises."""
    return all(promise.allows(figure(series, story, promise)) for promise in story.promises)


def figure(series: Series, story: Story, measure: Measure) -> float:
    """The figure of one run that a measure is about. Raises `InputError` where the run does not have it."""
    values, weights = _values(series, story, measure)
    at = [n for n, t in enumerate(series.times_s) if measure.start_s <= t < measure.end_s]
    total = math.fsum(weights[n] for n in at)
    return math.fsum(values[n] * weights[n] for n in at) / total if total else 0.0


def _values(series: Series, story: Story, measure: Measure) -> tuple[tuple[float, ...], tuple[float, ...]]:
    even = (1.0,) * len(series.times_s)
    name = measure.of or story.journey
    if measure.what == "open":
        found = {b.call: b.open for b in series.breakers}
    elif measure.what == "busy":
        found = {b.component: tuple(x / (b.workers or math.inf) for x in b.busy) for b in series.busy}
    else:
        journey = next((j for j in series.journeys if j.journey == name), None)
        if journey is not None:
            parts = {"good": ("full", "degraded"), "bad": ("error", "late")}.get(measure.what, (measure.what,))
            return tuple(math.fsum(x) for x in zip(*(getattr(journey, p) for p in parts), strict=True)), journey.requests
        found = {}
    if name not in found:
        raise InputError.of(story.title, f"has no {name!r} of which to tell {measure.what!r}", "name one that the system has")
    return found[name], even
