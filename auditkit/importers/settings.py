"""What all readers of settings share: settings of single calls as they are in force today, gathered into a Draft.

A new reader is one file: it makes a `Policy` for each call that its format bounds, hands it to `Reading.add`, and returns
`Reading.draft`. Where a block of a library's settings exists, a key that it leaves out has the library's default, with an
evidence of its own that says so (`default of …`); a block that is absent altogether stays an open question.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Any, Final, TypeVar

from auditkit.errors import Problem
from auditkit.importers.mentions import question
from auditkit.importers.shapes import text_of
from auditkit.model.draft import Draft, Item
from auditkit.model.noun import NONE
from auditkit.model.policy import attempt_timeout_s, attempts, backoffs_s, call_worst_case_s
from auditkit.model.system import Nothing, Policy, Question, Retry, split_target
from auditkit.units import format_duration

T = TypeVar("T")
_ID: Final = re.compile(r"[A-Za-z0-9._-]{1,300}")
SHOWN: Final = 5
"""How many calls a question lists."""
WRITTEN_BY_US: Final = "Written by auditkit"
"""How every file that we export begins."""
_TARGETS: Final = frozenset({"resilience4j", "hystrix", "grpc", "dotnet", "envoy"})
_NO_COMPONENT: Final = _TARGETS | {
    "src", "main", "resources", "config", "conf", "classes", "target", "app", "boot-inf", "etc", "out", "sources",
}  # fmt: skip
"""Folders that hold settings, but are named for what they hold, not for whose they are."""


@dataclass(frozen=True, slots=True)
class Setting:
    """How a file bounds one call. Without a caller it holds for everybody who calls `callee` (a component or an operation)."""

    caller: str | None
    callee: str
    policy: Policy
    source: str
    line: int
    locator: str
    kind: str | None = None
    """What the callee is, where the file tells."""
    defaults: tuple[str, ...] = ()
    """Which figures are a library's default, as `key value`."""
    library: str = ""
    assumed: frozenset[str] = frozenset()
    """The keys of the policy of which the file says nothing at all, so that they give way to what another source states."""

    @property
    def subject(self) -> str:
        """How questions name the call."""
        return f"{self.caller} -> {self.callee}" if self.caller else self.callee


@dataclass(slots=True)
class Reading:
    """What one reader has found so far. Not frozen: settings, questions and problems gather while it reads."""

    settings: list[Setting] = field(default_factory=list)
    questions: list[Question] = field(default_factory=list)
    problems: list[Problem] = field(default_factory=list)
    traps: dict[str, tuple[str, str, list[str]]] = field(default_factory=dict)

    def figure(self, value: object, where: str, what: str, parse: Callable[[Any], T]) -> T | None:
        """A value as `parse` reads it; nothing is nothing, and what cannot be read is a problem at its place.

        >>> from auditkit.importers.figures import count
        >>> reading = Reading()
        >>> reading.figure("3", "a.yaml:1", "attempts", count), reading.figure("three", "a.yaml:2", "attempts", count)
        (3, None)
        >>> print(reading.problems[0])
        a.yaml:2  attempts: 'three' is no whole number  write for example 3
        """
        if value is None or text_of(value) == "":
            return None
        try:
            return parse(value)
        except ValueError as error:
            what_is_wrong, _, remedy = str(error).partition("; ")
            self.problems.append(Problem(where, f"{what}: {what_is_wrong}", remedy or "mend this value"))
            return None

    def ask(self, id: str, about: str, what: str, where: str) -> None:
        """A question, with the place that raises it."""
        self.questions.append(question(id, about, what, where))

    def trap(self, id: str, subject: str, what: str, where: str) -> None:
        """A doubt about what a library does on its own account; all calls that share it are one question, at the first of them.

        `{calls}` in `what` stands for their names.
        """
        self.traps.setdefault(id, (what, where, []))[2].append(subject)

    def add(self, setting: Setting) -> None:
        """One more setting; one that says nothing is left out, and a name that no component can have becomes a question."""
        if setting.policy == Policy():
            return
        names = [split_target(setting.callee)[0], *([setting.caller] if setting.caller else [])]
        strange = [name for name in names if not _ID.fullmatch(name)]
        if strange:
            what = f"{setting.locator} bounds calls of {strange[0]!r}, which no component can be called: which one is it?"
            self.ask(f"settings {strange[0]}", "", what, f"{setting.source}:{setting.line}")
        elif setting.caller != names[0]:
            self.settings.append(setting)

    def attempt_timeout(
        self, whole_s: float | None, each_s: float | None, retry: Retry | Nothing | None, subject: str, where: str
    ) -> float | None:
        """Timeout of one attempt, where a target bounds the whole call (`whole_s`), each attempt (`each_s`), or both.

        Where only the whole call is bounded, each attempt gets an equal part, so that the call takes as long as it does. Where
        both are, and the whole is too short for all attempts, that is asked: the model has no place for it.
        """
        if whole_s is None:
            return each_s
        if each_s is None:
            return attempt_timeout_s(whole_s, retry)
        policy = Policy(timeout_s=each_s, retry=retry)
        if attempts(policy) == 1:
            return min(whole_s, each_s)
        longest = call_worst_case_s(policy)
        if longest - backoffs_s(policy) > whole_s:
            what = (
                f"{subject}: the whole call ends after {format_duration(whole_s)}, but {attempts(policy)} attempts of "
                f"{format_duration(each_s)} take up to {format_duration(longest)}; the attempts count here: which is meant?"
            )
            self.ask(f"attempts {subject}", subject, what, where)
        return each_s

    def draft(self, name: str, cannot_say: tuple[str, ...]) -> Draft:
        """Everything found, as a Draft: components, dependencies (declared), and what holds for every caller."""
        items = self._united()
        for trap, (what, where, subjects) in self.traps.items():
            calls = tuple(dict.fromkeys(subjects))
            more = f" and {len(calls) - SHOWN} more" if len(calls) > SHOWN else ""
            said = what.replace("{calls}", ", ".join(calls[:SHOWN]) + more)
            self.ask(f"{trap} ({where.rpartition(':')[0]})", calls[0], said, where)
        return Draft(
            source=name,
            components=self._components(),
            dependencies=tuple(item for item in items if "from" in item.data),
            for_every_caller=tuple(item for item in items if "from" not in item.data),
            questions=tuple({asked.id: asked for asked in reversed(self.questions)}.values())[::-1],
            cannot_say=cannot_say,
            problems=tuple(dict.fromkeys(self.problems)),
        )

    def _united(self) -> tuple[Item, ...]:
        """One item for each call. Of figures that are set twice the first counts, and the others are asked about."""
        found: dict[tuple[str | None, str], list[Setting]] = {}
        for setting in self.settings:
            found.setdefault((setting.caller, setting.callee), []).append(setting)
        return tuple(self._item(said) for said in found.values())

    def _item(self, said: list[Setting]) -> Item:
        first = said[0]
        policy: dict[str, Any] = {}
        lines = {"": first.line}
        claims = [(key in each.assumed, each, key, value) for each in said for key, value in stated(each.policy).items()]
        for assumed, setting, key, value in sorted(claims, key=lambda claim: claim[0]):
            if policy.setdefault(key, value) != value and not assumed:
                what = f"{setting.subject}: {key} is set twice, at line {lines[f'policy.{key}']} and here: which one holds?"
                self.ask(f"{key} {setting.subject}", setting.subject, what, f"{setting.source}:{setting.line}")
            lines.setdefault(f"policy.{key}", setting.line)
        ends = {"from": first.caller, "to": first.callee} if first.caller else {"to": first.callee}
        evidence = [entry for setting in said for entry in (_evidence(setting), *_default(setting))]
        weak = {key for assumed, _, key, _ in claims if assumed} - {key for assumed, _, key, _ in claims if not assumed}
        data = {**ends, "policy": policy, "evidence": evidence}
        library = next((each.library for each in said if "retry" in stated(each.policy)), first.library)
        return Item(data, first.source, lines, assumed=frozenset(f"policy.{key}" for key in weak), library=library)

    def _components(self) -> tuple[Item, ...]:
        """Who is named, except whose callers nobody names: a setting for everybody shows no call."""
        found: dict[str, Item] = {}
        for setting in self.settings:
            for name in (setting.caller, split_target(setting.callee)[0]) if setting.caller else ():
                kind = {"kind": setting.kind} if setting.kind and name != setting.caller else {}
                data = {"id": name, **kind, "evidence": [_evidence(setting)]}
                if name and (name not in found or (kind and "kind" not in found[name].data)):
                    found[name] = Item(data, setting.source, {"": setting.line})
        return tuple(found.values())


