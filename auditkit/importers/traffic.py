"""Calls that were seen, by whatever means -> a Draft: one dependency for each pair, however rare, with its count."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from auditkit.credentials import without_credentials, without_settings
from auditkit.errors import InputError
from auditkit.importers.kinds import kind_by_name
from auditkit.importers.mentions import question
from auditkit.model.draft import Draft, Item
from auditkit.model.system import ComponentKind, Evidence, Question
from auditkit.spans import as_id

CANNOT_SAY: Final = (
    "traffic does not show calls that did not happen while it was recorded, such as those of a fallback",
    "traffic does not say what a caller does when a call fails, nor how many instances run",
)
MAX_CHARACTERS: Final = 60_000_000
"""Longest recording that is read for the map. Who calls whom shows in minutes of traffic; latencies need more, and take it."""
MAX_VALUES: Final = 3_000_000
"""How many values a recording may hold; real traces have one for every twenty characters or more."""
MAX_CALLS: Final = 100_000
"""How many different calls, or workloads, a recording may show."""
_SHOWN: Final = 3
_HOST: Final = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)*\.[a-z]{2,}", re.IGNORECASE)
_ADDRESS: Final = re.compile(r"[0-9.]{7,}|[0-9a-f:]*:[0-9a-f:]+", re.IGNORECASE)
_INSIDE: Final = (".local", ".svc", ".internal", ".cluster", ".consul", ".lan")


@dataclass(frozen=True, slots=True)
class Edge:
    """Calls of one workload to another, as they were seen.

    `count`, `errors` and `is_async` are None where the source does not tell them.
    """

    caller: str
    callee: str
    count: int | None
    errors: int | None = None
    is_async: bool | None = False
    operations: tuple[str, ...] = ()
    also: str = ""
    """What else the source says of them, in words."""


@dataclass(frozen=True, slots=True)
class Traffic:
    """All that was seen: calls, workloads (with or without calls), those that only answered, and where traffic came in."""

    edges: tuple[Edge, ...]
    workloads: tuple[str, ...]
    silent: frozenset[str] = frozenset()
    """Callees that told nothing themselves: a database, a provider, or a service without tracing."""
    entries: Mapping[str, int] = field(default_factory=dict)
    """Workloads where a request began, and how often."""
    kinds: Mapping[str, ComponentKind] = field(default_factory=dict)
    """Kinds that the source itself states."""
    notes: tuple[str, ...] = ()
    nowhere: tuple[tuple[str, str, int], ...] = ()
    """Workload, operation and number of the calls that name nobody."""


def not_too_long(text: str, name: str) -> str:
    """The text, a byte order mark passed over. Raises `InputError` where reading it would take minutes."""
    if len(text) > MAX_CHARACTERS:
        what = f"has {len(text) / 1e6:.0f} MB; traffic is read up to {MAX_CHARACTERS // 10**6} MB for the map"
        raise InputError.of(name, what, "export a shorter window (auditkit latency reads longer ones)")
    values = max(text.count("\n"), sum(text.count(sign) for sign in ",[{"))
    if values > MAX_VALUES:
        what = f"holds some {values:,} values; traffic is read up to {MAX_VALUES:,} for the map"
        raise InputError.of(name, what, "export a shorter window (auditkit latency reads longer ones)")
    return text.removeprefix("\ufeff")


def component_id(name: str) -> str:
    """A name from telemetry as an id.

    >>> component_id("Order Service"), component_id("jdbc:mysql://db/orders")
    ('Order-Service', 'jdbc-mysql-db-orders')
    >>> component_id("login?token=abc"), component_id("db_password:hunter2"), component_id("users, password: hunter2")
    ('login-token-REDACTED', 'db_password-REDACTED', 'users-password-REDACTED')
    """
    return as_id(without_settings(without_credentials(name), "=:"))


def draft(source: str, traffic: Traffic, cannot_say: Sequence[str] = ()) -> Draft:
    """The system that some traffic shows. Calls of a workload to itself are no dependencies.

    >>> seen = Traffic((Edge("web", "postgresql", 7, 1),), ("web", "postgresql"), frozenset({"postgresql"}))
    >>> found = draft("t.json", seen)
    >>> found.dependencies[0].data["evidence"][0]["locator"], found.components[1].data["kind"]
    ('7 calls, 1 of them failed', 'database')
    """
    edges = _united(traffic.edges)
    if max(len(edges), len(traffic.workloads)) > MAX_CALLS:
        what = (
            f"shows {len(edges):,} different calls of {len(traffic.workloads):,} workloads; the map takes {MAX_CALLS:,} of each"
        )
        raise InputError.of(source, what, "are names made up for each request? count them as one, or export a part of the system")
    silent = {component_id(name) for name in traffic.silent}
    queues = {edge.callee for edge in edges if edge.is_async and edge.callee in silent}
    counted = _counted(edges)
    kinds = {component_id(name): kind for name, kind in traffic.kinds.items()}
    named: dict[str, str] = {}
    for name in traffic.workloads:
        named.setdefault(component_id(name), name)
    components, questions = [], []
    for made, name in named.items():
        kind, why = _kind(made, name, made in silent, made in queues, kinds.get(made))
        components.append(_component(source, made, name, kind, why, counted))
        if made in silent and kind == "service":
            questions.append(_what_is(source, made))
        if lost := [(operation, n) for workload, operation, n in traffic.nowhere if component_id(workload) == made]:
            questions.append(_whom(source, made, lost))
    return Draft(
        source=source,
        components=tuple(components),
        dependencies=tuple(_dependency(source, edge) for edge in edges),
        journeys=tuple(_journeys(source, traffic.entries, {item.data["id"]: item.data["kind"] for item in components}, edges)),
        questions=tuple(questions),
        cannot_say=(*CANNOT_SAY, *cannot_say, *(f"{source}: {note}" for note in traffic.notes)),
    )


def _united(edges: Iterable[Edge]) -> tuple[Edge, ...]:
    """One edge for each pair of ids, ordered; it waits as soon as any of its calls does."""
    found: dict[tuple[str, str], list[Edge]] = {}
    for edge in edges:
        pair = component_id(edge.caller), component_id(edge.callee)
        if pair[0] != pair[1]:
            found.setdefault(pair, []).append(edge)
    return tuple(
        Edge(
            *pair,
            count=_sum(edge.count for edge in same),
            errors=_sum(edge.errors for edge in same),
            is_async=_waits_nowhere([edge.is_async for edge in same]),
            operations=tuple(dict.fromkeys(name for edge in same for name in edge.operations)),
            also="; ".join(dict.fromkeys(edge.also for edge in same if edge.also)),
        )
        for pair, same in sorted(found.items())
    )


def _sum(counts: Iterable[int | None]) -> int | None:
    known = [count for count in counts if count is not None]
    return sum(known) if known else None


def _waits_nowhere(said: Sequence[bool | None]) -> bool | None:
    """Whether all calls are asynchronous: False as soon as one waits, None where the source does not tell."""
    return False if False in said else None if None in said else True


def _kind(id: str, name: str, is_silent: bool, is_queue: bool, stated: ComponentKind | None) -> tuple[ComponentKind, str]:
    by_name = kind_by_name(id)
    if stated:
        return stated, ""
    if by_name and by_name != "service":
        return by_name, "by its name"
    if is_silent and is_queue:
        return "queue", "messages are sent to it, and it sends no spans of its own"
    host = name.partition(":")[0]
    if is_silent and _HOST.fullmatch(host) and not host.lower().endswith(_INSIDE) and not _ADDRESS.fullmatch(host):
        return "external", "a public host name that sends no spans of its own"
    return "service", ""


def _counted(edges: Sequence[Edge]) -> dict[str, list[int | None]]:
    """Of each component that calls or is called, the counts of its calls."""
    found: dict[str, list[int | None]] = {}
    for edge in edges:
        found.setdefault(edge.caller, []).append(edge.count)
        found.setdefault(edge.callee, []).append(edge.count)
    return found


def _component(
    source: str, id: str, name: str, kind: ComponentKind, why: str, counted: Mapping[str, Sequence[int | None]]
) -> Item:
    count = _sum(counted.get(id, ()))
    seen = "traffic" if count is None and id in counted else _number(count or 0, "call")
    locator = f"{name!r}, " if name != id else ""
    evidence: list[dict[str, Any]] = [{"source": source, "locator": f"{locator}{seen} from or to it", "confidence": "observed"}]
    if why:
        evidence.append({"source": source, "locator": f"kind {kind}: {why}", "confidence": "inferred"})
    return Item({"id": id, "kind": kind, "evidence": evidence}, source)


def _dependency(source: str, edge: Edge) -> Item:
    said = "seen" if edge.count is None else _number(edge.count, "call")
    if edge.errors is not None:
        said += f", {edge.errors} of them failed" if edge.errors else ", none failed"
    if edge.also:
        said += f", {edge.also}"
    if edge.operations:
        more = len(edge.operations) - _SHOWN
        said += f": {', '.join(edge.operations[:_SHOWN])}" + (f" and {more} more" if more > 0 else "")
    evidence: dict[str, Any] = {"source": source, "locator": said, "confidence": "observed"}
    if edge.count is not None:
        evidence["count"] = edge.count
    call = {} if edge.is_async is None else {"call": "async" if edge.is_async else "sync"}
    return Item({"from": edge.caller, "to": edge.callee, **call, "evidence": [evidence]}, source)


def _journeys(source: str, entries: Mapping[str, int], kinds: Mapping[str, str], edges: Sequence[Edge]) -> Iterable[Item]:
    """Where requests began; of a load generator or a client, whom it called."""
    counted: dict[str, int] = {}
    for name, count in entries.items():
        root = component_id(name)
        driver = kinds.get(root) in ("load-generator", "client")
        begun = {edge.callee: edge.count or 0 for edge in edges if edge.caller == root} if driver else {root: count}
        for entry, times in begun.items():
            if kinds.get(entry) in ("service", "gateway"):
                counted[entry] = counted.get(entry, 0) + times
    for entry, count in sorted(counted.items()):
        locator = f"{_number(count, 'request')} began here" if count else "requests began here"
        evidence: dict[str, Any] = {"source": source, "locator": locator, "confidence": "observed"}
        if count:
            evidence["count"] = count
        yield Item({"id": entry, "entry": entry, "proposed": True, "evidence": [evidence]}, source)


def _what_is(source: str, id: str) -> Question:
    what = f"{id} was called but sent no spans of its own: is it a service, a database, a queue or somebody else's system?"
    evidence = Evidence(source=source, locator=f"peer {id}", confidence="observed")
    return question(f"kind {id}", id, what, source, (evidence,))


def _whom(source: str, id: str, lost: Sequence[tuple[str, int]]) -> Question:
    names = ", ".join(repr(operation) for operation, _ in lost[:3] if operation) + (" and others" if len(lost) > 3 else "")
    count = sum(n for _, n in lost)
    calls = _number(count, "call")
    what = f"Whom does {id} call{f' by {names}' if names else ''}? {calls} in the traces name nobody, and nobody answered there"
    return question(
        f"called {id}", id, what, source, (Evidence(source=source, locator=calls, confidence="observed", count=count),)
    )


def _number(count: int, what: str) -> str:
    return f"{count} {what}" if count == 1 else f"{count} {what}s"
