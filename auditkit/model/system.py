"""The audited system: components, dependencies, common causes and journeys.

The only declaration of these nouns. In a file the keys are the short ones (`from`, `timeout: 200ms`); in Python the
names carry their unit (`caller`, `timeout_s`). `None` is an open question, `"none"` a stated absence.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

from pydantic import BeforeValidator, Field, PlainSerializer, StringConstraints

from auditkit.model.noun import NONE, Nothing, Noun, PerSecond, Seconds, Share

FORMAT_VERSION = 1

Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+$", max_length=300)]
"""Name of a component, a common cause, a placement domain or a journey."""

Target = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9._-]+(:[^\s:|][^|]*)?$", max_length=600)]
"""`component` or `component:operation`. An operation may hold blanks, slashes and colons (`api:GET /orders`), never `|`."""

Confidence = Literal["observed", "declared", "configured", "ordering", "inferred", "asked"]
CONFIDENCES: tuple[Confidence, ...] = ("observed", "declared", "asked", "configured", "ordering", "inferred")
"""From strong to weak. `asked` (a person said so) is as strong as `declared`."""

ComponentKind = Literal[
    "client", "service", "database", "cache", "queue", "gateway", "external", "dns", "certificate", "config",
    "network", "module", "job", "load-generator", "telemetry", "other",
]  # fmt: skip
CauseKind = Literal[
    "zone", "region", "provider", "shared-resource", "implementation", "deploy", "config", "certificate", "quota", "other"
]


def split_target(target: str) -> tuple[str, str | None]:
    """Component and operation of `component[:operation]`.

    >>> split_target("api:GET /orders/{id}:batch"), split_target("api")
    (('api', 'GET /orders/{id}:batch'), ('api', None))
    """
    component, colon, operation = target.partition(":")
    return component, (operation if colon else None)


def _as_list(value: Any) -> Any:
    return [value] if isinstance(value, str) else value


def _one_or_many(targets: tuple[str, ...]) -> str | list[str]:
    return targets[0] if len(targets) == 1 else list(targets)


Targets = Annotated[
    tuple[Target, ...],
    BeforeValidator(_as_list),
    PlainSerializer(_one_or_many, when_used="json-unless-none"),
    Field(min_length=1),
]
"""One target, or several redundant alternatives."""


class Evidence(Noun):
    """Where a fact comes from: file, key or line in it, how sure that is, and how often it was seen."""

    source: str
    locator: str = ""
    confidence: Confidence
    count: int | None = Field(default=None, ge=0)


class Component(Noun):
    """Something that can fail on its own: a service, a database, a certificate, an external provider."""

    id: Id
    kind: ComponentKind = "service"
    instances: int | None = Field(default=None, ge=1)
    min_up: int | None = Field(default=None, ge=1)
    placement: dict[Id, Annotated[int, Field(ge=1)]] | None = None
    failover: Literal["automatic", "manual"] | None = None
    concurrency: Annotated[int, Field(ge=1)] | Nothing | None = None
    queue: Annotated[int, Field(ge=0)] | Nothing | None = None
    availability: Share | None = None
    health_check: bool | None = None
    owner: str | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def running(self) -> int:
        """Instances that run; unknown counts as 1."""
        return 1 if self.instances is None else self.instances

    @property
    def needed(self) -> int:
        """Instances that must be up; default 1."""
        return 1 if self.min_up is None else self.min_up

    @property
    def workers(self) -> int | None:
        """Workers of one instance, where they are known."""
        return self.concurrency if isinstance(self.concurrency, int) else None


class Retry(Noun):
    """Attempts of one call. The first try counts as an attempt; unset figures cost nothing and bound nothing.

    `only: before_sending` says that only errors are tried again after which nothing can have been sent (connection refused,
    name not found), so that no work is done twice.
    """

    max_attempts: int = Field(ge=1)
    backoff_s: Seconds | None = Field(default=None, alias="backoff")
    multiplier: float | None = Field(default=None, ge=1)
    max_backoff_s: Seconds | None = Field(default=None, alias="max_backoff")
    jitter: Literal["full", "equal", "none"] | None = None
    budget: Share | None = None
    min_per_second: float | None = Field(default=None, ge=0)
    only: Literal["before_sending"] | None = None


class CircuitBreaker(Noun):
    """Stops calling what fails: by rate (`failure_rate` of at least `min_calls`) or by count (`failures`) in a window.

    Counted `in_a_row`, failures need no window: any success forgets them.
    """

    failure_rate: Share | None = None
    failures: int | None = Field(default=None, ge=1)
    in_a_row: bool | None = Field(default=None, description="failures count in a row only: any success forgets them")
    window_s: Seconds | None = Field(default=None, alias="window")
    min_calls: int | None = Field(default=None, ge=1)
    slow_call_s: Seconds | None = Field(default=None, alias="slow_call")
    slow_call_rate: Share | None = None
    open_for_s: Seconds | None = Field(default=None, alias="open_for")
    growth: float | None = Field(default=None, ge=1)
    max_open_s: Seconds | None = Field(default=None, alias="max_open")
    half_open_calls: int | None = Field(default=None, ge=1)
    half_open: Literal["fixed", "gradual", "all"] | None = Field(
        default=None,
        description="after so many trial calls: all at once (fixed, the default), or a growing share (gradual); or no trial"
        " calls: all pass until any call ends, also one from before it opened, whose failure begins the pause anew (all)",
    )


class Bulkhead(Noun):
    """How many calls of one instance of the caller may be under way at once, and how long one may wait for its turn."""

    max_concurrent: int = Field(ge=1)
    max_wait_s: Seconds | None = Field(default=None, alias="max_wait")


class Policy(Noun):
    """How one call is bounded. Per instance of the caller. A missing figure is a question, `none` a stated absence."""

    timeout_s: Seconds | Nothing | None = Field(default=None, alias="timeout")
    retry: Retry | Nothing | None = None
    circuit_breaker: CircuitBreaker | Nothing | None = None
    bulkhead: Bulkhead | Nothing | None = None


class Alternative(Noun):
    """Something else that is asked when a call has failed, with a policy of its own."""

    to: Target
    policy: Policy | Nothing | None = None


def _alternatives(value: Any) -> Any:
    if isinstance(value, str):
        value = [value]
    if isinstance(value, (list, tuple)):
        return [{"to": item} if isinstance(item, str) else item for item in value]
    return value


class Fallback(Noun):
    """What the caller answers with instead; without alternatives it needs nothing else and always works."""

    kind: str | None = None
    serves: str | None = None
    alternatives: Annotated[tuple[Alternative, ...], BeforeValidator(_alternatives)] = ()
    stale_after_s: Seconds | None = Field(default=None, alias="stale_after")
    safe: bool | None = None
    reconcile: str | None = None
    decided_by: str | None = None


class Buffer(Noun):
    """The queue between an asynchronous caller and its callee."""

    size: int | None = Field(default=None, ge=1)
    when_full: Literal["block", "drop"] | None = None


class LatencyRef(Noun):
    """Which latency profile speaks for a dependency."""

    call: str


class Dependency(Noun):
    """One outbound call: who calls whom, and what becomes of the caller's answer when it fails."""

    caller: Target = Field(alias="from")
    to: Targets
    at_least: int | None = Field(default=None, ge=1)
    call: Literal["sync", "async"] = "sync"
    on_failure: Literal["fail", "degrade", "ignore"] | None = None
    fallback: Fallback | Nothing | None = None
    stage: int | None = None
    rate_per_s: PerSecond | None = Field(default=None, alias="rate")
    idempotent: bool | None = None
    policy: Policy | Nothing | None = None
    buffer: Buffer | Nothing | None = None
    latency: LatencyRef | None = None
    evidence: tuple[Evidence, ...] = ()

    @property
    def needed(self) -> int:
        """How many of the redundant alternatives must be up; default 1."""
        return 1 if self.at_least is None else self.at_least

    @property
    def subject(self) -> str:
        """How findings name it: `from -> to`, alternatives joined by `|`."""
        return f"{self.caller} -> {'|'.join(self.to)}"

    @property
    def confidence(self) -> Confidence | None:
        """The strongest confidence among its evidence; None without evidence."""
        return strongest(self.evidence)


