"""From places where a component names an address to dependencies and questions; shared by all importers of deployments.

The one rule: an address of something that is deployed is a dependency with its evidence; anything else is a question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from auditkit.importers.addresses import Address, is_vocabulary
from auditkit.model.draft import Item
from auditkit.model.system import CONFIDENCES, Confidence, Evidence, Question


@dataclass(frozen=True, slots=True)
class Mention:
    """One place where `caller` names an address. `told` is how a person would say it (`in PAYMENT_ADDR`).

    `secret`: the value came from a secret, so that a host which is not deployed is asked for without being repeated.
    """

    caller: str
    address: Address
    source: str
    locator: str
    line: int | None
    confidence: Confidence
    told: str
    secret: bool = False
    to: tuple[str, ...] = ()
    """The callee, where it is known already and need not be found by the address."""

    @property
    def where(self) -> str:
        """`file:line`, or the file where the line is not known."""
        return self.source if self.line is None else f"{self.source}:{self.line}"

    @property
    def evidence(self) -> dict[str, str]:
        """The evidence in the keys of the native file."""
        return {"source": self.source, "locator": self.locator, "confidence": self.confidence}


@dataclass(frozen=True, slots=True)
class Resolved:
    """What an address means here: the components behind it, none where nothing of that name is deployed.

    `doubt` is a sentence that makes a question of it; with `only_doubt` the question comes instead of the dependency.
    `about` names the question where one is enough for all callers.
    """

    to: tuple[str, ...] = ()
    doubt: str = ""
    only_doubt: bool = False
    about: str = ""


Resolve = Callable[[Mention], Resolved]


@dataclass(slots=True)
class _Edge:
    evidence: list[dict[str, str]] = field(default_factory=list)
    source: str = ""
    line: int | None = None
    best: int = len(CONFIDENCES)


def settle(mentions: Iterable[Mention], resolve: Resolve) -> tuple[tuple[Item, ...], tuple[Question, ...]]:
    """Dependencies with all their evidence, one for each pair; and questions, one for each thing that is not deployed.

    A component that names itself gives nothing. A bare word whose variable does not say that it is an address is only
    asked about, and only where something of that name is deployed.
    """
    edges: dict[tuple[str, tuple[str, ...]], _Edge] = {}
    unknown: dict[str, list[Mention]] = {}
    questions: dict[str, Question] = {}
    for mention in mentions:
        resolved = Resolved(mention.to) if mention.to else resolve(mention)
        if mention.caller in resolved.to:
            continue
        doubtful = mention.address.form == "word" and mention.confidence not in ("inferred", "ordering")
        if resolved.to and not resolved.only_doubt and not doubtful:
            edge = edges.setdefault((mention.caller, resolved.to), _Edge())
            if mention.evidence not in edge.evidence:
                edge.evidence.append(mention.evidence)
            if CONFIDENCES.index(mention.confidence) < edge.best:
                edge.best, edge.source, edge.line = CONFIDENCES.index(mention.confidence), mention.source, mention.line
        if resolved.doubt and mention.address.form != "word":
            _ask(questions, mention, resolved.doubt, resolved.about or f"reaches {mention.caller} -> {mention.address.host}")
        elif resolved.to and doubtful:
            callee = "|".join(resolved.to)
            what = f"{mention.caller} holds the name {callee} {mention.told}, which does not say that it is an address"
            _ask(questions, mention, f"{what}: does it call it?", f"name {mention.caller} -> {callee}")
        elif (
            not resolved.to
            and mention.address.sure
            and mention.address.form != "word"
            and not is_vocabulary(mention.address.host)
        ):
            unknown.setdefault(mention.locator if mention.secret else str(mention.address.host), []).append(mention)
    answered = {f"name {caller} -> {'|'.join(to)}" for caller, to in edges}
    open_ = [asked for asked in questions.values() if asked.id not in answered]
    items = tuple(_item(caller, to, edge) for (caller, to), edge in edges.items())
    return items, (*open_, *(_not_deployed(host, found) for host, found in unknown.items()))


def question(id: str, about: str, what: str, place: str, evidence: Iterable[Evidence] = ()) -> Question:
    """A question about components (`api`, or `api -> db`: it is ranked by what hangs on them), with the place that raises it.

    >>> question("profile b", "b", "is b part of the system?", "compose.yaml:3").what
    'is b part of the system? (compose.yaml:3)'
    """
    return Question(id=id, where=about, what=f"{what} ({place})", evidence=tuple(evidence))


def _ask(questions: dict[str, Question], mention: Mention, what: str, id: str) -> None:
    if id not in questions:
        about = f"{mention.caller} -> {mention.address.host}"
        questions[id] = question(id, about, what, mention.where, (Evidence(**mention.evidence),))


def _item(caller: str, to: tuple[str, ...], edge: _Edge) -> Item:
    data: Mapping[str, Any] = {"from": caller, "to": to[0] if len(to) == 1 else list(to), "evidence": edge.evidence}
    return Item(data, edge.source, {} if edge.line is None else {"": edge.line})


def _not_deployed(host: str, found: list[Mention]) -> Question:
    first = found[0]
    callers = tuple(dict.fromkeys(mention.caller for mention in found))
    names = ", ".join(callers[:5]) + (f" and {len(callers) - 5} more" if len(callers) > 5 else "")
    verb = "names" if len(callers) == 1 else "name"
    what = "an address" if first.secret else str(first.address)
    name = f"{first.caller} {first.told}" if first.secret else host
    said = f"{names} {verb} {what} ({first.told}), and nothing of that name is deployed here: what is it, and is it called?"
    evidence = (Evidence(**evidence) for evidence in _distinct(mention.evidence for mention in found))
    # ranked by what hangs on the caller
    return question(
        f"not deployed {name}", first.caller if first.secret else f"{first.caller} -> {host}", said, first.where, evidence
    )


def _distinct(evidence: Iterable[dict[str, str]]) -> list[dict[str, str]]:
    kept: list[dict[str, str]] = []
    for item in evidence:
        if item not in kept:
            kept.append(item)
    return kept