def stated(policy: Policy) -> dict[str, Any]:
    """The keys of a policy as a file would state them."""
    said = policy.model_dump(mode="json", by_alias=True, exclude_none=True)
    return {key: value for key, value in said.items() if value != {}}


def _evidence(setting: Setting) -> dict[str, str]:
    return {"source": setting.source, "locator": setting.locator, "confidence": "declared"}


def _default(setting: Setting) -> tuple[dict[str, str], ...]:
    """The defaults that a setting needed, as evidence of their own."""
    if not setting.defaults:
        return ()
    return ({**_evidence(setting), "locator": f"default of {setting.library}: {', '.join(setting.defaults)}"},)


def folder_of(name: str) -> str | None:
    """Whose settings a file holds, by the folder that it lies in; None where no folder tells.

    >>> folder_of("services/orders/src/main/resources/application.yml"), folder_of("application.yml")
    ('orders', None)
    """
    folders = PurePosixPath(name.replace("\\", "/")).parts[:-1]
    return next((folder for folder in reversed(folders) if folder.lower() not in _NO_COMPONENT and _ID.fullmatch(folder)), None)


def owner_of(name: str, text: str, generic: frozenset[str]) -> str | None:
    """The same for formats that are also kept as one file for each caller: in a folder named for the format, as we write them.

    >>> owner_of("out/envoy/orders.yaml", "", frozenset({"envoy"})), owner_of("orders/envoy.yaml", "", frozenset({"envoy"}))
    ('orders', 'orders')
    >>> owner_of("orders.yaml", f"# {WRITTEN_BY_US} …", frozenset()), owner_of("orders.yaml", "", frozenset())
    ('orders', None)
    """
    path = PurePosixPath(name.replace("\\", "/"))
    stem = path.name.removesuffix(path.suffix)
    for_caller = path.parent.name.lower() in _TARGETS or WRITTEN_BY_US in text[:200]
    if for_caller and stem.lower() not in generic and _ID.fullmatch(stem):
        return stem
    return folder_of(name)


def retry_of(max_attempts: int, **figures: Any) -> Retry | Nothing:
    """Retry settings with so many attempts, the first one counted; a single attempt is no retry at all.

    >>> retry_of(1, backoff_s=0.1), retry_of(3, backoff_s=0.1).max_attempts
    ('none', 3)
    """
    return NONE if max_attempts == 1 else Retry(max_attempts=max_attempts, **figures)