class CommonCause(Noun):
    """One event that fails several components at once."""

    id: Id
    kind: CauseKind = "other"
    affects: tuple[Id, ...] = Field(min_length=1)
    availability: Share | None = None
    evidence: tuple[Evidence, ...] = ()


class Journey(Noun):
    """What a user wants from the system, and what makes it count."""

    id: Id
    entry: Target
    completes: Annotated[tuple[Id, ...], BeforeValidator(_as_list)] = ()
    deadline_s: Seconds | Nothing | None = Field(default=None, alias="deadline")
    slo: Share | Nothing | None = None
    rate_per_s: PerSecond | None = Field(default=None, alias="rate")
    value: float = Field(default=1.0, ge=0)
    proposed: bool = False
    evidence: tuple[Evidence, ...] = ()


class Question(Noun):
    """Something nobody has told yet. `flips` counts the conclusions that its answer decides; `settles` says which.

    With an `answer` (and who gave it) it is closed: it is kept, so that no import asks it again.
    """

    id: str
    where: str
    what: str
    flips: int = 0
    settles: tuple[str, ...] = ()
    evidence: tuple[Evidence, ...] = ()
    answer: str | None = None
    answered_by: str | None = None


class System(Noun):
    """The whole model of one audited system. `questions` holds what an import saw but could not decide."""

    auditkit: int = FORMAT_VERSION
    system: str
    components: tuple[Component, ...] = ()
    dependencies: tuple[Dependency, ...] = ()
    common_causes: tuple[CommonCause, ...] = ()
    journeys: tuple[Journey, ...] = ()
    questions: tuple[Question, ...] = ()

    @property
    def open_questions(self) -> tuple[Question, ...]:
        """The questions of imports that nobody has answered."""
        return tuple(question for question in self.questions if question.answer is None)

    def component(self, id: str) -> Component:
        """The component of that id. Raises `KeyError`."""
        for component in self.components:
            if component.id == id:
                return component
        raise KeyError(id)


def strongest(evidence: tuple[Evidence, ...]) -> Confidence | None:
    """The strongest confidence among some evidence.

    >>> strongest((Evidence(source="a", confidence="ordering"), Evidence(source="b", confidence="observed")))
    'observed'
    """
    return min((item.confidence for item in evidence), key=CONFIDENCES.index, default=None)


__all__ = [
    "CONFIDENCES", "FORMAT_VERSION", "NONE", "Alternative", "Buffer", "Bulkhead", "CauseKind", "CircuitBreaker", "CommonCause",
    "Component", "ComponentKind", "Confidence", "Dependency", "Evidence", "Fallback", "Id", "Journey", "LatencyRef",
    "Nothing", "Policy", "Question", "Retry", "System", "Target", "split_target", "strongest",
]  # fmt: skip
